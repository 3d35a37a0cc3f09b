from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "hotline.kit"
    label = "kit"
