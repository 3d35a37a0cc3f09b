"""Doors of intake, under `/desk/`."""

from __future__ import annotations

from django.urls import path

from hotline.intake.views import conversation, desk, imports, proposals, quarantine, questions, restrictions

app_name = "intake"
urlpatterns = [
    path("", desk.page, name="desk"),
    path("draft", desk.draft, name="draft_new"),
    path("draft/<int:draft_id>", desk.draft, name="draft"),
    path("draft/<int:draft_id>/drop", desk.drop, name="draft_drop"),
    path("caller", desk.caller, name="caller"),
    path("caller/notes", desk.caller_notes, name="caller_notes"),
    path("questions-of", desk.questions, name="category_questions"),
    path("alike", desk.alike, name="alike"),
    path("calls/<int:call_id>/draft", conversation.draft, name="from_call"),
    path("orders/<int:order_id>/calls", conversation.of_order, name="order_calls"),
    path("proposals", proposals.panel, name="proposals"),
    path("file", desk.file, name="file"),
    path("files/<slug:key>", desk.upload, name="upload"),
    path("append/<int:order_id>", desk.append_form, name="append"),
    path("quarantine/", quarantine.page, name="quarantine"),
    path("quarantine/<int:raw_id>", quarantine.message, name="message"),
    path("quarantine/<int:raw_id>/release", quarantine.release, name="release"),
    path("quarantine/<int:raw_id>/correct", quarantine.correct, name="correct"),
    path("quarantine/<int:raw_id>/discard", quarantine.discard, name="discard"),
    path("imports/", imports.page, name="imports"),
    path("imports/<int:batch_id>", imports.batch, name="import"),
    path("imports/<int:batch_id>/check", imports.check, name="import_check"),
    path("imports/<int:batch_id>/run", imports.run, name="import_run"),
    path("imports/<int:batch_id>/stop", imports.stop, name="import_stop"),
    path("restrictions/", restrictions.page, name="restrictions"),
    path("restrictions/propose", restrictions.propose, name="restriction_propose"),
    path("restrictions/<int:restriction_id>/<slug:verb>", restrictions.decide, name="restriction_decide"),
    path("questions/", questions.page, name="questions"),
    path("questions/<str:code>", questions.edit, name="questions_edit"),
]
