"""Doors of recordings and transcripts, under `/recordings/`."""

from __future__ import annotations

from django.urls import path

from hotline.transcripts.views import alarms, calls, live

app_name = "transcripts"
urlpatterns = [
    path("", calls.page, name="calls"),
    path("calls/<int:call_id>", calls.call, name="call"),
    path("calls/<int:call_id>/live", live.pane, name="live"),
    path("calls/<int:call_id>/recording", live.recording, name="recording"),
    path("sound/<int:recording_id>", calls.sound, name="sound"),
    path("alarms/", alarms.page, name="alarms"),
    path("alarms/now", alarms.alarmed, name="alarmed"),
    path("alarms/<int:alarm_id>", alarms.answer, name="answer_alarm"),
]
