"""Tokens and topics of the live stream."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.kit import livetopics
from hotline.kit.actor import Actor, ActorKind, Grant
from hotline.kit.livetoken import BadToken, read, sign

NOW = datetime(2026, 11, 22, 6, tzinfo=UTC)
KEY = "a secret of sufficient length....."


@given(st.frozensets(st.text(max_size=30)), st.text(max_size=20))
def test_round_trip(topics: frozenset[str], subject: str) -> None:
    if any("\ud800" <= char <= "\udfff" for text in [*topics, subject] for char in text):
        return
    token = read(sign(topics, subject, NOW + timedelta(minutes=1), KEY, "s"), KEY, NOW)
    assert (token.topics, token.subject, token.session) == (topics, subject, "s")
    assert token.expires_at == NOW + timedelta(minutes=1)


def test_ends_at_its_second() -> None:
    token = sign(["pool"], "staff:1", NOW, KEY)
    assert read(token, KEY, NOW - timedelta(microseconds=1))
    with pytest.raises(BadToken, match="expired"):
        read(token, KEY, NOW)


def test_other_key_and_every_changed_character_are_refused() -> None:
    token = sign(["pool"], "staff:1", NOW + timedelta(hours=1), KEY)
    with pytest.raises(BadToken, match="signature"):
        read(token, KEY + "x", NOW)
    for place, char in enumerate(token[:-1]):  # the last character carries spare bits
        with pytest.raises(BadToken):
            read(token[:place] + ("A" if char != "A" else "B") + token[place + 1 :], KEY, NOW)


@given(st.text(max_size=80))
def test_noise_is_refused_and_never_an_exception_of_another_kind(text: str) -> None:
    with pytest.raises(BadToken):
        read(text, KEY, NOW)


STAFF = Actor(ActorKind.STAFF, 7, "李敏", grants=(Grant("handler", 5, "/1/5/"),))
CITIZEN = Actor(ActorKind.CITIZEN, 7, "")


@pytest.mark.parametrize(
    ("actor", "topic", "heard"),
    [
        (STAFF, "pool", True),
        (STAFF, "pool:1", False),
        (STAFF, "person:7", True),
        (STAFF, "person:8", False),
        (STAFF, "unit:5", True),
        (STAFF, "unit:6", False),
        (STAFF, "unit:x", False),
        (STAFF, "unknown:1", False),
        (CITIZEN, "pool", False),
        (CITIZEN, "person:7", False),
    ],
)
def test_topics(monkeypatch: pytest.MonkeyPatch, actor: Actor, topic: str, heard: bool) -> None:
    own = {"person": livetopics._own_person, "unit": livetopics._own_unit, "pool": livetopics._staff}
    monkeypatch.setattr(livetopics, "_rules", own)  # packages replace some of them
    assert livetopics.allowed(actor, [topic, topic]) == ([topic] if heard else [])


def test_topics_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(livetopics, "_rules", {})
    livetopics.register("many", lambda actor, rest: True)
    assert len(livetopics.allowed(STAFF, [f"many:{number}" for number in range(500)])) == livetopics.MOST
