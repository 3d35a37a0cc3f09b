from django.urls import path

from hotline.followup import views

app_name = "followup"

urlpatterns = [
    path("", views.queue, name="queue"),
    path("next/", views.take_next, name="next"),
    path("<int:task_id>/", views.call, name="call"),
    path("<int:task_id>/take/", views.take, name="take"),
    path("<int:task_id>/release/", views.release, name="release"),
    path("appeals/", views.appeals, name="appeals"),
    path("appeals/<int:appeal_id>/", views.decide_appeal, name="decide_appeal"),
    path("second-checks/", views.disagreements, name="disagreements"),
]
