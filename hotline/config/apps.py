"""Wiring between packages that may not know each other."""

from __future__ import annotations

import time

from django.apps import AppConfig

KEPT_SECONDS = 15.0
"""A changed name or colour of the city shows everywhere within this time."""


class HotlineConfig(AppConfig):
    name = "hotline.config"
    label = "hotline_config"

    def ready(self) -> None:
        from django.conf import settings
        from django.db import DatabaseError

        from hotline.ui import city
        from hotline.workorders import queries as workorders

        kept: tuple[float, city.City] = (0.0, city.City())

        def current() -> city.City:
            nonlocal kept
            if time.monotonic() < kept[0]:
                return kept[1]
            try:
                row = workorders.city()
            except DatabaseError:
                return kept[1]  # the page that explains a lost database must not need it
            shown = city.City(row.name, row.accent) if row else city.City()
            kept = (time.monotonic() + (0.0 if settings.TESTING else KEPT_SECONDS), shown)
            return shown

        city.use_source(current)

        from hotline.config.taxonomy import Taxonomy
        from hotline.knowledge import queries as knowledge

        knowledge.use_categories(Taxonomy())
