"""Doors of dispatch, under `/dispatch/`."""

from __future__ import annotations

from django.urls import path

from hotline.dispatch.views import automatic, catalogue, choosing, deciding, pool, proposed

app_name = "dispatch"
urlpatterns = [
    path("", pool.page, name="pool"),
    path("list", pool.rows, name="rows"),
    path("orders/<int:order_id>", pool.pane, name="pane"),
    path("orders/<int:order_id>/units", pool.units, name="pane_units"),
    path("orders/<int:order_id>/proposed", proposed.section, name="proposed"),
    path("orders/<int:order_id>/cases", proposed.cases, name="cases"),
    path("orders/<int:order_id>/like", proposed.like, name="like"),
    path("orders/<int:order_id>/reply-help", proposed.reply_help, name="reply_help"),
    path("orders/<int:order_id>/reply-used", proposed.reply_used, name="reply_used"),
    path("orders/<int:order_id>/send-proposed", proposed.send, name="send_proposed"),
    path("orders/<int:order_id>/claim", pool.claim, name="claim"),
    path("orders/<int:order_id>/release", pool.release, name="release"),
    path("orders/<int:order_id>/send", deciding.send, name="send"),
    path("orders/<int:order_id>/pass", deciding.pass_on, name="pass"),
    path("orders/<int:order_id>/labels", deciding.labels, name="labels"),
    path("orders/<int:order_id>/correct", deciding.correct, name="correct"),
    path("orders/<int:order_id>/merge", deciding.merge_into, name="merge"),
    path("orders/<int:order_id>/return", deciding.send_back_to_intake, name="return"),
    path("orders/<int:order_id>/supplement", deciding.ask, name="ask"),
    path("orders/<int:order_id>/close", deciding.close, name="close"),
    path("orders/<int:order_id>/dispute", deciding.to_arbitration, name="dispute"),
    path("orders/<int:order_id>/designate", deciding.designate_unit, name="designate"),
    path("orders/<int:order_id>/note", deciding.note, name="note"),
    path("applications/<int:application_id>", deciding.decide, name="decide"),
    path("choose/units", choosing.units, name="units"),
    path("choose/categories", choosing.categories, name="categories"),
    path("choose/places", choosing.places, name="places"),
    path("catalogue/", catalogue.page, name="catalogue"),
    path("catalogue/add", catalogue.add, name="catalogue_add"),
    path("catalogue/<int:entry_id>/end", catalogue.end, name="catalogue_end"),
    path("catalogue/import", catalogue.import_list, name="catalogue_import"),
    path("catalogue/report", catalogue.report, name="report"),
    path("automatic/", automatic.page, name="automatic"),
    path("automatic/switch", automatic.switch, name="automatic_switch"),
    path("automatic/trust", automatic.trust, name="automatic_trust"),
    path("automatic/trust/<int:trust_id>/end", automatic.end, name="automatic_end"),
    path("automatic/trust/<int:trust_id>/resume", automatic.resume, name="automatic_resume"),
    path("automatic/orders/<int:order_id>", automatic.judge, name="automatic_judge"),
    path("catalogue/coverage", catalogue.coverage_report, name="coverage"),
]
