"""Doors of figures, under `/figures/`."""

from __future__ import annotations

from django.urls import path

from hotline.analytics import views

app_name = "analytics"
urlpatterns = [
    path("", views.index, name="index"),
    path("orders", views.behind, name="behind"),
]
