"""``notebookgen demo | models | ledger | media | sandbox | doctor``: what makes sense outside a notebook, thin over the client."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
import webbrowser
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from notebookgen.errors import InvalidCall, MissingExtra, NotebookgenError, NotWritable, UnknownProvider, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]

DEMO_SECONDS = 180
DEMOS = ("quickstart", "bulk")
# What messages tell people to type in Python, and the same for a shell; the first that fits counts.
SHELL: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(told), typed)
    for told, typed in (
        (r"[Ss]et (\w+_API_KEY) before Python starts", r"type: export \1=..."),
        (r"Set (\w+_API_KEY)(?=,)", r"Type: export \1=..."),
        (r",? or (pip install '[^']*' and )?in a notebook: %load_ext notebookgen, then %generate login \w+", ""),
        (r"(?: with|:) ng\.configure\(home='?([^')]*)'?\) or NOTEBOOKGEN_HOME", r": export NOTEBOOKGEN_HOME='\1'"),
        (r" with ng\.configure\(base_urls=[^)]*\) or a variable such as (\w+)", r": export \1=..."),
        (r"ng\.sandbox\(credits=(\d+)\)", r"notebookgen sandbox --credits \1"),
        (r"ng\.configure\(home='?([^')]*)'?\)", r"export NOTEBOOKGEN_HOME='\1'"),
        (r"ng\.configure\(sandbox=True\)", "export NOTEBOOKGEN_SANDBOX=1"),
        (r"ng\.media\(\)\.prune\(dry_run=True\)", "notebookgen media prune --dry-run"),
        (r"ng\.media\(\)\.prune\(sandbox=True, dry_run=True\)", "notebookgen media prune --sandbox --dry-run"),
        (r"takes yes=True", "takes --yes"),
        (r"ng\.media\(\)\.prune\(([^()]*)yes=True\)", r"notebookgen media prune \1--yes"),
        (r"\b(unreferenced|sandbox)=True, (?=.*--yes)", r"--\1 "),
        (r"older_than='([^']*)', (?=.*--yes)", r"--older-than \1 "),
        (r"ng\.models\('(\w+)'\)", r"notebookgen models --provider \1"),
        (r"ng\.models\(\)", "notebookgen models"),
        (r"ng\.runs\(\)", "notebookgen ledger --by run"),
        (r"\bseconds=\(([^(),]+), ([^(),]+)\)", r"--seconds \1 \2"),
        (r"\b(port|seconds|fail|credits)=", r"--\1 "),
        (r" \(this machine has no keyring[^)]*\)", ""),
        (r"\b(ng\.(?:resume|resolve)\([^()]*\))", r'python -c "import notebookgen as ng; \1"'),
    )
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0 is good, 1 an error, 2 a command that makes no sense, 130 Stop. Errors are told in one to four lines.
    """
    options = parser().parse_args(argv)
    try:
        return int(options.run(options) or 0)
    except NotebookgenError as error:
        say(in_shell("\n".join(shown(error))), error=True)
        return 2 if isinstance(error, InvalidCall | UnknownProvider) else 1
    except KeyboardInterrupt:
        say("stopped", error=True)
        return 130
    except BrokenPipeError:  # `notebookgen models | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class Parser(argparse.ArgumentParser):
    """A parser whose errors are two lines: what makes no sense, and where to read what does."""

    def error(self, message: str) -> NoReturn:
        """End with exit code 2."""
        line = f"{self.prog}: {message}\nTo see what can be typed: {self.prog} --help\n"
        self.exit(2, line)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands; the documentation prints its help."""
    top = Parser(prog="notebookgen", description="Generate from a notebook, and account for every credit.")
    top.add_argument("--version", action="version", version=f"notebookgen {package_version()}")
    commands = top.add_subparsers(title="commands", required=True, dest="command", metavar="COMMAND")

    demo = commands.add_parser("demo", help="run a notebook on the sandbox and show the page; no key needed")
    demo.add_argument(
        "notebook",
        nargs="?",
        default=DEMOS[0],
        choices=DEMOS,
        metavar="NOTEBOOK",
        help="quickstart (the default), or bulk: a study over the rows of a frame",
    )
    demo.add_argument(
        "--to", type=Path, default=None, metavar="FOLDER", help="where the page goes (default: a new folder)"
    )
    demo.add_argument("--no-browser", action="store_true", help="do not open the page")
    demo.set_defaults(run=run_demo)

    models = commands.add_parser("models", help="list models, with prices")
    models.add_argument("word", nargs="?", default="", help="show only models with this in their name")
    models.add_argument("--provider", default=None, help="show only this provider's")
    models.set_defaults(run=run_models)

    ledger = commands.add_parser("ledger", help="show what was spent")
    ledger.add_argument(
        "--by", default="model", help="model, provider, run, tag, day, month, status, account or notebook"
    )
    ledger.add_argument("--sandbox", action="store_true", help="count what the sandbox made, too")
    ledger.add_argument(
        "--export", type=Path, default=None, metavar="FILE", help="write all rows to a .csv or .parquet file"
    )
    ledger.set_defaults(run=run_ledger)

    sandbox = commands.add_parser("sandbox", help="run the three services on this machine until stopped")
    sandbox.add_argument("--port", type=number, default=0, help="where to listen on 127.0.0.1 (default: any free port)")
    sandbox.add_argument("--seconds", type=number, nargs=2, metavar=("FROM", "TO"), help="how long a job takes")
    sandbox.add_argument("--fail", type=number, help="the share of jobs that fail, 0 to 1")
    sandbox.add_argument("--credits", type=number, help="what each Armox account has")
    sandbox.add_argument(
        "--parent",
        action="store_true",
        help="for programs: read the behaviour as one line of JSON from standard input, and end when that closes",
    )
    sandbox.set_defaults(run=run_sandbox)

    add_media(commands)

    doctor = commands.add_parser(
        "doctor", help="say what is set up and what is in the way; of a notebook, what its readers will see"
    )
    doctor.add_argument(
        "notebooks",
        nargs="*",
        metavar="NOTEBOOK",
        help="look at these files instead: what readers will see, bytes, links, secrets; exit code 1 with something to mend",
    )
    doctor.set_defaults(run=run_doctor)
    return top


def add_media(commands: Any) -> None:
    """Add the commands about the files that are kept."""
    media = commands.add_parser("media", help="show which files are kept, and make room")
    media.set_defaults(run=run_media)
    actions = media.add_subparsers(title="actions", dest="action", metavar="ACTION")
    prune = actions.add_parser("prune", help="remove files that nothing needs, or others that are named")
    prune.add_argument(
        "--older-than", default=None, metavar="AGE", help="only what was last asked for so long ago: 90d, 12h, 2w, 1y"
    )
    prune.add_argument(
        "--unreferenced", action="store_true", help="what the ledger does not need (where nothing else is said)"
    )
    prune.add_argument("--sandbox", action="store_true", help="what only the sandbox's generations need")
    prune.add_argument("--dry-run", action="store_true", help="remove nothing; tell what would go")
    prune.add_argument("--yes", action="store_true", help="remove also what generations of the ledger need")
    prune.set_defaults(run=run_prune)


def number(text: str) -> float | str:
    """Read a number; what is none stays as it is, and who takes it says what is allowed."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def package_version() -> str:
    """Return the installed version."""
    from importlib.metadata import version  # noqa: PLC0415 - rarely asked for

    return version("notebookgen")


def say(text: str, *, error: bool = False) -> None:
    """Print, to standard error where it is one; what the terminal cannot show, as in the name of a file, is a question mark."""
    stream = sys.stderr if error else sys.stdout
    try:
        print(text, file=stream, flush=True)
    except UnicodeEncodeError:
        coding = stream.encoding or "utf-8"
        print(text.encode(coding, "replace").decode(coding), file=stream, flush=True)


def run_demo(options: argparse.Namespace) -> None:
    """Execute a notebook against the sandbox and write it as one page."""
    try:
        import nbformat  # noqa: PLC0415 - an extra
        from nbclient import NotebookClient  # noqa: PLC0415 - an extra
        from nbclient.exceptions import CellExecutionError  # noqa: PLC0415 - an extra
        from nbconvert import HTMLExporter  # noqa: PLC0415 - an extra
    except ImportError as error:
        message = f"the demo runs a notebook, and {error.name} is not installed. Type: pip install 'notebookgen[all]'"
        raise MissingExtra(message) from error
    folder = (options.to or Path(tempfile.mkdtemp(prefix="notebookgen-demo-"))).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}. Give another one: notebookgen demo --to FOLDER"
        raise NotWritable(message) from error
    name = str(options.notebook)
    notebook = nbformat.read(shipped(name), as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    say(f"running the notebook {name} on the sandbox (no key, nothing charged) ...")
    began = time.monotonic()
    # A home of its own: the demo starts from nothing each time, and stays out of the user's ledger.
    environment = {**os.environ, "NOTEBOOKGEN_SANDBOX": "1"}
    with tempfile.TemporaryDirectory(prefix="notebookgen-home-", ignore_cleanup_errors=True) as home:
        environment["NOTEBOOKGEN_HOME"] = home
        client = NotebookClient(
            notebook,
            timeout=DEMO_SECONDS,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": str(folder)}},
            on_cell_executed=first_picture(began),
        )
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            nbformat.write(notebook, folder / f"{name}.ipynb")  # type: ignore[no-untyped-call]  # likewise
            message = f"a cell of {name} failed: {error.ename}: {error.evalue}\nSee {folder / f'{name}.ipynb'}"
            raise NotebookgenError(message) from error
    nbformat.write(notebook, folder / f"{name}.ipynb")  # type: ignore[no-untyped-call]  # likewise
    page, _ = HTMLExporter(template_name="lab", require_js_url="", mathjax_url="").from_notebook_node(notebook)  # type: ignore[no-untyped-call]  # likewise
    target = folder / f"{name}.html"
    target.write_text(page, encoding="utf-8")
    say(f"done in {time.monotonic() - began:.0f} s: {target}")
    if not options.no_browser and has_screen():
        webbrowser.open(target.as_uri())


def first_picture(began: float) -> Callable[..., None]:
    """Return what says once, when a cell was run, that there is a picture below it."""
    shown: list[float] = []

    def told(cell: Any, **_rest: Any) -> None:
        data = [output.get("data", {}) for output in cell.outputs]
        several = any("data:image/" in str(one.get("text/html")) for one in data)
        if not shown and (several or any(kind.startswith("image/") for one in data for kind in one)):
            shown.append(time.monotonic() - began)
            say(f"the first picture after {shown[0]:.1f} s")

    return told


def has_screen() -> bool:
    """Whether there is a place to open a browser in; a server or a container has none."""
    return sys.platform in {"win32", "darwin"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def shipped(name: str) -> Path:
    """Return a notebook that comes along: the installed copy, else the source tree's."""
    here = Path(__file__).parent
    places = [folder / "notebooks" / f"{name}.ipynb" for folder in (here, here.parents[1])]
    for place in places:
        if place.exists():
            return place
    message = f"the notebook {name} is missing (looked for {places[0]}). Install notebookgen again."
    raise NotebookgenError(message)


def run_models(options: argparse.Namespace) -> int:
    """Print the models, one a line; 1 where none has that word in its name."""
    from notebookgen.client import Client  # noqa: PLC0415 - a command loads what it needs
    from notebookgen.jobs.listing import near_word, with_word  # noqa: PLC0415 - likewise
    from notebookgen.ledger.views import models_view  # noqa: PLC0415 - likewise

    missed: list[str] = []
    models = Client(options.provider).models_live(tell=missed.append)
    found = with_word(models, options.word)
    if missed:
        say(in_shell("\n".join(missed)), error=True)
    if found:
        say(models_view(found).text(line_width(), head=False))
        return 0
    hint = near_word(options.word, models)
    say(f"no model has '{options.word}' in its name.{hint} All: notebookgen models", error=True)
    return 1


def run_ledger(options: argparse.Namespace) -> None:
    """Print what was spent, or write all rows to a file."""
    from notebookgen.client import Client  # noqa: PLC0415 - a command loads what it needs
    from notebookgen.ledger.views import costs_view  # noqa: PLC0415 - likewise

    ledger = Client().ledger()
    if options.export is not None:
        say(f"written: {ledger.export(options.export)}")
        return
    command = "notebookgen ledger" + (f" --by {options.by}" if options.by != "model" else "")
    say(costs_view(ledger, options.by, sandbox=options.sandbox, command=command).text(line_width()))


def run_media(options: argparse.Namespace) -> None:
    """Print which files are kept."""
    del options
    from notebookgen.client import Client  # noqa: PLC0415 - a command loads what it needs

    say(in_shell(Client().media().view().text(line_width())))


def run_prune(options: argparse.Namespace) -> None:
    """Remove files, and print what went."""
    from notebookgen.client import Client  # noqa: PLC0415 - a command loads what it needs

    said = {"unreferenced": options.unreferenced, "sandbox": options.sandbox, "dry_run": options.dry_run}
    say(in_shell(repr(Client().media().prune(older_than=options.older_than, yes=options.yes, **said))))


def line_width() -> int | None:
    """Return the width of the terminal; None where the lines go to a file or to another program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def run_sandbox(options: argparse.Namespace) -> None:
    """Serve until stopped; the first line is JSON with the addresses."""
    from notebookgen.sandbox import serve  # noqa: PLC0415 - loads tornado

    behaviour: dict[str, Any] = {
        name: value
        for name, value in {
            "seconds": tuple(options.seconds) if options.seconds else None,
            "fail": options.fail,
            "credits": options.credits,
        }.items()
        if value is not None
    }
    serve(options.port, parent=options.parent, **behaviour)


def run_doctor(options: argparse.Namespace) -> int:
    """Print what is configured, reachable and writable; of notebooks, what their readers will see."""
    if options.notebooks:
        return look_at([name for given in options.notebooks for name in meant(given)])
    from notebookgen.client import Client  # noqa: PLC0415 - a command loads what it needs

    say(in_shell(Client().doctor()))
    return 0


def look_at(names: Sequence[str]) -> int:
    """Print what readers will see of notebooks; one that cannot be read is told, and does not hide the others.

    Returns:
        0 where there is nothing to mend, 1 where there is; 2 where a file cannot be read, whatever the others hold.
    """
    from notebookgen.checkup import check  # noqa: PLC0415 - a command loads what it needs

    code, told = 0, False
    for name in names:
        try:
            found = check(name)
        except InvalidCall as error:
            say(in_shell("\n".join(shown(error))), error=True)
            code = 2
            continue
        say(("\n" if told else "") + found.text(for_shell=True))
        code, told = max(code, int(bool(found.problems))), True
    return code


def meant(given: str) -> list[str]:
    """Return the files that a name with stars stands for; not every shell has replaced it."""
    if Path(given).exists():
        return [given]
    return sorted(glob(given)) or [given]  # noqa: PTH207 - takes a whole path, which a folder's own glob does not


def in_shell(text: str) -> str:
    """Return a message, which speaks of functions, as it is typed in a shell."""
    for told, typed in SHELL:
        text = told.sub(typed, text)
    return text
