"""Who acts. Every action takes an `Actor`; there is no `None` and no flag that skips permission."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class ActorKind(StrEnum):
    STAFF = "staff"
    CITIZEN = "citizen"
    API = "api"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of one person at one unit. `unit_path` is the unit's materialised path, e.g. `/1/5/23/`."""

    role: str
    unit_id: int
    unit_path: str
    area_code: str = ""
    handles_secret: bool = False


@dataclass(frozen=True, slots=True)
class Actor:
    """`id` is the Person's, the Citizen's or the API token's id; 0 for the system.

    `permissions` are codes such as `workorders:dispatch` that any grant gives; the scope (which units, which area,
    which secrecy) is decided per object by the packages' `permissions.py`.
    """

    kind: ActorKind
    id: int
    name: str
    grants: tuple[Grant, ...] = ()
    permissions: frozenset[str] = frozenset()
    delegated_from: tuple[int, ...] = field(default=())

    @property
    def is_staff(self) -> bool:
        return self.kind == ActorKind.STAFF

    @property
    def is_system(self) -> bool:
        return self.kind == ActorKind.SYSTEM

    def has(self, code: str) -> bool:
        """True when some grant gives the permission, wherever it reaches."""
        return code in self.permissions

    def unit_ids(self) -> tuple[int, ...]:
        """Units of all grants, each once, in the order given."""
        return tuple(dict.fromkeys(grant.unit_id for grant in self.grants))

    def key(self) -> str:
        """Stable text of the actor for logs: `staff:12`, `system:scanner`."""
        return f"{self.kind}:{self.name if self.is_system else self.id}"


def system_actor(name: str, *permissions: str) -> Actor:
    """A named machine actor with just the permissions its job needs, e.g. `system_actor("scanner", "workorders:warn")`."""
    return Actor(kind=ActorKind.SYSTEM, id=0, name=name, permissions=frozenset(permissions))
