"""What a campaign says and how it goes on, as text, one step after another. Pure.

    # ask
    您好，这里是 12345 热线。您反映的事情解决了吗？解决了请按 1，没有解决请按 2，找工作人员请按 0。
    1 已解决 = 处理好了，办好了 -> thanks
    2 没有解决 -> thanks
    0 转人工 -> person

    # thanks
    谢谢您，再见。

Three ways lead out: `end` hangs up, `person` hands over to an agent, `stop` calls this citizen never again. Keys without
a way go on to the next step; a step without keys does so by itself. What stands after `=` is what else a citizen may say
for it, where answers may be spoken. 0 is a person wherever the script gives it no other meaning.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
_STEP = re.compile(r"#\s*([a-z0-9_-]{1,30})\s*")
_KEY = re.compile(
    r"([0-9*])[ \t、.．]+(\S[^=＝]*?)\s*(?:[=＝]\s*(\S.*?)\s*)?(?:(?:->|→)\s*([a-z0-9_-]{1,30})\s*)?"
)


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a step: what it means, the step or way out that it leads to, and what else may be said for it."""

    key: str
    meaning: str
    to: str
    also: tuple[str, ...] = ()


NOBODY_ASKED = Key("0", "人工", PERSON)
"""0 and “人工” where the script itself gives them no meaning."""


def sound_of(words: str) -> str:
    """The file that says these words; the same words are the same file in every campaign."""
    return f"campaign/{hashlib.sha256(words.encode()).hexdigest()[:20]}.wav"


@dataclass(frozen=True, slots=True)
class Step:
    """`to`: where a step without keys goes on."""

    code: str
    words: str
    keys: tuple[Key, ...]
    to: str

    @property
    def sound(self) -> str:
        """The file that says it."""
        return sound_of(self.words)

    def leads(self, pressed: str) -> Key | None:
        found = next((one for one in self.keys if one.key == pressed), None)
        return NOBODY_ASKED if found is None and self.keys and pressed == NOBODY_ASKED.key else found


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


_Found = tuple[int, str, list[str], list[tuple[str, str, str, str]]]
"""Line, name, words, and of each key: key, meaning, what else is said for it, where it leads."""


def parse(text: str) -> Script:
    """Raises ScriptFault."""
    found: list[_Found] = []
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
            if any(key == match[1] for key, *_rest in found[-1][3]):
                raise ScriptFault(number, _("This key stands twice in the step."))
            found[-1][3].append((match[1], match[2][:LONGEST_NAME], match[3] or "", match[4] or ""))
        elif line:
            found[-1][2].append(line)
    return Script(tuple(_steps(found)))


def _steps(found: Sequence[_Found]) -> Iterable[Step]:
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
        for *_rest, to in keys:
            if to and to not in WAYS_OUT and to not in names:
                raise ScriptFault(line, _("A key of this step leads to a step that there is not."))
        leads = (
            Key(key, meaning, to or following, tuple(one for one in re.split("[，,、;； ]+", also) if one))
            for key, meaning, also, to in keys
        )
        yield Step(name, said, tuple(leads), following)
