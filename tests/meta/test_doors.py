"""Every URL of the resolver, with every role of the cast, GET and POST: no door breaks, none stands open.

Objects in the addresses belong to unit A; whoever stands elsewhere must not learn that they exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import DateTimeField, Model
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern

from hotline.accounts.models import Delegation, StaffSession
from hotline.calls.models import AgentShift, Announcement, CallBack, Segment
from hotline.campaigns.models import Campaign, OptOut
from hotline.chat.models import CannedAnswer, Conversation
from hotline.dispatch.models import CatalogueEntry, CategoryTrust
from hotline.emotion.models import Alert, Trace
from hotline.exchange.models import ApiToken
from hotline.followup.models import FollowUpTask, ResultAppeal
from hotline.intake.models import Appeal, CallerRestriction, ImportBatch, RawMessage
from hotline.intake.queries import forget_reference
from hotline.kit.clock import now, today
from hotline.knowledge.actions import report_correction
from hotline.knowledge.models import Batch, EntryFile, Source, Term
from hotline.notifications.models import Message
from hotline.suggestions.models import Label
from hotline.transcripts.models import RecordingAlarm
from hotline.workorders import actions
from hotline.workorders.actions.attachments import attach
from hotline.workorders.models import (
    Category,
    Clock,
    OrderLink,
    ReasonCode,
    SavedView,
    Script,
    WorkOrder,
)
from hotline.workorders.views.acts import ACTS
from hotline.worktime.models import Calendar, Policy
from tests.accounts.cast import ROLES, Cast
from tests.accounts.factories import make_citizen
from tests.intake.factories import make_reference
from tests.knowledge.factories import published
from tests.meta.test_layout import FOREIGN_DOORS, every_door
from tests.transcripts.factories import recorded, said
from tests.workorders.factories import make_city, make_order, signed

EVERYBODY = [*ROLES, "citizen", "anonymous"]
ELSEWHERE = {"other_handler", "other_manager", "citizen", "anonymous"}
"""Whom nothing of unit A's order concerns; the citizen is not the one who filed it."""

OF_UNIT_A = {"number", "order_id", "attachment_id", "application_id", "clock_id", "supervision_id", "link_id",
    "call_id", "recording_id",
}
"""Parameters that name something of unit A's order."""

OWN = {"view_id", "draft_id", "session_id", "delegation_id"}
"""Parameters that name something personal of somebody else (unit A's manager, the agent)."""

STRANGERS = {"other_handler", "inspector"}
MAY_BE_UNWELL = "health"
"""Answers 503 when the platform is unwell, which a test's database without workers is."""

HIDDEN = {302, 401, 403, 404, 405}
FEW_VERBS = ("sign", "note", "dispatch")
PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")
REGEX_GROUP = re.compile(r"\(\?P<(?P<name>\w+)>(?P<choices>[^()]*)\)")


class World:
    """An order at unit A with everything that hangs on it, and one of each other thing that an address names."""

    def __init__(self, cast: Cast) -> None:
        make_city(cast)
        make_reference()
        forget_reference()
        self.cast = cast
        self.assignment = signed(cast, citizen_id=cast.citizen.pk)
        self.order: WorkOrder = self.assignment.order
        other = make_order(cast)
        actions.link(actor=cast.actor("dispatcher"), order_id=self.order.pk, other_id=other.pk)
        actions.supervise(
            actor=cast.actor("supervisor"), order_id=self.order.pk, reason_code="", text="请说明原因。"
        )
        self.application = actions.apply(
            actor=cast.actor("handler"),
            assignment_id=self.assignment.pk,
            kind="extension",
            reason_code="",
            text="等待检测报告。",
            amount=5,
        )
        self.order.refresh_from_db()
        raw = made(
            RawMessage,
            channel="api",
            source="test",
            idempotency_key="bad",
            sha256=b"0" * 32,
            payload=b"{",
            state="quarantined",
        )
        stranger = make_citizen("13700009999", "钱陌生")
        appeal = made(
            Appeal,
            number=self.order.number,
            state="accepted",
            order=self.order,
            citizen=stranger,
            channel="web",
            demand_type="complaint",
            title="x",
            content="x",
        )
        talk, recording = recorded(cast, length=1.0)
        said(talk, ("citizen", "路灯坏了"))
        Appeal.objects.filter(pk=appeal.pk).update(call_id=str(talk.call.pk))
        draft = made(
            Appeal, state="draft", channel="phone", demand_type="", title="", content="", agent=cast.agent
        )
        cast.client("agent")
        task = made(FollowUpTask, order=other, due_at=now(), not_before=now())
        attachment = attach(
            actor=cast.actor("handler"),
            order_id=self.order.pk,
            chunks=[b"what was found on site"],
            name="a.txt",
        )
        catalogue = made(
            CatalogueEntry,
            category=Category.objects.get(code="02.01"),
            lead_unit=cast.a,
            effective_from=today(),
        )
        self.ids: dict[str, Any] = {
            "number": self.order.number,
            "order_id": self.order.pk,
            "call_id": talk.call.pk,
            "recording_id": recording.pk,
            "campaign_id": made(
                Campaign,
                name="回访",
                script="# ask\n您好\n1 好",
                workdays_only=False,
                created_by="x",
                created_at=now(),
            ).pk,
            "citizen_id": made(OptOut, citizen=stranger, by="x", at=now()).citizen_id,
            "alarm_id": made(RecordingAlarm, call=talk.call, recording=recording, kind="checksum").pk,
            "attachment_id": attachment.pk,
            "application_id": self.application.pk,
            "clock_id": Clock.objects.filter(order=self.order).values_list("pk", flat=True)[0],
            "supervision_id": self.order.supervisions.values_list("pk", flat=True)[0],
            "link_id": OrderLink.objects.values_list("pk", flat=True)[0],
            "view_id": made(SavedView, person=cast.manager, name="超期", query={}).pk,
            "draft_id": draft.pk,
            "session_id": StaffSession.objects.filter(person=cast.agent).values_list("pk", flat=True)[0],
            "delegation_id": made(
                Delegation,
                from_person=cast.manager,
                to_person=cast.handler,
                starts_at=now(),
                ends_at=now() + timedelta(days=1),
            ).pk,
            "membership_id": cast.handler.memberships.values_list("pk", flat=True)[0],
            "raw_id": raw.pk,
            "batch_id": made(
                ImportBatch, file_name="a.csv", sha256="0" * 64, stored_as="none", created_by="x"
            ).pk,
            "restriction_id": made(
                CallerRestriction, citizen=stranger, text="x", measure="warn_agent", proposed_by="x"
            ).pk,
            "entry_id": catalogue.pk,
            "trust_id": made(
                CategoryTrust, category=catalogue.category, threshold=0.9, sample=0.1, most_errors=0.1, changed_by="x"
            ).pk,
            "label_id": made(Label, name="夜间施工").pk,
            "task_id": task.pk,
            "appeal_id": made(ResultAppeal, order=other, appeal=appeal, text="x").pk,
            "category_id": Category.objects.get(code="02.01").pk,
            "reason_id": ReasonCode.objects.values_list("pk", flat=True)[0],
            "script_id": Script.objects.values_list("pk", flat=True)[0],
            "policy_id": Policy.objects.values_list("pk", flat=True)[0],
            "calendar_id": Calendar.objects.values_list("pk", flat=True)[0],
            "unit_id": cast.a.pk,
            "person_id": cast.handler.pk,
            "token_id": made(
                ApiToken, name="t", prefix="p", token_hash=b"0" * 32, unit=cast.hub, created_by="x"
            ).pk,
            "assignment_id": self.assignment.pk,
            "message_id": made(Message, key="k", citizen=stranger, template="accepted", text="x").pk,
            **knowledge_ids(cast),
            **telephone_ids(cast, talk.call.segments.latest("pk")),
            **chat_ids(cast),
            "code": "02.01",
            "key": "a-key",
            "kind": "csv",
            "level": "district",
            "step": "words",
            "verb": "approve",
            "source": "orders",
            "selection_id": 1,
            "attempt_id": 1,
        }


def chat_ids(cast: Cast) -> dict[str, Any]:
    """A chat that the agent has, a prepared answer."""
    chat = Conversation.objects.create(
        key_hash=b"0" * 32, state="talking", agent=cast.agent, opened_at=now(), heard_at=now(), taken_at=now()
    )
    canned = CannedAnswer.objects.create(
        key="hours", version=1, title="x", text="x", created_by="x", created_at=now()
    )
    return {"chat_id": chat.pk, "canned_id": canned.pk}


def knowledge_ids(cast: Cast) -> dict[str, Any]:
    """One of each thing of the knowledge base."""
    entry = published(cast.a, "夜间施工规定", category_code="02.01.01")
    editor = cast.actor("knowledge_editor")
    return {
        "knowledge_id": entry.pk,
        "version": 1,
        "file_id": made(EntryFile, entry=entry, name="a.pdf", media_type="application/pdf", size=1, sha256="0" * 64, created_by="x").pk,
        "duty_id": report_correction(actor=cast.actor("agent"), entry_id=entry.pk, text="时间写错了").pk,
        "knowledge_batch": made(Batch, file_name="a.csv", created_by=editor.key()).pk,
        "term_id": made(Term, words=["社保", "社会保险"], created_by="x").pk,
        "source_id": made(Source, name="s", url="http://127.0.0.1:9/feed", unit=cast.hub, category_code="02.01.01").pk,
    }


def telephone_ids(cast: Cast, segment: Segment) -> dict[str, Any]:
    """One of each thing of the telephone."""
    call = segment.call
    trace = made(Trace, segment=segment, call=call, person=segment.session.person, side="agent")
    tomorrow = now() + timedelta(days=1)
    return {
        "announcement_id": made(Announcement, text="停水", sound="a.wav", created_by="x").pk,
        "shift_id": made(AgentShift, person=cast.agent, begins_at=now(), ends_at=tomorrow).pk,
        "call_back_id": CallBack.objects.get_or_create(call=call, defaults={"due_at": tomorrow, "created_at": now()})[0].pk,
        "alert_id": made(Alert, trace=trace, second=0, deviation=3.0, parts={}).pk,
    }


def made(model: type[Model], **fields: Any) -> Any:
    """A row; moments that it needs and nobody named are now."""
    for field in model._meta.concrete_fields:
        if isinstance(field, DateTimeField) and not field.null and not field.has_default():
            fields.setdefault(field.name, now())
    return model._default_manager.create(**fields)


def addresses(world: World, who: str) -> Iterator[tuple[URLPattern, str, set[str]]]:
    """Every door as (pattern, an address, its parameters); acts on orders once a verb."""
    every_verb = who in ("handler", "other_handler")
    for route, pattern in every_door():
        names = {match["name"] for match in PARAMETER.finditer(route)}
        if route.startswith("orders/") and route.endswith("do/<slug:verb>/"):
            verbs = tuple(ACTS) if every_verb else FEW_VERBS
            for verb in verbs:
                yield (
                    pattern,
                    f"/orders/{world.order.number}/do/{verb}/?assignment={world.assignment.pk}",
                    names,
                )
            continue
        yield pattern, address(world, route, names), names


def address(world: World, route: str, names: set[str]) -> str:
    """A route with this world's objects in it."""

    def value(name: str, choices: str = "") -> str:
        if choices and "|" in choices:
            return choices.split("|")[0]
        assert name in world.ids, f"{route}: give the world a {name}"
        return str(world.ids[name])

    text = REGEX_GROUP.sub(lambda match: value(match["name"], match["choices"]), route)
    text = PARAMETER.sub(lambda match: value(match["name"]), text)
    return "/" + text.replace("^", "").replace("$", "").replace("\\Z", "").lstrip("/")


def ask(client: Client, method: str, url: str, fields: dict[str, Any] | None = None) -> HttpResponseBase:
    """One request whose writes are taken back, so that each door meets the same world."""
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    with transaction.atomic():
        answer: HttpResponseBase = getattr(client, method)(url, *([fields] if fields else []))
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)  # closes it, and not the connection
        transaction.set_rollback(True)
    client.cookies.clear()
    for name, text in cookies.items():
        client.cookies[name] = text
    return answer


def own_lock(pattern: URLPattern) -> tuple[str, tuple[str, ...]]:
    view = pattern.callback
    return getattr(view, "door", ""), tuple(getattr(view, "codes", ()))


@pytest.fixture
def files(settings: Any, tmp_path: Path) -> None:
    """Attachments of this test in a folder of its own."""
    settings.MEDIA_ROOT = tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("who", EVERYBODY)
def test_every_door_with_every_role(cast: Cast, files: None, who: str) -> None:
    world = World(cast)
    client = cast.client(who)
    client.raise_request_exception = False
    actor = cast.actor(who)
    broken: list[str] = []
    standing_open: list[str] = []
    leaking: list[str] = []
    for pattern, url, names in addresses(world, who):
        door, codes = own_lock(pattern)
        shut = door in ("access", "signed_in") and not actor.is_staff
        locked = door == "access" and not any(actor.has(code) for code in codes)
        for method in ("post", "get"):
            answer = ask(client, method, url)
            status = answer.status_code
            said = f"{method.upper()} {url} → {status}"
            if status >= 500 and not (status == 503 and pattern.name == MAY_BE_UNWELL):
                broken.append(said)
            if pattern.callback.__module__.startswith(FOREIGN_DOORS) or status == 405:
                continue
            if shut:
                if status != 401 and not (status == 302 and "sign-in" in answer["Location"]):
                    standing_open.append(said)
            elif locked:
                if status != 403:
                    standing_open.append(said)
            elif status not in HIDDEN and (
                (names & OF_UNIT_A and who in ELSEWHERE) or (names & OWN and who in STRANGERS)
            ):
                leaking.append(said)
            if shut or locked:
                break  # The lock stands before the method; one answer shows that it holds.
    assert not broken, "a door breaks: " + "; ".join(broken)
    assert not standing_open, "a door stands open: " + "; ".join(standing_open)
    assert not leaking, "somebody else's object answers: " + "; ".join(leaking)


@pytest.mark.slow
def test_assignment_of_another_unit_cannot_be_named_on_ones_own_order(cast: Cast, files: None) -> None:
    world = World(cast)
    theirs = signed(cast, "b")
    client = cast.client("other_handler")
    assert client.get(f"/orders/{theirs.order.number}/").status_code == 200
    for verb in ACTS:
        url = f"/orders/{theirs.order.number}/do/{verb}/?assignment={world.assignment.pk}"
        assert [client.get(url).status_code, client.post(url).status_code] == [404, 404], verb


@pytest.mark.slow
def test_owner_gets_in_where_the_outsider_does_not(cast: Cast, files: None) -> None:
    """The walk would also pass if everything were closed; the owner's pages are open."""
    world = World(cast)
    client = cast.client("handler")
    for path in ("", "timeline/", "related/", f"why/{world.ids['clock_id']}/", "access/", "do/note/"):
        assert client.get(f"/orders/{world.order.number}/{path}").status_code == 200, path
