"""Questions of categories: which ask what, from when; a check before a version takes effect."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import yaml
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from hotline.intake import actions
from hotline.intake.queries.questions import category_named, forms_by_category, versions_of
from hotline.intake.rules.questions import KINDS, check_questions, parse_questions
from hotline.kit.access import access, actor_of
from hotline.kit.clock import today
from hotline.kit.errors import Invalid

DOOR = "workorders:configure"


@access(DOOR)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """Categories that ask something."""
    return render(
        request, "intake/questions.html", {"listed": forms_by_category(today()), "kinds": list(KINDS)}
    )


@access(DOOR)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """A new version, written as YAML, previewed as the agent sees it before it takes effect."""
    category = category_named(code)
    versions = versions_of(category.pk)
    text = request.POST.get("questions") or (_as_yaml(versions[0].questions) if versions else _EXAMPLE)
    faults: list[str] = []
    given: Any = None
    try:
        given = yaml.safe_load(text) or []
        faults = check_questions(given)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # The reader also gives up on numbers of a thousand digits and on months that do not exist.
        faults = [_("This is not YAML: %(error)s") % {"error": (str(error).splitlines() or ["?"])[0]}]
    if request.method == "POST" and request.POST.get("publish") and not faults:
        try:
            day = forms.DateField().clean(request.POST.get("effective_from"))
            made = actions.publish_questions(
                actor=actor_of(request), category_id=category.pk, questions=given, effective_from=day
            )
        except forms.ValidationError as error:
            faults = list(error.messages)
        except Invalid as error:
            faults = [str(words) for words in error.details.values()]
        else:
            messages.success(
                request,
                _("Version %(version)d takes effect on %(day)s.")
                % {"version": made.version, "day": day.isoformat()},
            )
            return redirect("intake:questions")
    context = {
        "category": category,
        "versions": versions,
        "text": text,
        "faults": faults,
        "preview": parse_questions(given) if given and not faults else (),
        "answers": {},
        "tomorrow": today() + timedelta(days=1),
        "kinds": list(KINDS),
    }
    return render(
        request,
        "intake/questions_edit.html",
        context,
        status=422 if faults and request.method == "POST" else 200,
    )


def _as_yaml(questions: list[dict[str, Any]]) -> str:
    return yaml.safe_dump(questions, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110)


_EXAMPLE = """- {code: since, label: 从什么时候开始, kind: date, required: true}
- {code: scope, label: 影响范围, kind: choice, choices: [仅本户, 本楼, 整个小区]}
"""
