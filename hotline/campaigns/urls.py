"""Doors of campaigns, under `/campaigns/`."""

from __future__ import annotations

from django.urls import path

from hotline.campaigns import views

app_name = "campaigns"
urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.edit, name="new"),
    path("no-calls", views.opt_outs, name="opt_outs"),
    path("no-calls/<int:citizen_id>", views.opt_in, name="opt_in"),
    path("<int:campaign_id>/", views.one, name="one"),
    path("<int:campaign_id>/edit", views.edit, name="edit"),
    path("<int:campaign_id>/list", views.add_list, name="add_list"),
    path("<int:campaign_id>/start", views.start, name="start"),
    path("<int:campaign_id>/pause", views.pause, name="pause"),
    path("<int:campaign_id>/end", views.end, name="end"),
    path("<int:campaign_id>/answers.csv", views.export, name="export"),
]
