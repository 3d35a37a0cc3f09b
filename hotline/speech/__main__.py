"""`python -m hotline.speech FOLDER`: speak texts into WAV files, in a process of its own that may die alone.

Reads one JSON object a line from standard input, `{"name": "greeting.wav", "text": "您好"}`, and prints each name once its file is
whole. A file that stands there is written anew. Code 0: all done; 2: a line, a name or a text cannot be used, said on standard error,
the others are done; 3: no voice is installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import sys
from pathlib import Path
from typing import TextIO

from hotline.speech.sound import TELEPHONE
from hotline.speech.synthesis import Speaker, Voice, write
from hotline.speech.weights import SpeechFault

MEMORY = 3 * 2**30
"""Bytes of address space: the voice takes about 1 GB of it."""
NICENESS = 10
NAME = re.compile(r"[a-z0-9][a-z0-9_/-]{0,80}\.wav")


def speak(folder: Path, lines: TextIO, voice: Voice, out: TextIO, faults: TextIO) -> int:
    """The exit code."""
    code = 0
    for number, line in enumerate(lines, 1):
        try:
            wanted = json.loads(line)
            name, text = wanted["name"], wanted["text"]
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a WAV file.")
            write(folder / name, voice.say(text).at(TELEPHONE))
        except (ValueError, KeyError, TypeError) as error:
            print(f"Line {number}: {error}", file=faults)
            code = 2
            continue
        print(name, file=out, flush=True)
    return code


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    try:
        return speak(Path(sys.argv[1]), sys.stdin, Speaker(), sys.stdout, sys.stderr)
    except SpeechFault as fault:
        print(fault.text, file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
