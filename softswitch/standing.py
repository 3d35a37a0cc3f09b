"""A party without a line: somebody whose picture and sound go elsewhere, between browsers. The switch holds their place.

In rooms, on hold, in a consultation and on a recording they are a leg like any other; they say nothing, and what they would hear
is dropped. So whoever comes from the open network reaches no media port of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from softswitch.sound import Samples


class NoLine:
    """Up at once, ended by us alone."""

    def __init__(self) -> None:
        self.on_answered: Callable[[], None] = lambda: None
        self.on_ended: Callable[[str, int | None, dict[str, Any]], None] = lambda *_: None
        self._over = False

    def bound(self) -> None: ...

    def pull(self) -> Samples | None:
        return None

    def push(self, frame: Samples) -> None: ...

    def quiet(self) -> float:
        return 0.0

    async def answer(self) -> None:
        self.on_answered()

    async def hang_up(self) -> None:
        if not self._over:
            self._over = True
            self.on_ended("near", None, {})

    async def send_digits(self, digits: str) -> None: ...
