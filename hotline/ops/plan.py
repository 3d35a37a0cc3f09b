"""What `hotline run` runs: the plan, and of it the processes with their commands. Keeping them alive is the supervisor's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

FIRST_DELAY = 0.3
"""Seconds before a process that died is started again for the first time."""


@dataclass(frozen=True)
class Plan:
    """What to run. Ports and counts as in the settings of the same name."""

    data_dir: Path
    database_url: str | None
    host: str
    port: int
    live_port: int
    public_url: str
    sign_in_url: str
    web_workers: int
    web_threads: int
    job_workers: int
    job_threads: int
    demo: bool
    demo_pack: Path
    demo_orders: int
    demo_password: str
    assets_built: bool
    models: bool = False
    switch: SwitchPlan | None = None


@dataclass(frozen=True)
class SwitchPlan:
    """The telephone exchange: its folder, the values of its settings file (softswitch/settings.py), the file with its trunks."""

    folder: Path
    settings: dict[str, object] = field(repr=False)
    trunks: Path | None = None
    elsewhere: str = ""
    """Where the city's own switch listens: none is started then, nor are there settings to write."""
    transcripts: bool = False
    emotion: bool = False

    @property
    def file(self) -> Path:
        return self.folder / "settings.json"

    @property
    def _local(self) -> dict[str, object]:
        """Without a carrier: telephones on this very machine call in, and desk telephones registered at port 5070 of it are called."""
        networks = ["127.0.0.0/8", str(ip_network(str(self.settings["address"])))]
        return {"name": "local", "host": "127.0.0.1:5070", "addresses": list(dict.fromkeys(networks))}

    def write(self) -> None:
        """The settings file, readable by us alone. OSError, ValueError when the trunks cannot be read."""
        trunks = json.loads(self.trunks.read_text()) if self.trunks is not None else [self._local]
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.file.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump({**self.settings, "trunks": trunks}, stream)
        fresh.replace(self.file)


@dataclass
class Child:
    """One process under care. `delay` is the wait before the next start; `process` the present one."""

    name: str
    command: list[str]
    probe: tuple[int, str] | None = None
    delay: float = FIRST_DELAY
    restarts: int = 0
    niceness: int = 0
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


def children(plan: Plan) -> list[Child]:
    """Web, live, job workers and, where there are any, the models; in the order of their start."""
    granian = [sys.executable, "-m", "granian", "--host", plan.host, "--log-level", "error"]
    made = [
        Child(
            "web",
            [
                *granian,
                "--interface",
                "wsgi",
                "--port",
                str(plan.port),
                "--workers",
                str(plan.web_workers),
                "--blocking-threads",
                str(plan.web_threads),
                "--backlog",
                "2048",
                "--no-ws",
                "--workers-kill-timeout",
                "10s",
                "--respawn-failed-workers",
                "--respawn-interval",
                "0.5",
                "hotline.config.wsgi:application",
            ],
            (plan.port, "/healthz"),
        ),
        Child(
            "live",
            [
                *granian,
                "--interface",
                "asgi",
                "--port",
                str(plan.live_port),
                "--workers",
                "1",
                "--backlog",
                "4096",
                # Streams never end by themselves; browsers reconnect and lose nothing, so they are cut at
                # once.
                "--workers-kill-timeout",
                "1s",
                "--backpressure",
                "20000",
                "--no-ws",
                "--respawn-failed-workers",
                "--respawn-interval",
                "0.5",
                "hotline.live.app:app",
            ],
            (plan.live_port, "/live/health"),
        ),
    ]
    for number in range(1, plan.job_workers + 1):
        name = "jobs" if plan.job_workers == 1 else f"jobs{number}"
        # Every worker serves all queues: any worker defers every queue's periodic jobs.
        command = [
            sys.executable,
            "-m",
            "hotline",
            "procrastinate",
            "worker",
            "--name",
            name,
            "--concurrency",
            str(plan.job_threads),
        ]
        made.append(Child(name, [*command, "--shutdown-graceful-timeout", "15"]))
    if plan.models:
        # Bounded in memory by itself; whoever asks it goes on without an answer.
        made.append(Child("models", [sys.executable, "-m", "hotline", "models", "serve"]))
    return made
