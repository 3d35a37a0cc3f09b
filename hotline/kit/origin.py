"""Where the present request comes from, for those who record it far below the request.

Set by `accounts.middleware.ActorMiddleware`; None in jobs and commands.
"""

from __future__ import annotations

from contextvars import ContextVar

acting_from: ContextVar[str | None] = ContextVar("acting_from", default=None)
