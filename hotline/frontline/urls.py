"""Doors of the frontline, under `/frontline/`."""

from __future__ import annotations

from django.urls import path

from hotline.frontline.views import api, shell, station

app_name = "frontline"
urlpatterns = [
    path("", shell.shell, name="shell"),
    path("tasks/<int:assignment_id>/", shell.shell, name="task"),
    path("manifest.webmanifest", shell.manifest, name="manifest"),
    path("worker.js", shell.worker, name="worker"),
    path("station/", station.station, name="station"),
    path("street/", station.street, name="street"),
    path("api/v1/", api.root, name="api_root"),
    path("api/v1/devices", api.devices, name="api_devices"),
    path("api/v1/device", api.device, name="api_device"),
    path("api/v1/basis", api.basis, name="api_basis"),
    path("api/v1/live", api.live, name="api_live"),
    path("api/v1/tasks", api.tasks, name="api_tasks"),
    path("api/v1/tasks/<int:assignment_id>", api.task, name="api_task"),
    path("api/v1/tasks/<int:assignment_id>/call", api.call, name="api_call"),
    path("api/v1/tasks/<int:assignment_id>/reveal", api.reveal, name="api_reveal"),
    path("api/v1/acts", api.acts, name="api_acts"),
    path("api/v1/photos", api.photos, name="api_photos"),
    path("api/v1/photos/<int:attachment_id>", api.picture, name="api_picture"),
]
