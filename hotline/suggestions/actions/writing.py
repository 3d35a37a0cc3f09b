"""Asking the writer, within its budget, with everything kept; what it says is only ever offered."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.clock import now, today
from hotline.kit.errors import Refused
from hotline.language.completion import Completion, Failed, Server, complete
from hotline.suggestions import permissions
from hotline.suggestions.models import WriterCall, WriterDay
from hotline.suggestions.writing import Draft, question, read_answer

MOST_TOKENS = 400
AT_ONCE = 2
"""Questions of one process at the same time: each holds a web thread."""
KEPT = timedelta(days=180)
"""How long the words of a question and its answer are kept."""
REST = 30.0
"""Seconds in which nobody asks after a failure."""
_places = threading.BoundedSemaphore(AT_ONCE)


class _Breaker:
    """Rests after a failure, in this process."""

    until = 0.0


_breaker = _Breaker()


def writer() -> Server | None:
    """The city's server; None when none is set."""
    if not settings.WRITER_URL:
        return None
    return Server(settings.WRITER_URL, settings.WRITER_MODEL, settings.WRITER_KEY, settings.WRITER_TIMEOUT)


def wake() -> None:
    """Ask again at once; for tests."""
    _breaker.until = 0.0


def improve_draft(*, actor: Actor, title: str, content: str) -> Draft:
    """A better title, wish and summary for what an agent typed, to be offered to that agent.

    Nothing is changed by it. The question leaves with personal data masked; question and answer are kept. Raises Refused:
    `off`, `nothing`, `budget`, `busy`, `resting`, `no_answer` (with what to do: go on without it), NotPermitted.
    No transaction is open while the server thinks.
    """
    permissions.can(actor, "intake:take_call").require("intake:take_call")
    server = writer()
    if server is None:
        raise Refused("off", _("No language model server is set."))
    if not content.strip():
        raise Refused("nothing", _("Write down first what the citizen says."))
    if time.monotonic() < _breaker.until:
        raise Refused("resting", _("The language model server did not answer lately. Go on without it."))
    day = WriterDay.objects.filter(day=today()).first()
    if day and (day.tokens >= settings.WRITER_TOKENS or day.milliseconds >= settings.WRITER_SECONDS * 1000):
        raise Refused("budget", _("The language model has been used up for today. Go on without it."))
    messages, text = question(title, content)
    if not _places.acquire(blocking=False):
        raise Refused("busy", _("Colleagues are asking the language model just now. Go on without it."))
    try:
        answer = complete(server, messages, most_tokens=MOST_TOKENS)
    finally:
        _places.release()
    draft = read_answer(answer.text, text) if isinstance(answer, Completion) else Draft()
    _keep(actor, server, messages[-1]["content"], answer, offered=not draft.empty)
    if isinstance(answer, Failed):
        _breaker.until = time.monotonic() + REST
    if draft.empty:
        raise Refused("no_answer", _("The language model gave nothing useful. Go on without it."))
    return draft


@transaction.atomic
def forget_writer_calls(*, actor: Actor) -> int:
    """Delete questions and answers that are older than `KEPT`; the audit row of each stays. Returns how many."""
    permissions.can(actor, permissions.MAKE).require(permissions.MAKE)
    gone, _by_model = WriterCall.objects.filter(at__lt=now() - KEPT).delete()
    return gone


@transaction.atomic
def _keep(actor: Actor, server: Server, prompt: str, answer: Completion | Failed, *, offered: bool) -> None:
    good = answer if isinstance(answer, Completion) else None
    # What was sent counts even when nothing came back.
    tokens = good.tokens if good else len(prompt)
    spent = round(answer.seconds * 1000)
    call = WriterCall.objects.create(
        at=now(),
        actor=actor.key(),
        purpose="draft",
        model=server.model,
        prompt=prompt,
        answer=good.text[:20_000].replace("\0", "") if good else "",
        failure="" if isinstance(answer, Completion) else answer.code,
        tokens=tokens,
        milliseconds=spent,
        offered=offered,
    )
    WriterDay.objects.get_or_create(day=today())
    WriterDay.objects.filter(day=today()).update(
        questions=F("questions") + 1, tokens=F("tokens") + tokens, milliseconds=F("milliseconds") + spent
    )
    record(
        actor=actor,
        verb="suggestions.ask_writer",
        object_type="writer_call",
        object_id=call.pk,
        data={"model": server.model, "tokens": tokens, "failure": call.failure, "offered": offered},
    )
