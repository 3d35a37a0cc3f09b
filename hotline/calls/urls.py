"""Doors of the telephone, under `/telephone/`."""

from __future__ import annotations

from django.urls import path

from hotline.calls.views import (
    announcements,
    browser,
    call_backs,
    calls,
    figures,
    lines,
    shifts,
    telephone,
    wall,
)

app_name = "calls"
urlpatterns = [
    path("", telephone.page, name="telephone"),
    path("sign-in", telephone.sign_in, name="sign_in"),
    path("do/<slug:verb>", telephone.act, name="act"),
    path("askable", telephone.askable, name="askable"),
    path("ask", telephone.ask, name="ask"),
    path("dial", telephone.dial, name="dial"),
    path("leg", browser.leg, name="leg"),
    path("watch", browser.watch, name="watch"),
    path("watch/leave", browser.unwatch, name="unwatch"),
    path("seats/", wall.seats, name="seats"),
    path("seats/figures", wall.live_figures, name="live_figures"),
    path("figures/", figures.page, name="figures"),
    path("figures/export", figures.export, name="export_figures"),
    path("targets", figures.breaches, name="breaches"),
    path("announcements/", announcements.page, name="announcements"),
    path("announcements/new", announcements.add, name="announcement_add"),
    path("announcements/<int:announcement_id>/on", announcements.put_on, name="announcement_on"),
    path("announcements/<int:announcement_id>/off", announcements.withdraw, name="announcement_off"),
    path("prompts/sound", announcements.sound, name="sound"),
    path("prompts/record", announcements.record, name="record"),
    path("lines/", lines.page, name="lines"),
    path("lines/new", lines.line, name="line_add"),
    path("lines/line/<slug:key>/", lines.line, name="line"),
    path("lanes/new", lines.lane, name="lane_add"),
    path("lines/lane/<slug:key>/", lines.lane, name="lane"),
    path("lines/switch/<slug:kind>/<slug:key>", lines.switch, name="switch"),
    path("skills/", lines.skills, name="skills"),
    path("skills/new", lines.add_skill, name="skill_add"),
    path("skills/<slug:key>/", lines.change_skill, name="skill"),
    path("pauses/", lines.pauses, name="pauses"),
    path("pauses/<slug:key>/", lines.change_pause, name="pause"),
    path("shifts/", shifts.page, name="shifts"),
    path("shifts/import", shifts.import_list, name="shifts_import"),
    path("shifts/<int:shift_id>/remove", shifts.remove, name="shift_remove"),
    path("call-backs/", call_backs.page, name="call_backs"),
    path("call-backs/overdue", call_backs.overdue, name="overdue"),
    path("call-backs/<int:call_back_id>/<slug:verb>", call_backs.act, name="call_back"),
    path("calls/", calls.page, name="calls"),
    path("calls/<int:call_id>/", calls.call, name="call"),
    path("targets/noted", figures.note, name="note_breaches"),
]
