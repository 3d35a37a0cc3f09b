"""Citizens' identity: found or made, revealed with a reason, encrypted anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from hotline.accounts import identity
from hotline.accounts.identity import SEALED, Identity
from hotline.accounts.models import Citizen, CitizenKind
from hotline.accounts.permissions import scope_allows
from hotline.accounts.rules import check_notes
from hotline.audit import actions as audit
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import Invalid, NotPermitted, NotVisible
from hotline.kit.sealed import known
from hotline.kit.statements import fetch_one

_FIELDS = tuple(field.column for field in Citizen._meta.concrete_fields)
_NEW = tuple(name for name in _FIELDS if name not in ("id", "created_at"))
_MAKE = (
    f"WITH found AS (SELECT {', '.join(_FIELDS)} FROM accounts_citizen WHERE phone_hash = %s),"
    f" made AS (INSERT INTO accounts_citizen ({', '.join(_NEW)}) SELECT {', '.join(['%s'] * len(_NEW))}"
    " WHERE NOT EXISTS (SELECT FROM found)"
    f" ON CONFLICT (phone_hash) WHERE phone_hash IS NOT NULL DO NOTHING RETURNING {', '.join(_FIELDS)}),"
    f" noted AS ({audit.part('made')})"
    f" SELECT {', '.join(_FIELDS)}, true AS fresh FROM made UNION ALL SELECT {', '.join(_FIELDS)}, false FROM found"
)


_NAMED = ("name_cipher", "name_mask")
_CHANGED = {"fields": ["name"]}


def citizen_part(source: str) -> str:
    """`find_or_create_citizen` as parts of a larger statement; the part `who` has the citizen's `id`, `source` is the
    part without whose row nothing is written. Parameters: `citizen_values`.

    Of two twins at the same moment the second waits, takes the row of the first, and adds the name if it had none.
    """
    return (
        "known AS (SELECT id, name_cipher FROM accounts_citizen WHERE phone_hash = %s),"
        f" made AS (INSERT INTO accounts_citizen ({', '.join(_NEW)}) SELECT {', '.join(['%s'] * len(_NEW))} FROM {source}"
        " WHERE NOT EXISTS (SELECT FROM known)"
        " ON CONFLICT (phone_hash) WHERE phone_hash IS NOT NULL DO UPDATE SET"
        " name_cipher = coalesce(accounts_citizen.name_cipher, excluded.name_cipher), name_mask ="
        " CASE WHEN accounts_citizen.name_cipher IS NULL THEN excluded.name_mask ELSE accounts_citizen.name_mask END"
        " RETURNING id, xmax = 0 AS fresh, name_cipher),"
        f" new_citizen AS (SELECT id FROM made WHERE fresh), noted AS ({audit.part('new_citizen')}),"
        " named AS (UPDATE accounts_citizen AS c SET name_cipher = %s, name_mask = %s"
        f" FROM known, {source} WHERE c.id = known.id AND known.name_cipher IS NULL AND %s::bytea IS NOT NULL RETURNING c.id),"
        # No two ciphertexts are alike: a twin's row that holds ours was named by us.
        " changed AS (SELECT id FROM named UNION ALL SELECT id FROM made WHERE NOT fresh AND name_cipher = %s),"
        f" noted_name AS ({audit.part('changed')}),"
        " who AS (SELECT id FROM made UNION ALL SELECT id FROM known)"
    )


def citizen_values(
    *,
    actor: Actor,
    phone: str,
    name: str = "",
    kind: str = CitizenKind.PERSON,
    gender: str = "",
    company: str = "",
    id_number: str = "",
    email: str = "",
) -> list[Any]:
    """Parameters of `citizen_part`. NotPermitted."""
    _may_take_identity(actor)
    values: dict[str, Any] = identity.columns(
        phone=phone, name=name, id_number=id_number, email=email, kind=kind, company=company, gender=gender
    )
    values |= {"tags": "{}", "remark": ""}
    return [
        values["phone_hash"],
        *(values[column] for column in _NEW),
        *audit.values(actor=actor, verb="accounts.create_citizen", object_type="citizen"),
        *(values[column] for column in _NAMED),
        values["name_cipher"],
        values["name_cipher"],
        *audit.values(actor=actor, verb="accounts.change_citizen", object_type="citizen", data=_CHANGED),
    ]


identity_columns = identity.columns
"""Column values of a Citizen row, encrypted, hashed and masked; for those who load many rows by COPY."""


def find_or_create_citizen(
    *,
    actor: Actor,
    phone: str,
    name: str = "",
    kind: str = CitizenKind.PERSON,
    gender: str = "",
    company: str = "",
    id_number: str = "",
    email: str = "",
) -> Citizen:
    """The citizen of this phone number, made when unknown; one statement, safe against a twin at the same moment.

    A known citizen keeps what is on record (`change_citizen` changes it); only a name that was missing is added. With
    no phone number each call makes a new citizen.
    """
    _may_take_identity(actor)
    values: dict[str, Any] = identity.columns(
        phone=phone, name=name, id_number=id_number, email=email, kind=kind, company=company, gender=gender
    )
    values |= {"tags": [], "remark": ""}
    note = audit.values(actor=actor, verb="accounts.create_citizen", object_type="citizen")
    parameters = [values["phone_hash"], *(values[column] for column in _NEW), *note]
    # Without a savepoint: this stands in every intake's way, and a fault here ends the whole intake anyway.
    with transaction.atomic(savepoint=False):
        # Nothing comes back when a twin commits between our look and our insert; at the second look it can be seen.
        row = fetch_one(_MAKE, parameters) or fetch_one(_MAKE, parameters)
        assert row is not None
        citizen = Citizen.from_db(connection.alias, _FIELDS, row[:-1])
        if not row[-1] and values["name_cipher"] is not None and citizen.name_cipher is None:
            citizen.name_cipher, citizen.name_mask = values["name_cipher"], values["name_mask"]
            citizen.save(update_fields=["name_cipher", "name_mask"])
            audit.record(
                actor=actor,
                verb="accounts.change_citizen",
                object_type="citizen",
                object_id=citizen.pk,
                data={"fields": ["name"]},
            )
    return citizen


def change_citizen(
    *,
    actor: Actor,
    citizen_id: int,
    name: str | None = None,
    gender: str | None = None,
    company: str | None = None,
    kind: str | None = None,
    id_number: str | None = None,
    email: str | None = None,
    tags: Iterable[str] | None = None,
    remark: str | None = None,
) -> Citizen:
    """Change what is given; None leaves a value alone. Raises NotVisible, NotPermitted, Invalid `citizen_notes`."""
    tags = None if tags is None else list(tags)
    with transaction.atomic():
        citizen = Citizen.objects.select_for_update().filter(pk=citizen_id).first()
        if citizen is None:
            raise NotVisible
        if actor.kind == ActorKind.CITIZEN and actor.id != citizen.pk:
            raise NotVisible
        _may_take_identity(actor)
        if faults := check_notes(tags or [], remark or ""):
            raise Invalid(
                "citizen_notes",
                " ".join(map(str, faults.values())),
                details={field: str(text) for field, text in faults.items()},
            )
        known = identity.open_row(citizen)
        values = identity.columns(
            phone=known.phone,
            name=known.name if name is None else name,
            id_number=known.id_number if id_number is None else id_number,
            email=known.email if email is None else email,
            kind=citizen.kind if kind is None else kind,
            company=citizen.company if company is None else company,
            gender=citizen.gender if gender is None else gender,
        )
        values |= {
            "tags": citizen.tags if tags is None else tags,
            "remark": citizen.remark if remark is None else remark,
        }
        changed = {
            "name": name,
            "gender": gender,
            "company": company,
            "kind": kind,
            "id_number": id_number,
            "email": email,
            "tags": tags,
            "remark": remark,
        }
        for column, value in values.items():
            setattr(citizen, column, value)
        citizen.save()
        audit.record(
            actor=actor,
            verb="accounts.change_citizen",
            object_type="citizen",
            object_id=citizen.pk,
            data={"fields": [field for field, value in changed.items() if value is not None]},
        )
    return citizen


@transaction.atomic
def reveal_identity(
    *,
    actor: Actor,
    citizen_id: int,
    order_id: int | None,
    reason: str,
    unit_paths: Iterable[str] = (),
    area_code: str = "",
    secret: bool = False,
    named: bool = False,
) -> Identity:
    """Show a citizen in the clear; always leaves an audit row, with the reason.

    The caller passes the order's facts (units, place, secrecy, whether the actor is named) so that the permission is
    judged for this very order; a citizen opened apart from an order needs the reach of the whole city.
    """
    citizen = Citizen.objects.filter(pk=citizen_id).first()
    if citizen is None:
        raise NotVisible
    if not (actor.kind == ActorKind.CITIZEN and actor.id == citizen_id):
        scope_allows(
            actor,
            "accounts:reveal_identity",
            unit_paths=unit_paths,
            area_code=area_code,
            secret=secret,
            named=named,
        ).require("accounts:reveal_identity")
    if len(reason.strip()) < 2:
        raise Invalid(
            "reason_missing",
            _("Give the reason why you need to see the identity."),
            details={"reason": _("Give a reason.")},
        )
    audit.record(
        actor=actor,
        verb="accounts.reveal_identity",
        object_type="citizen",
        object_id=citizen_id,
        reason=reason.strip(),
        data={"order_id": order_id},
    )
    return identity.open_row(citizen)


@transaction.atomic
def identity_for_contact(*, actor: Actor, citizen_id: int, purpose: str) -> Identity:
    """For machines that must reach the citizen (notices, calls); audited. Staff use `reveal_identity`."""
    if not actor.is_system:
        raise NotPermitted("accounts:identity_for_contact", _("Only the platform's own jobs may do this."))
    citizen = Citizen.objects.filter(pk=citizen_id).first()
    if citizen is None:
        raise NotVisible
    audit.record(
        actor=actor,
        verb="accounts.contact_citizen",
        object_type="citizen",
        object_id=citizen_id,
        reason=purpose,
    )
    return identity.open_row(citizen)


def rotate_identity(
    *, actor: Actor, batch: int = 1000, progress: Callable[[int], None] = lambda _count: None
) -> int:
    """Encrypt with the ring's first key whatever is not, of citizens and of every column that another package has told
    (`kit/sealed.py`); returns the number of rows changed. Can be stopped and begun again.

    Each batch is a transaction of its own; readers and writers go on meanwhile. Raises BadCipher for a value whose key has been
    taken out of the ring.
    """
    if not actor.is_system:
        scope_allows(actor, "accounts:manage_people").require("accounts:rotate_identity")
    ring = identity_ring()
    prefix = ring.current_prefix()
    stale = " OR ".join(f"({column} IS NOT NULL AND substr({column}, 1, %s) <> %s)" for column in SEALED)
    parameters: list[int | bytes] = [len(prefix), prefix] * len(SEALED)
    total, last = 0, 0
    while True:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT id FROM accounts_citizen WHERE id > %s AND ({stale}) ORDER BY id LIMIT %s FOR UPDATE",
                    [last, *parameters, batch],
                )
                ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                break
            citizens = list(Citizen.objects.filter(pk__in=ids))
            for citizen in citizens:
                tie = bytes(citizen.phone_hash) if citizen.phone_hash is not None else b""
                for column, purpose in SEALED.items():
                    sealed = getattr(citizen, column)
                    if sealed is not None:
                        setattr(citizen, column, ring.rotate(sealed, purpose, tie))
            Citizen.objects.bulk_update(citizens, list(SEALED), batch_size=500)
            audit.record(
                actor=actor,
                verb="accounts.rotate_identity",
                object_type="key",
                object_id=ring.current,
                data={"rows": len(ids), "first": ids[0], "last": ids[-1]},
            )
        last = ids[-1]
        total += len(ids)
        progress(len(ids))
    for told in known():
        for count, first, last in told.rotate(batch):
            audit.record(
                actor=actor,
                verb="accounts.rotate_identity",
                object_type="key",
                object_id=ring.current,
                data={"what": told.name, "rows": count, "first": first, "last": last},
            )
            total += count
            progress(count)
    return total


def _may_take_identity(actor: Actor) -> None:
    """Citizens for themselves, machines and other systems for what they carry in, staff who take appeals."""
    if actor.kind == ActorKind.STAFF and not any(
        actor.has(code) for code in ("workorders:create", "intake:import", "intake:quarantine")
    ):
        raise NotPermitted(
            "accounts:find_or_create_citizen", _("Only those who take appeals may record who a citizen is.")
        )
