"""Advice about callers: what may be proposed, decided, objected to and answered, and by whom."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hotline.accounts.queries import citizen_actor
from hotline.intake import actions
from hotline.intake.models import CallerRestriction
from hotline.intake.rules.restrictions import LONGEST, MEASURES
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
MEASURE = next(iter(MEASURES))


def proposed(city: Cast, **more: object) -> CallerRestriction:
    given = {
        "actor": city.actor("agent"),
        "citizen_id": city.citizen.pk,
        "measure": MEASURE,
        "reason_code": "malicious",
        "text": "一天内辱骂话务员十余次",
    }
    return actions.propose_restriction(**{**given, **more})


def approved(city: Cast) -> CallerRestriction:
    made = proposed(city)
    return actions.decide_restriction(actor=city.actor("supervisor"), restriction_id=made.pk, verb="approve")


def test_a_proposal_names_a_measure_and_what_happened(city: Cast) -> None:
    with pytest.raises(Invalid) as refusal:
        proposed(city, measure="jail", text="烦")
    assert set(refusal.value.details) == {"measure", "text"}
    proposed(city)
    with pytest.raises(Refused):
        proposed(city)
    assert CallerRestriction.objects.count() == 1


def test_it_is_decided_once_and_ends_in_time(city: Cast) -> None:
    made = proposed(city)
    boss = city.actor("supervisor")
    with pytest.raises(NotVisible):
        actions.decide_restriction(actor=boss, restriction_id=0, verb="approve")
    for until in (now() - timedelta(days=1), now() + LONGEST + timedelta(days=2)):
        with pytest.raises(Invalid) as refusal:
            actions.decide_restriction(actor=boss, restriction_id=made.pk, verb="approve", until=until)
        assert set(refusal.value.details) == {"until"}
    actions.decide_restriction(actor=boss, restriction_id=made.pk, verb="refuse", reason="属正常催办")
    with pytest.raises(Refused):
        actions.decide_restriction(actor=boss, restriction_id=made.pk, verb="approve")


def test_an_objection_needs_words_and_something_in_force(city: Cast) -> None:
    made = proposed(city)
    agent, citizen = city.actor("agent"), citizen_actor(city.citizen.pk)
    with pytest.raises(Refused):
        actions.appeal_restriction(actor=agent, restriction_id=made.pk, text="我是在催办")
    actions.decide_restriction(actor=city.actor("supervisor"), restriction_id=made.pk, verb="approve")
    with pytest.raises(Invalid):
        actions.appeal_restriction(actor=agent, restriction_id=made.pk, text=" ")
    with pytest.raises(NotVisible):
        actions.appeal_restriction(actor=citizen_actor(city.citizen.pk + 1), restriction_id=made.pk, text="不是我")
    with pytest.raises(NotVisible):
        actions.appeal_restriction(actor=agent, restriction_id=0, text="我是在催办")
    assert actions.appeal_restriction(actor=citizen, restriction_id=made.pk, text="我是在催办").appeal_text


def test_an_objection_is_answered_once_with_a_reason(city: Cast) -> None:
    made, boss = approved(city), city.actor("supervisor")
    with pytest.raises(NotVisible):
        actions.answer_restriction_appeal(actor=boss, restriction_id=0, decision="维持")
    with pytest.raises(Refused):
        actions.answer_restriction_appeal(actor=boss, restriction_id=made.pk, decision="维持")
    actions.appeal_restriction(actor=city.actor("agent"), restriction_id=made.pk, text="我是在催办")
    with pytest.raises(Invalid):
        actions.answer_restriction_appeal(actor=boss, restriction_id=made.pk, decision=" ")
    with pytest.raises(NotPermitted):
        actions.answer_restriction_appeal(actor=city.actor("agent"), restriction_id=made.pk, decision="维持")
    assert actions.answer_restriction_appeal(actor=boss, restriction_id=made.pk, decision="录音属实").appeal_decision
    lifted = actions.decide_restriction(actor=boss, restriction_id=made.pk, verb="lift", reason="期满")
    assert lifted.appeal_decision == "录音属实"
