"""Which providers there are: ours come through the same door as anybody's; wrong names are met with near ones."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from notebookgen.errors import UnknownProvider
from notebookgen.providers import Provider, provider_class, provider_names
from notebookgen.providers.registry import GROUP

NAMES = ("apimodels", "apixo", "armox")


def test_ours_come_through_the_door() -> None:
    """The built-in ones are entry points of our own package, nothing else: no list of names in the code."""
    ours = {one.name for one in entry_points(group=GROUP) if one.dist is not None and one.dist.name == "notebookgen"}

    assert set(NAMES) == ours
    assert NAMES == provider_names()


@pytest.mark.parametrize("name", NAMES)
def test_each_name_gives_its_adapter(name: str) -> None:
    """The name in the door is the name the adapter gives itself; asking twice gives the same class."""
    cls = provider_class(name)

    assert issubclass(cls, Provider)
    assert (name, cls) == (cls.name, provider_class(name))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("armx", "Did you mean 'armox'"), ("Armox", "Did you mean 'armox'"), ("apixoo", "'apixo'"), ("zzz", "Installed are"), ("", "Installed are")],
)  # fmt: skip
def test_a_wrong_name(word: str, hint: str) -> None:
    """The near miss is named, and all that are installed."""
    with pytest.raises(UnknownProvider, match=hint) as caught:
        provider_class(word)

    assert str(caught.value).endswith("Installed are: apimodels, apixo, armox.")


def test_variables_and_titles_are_nobody_elses() -> None:
    """No two providers read one variable: a key can never reach the wrong one."""
    for attribute in ("key_variable", "base_variable", "title", "default_base_url", "keys_page"):
        assert len(NAMES) == len({getattr(provider_class(name), attribute) for name in NAMES})
