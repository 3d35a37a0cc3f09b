from django.apps import AppConfig


class WorkOrdersConfig(AppConfig):
    name = "hotline.workorders"
    label = "workorders"

    def ready(self) -> None:
        from hotline.kit.events import declare
        from hotline.workorders.rules import EVENTS

        for name, meaning in EVENTS.items():
            declare(name, meaning)
