"""Lists of orders, columns, saved views, export."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.errors import NotVisible
from hotline.workorders.actions import views as saved
from hotline.workorders.actions.exporting import export_csv, export_xlsx
from hotline.workorders.forms.filters import FLAG_LABELS, GROUP_LABELS, PHONE, FilterForm, without_phone
from hotline.workorders.queries.filters import Flag, StateGroup
from hotline.workorders.queries.lists import Sort, list_orders
from hotline.workorders.queries.saved import default_columns, saved_views
from hotline.workorders.queries.signals import clock_of_order


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the list. `cell` names the template part's branch."""

    name: str
    label: str | Promise
    fixed: bool = False


COLUMNS: tuple[Column, ...] = (
    Column("clock", gettext_lazy("Deadline"), fixed=True),
    Column("number", gettext_lazy("Order number"), fixed=True),
    Column("title", gettext_lazy("Title"), fixed=True),
    Column("state", pgettext_lazy("order", "State")),
    Column("type", gettext_lazy("Type")),
    Column("category", gettext_lazy("Category")),
    Column("place", gettext_lazy("Place")),
    Column("unit", gettext_lazy("Lead unit")),
    Column("citizen", gettext_lazy("Citizen")),
    Column("channel", gettext_lazy("Channel")),
    Column("marks", gettext_lazy("Marks")),
    Column("created", gettext_lazy("Filed at")),
    Column("closed", pgettext_lazy("order", "Closed at")),
    Column("counts", gettext_lazy("Returns, extensions, redos, urgings")),
)
_KEPT = ("cursor", "page", "columns")


def _chosen_columns(request: HttpRequest) -> list[Column]:
    wanted = request.GET.get("columns", "")
    names = [name for name in wanted.split(",") if name] or default_columns()
    return [column for column in COLUMNS if column.fixed or column.name in names]


def _query_without(query: QueryDict, *names: str) -> str:
    kept = query.copy()
    for name in (*names, *_KEPT):
        kept.pop(name, None)
    return kept.urlencode()


def _chips(request: HttpRequest, form: FilterForm) -> list[dict[str, str]]:
    chips = []
    for name, label, text in form.chosen():
        query = request.GET.copy()
        query.pop("cursor", None)
        if name.startswith("flag="):
            query.setlist(
                "flag", [flag for flag in query.getlist("flag") if flag != name.removeprefix("flag=")]
            )
        else:
            query.pop(name, None)
        chips.append({"label": label, "text": text, "url": f"?{query.urlencode()}" if query else "?"})
    return chips


@access("workorders:view")
@require_GET
def order_list(request: HttpRequest) -> HttpResponse:
    """`/orders/`: filters, columns, saved views, selection for bulk action."""
    actor = actor_of(request)
    covered = without_phone(actor, request.GET)
    if covered is not None:
        return _back_to_list(covered)
    form = FilterForm(request.GET)
    listing = list_orders(
        actor, form.filters(actor), now=now(), sort=form.wanted_sort(), cursor=request.GET.get("cursor", "")
    )
    columns = _chosen_columns(request)
    rows = [{"order": order, "clock": clock_of_order(order)} for order in listing.page.rows]
    context: dict[str, Any] = {
        "form": form,
        "page_rows": rows,
        "listing": listing,
        "columns": columns,
        "all_columns": [column for column in COLUMNS if not column.fixed],
        "column_names": [column.name for column in columns],
        "chips": _chips(request, form),
        "filtered": bool(form.chosen()),
        "more": any(
            request.GET.get(name)
            for name in ("urgency", "demand_type", "channel", "since", "until", "sort", "flag")
        ),
        "views": saved_views(actor),
        "query": _query_without(request.GET),
        "quick": _quick(request),
        "may_export": actor.has("workorders:export"),
        "may_bulk": actor.has("workorders:bulk"),
        "relevance": listing.sort == Sort.RELEVANCE,
    }
    return render(request, "workorders/list.html", context)


@access("workorders:view")
@require_POST
def search(request: HttpRequest) -> HttpResponse:
    """The filter bar's door: what was typed comes in the body, and the list's address never holds a phone number."""
    query = request.POST.copy()
    query.pop("csrfmiddlewaretoken", None)
    for name in [name for name in query if not any(query.getlist(name))]:
        del query[name]
    return _back_to_list(without_phone(actor_of(request), query) or query)


def _quick(request: HttpRequest) -> list[dict[str, Any]]:
    """The views that everybody needs, one click away."""
    wanted: list[tuple[str, str | Promise, dict[str, str]]] = [
        ("all", gettext_lazy("All"), {}),
        ("open", GROUP_LABELS[StateGroup.OPEN], {"state": StateGroup.OPEN, "sort": Sort.DUE}),
        ("overdue", FLAG_LABELS[Flag.OVERDUE], {"flag": Flag.OVERDUE, "sort": Sort.DUE}),
        ("soon", FLAG_LABELS[Flag.DUE_SOON], {"flag": Flag.DUE_SOON, "sort": Sort.DUE}),
        ("supervised", FLAG_LABELS[Flag.SUPERVISED], {"flag": Flag.SUPERVISED}),
        ("redo", FLAG_LABELS[Flag.REDO], {"flag": Flag.REDO, "state": StateGroup.OPEN}),
    ]
    here = {key: values for key, values in request.GET.lists() if key not in _KEPT and any(values)}
    found = []
    for _name, label, query in wanted:
        current = {key: [str(value)] for key, value in query.items()} == here
        found.append(
            {
                "label": label,
                "url": "?" + urlencode(query) if query else reverse("workorders:list"),
                "current": current,
            }
        )
    return found


@access("workorders:view")
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep the present filters and columns under a name."""
    query = QueryDict(request.POST.get("query", ""))
    saved.save_view(
        actor=actor_of(request),
        name=request.POST.get("name", ""),
        # A phone number is looked up, never kept.
        query={
            key: query.getlist(key)
            for key in query
            if key not in (*_KEPT, "citizen") and not (key == "find" and PHONE.fullmatch(query[key].strip()))
        },
        columns=[name for name in request.POST.getlist("columns") if name],
    )
    messages.success(request, _("The view was saved."))
    return _back_to_list(query)


@access("workorders:view")
@require_POST
def delete_view(request: HttpRequest, view_id: int) -> HttpResponse:
    """Forget a saved view."""
    saved.delete_view(actor=actor_of(request), view_id=view_id)
    messages.success(request, _("The view was removed."))
    return redirect("workorders:list")


def _back_to_list(query: QueryDict) -> HttpResponseRedirect:
    address = reverse("workorders:list")
    return HttpResponseRedirect(f"{address}?{query.urlencode()}" if query else address)


@access("workorders:export")
@require_POST
def export(request: HttpRequest, kind: str) -> HttpResponse:
    """The list as CSV (streamed) or Excel; audited before the first row leaves."""
    actor = actor_of(request)
    form = FilterForm(QueryDict(request.POST.get("query", "")))
    filters = form.filters(actor)
    moment = now()
    name = _("orders") + moment.strftime("-%Y%m%d-%H%M%S")
    response: FileResponse | StreamingHttpResponse
    if kind == "xlsx":
        response = FileResponse(
            export_xlsx(actor=actor, filters=filters, at=moment),
            content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        )
    elif kind == "csv":
        response = StreamingHttpResponse(
            export_csv(actor=actor, filters=filters, at=moment), content_type="text/csv; charset=utf-8"
        )
        response["X-Accel-Buffering"] = "no"
    else:
        raise NotVisible("export")
    response["Content-Disposition"] = content_disposition_header(True, f"{name}.{kind}") or "attachment"
    return cast(HttpResponse, response)
