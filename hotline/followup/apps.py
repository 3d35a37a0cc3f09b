from django.apps import AppConfig


class FollowUpConfig(AppConfig):
    name = "hotline.followup"
    label = "followup"
