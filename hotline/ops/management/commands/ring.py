"""`hotline ring`: call the hotline of this machine as a citizen would."""

from __future__ import annotations

import asyncio
import wave
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.config.environment import environment
from hotline.ops import caller
from hotline.ops.machine import own_address

WORDS = "您好，我们小区门口的路灯坏了一个多星期，晚上出门很危险，麻烦你们派人来修一下。地址是南京西路一百号。"


class Command(BaseCommand):
    help = "Call the running hotline by SIP, as a citizen: say a sentence or a file, press keys, keep what was heard."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", nargs="?", default="12345", help="the line that is called; default 12345")
        parser.add_argument("--from", dest="caller", default="13800001234", metavar="NUMBER", help="the caller's number")
        parser.add_argument("--seconds", type=float, default=120.0, help="how long to stay at most; default 120")
        parser.add_argument("--words", default=WORDS, help="what is said, by the platform's voice (part `speech`)")
        parser.add_argument("--say", type=Path, metavar="FILE", help="what is said instead: WAV, one channel, 8 kHz, 16 bits")
        parser.add_argument("--hear", type=Path, metavar="FILE", help="where what was heard is written, WAV")
        parser.add_argument(
            "--press", action="append", default=[], metavar="SECONDS:KEYS", help="keys, so long after the answer"
        )
        parser.add_argument("--address", help="the exchange's address; default as `hotline run` takes it")
        parser.add_argument("--port", type=int, help="its SIP port; default HOTLINE_SIP_PORT")

    def handle(self, *args: Any, **options: Any) -> None:
        env = environment()
        wanted = caller.Call(
            address=options["address"] or env.hotline_sip_address or own_address() or "127.0.0.1",
            port=options["port"] or env.hotline_sip_port,
            number=options["number"],
            caller=options["caller"],
            seconds=options["seconds"],
            said=self._said(options["say"], options["words"]),
            keys=tuple(sorted(_key(one) for one in options["press"])),
        )
        try:
            end = asyncio.run(caller.ring(wanted, lambda text: self.stdout.write(text)))
        except ImportError as error:
            raise CommandError("Install the part `telephony`: make install.") from error
        if options["hear"]:
            caller.write(options["hear"], bytes(wanted.heard))
        if end not in ("far", "over"):
            raise CommandError(f"The call was not answered: {end}")
        self.stdout.write("the other side hung up" if end == "far" else "hung up")

    def _said(self, file: Path | None, words: str) -> bytes:
        if file is not None:
            try:
                return caller.read(file)
            except (OSError, ValueError, wave.Error, EOFError) as error:
                raise CommandError(f"{file} cannot be said: {error}") from error
        if not words:
            return b""
        from hotline.speech.sound import TELEPHONE, joined, silence
        from hotline.speech.synthesis import Speaker
        from hotline.speech.weights import SpeechFault

        self.stdout.write("the voice reads what the caller will say; this can take a minute")
        self.stdout.flush()
        try:
            spoken = Speaker(threads=2).say(words).levelled().at(TELEPHONE)
        except SpeechFault as fault:
            self.stderr.write(f"{fault.text} The caller says nothing.")
            return b""
        pcm = (joined([spoken, silence(8, TELEPHONE)]).samples.clip(-1, 1) * 32767).astype("<i2")
        return bytes(pcm.tobytes())


def _key(text: str) -> tuple[float, str]:
    after, _, keys = text.partition(":")
    try:
        seconds = float(after)
    except ValueError:
        seconds = -1.0
    if seconds < 0 or not keys or set(keys) - set("0123456789*#"):
        raise CommandError(f"--press {text}: give SECONDS:KEYS, as 5:1.")
    return seconds, keys
