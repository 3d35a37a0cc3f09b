"""What the exchange plays: a city's own recordings, else the platform's voice, else a tone, so that no caller hears nothing.

A city puts recordings of the same names (16 bit, mono, 8 kHz or a multiple) into the folder `own` below the prompts. The voice is a
process of its own, started when there is something to say; until it has spoken, and where none is installed, a tone is heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import math
import os
import struct
import wave
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from hotline.calls.rules import CALL_BACK_ASKED, CALL_BACK_NOTED, CLOSED, FULL, MUSIC
from hotline.calls.rules.prompting import OWN_KEY, key_of

OWN = "own"
SPOKEN = ".spoken.json"
NO_VOICE = 3
"""The voice's exit code where none is installed."""
RATE = 8000
MOST_RATE = 48_000
MOST_BYTES = 10_000_000
"""Of an own recording."""
LOUDNESS = 5000
RAMP = 80
"""Samples at either end of a tone that fade, so that nothing clicks."""

Tone = tuple[float, float]
"""Hertz (0: silence) and seconds."""

TONES: dict[str, Sequence[Tone]] = {
    "greeting.wav": ((660, 0.25), (0, 0.05), (880, 0.35)),
    MUSIC: ((523, 0.5), (0, 0.1), (659, 0.5), (0, 0.1), (784, 0.5), (0, 3.0)),
    CLOSED: ((480, 0.5), (0, 0.5), (480, 0.5), (0, 0.5)),
    FULL: ((450, 0.35), (0, 0.35), (450, 0.35), (0, 0.35), (450, 0.35)),
    CALL_BACK_ASKED: ((700, 0.2), (0, 0.1), (700, 0.2), (0, 0.1), (900, 0.4)),
    CALL_BACK_NOTED: ((900, 0.2), (700, 0.2), (523, 0.4)),
}
OTHER: Sequence[Tone] = TONES["greeting.wav"]


@dataclass(frozen=True, slots=True)
class Words:
    """What the voice is still to say in the file `name`; `key` stands for voice and text."""

    name: str
    text: str
    key: str


def prepare(folder: Path, texts: Mapping[str, str]) -> list[Words]:
    """Bring the prompts up to date: the city's own copied, a tone where there is nothing; returns what the voice must say.

    `texts`: by name, what is said; empty where nothing is (music). The voice must say it in their order.
    """
    spoken = _spoken(folder)
    missing = []
    for name in dict.fromkeys([*texts, *TONES]):
        path, own = folder / name, folder / OWN / name
        if own.is_file():
            if name in spoken:  # should it be taken away, the text is spoken anew
                note(folder, name, "")
            if not path.is_file() or path.read_bytes() != own.read_bytes():
                _write(path, own.read_bytes())
            continue
        if not path.is_file():
            _write(path, _wav(TONES.get(name, OTHER)))
            spoken.pop(name, None)
        if text := texts.get(name, ""):
            key = key_of(text)
            if spoken.get(name) != key:
                missing.append(Words(name, text, key))
        elif name in spoken:  # nothing is said there any more
            _write(path, _wav(TONES.get(name, OTHER)))
            note(folder, name, "")
    return missing


def says(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """What each file says now: the key of its text, `OWN_KEY` for a city's own recording, "" for a tone."""
    spoken = _spoken(folder)
    return {name: OWN_KEY if (folder / OWN / name).is_file() else spoken.get(name, "") for name in names}


def folder() -> Path:
    """Where this installation's prompts are."""
    return Path(settings.SWITCH_DIR) / "prompts"


def seconds_of(data: bytes) -> float:
    """How long a recording is. Raises ValueError `large`, `type`, `form` or `empty` when the switch could not play it."""
    if len(data) > MOST_BYTES:
        raise ValueError("large")
    try:
        with wave.open(io.BytesIO(data)) as sound:
            form = sound.getsampwidth(), sound.getnchannels()
            rate: int = sound.getframerate()
            frames = len(sound.readframes(sound.getnframes())) // 2
    except (wave.Error, EOFError, struct.error):
        raise ValueError("type") from None
    if form != (2, 1) or rate % RATE or not RATE <= rate <= MOST_RATE:
        raise ValueError("form")
    if not frames:
        raise ValueError("empty")
    return frames / rate


def take_own(folder: Path, name: str, data: bytes) -> None:
    """A city's own recording, played from the next `prepare` on."""
    _write(folder / OWN / name, data)


def drop_own(folder: Path, name: str) -> bool:
    """Away with it; False when there was none. Until the voice has spoken a tone is heard."""
    own = folder / OWN / name
    if not own.is_file():
        return False
    own.unlink()
    (folder / name).unlink(missing_ok=True)
    return True


def note(folder: Path, name: str, key: str) -> None:
    """`name` says the text of `key` now; no key: it says nothing."""
    spoken = _spoken(folder)
    spoken.pop(name, None)
    if key:
        spoken[name] = key
    _write(folder / SPOKEN, json.dumps(spoken).encode())


def _spoken(folder: Path) -> dict[str, str]:
    try:
        known = json.loads((folder / SPOKEN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


def _wav(tones: Sequence[Tone]) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(samples(tones))
    return memory.getvalue()


async def speak(folder: Path, words: Sequence[Words], command: Sequence[str]) -> int:
    """Have `command` (hotline/speech/__main__.py's protocol) say these; its exit code. Cancelled, it is killed.

    Each is noted once its file is whole, so what was said before a fault stays said.
    """
    child = await asyncio.create_subprocess_exec(
        *command, str(folder), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    keys = {one.name: one.key for one in words}
    try:
        lines = "".join(json.dumps({"name": one.name, "text": one.text}) + "\n" for one in words)
        with contextlib.suppress(
            ConnectionError
        ):  # it may end before it has read all, and says why by its code
            child.stdin.write(lines.encode())
            await child.stdin.drain()
            child.stdin.close()
        async for line in child.stdout:
            if (name := line.decode().strip()) in keys:
                note(folder, name, keys[name])
        return await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def samples(tones: Sequence[Tone]) -> bytes:
    """16-bit little-endian samples."""
    values: list[int] = []
    for hertz, seconds in tones:
        count = int(RATE * seconds)
        for place in range(count):
            fade = min(1.0, place / RAMP, (count - place) / RAMP)
            values.append(
                round(LOUDNESS * fade * math.sin(2 * math.pi * hertz * place / RATE)) if hertz else 0
            )
    return struct.pack(f"<{len(values)}h", *values)
