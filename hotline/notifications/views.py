"""The operators' page of what was sent."""

from __future__ import annotations

from django.contrib import messages as flash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hotline.kit.access import access, actor_of
from hotline.notifications import actions, gateways, queries
from hotline.notifications.models import MessageState
from hotline.notifications.texts import TEMPLATES


@access("ops:health")
def outbox(request: HttpRequest) -> HttpResponse:
    """`/notifications/`: every message with masked phone, state and error."""
    state = request.GET.get("state", "")
    page = queries.messages(state, request.GET.get("cursor", ""))
    rows = [
        {
            "message": message,
            "label": TEMPLATES[message.template].label if message.template in TEMPLATES else message.template,
        }
        for message in page.rows
    ]
    return render(
        request,
        "notifications/outbox.html",
        {
            "rows": rows,
            "pages": page,
            "state": state,
            "states": MessageState.choices,
            "gateway": gateways.current(),
        },
    )


@require_POST
@access("ops:health")
def send_again(request: HttpRequest, message_id: int) -> HttpResponse:
    """Put a failed message back into the outbox."""
    actions.send_again(actor=actor_of(request), message_id=message_id)
    flash.success(request, _("The message waits to be sent again."))
    return redirect("notifications:outbox")
