"""Envelopes and their moments, photos that look alike, the steps of a task: tables, no database."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageEnhance

from hotline.frontline.rules import BadEnvelope, Envelope, place_of, read_envelope, times_of
from hotline.workorders.rules.onsite import Step, Walk, next_step, photos_wanted, steps_of
from hotline.workorders.rules.photos import ALIKE, SIDE, bands_of, differing, fingerprint, metres, signed

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "client_id": str(uuid.uuid4()), "device": str(uuid.uuid4()), "verb": "sign", "assignment": 3, "revision": 2,
    "at": "2026-03-02T10:00:00+08:00", "sent_at": "2026-03-02T10:00:00+08:00", "offset": None, "data": {},
}  # fmt: skip


def envelope(at: datetime, sent: datetime, offset: float | None = None) -> Envelope:
    return read_envelope({**GOOD, "at": at.isoformat(), "sent_at": sent.isoformat(), "offset": offset})


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        ("client_id", "7"), ("device", None), ("verb", "dispatch"), ("verb", None), ("assignment", "3"), ("assignment", 0),
        ("revision", -1), ("revision", "x"), ("at", "yesterday"), ("at", "2026-03-02T10:00:00"), ("sent_at", "0001-01-01T00:00:00+14:00"),
        ("offset", "1"), ("offset", 1e12), ("data", []), ("assignment", 2**70),
    ],
)  # fmt: skip
def test_a_bad_envelope_names_its_field(field: str, bad: Any) -> None:
    with pytest.raises(BadEnvelope) as error:
        read_envelope({**GOOD, field: bad})
    assert str(error.value) == field


def test_a_body_that_is_no_object_is_refused() -> None:
    with pytest.raises(BadEnvelope):
        read_envelope([1])


def test_the_same_act_with_a_newer_revision_is_the_same_act() -> None:
    one = read_envelope(GOOD)
    assert one.digest() == read_envelope({**GOOD, "revision": 9}).digest()
    assert one.digest() != read_envelope({**GOOD, "data": {"text": "x"}}).digest()


def test_a_clock_that_is_a_day_wrong_is_set_right() -> None:
    day = timedelta(days=1)
    found = times_of(envelope(NOW - day - timedelta(hours=2), NOW - day), NOW)
    assert found.true_at == NOW - timedelta(hours=2)
    assert found.device_at == NOW - day - timedelta(hours=2)
    assert not found.doubtful


def test_a_clock_that_was_moved_in_between_is_told() -> None:
    # A day behind when it was done, right when it was sent.
    found = times_of(envelope(NOW - timedelta(days=1, hours=2), NOW, offset=86_400), NOW)
    assert found.true_at == NOW - timedelta(hours=2)
    assert found.doubtful
    assert not times_of(envelope(NOW - timedelta(hours=2), NOW, offset=30), NOW).doubtful


def test_no_act_lies_in_the_future_or_a_year_back() -> None:
    later = times_of(envelope(NOW + timedelta(hours=5), NOW), NOW)
    assert later.true_at == NOW
    assert later.doubtful
    old = times_of(envelope(NOW - timedelta(days=400), NOW), NOW)
    assert old.true_at == NOW - timedelta(days=30)
    assert old.doubtful


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"latitude": 31.2, "longitude": 121.5, "accuracy": 9}, {"latitude": 31.2, "longitude": 121.5, "accuracy": 9.0}),
        ({"latitude": 91, "longitude": 121.5}, {}),
        ({"latitude": "31", "longitude": 121.5}, {}),
        ({"latitude": float("nan"), "longitude": 1}, {}),
        ({"latitude": True, "longitude": 1}, {}),
        ({"latitude": 31.2}, {}),
    ],
)
def test_places_are_on_the_earth(data: dict[str, Any], found: dict[str, float]) -> None:
    assert place_of(data) == found


# ── photos ──


def scene(seed: int) -> Image.Image:
    drawn = random.Random(seed)
    image = Image.new("RGB", (640, 480), tuple(drawn.randrange(256) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y = drawn.randrange(640), drawn.randrange(480)
        draw.ellipse((x, y, x + drawn.randrange(40, 260), y + drawn.randrange(40, 260)), fill=tuple(drawn.randrange(256) for _ in range(3)))
    return image


def look(image: Image.Image) -> int:
    found = fingerprint(list(image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS).tobytes()))
    assert found is not None
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_same_picture_smaller_brighter_and_pressed_still_looks_the_same(seed: int, tmp_path: Any) -> None:
    first = scene(seed)
    path = tmp_path / "again.jpg"
    ImageEnhance.Brightness(first.resize((300, 225))).enhance(1.12).save(path, quality=45)
    with Image.open(path) as again:
        assert differing(look(first), look(again)) <= ALIKE


def test_other_pictures_look_otherwise() -> None:
    looks = [look(scene(seed)) for seed in range(100, 140)]
    apart = [differing(a, b) for place, a in enumerate(looks) for b in looks[:place]]
    assert min(apart) > ALIKE
    assert 24 < sum(apart) / len(apart) < 40


def test_black_looks_like_nothing() -> None:
    assert fingerprint([0] * SIDE * SIDE) is None
    assert fingerprint([200] * SIDE * SIDE) is None


def test_what_differs_little_shares_a_band() -> None:
    drawn = random.Random(7)
    for _ in range(400):
        bits = drawn.getrandbits(64)
        other = bits
        for place in drawn.sample(range(64), ALIKE):
            other ^= 1 << place
        assert set(bands_of(bits)) & set(bands_of(other))


def test_signed_fits_a_bigint_and_keeps_its_bits() -> None:
    assert signed(2**64 - 1) == -1
    assert signed(5) == 5
    assert differing(signed(2**64 - 1), 2**64 - 1) == 0


def test_metres_between_places() -> None:
    assert metres(31.2304, 121.4737, 31.2304, 121.4737) == 0
    assert metres(31.0, 121.0, 32.0, 121.0) == pytest.approx(111_195, rel=0.002)


# ── steps ──


def test_the_way_of_a_complaint() -> None:
    wanted = photos_wanted("complaint", "01.02", {"01": "both"})
    walk = Walk("in_progress", contacted=True, arrived=True, photos=frozenset({"before"}))
    steps = steps_of("complaint", walk, wanted)
    assert [str(step) for step, _done in steps] == ["sign", "contact", "arrive", "before", "after", "finish"]
    assert next_step(steps, "in_progress") == Step.AFTER
    assert next_step(steps, "sent_down") is None


def test_a_question_needs_no_way_and_no_photo() -> None:
    steps = steps_of("consultation", Walk("pending_sign"), photos_wanted("consultation", "01", {}))
    assert [str(step) for step, _done in steps] == ["sign", "contact", "finish"]
    assert next_step(steps, "pending_sign") == Step.SIGN


def test_who_helps_goes_there_and_answers() -> None:
    steps = steps_of("complaint", Walk("in_progress", "assistant"), photos_wanted("complaint", "", {}))
    assert [str(step) for step, _done in steps] == ["sign", "arrive", "opinion"]


@pytest.mark.parametrize(
    ("code", "found"),
    [("01.02.03", ["before", "after"]), ("01.05", ["after"]), ("02.01", []), ("09", ["after"]), ("03", ["after"])],
)
def test_the_longest_beginning_of_a_code_says_which_photos(code: str, found: list[str]) -> None:
    table = {"01": "after", "01.02": "both", "02": "none", "03": "nonsense"}
    assert [str(step) for step in photos_wanted("help", code, table)] == found
