"""A language model's server that answers, and one that does not: nothing raises, nothing waits past its time."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import pytest

from hotline.language.completion import Completion, Failed, Server, complete
from tests.language.writer_double import Double, serving

ASKED = [{"role": "user", "content": "路灯不亮"}]


@pytest.fixture
def double() -> Iterator[Double]:
    with serving() as made:
        yield made


def ask(double: Double, timeout: float = 20.0, key: str = "") -> Completion | Failed:
    return complete(Server(double.url, "small", key, timeout), ASKED)


def test_an_answer_with_its_tokens(double: Double) -> None:
    double.text = "好"
    found = ask(double, key="secret-token")
    assert isinstance(found, Completion)
    assert (found.text, found.tokens) == ("好", 123)
    assert double.paths == ["/v1/chat/completions"]
    assert double.headers[0]["Authorization"] == "Bearer secret-token"
    sent = json.loads(double.asked[0])
    assert sent["model"] == "small"
    assert sent["messages"] == ASKED
    assert "Authorization" not in (ask(double), double.headers[1])[1]


@pytest.mark.parametrize(
    "usage",
    [None, {}, {"total_tokens": -1}, {"total_tokens": True}, {"total_tokens": "9"}, {"total_tokens": 10**12}],
)
def test_tokens_that_nobody_counted_are_guessed(double: Double, usage: object) -> None:
    double.text, double.usage = "好", usage
    found = ask(double)
    assert isinstance(found, Completion)
    assert found.tokens == len("路灯不亮") + 1


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("error", "status_500"), ("moved", "status_302"), ("html", "no_sense"), ("wrong", "no_sense"), ("empty", "no_sense"),
        ("deep", "no_sense"), ("cut", "cut"), ("gone", "cut"), ("endless", "too_long"),
    ],
)  # fmt: skip
def test_whatever_comes_is_told_by_a_code(double: Double, behaviour: str, code: str) -> None:
    double.behave = behaviour
    found = ask(double)
    assert isinstance(found, Failed)
    assert found.code == code
    assert len(double.asked) == 1


def test_one_that_never_answers_is_left(double: Double) -> None:
    double.behave = "silent"
    found = ask(double, timeout=0.2)
    assert isinstance(found, Failed)
    assert found.code == "slow"


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
    found = complete(Server(address, "small"), ASKED)
    assert isinstance(found, Failed)
    assert found.code == "not_reached"
