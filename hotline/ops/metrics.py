"""Gauges beside django-prometheus' counters: every health check's level, read when somebody scrapes."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import translation
from prometheus_client.core import REGISTRY, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hotline.kit import health
from hotline.kit.health import Level

VALUES = {Level.OK: 0, Level.WARN: 1, Level.FAIL: 2}


class HealthCollector(Collector):
    """`hotline_health{check="queue"}`: 0 well, 1 warning, 2 failure."""

    def describe(self) -> list[Metric]:
        return [self._family()]

    def collect(self) -> Iterator[Metric]:
        family = self._family()
        with translation.override("en"):
            for name, result in health.run_all().items():
                family.add_metric([name], VALUES[result.level])
        yield family

    @staticmethod
    def _family() -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "hotline_health", "Level of each health check: 0 well, 1 warning, 2 failure", labels=["check"]
        )


_registered = False


def register() -> None:
    """Once a process."""
    global _registered
    if not _registered:
        REGISTRY.register(HealthCollector())
        _registered = True
