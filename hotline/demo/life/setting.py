"""Where an order plays and what it is about: moment, place, category, words, and the fate that was drawn for it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

from hotline.demo.life.rows import DAY_SECONDS, EAST_8, local_day, moment_of
from hotline.demo.life.world import World
from hotline.demo.phrases import Book, Leaf, Spot, Telling
from hotline.demo.rhythm import Timetable

T = TypeVar("T")
RECENT_DAYS = 10
FRESH_ORDERS, FRESH_SPAN = 54, timedelta(minutes=150)
"""So many orders came in just now, whatever the hour: a pool with nothing in it shows nothing."""

TOPIC_WIDTH = 2500
DUPLICATE_EVERY = 40
DUPLICATE_AT = 7
SOONEST_MERGE, QUIET = 12 * 3600, 20 * DAY_SECONDS

_FATES = (
    ("normal", 0.945),
    ("direct", 0.025),
    ("withdrawn", 0.013),
    ("unreasonable", 0.005),
    ("hold_expired", 0.002),
    ("automatic", 0.010),
)
_FATE_NAMES = tuple(name for name, _share in _FATES)
_FATE_WEIGHTS = list(accumulate(share for _name, share in _FATES))

# Stage that an open order stands at, by its age in hours: (until, (stage, weight)…).
_STAGES: tuple[tuple[float, tuple[tuple[str, float], ...]], ...] = (
    (2.5, (("pending_review", 3), ("pending_dispatch", 9), ("pending_sign", 5), ("signed", 1))),
    (
        8,
        (
            ("pending_review", 0.3),
            ("pending_dispatch", 0.8),
            ("pending_sign", 4),
            ("signed", 2),
            ("contacted", 2),
            ("pending_supplement", 0.3),
            ("return_review", 0.4),
        ),
    ),
    (
        30,
        (
            ("pending_sign", 2),
            ("signed", 2),
            ("contacted", 3),
            ("sent_down", 1),
            ("return_review", 0.4),
            ("arbitration", 0.15),
            ("close_review", 1.2),
            ("pending_follow_up", 1.4),
            ("pending_supplement", 0.2),
            ("extension_review", 0.2),
            ("pending_dispatch", 0.06),
        ),
    ),
    (
        120,
        (
            ("pending_sign", 0.08),
            ("signed", 0.15),
            ("contacted", 4),
            ("sent_down", 1.6),
            ("extension_review", 0.7),
            ("close_review", 0.4),
            ("pending_follow_up", 1.2),
            ("on_hold", 0.5),
            ("hold_review", 0.2),
            ("return_review", 0.06),
            ("arbitration", 0.04),
            ("redo", 0.2),
        ),
    ),
    (
        192,
        (
            ("contacted", 1),
            ("sent_down", 0.3),
            ("pending_follow_up", 0.4),
            ("extension_review", 0.3),
            ("on_hold", 1.4),
            ("redo", 0.4),
        ),
    ),
    (
        1e9,
        (
            ("contacted", 0.4),
            ("pending_follow_up", 0.3),
            ("extension_review", 0.1),
            ("on_hold", 2.4),
            ("redo", 0.4),
        ),
    ),
)


@dataclass(slots=True)
class Setting:
    """The beginning of one order. `stage`: where an open order stands now; empty for one that has ended."""

    index: int
    at: int
    rng: Random
    fate: str
    stage: str
    spot: Spot
    leaf: Leaf
    telling: Telling
    channel: str
    main: int | None = None
    focused: bool = False


class Settings:
    """Makes settings by number. `open_from` is the first number that may be open."""

    def __init__(self, world: World, book: Book) -> None:
        self.world, self.book, self.now = world, book, int(moment_of(world.now))
        total = world.orders
        self.window = min(total, 2 * world.open_orders)
        days = max(1.0, (world.now - world.begin).total_seconds() / 86400)
        natural = int(total * min(1.0, RECENT_DAYS / days))
        self.timetable = Timetable(
            book.rhythm,
            world.begin,
            world.now,
            total,
            world.seed,
            recent=max(self.window, natural),
            recent_days=RECENT_DAYS,
            fresh=min(FRESH_ORDERS, world.open_orders // 5),
            fresh_span=FRESH_SPAN,
        )
        self.channels = [str(name) for name in book.rhythm["channels"]]
        self.channel_weights = list(accumulate(float(weight) for weight in book.rhythm["channels"].values()))
        focus = book.rhythm.get("focus") or {}
        self._focus = (
            [spot for spot in world.spots if spot.code.startswith(str(focus["area"]))] if focus else [],
            [leaf for leaf in world.leaves if leaf.code.startswith(tuple(focus["categories"]))]
            if focus
            else [],
            float(focus.get("share", 0)),
        )
        self._stormy: dict[str, list[float]] = {}
        self._calm: set[int] = set()
        self._topics: dict[int, tuple[int, int, Spot, Leaf] | None] = {}

    # ---- which are open

    def is_open(self, index: int) -> bool:
        """True for exactly `open_orders` numbers, the more likely the younger."""
        place = self.world.orders - 1 - index
        if place >= self.window or not self.window:
            return False
        return self._opened(place + 1) > self._opened(place)

    def _opened(self, upto: int) -> int:
        # Integral of a share that falls from all to none over the window.
        share = upto / self.window
        return round(self.world.open_orders * (2 * share - share * share))

    def stage(self, index: int, at: int, rng: Random) -> str:
        """A stage for an open order of its age."""
        if not self.is_open(index):
            return ""
        age = (self.now - at) / 3600
        stages = next(stages for until, stages in _STAGES if age < until)
        return _drawn(
            [name for name, _weight in stages], list(accumulate(weight for _name, weight in stages)), rng
        )

    # ---- one setting

    def rng(self, index: int) -> Random:
        """The order's own chance."""
        return Random(self.world.seed * 1_000_003 + index)

    def of(self, index: int) -> Setting:
        """The setting of order `index`; a duplicate plays where the one before it does."""
        main = self.main_of(index)
        rng = self.rng(index)
        at = self.timetable.second(index)
        stage = self.stage(index, at, rng)
        fate = "normal" if stage else _drawn(_FATE_NAMES, _FATE_WEIGHTS, rng)
        focused = bool(stage) and self._focused(rng)
        spot, leaf = self._in_focus(rng) if focused else self._scene(index, at, rng)
        telling = self.book.tell(rng, spot, leaf)
        channel = _drawn(self.channels, self.channel_weights, rng)
        if main is not None:
            other = self.of(main)
            spot, leaf = other.spot, other.leaf
            telling = self.book.tell(rng, spot, leaf)
            for name in ("estate", "road", "no", "place", "bldg"):
                if name in other.telling.slots:
                    telling.slots[name] = other.telling.slots[name]
            fate, stage = "duplicate", ""
        stage = _haste(stage, leaf.urgency, (self.now - at) / 3600)
        return Setting(index, at, rng, fate, stage, spot, leaf, telling, channel, main, focused)

    def main_of(self, index: int) -> int | None:
        """The order that a duplicate is merged into: the one before it, when that is sure to be open still."""
        if index % DUPLICATE_EVERY != DUPLICATE_AT or self.is_open(index) or self.is_open(index - 1):
            return None
        at, before = self.timetable.second(index), self.timetable.second(index - 1)
        if at - before > SOONEST_MERGE or self.now - at < QUIET:
            return None
        rng = self.rng(index - 1)
        return index - 1 if _drawn(_FATE_NAMES, _FATE_WEIGHTS, rng) == "normal" else None

    def merge_moment(self, duplicate: int) -> int:
        """When a duplicate is merged."""
        return self.timetable.second(duplicate) + (20 + duplicate * 7 % 40) * 60

    def absorbs(self, index: int) -> int | None:
        """When the next order is merged into this one; None when it is not."""
        after = index + 1
        return (
            self.merge_moment(after) if after < self.world.orders and self.main_of(after) == index else None
        )

    def _focused(self, rng: Random) -> bool:
        return bool(self._focus[0] and self._focus[1]) and rng.random() < self._focus[2]

    def _in_focus(self, rng: Random) -> tuple[Spot, Leaf]:
        """A place and a matter of the unit whose people sign in to the demo: their inbox is to have life."""
        spots, leaves, _share = self._focus
        return spots[int(rng.random() * len(spots))], leaves[int(rng.random() * len(leaves))]

    def _scene(self, index: int, at: int, rng: Random) -> tuple[Spot, Leaf]:
        topic = self.topic(index // TOPIC_WIDTH)
        if topic and topic[0] <= index < topic[1] and rng.random() < 0.1:
            return topic[2], topic[3]
        spots = self.world.spots
        return spots[int(rng.random() * len(spots))], self._leaf(at, rng)

    def topic(self, block: int) -> tuple[int, int, Spot, Leaf] | None:
        """The hot topic of a stretch of orders: one matter in one place, for a while."""
        if block not in self._topics:
            rng = Random(self.world.seed * 7_368_787 + block)
            start = block * TOPIC_WIDTH + int(rng.random() * TOPIC_WIDTH / 2)
            spots = self.world.spots
            leaf = _drawn(self.world.leaves, self.world.leaf_weights, rng)
            self._topics[block] = (
                start,
                start + 300 + int(rng.random() * 900),
                spots[int(rng.random() * len(spots))],
                leaf,
            )
        return self._topics[block]

    def _leaf(self, at: int, rng: Random) -> Leaf:
        day = (at + EAST_8) // DAY_SECONDS
        if day in self._calm:
            return _drawn(self.world.leaves, self.world.leaf_weights, rng)
        surge = self.timetable.storm_on(local_day(at))
        if surge is None:
            self._calm.add(day)
            return _drawn(self.world.leaves, self.world.leaf_weights, rng)
        weights = self._stormy.get(surge.name)
        if weights is None:
            before, single = 0.0, []
            for leaf, upto in zip(self.world.leaves, self.world.leaf_weights, strict=True):
                factor = next(
                    (
                        factor
                        for code, factor in surge.categories
                        if leaf.code == code or leaf.code.startswith(f"{code}.")
                    ),
                    1.0,
                )
                single.append((upto - before) * factor)
                before = upto
            weights = self._stormy[surge.name] = list(accumulate(single))
        return _drawn(self.world.leaves, weights, rng)


def _haste(stage: str, urgency: str, age: float) -> str:
    """What is urgent does not wait for a signature overnight; `age` in hours."""
    if urgency == "routine" or age < 2:
        return stage
    if urgency == "urgent" and age > 20 and stage in ("pending_sign", "signed", "contacted", "sent_down"):
        return "pending_follow_up"
    return "contacted" if stage in ("pending_sign", "signed") else stage


def _drawn(options: Sequence[T], weights: Sequence[float], rng: Random) -> T:
    """One option by cumulative weights."""
    return options[min(len(options) - 1, bisect_right(weights, rng.random() * weights[-1]))]
