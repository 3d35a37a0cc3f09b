"""Making a category model from labelled texts: one pass over the words, one linear classifier a branching, calibrated on texts
that its classifier had not seen. The same by the same seed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotline.language.category import ABSTAIN_BELOW, CategoryPath, Node, Predictor, softmax
from hotline.language.evaluate import Example, category_figures, grouped_folds
from hotline.language.features import Vocabulary
from hotline.language.registry import RegistryFault

INNER_FOLDS = 5
STRENGTH = 0.2
"""C of the classifiers; 0.1 to 0.5 differ by less than two thousandths of F1."""
LEAST_OF_FIRST, LEAST_OF_DEEPER = 2, 8
"""Texts that a category must have; a rarer one is left to its parent."""
ONLY_FROM = 0.8
"""Share of a category's texts from which its only known child is taken for all of it."""
CALIBRATED_FROM = 60
"""Texts below which a branching takes the general calibration."""
GENERAL_SCALE = 2.0

Say = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and what was learned about it on the way. `quality`: the inner folds' figures; `left_out`: categories too rare."""

    predictor: Predictor
    quality: dict[str, Any]
    left_out: tuple[str, ...]


def train(examples: Sequence[Example], seed: int = 0, say: Say = lambda _text: None) -> Trained:
    """A category model. Raises RegistryFault (not_installed, unusable) with what to do."""
    _require()
    first = Counter(example.path[0] for example in examples)
    known = [example for example in examples if first[example.path[0]] >= LEAST_OF_FIRST]
    left_out = sorted(label for label, count in first.items() if count < LEAST_OF_FIRST)
    if len({example.path[0] for example in known}) < 2:
        raise RegistryFault(
            "unusable", "At least two categories with two texts each are needed to learn from."
        )
    say(f"{len(known)} texts, {len({e.path[0] for e in known})} categories of the first level")
    vocabulary, counted = Vocabulary.learn(known)
    matrix = vocabulary.matrix(counted)
    del counted
    say(f"{vocabulary.size} features")
    nodes: list[Node] = []
    quality: dict[str, Any] = {}
    threshold = 0.0
    waiting: list[tuple[CategoryPath, NDArray[np.int64]]] = [((), np.arange(len(known)))]
    while waiting:
        path, rows = waiting.pop(0)
        depth = len(path)
        least = LEAST_OF_FIRST if depth == 0 else LEAST_OF_DEEPER
        deep = (
            rows if depth == 0 else np.array([r for r in rows if len(known[r].path) > depth], dtype=np.int64)
        )
        counts = Counter(known[r].path[depth] for r in deep)
        children = tuple(sorted(label for label, count in counts.items() if count >= least))
        left_out += ["/".join((*path, label)) for label, count in counts.items() if count < least]
        chosen = np.array([r for r in deep if known[r].path[depth] in children], dtype=np.int64)
        if len(children) >= 2:
            node, truth, sure = _branch(path, children, chosen, known, matrix, seed)
            nodes.append(node)
            if depth == 0:
                quality, threshold = _judge(children, truth, sure)
                say(f"first level, inner folds: macro-F1 {quality['macro_f1']}, accuracy {quality['accuracy']}")
        elif len(chosen) >= ONLY_FROM * len(rows) and children:
            nodes.append(_only(path, children))
        else:
            continue
        for child in children:
            waiting.append(
                (
                    (*path, child),
                    np.array([r for r in chosen if known[r].path[depth] == child], dtype=np.int64),
                )
            )
    meta = {"texts": len(known), "seed": seed, "abstain_below": threshold}
    return Trained(Predictor(vocabulary, nodes, meta), quality, tuple(sorted(left_out)))


def cross_validate(
    examples: Sequence[Example], folds: int, seed: int = 0, say: Say = lambda _text: None
) -> dict[str, Any]:
    """Figures of `category_figures` for the first level, every text judged by a model that did not see it."""
    truth: list[str] = []
    given: list[str] = []
    sure: list[float] = []
    everyone = np.arange(len(examples))
    for number, test in enumerate(grouped_folds(examples, folds, seed), start=1):
        kept = np.setdiff1d(everyone, test)
        predictor = train([examples[i] for i in kept], seed).predictor
        probabilities = predictor.first_level([examples[i] for i in test])
        truth += [examples[i].path[0] for i in test]
        given += [predictor.labels[i] for i in probabilities.argmax(axis=1)]
        sure += probabilities.max(axis=1).tolist()
        say(f"fold {number} of {folds}")
    return category_figures(truth, given, sure)


def _only(path: CategoryPath, children: tuple[str, ...]) -> Node:
    """No branching, a step on the way to the branching below."""
    nothing = np.zeros((1, 1), dtype=np.float32)
    return Node(path, children, nothing, nothing[0], 1.0, nothing[0], np.zeros(1, dtype=np.int32))


def _branch(
    path: CategoryPath,
    children: tuple[str, ...],
    rows: NDArray[np.int64],
    known: Sequence[Example],
    matrix: Any,
    seed: int,
) -> tuple[Node, NDArray[np.int64], NDArray[np.float64]]:
    depth = len(path)
    truth = np.array([children.index(known[r].path[depth]) for r in rows], dtype=np.int64)
    here = matrix[rows]
    columns = None
    if depth:
        columns = np.unique(here.indices).astype(np.int32)
        here = here[:, columns]
    weights, offset = _fit(here, truth, len(children), seed)
    scale, shift = GENERAL_SCALE, np.zeros(len(children), dtype=np.float32)
    held_out = np.empty((len(rows), len(children)))
    folds = INNER_FOLDS if len(rows) >= CALIBRATED_FROM else 0
    if folds:
        for test in grouped_folds([known[r] for r in rows], folds, seed + 1):
            kept = np.setdiff1d(np.arange(len(rows)), test)
            inner, inner_offset = _fit(here[kept], truth[kept], len(children), seed)
            held_out[test] = here[test] @ inner + inner_offset
        scale, shift = calibrate(held_out, truth)
    else:
        held_out = here @ weights + offset
    node = Node(path, children, weights.astype(np.float16).astype(np.float32), offset, scale, shift, columns)
    return node, truth, node.probabilities(held_out)


def _fit(
    matrix: Any, truth: NDArray[np.int64], classes: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One against the rest, squared hinge; a class without a text here is never chosen."""
    from sklearn.svm import LinearSVC

    weights = np.zeros((matrix.shape[1], classes), dtype=np.float32)
    offset = np.full(classes, -3.0, dtype=np.float32)
    present = np.unique(truth)
    if len(present) == 1:
        offset[present] = 1.0
        return weights, offset
    model = LinearSVC(C=STRENGTH, random_state=seed, tol=1e-3).fit(matrix, truth)
    if len(present) == 2:
        weights[:, present[1]], offset[present[1]] = model.coef_[0], model.intercept_[0]
        weights[:, present[0]], offset[present[0]] = -model.coef_[0], -model.intercept_[0]
    else:
        weights[:, present], offset[present] = model.coef_.T, model.intercept_
    return weights, offset


def calibrate(scores: NDArray[np.float64], truth: NDArray[np.int64]) -> tuple[float, NDArray[np.float32]]:
    """Scale and shift that make softmax(scale · scores + shift) likeliest; shifts are held small."""
    from scipy.optimize import minimize

    rows = np.arange(len(truth))
    classes = scores.shape[1]
    wanted = np.zeros_like(scores)
    wanted[rows, truth] = 1

    def loss(given: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, shift = np.exp(given[0]), given[1:]
        shares = softmax(scale * scores + shift)
        slope = (shares - wanted) / len(truth)
        value = -np.log(shares[rows, truth] + 1e-12).mean() + 1e-3 * float(shift @ shift)
        return float(value), np.concatenate(
            [[float((slope * scores).sum() * scale)], slope.sum(axis=0) + 2e-3 * shift]
        )

    start = np.zeros(classes + 1)
    start[0] = np.log(GENERAL_SCALE)
    bounds = [(np.log(0.05), np.log(50.0))] + [(-3.0, 3.0)] * classes
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return float(np.exp(found.x[0])), found.x[1:].astype(np.float32)


def _judge(
    children: tuple[str, ...], truth: NDArray[np.int64], shares: NDArray[np.float64]
) -> tuple[dict[str, Any], float]:
    given, sure = shares.argmax(axis=1), shares.max(axis=1)
    quality = category_figures([children[i] for i in truth], [children[i] for i in given], sure.tolist())
    order = np.argsort(-sure, kind="stable")
    right = (truth == given)[order]
    width = max(20, len(right) // 20)
    window = np.convolve(right, np.ones(width) / width, mode="valid")
    good = np.nonzero(window >= ABSTAIN_BELOW)[0]
    last = int(good[-1]) + width - 1 if len(good) else 0
    if last >= len(order) - 1:
        return quality, 0.0  # even the least sure were right often enough
    return quality, float(sure[order[last]])


def _require() -> None:
    if not all(find_spec(name) for name in ("sklearn", "scipy")):
        raise RegistryFault(
            "not_installed", "Training needs the package scikit-learn: pip install 'xinsheng[language]'."
        )
