"""Labelled files, folds and figures: how good a model is, told the same way everywhere."""

from __future__ import annotations

import csv
import hashlib
import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BINS = 15
COVERAGES = (0.5, 0.7, 0.9)
ACCURACIES = (0.95, 0.97, 0.985, 0.99)
MAX_FIELD = 2_000_000
"""Characters of one cell; a longer one is a broken file."""


class BadFile(Exception):
    """The file is not a table of labelled texts; the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text. `label`: a category's code or its path from the first level, parts separated by /."""

    id: str
    label: str
    title: str
    text: str

    @property
    def path(self) -> tuple[str, ...]:
        """The label's parts, the first level first."""
        return split_label(self.label)


def split_label(label: str) -> tuple[str, ...]:
    """「城乡建设/城乡规划/违章建筑」 → its three parts. Blank parts vanish."""
    return tuple(part for part in (piece.strip() for piece in label.split("/")) if part)


def read_labelled(path: Path, limit: int = 1_000_000) -> list[Example]:
    """A CSV with the columns label, text and, where there are any, id and title; UTF-8 or GB18030. Rows without label or
    words are left out. Raises BadFile."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from None
    if b"\0" in raw:
        raise BadFile(f"{path} is not a text file; save it as CSV (UTF-8).")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise BadFile(f"{path} is neither UTF-8 nor GB18030; save it as CSV (UTF-8).") from None
    before = csv.field_size_limit(MAX_FIELD)
    try:
        rows = csv.DictReader(text.splitlines(keepends=True), strict=True)
        columns = [(name or "").strip().lower() for name in rows.fieldnames or []]
        if missing := {"label", "text"} - set(columns):
            raise BadFile(
                f"{path} has no column {' and '.join(sorted(missing))}; it needs label and text, id and title may follow."
            )
        rows.fieldnames = columns
        found = []
        for number, row in enumerate(islice(rows, limit), start=1):
            example = Example(
                (row.get("id") or str(number)).strip(),
                "/".join(split_label(row.get("label") or "")),
                (row.get("title") or "").strip(),
                (row.get("text") or "").strip(),
            )
            if example.label and (example.title or example.text):
                found.append(example)
    except csv.Error as error:
        raise BadFile(f"{path}, line {rows.line_num}: {error}.") from None
    finally:
        csv.field_size_limit(before)
    if not found:
        raise BadFile(f"{path} holds no labelled text.")
    return found


def read_taxonomy(path: Path) -> list[tuple[str, ...]]:
    """The categories' names, a column a level, the first level first; the first row names the columns. Raises BadFile."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"{path} cannot be read: {error}.") from None
    paths = [tuple(cell.strip() for cell in row if cell.strip()) for row in rows[1:]]
    return list(dict.fromkeys(path for path in paths if path))


def group_of(example: Example) -> str:
    """The same for texts that differ in signs, width and spaces only."""
    return hashlib.sha256(
        re.sub(r"\W+", "", example.text or example.title).lower().encode("utf-8", "replace")
    ).hexdigest()


def grouped_folds(examples: Sequence[Example], count: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """Test indices of `count` folds: the same text never in two, labels spread evenly, the same by the same seed."""
    by_group: dict[str, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        by_group[group_of(example)].append(index)
    by_label: dict[str, list[list[int]]] = defaultdict(list)
    for members in by_group.values():
        by_label[examples[members[0]].label].append(members)
    shuffled = random.Random(seed)
    folds: list[list[int]] = [[] for _ in range(count)]
    turn = 0
    for label in sorted(by_label):
        groups = by_label[label]
        shuffled.shuffle(groups)
        for members in groups:
            folds[turn % count].extend(members)
            turn += 1
    return [np.array(sorted(fold), dtype=np.int64) for fold in folds]


def f1_by_class(truth: Sequence[str], given: Sequence[str]) -> dict[str, float]:
    """F1 of every label that occurs in the truth."""
    answer = {}
    for label in sorted(set(truth)):
        hit = sum(a == b == label for a, b in zip(truth, given, strict=True))
        wanted, said = sum(a == label for a in truth), sum(b == label for b in given)
        answer[label] = 2 * hit / (wanted + said) if wanted + said else 0.0
    return answer


def calibration_error(right: NDArray[np.bool_], sure: NDArray[np.float64], bins: int = BINS) -> float:
    """Expected calibration error of the first answer: |accuracy - confidence| over bins of equal width, weighed by size."""
    if not len(right):
        return 0.0
    place = np.minimum((sure * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        here = place == number
        if here.any():
            error += float(here.mean() * abs(right[here].mean() - sure[here].mean()))
    return error


def category_figures(truth: Sequence[str], given: Sequence[str], sure: Sequence[float]) -> dict[str, Any]:
    """accuracy, macro_f1, per_class_f1, calibration_error, coverage_at_accuracy {"0.985": share of the surest that reach it},
    accuracy_at_coverage {"0.7": accuracy of the surest 70%}, n."""
    right = np.array([a == b for a, b in zip(truth, given, strict=True)], dtype=bool)
    certainty = np.array(sure, dtype=np.float64)
    order = np.argsort(-certainty, kind="stable")
    running = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    per_class = f1_by_class(truth, given)
    coverage = {}
    for wanted in ACCURACIES:
        good = np.nonzero(running >= wanted)[0]
        coverage[str(wanted)] = round(float((good[-1] + 1) / len(right)), 4) if len(good) else 0.0
    return {
        "accuracy": round(float(right.mean()), 4),
        "macro_f1": round(float(np.mean(list(per_class.values()))), 4),
        "per_class_f1": {label: round(value, 4) for label, value in per_class.items()},
        "calibration_error": round(calibration_error(right, certainty), 4),
        "coverage_at_accuracy": coverage,
        "accuracy_at_coverage": {
            str(share): round(float(running[max(1, round(share * len(right))) - 1]), 4) for share in COVERAGES
        },
        "n": len(right),
    }


class Reader(Protocol):
    """A category model, as far as it is measured here."""

    def read(self, item: Any, limit: int = 1) -> Any: ...


def leaf_accuracy(model: Reader, examples: Sequence[Example]) -> float:
    """Share of texts whose whole path is the model's first guess."""
    right = sum(bool(model.read(example, 1).guesses[0].path == example.path) for example in examples)
    return round(right / len(examples), 4)


def ranks(scores: NDArray[np.float32], wanted: Sequence[int]) -> NDArray[np.int64]:
    """Place (1 = first) of the wanted column in every row; equal scores count against it."""
    rows = np.arange(len(scores))
    own = scores[rows, np.asarray(wanted)]
    places: NDArray[np.int64] = (scores >= own[:, None]).sum(axis=1).astype(np.int64)
    return places


def ranking_figures(places: NDArray[np.int64], at: Sequence[int] = (1, 3, 10)) -> Mapping[str, float]:
    """mrr and recall@k of places as `ranks` gives them."""
    return {"mrr": round(float((1 / places).mean()), 4)} | {
        f"recall@{k}": round(float((places <= k).mean()), 4) for k in at
    }
