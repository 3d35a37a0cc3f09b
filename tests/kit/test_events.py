"""Events reach their jobs; names that nobody declared stop at once."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.kit import events


class Recorder:
    name = "tests.recorder"

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def defer(self, **kwargs: Any) -> int:
        self.seen.append(kwargs)
        return len(self.seen)


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_subscribers", {})
    monkeypatch.setattr(events, "KNOWN", {})


@pytest.mark.usefixtures("clean")
def test_each_subscriber_hears_once() -> None:
    task = Recorder()
    name = events.declare("lamp.lit", "a lamp was lit")
    events.subscribe(name, task)
    events.subscribe(name, task)
    events.emit(name, lamp_id=3)
    assert task.seen == [{"lamp_id": 3}]
    assert events.subscribers() == {"lamp.lit": ["tests.recorder"]}


@pytest.mark.usefixtures("clean")
def test_unknown_names_are_refused() -> None:
    with pytest.raises(LookupError, match=r"lamp\.out"):
        events.emit("lamp.out")
    with pytest.raises(LookupError, match="not declared"):
        events.subscribe("lamp.out", Recorder())
