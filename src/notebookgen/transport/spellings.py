r"""The ways to write a text: as it is, or as what JSON, an address, a page, a program or base64 makes of it. Pure.

Everything here is a pattern of the bytes as they came, so that whatever decodes them later finds nothing.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from html.entities import html5

__all__ = ["base64_cores", "pattern_of", "spellings"]

# JSON in JSON in JSON doubles its backslashes each time. A run is looked at once, from its beginning and whole: a body
# of nothing else would take for ever.
RUN = r"(?<!\\)\\++"
ESCAPES = "\\%&"


def pattern_of(text: str) -> re.Pattern[bytes]:
    """Return a pattern of all that decodes to ``text``: it itself, and the base64 of what it may be a part of."""
    cores = dict.fromkeys(core for before in range(3) for core in base64_cores(text, before))
    whole = ["".join(map(spellings, text))]
    whole += ["".join(one if one.isalnum() else spellings(one) for one in core) for core in cores]
    every = "|".join(whole)
    # One character is matched and then looked at anew, because a pattern that begins with a set is searched for some
    # ten times as fast; replies can be pictures of many megabytes. Most of the rest is told by what stands beside it.
    first = one_of(ESCAPES, text[0], *(core[0] for core in cores))
    alone = r"(?<!\\\\)"
    if text[0].isalnum():
        second = "".join([ESCAPES, "\0", text[1], *(core[1] for core in cores)])
        alone += f"(?!(?<={text[0]}){one_of(second, but=True)})"
    return re.compile(f"{first}{alone}(?<=(?=(?P<all>{every})){first})".encode())


def one_of(*chars: str, but: bool = False) -> str:
    """Return a pattern of one of some characters, or of one that is none of them."""
    return f"[{'^' if but else ''}{''.join(re.escape(one) for one in sorted(set(''.join(chars))))}]"


def base64_cores(text: str, before: int) -> tuple[str, str]:
    """Return ``text`` in base64 after so many other bytes, in both alphabets, without what its neighbours decide."""
    data = b"\0" * before + text.encode()
    core = base64.b64encode(data).decode()[-(-before * 8 // 6) : len(data) * 8 // 6]
    return core, core.replace("+", "-").replace("/", "_")


@cache
def spellings(char: str) -> str:
    """Return a pattern of the ways to write one ASCII character."""
    code, itself = ord(char), re.escape(char)
    digits = "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in f"{code:02x}")
    named = [re.escape(name) for name, value in html5.items() if value == char and name.endswith(";")]
    page = "|".join([f"#0{{0,4}}{code};?", f"#[xX]0{{0,4}}{digits};?", *named])
    plain = r"\\{1,16}" if char == "\\" else itself if char.isalnum() else f"(?:{RUN})?{itself}"
    escape = f"(?:u00|x|U000000){digits}|u\\{{0{{0,6}}{digits}\\}}|{code:03o}"
    ways = [plain, f"{RUN}(?:{escape})", f"%(?:25){{0,4}}(?:u00)?{digits}", f"&(?:amp;)?(?:{page})"]
    return rf"(?:{'|'.join(ways)})\x00{{0,3}}"
