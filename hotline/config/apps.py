from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "hotline.config"
    label = "hotline_config"
