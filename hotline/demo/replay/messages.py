"""Citizens' messages from a CSV file: columns id, user, time, title, text, and label when there is one."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from hotline.kit.clock import CITY_ZONE

NEEDED = ("id", "time", "title", "text")
WEEK = timedelta(days=7)


class BadFile(ValueError):
    """The file is no stream of messages; the text names the line."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message; `at` is aware, `phone` an invented number that stands for the user."""

    key: str
    user: str
    at: datetime
    title: str
    text: str
    label: str = ""

    @property
    def phone(self) -> str:
        digest = hashlib.sha256(self.user.encode()).digest()
        return f"199{int.from_bytes(digest[:5], 'big') % 10**8:08d}"

    @property
    def demand_type(self) -> str:
        """By the title's own word, as the portal's visitor would choose; else a request for help."""
        for word, kind in (
            ("咨询", "consultation"),
            ("建议", "suggestion"),
            ("投诉", "complaint"),
            ("举报", "complaint"),
            ("反映", "complaint"),
        ):
            if word in self.title[:6]:
                return kind
        return "help"


def read(path: Path) -> list[Message]:
    """All messages in the order of their times. Raises BadFile, OSError."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
        if missing:
            raise BadFile(
                f"{path}: the columns {', '.join(missing)} are missing; it needs {', '.join(NEEDED)}, may have user and label"
            )
        found = [_message(row, rows.line_num, path) for row in rows]
    doubled = len(found) - len({one.key for one in found})
    if doubled:
        raise BadFile(f"{path}: {doubled} ids occur more than once")
    return sorted(found, key=lambda one: (one.at, one.key))


def _message(row: dict[str, str], line: int, path: Path) -> Message:
    key = (row.get("id") or "").strip()
    if not key:
        raise BadFile(f"{path}:{line}: no id")
    try:
        at = datetime.fromisoformat((row.get("time") or "").strip().replace("/", "-"))
    except ValueError:
        raise BadFile(
            f"{path}:{line}: {row.get('time')!r} is not a time such as 2019-02-28T11:25:05"
        ) from None
    title, text = " ".join((row.get("title") or "").split()), (row.get("text") or "").strip()
    return Message(
        key=key,
        user=(row.get("user") or key).strip(),
        at=at if at.tzinfo else at.replace(tzinfo=CITY_ZONE),
        title=title[:200],
        text=(text or title)[:20_000],
        label=(row.get("label") or "").strip(),
    )


def weeks_to(known: list[Message], last: datetime) -> timedelta:
    """By how many whole weeks a stream moves so that its end comes before `last`; weekday and hour stay."""
    return (last - known[-1].at) // WEEK * WEEK if known else timedelta(0)


def moved(known: Iterable[Message], by: timedelta) -> list[Message]:
    """The same messages at other times."""
    return [replace(one, at=one.at + by) for one in known]


def share(messages: Iterable[Message], part: int, parts: int) -> Iterator[Message]:
    """The messages of one of several processes; a user's all go to one."""
    for one in messages:
        if int.from_bytes(hashlib.sha256(one.user.encode()).digest()[5:9], "big") % parts == part:
            yield one
