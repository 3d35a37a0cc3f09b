from django.apps import AppConfig


class WorktimeConfig(AppConfig):
    name = "hotline.worktime"
    label = "worktime"
