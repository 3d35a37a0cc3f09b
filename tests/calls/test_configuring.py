"""Lines, lanes and announcements as a city sets them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from hotline.calls import actions
from hotline.calls.models import Lane, Line, PersonSkill
from hotline.kit.errors import NotPermitted
from tests.accounts.cast import Cast

PACK = Path(__file__).resolve().parents[2] / "hotline" / "demo" / "packs" / "county" / "telephony"

pytestmark = pytest.mark.django_db


def test_a_folder_is_loaded_and_loaded_again(cast: Cast):
    assert cast.agent.username == "agent"
    for _ in range(2):
        counts = actions.load_telephony(actor=cast.actor("admin"), folder=PACK)
        assert counts == {"skills": 2, "lanes": 2, "lines": 1, "pauses": 1, "staff": 2, "contacts": 4}
    assert Line.objects.get().lane == Lane.objects.get(code="general")
    assert {row.person for row in PersonSkill.objects.all()} == {cast.agent}
    with pytest.raises(NotPermitted):
        actions.load_telephony(actor=cast.actor("shift_leader"), folder=PACK)


def test_every_mistake_of_a_folder_is_told_and_nothing_is_written(cast: Cast, tmp_path: Path):
    folder = shutil.copytree(PACK, tmp_path / "telephony")
    (folder / "pauses.csv").unlink()
    with (folder / "lanes.csv").open("a") as stream:
        stream.write("general,again,general,dancing,1,0,20,nowhere,,60,20,60\n")
        stream.write("bad,bad,palace,general,9,0,20,,,60,20,60\n")
    with (folder / "lines.csv").open("a") as stream:
        stream.write("12399,12399,x,full,general,greeting.wav,1,,,,120,true\n")
    with pytest.raises(actions.TelephonyFaults) as caught:
        actions.load_telephony(actor=cast.actor("admin"), folder=folder)
    told = {str(fault) for fault in caught.value.faults}
    assert {
        "pauses.csv: the file is missing",
        "lanes.csv:4: skill dancing is unknown",
        "lanes.csv:4: lane nowhere is unknown",
        "lanes.csv:4: overflow_to and overflow_seconds go together",
        "lanes.csv:4: general stands more than once",
        "lines.csv:3: choice_key and choice_lane go together",
        "lines.csv: exactly one line is the fallback",
        "staff.csv:2: person agent is unknown",
    } <= told
    assert any(one.startswith("lanes.csv:5: kind") for one in told)
    assert not Lane.objects.exists()


def test_a_line_has_one_choice_at_most_and_never_0(cast: Cast):
    assert cast.agent
    actions.load_telephony(actor=cast.actor("admin"), folder=PACK)
    lane = Lane.objects.get(code="general")
    for key, to in (("0", lane), ("1", None), ("", lane)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Line.objects.update(choice_key=key, choice_lane=to)
