"""Reads of the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from hotline.audit import chains, sealing
from hotline.audit.models import AuditEntry, ChainLink
from hotline.audit.sealing import Finding, Report
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import NotPermitted
from hotline.kit.health import Level, Result
from hotline.kit.numbers import whole
from hotline.kit.progress import Progress

__all__ = ["Finding", "Report", "chain_states", "entries", "health", "verify_all"]

LAG = timedelta(minutes=5)


def entries(
    actor: Actor,
    *,
    who: str = "",
    verb: str = "",
    object_type: str = "",
    object_id: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[AuditEntry]:
    """Rows of the log that match; `who` is an actor's key, `verb` may be a package (`accounts.`). Raises NotPermitted."""
    if not actor.has("audit:read"):
        raise NotPermitted("audit:read", _("Only the security auditor reads the audit log."))
    found = AuditEntry.objects.all()
    if who:
        found = found.filter(actor=who) if ":" in who else found.filter(actor_name=who)
    if verb:
        found = found.filter(verb__startswith=verb) if verb.endswith(".") else found.filter(verb=verb)
    if object_type:
        found = found.filter(object_type=object_type)
    if object_id:
        found = found.filter(object_id=object_id)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    return found


def known_verbs() -> list[str]:
    """Verbs that occur, by skipping through the index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE v AS ((SELECT verb FROM audit_auditentry ORDER BY verb LIMIT 1) UNION ALL"
            " SELECT (SELECT e.verb FROM audit_auditentry e WHERE e.verb > v.verb ORDER BY e.verb LIMIT 1) FROM v WHERE v.verb IS NOT NULL)"
            " SELECT verb FROM v WHERE verb IS NOT NULL"
        )
        return [verb for (verb,) in cursor.fetchall()]


def chain_states() -> list[dict[str, object]]:
    """Each chain: name, links, when last sealed, and since when the oldest unsealed row waits (None: none waits)."""
    last = {
        row["chain"]: row
        for row in ChainLink.objects.values("chain").annotate(seq=Max("seq"), sealed_at=Max("sealed_at"))
    }
    states: list[dict[str, object]] = []
    for name, chain in chains.registered().items():
        at = sealing.head(name)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM {chain.table} t WHERE t.id > %s AND (t.xid, t.id) > (%s::text::xid8, %s) ORDER BY t.xid, t.id LIMIT 1",
                [at.after_id, at.xid, at.id],
            )
            waiting = cursor.fetchone()
        row = last.get(name)
        states.append(
            {
                "name": name,
                "links": at.seq,
                "sealed_at": row["sealed_at"] if row else None,
                "waiting": waiting is not None,
                "head": at.digest.hex()[:16],
            }
        )
    return states


def health() -> Result:
    """The health page's line: are the chains sealed in time?"""
    late = [
        str(state["name"])
        for state in chain_states()
        if state["waiting"]
        and (not isinstance(state["sealed_at"], datetime) or now() - state["sealed_at"] > LAG)
    ]
    if late:
        return Result(
            Level.WARN,
            _("Rows of %(chains)s have waited for their seal for more than five minutes.")
            % {"chains": ", ".join(late)},
            _("Look whether a job process is at work; `hotline audit seal` seals at once."),
        )
    return Result(Level.OK, _("All rows are sealed."))


def verify_all(only: str = "", *, quiet: bool = True) -> list[Report]:
    """Verify the named chain, or all of them."""
    reports = []
    for name, chain in chains.registered().items():
        if only and name != only:
            continue
        with Progress(f"verify {name}", unit="rows", quiet=quiet) as progress:
            reports.append(sealing.verify(chain, progress=progress.advance))
    return reports


def head(name: str) -> str:
    """The chain's last link as `chain:link:digest`, to be noted outside this machine."""
    at = sealing.head(name)
    return f"{name}:{at.seq}:{at.digest.hex()}"


def head_stands(noted: str) -> bool:
    """Is a head that was noted earlier still in its chain?"""
    name, _colon, rest = noted.partition(":")
    seq, _colon, digest = rest.partition(":")
    number = whole(seq)
    if number is None:
        return False
    link = ChainLink.objects.filter(chain=name, seq=number).first()
    return (link is not None and bytes(link.digest).hex() == digest) or (number == 0 and not digest)
