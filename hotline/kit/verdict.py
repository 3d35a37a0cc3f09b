"""The answer to "may they?": yes, or no with the reason in words."""

from __future__ import annotations

from dataclasses import dataclass

from hotline.kit.errors import NotPermitted


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` says why in the reader's language; for a refusal it also says what to do. True in a condition when allowed."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed

    def require(self, code: str) -> None:
        """Raises NotPermitted with the reason unless allowed; `code` names what was asked, e.g. `workorders:dispatch`."""
        if not self.allowed:
            raise NotPermitted(code, self.reason)


def allow(reason: str = "") -> Verdict:
    """Yes; `reason` may name the grant that gives it."""
    return Verdict(True, reason)


def deny(reason: str) -> Verdict:
    """No, because."""
    return Verdict(False, reason)
