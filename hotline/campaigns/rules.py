"""What a campaign says and how it goes on, when it may call, and when again. Pure.

A script is written as text, one step after another:

    # ask
    您好，这里是 12345 热线。您反映的事情解决了吗？解决了请按 1，没有解决请按 2，找工作人员请按 0。
    1 已解决 -> thanks
    2 没有解决 -> thanks
    0 转人工 -> person

    # thanks
    谢谢您，再见。

Three ways lead out: `end` hangs up, `person` hands over to an agent, `stop` calls this citizen never again. Keys without
a way go on to the next step; a step without keys does so by itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CITY_ZONE = ZoneInfo("Asia/Shanghai")
END, PERSON, STOP = "end", "person", "stop"
WAYS_OUT: Mapping[str, Promise] = {
    END: _("hangs up"),
    PERSON: _("hands over to an agent"),
    STOP: _("is never called again"),
}
MOST_STEPS = 20
MOST_WORDS = 300
"""Characters of one step: about a minute and a half, spoken."""
LONGEST_NAME = 30
EARLIEST, LATEST = time(8, 0), time(21, 0)
"""Hours in which anybody may be called by machine at all; a campaign's own lie within them."""
PERIODS = (time(12, 0), time(18, 0))
"""Morning, afternoon, evening: tries fall into different ones."""
_STEP = re.compile(r"#\s*([a-z0-9_-]{1,30})\s*")
_KEY = re.compile(r"([0-9*])[ \t、.．]+(\S.*?)\s*(?:(?:->|→)\s*([a-z0-9_-]{1,30})\s*)?")


class Outcome(StrEnum):
    """How one call ended."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    HANDED = "handed"
    OPTED_OUT = "opted_out"
    SILENT = "silent"
    HUNG_UP = "hung_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CUT = "cut"


SPOKEN_TO = frozenset({Outcome.COMPLETE, Outcome.PARTIAL, Outcome.HANDED, Outcome.OPTED_OUT, Outcome.HUNG_UP})
"""Nobody is called again after these. Who was silent may be a machine, and is."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a step: what it means, and the step or way out that it leads to."""

    key: str
    meaning: str
    to: str


@dataclass(frozen=True, slots=True)
class Step:
    """`to`: where a step without keys goes on."""

    code: str
    words: str
    keys: tuple[Key, ...]
    to: str

    @property
    def sound(self) -> str:
        """The file that says it; the same words are the same file in every campaign."""
        return f"campaign/{hashlib.sha256(self.words.encode()).hexdigest()[:20]}.wav"

    def leads(self, pressed: str) -> Key | None:
        return next((one for one in self.keys if one.key == pressed), None)


@dataclass(frozen=True, slots=True)
class Script:
    steps: tuple[Step, ...]

    def step(self, code: str) -> Step | None:
        return next((one for one in self.steps if one.code == code), None)

    def sounds(self) -> dict[str, str]:
        """By file, what is said in it."""
        return {one.sound: one.words for one in self.steps}


class ScriptFault(Exception):
    """`line` counts from 1; 0: the whole."""

    def __init__(self, line: int, why: Promise | str) -> None:
        super().__init__(str(why))
        self.line, self.why = line, why


def parse(text: str) -> Script:
    """Raises ScriptFault."""
    found: list[tuple[int, str, list[str], list[tuple[str, str, str]]]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if match := _STEP.fullmatch(line):
            if match[1] in WAYS_OUT or any(one[1] == match[1] for one in found):
                raise ScriptFault(number, _("This name of a step is taken."))
            found.append((number, match[1], [], []))
        elif line and not found:
            raise ScriptFault(number, _("The first line must name a step, for example “# ask”."))
        elif line.startswith("#"):
            raise ScriptFault(number, _("A step's name has small letters, digits, - and _, up to 30."))
        elif match := _KEY.fullmatch(line):
            if any(key == match[1] for key, _meaning, _to in found[-1][3]):
                raise ScriptFault(number, _("This key stands twice in the step."))
            found[-1][3].append((match[1], match[2][:LONGEST_NAME], match[3] or ""))
        elif line:
            found[-1][2].append(line)
    return Script(tuple(_steps(found)))


def _steps(found: Sequence[tuple[int, str, list[str], list[tuple[str, str, str]]]]) -> Iterable[Step]:
    if not found:
        raise ScriptFault(0, _("Nothing is said yet."))
    if len(found) > MOST_STEPS:
        raise ScriptFault(found[MOST_STEPS][0], _("A script has at most 20 steps; nobody listens so long."))
    names = [one[1] for one in found]
    for place, (line, name, words, keys) in enumerate(found):
        said = "".join(words)
        if not said:
            raise ScriptFault(line, _("This step says nothing."))
        if len(said) > MOST_WORDS:
            raise ScriptFault(line, _("This step says too much; up to 300 characters."))
        following = names[place + 1] if place + 1 < len(names) else END
        for _key, _meaning, to in keys:
            if to and to not in WAYS_OUT and to not in names:
                raise ScriptFault(line, _("A key of this step leads to a step that there is not."))
        yield Step(
            name, said, tuple(Key(key, meaning, to or following) for key, meaning, to in keys), following
        )


def within(at: datetime, opens: time, closes: time) -> bool:
    """Whether the campaign may call at this moment, working days aside."""
    local = at.astimezone(CITY_ZONE).time()
    return max(opens, EARLIEST) <= local < min(closes, LATEST)


def city_day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def next_try(at: datetime, opens: time, closes: time) -> datetime:
    """After an attempt now: the beginning of the next period of the day, else of the next day; it may fall on a day off."""
    local = at.astimezone(CITY_ZONE)
    for begins in PERIODS:
        if local.time() < begins and opens <= begins < closes:
            return datetime.combine(local.date(), begins, CITY_ZONE)
    return datetime.combine(local.date() + timedelta(days=1), max(opens, EARLIEST), CITY_ZONE)


def outcome_of(reason: str, *, answered: bool, answers: int) -> Outcome:
    """Of a leg that ended before the script did: `reason` is the engine's."""
    if answered:
        if reason in ("far", "near"):
            return Outcome.PARTIAL if answers else Outcome.HUNG_UP
        return Outcome.CUT
    return {"busy": Outcome.BUSY, "declined": Outcome.BUSY, "no_answer": Outcome.NO_ANSWER}.get(
        reason, Outcome.CUT if reason in ("lost", "stopped") else Outcome.FAILED
    )
