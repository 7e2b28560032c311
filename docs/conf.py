"""How the documentation is built: ``make docs``. The tutorials are the notebooks, run against the sandbox here."""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(HERE))

_about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = "notebookgen"
author = copyright = "The notebookgen developers"
version = release = _about["version"]

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.intersphinx", "tables"]
intersphinx_mapping: dict[str, tuple[str, None]] = {}  # the build reaches no network
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "notebookgen"
html_copy_source = False
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]  # a MIME type of a notebook that has no place on a page

napoleon_custom_sections = [("Class attributes", "params_style")]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

# A tutorial sees a machine without a key and with an empty ledger, whoever builds it.
for _name in [name for name in os.environ if name.startswith(("ARMOX_", "APIMODELS_", "APIXO_", "NOTEBOOKGEN_"))]:
    del os.environ[_name]
_home = tempfile.mkdtemp(prefix="notebookgen-docs-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

(HERE / "tutorial").mkdir(exist_ok=True)
for _name in ("quickstart.ipynb", "bulk.ipynb"):
    shutil.copyfile(ROOT / "notebooks" / _name, HERE / "tutorial" / _name)


def setup(app: Sphinx) -> None:
    """Give each page a ledger of its own: what one tutorial has bought does not stand in the sums of another."""

    def own(_app: Sphinx, page: str, _source: list[str]) -> None:
        os.environ["NOTEBOOKGEN_HOME"] = str(Path(_home) / page)

    app.connect("source-read", own)
