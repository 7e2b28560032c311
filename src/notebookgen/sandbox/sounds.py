"""Sounds: a short tune made of a prompt's syllables, hummed by a synthetic voice over soft chords.

Every syllable is a note and its vowel the colour of the voice; a comma is a rest, a full stop comes home, a question
rises. Two bright notes at the start say SANDBOX to the ear.
"""

from __future__ import annotations

import io
import math
import operator
import re
import struct
import sys
import wave
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING

from notebookgen.sandbox.reading import plain, read
from notebookgen.sandbox.request import Request, dice, digest

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

__all__ = ["RATE", "samples", "sound"]

#: Samples a second.
RATE = 44100
_SHORTEST = 0.3
_LOUD = 26000
_SCALES = {"bright": (0, 2, 4, 7, 9), "dark": (0, 3, 5, 7, 10), "dream": (0, 2, 4, 6, 9)}
_CHORDS = {
    "bright": ((0, 4, 7), (-3, 0, 4), (5, 9, 12), (-5, -1, 2)),
    "dark": ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5)),
    "dream": ((0, 4, 7), (2, 6, 9), (-3, 0, 4), (0, 4, 11)),
}
_MOODS = {"night": "dark", "storm": "dark", "neon": "dark", "winter": "dream", "dawn": "dream", "autumn": "dream"}
#: How strong each overtone is, by vowel; the last two are a bell and a pad.
_TIMBRES = {
    "a": (1.0, 0.75, 0.55, 0.3, 0.12, 0.06), "e": (1.0, 0.5, 0.2, 0.25, 0.28, 0.2), "i": (1.0, 0.25, 0.08, 0.06, 0.16, 0.2),
    "o": (1.0, 0.7, 0.28, 0.1, 0.04), "u": (1.0, 0.4, 0.1, 0.03), "bell": (1.0, 0.0, 0.35, 0.0, 0.16, 0.0, 0.08), "pad": (1.0, 0.3, 0.12, 0.05),
}  # fmt: skip
_SYLLABLE = re.compile(r"[^\W\daeiouy_]*([aeiouy])[aeiouy]*|([.,;:!?\n])|(\d|[^\W\d_]+)")
_MOST_SYLLABLES = 2000


def sound(request: Request, *, seconds: float) -> bytes:
    """Return a WAV file of `seconds`: 16 bits, one channel, 44100 samples a second."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples(request, seconds=seconds))
    return _labelled(target.getvalue(), f"SANDBOX {digest(request)[:16]}")


def _labelled(data: bytes, title: str) -> bytes:
    """Return the file with its title in a RIFF INFO list after the sound, where players look for it."""
    text = title.encode() + b"\0" * (2 - len(title) % 2)
    info = b"INFOINAM" + struct.pack("<I", len(text)) + text
    body = data[8:] + b"LIST" + struct.pack("<I", len(info)) + info
    return b"RIFF" + struct.pack("<I", len(body)) + body


def samples(request: Request, *, seconds: float) -> bytes:
    """Return the tune itself as little-endian 16-bit samples."""
    count = round(max(_SHORTEST, seconds) * RATE)
    rng = dice(request, "sound")
    brief = read(request.prompt)
    kind = _MOODS.get(brief.mood) or rng.choice(("bright", "bright", "dream"))
    root, beat = rng.choice((55, 57, 58, 60, 62)), rng.uniform(0.21, 0.27)
    track = array("i", bytes(4 * count))
    _add(track, 0, _note(root + 24, "bell", 0.5, 2600))
    _add(track, round(0.13 * RATE), _note(root + 31, "bell", 0.6, 2400))
    _sing(track, request.prompt, rng, kind, root, beat)
    at, number = 0.0, 0
    while at * RATE < count:
        for step in _CHORDS[kind][number % 4]:
            _add(track, round(at * RATE), _note(root - 12 + step, "pad", beat * 8.6, 1500))
        at, number = at + beat * 8, number + 1
    return _levelled(track)


def _sing(track: array[int], prompt: str, rng: random.Random, kind: str, root: int, beat: float) -> None:
    """Add the prompt's syllables, over and over until the time is up, each time a little changed."""
    scale = _SCALES[kind]
    syllables = _SYLLABLE.findall(plain(prompt))[:_MOST_SYLLABLES] or [("a", "", "")]
    at, step = 0.3, rng.randrange(3, 7)
    while at * RATE < len(track):
        for vowel, stop, other in syllables:
            if at * RATE >= len(track):
                return
            if stop:
                step = {"?": step + 2}.get(stop, 5 if stop in ".!\n" else step)
                at += beat * (0.5 if stop in ",;:" else 1.0)
                continue
            step = max(
                0, min(11, step + rng.choice((-2, -1, -1, 0, 1, 1, 2)) + (1 if step < 3 else -1 if step > 8 else 0))
            )
            pitch = root + scale[step % 5] + 12 * (step // 5) - (12 if root > 58 else 0)
            sort = {"y": "i"}.get(vowel, vowel) or "aeiou"[ord(other[0]) % 5]
            length = beat * rng.choice((1, 1, 1, 1.5, 2, 0.5))
            _add(track, round(at * RATE), _note(pitch, sort, round(length + 0.12, 2), 5200))
            _add(track, round((at + beat * 1.5) * RATE), _note(pitch + 12, "bell", 0.5, 900))
            at += length
        at += beat * 2


def _add(track: array[int], start: int, note: Sequence[int]) -> None:
    end = min(len(track), start + len(note))
    if end > start:
        track[start:end] = array("i", map(operator.add, track[start:end], note))


@lru_cache(maxsize=256)
def _note(pitch: int, timbre: str, seconds: float, loud: int) -> array[int]:
    """Return one note, its attack and its fall; `pitch` counts half tones as MIDI does."""
    cycle, count = _cycle(pitch, timbre), round(seconds * RATE)
    shape = _shape(timbre, count)
    tone = cycle * (count // len(cycle) + 1)
    return array("i", [value * level * loud >> 26 for value, level in zip(tone, shape, strict=False)])


@lru_cache(maxsize=128)
def _shape(timbre: str, count: int) -> array[int]:
    attack = round(RATE * {"bell": 0.004, "pad": 0.25}.get(timbre, 0.03))
    attack = min(attack, count // 3 + 1)
    release = count - attack
    power = {"bell": 3.0, "pad": 1.0}.get(timbre, 1.4)
    knots = [round(8192 * (1 - i / 64) ** power) for i in range(65)]
    fall = [knots[i] + (knots[i + 1] - knots[i]) * j // 64 for i in range(64) for j in range(64)]
    rise = [8192 * i // attack for i in range(attack)]
    return array("i", rise + [fall[i * 4096 // max(1, release)] for i in range(release)])


@lru_cache(maxsize=128)
def _cycle(pitch: int, timbre: str) -> array[int]:
    """Return eight periods of a tone, near enough to its pitch to loop."""
    periods = 8
    length = round(periods * RATE / (440 * 2 ** ((pitch - 69) / 12)))
    sine = [math.sin(math.tau * i / length) for i in range(length)]
    parts = [(strength, periods * (number + 1)) for number, strength in enumerate(_TIMBRES[timbre]) if strength]
    total = sum(strength for strength, _ in parts)
    return array(
        "i",
        [
            round(8192 / total * sum(strength * sine[i * often % length] for strength, often in parts))
            for i in range(length)
        ],
    )


def _levelled(track: array[int]) -> bytes:
    """Return the samples at full but safe loudness, faded out over the last fifth of a second."""
    peak = max(1, *map(abs, (max(track), min(track))))
    gain = (_LOUD << 12) // peak
    level = array("h", [value * gain >> 12 for value in track])
    tail = min(len(level), RATE // 5)
    for i in range(tail):
        level[-1 - i] = level[-1 - i] * i // tail
    if sys.byteorder == "big":
        level.byteswap()
    return level.tobytes()
