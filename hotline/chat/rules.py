"""What a chat may become, what the machine may say, when people answer, how long silence lasts. Pure; time is an argument."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.chat.models import ChatState, EndReason
from hotline.kit.clock import CITY_ZONE
from hotline.language.urgency import Assessment, Level

LONGEST = 1000
"""Characters of one message."""
A_MINUTE = 12
"""Messages of one citizen a minute; who types that fast is a machine."""
MOST = 400
"""Messages of one conversation."""
GONE = timedelta(minutes=3)
"""A seat's page asks each half minute; after so long without it the agent is not there."""
UNANSWERED = timedelta(seconds=10)
"""A question whose answer a killed process owes is answered by the job."""
USUAL = timedelta(minutes=8)
"""Length of a chat while there are no figures yet."""
FIGURES = 50
"""Chats from which the usual length is taken."""


# ── states ──


class Verb(StrEnum):
    ASK_PERSON = "ask_person"
    BACK = "back"
    TAKE = "take"
    TO_PERSON = "to_person"
    TO_LANE = "to_lane"
    LOSE = "lose"  # the agent vanished
    LEAVE = "leave"
    END = "end"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Move:
    """From where to where; `reason` of an end."""

    froms: frozenset[str]
    to: str
    reason: str = ""


_M, _W, _T, _E = ChatState.MACHINE, ChatState.WAITING, ChatState.TALKING, ChatState.ENDED

MOVES: Mapping[Verb, Move] = {
    Verb.ASK_PERSON: Move(frozenset({_M}), _W),
    Verb.BACK: Move(frozenset({_W}), _M),
    Verb.TAKE: Move(frozenset({_W}), _T),
    Verb.TO_PERSON: Move(frozenset({_T}), _T),
    Verb.TO_LANE: Move(frozenset({_T}), _W),
    Verb.LOSE: Move(frozenset({_T}), _W),
    Verb.LEAVE: Move(frozenset({_M, _W, _T}), _E, EndReason.CITIZEN),
    Verb.END: Move(frozenset({_T}), _E, EndReason.AGENT),
    Verb.IDLE: Move(frozenset({_M, _W, _T}), _E, EndReason.IDLE),
}


def target(state: str, verb: Verb) -> str | None:
    """Where `verb` leads from `state`; None: not possible."""
    move = MOVES[verb]
    return move.to if state in move.froms else None


# ── words of the machine and of notes: each reader reads them in their own language ──

NOTES: Mapping[str, str | Promise] = {
    "unknown": _(
        "I do not know this for sure, and I say nothing that is not written in the knowledge base. A person can help you, or you can file an appeal."
    ),
    "near": _(
        "I am not sure that I understood you. These entries come nearest; if yours is not among them, a person can help you."
    ),
    "more": _("Please say in a few words what it is about, for example: how do I apply for a residence permit?"),
    "danger": _(
        "If somebody is in danger now, call 110 (police), 119 (fire) or 120 (ambulance) first. Then talk to a person here."
    ),
    "waiting": _("You asked for a person. Stay here, or come back: your place is kept."),
    "back": _("You went on with the machine."),
    "joined": _("Agent %(what)s is with you now."),
    "passed": _("You were passed on to agent %(what)s."),
    "queued": _("You were passed on. You are next in the queue of: %(what)s."),
    "lost": _("The connection of the agent was lost. You are at the head of the queue; nothing that you wrote is lost."),
    "warned": _("Are you still there? Without an answer this chat ends soon."),
    "filed": _("Your matter is written down. Its number: %(what)s"),
    "ended": _("The agent ended this chat. You can begin a new one at any time."),
    "left": _("You ended this chat."),
    "idle": _("This chat ended because nothing was written for a while. You can begin a new one at any time."),
}
"""Code → words; `%(what)s` is what the message seals (a name, a number)."""

END_NOTES: Mapping[str, str] = {EndReason.AGENT: "ended", EndReason.CITIZEN: "left", EndReason.IDLE: "idle"}


# ── what the machine answers ──


class Answer(StrEnum):
    CITE = "cite"
    NEAR = "near"
    UNKNOWN = "unknown"
    MORE = "more"
    DANGER = "danger"
    PERSON = "person"


SURE_COVER = 0.75
"""Share of the question's weight that the cited entry must hold. Of 598 real consultations' titles, asked of the demo city's 42 entries
by words alone, none is quoted from here on, three from 0.6 on, two of them wrongly (up to 0.73); of 19 questions that the entries
answer eight are quoted, seven more named as nearest, none wrongly (`python -m bench.chat_answers`)."""
NEAR_COVER = 0.6
"""From here on the machine names the nearest entries, says that it is not sure, and quotes nothing."""
SURE_MEANING = 0.90
"""Or how near its paragraph is by meaning (cosine, multilingual-e5), together with half of that share. Design default, not measured."""

_PERSON = re.compile(
    r"(?:转|找|接|要|换)(?:一下|个)?(?:人工|真人|客服|坐席|话务员)|^(?:人工|真人|人工客服|人工服务|客服)[。！!？?]*$"
    r"|\b(?:human|operator|real person|agent)\b",
    re.IGNORECASE,
)


def wants_person(text: str) -> bool:
    """True when the citizen asks for a human in so many words."""
    return len(text) <= 60 and bool(_PERSON.search(text.strip()))


def is_sure(cover: float, meaning: float) -> bool:
    """Whether the best hit may be cited as the answer."""
    return cover >= SURE_COVER or (meaning >= SURE_MEANING and cover >= SURE_COVER / 2)


def answering(
    text: str, *, says_something: bool, danger: Assessment, found: tuple[float, float] | None
) -> Answer:
    """What the machine does with a question. `found`: cover and meaning of the best public hit, None without one."""
    if danger.level == Level.URGENT:
        return Answer.DANGER
    if wants_person(text):
        return Answer.PERSON
    if not says_something:
        return Answer.MORE
    if found is not None and is_sure(*found):
        return Answer.CITE
    if found is not None and (found[0] >= NEAR_COVER or found[1] >= SURE_MEANING):
        return Answer.NEAR
    return Answer.UNKNOWN


QUOTED = 400
"""Characters of an entry that are quoted; the rest is a click away."""


def quoted(parts: Sequence[tuple[int, str, str]], position: int) -> str:
    """What is quoted of an entry's paragraphs (position, heading, text): from its beginning while all of it fits, because one
    sentence out of its middle misleads; of a longer one the first paragraph and the one that was found, with what is left out.
    """
    whole = _joined(parts)
    if len(whole) <= QUOTED:
        return whole
    chosen = [part for part in parts if part == parts[0] or part[0] == position]
    text = "\n…\n".join(_joined([part]) for part in chosen)
    return text if len(text) <= 2 * QUOTED else f"{text[: 2 * QUOTED].rstrip()}…"


def _joined(parts: Sequence[tuple[int, str, str]]) -> str:
    lines: list[str] = []
    before = ""
    for _position, heading, text in parts:
        if heading and heading != before:
            lines.append(heading)
        before = heading
        lines.append(text)
    return "\n".join(lines)


# ── people ──


def is_open(opens: time, closes: time, at: datetime, *, works_today: bool) -> bool:
    """Whether people answer at `at`; equal times: day and night; `works_today`: what the city's calendar and rules say."""
    if not works_today:
        return False
    if opens == closes:
        return True
    clock = at.astimezone(CITY_ZONE).time()
    return opens <= clock < closes if opens < closes else clock >= opens or clock < closes


def places_free(most: int, having: int, *, resting: bool) -> int:
    """Chats that a seat may still take."""
    return 0 if resting else max(0, most - having)


class Silence(StrEnum):
    NONE = "none"
    WARN = "warn"
    END = "end"


def silence(
    state: str, *, heard_at: datetime, warned_at: datetime | None, now: datetime, warn: timedelta, end: timedelta
) -> Silence:
    """What a citizen's silence leads to. Who waits for a person is not asked to type; half a day with the machine is over."""
    quiet = now - heard_at
    if state == ChatState.WAITING:
        return Silence.END if quiet >= LONGEST_WAIT else Silence.NONE
    if state == ChatState.MACHINE:
        return Silence.END if quiet >= MACHINE_LIFE else Silence.NONE
    if state == ChatState.TALKING:
        if warned_at is not None and warned_at > heard_at and now - warned_at >= end - warn:
            return Silence.END
        return Silence.WARN if quiet >= warn and (warned_at is None or warned_at < heard_at) else Silence.NONE
    return Silence.NONE


LONGEST_WAIT = timedelta(hours=2)
MACHINE_LIFE = timedelta(hours=12)


def hash_of(key: str) -> bytes:
    """What the table holds of a citizen's key."""
    return hashlib.sha256(b"chat.key\0" + key.encode("utf-8", "surrogatepass")).digest()


def clean(text: str) -> str:
    """A message as it is kept: no NUL, no other control characters than the line's end, no space around."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(sign for sign in plain if sign in "\n\t" or (sign >= " " and sign != "\x7f"))
    return kept.encode("utf-8", "replace").decode().strip()
