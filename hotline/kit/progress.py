"""Progress of long work: a bar on a terminal, an occasional line in a log, the same call for both."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from types import TracebackType
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")
LINE_SECONDS = 10.0
"""Without a terminal: one line that often, and one at the end."""


class Progress:
    """`with Progress("orders", total=1000) as progress: progress.advance(10)`.

    `total` in units of the caller, or None when unknown. Writes to standard error, so that output stays
    clean.
    """

    def __init__(
        self,
        label: str,
        total: int | None = None,
        *,
        unit: str = "",
        stream: TextIO | None = None,
        quiet: bool = False,
    ) -> None:
        self.label = label
        self.total = total
        self.unit = unit
        self.done = 0
        self.stream = stream if stream is not None else sys.stderr
        self.quiet = quiet
        self._began = self._told = time.monotonic()
        terminal = not quiet and self.stream.isatty()
        self._bar: Any = (
            tqdm(
                total=total,
                desc=label,
                unit=f" {unit}" if unit else "it",
                file=self.stream,
                dynamic_ncols=True,
                smoothing=0.1,
            )
            if terminal
            else None
        )

    def advance(self, count: int = 1) -> None:
        """`count` more units are done."""
        self.done += count
        if self._bar is not None:
            self._bar.update(count)
        elif not self.quiet and time.monotonic() - self._told >= LINE_SECONDS:
            self._line()

    def note(self, text: str) -> None:
        """A word beside the bar, such as the step's name."""
        if self._bar is not None:
            self._bar.set_postfix_str(text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        elif not self.quiet:
            self._line()

    def _line(self) -> None:
        self._told = time.monotonic()
        seconds = max(self._told - self._began, 1e-9)
        of = f"/{self.total} ({100 * self.done / self.total:.0f}%)" if self.total else ""
        unit = f" {self.unit}" if self.unit else ""
        print(
            f"{self.label}: {self.done}{of}{unit}, {self.done / seconds:.0f}/s", file=self.stream, flush=True
        )


def track(
    items: Iterable[T], label: str, total: int | None = None, *, unit: str = "", quiet: bool = False
) -> Iterator[T]:
    """Yield `items` and show how far it is."""
    if total is None and isinstance(items, Sized):
        total = len(items)
    with Progress(label, total, unit=unit, quiet=quiet) as progress:
        for item in items:
            yield item
            progress.advance()
