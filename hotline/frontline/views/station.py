"""The station's own page, and the street's look at its stations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import open_units, subtree_ids
from hotline.duty import actions as duty
from hotline.duty import permissions, queries
from hotline.frontline.permissions import WORK
from hotline.kit.access import access, actor_of
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import ActionError, Invalid, NotVisible
from hotline.kit.numbers import whole
from hotline.workorders.queries.inbox import handling_units
from hotline.workorders.queries.tasks import station_loads, tasks_of

SOON = timedelta(hours=4)


class Plan(forms.Form):
    """A turn to come."""

    person = forms.ModelChoiceField(label=gettext_lazy("Person on duty"), queryset=Person.objects.none())
    begins_at = forms.DateTimeField(label=gettext_lazy("Turn begins"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    ends_at = forms.DateTimeField(label=gettext_lazy("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))

    def __init__(self, *args: Any, unit: Unit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Person.objects.filter(is_active=True, memberships__unit=unit).distinct().order_by("name")
        self.fields["person"].queryset = people  # type: ignore[attr-defined]


@access(*WORK)
@require_http_methods(["GET", "POST"])
def station(request: HttpRequest) -> HttpResponse:
    """`/frontline/station/?unit=`: the queue, who is on duty, turns and hand-overs; POST `do` acts."""
    actor = actor_of(request)
    unit = _unit(request, actor)
    form = Plan(unit=unit)
    status = 200
    if request.method == "POST":
        if request.POST.get("do") == "plan":
            form = Plan(request.POST, unit=unit)
        try:
            if _act(request, actor, unit, form):
                return redirect(f"{request.path}?unit={unit.pk}")
        except Invalid as error:
            for name, words in error.details.items():
                form.add_error(name if name in form.fields else None, str(words))
        except ActionError as error:
            messages.error(request, str(error.message))
            return redirect(f"{request.path}?unit={unit.pk}")
        status = 422
    running = queries.on_duty([unit.pk]).get(unit.pk, [])
    context = {
        "unit": unit,
        "units": [one for one in _units(actor) if one.pk != unit.pk],
        "tasks": [task for task in tasks_of(actor) if task.assignment.unit_id == unit.pk],
        "on_duty": running,
        "mine": next((turn for turn in running if turn.person_id == actor.id), None),
        "ahead": queries.turns_ahead(unit.pk),
        "hand_overs": queries.last_hand_overs(unit.pk),
        "may_stand": permissions.can_stand(actor, unit),
        "may_plan": permissions.can_plan(actor, unit),
        "form": form,
    }
    return render(request, "frontline/station.html", context, status=status)


def _act(request: HttpRequest, actor: Actor, unit: Unit, form: Plan) -> bool:
    what = request.POST.get("do", "")
    if what == "begin":
        duty.begin_turn(actor=actor, unit_id=unit.pk)
        messages.success(request, _("You are on duty."))
    elif what == "hand_over":
        duty.hand_over(actor=actor, words=request.POST.get("words", ""))
        messages.success(request, _("Handed over. The log stands below."))
    elif what == "take_over":
        duty.take_over(actor=actor, hand_over_id=whole(request.POST.get("hand_over")) or 0)
        messages.success(request, _("Taken over."))
    elif what == "drop":
        duty.drop_turn(actor=actor, turn_id=whole(request.POST.get("turn")) or 0)
    elif what == "plan" and form.is_valid():
        given = form.cleaned_data
        duty.plan_turn(
            actor=actor, unit_id=unit.pk, person_id=given["person"].pk, begins_at=given["begins_at"], ends_at=given["ends_at"]
        )
        messages.success(request, _("The turn is planned."))
    else:
        return False
    return True


@access(*WORK)
@require_http_methods(["GET"])
def street(request: HttpRequest) -> HttpResponse:
    """`/frontline/street/`: every unit at and below mine: who is on duty, what is open, late and due soon, the last hand-over."""
    actor = actor_of(request)
    mine = _units(actor)
    units = list(open_units().filter(pk__in=subtree_ids([unit.pk for unit in mine])).order_by("path")[:200])
    units = [unit for unit in units if permissions.can_look(actor, unit)]
    ids = [unit.pk for unit in units]
    moment = now()
    loads = station_loads(ids, now=moment, soon=moment + SOON)
    running, latest = queries.on_duty(ids), queries.latest_of(ids)
    rows = [(unit, loads[unit.pk], running.get(unit.pk, []), latest.get(unit.pk)) for unit in units]
    # Whoever is late stands on top; a unit with nothing to do and nobody there says nothing.
    rows.sort(key=lambda row: (-row[1].late, -row[1].soon, -row[1].open, row[0].path))
    shown = [row for row in rows if row[1].open or row[2] or row[3] or len(rows) <= 30]
    return render(request, "frontline/street.html", {"rows": shown, "left_out": len(rows) - len(shown), "mine": mine})


def _units(actor: Actor) -> list[Unit]:
    return list(open_units().filter(pk__in=handling_units(actor)).order_by("path"))


def _unit(request: HttpRequest, actor: Actor) -> Unit:
    wanted = whole(request.GET.get("unit") or request.POST.get("unit"))
    if wanted is not None:
        found = open_units().filter(pk=wanted).first()
        if found is None or not permissions.can_look(actor, found):
            raise NotVisible("unit")
        return found
    units = _units(actor)
    if not units:
        raise NotVisible("unit")
    return units[-1]
