"""The flags and commands of the magic, as two tables; the help text and the completion are made from them. Pure."""

from __future__ import annotations

import keyword
import math
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from notebookgen.errors import InvalidCall, near_miss
from notebookgen.normal import shown_value

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["COLUMNS", "COMMANDS", "FLAGS", "KINDS", "Flag", "Subcommand", "help_text", "known_words"]

KINDS = ("image", "video", "audio", "3d", "text")
COLUMNS = ("model", "provider", "day", "month", "run", "tag", "status", "account", "notebook")
WIDTH = 26


@dataclass(frozen=True, slots=True)
class Flag:
    """One flag.

    Attributes:
        name: The field of ``Call`` it fills; the long spelling is made from ``long``.
        long: ``--model``.
        short: ``-m``; empty where there is none.
        takes: What the help calls its value; empty for a switch.
        help: One line for the help.
        read: Turns the text into the value, or raises ``InvalidCall``.
        many: Whether it may stand several times.
    """

    name: str
    long: str
    short: str = ""
    takes: str = ""
    help: str = ""
    read: Callable[[str], object] = str
    many: bool = False

    @property
    def shown(self) -> str:
        """As the help shows it: ``-m, --model MODEL``."""
        return f"{self.short + ', ' if self.short else '    '}{self.long}{' ' + self.takes if self.takes else ''}"

    @property
    def usual(self) -> str:
        """The spelling people use: the short one where there is one."""
        return self.short or self.long


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One ``%generate NAME``.

    Attributes:
        name: The word.
        help: One line for the help.
        takes: Its words in order; a name in brackets may be left out.
        flags: Its own flags.
    """

    name: str
    help: str
    takes: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()

    @property
    def shown(self) -> str:
        """As the help shows it: ``resolve ID ACTION [--job JOB]``."""
        return " ".join((self.name, *self.takes, *(f"[{flag.shown.strip()}]" for flag in self.flags)))


def _filled(flag: str, takes: str) -> Callable[[str], str]:
    """Return a reader of text that refuses an empty one: nothing is picked in its place, and charged."""

    def read(text: str) -> str:
        if not text.strip():
            message = f"{flag} needs a value: {flag} {takes}"
            raise InvalidCall(message)
        return text

    return read


def _whole(flag: str) -> Callable[[str], int]:
    """Return a reader of whole numbers from 1 on."""

    def read(text: str) -> int:
        if not re.fullmatch(r"\+?\d{1,4000}", text) or int(text) < 1:  # more digits are not read by Python itself
            message = f"{flag} takes a whole number of at least 1, not {shown_value(text)}."
            raise InvalidCall(message)
        return int(text)

    return read


def _seconds(text: str) -> float:
    """Read ``--timeout``."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not (0 < seconds < math.inf):
        message = f"--timeout takes seconds above 0, such as 60, not {shown_value(text)}."
        raise InvalidCall(message)
    return seconds


def _budget(text: str) -> float | Decimal | str | dict[str, Decimal]:
    """Read ``--budget``: ``none`` is no cap, a bare number is in the run's one unit, ``5 USD`` says its own.

    ``'500 credits, 5 USD'`` is a cap for each unit.
    """
    if text.strip().lower() == "none":
        return math.inf
    if "," in text:
        read = [str(_budget(part)).partition(" ") for part in text.split(",")]
        if all(unit for _, _, unit in read) and len({unit for _, _, unit in read}) == len(read):
            return {unit: Decimal(amount) for amount, _, unit in read}
        message = f"--budget for several units names each of them once, such as '500 credits, 5 USD', not {shown_value(text)}."
        raise InvalidCall(message)
    match = re.fullmatch(r"([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*([A-Za-z]\w*)?", text.strip())
    try:
        amount = Decimal(match[1]) if match else Decimal(0)
    except InvalidOperation:
        amount = Decimal(0)
    if match is None or not amount.is_finite() or amount <= 0:
        message = f"--budget takes an amount above 0, such as 70, '5 USD' or none for no cap, not {shown_value(text)}."
        raise InvalidCall(message)
    return f"{amount} {match[2]}" if match[2] else amount


def _identifier(text: str) -> str:
    """Read ``-o``."""
    if not text.isidentifier() or keyword.iskeyword(text):
        why = "is a word of Python's own" if keyword.iskeyword(text) else "cannot be a variable's name"
        message = f"-o takes the name of a variable, and '{text}' {why}. Nothing was sent."
        raise InvalidCall(message)
    return text


def _kind(text: str) -> str:
    """Read ``--kind``."""
    if text.lower() not in KINDS:
        message = f"--kind takes one of {', '.join(KINDS)}, not '{text}'.{near_miss(text, KINDS)}"
        raise InvalidCall(message)
    return text.lower()


def _folder(text: str) -> str:
    """Read ``--save``."""
    if not text.strip():
        message = "--save takes a folder, such as --save pictures."
        raise InvalidCall(message)
    return text


FLAGS: tuple[Flag, ...] = (
    Flag(
        "model",
        "--model",
        "-m",
        "MODEL",
        "who makes it, as provider:model; {variable} works too",
        _filled("-m", "MODEL"),
    ),
    Flag(
        "settings",
        "--set",
        "-s",
        "KEY=VALUE",
        "a setting of the model; quotes make it a text, {variable} takes its value",
        many=True,
    ),
    Flag("images", "--image", "-i", "[FIELD=]IMAGE", "an image to send along: a path, a URL or {variable}", many=True),
    Flag("samples", "--samples", "-n", "SAMPLES", "how many to make of it, each one paid for", read=_whole("-n")),
    Flag(
        "over",
        "--over",
        "",
        "FRAME",
        "make one for each row of this frame; {name} is a column first",
        _filled("--over", "FRAME"),
    ),
    Flag("out", "--out", "-o", "VAR", "keep the result in this variable too", read=_identifier),
    Flag("budget", "--budget", "", "AMOUNT", "send nothing that may cost more: 70, '5 USD', or none", read=_budget),
    Flag("max_new", "--max-new", "", "N", "buy no more than so many new ones", read=_whole("--max-new")),
    Flag(
        "concurrency",
        "--concurrency",
        "",
        "N",
        "with --over: how many may be under way at once",
        read=_whole("--concurrency"),
    ),
    Flag(
        "prefix",
        "--prefix",
        "",
        "PREFIX",
        "with --over: what the new columns begin with, instead of gen_",
        _filled("--prefix", "PREFIX"),
    ),
    Flag("tag", "--tag", "", "TAG", "a word to find it by in the ledger", _filled("--tag", "TAG")),
    Flag("kind", "--kind", "", "KIND", f"what is to come back, where that is open: {', '.join(KINDS)}", read=_kind),
    Flag("dry_run", "--dry-run", "", "", "show prompts, model, settings and price; send and store nothing"),
    Flag("fresh", "--fresh", "", "", "make another one even where this was made before (paid again)"),
    Flag(
        "background", "--background", "", "", "do not wait; the result fills itself, with a panel to pause and cancel"
    ),
    Flag("timeout", "--timeout", "", "SECONDS", "wait no longer than this; what was sent goes on", read=_seconds),
    Flag("save", "--save", "", "DIR", "copy the files into this folder", read=_folder),
    Flag(
        "no_provenance",
        "--no-provenance",
        "",
        "",
        "with --save: copies, names and list do not say where they come from",
    ),
    Flag("quiet", "--quiet", "-q", "", "show nothing and return nothing"),
)

COMMANDS: tuple[Subcommand, ...] = (
    Subcommand(
        "models", "the models there are, with their prices; WORD is a provider or a part of a name", ("[WORD]",)
    ),
    Subcommand("help", "what a model can be told, and what it costs; without MODEL this text", ("[MODEL]",)),
    Subcommand(
        "cost",
        "what was spent, each unit for itself; by model unless told otherwise",
        (),
        (
            Flag("by", "--by", "", "COLUMN", f"one of {', '.join(COLUMNS)}"),
            Flag("sandbox", "--sandbox", "", "", "with the sandbox's rows, which cost nothing"),
        ),
    ),
    Subcommand("runs", "the runs of this ledger, newest first"),
    Subcommand("resume", "wait for what an earlier kernel left, and fetch it", ("[RUN]",)),
    Subcommand(
        "retry",
        "buy another try for what failed in the last run (or in RUN), where that may help",
        ("[RUN]",),
        (
            Flag("budget", "--budget", "", "AMOUNT", "send nothing that may cost more", read=_budget),
            Flag("max_new", "--max-new", "", "N", "buy no more than so many", read=_whole("--max-new")),
        ),
    ),
    Subcommand(
        "resolve",
        "settle what nobody knows the fate of: adopt, resubmit or write_off",
        ("ID", "ACTION"),
        (
            Flag("job", "--job", "", "JOB", "the provider's job to adopt"),
            Flag("budget", "--budget", "", "AMOUNT", "with resubmit: what its run may spend in all", read=_budget),
            Flag("max_new", "--max-new", "", "N", "with resubmit: how many its run may buy", read=_whole("--max-new")),
        ),
    ),
    Subcommand("media", "which files are kept, what they take, and how to make room"),
    Subcommand("cancel", "cancel what is running, at the provider", ("[RUN]",)),
    Subcommand("login", "read a provider's key and keep it in the system keyring", ("PROVIDER",)),
    Subcommand(
        "doctor",
        "say what is set up, and what is in the way; of a NOTEBOOK, what its readers will see",
        ("[NOTEBOOK]",),
    ),
)


def known_words() -> tuple[str, ...]:
    """Return every spelling of every flag of a generation, short ones first."""
    return tuple(flag.short for flag in FLAGS if flag.short) + tuple(flag.long for flag in FLAGS)


def help_text() -> str:
    """Return the help: what ``%generate help``, ``%%generate --help`` and ``%%generate?`` show."""
    flags = "\n".join([*(_row(flag.shown, flag.help) for flag in FLAGS), _row("-h, --help", "this text")])
    commands = "\n".join(_row(f"%generate {one.shown}", one.help) for one in COMMANDS)
    return f"""Make a picture, a clip, a sound or a text from the prompt below the line.

    style = "woodcut"

    %%generate -s aspect_ratio=16:9 -o fox
    A red fox in the snow, {{style}}

    animals = ng.grid(animal=["fox", "hare"], style=["woodcut", "oil"])

    %%generate --over animals -o made --budget 300
    A {{animal}} in the snow, {{style}}

{{name}} in the prompt is replaced by that column of the frame, else by that variable; {{{{name}}}} keeps the braces.
All other braces stay as they are. --dry-run shows what a run would send and cost, and sends nothing.
What is the same in every respect is paid for once: running the cell again shows what was made. Stop leaves the job
to be picked up by the next run of the cell.

Flags
{flags}

Commands, on a line of their own
{commands}
"""


def _row(left: str, right: str) -> str:
    """Return one line of the help, or two where the left side is long."""
    gap = f"\n  {'':{WIDTH}}  " if len(left) > WIDTH else " " * (WIDTH - len(left) + 2)
    return f"  {left}{gap}{right}"
