"""Recordings checked, encrypted, deleted; what is wrong is told and answered."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline.accounts.actions import rotate_identity
from hotline.accounts.queries import identity_rows_to_rotate
from hotline.audit.models import AuditEntry
from hotline.calls.actions.pausing import pause_recording, resume_forgotten, resume_recording
from hotline.calls.models import Ask, Call
from hotline.calls.queries.pausing import recordings_paused
from hotline.kit.actor import system_actor
from hotline.kit.clock import now, simulated
from hotline.kit.crypto import identity_ring, new_entry
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.models import LiveEvent
from hotline.transcripts import actions, queries
from hotline.transcripts.actions import keeping
from hotline.transcripts.models import Fault, KeptRecording, KeptState, RecordingAlarm
from hotline.transcripts.queries.sounds import plain_path, sealed_path
from hotline.transcripts.vault import BadRecording, pieces
from tests.accounts.cast import Cast
from tests.calls.factories import fresh
from tests.transcripts.factories import KEEPER, TELEPHONE, Talk, recorded, said, wav

pytestmark = pytest.mark.django_db


def alarms() -> list[str]:
    return list(RecordingAlarm.objects.order_by("id").values_list("kind", flat=True))


def test_a_recording_is_encrypted_and_the_plain_file_goes(cast: Cast) -> None:
    _talk, recording = recorded(cast)
    content = plain_path(recording).read_bytes()
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    assert (kept.state, kept.intact, kept.size) == (KeptState.SEALED, True, len(content))
    assert not plain_path(recording).exists()
    assert content[44:400] not in sealed_path(kept.stored_as).read_bytes()
    opened = queries.bytes_of(fresh(recording))
    assert b"".join(pieces(opened, 0, opened.size)) == content
    assert max(kept.peaks) > 30
    assert alarms() == []
    again = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert again == kept
    assert actions.keep_waiting(actor=KEEPER) == 0
    assert queries.keeping_health().level == "ok"


def test_nothing_is_kept_while_somebody_speaks_or_the_file_is_open(cast: Cast) -> None:
    talk = Talk(cast)
    recording = talk.started()
    assert actions.keep(actor=KEEPER, recording_id=recording.pk) is None
    recording = talk.closed(recording, wav(1))
    assert actions.keep(actor=KEEPER, recording_id=recording.pk) is None
    talk.end()
    assert actions.keep_waiting(actor=KEEPER) == 1


@pytest.mark.parametrize(
    ("facts", "kinds"),
    [
        ({"sha256": "0" * 64}, ["checksum"]),
        ({"bytes": 5}, ["size"]),
        ({"seconds": 60.0}, ["size", "duration"]),
        ({"silent_left": True, "silent_right": True}, ["silent"]),
    ],
)
def test_what_is_wrong_with_a_recording_alarms_the_shift_leader_once(
    cast: Cast, facts: dict[str, Any], kinds: list[str]
) -> None:
    leader = f"person:{cast.shift_leader.pk}"
    talk, recording = recorded(cast, **facts)
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    assert kept.state == KeptState.SEALED
    assert kept.intact is ("checksum" not in kinds)
    assert alarms() == kinds
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert alarms() == kinds
    assert LiveEvent.objects.filter(topic=leader, kind="recording.alarm", payload__call=talk.call.pk).exists()
    assert [one.kind for one in queries.open_alarms(cast.actor("shift_leader"))] == kinds


def test_a_file_that_is_gone_is_an_alarm_and_no_exception(cast: Cast) -> None:
    _talk, recording = recorded(cast)
    plain_path(recording).unlink()
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    assert kept.state == KeptState.LOST
    assert alarms() == [Fault.LOST]
    with pytest.raises(BadRecording):
        queries.bytes_of(fresh(recording))


def test_a_path_that_leads_out_of_the_folder_is_never_read(cast: Cast, tmp_path: Path) -> None:
    _talk, recording = recorded(cast)
    (tmp_path / "other.wav").write_bytes(wav(1))
    type(recording).objects.filter(pk=recording.pk).update(path="../../other.wav")
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert alarms() == [Fault.LOST]
    assert (tmp_path / "other.wav").exists()


def test_a_conversation_without_a_recording_is_missed(cast: Cast) -> None:
    talk = Talk(cast)
    talk.end()
    assert actions.seek_missing(actor=KEEPER) == 0
    Call.objects.filter(pk=talk.call.pk).update(ended_at=now() - timedelta(minutes=2))
    assert actions.seek_missing(actor=KEEPER) == 1
    assert actions.seek_missing(actor=KEEPER) == 0
    assert alarms() == [Fault.MISSING]
    assert queries.keeping_health().level == "ok"  # the telephone is off in tests


def test_an_alarm_is_answered_by_who_leads_with_words(cast: Cast) -> None:
    _talk, recording = recorded(cast, sha256="0" * 64)
    actions.keep(actor=KEEPER, recording_id=recording.pk)
    (alarm,) = RecordingAlarm.objects.all()
    leader = cast.actor("shift_leader")
    with pytest.raises(NotPermitted):
        actions.answer_alarm(actor=cast.actor("agent"), alarm_id=alarm.pk, answer="查过")
    with pytest.raises(Invalid):
        actions.answer_alarm(actor=leader, alarm_id=alarm.pk, answer="  ")
    with pytest.raises(NotVisible):
        actions.answer_alarm(actor=leader, alarm_id=alarm.pk + 1, answer="查过")
    actions.answer_alarm(actor=leader, alarm_id=alarm.pk, answer="磁盘已更换")
    actions.answer_alarm(actor=cast.actor("supervisor"), alarm_id=alarm.pk, answer="再次")
    assert fresh(alarm).answer == "磁盘已更换"
    assert queries.open_alarms(leader) == []


def test_recordings_go_after_their_time_unless_an_order_is_open(cast: Cast) -> None:
    _talk, recording = recorded(cast)
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    path = sealed_path(kept.stored_as)
    assert actions.delete_old(actor=KEEPER) == 0
    with simulated(now() + timedelta(days=1200)):
        from hotline.transcripts import permissions

        before = permissions._Above.held
        permissions.use_holder(lambda calls: set(calls))
        assert actions.delete_old(actor=KEEPER) == 0
        permissions.use_holder(before)
    with simulated(now() + timedelta(days=1240)):
        assert actions.delete_old(actor=KEEPER) == 1
    row = fresh(kept)
    assert (row.state, row.key, row.peaks) == (KeptState.DELETED, None, b"")
    assert not path.exists()
    assert AuditEntry.objects.filter(verb="transcripts.delete_recording").exists()
    with pytest.raises(BadRecording):
        queries.bytes_of(fresh(recording))


def test_keys_and_words_go_with_the_ring_and_no_file_is_touched(cast: Cast, settings: Any) -> None:
    talk, recording = recorded(cast)
    said(talk, ("citizen", "我的电话是13812345678"), ("citizen", "路灯坏了"))
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    rotator = system_actor("rotate", "accounts:manage_people")
    rotate_identity(actor=rotator)
    before = sealed_path(kept.stored_as).read_bytes()
    old = settings.IDENTITY_KEYS
    settings.IDENTITY_KEYS = f"{new_entry('fresh')},{old}"
    waiting = identity_rows_to_rotate()
    assert waiting >= 2
    assert rotate_identity(actor=rotator) == waiting
    assert identity_rows_to_rotate() == 0
    key = fresh(kept).key
    assert key is not None
    assert identity_ring().is_current(key)
    assert sealed_path(kept.stored_as).read_bytes() == before
    # The old key is taken out: what was said and recorded opens with the new one alone.
    fresh_entry, *rest = settings.IDENTITY_KEYS.split(",")
    settings.IDENTITY_KEYS = ",".join([fresh_entry, *(one for one in rest if one.startswith("hash:"))])
    opened = queries.bytes_of(fresh(recording))
    assert opened.read(0, 4) == b"RIFF"
    transcript = queries.transcript_of(talk.agent, talk.call.pk)
    assert transcript is not None
    assert [line.text for line in queries.lines_of(transcript)] == ["我的电话是13812345678", "路灯坏了"]


def test_of_two_jobs_at_once_the_second_finds_the_file_kept_and_raises_no_alarm(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    _talk, recording = recorded(cast)
    real = keeping.Plain
    once: list[object] = []

    def plain(path: Path) -> Any:
        if not once:  # between the look for a row and the opening of the file the other job does it all
            once.append(path)
            actions.keep(actor=KEEPER, recording_id=recording.pk)
        return real(path)

    monkeypatch.setattr(keeping, "Plain", plain)
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    assert kept.state == KeptState.SEALED
    assert alarms() == []


def test_files_that_a_killed_job_left_are_cleared_away(cast: Cast) -> None:
    _talk, recording = recorded(cast)
    plain = plain_path(recording)
    content = plain.read_bytes()
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    sealed = sealed_path(kept.stored_as)
    plain.write_bytes(content)  # killed before it was removed
    day = sealed_path(f"{now():%Y/%m/%d}")
    day.mkdir(parents=True, exist_ok=True)
    orphan, writing = day / "rec-9.wav.aaaa.xsrec", day / ".rec-9.wav.bbbb.xsrec.77"
    unknown = plain.with_name("open.wav")
    for one in (orphan, writing, unknown):
        one.write_bytes(b"x")
    assert actions.clear_away(actor=KEEPER) == 0  # somebody may be at work with them
    past = time.time() - 7 * 3600
    for one in (orphan, writing, unknown, plain, sealed):
        os.utime(one, (past, past))
    assert actions.clear_away(actor=KEEPER) == 3
    assert not any(one.exists() for one in (orphan, writing, plain))
    assert sealed.exists()
    assert unknown.exists()  # no row says that it is kept


def test_a_kept_file_that_is_gone_or_damaged_alarms_when_it_is_wanted(cast: Cast) -> None:
    talk, recording = recorded(cast)
    kept = actions.keep(actor=KEEPER, recording_id=recording.pk)
    assert kept is not None
    path = sealed_path(kept.stored_as)
    whole = path.read_bytes()
    leader = cast.actor("shift_leader")
    path.write_bytes(whole[:70_000] + b"\0" + whole[70_001:])
    opened = actions.open_sound(actor=leader, recording_id=recording.pk)
    heard = b"".join(actions.heard(opened, 0, opened.kept.size))
    assert len(heard) == 65_536  # up to the damage
    assert alarms() == [Fault.LOST]
    path.write_bytes(whole[:-1])
    with pytest.raises(NotVisible):
        actions.open_sound(actor=leader, recording_id=recording.pk)
    path.unlink()
    with pytest.raises(NotVisible):
        actions.open_sound(actor=leader, recording_id=recording.pk)
    assert alarms() == [Fault.LOST]
    assert cast.client("shift_leader").get(f"/recordings/calls/{talk.call.pk}").status_code == 200
    assert cast.client("shift_leader").get(f"/recordings/sound/{recording.pk}").status_code == 404


def test_only_the_machine_keeps_recordings(cast: Cast) -> None:
    with pytest.raises(NotPermitted):
        actions.keep(actor=cast.actor("shift_leader"), recording_id=1)
    assert not KeptRecording.objects.exists()


def test_an_agent_pauses_the_recording_and_a_forgotten_pause_ends(cast: Cast) -> None:
    talk = Talk(cast)
    pause_recording(actor=talk.agent, session_id=talk.session.pk)
    pause_recording(actor=talk.agent, session_id=talk.session.pk)
    assert recordings_paused([talk.call.pk]) == {talk.call.pk}
    assert list(Ask.objects.filter(verb="record_pause").values_list("arguments__leg", flat=True)) == [
        talk.call.leg
    ]
    (conversation,) = queries.conversations()
    assert conversation.mute
    resume_recording(actor=talk.agent, session_id=talk.session.pk)
    resume_recording(actor=talk.agent, session_id=talk.session.pk)
    assert recordings_paused([talk.call.pk]) == set()
    assert Ask.objects.filter(verb="record_resume").count() == 1
    assert not queries.conversations()[0].mute
    pause_recording(actor=talk.agent, session_id=talk.session.pk)
    assert resume_forgotten(actor=TELEPHONE) == 0
    with simulated(now() + timedelta(minutes=4)):
        assert resume_forgotten(actor=TELEPHONE) == 1
    assert recordings_paused([talk.call.pk]) == set()
    talk.end()
    with pytest.raises(Refused):
        pause_recording(actor=talk.agent, session_id=talk.session.pk)
