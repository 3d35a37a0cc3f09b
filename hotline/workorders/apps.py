from django.apps import AppConfig


class WorkOrdersConfig(AppConfig):
    name = "hotline.workorders"
    label = "workorders"

    def ready(self) -> None:
        from hotline.workorders.models import Channel, DemandType, Flow, Urgency
        from hotline.worktime.queries import use_vocabulary, vocabulary
        from hotline.worktime.rules import Vocabulary

        use_vocabulary(
            Vocabulary(
                demand_types=tuple(DemandType.choices),
                urgencies=tuple(Urgency.choices),
                channels=tuple(Channel.choices),
                unit_levels=vocabulary().unit_levels,
                flows=tuple(Flow.choices),
                not_handled=frozenset({DemandType.INVALID}),
            )
        )
