"""Components of the design system. Every one is shown at `/ui/guide/`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from html import escape
from typing import Any

from django import template
from django.conf import settings
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hotline.kit import clock as kit_clock
from hotline.ui import assets, moments
from hotline.ui.navigation import Link
from hotline.ui.text import cut_in_middle, mask_phone, percent, thousands

register = template.Library()
register.filter("thousands", thousands)
register.filter("mask_phone", mask_phone)
register.filter("percent", percent)


@register.simple_tag
def asset(entry: str) -> SafeString:
    """Stylesheets and module of a built frontend entry, e.g. `{% asset "main" %}`."""
    return assets.entry_tags(entry)


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "") -> SafeString:
    """An inline icon. Without `label` it is decoration beside words; with one it speaks for itself."""
    return _icon(name, size, str(label)) if not settings.DEBUG else _drawn(name, size, str(label))


def _drawn(name: str, size: int, label: str) -> SafeString:
    spoken = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="glyph" width="{0}" height="{0}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
        ' stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" {1}>{2}</svg>',
        size,
        spoken,
        mark_safe(assets.icon_body(name)),  # noqa: S308 (from the icon package, never from a user)
    )


_icon = lru_cache(maxsize=1024)(_drawn)


Menu = Sequence[tuple[Any, Sequence[Link]]]
_menus: dict[tuple[object, ...], SafeString] = {}
_MOST_MENUS = 2000
"""Kinds of people times pages; beyond it, all are drawn anew."""


@register.simple_tag
def side_menu(menu: Menu) -> SafeString:
    """The groups of the main menu beside the page."""
    return _kept_menu("side", menu)


@register.simple_tag
def sheet_menu(menu: Menu) -> SafeString:
    """The same groups on a phone's sheet."""
    return _kept_menu("sheet", menu)


def _kept_menu(kind: str, menu: Menu) -> SafeString:
    """Thirty links on every page are the same for all who may open the same pages: drawn once a process."""
    key = (
        kind,
        get_language(),
        *((link.item.url_name, link.url, link.current) for _label, links in menu for link in links),
    )
    found = _menus.get(key)
    if found is None or settings.DEBUG:
        if len(_menus) >= _MOST_MENUS:
            _menus.clear()
        draw = _side_group if kind == "side" else _sheet_group
        found = _menus[key] = mark_safe("".join(draw(str(label), links) for label, links in menu))  # noqa: S308
    return found


def _side_group(title: str, links: Sequence[Link]) -> SafeString:
    lines = []
    for link in links:
        label, shortcut = str(link.item.label), mark_safe("")
        if link.item.key:
            shortcut = format_html(' data-key="g {}" data-key-label="{}"', link.item.key, label)
        lines.append(
            format_html(
                '<li><a href="{}"{}{} title="{}">{}<span>{}</span></a></li>',
                link.url,
                _current(link),
                shortcut,
                label,
                icon(link.item.icon, 18),
                label,
            )
        )
    head = '<div class="side-group"><p class="side-title">{}</p><ul>{}</ul></div>'
    return format_html(head, title, mark_safe("".join(lines)))  # noqa: S308


def _sheet_group(title: str, links: Sequence[Link]) -> SafeString:
    lines = [
        format_html(
            '<a class="menu-item" href="{}"{}>{}{}</a>',
            link.url,
            _current(link),
            icon(link.item.icon, 18),
            str(link.item.label),
        )
        for link in links
    ]
    head = '<p class="side-title">{}</p><div class="bar-links">{}</div>'
    return format_html(head, title, mark_safe("".join(lines)))  # noqa: S308


def _current(link: Link) -> SafeString:
    return mark_safe(' aria-current="page"' if link.current else "")  # noqa: S308


@register.simple_tag
def icon_url() -> str:
    """The product's mark for the browser's tab."""
    return static("ui/mark.svg")


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """A past or future moment, short, with the exact one on hover; nothing for nothing."""
    if value is None:
        return ""
    # Digits and marks alone: nothing to escape.
    return mark_safe(  # noqa: S308
        f'<time class="moment" datetime="{value.isoformat()}" title="{moments.exact(value)}">'
        f"{moments.short(value, kit_clock.today())}</time>"
    )


@register.filter
def commands(text: Any) -> SafeString:
    """Words with commands between backticks, as an operator reads them in a terminal and on a page."""
    parts = str(text).split("`")
    return format_html_join(
        "", "{}", ((format_html('<code translate="no">{}</code>', part) if at % 2 else part,) for at, part in enumerate(parts))
    )


@register.filter
def duration(value: Any) -> str:
    """A `timedelta` in words: "3 小时 20 分"."""
    return moments.duration_words(value) if value is not None else ""


@register.simple_tag
def clock(
    due: datetime | None,
    soon: datetime | None = None,
    done: datetime | None = None,
    paused: bool = False,
    label: str = "",
) -> SafeString:
    """A deadline's chip.

    `due` the moment, `soon` the moment from which it is due soon, `done` when it was met (or missed),
    `paused` when the clock stands still, `label` what is owed ("签收"). The words say the level, colour and
    shape repeat it.
    """
    if due is None:
        return mark_safe(f'<span class="clock" data-level="none">{escape(_("no deadline"))}</span>')  # noqa: S308
    name = f'<span class="clock-label">{escape(str(label))}</span>' if label else ""
    now = kit_clock.now()
    exact = moments.exact(due)
    controller = ""
    if done is not None:
        late = done > due
        level = "overdue" if late else "ontime"
        words = (
            _("late by %(time)s") % {"time": moments.duration_words(done - due)}
            if late
            else _("done on time")
        )
        title = _("due %(due)s, done %(done)s") % {"due": exact, "done": moments.exact(done)}
    elif paused:
        level, words = "paused", _("clock stopped")
        title = _("was due %(due)s; the time that the order waits is added") % {"due": exact}
    else:
        level = "overdue" if now >= due else "soon" if soon is not None and now >= soon else "ontime"
        words = moments.remaining_words(due, now)
        title = _("due %(due)s") % {"due": exact}
        controller = f' data-controller="clock" data-soon="{(soon or due).isoformat()}"'
    # A list shows dozens of chips: escaped by hand, which costs a quarter of `format_html`.
    return mark_safe(  # noqa: S308
        f'<time class="clock{" clock-done" if done is not None else ""}" datetime="{due.isoformat()}"'
        f' title="{escape(title)}" data-level="{level}"{controller}>{name}'
        f'<span class="clock-words">{escape(words)}</span></time>'
    )


@register.simple_tag
def state(label: str, tone: str = "active", title: str = "") -> SafeString:
    """A state in words. Tones: `idle` not begun, `active` in somebody's hands, `wait` waits for a decision,
    `done`, `stopped`. None of them is a signal colour: those belong to deadlines and secrecy.
    """
    return format_html('<span class="state" data-tone="{}" title="{}">{}</span>', tone, title, label)


@register.simple_tag
def urgency(rank: int, label: str) -> SafeString:
    """Urgency by rank: 0 ordinary (shown as nothing but for screen readers), 1 raised, 2 highest."""
    if not rank:
        return format_html('<span class="visually-hidden">{}</span>', label)
    return format_html('<span class="urgency" data-rank="{}">{}</span>', rank, label)


@register.simple_tag
def secrecy(label: str = "") -> SafeString:
    """The mark of a confidential order; for any order that is not, do not call it."""
    return format_html('<span class="secrecy">{}{}</span>', icon("lock", 14), label or _("Confidential"))


@register.simple_tag
def unit_name(name: str, keep: int = 6) -> SafeString:
    """A unit's name that gives way in the middle when the place is narrow; whole on hover."""
    head, tail = cut_in_middle(name, keep)
    return mark_safe(  # noqa: S308
        f'<span class="midcut" title="{escape(name)}"><span class="midcut-head">{escape(head)}</span>'
        f'<span class="midcut-tail">{escape(tail)}</span></span>'
    )


@register.simple_tag
def phone(number: str) -> SafeString:
    """A phone number, masked here if it is not yet."""
    return format_html('<span class="phone" translate="no">{}</span>', mask_phone(number))


@register.simple_tag
def key(keys: str) -> SafeString:
    """A hint of keys: `{% key "Ctrl+K" %}`."""
    caps = format_html_join("+", "<kbd>{}</kbd>", ((part,) for part in keys.split("+")))
    return format_html('<span class="keys" aria-hidden="true">{}</span>', caps)


@register.inclusion_tag("ui/parts/empty.html")
def empty(
    why: str, advice: str = "", url: str = "", action: str = "", picture: str = "inbox"
) -> dict[str, Any]:
    """An empty list says why it is empty and what to do."""
    return {"why": why, "advice": advice, "url": url, "action": action, "picture": picture}


@register.inclusion_tag("ui/parts/problem.html")
def problem(what: str, safe: str = "", advice: str = "", tone: str = "danger") -> dict[str, Any]:
    """An error says what happened, what is safe and what to do."""
    return {"what": what, "safe": safe, "advice": advice, "tone": tone}


@register.inclusion_tag("ui/parts/pager.html", takes_context=True)
def pager(
    context: Mapping[str, Any], page: Any, target: str = "", parameter: str = "cursor"
) -> dict[str, Any]:
    """Earlier and later of a `kit.paging.Page`; keeps the filters. `target`: selector for an htmx swap."""
    query = context["request"].GET.copy()
    query.pop(parameter, None)

    def address(cursor: str) -> str:
        if not cursor:
            return ""
        found = query.copy()
        found[parameter] = cursor
        return f"?{found.urlencode()}"

    return {
        "previous": address(page.previous),
        "next": address(page.next),
        "count": len(page.rows),
        "target": target,
    }


@register.inclusion_tag("ui/parts/definitions.html")
def definitions(pairs: Iterable[tuple[Any, Any]]) -> dict[str, Any]:
    """A list of (name, value); an empty value is shown as a dash, never left out silently."""
    return {"pairs": pairs}


@register.inclusion_tag("ui/parts/stepper.html")
def stepper(steps: Iterable[Mapping[str, Any]], label: str = "") -> dict[str, Any]:
    """Steps `{"label", "state": done|current|todo|skipped, "note"}`: ●───◐───○."""
    words = {"done": _("done"), "current": _("now"), "todo": _("to come"), "skipped": _("skipped")}
    return {
        "label": label or _("Progress"),
        "steps": [{**step, "spoken": words.get(str(step.get("state")), "")} for step in steps],
    }


@register.inclusion_tag("ui/parts/progress.html")
def progress(done: int, total: int, label: str, advice: str = "") -> dict[str, Any]:
    """A long wait: how far, of how much."""
    return {
        "done": done,
        "total": total,
        "label": label,
        "advice": advice,
        "share": round(100 * done / total) if total else 0,
    }


@register.simple_block_tag
def panel(content: str, title: str = "", tone: str = "", id: str = "") -> SafeString:
    """A section with a title; only where things are separate."""
    head = format_html('<h2 class="panel-title">{}</h2>', title) if title else ""
    return format_html(
        '<section class="panel"{}{}>{}<div class="panel-body">{}</div></section>',
        format_html(' id="{}"', id) if id else "",
        format_html(' data-tone="{}"', tone) if tone else "",
        head,
        content,
    )


@register.simple_block_tag
def words(content: str, whose: str, by: str = "") -> SafeString:
    """Running text on its ground: `whose` is `citizen`, `internal` or `public` (an answer citizens see); on citizens' own
    pages `own` and `reply`.
    """
    names = {
        "citizen": _("Citizen's words"),
        "internal": _("Internal, not shown to the citizen"),
        "public": _("Shown to the citizen"),
        "own": _("What you wrote"),
        "reply": _("Answer of the unit"),
    }
    return format_html(
        '<div class="words" data-whose="{}"><p class="words-label">{}{}</p>'
        '<div class="words-text">{}</div></div>',
        {"own": "citizen", "reply": "public"}.get(whose, whose),
        names[whose],
        f" · {by}" if by else "",
        content,
    )


@register.simple_block_tag
def happening(
    content: str, at: datetime, title: str, by: str = "", audience: str = "internal", symbol: str = "point"
) -> SafeString:
    """One entry of a timeline (`<ol class="happenings">`); `audience` is `internal` or `public`."""
    shown = {"internal": _("internal"), "public": _("public")}[audience]
    return format_html(
        '<li class="happening" data-audience="{}"><span class="happening-mark">{}</span>'
        '<div class="happening-head">'
        '<span class="happening-title">{}</span><span class="happening-by">{}</span>'
        '<span class="happening-audience">{}</span>{}</div><div class="happening-text">{}</div></li>',
        audience,
        icon(symbol, 14),
        title,
        by,
        shown,
        moment(at),
        content,
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str, wide: bool = False) -> SafeString:
    """A dialog opened by `<button data-opens="id">`; Esc and the cross close it."""
    return format_html(
        '<dialog class="dialog{}" id="{}" aria-labelledby="{}-title"><header class="dialog-head">'
        '<h2 class="dialog-title" id="{}-title">{}</h2>'
        '<button type="button" class="btn-close" data-closes aria-label="{}">'
        '</button></header><div class="dialog-body">{}</div></dialog>',
        " dialog-wide" if wide else "",
        id,
        id,
        id,
        title,
        _("Close"),
        content,
    )


@register.simple_block_tag
def menu(content: str, label: str, symbol: str = "dots", side: str = "end", bare: bool = False) -> SafeString:
    """A button with a list of links or buttons behind it (native `<details>`, works without scripts)."""
    return format_html(
        '<details class="menu" data-controller="menu"><summary class="btn btn-sm{}"{}>{}{}</summary>'
        '<div class="menu-list" data-side="{}">{}</div></details>',
        " btn-icon" if bare else "",
        format_html(' aria-label="{}" title="{}"', label, label) if bare else "",
        icon(symbol),
        "" if bare else label,
        side,
        content,
    )
