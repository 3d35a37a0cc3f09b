"""Rows of the dispatch pool as HTML: a plain function, because the engine takes a quarter of a millisecond a row.

Whatever comes from people is escaped here; the words come from the catalogue of the request's language, read once a process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hotline.dispatch.queries.pool import PoolRow, Tab
from hotline.ui.templatetags import ui
from hotline.workorders.models import ApplicationKind, OrderState, Urgency, WorkOrder

register = template.Library()
_RANKS = {Urgency.ELEVATED: 1, Urgency.URGENT: 2}


class _Words:
    """What the rows say in one language."""

    def __init__(self) -> None:
        self.urgencies = {str(one): ui.urgency(rank, str(one.label)) for one, rank in _RANKS.items()}
        self.kinds = {str(one): ui.state(str(one.label), "wait") for one in ApplicationKind}
        self.supplement = ui.state(str(OrderState.PENDING_SUPPLEMENT.label), "wait")
        self.secret = ui.secrecy()
        self.no_place, self.no_category = escape(_("place unknown")), escape(_("no category"))
        self.nobody = f'<span class="pool-unit pool-nobody">{escape(_("no unit in the catalogue"))}</span>'
        self.arrow, self.exchange, self.checked = (
            ui.icon("arrow-right", 12),
            ui.icon("arrows-exchange", 12),
            ui.icon("user-check", 12),
        )
        self.more_than_once = escape(_("Returned more than once"))
        self.returned = _("returned %(n)s times")
        self.before = f'<span class="pool-pingpong">{escape(_("returned before"))}</span>'


@lru_cache(maxsize=8)
def _words(language: str) -> _Words:
    del language  # the key: inside, `gettext` speaks the language of the request
    return _Words()


def _place(order: WorkOrder, say: _Words) -> str:
    if order.division:
        return escape(order.division.name)
    if order.address:
        return escape(Truncator(order.address).chars(12))
    return say.no_place


def _unit(row: PoolRow, tab: str, say: _Words) -> str:
    if row.application:
        return f'<span class="pool-unit">{ui.unit_name(row.application.assignment.unit.short_name)}</span>'
    if row.suggested:
        return f'<span class="pool-unit">{say.arrow}{ui.unit_name(row.suggested.short_name)}</span>'
    # Without a category the row says so already: the catalogue was not asked.
    return say.nobody if tab == Tab.POOL and row.order.category_id else ""


def _returns(row: PoolRow, say: _Words) -> str:
    if row.ping_pong:
        words = escape(say.returned % {"n": row.order.return_count})
        return f'<span class="pool-pingpong" title="{say.more_than_once}">{say.exchange}{words}</span>'
    return say.before if row.order.return_count else ""


@register.simple_tag
def pool_rows(rows: Sequence[PoolRow], tab: str, own_id: int | None) -> SafeString:
    """Rows of one of the dispatcher's lists; `own_id` is who looks, so that his own claims are marked."""
    say = _words(get_language() or "")
    before, _number, after = reverse("dispatch:pane", args=[0]).rpartition("0")
    after = f"{after}?tab={escape(tab)}"
    lines = []
    for row in rows:
        order, application = row.order, row.application
        pk = order.pk
        mark = say.kinds.get(application.kind, "") if application else ""
        if not application and order.state == OrderState.PENDING_SUPPLEMENT:
            mark = say.supplement
        claimed = ""
        if order.pool_claimed_by:
            mine = "yes" if order.pool_claimed_by_id == own_id else ""
            claimed = f'<span class="pool-claimed" data-mine="{mine}">{say.checked}{escape(order.pool_claimed_by.name)}</span>'
        lines.append(
            f'<div class="pool-row" id="order-row-{pk}{f"-{application.pk}" if application else ""}" data-row data-order="{pk}"'
            f' role="option" aria-selected="false" tabindex="-1" hx-get="{before}{pk}{after}" hx-target="#pool-pane"'
            ' hx-swap="innerHTML" hx-trigger="click" hx-sync="#pool-pane:replace">'
            f'<span class="pool-row-top">{ui.clock(row.due_at, row.soon_at, paused=row.paused)}'
            f"{say.urgencies.get(order.urgency, '')}{say.secret if order.secret else ''}{mark}"
            f'<span class="pool-title">{escape(order.title)}</span></span>'
            f'<span class="pool-row-foot"><span class="pool-place">{_place(order, say)}</span>'
            f'<span class="pool-category">{escape(order.category.name) if order.category else say.no_category}</span>'
            f"{_unit(row, tab, say)}{_returns(row, say)}{claimed}</span></div>"
        )
    return mark_safe("\n".join(lines))  # noqa: S308 (whatever comes from people is escaped above)
