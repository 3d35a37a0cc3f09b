"""The vocabulary of labels: add, rename, merge, part, retire."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hotline.kit.access import access, actor_of
from hotline.kit.errors import Invalid, Refused
from hotline.kit.numbers import whole
from hotline.suggestions import actions, queries
from hotline.suggestions.forms import LabelForm

CODE = "suggestions:labels"


@access(CODE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Every label by name; `?q=` in name or words, `?retired=1` with those taken out of use."""
    return _page(request, LabelForm())


def _page(request: HttpRequest, form: LabelForm, status: int = 200) -> HttpResponse:
    text, retired = request.GET.get("q", "").strip()[:40], request.GET.get("retired") == "1"
    found = queries.labels(text, retired=retired)
    counts = queries.label_counts() if found else {}
    return render(
        request,
        "suggestions/labels.html",
        {
            "labels": found,
            "rows": [(one, counts.get(one.name, 0)) for one in found],
            "all": queries.labels() if text else found,
            "q": text,
            "retired": retired,
            "form": form,
        },
        status=status,
    )


def _done(request: HttpRequest, act: Callable[[], object], text: str) -> HttpResponse:
    try:
        act()
    except (Invalid, Refused) as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, text)
    return redirect("suggestions:labels")


@access(CODE)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """A new label."""
    form = LabelForm(request.POST)
    if form.is_valid():
        try:
            actions.add_label(actor=actor_of(request), **form.values())
        except Invalid as error:
            form.add_error("name", str(error.message))
        else:
            messages.success(request, _("The label was added."))
            return redirect("suggestions:labels")
    return _page(request, form, 422)


@access(CODE)
@require_POST
def edit(request: HttpRequest, label_id: int) -> HttpResponse:
    """Rename, or change the words and the category that propose it."""
    form = LabelForm(request.POST)
    if not form.is_valid():
        return _page(request, form, 422)
    return _done(
        request,
        lambda: actions.change_label(actor=actor_of(request), label_id=label_id, **form.values()),
        _("The label was changed; older orders count under its new name."),
    )


@access(CODE)
@require_POST
def merge(request: HttpRequest, label_id: int) -> HttpResponse:
    """Let it be read as another from now on."""
    into = request.POST.get("into", "")
    return _done(
        request,
        lambda: (
            actions.merge_labels(
                actor=actor_of(request), label_id=label_id, into_id=whole(into) or 0
            )
            if into
            else _refuse()
        ),
        _("The labels were merged. Orders keep theirs; the merge can be undone."),
    )


def _refuse() -> None:
    raise Invalid("into", _("Choose the label that stays."))


@access(CODE)
@require_POST
def split(request: HttpRequest, label_id: int) -> HttpResponse:
    """Undo a merge."""
    return _done(
        request,
        lambda: actions.split_label(actor=actor_of(request), label_id=label_id),
        _("The merge was undone."),
    )


@access(CODE)
@require_POST
def retire(request: HttpRequest, label_id: int) -> HttpResponse:
    """Take it out of the proposals, or back in."""
    retired = request.POST.get("retired") != "0"
    text = _("The label is not proposed any more.") if retired else _("The label is proposed again.")
    return _done(
        request,
        lambda: actions.retire_label(actor=actor_of(request), label_id=label_id, retired=retired),
        text,
    )
