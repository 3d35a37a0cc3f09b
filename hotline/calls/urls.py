"""Doors of the telephone, under `/telephone/`."""

from __future__ import annotations

from django.urls import path

from hotline.calls import views

app_name = "calls"
urlpatterns = [
    path("", views.page, name="telephone"),
    path("sign-in", views.sign_in, name="sign_in"),
    path("do/<slug:verb>", views.act, name="act"),
    path("seats/", views.seats, name="seats"),
]
