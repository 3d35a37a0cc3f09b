"""B14: announcements, how far the voice is with them, and a city's own recordings."""

from __future__ import annotations

import io
import struct
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from hotline.audit.models import AuditEntry
from hotline.calls import actions, prompts
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import Announcement, Ask, Prompt
from hotline.calls.rules.prompting import NO_VOICE, OWN_KEY, key_of
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast
from tests.calls.factories import Exchange, make_telephony

pytestmark = pytest.mark.django_db
PAGE = "/telephone/announcements/"


def wav(*, rate: int = 8000, channels: int = 1, width: int = 2, frames: int = 800) -> bytes:
    memory = io.BytesIO()
    with wave.open(memory, "wb") as sound:
        sound.setparams((channels, width, rate, 0, "NONE", ""))
        sound.writeframes(b"\1" * (frames * channels * width))
    return memory.getvalue()


def says(*rows: Announcement, fault: str = "") -> None:
    """As the distributor tells it once the voice has spoken these, or failed."""
    keys = {row.sound: "" if fault else key_of(row.text) for row in rows}
    faults = {row.sound: (key_of(row.text), fault) for row in rows} if fault else {}
    actions.note_prompts(actor=SYSTEM, says=keys, faults=faults)


def heard_by_the_next(exchange: Exchange, **more: Any) -> list[str]:
    from hotline.calls.engines import LegAnswered

    call = exchange.ring(**more)
    exchange.tell(LegAnswered, call.leg)
    return list(Ask.objects.get(chain=f"call:{call.pk}", verb="play").arguments["files"])


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.SWITCH_DIR = tmp_path
    return prompts.folder()


def test_the_next_caller_hears_it_once_it_is_spoken_and_not_after_it_was_withdrawn(cast: Cast):
    exchange, leader = Exchange(), cast.actor("shift_leader")
    make_telephony()
    row = actions.announce(actor=leader, text="台风停课通知", ends_at=now() + timedelta(hours=1))
    assert heard_by_the_next(exchange) == ["greeting.wav"]
    says(row)
    assert heard_by_the_next(exchange) == [row.sound, "greeting.wav"]
    actions.withdraw_announcement(actor=leader, announcement_id=row.pk)
    actions.withdraw_announcement(actor=leader, announcement_id=row.pk)
    assert heard_by_the_next(exchange) == ["greeting.wav"]
    assert AuditEntry.objects.filter(verb__in=["calls.announce", "calls.withdraw_announcement"]).count() == 2
    with pytest.raises(NotVisible):
        actions.withdraw_announcement(actor=leader, announcement_id=0)


def test_a_districts_announcement_is_for_its_callers_alone(cast: Cast):
    exchange, leader = Exchange(), cast.actor("shift_leader")
    make_telephony()
    row = actions.announce(actor=leader, text="停水", line_code="12345", district_code="310106000000")
    says(row)
    assert heard_by_the_next(exchange) == ["greeting.wav"]
    assert heard_by_the_next(exchange, headers={"X-District": "310106013000"}) == [row.sound, "greeting.wav"]
    assert heard_by_the_next(exchange, headers={"X-District": "310104000000"}) == ["greeting.wav"]


def test_a_prepared_one_is_spoken_and_heard_when_it_is_put_on_the_line(cast: Cast):
    exchange, leader = Exchange(), cast.actor("shift_leader")
    make_telephony()
    row = actions.announce(actor=leader, text="预案", prepared=True)
    says(row)
    assert heard_by_the_next(exchange) == ["greeting.wav"]
    actions.put_on_line(actor=leader, announcement_id=row.pk)
    assert heard_by_the_next(exchange) == [row.sound, "greeting.wav"]
    with pytest.raises(Refused) as again:
        actions.put_on_line(actor=leader, announcement_id=row.pk)
    assert again.value.code == "on_already"
    actions.withdraw_announcement(actor=leader, announcement_id=row.pk)
    with pytest.raises(Refused) as over:
        actions.put_on_line(actor=leader, announcement_id=row.pk)
    assert over.value.code == "ended"


def test_what_is_wrong_with_an_announcement_is_told_by_field(cast: Cast):
    leader = cast.actor("shift_leader")
    with pytest.raises(NotPermitted):
        actions.announce(actor=cast.actor("agent"), text="x")
    with pytest.raises(Invalid) as wrong:
        actions.announce(actor=leader, text=" ", line_code="no", district_code="x", ends_at=now())
    assert set(wrong.value.details) == {"text", "line", "district", "ends_at"}
    with pytest.raises(Invalid) as long:
        actions.announce(actor=leader, text="字" * 501, begins_at=now() + timedelta(hours=2))
    assert set(long.value.details) == {"text"}
    later = now() + timedelta(hours=2)
    with pytest.raises(Invalid) as backwards:
        actions.announce(actor=leader, text="x", begins_at=later, ends_at=later - timedelta(hours=1))
    assert set(backwards.value.details) == {"ends_at"}


def test_the_page_says_honestly_how_far_each_is(cast: Cast, folder: Path):
    client = cast.client("shift_leader")
    make_telephony()
    assert cast.client("agent").get(PAGE).status_code == 403
    assert client.get(PAGE).status_code == 200
    posted = client.post(reverse("calls:announcement_add"), {"text": "台风橙色预警", "prepare": "1"})
    assert posted.status_code == 302
    client.post(reverse("calls:announcement_add"), {"text": "停水", "line": "12345", "now": "1"})
    prepared, on = Announcement.objects.order_by("pk")
    assert prepared.begins_at is None
    assert on.begins_at is not None

    def shown(row: Announcement) -> str:
        said = client.get(PAGE, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in said
        return said.split(f'id="announcement-{row.pk}"')[1].split("</tr>")[0]

    assert "正在合成" in shown(on)
    assert "<audio" not in shown(on)
    says(on, fault="broke")
    assert "未能合成" in shown(on)
    says(on, fault=NO_VOICE)
    assert "未安装语音合成" in shown(on)
    says(on, prepared)
    assert "已合成" in shown(on)
    assert "<audio" in shown(prepared)
    client.post(reverse("calls:announcement_on", args=[prepared.pk]))
    assert Announcement.objects.get(pk=prepared.pk).begins_at is not None
    assert client.post(reverse("calls:announcement_on", args=[prepared.pk])).status_code == 302
    client.post(reverse("calls:announcement_off", args=[on.pk]))
    assert Announcement.objects.get(pk=on.pk).ends_at is not None
    wrong = client.post(reverse("calls:announcement_add"), {"text": "x", "ends_at": "2020-01-01T00:00"})
    assert wrong.status_code == 422

    folder.mkdir(parents=True)
    sound = folder / prepared.sound
    assert client.get(reverse("calls:sound"), {"name": prepared.sound}).status_code == 404
    sound.write_bytes(wav())
    answer = client.get(reverse("calls:sound"), {"name": prepared.sound})
    assert (answer.status_code, answer["Content-Type"], answer.content) == (200, "audio/wav", wav())
    (folder.parent / "secret.wav").write_bytes(b"x")
    assert client.get(reverse("calls:sound"), {"name": "../secret.wav"}).status_code == 404


def test_an_own_recording_takes_the_voices_place_and_gives_it_back(cast: Cast, folder: Path):
    make_telephony()
    leader, admin = cast.client("shift_leader"), cast.client("admin")
    row = actions.announce(actor=cast.actor("shift_leader"), text="停水")

    def upload(client: Any, name: str, data: bytes) -> None:
        recording = SimpleUploadedFile("a.wav", data, "audio/wav")
        client.post(reverse("calls:record"), {"name": name, "recording": recording})

    for bad in (b"no wav", wav(channels=2), wav(width=1), wav(rate=11025), wav(frames=0), b"\0" * 10_000_001):
        upload(leader, row.sound, bad)
    client_says = leader.post(reverse("calls:record"), {"name": row.sound})
    assert client_says.status_code == 302
    assert not (folder / "own").exists()
    upload(leader, row.sound, wav())
    assert (folder / "own" / row.sound).read_bytes() == wav()
    texts = {row.sound: row.text}
    assert prompts.prepare(folder, texts) == []
    assert prompts.says(folder, texts) == {row.sound: OWN_KEY}
    actions.note_prompts(actor=SYSTEM, says=prompts.says(folder, texts), faults={})
    assert Prompt.objects.get().key == OWN_KEY
    leader.post(reverse("calls:record"), {"name": row.sound, "drop": "1"})
    assert [one.text for one in prompts.prepare(folder, texts)] == ["停水"]
    leader.post(reverse("calls:record"), {"name": row.sound, "drop": "1"})
    verbs = ["calls.record_prompt", "calls.drop_recording"]
    assert AuditEntry.objects.filter(verb__in=verbs).count() == 2
    # A line's greeting is the administrator's; the leader's are announcements.
    assert leader.post(reverse("calls:record"), {"name": "greeting.wav", "drop": "1"}).status_code == 403
    upload(admin, "greeting.wav", wav(rate=16000))
    assert (folder / "own" / "greeting.wav").is_file()
    for act in ({"drop": "1"}, {"recording": SimpleUploadedFile("a.wav", wav())}):
        assert admin.post(reverse("calls:record"), {"name": "no.wav", **act}).status_code == 404
    with pytest.raises(ValueError, match="type"):
        prompts.seconds_of(b"RIFF" + struct.pack("<I", 4) + b"WAVE")
