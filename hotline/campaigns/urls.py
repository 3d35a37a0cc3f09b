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
    path("call", views.at_agent, name="at_agent"),
    path("call/<int:attempt_id>", views.note, name="note"),
    path("<int:campaign_id>/query/<slug:source>", views.query, name="query"),
    path("<int:campaign_id>/queries/<int:selection_id>/drop", views.drop_query, name="drop_query"),
    path("<int:campaign_id>/", views.one, name="one"),
    path("<int:campaign_id>/edit", views.edit, name="edit"),
    path("<int:campaign_id>/list", views.add_list, name="add_list"),
    path("<int:campaign_id>/answers.csv", views.export, name="export"),
    path("<int:campaign_id>/do/<slug:verb>", views.steer, name="steer"),
]
