"""Categories where nothing was labelled yet: by their names alone.

Names are matched by words and pairs of characters, by meaning where there is an embedder; the surest guesses then teach an
ordinary category model the words that come with them (self-training), so the names are needed once and the model is fast.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hotline.language.category import CategoryPath
from hotline.language.embedding import Embedder
from hotline.language.evaluate import Example
from hotline.language.features import HEAD, TITLE, Item, level, split
from hotline.language.training import Say, Trained, train

TITLE_WORTH, TEXT_WORTH = 3.0, 1.0
HOLLOW = frozenset(("其他", "其它", "管理", "工作", "问题", "建设", "服务", "政策", "制度", "行政", "情况"))
"""Words of category names that say nothing about a message."""
LEAVES = 3
"""A first-level category counts by its best so many leaves."""
TEACHERS = 0.5
"""Share of every category's guesses, the surest first, that teach."""
ROUNDS = 2


class Names:
    """The categories' names, ready to be compared. `paths`: leaves (or whatever is deepest) from the first level."""

    def __init__(self, paths: Sequence[CategoryPath]) -> None:
        self.paths = [path for path in dict.fromkeys(paths) if path]
        self.first = sorted({path[0] for path in self.paths})
        self._owner = np.array([self.first.index(path[0]) for path in self.paths])
        spelled = [_spelling(path) for path in self.paths]
        holding = Counter(term for terms in spelled for term in terms)
        total = len(self.paths)
        self._leaves: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, terms in enumerate(spelled):
            weights = {
                term: worth * (math.log((total + 1) / holding[term]) + 0.3) for term, worth in terms.items()
            }
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
            for term, weight in weights.items():
                self._leaves[term].append((number, weight / (0.5 + 0.5 * length)))
        self._longest = max((len(term) for term in self._leaves), default=0)

    def by_words(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """How well the words of names are found in texts, shape (texts, first-level categories)."""
        answer = np.zeros((len(items), len(self.paths)))
        for row, item in enumerate(items):
            found: Counter[str] = Counter()
            for text, worth in (
                (level(item.title, TITLE), TITLE_WORTH),
                (level(item.text, HEAD), TEXT_WORTH),
            ):
                counts = Counter([*split(text), *(text[i : i + 2] + "~" for i in range(len(text) - 1))])
                for term, count in counts.items():
                    if term in self._leaves:
                        found[term] += worth * (1 + math.log(count))  # type: ignore[assignment]
            for term, worth in found.items():
                for number, weight in self._leaves[term]:
                    answer[row, number] += worth * weight
        return self._first(answer)

    def by_meaning(self, items: Sequence[Item], embedder: Embedder) -> NDArray[np.float64]:
        """Cosine of titles (or beginnings) and names, in the same shape."""
        leaves = embedder.passages(["，".join(path) for path in self.paths])
        texts = embedder.queries([item.title.strip() or item.text[:60] for item in items])
        return self._first((texts @ leaves.T).astype(np.float64))

    def _first(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        answer = np.zeros((len(scores), len(self.first)))
        for number in range(len(self.first)):
            own = np.sort(scores[:, self._owner == number], axis=1)[:, -LEAVES:]
            answer[:, number] = own.mean(axis=1)
        return answer


def _spelling(path: CategoryPath) -> dict[str, float]:
    """Words and pairs (marked ~) of a path's names with their worth; the leaf says more than the branch."""
    found: dict[str, float] = {}
    for depth, name in enumerate(path):
        text = level(name, TITLE)
        worth = 1.0 if depth else 0.7
        for word in split(text):
            if word not in HOLLOW and len(word) > 1:
                found[word] = max(found.get(word, 0), worth)
        for start in range(len(text) - 1):
            if text[start : start + 2] not in HOLLOW:
                found[text[start : start + 2] + "~"] = max(
                    found.get(text[start : start + 2] + "~", 0), 0.5 * worth
                )
    return found


def guess(names: Names, items: Sequence[Item], embedder: Embedder | None = None) -> NDArray[np.float64]:
    """Scores of first-level categories from names alone, shape (texts, categories)."""
    scores = names.by_words(items)
    if embedder is not None:
        scores = scores / (scores.std() + 1e-9) + _level_columns(names.by_meaning(items, embedder))
    return scores


def teach(
    paths: Sequence[CategoryPath],
    items: Sequence[Item],
    embedder: Embedder | None = None,
    *,
    seed: int = 0,
    say: Say = lambda _text: None,
) -> Trained:
    """A category model of the first level from names and unlabelled texts. Raises RegistryFault as `training.train`."""
    names = Names(paths)
    scores = guess(names, items, embedder)
    trained: Trained | None = None
    for number in range(ROUNDS):
        chosen = _surest(scores)
        say(f"round {number + 1}: {len(chosen)} of {len(items)} texts teach")
        examples = [
            Example(str(row), names.first[label], items[row].title, items[row].text) for row, label in chosen
        ]
        trained = train(examples, seed)
        shares = trained.predictor.first_level(items)
        scores = np.full((len(items), len(names.first)), 1e-9)
        for column, label in enumerate(trained.predictor.labels):
            scores[:, names.first.index(label)] = shares[:, column]
    assert trained is not None
    return trained


def _surest(scores: NDArray[np.float64]) -> list[tuple[int, int]]:
    ordered = np.sort(scores, axis=1)
    margin = ordered[:, -1] - ordered[:, -2] if scores.shape[1] > 1 else ordered[:, -1]
    best = scores.argmax(axis=1)
    chosen: list[tuple[int, int]] = []
    for label in range(scores.shape[1]):
        rows = np.nonzero(best == label)[0]
        rows = rows[np.argsort(-margin[rows], kind="stable")]
        chosen += [(int(row), label) for row in rows[: max(2, round(TEACHERS * len(rows)))]]
    return sorted(chosen)


def _level_columns(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    answer: NDArray[np.float64] = (scores - scores.mean(axis=0)) / (scores.std(axis=0) + 1e-9)
    return answer
