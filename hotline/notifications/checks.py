"""System checks of settings that only together are wrong."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Warning

from hotline.notifications import gateways


def check_gateway(**_kwargs: Any) -> list[CheckMessage]:
    """An installation in production whose citizens get no SMS should know it."""
    if gateways.current().sends:
        return []
    return [
        Warning(
            "No SMS is sent: the printed development double is in use.",
            hint="Set HOTLINE_SMPP_ADDRESS, or register the city's own gateway with hotline.notifications.gateways.use().",
            id="notifications.W001",
        )
    ]
