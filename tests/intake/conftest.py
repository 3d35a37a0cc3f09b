from __future__ import annotations

from tests.intake.city import city

__all__ = ["city"]
