"""Announcements: what is on the lines now, prepared, over; how far the voice is with each, and to hear it oneself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hotline.calls import actions, prompts, queries
from hotline.calls.forms import AnnouncementForm, RecordingForm
from hotline.calls.permissions import ANNOUNCE, CONFIGURE
from hotline.calls.rules import SOUND
from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.errors import ActionError, Invalid, NotVisible


@access(ANNOUNCE)
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    """The list, kept up to date while the voice speaks."""
    context = {
        "found": queries.announcements(actor_of(request), now()),
        "form": RecordingForm(),
        "voice": settings.VOICE_ON,
        "on": settings.TELEPHONE_ON,
    }
    whole = not request.headers.get("HX-Request")
    return render(request, "calls/announcements.html" if whole else "calls/_announcements.html", context)


@access(ANNOUNCE)
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """A new one: put on the line at once, or prepared to be listened to first."""
    form = AnnouncementForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        prepared = "prepare" in request.POST
        try:
            actions.announce(
                actor=actor_of(request),
                text=given["text"],
                line_code=given["line"].code if given["line"] else "",
                district_code=given["district"],
                begins_at=given["begins_at"],
                ends_at=given["ends_at"],
                prepared=prepared,
            )
        except Invalid as error:
            show_faults(form, error)
        else:
            messages.success(
                request,
                _("It is being spoken. Listen to it here, then put it on the line.")
                if prepared
                else _("It is being spoken; callers hear it as soon as it is, within a minute."),
            )
            return redirect("calls:announcements")
    context = {"form": form, "voice": settings.VOICE_ON}
    return render(request, "calls/announcement_add.html", context, status=422 if form.errors else 200)


@access(ANNOUNCE)
@require_POST
def put_on(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """From now on the line."""
    return _tried(
        request,
        lambda: actions.put_on_line(actor=actor_of(request), announcement_id=announcement_id),
        _("It is on the line."),
    )


@access(ANNOUNCE)
@require_POST
def withdraw(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Off the line; one that was only prepared is thrown away."""
    return _tried(
        request,
        lambda: actions.withdraw_announcement(actor=actor_of(request), announcement_id=announcement_id),
        _("It is off the line. The next caller does not hear it."),
    )


@access(ANNOUNCE, CONFIGURE)
@require_GET
def sound(request: HttpRequest) -> HttpResponse:
    """`?name=`: the sound file as callers hear it, of this machine's exchange."""
    name = request.GET.get("name", "")
    path = prompts.folder() / name
    if not SOUND.fullmatch(name) or not path.is_file():
        raise NotVisible(name)
    return HttpResponse(path.read_bytes(), content_type="audio/wav", headers={"Cache-Control": "no-store"})


@access(ANNOUNCE, CONFIGURE)
@require_POST
def record(request: HttpRequest) -> HttpResponse:
    """An own recording in place of what is spoken (`name`), or away with it (`drop`)."""
    actor, name = actor_of(request), request.POST.get("name", "")
    back = "calls:announcements" if name.startswith("announcement-") else "calls:lines"
    if "drop" in request.POST:
        actions.drop_recording(actor=actor, name=name)
        messages.success(request, _("The voice speaks it again."))
        return redirect(back)
    form = RecordingForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(str(one) for faults in form.errors.values() for one in faults))
        return redirect(back)
    return _tried(
        request,
        lambda: actions.record_prompt(actor=actor, name=name, data=form.cleaned_data["recording"].read()),
        _("Callers hear the recording within a few seconds."),
        back,
    )


def _tried(request: HttpRequest, act: Any, done: str, back: str = "calls:announcements") -> HttpResponse:
    try:
        act()
    except ActionError as error:
        if error.status == 403:
            raise
        messages.error(request, str(error.message))
    else:
        messages.success(request, done)
    return redirect(back)


def show_faults(form: Any, error: Invalid) -> None:
    """An action's complaints beside the fields they are about."""
    for field, words in error.details.items():
        form.add_error(field if field in form.fields else None, str(words))
    if not error.details:
        form.add_error(None, str(error.message))
