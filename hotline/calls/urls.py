"""Doors of the telephone, under `/telephone/`."""

from __future__ import annotations

from django.urls import path

from hotline.calls.views import telephone, wall

app_name = "calls"
urlpatterns = [
    path("", telephone.page, name="telephone"),
    path("sign-in", telephone.sign_in, name="sign_in"),
    path("do/<slug:verb>", telephone.act, name="act"),
    path("seats/", wall.seats, name="seats"),
]
