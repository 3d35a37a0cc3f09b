"""Which category a message belongs to, from the first level to the leaf, how sure, and which words say so.

A model is one linear classifier per branching of the category tree over `features`, each with its own calibration; a leaf's
probability is the product along its path. Reading needs numpy only and is made for 500 texts a second. Making one:
`training`; without any labelled text: `zeroshot`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hotline.language.features import BLOCKS, Item, Vocabulary
from hotline.language.registry import RegistryFault, pack, unpack

FORMAT = "category/1"
ABSTAIN_BELOW = 0.5
"""Where answers about as sure were right less often than this in training, a model abstains."""
BEAM = 4
"""First-level categories that are followed to their leaves."""

CategoryPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A message to be read."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Guess:
    """A category by its path from the first level, and how probable it is (0..1, calibrated)."""

    path: CategoryPath
    probability: float

    @property
    def label(self) -> str:
        """The path as labelled files write it."""
        return "/".join(self.path)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words that spoke for the answer: [start, end) of the title or text as given, and their share of what spoke for it."""

    of_title: bool
    start: int
    end: int
    share: float


@dataclass(frozen=True, slots=True)
class Answer:
    """`first`: first-level categories, `guesses`: the deepest that the model knows, both the likeliest first. `abstains`: nothing
    is likely enough to be shown as a suggestion by itself."""

    first: tuple[Guess, ...]
    guesses: tuple[Guess, ...]
    abstains: bool
    evidence: tuple[Evidence, ...] = ()


@dataclass(slots=True)
class Node:
    """One branching. `weights`: shape (features, children), for all features or those in `columns`; probability is softmax of
    scale · (row · weights + offset) + shift."""

    path: CategoryPath
    children: tuple[str, ...]
    weights: NDArray[np.float32]
    offset: NDArray[np.float32]
    scale: float
    shift: NDArray[np.float32]
    columns: NDArray[np.int32] | None = None

    def scores(self, where: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What the classifier says before calibration, shape (children,)."""
        if self.columns is not None:
            place = np.searchsorted(self.columns, where)
            place[place == len(self.columns)] = 0
            known = self.columns[place] == where
            where, values = place[known].astype(np.int32), values[known]
        answer: NDArray[np.float32] = values @ self.weights[where] + self.offset
        return answer

    def probabilities(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """Calibrated, over the last axis."""
        return softmax(self.scale * scores.astype(np.float64) + self.shift)


def softmax(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    raised = np.exp(values - values.max(axis=-1, keepdims=True))
    answer: NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
    return answer


class Predictor:
    """A trained model. Safe for threads: nothing in it changes."""

    def __init__(self, vocabulary: Vocabulary, nodes: Sequence[Node], meta: dict[str, Any]) -> None:
        self.vocabulary = vocabulary
        self.nodes = {node.path: node for node in nodes}
        self.meta = meta
        self.root = self.nodes[()]
        self.threshold = float(meta.get("abstain_below", 0.0))

    @property
    def labels(self) -> tuple[str, ...]:
        """First-level categories."""
        return self.root.children

    def first_level(self, items: Sequence[Item]) -> NDArray[np.float64]:
        """Probabilities of `labels`, shape (texts, labels). The fast way for many texts."""
        answer = np.empty((len(items), len(self.labels)))
        for index, item in enumerate(items):
            answer[index] = self.root.scores(*self.vocabulary.read(item))
        return self.root.probabilities(answer)

    def read(self, item: Item, limit: int = 3, evidence: bool = False) -> Answer:
        """All that is known about one text; `evidence` costs about as much again."""
        where, values = self.vocabulary.read(item)
        top = self.root.probabilities(self.root.scores(where, values))
        order = np.argsort(-top, kind="stable")
        leaves: list[Guess] = []
        for index in order[:BEAM]:
            leaves += self._follow((self.labels[index],), float(top[index]), where, values)
        leaves.sort(key=lambda guess: (-guess.probability, guess.path))
        first = tuple(Guess((self.labels[i],), float(top[i])) for i in order[:limit])
        found = self._evidence(item, where, values, int(order[0])) if evidence else ()
        return Answer(first, tuple(leaves[:limit]), first[0].probability < self.threshold, found)

    def _follow(
        self, path: CategoryPath, probability: float, where: NDArray[np.int32], values: NDArray[np.float32]
    ) -> list[Guess]:
        node = self.nodes.get(path)
        if node is None:
            return [Guess(path, probability)]
        shares = node.probabilities(node.scores(where, values))
        return [
            guess
            for child, share in zip(node.children, shares, strict=True)
            for guess in self._follow((*path, child), probability * float(share), where, values)
        ]

    def _evidence(
        self, item: Item, where: NDArray[np.int32], values: NDArray[np.float32], chosen: int, most: int = 6
    ) -> tuple[Evidence, ...]:
        weights = self.root.weights[where]
        others = (weights.sum(axis=1) - weights[:, chosen]) / max(len(self.labels) - 1, 1)
        spoke = values * (weights[:, chosen] - others)
        parts = {True: item.title, False: item.text}
        worth = {side: np.zeros(len(part) + 1) for side, part in parts.items()}
        for index in np.argsort(-spoke, kind="stable")[:60]:
            if spoke[index] <= 0:
                break
            block, name = self.vocabulary.name(int(where[index]))
            spelling = name.replace("_", "") if block.by_words else name
            source = parts[block.of_title].lower()
            if len(spelling) < 2 or len(source) != len(parts[block.of_title]):
                continue
            at = source.find(spelling)
            while at >= 0:
                worth[block.of_title][at : at + len(spelling)] += spoke[index] / len(spelling)
                at = source.find(spelling, at + len(spelling))
        total = sum(float(part.sum()) for part in worth.values())
        found = [
            Evidence(side, start, end, float(part[start:end].sum()) / total)
            for side, part in worth.items()
            for start, end in _runs(part)
        ]
        found.sort(key=lambda one: (-one.share, not one.of_title, one.start))
        return tuple(found[:most])

    def dump(self) -> bytes:
        """The model's file."""
        arrays: dict[str, Any] = {"rarity": self.vocabulary.rarity}
        for number, names in enumerate(self.vocabulary.names):
            arrays[f"names{number}"] = np.frombuffer(
                "\n".join(names).encode("utf-8", "replace"), dtype=np.uint8
            )
        described = []
        for number, node in enumerate(self.nodes.values()):
            described.append(
                {
                    "path": node.path,
                    "children": node.children,
                    "scale": node.scale,
                    "part": node.columns is not None,
                }
            )
            arrays[f"weights{number}"] = node.weights.astype(np.float16)
            arrays[f"offset{number}"], arrays[f"shift{number}"] = node.offset, node.shift
            if node.columns is not None:
                arrays[f"columns{number}"] = node.columns
        meta = {**self.meta, "format": FORMAT, "blocks": len(BLOCKS), "nodes": described}
        return pack(meta, arrays)

    @classmethod
    def load(cls, data: bytes) -> Predictor:
        """From `dump`. Raises RegistryFault (broken)."""
        meta, arrays = unpack(data)
        try:
            if meta.pop("format") != FORMAT or meta.pop("blocks") != len(BLOCKS):
                raise ValueError("made by another release; train again")
            vocabulary = Vocabulary(
                [_lines(arrays[f"names{number}"]) for number in range(len(BLOCKS))],
                arrays["rarity"].astype(np.float32),
            )
            nodes = []
            for number, entry in enumerate(meta.pop("nodes")):
                columns = arrays[f"columns{number}"].astype(np.int32) if entry["part"] else None
                weights = arrays[f"weights{number}"].astype(np.float32)
                children = tuple(str(child) for child in entry["children"])
                rows = vocabulary.size if columns is None else len(columns)
                if weights.shape != (rows, len(children)) or len(vocabulary.rarity) != vocabulary.size:
                    raise ValueError("its parts do not fit together")
                nodes.append(
                    Node(
                        tuple(entry["path"]),
                        children,
                        weights,
                        arrays[f"offset{number}"].astype(np.float32),
                        float(entry["scale"]),
                        arrays[f"shift{number}"].astype(np.float32),
                        columns,
                    )
                )
            return cls(vocabulary, nodes, meta)
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise RegistryFault("broken", f"The category model cannot be used: {error}") from None


def _lines(data: NDArray[np.uint8]) -> list[str]:
    text = data.tobytes().decode("utf-8")
    return text.split("\n") if text else []


def _runs(worth: NDArray[np.float64]) -> list[tuple[int, int]]:
    """[start, end) of what is above nothing."""
    found = []
    start = None
    for index, value in enumerate(worth):
        if value > 0 and start is None:
            start = index
        elif value <= 0 and start is not None:
            found.append((start, index))
            start = None
    return found
