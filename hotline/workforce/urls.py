"""Doors of forecast and staffing, under `/workforce/`."""

from __future__ import annotations

from django.urls import path

from hotline.workforce import views

app_name = "workforce"
urlpatterns = [
    path("", views.outlook, name="outlook"),
    path("special", views.set_special, name="set_special"),
    path("special/remove", views.remove_special, name="remove_special"),
    path("simulations/", views.simulations, name="simulations"),
    path("simulations/ask", views.ask, name="ask"),
]
