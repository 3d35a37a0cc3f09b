"""Figures against sums done by hand, files as people send them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hotline.language.evaluate import (
    BadFile,
    Example,
    calibration_error,
    category_figures,
    f1_by_class,
    grouped_folds,
    ranking_figures,
    ranks,
    read_labelled,
    read_taxonomy,
)


def test_f1_by_hand() -> None:
    assert f1_by_class(list("aabb"), list("abbb")) == {"a": pytest.approx(2 / 3), "b": pytest.approx(0.8)}


def test_calibration_error_by_hand() -> None:
    right = np.array([True, True, False, False])
    assert calibration_error(right, np.array([0.9, 0.9, 0.9, 0.9])) == pytest.approx(0.4)
    assert calibration_error(right[:0], np.array([])) == 0


def test_figures_by_hand() -> None:
    figures = category_figures(list("abab"), list("abbb"), [0.99, 0.98, 0.4, 0.9])
    assert figures["accuracy"] == 0.75
    assert figures["coverage_at_accuracy"]["0.985"] == 0.75
    assert figures["accuracy_at_coverage"] == {"0.5": 1.0, "0.7": 1.0, "0.9": 0.75}
    assert figures["n"] == 4


def test_the_same_text_is_never_on_both_sides() -> None:
    examples = [
        Example(str(n), "ab"[n % 2], f"t{n}", f"文本，{n // 3}！" if n % 3 else f"文本{n // 3}")
        for n in range(60)
    ]
    folds = grouped_folds(examples, 4)
    assert sorted(np.concatenate(folds).tolist()) == list(range(60))
    for fold in folds:
        assert len({n // 3 for n in fold}) * 3 == len(fold)
    assert [f.tolist() for f in folds] == [f.tolist() for f in grouped_folds(examples, 4)]


def test_ranks_count_equals_against_themselves() -> None:
    places = ranks(np.array([[0.1, 0.9, 0.9], [1, 0, 0]], dtype=np.float32), [1, 0])
    assert places.tolist() == [2, 1]
    assert ranking_figures(places)["mrr"] == 0.75


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_of_every_usual_spelling(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        'ID,Label,Title,Text\n1, 环保 / 噪声 ,题,"多行\n正文"\n2,,x,y\n3,环保,,\n'.encode(encoding)
    )
    assert read_labelled(path) == [Example("1", "环保/噪声", "题", "多行\n正文")]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no column"),
        (b"id,title\n1,x\n", "no column"),
        (b"label,text\n,\n", "no labelled"),
        (b"PK\x03\x04\0\0", "not a text file"),
        (b'label,text\na,"x\n', "line"),
        (b"label,text\na,\x81\x20\xff\n", "neither"),
    ],
)
def test_bad_files_are_told(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(BadFile, match=says):
        read_labelled(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_labelled(tmp_path / "none.csv")
    with pytest.raises(BadFile, match="cannot be read"):
        read_taxonomy(tmp_path / "none.csv")


def test_taxonomy_as_paths(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("一级,二级\n环保,噪声\n环保,\n环保,噪声\n", encoding="utf-8")
    assert read_taxonomy(path) == [("环保", "噪声"), ("环保",)]
