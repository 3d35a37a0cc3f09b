"""Pages of follow-up: the queue with the call beside it, appeals, second checks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.followup import actions, queries
from hotline.followup.forms import CallForm, DecisionForm
from hotline.followup.models import FollowUpTask
from hotline.kit.access import access, actor_of
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid


def _queue_context(request: HttpRequest, pile: str) -> dict[str, Any]:
    actor = actor_of(request)
    return {
        "pile": pile,
        "piles": queries.piles(actor),
        "list": queries.queue(actor, pile=pile, cursor=request.GET.get("cursor", "")),
    }


def _task_context(actor: Actor, task: FollowUpTask, form: CallForm) -> dict[str, Any]:
    return {
        "task": task,
        "may_reveal": task.state == "claimed" and actor.has("accounts:reveal_identity"),
        "order": task.order,
        "reply": queries.reply_of(task),
        "script": queries.script(task),
        "attempts": [] if task.second_check else list(task.attempts.order_by("-id")),
        "form": form,
    }


@access("followup:call", "followup:second_check")
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The queue; `?pile=` now, later, second or done."""
    pile = request.GET.get("pile", "now")
    context = _queue_context(request, pile if pile in ("now", "later", "second", "done") else "now")
    return render(
        request,
        "followup/_list.html"
        if request.headers.get("HX-Target") == "follow-up-list"
        else "followup/queue.html",
        context,
    )


@access("followup:call", "followup:second_check")
@require_POST
def take_next(request: HttpRequest) -> HttpResponse:
    """Take the most urgent call that nobody holds."""
    second = request.POST.get("pile") == "second"
    task = actions.claim_next(actor=actor_of(request), second_check=second)
    if task is None:
        messages.info(request, _("There is nobody to call now."))
        return HttpResponseRedirect(reverse("followup:queue"))
    return HttpResponseRedirect(reverse("followup:call", args=[task.pk]))


@access("followup:call", "followup:second_check")
@require_http_methods(["GET", "POST"])
def call(request: HttpRequest, task_id: int) -> HttpResponse:
    """One call: the order, the reply, the script and the answers. POST writes the try down and goes to the next."""
    actor = actor_of(request)
    task = queries.task_for(actor, task_id)
    pile = "second" if task.second_check else "now"
    if request.method == "GET":
        context = _task_context(actor, task, CallForm())
        return render(request, "followup/call.html", {**_queue_context(request, pile), **context})
    form = CallForm(request.POST)
    if form.is_valid():
        try:
            done = actions.record_attempt(
                actor=actor,
                task_id=task_id,
                connected=form.cleaned_data["connected"] == "yes",
                answer=form.answer() if form.cleaned_data["connected"] == "yes" else None,
                no_answer_reason=form.cleaned_data["no_answer_reason"],
                close_anyway_reason=form.cleaned_data["close_anyway_reason"],
            )
        except Invalid as error:
            for field, text in error.details.items():
                form.add_error(field if field in form.fields else None, str(text))
        else:
            messages.success(request, _("Recorded for %(number)s.") % {"number": done.order.number})
            following = (
                actions.claim_next(actor=actor, second_check=task.second_check)
                if "next" in request.POST
                else None
            )
            target = reverse("followup:call", args=[following.pk]) if following else reverse("followup:queue")
            return HttpResponseRedirect(target)
    return render(
        request,
        "followup/call.html",
        {**_queue_context(request, pile), **_task_context(actor, task, form)},
        status=422,
    )


@access("followup:call", "followup:second_check")
@require_POST
def take(request: HttpRequest, task_id: int) -> HttpResponse:
    """Take this very task."""
    task = actions.claim(actor=actor_of(request), task_id=task_id)
    return HttpResponseRedirect(reverse("followup:call", args=[task.pk]))


@access("followup:call", "followup:second_check")
@require_POST
def release(request: HttpRequest, task_id: int) -> HttpResponse:
    """Put it back."""
    actions.release(actor=actor_of(request), task_id=task_id)
    return HttpResponseRedirect(reverse("followup:queue"))


@access("followup:decide_appeal")
@require_GET
def appeals(request: HttpRequest) -> HttpResponse:
    """Citizens' appeals against results, oldest first."""
    page = queries.appeals_open(actor_of(request), request.GET.get("cursor", ""))
    return render(request, "followup/appeals.html", {"list": page, "form": DecisionForm()})


@access("followup:decide_appeal")
@require_POST
def decide_appeal(request: HttpRequest, appeal_id: int) -> HttpResponse:
    """Decide one appeal."""
    form = DecisionForm(request.POST)
    if form.is_valid():
        actions.decide_appeal(
            actor=actor_of(request),
            appeal_id=appeal_id,
            decision=form.cleaned_data["decision"],
            text=form.cleaned_data["text"],
        )
        messages.success(request, _("Decided; the citizen sees the reason."))
        return HttpResponseRedirect(reverse("followup:appeals"))
    page = queries.appeals_open(actor_of(request))
    context = {"list": page, "form": DecisionForm(), "wrong_form": form, "wrong": appeal_id}
    return render(request, "followup/appeals.html", context, status=422)


@access("followup:second_check", "followup:decide_appeal")
@require_GET
def disagreements(request: HttpRequest) -> HttpResponse:
    """Second checks whose answers differ from the first."""
    return render(request, "followup/disagreements.html", {"rows": queries.disagreements(actor_of(request))})
