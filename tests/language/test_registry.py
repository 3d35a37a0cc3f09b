"""Models by name and hash."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hotline.language.registry import Model, Registry, RegistryFault, packaged


def model(version: str, task: str = "category") -> Model:
    return Model(
        task=task, name="a", version=version, source="file", licence="own", sha256="", made_at="2026-03-01"
    )


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


def test_the_first_is_used_at_once_and_later_ones_when_told(registry: Registry) -> None:
    assert registry.current("category") is None
    registry.add(model("1"), b"one")
    registry.add(model("2"), b"two")
    assert registry.current("category").version == "1"  # type: ignore[union-attr]
    registry.promote("category", "2")
    assert registry.current("category").version == "2"  # type: ignore[union-attr]
    assert registry.rollback("category").version == "1"
    assert registry.current("category").version == "1"  # type: ignore[union-attr]
    with pytest.raises(RegistryFault, match="before"):
        registry.rollback("category")


def test_a_changed_file_is_refused_and_not_promoted(registry: Registry) -> None:
    registry.add(model("1"), b"one")
    kept = registry.add(model("2"), b"two")
    (registry.folder / kept.path).write_bytes(b"other")
    with pytest.raises(RegistryFault, match="not the one") as fault:
        registry.read(kept)
    assert fault.value.code == "wrong_hash"
    with pytest.raises(RegistryFault):
        registry.promote("category", "2")
    assert registry.current("category").version == "1"  # type: ignore[union-attr]


def test_a_missing_file_is_told(registry: Registry) -> None:
    kept = registry.add(model("1"), b"one")
    (registry.folder / kept.path).unlink()
    with pytest.raises(RegistryFault) as fault:
        registry.read(kept)
    assert fault.value.code == "not_found"


def test_a_list_that_leads_out_of_the_folder_is_refused(registry: Registry) -> None:
    registry.add(model("1"), b"one")
    path = registry.folder / "registry.json"
    stored = json.loads(path.read_text())
    stored["models"][0]["path"] = "../../etc/passwd"
    path.write_text(json.dumps(stored))
    with pytest.raises(RegistryFault, match="out of the folder"):
        registry.models()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"models": [{"x": 1}], "in_use": {}}'])
def test_a_broken_list_is_told(registry: Registry, text: str) -> None:
    registry.folder.mkdir()
    (registry.folder / "registry.json").write_text(text)
    with pytest.raises(RegistryFault) as fault:
        registry.models()
    assert fault.value.code == "unusable"


def test_names_that_are_paths_and_doubles_are_refused(registry: Registry) -> None:
    registry.add(model("1"), b"one")
    for bad in ("1", "../x", "", "a/b"):
        with pytest.raises(RegistryFault):
            registry.add(model(bad), b"x")


def test_many_writers_lose_nothing(registry: Registry) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: registry.add(model(f"v{n}"), b"x"), range(12)))
    assert len(registry.models()) == 12


def test_versions_are_numbered_by_day(registry: Registry) -> None:
    day = datetime(2026, 3, 14, tzinfo=UTC)
    assert registry.next_version("category", day) == "20260314-1"
    registry.add(model("20260314-1"), b"x")
    assert registry.next_version("category", day) == "20260314-2"


def test_quality_is_kept_and_the_stamp_moves(registry: Registry) -> None:
    registry.add(model("1"), b"x")
    before = registry.stamp()
    registry.note_quality("category", "1", {"macro_f1": 0.9})
    assert registry.find("category", "1").quality == {"macro_f1": 0.9}
    assert registry.stamp() != before


def test_packaged_models_name_source_licence_and_hash() -> None:
    assert all(one.source and one.licence and len(one.sha256) == 64 for one in packaged())
