"""Doors of places, under `/places/`."""

from __future__ import annotations

from django.urls import path

from hotline.places import views

app_name = "places"
urlpatterns = [
    path("outlines/<slug:level>.json", views.outlines, name="outlines"),
    path("reverse", views.reverse, name="reverse"),
    path("outlines/", views.page, name="outlines_page"),
    path("outlines/import", views.load, name="outlines_import"),
]
