from django.urls import path

from hotline.worktime import views

app_name = "worktime"
urlpatterns = [
    path("", views.policies, name="policies"),
    path("policies/load", views.load_pack, name="load_pack"),
    path("policies/<int:policy_id>/", views.policy_page, name="policy"),
    path("policies/<int:policy_id>/try", views.try_policy, name="try"),
    path("policies/<int:policy_id>/draft", views.draft_policy, name="draft_policy"),
    path("policies/<int:policy_id>/save", views.save_policy, name="save_policy"),
    path("policies/<int:policy_id>/publish", views.publish_policy, name="publish_policy"),
    path("policies/<int:policy_id>/discard", views.discard_policy, name="discard_policy"),
    path("calendar/", views.calendar_page, name="calendar"),
    path("calendar/draft", views.draft_calendar, name="draft_calendar"),
    path("calendar/import-public", views.import_public, name="import_public"),
    path("calendar/<int:calendar_id>/day", views.set_day, name="set_day"),
    path("calendar/<int:calendar_id>/days", views.import_days, name="import_days"),
    path("calendar/<int:calendar_id>/year", views.add_year, name="add_year"),
    path("calendar/<int:calendar_id>/year/remove", views.remove_year, name="remove_year"),
    path("calendar/<int:calendar_id>/publish", views.publish_calendar, name="publish_calendar"),
    path("calendar/<int:calendar_id>/discard", views.discard_calendar, name="discard_calendar"),
]
