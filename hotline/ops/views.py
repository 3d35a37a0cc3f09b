"""Liveness, health and metrics."""

from __future__ import annotations

import hmac
from typing import cast

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from hotline.config.environment import environment
from hotline.kit import health
from hotline.kit.access import actor_of, public
from hotline.kit.clock import now
from hotline.kit.health import Level

# What the page calls each check; machines read the names. A check without words shows its name.
CHECK_NAMES: dict[str, str | Promise] = {
    "audit_chain": _("Seals of the logs"),
    "database": _("Database"),
    "disk": _("Disk space"),
    "failed": _("Failed jobs"),
    "knowledge.search": _("Search of the knowledge base"),
    "live": _("Live screens"),
    "notifications.outbox": _("Text messages"),
    "quarantine": _("Messages that could not be read"),
    "queue": _("Waiting jobs"),
    "stalled": _("Stuck jobs"),
    "suggestions.category": _("Model of categories"),
    "suggestions.meaning": _("Comparison by meaning"),
    "suggestions.writer": _("Language model on the city's network"),
    "workers": _("Job processes"),
    "worktime.calendar": _("Working calendar"),
    "worktime.policy": _("Deadline policy"),
}


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Liveness: this process answers. Says nothing about the database, so that a balancer keeps the error
    page up."""
    return HttpResponse("ok\n", content_type="text/plain")


@public
@never_cache
@require_safe
def health_page(request: HttpRequest) -> HttpResponse:
    """Readiness: 503 when a check fails. Staff see text and advice, everybody else names and levels only."""
    results = health.run_all()
    worst = max((result.level for result in results.values()), key=list(Level).index, default=Level.OK)
    status = 503 if worst == Level.FAIL else 200
    staff = actor_of(request).is_staff if hasattr(request, "actor") else False
    if "text/html" in request.headers.get("Accept", "") and staff:
        rows = [(CHECK_NAMES.get(name, name), name, result) for name, result in results.items()]
        return render(
            request, "ops/health.html", {"rows": rows, "worst": worst, "moment": now()}, status=status
        )
    checks = {
        name: {"level": r.level, **({"text": r.text, "advice": r.advice} if staff else {})}
        for name, r in results.items()
    }
    return JsonResponse(
        {"level": worst, "checks": checks}, status=status, json_dumps_params={"ensure_ascii": False}
    )


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text. With HOTLINE_METRICS_TOKEN set, for its bearer only; without, never in production."""
    env = environment()
    token = env.hotline_metrics_token
    if token:
        if not hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        ):
            raise Http404
    elif env.hotline_mode == "production":
        raise Http404
    return cast(HttpResponse, ExportToDjangoView(request))
