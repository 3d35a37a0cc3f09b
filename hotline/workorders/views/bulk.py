"""One act on many orders: preview with permission and rule per row, then run with a result per row."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.numbers import wholes
from hotline.workorders.actions.bulk import MOST, run_bulk
from hotline.workorders.forms.bulk import BULK_FORMS, BulkPick
from hotline.workorders.queries.bulk import preview


@access("workorders:bulk")
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """`/orders/bulk/`: choose the act, see what would happen, run it. The ids travel in the form; nothing is kept."""
    actor = actor_of(request)
    ids = list(dict.fromkeys(wholes(request.POST.getlist("order"))))
    if not ids:
        return redirect("workorders:list")
    pick = BulkPick(request.POST if "verb" in request.POST else None, actor=actor)
    context: dict[str, Any] = {"ids": ids[:MOST], "cut": max(0, len(ids) - MOST), "most": MOST, "pick": pick}
    if "verb" not in request.POST or not pick.is_valid():
        return render(request, "workorders/bulk.html", context)
    verb = pick.cleaned_data["verb"]
    rows = preview(actor, verb, ids[:MOST], now=now())
    context |= {"verb": verb, "rows": rows, "able": sum(not row.reason for row in rows)}
    form = BULK_FORMS[verb](request.POST if request.POST.get("step") == "run" else None)
    context["form"] = form
    if request.POST.get("step") == "run" and form.is_valid():
        # Only what the preview showed as possible is tried; each row answers for itself.
        results = run_bulk(
            actor=actor,
            verb=verb,
            given=form.cleaned_data,
            targets=[(row.order.pk, row.assignment_id) for row in rows if not row.reason],
        )
        context["results"] = [
            (
                row.order,
                results.get(row.order.pk, row.reason),
                row.order.pk in results and not results[row.order.pk],
            )
            for row in rows
        ]
        context["done"] = sum(not reason for reason in results.values())
        context["title"] = _("Result")
        return render(request, "workorders/bulk_done.html", context)
    return render(request, "workorders/bulk.html", context, status=422 if form.is_bound else 200)
