"""Doors of suggestions, under `/suggestions/`."""

from __future__ import annotations

from django.urls import path

from hotline.suggestions.views import labels, quality, risks, writing

app_name = "suggestions"
urlpatterns = [
    path("risks/", risks.page, name="risks"),
    path("risks/climbed", risks.climbed, name="climbed"),
    path("risks/<int:order_id>", risks.answer, name="answer_risk"),
    path("improve", writing.improve, name="improve"),
    path("labels/", labels.page, name="labels"),
    path("labels/add", labels.add, name="label_add"),
    path("labels/<int:label_id>", labels.edit, name="label"),
    path("labels/<int:label_id>/merge", labels.merge, name="label_merge"),
    path("labels/<int:label_id>/split", labels.split, name="label_split"),
    path("labels/<int:label_id>/retire", labels.retire, name="label_retire"),
    path("acceptance/", quality.page, name="acceptance"),
    path("models/", quality.models, name="models"),
]
