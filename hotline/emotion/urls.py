"""Doors of voices, under `/emotion/`."""

from __future__ import annotations

from django.urls import path

from hotline.emotion import views

app_name = "emotion"
urlpatterns = [
    path("", views.alerts, name="alerts"),
    path("mine", views.mine, name="mine"),
    path("hint", views.hint, name="hint"),
    path("now", views.alerted, name="alerted"),
    path("alerts/<int:alert_id>", views.answer, name="answer"),
    path("alerts/<int:alert_id>/sound.wav", views.sound, name="sound"),
]
