"""``%generate NAME ...``: each command is one function, thin over the client's."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from notebookgen.errors import UnknownModel
from notebookgen.jobs.listing import near_word, with_word
from notebookgen.notebook import sources
from notebookgen.notebook.flags import help_text
from notebookgen.notebook.progress import ending, ensure_follower, resumed_line
from notebookgen.notebook.retrying import remember_run, retried
from notebookgen.notebook.spoken import in_flags
from notebookgen.providers import provider_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from notebookgen.client import Client
    from notebookgen.ledger.views import View
    from notebookgen.notebook.arguments import Command
    from notebookgen.records import Model, Setting
    from notebookgen.results import Result, Results

__all__ = ["Page", "describe", "run"]

WIDTH = 100
TELLING = ("ratio", "size", "resolution", "duration", "style", "quality")  # settings whose effect is seen at once
IMAGES = frozenset({"url", "image", "array<url>"})


@dataclass(frozen=True, slots=True)
class Page:
    """A text to be read: shown as it stands, without quotes."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def run(command: Command, client: Callable[[], Client]) -> object:
    """Do what a command says and return what it shows.

    Args:
        command: What was written.
        client: Gives the client; called only by the commands that need it.
    """
    return COMMANDS[command.name](command, client)


def _help(command: Command, client: Callable[[], Client]) -> Page:
    """Show what the magic can do, or what a model can be told."""
    if not command.words:
        return Page(help_text().rstrip())
    return Page(describe(client().model(command.words[0])))


def _models(command: Command, client: Callable[[], Client]) -> View:
    """Return the models whose name holds a word, or all of a provider."""
    from notebookgen.ledger.views import models_view  # noqa: PLC0415 - Polars loads when a table is asked for

    word = command.words[0] if command.words else ""
    one = word if word in provider_names() else None
    missed: list[str] = []
    models = client().models_live(one, tell=missed.append)
    sources.remember(client().find_models())
    found = models if one else with_word(models, word)
    if not found:
        message = f"no model has '{word}' in its name.{near_word(word, models)} To see them all: %generate models"
        raise UnknownModel("\n".join([message, *map(in_flags, missed)]))
    return models_view(found, "\n".join([*map(in_flags, missed), "What one can be told: %generate help MODEL"]))


def _cost(command: Command, client: Callable[[], Client]) -> View:
    """Return what was spent, by a column and unit."""
    from notebookgen.ledger.views import costs_view  # noqa: PLC0415 - Polars loads when a table is asked for

    options: Mapping[str, Any] = command.options
    line = f"%generate cost --by {options['by']}" if "by" in options else "%generate cost"
    by, sandbox = options.get("by", "model"), bool(options.get("sandbox"))
    return costs_view(client().ledger(), by, sandbox=sandbox, command=line)


def _runs(_command: Command, client: Callable[[], Client]) -> View:
    """Return the runs, newest first."""
    from notebookgen.ledger.views import runs_view  # noqa: PLC0415 - Polars loads when a table is asked for

    return runs_view(client().runs())


def _resume(command: Command, client: Callable[[], Client]) -> Results | Page:
    """Wait for what was left open, and fetch it; one line says what was found and what was saved."""
    ensure_follower()
    with ending(resumed_line):
        results = client().resume(command.words[0] if command.words else None)
    results.handle.retell = in_flags
    remember_run(results)
    if len(results):
        return results
    if results.handle.keyless:
        told = results.handle.summary()
        return Page(f"{told[:1].upper()}{told[1:]}. Mend that, and type again: %generate resume")
    if results.handle.elsewhere:
        return Page(f"Nothing is left open here: {results.handle.elsewhere}. It goes on there.")
    return Page("Nothing was left open: there is nothing to resume.")


def _retry(command: Command, client: Callable[[], Client]) -> Results | Page:
    """Buy another try for what failed."""
    options: Mapping[str, Any] = command.options
    word = command.words[0] if command.words else None
    ensure_follower()
    results, tried = retried(client, word, options.get("budget"), options.get("max_new"))
    if tried:
        remember_run(results)
        return results
    told = f"in run {results.run}" if results.run else "in any run"
    return Page(
        f"Nothing failed {told} that another try could mend. Nothing was sent.\n"
        "What failed for good needs another prompt or other settings, and what was not sent its cell run again."
    )


def _resolve(command: Command, client: Callable[[], Client]) -> Result:
    """Settle what is ambiguous."""
    options: Mapping[str, Any] = command.options
    job, more = options.get("job"), {name: options.get(name) for name in ("budget", "max_new")}
    return client().resolve(command.words[0], command.words[1], job=None if job is None else str(job), **more)


def _media(_command: Command, client: Callable[[], Client]) -> View:
    """Return which files are kept."""
    return client().media().view()


def _cancel(command: Command, client: Callable[[], Client]) -> Page:
    """Cancel at the provider."""
    return Page(in_flags(client().cancel(command.words[0] if command.words else None)))


def _login(command: Command, _client: Callable[[], Client]) -> Page:
    """Read a key and keep it."""
    from notebookgen.notebook.login import login  # noqa: PLC0415 - used once in a machine's life

    return Page(login(command.words[0]))


def _doctor(command: Command, client: Callable[[], Client]) -> Page:
    """Report what is set up; of a notebook, what its readers will see."""
    if command.words:
        from notebookgen.checkup import check  # noqa: PLC0415 - rarely asked for

        return Page(check(command.words[0]).text())
    return Page(in_flags(client().doctor()))


COMMANDS: Mapping[str, Callable[[Command, Callable[[], Client]], object]] = {
    "models": _models,
    "help": _help,
    "cost": _cost,
    "runs": _runs,
    "resume": _resume,
    "retry": _retry,
    "resolve": _resolve,
    "media": _media,
    "cancel": _cancel,
    "login": _login,
    "doctor": _doctor,
}


def describe(model: Model) -> str:
    """Return what is known of a model, as a page: price, settings with type, default and range, and how to call it."""
    facts = [str(model), model.kind or "kind unknown", f"cost {model.cost}"]
    lines = [" · ".join(facts)]
    if model.cost.note:
        lines += textwrap.wrap(f"price: {model.cost.note}", WIDTH)
    if model.description:
        lines += textwrap.wrap(model.description, WIDTH)
    told = [one for one in model.settings if one.key != "prompt"]
    lines.append("")
    if told:
        lines += _table(("setting", "type", "default", "allowed"), [_row(one) for one in told])
    else:
        lines.append("Its settings are not listed; what is given with -s KEY=VALUE is passed on as it is.")
    example = next((one for key in TELLING for one in told if one.options and key in one.key), None)
    example = example or next((one for one in told if one.options), None)
    image = next((one for one in told if one.type in IMAGES), None)
    call = f"%%generate -m {model}"
    call += f" -s {example.key}={_telling(example)}" if example else ""
    call += f" -i {image.key}=IMAGE" if image else ""
    source = [f"known from {model.source}"] if model.source and model.source != "live" else []
    return "\n".join([*lines, "", call, *source])


def _telling(setting: Setting) -> str:
    """Return a value for the example as it is typed: one that shows, else the default, else the first."""
    usual = setting.default if setting.default in setting.options else setting.options[0]
    text = _spelled("16:9" if "16:9" in setting.options else usual)
    return f"'{text}'" if any(char.isspace() for char in text) else text


def _row(setting: Setting) -> tuple[str, str, str, str]:
    """Return a setting as the cells of the table."""
    low, high = setting.minimum, setting.maximum
    what = {"string": " characters"}.get(setting.type, " items" if setting.type.startswith("array") else "")
    if setting.options:
        allowed = ", ".join(_spelled(one) for one in setting.options)
    elif low is not None and high is not None:
        allowed = f"{low:.12g} to {high:.12g}{what}"
    elif high is not None:
        allowed = f"at most {high:.12g}{what}"
    else:
        allowed = f"at least {low:.12g}{what}" if low is not None else ""
    if setting.required:
        allowed = f"required; {allowed}" if allowed else "required"
    default = "" if setting.default is None else _spelled(setting.default)
    kind = {"string": "text", "unknown": ""}.get(setting.type, setting.type)
    return setting.key, kind, default, allowed


def _spelled(value: object) -> str:
    """Return a value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return columns of text; the last one is wrapped."""
    cells = [head, *rows]
    widths = [min(max(len(row[place]) for row in cells), 28) for place in range(len(head) - 1)]
    lines: list[str] = []
    for row in cells:
        left = "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False))
        wrapped = textwrap.wrap(row[-1], max(WIDTH - len(left) - 2, 30)) or [""]
        lines.append(f"{left}  {wrapped[0]}".rstrip())
        lines += [f"{'':{sum(widths) + 2 * len(widths)}}{more}" for more in wrapped[1:]]
    return lines
