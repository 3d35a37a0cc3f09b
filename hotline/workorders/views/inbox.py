"""The unit's inbox: what is owed, by pile."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from hotline.accounts.models import Unit
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now, today
from hotline.kit.numbers import wholes
from hotline.workorders import actions
from hotline.workorders.models import Assignment
from hotline.workorders.queries import inbox
from hotline.workorders.queries.inbox import Pile
from hotline.workorders.queries.signals import clock_of_assignment
from hotline.workorders.queries.visibility import visible_to

PILES: dict[Pile, tuple[str | Promise, str | Promise, str | Promise]] = {
    Pile.TO_SIGN: (
        gettext_lazy("To sign"),
        gettext_lazy("Nothing waits for your signature."),
        gettext_lazy("New orders appear here the moment they are sent to your unit."),
    ),
    Pile.TO_CONTACT: (
        gettext_lazy("To contact"),
        gettext_lazy("Every citizen has been contacted."),
        gettext_lazy("Signed orders wait here until the first contact is recorded."),
    ),
    Pile.IN_HAND: (
        gettext_lazy("In hand"),
        gettext_lazy("Nothing is in hand."),
        gettext_lazy("Orders come here after the first contact, the next deadline on top."),
    ),
    Pile.TO_REVIEW: (
        gettext_lazy("For me to decide"),
        gettext_lazy("Nothing waits for your decision."),
        gettext_lazy("Replies and applications of the units below you appear here."),
    ),
}


@access("workorders:sign", "workorders:reply", "workorders:approve_reply", "workorders:decide_application")
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """`/orders/inbox/`; with htmx only the part that moves."""
    actor = actor_of(request)
    units = inbox.handling_units(actor)
    load = inbox.load(actor, units, now=now())
    counts = load.counts
    wanted = request.GET.get("pile", "")
    piles = [which for which in Pile if units or which == Pile.TO_REVIEW]
    chosen = Pile(wanted) if wanted in piles else next((which for which in piles if counts[which]), piles[0])
    mine = request.GET.get("mine") == "1"
    found = inbox.pile(actor, chosen, units, only_mine=mine, cursor=request.GET.get("cursor", ""))
    context: dict[str, Any] = {
        "tabs": [(which, PILES[which][0], counts[which]) for which in piles],
        "chosen": chosen,
        "rows": [
            {"at": row, "chip": clock_of_assignment(row), "owed": inbox.owed(row)} for row in found.rows
        ],
        "found": found,
        "why": PILES[chosen][1],
        "advice": PILES[chosen][2],
        "mine": mine,
        "week": load.week if units else [],
        "today": today(),
        "topics": " ".join(f"unit:{unit}" for unit in units) or "board",
        "units": list(Unit.objects.filter(pk__in=units).values_list("short_name", flat=True)),
        "signing": chosen == Pile.TO_SIGN,
    }
    part = getattr(request, "htmx", False) and request.GET.get("part") == "piles"
    return render(request, "workorders/_inbox.html" if part else "workorders/inbox.html", context)


@access("workorders:sign")
@require_POST
def sign_many(request: HttpRequest) -> HttpResponse:
    """Sign for the chosen assignments; what could not be signed is told with its reason."""
    actor = actor_of(request)
    given = wholes(request.POST.getlist("assignment"))[:500]
    # What is not visible does not exist; one such id must not stop the others.
    wanted = list(
        Assignment.objects.filter(pk__in=given, order__in=visible_to(actor)).values_list("pk", flat=True)
    )
    if not wanted:
        messages.info(request, _("Choose the orders to sign for."))
        return redirect("workorders:inbox")
    refused = actions.sign_many(actor=actor, assignment_ids=wanted)
    done = len(set(wanted)) - len(refused)
    if done:
        messages.success(
            request, ngettext("Signed for %(n)d order.", "Signed for %(n)d orders.", done) % {"n": done}
        )
    numbers = dict(Assignment.objects.filter(pk__in=refused).values_list("pk", "order__number"))
    for pk, reason in list(refused.items())[:10]:
        messages.error(request, f"{numbers.get(pk, pk)}: {reason}")
    return redirect("workorders:inbox")
