from django.urls import path

from hotline.knowledge.views import configuring, duties, exchange, public, staff, writing

app_name = "knowledge"

urlpatterns = [
    # citizens
    path("", public.index, name="index"),
    path("<int:knowledge_id>/", public.entry, name="public"),
    path("<int:knowledge_id>/helpful/", public.helpful, name="helpful"),
    path("<int:knowledge_id>/wrong/", public.report, name="report"),
    path("files/<int:file_id>/", public.download, name="file"),
    # staff
    path("base/", staff.find, name="search"),
    path("base/<int:knowledge_id>/", staff.entry, name="entry"),
    path("base/<int:knowledge_id>/versions/<int:version>/", staff.version, name="version"),
    path("base/<int:knowledge_id>/correct/", staff.correct, name="correct"),
    path("panel/", staff.panel, name="panel"),
    path("used/<int:knowledge_id>/", staff.used, name="used"),
    path("base/new/", writing.begin, name="new"),
    path("base/<int:knowledge_id>/edit/", writing.edit, name="edit"),
    path("base/<int:knowledge_id>/do/<slug:verb>/", writing.do, name="do"),
    path("base/<int:knowledge_id>/files/", writing.attach, name="attach"),
    path("files/<int:file_id>/remove/", writing.remove_file, name="remove_file"),
    path("preview/", writing.preview, name="preview"),
    path("mine/", duties.mine, name="mine"),
    path("duties/", duties.queue, name="duties"),
    path("duties/<int:duty_id>/", duties.one, name="duty"),
    path("duties/<int:duty_id>/pass/", duties.pass_on, name="pass"),
    path("import/", exchange.imports, name="imports"),
    path("import/<int:knowledge_batch>/", exchange.batch, name="batch"),
    path("export/", exchange.export, name="export"),
    path("settings/", configuring.page, name="configure"),
    path("settings/terms/", configuring.save_term, name="save_term"),
    path("settings/terms/<int:term_id>/remove/", configuring.remove_term, name="remove_term"),
    path("settings/sources/new/", configuring.source, name="new_source"),
    path("settings/sources/<int:source_id>/", configuring.source, name="source"),
    path("settings/sources/<int:source_id>/pull/", configuring.pull, name="pull"),
    path("settings/sources/<int:source_id>/remove/", configuring.remove_source, name="remove_source"),
]
