"""The chain is found broken wherever a row was changed, removed or inserted, and the row is named."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from hotline.audit import actions, chains, sealing
from hotline.audit.models import AuditEntry, ChainLink
from hotline.kit.actor import system_actor

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = system_actor("test")
CHAIN = "audit"


def write(count: int) -> list[int]:
    for number in range(count):
        actions.record(
            actor=ACTOR,
            verb="test.write",
            object_type="thing",
            object_id=number,
            reason="因为",
            data={"n": number, "甲": [1, None]},
        )
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


def tamper(sql: str, *values: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute(sql, values)
        cursor.execute("ALTER TABLE audit_auditentry ENABLE TRIGGER USER")


def report() -> sealing.Report:
    return sealing.verify(chains.registered()[CHAIN])


def found() -> set[tuple[str, int]]:
    return {(finding.kind, finding.row) for finding in report().findings}


def seal(batch: int = 3) -> int:
    return sealing.seal(chains.registered()[CHAIN], batch=batch)


@pytest.fixture(autouse=True)
def _clean():
    yield
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_auditentry, audit_chainlink RESTART IDENTITY")


def test_sound_chain_counts_rows_links_and_what_waits():
    write(8)
    assert seal() == 8
    write(2)
    made = report()
    assert (made.rows, made.links, made.unsealed, made.findings) == (8, 3, 2, [])


def test_sealing_again_seals_nothing():
    write(3)
    assert seal() == 3
    assert seal() == 0
    assert ChainLink.objects.count() == 1


@pytest.mark.parametrize(
    "column",
    [
        "actor = 'staff:9'",
        "verb = 'x'",
        "reason = ''",
        "data = '{}'",
        "at = at - interval '1 microsecond'",
        "ip = '10.0.0.1'",
        "object_id = 'z'",
    ],
)
def test_changed_row_is_named(column):
    ids = write(7)
    seal()
    tamper(f"UPDATE audit_auditentry SET {column} WHERE id = %s", ids[4])
    assert found() == {("changed", ids[4])}


def test_removed_row_is_named():
    ids = write(7)
    seal()
    tamper("DELETE FROM audit_auditentry WHERE id = %s", ids[2])
    assert found() == {("removed", ids[2])}


def test_last_row_removed_is_named():
    ids = write(7)
    seal()
    tamper("DELETE FROM audit_auditentry WHERE id = %s", ids[-1])
    assert found() == {("removed", ids[-1])}


def test_inserted_row_is_named():
    ids = write(7)
    seal()
    tamper(
        "INSERT INTO audit_auditentry (id, xid, at, actor, actor_name, verb, object_type, object_id, reason, data)"
        " SELECT 900, xid, at, actor, actor_name, verb, object_type, '77', reason, data FROM audit_auditentry WHERE id = %s",
        ids[2],
    )
    assert found() == {("inserted", 900)}


def test_row_with_an_old_number_written_now_is_named():
    write(1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval(pg_get_serial_sequence('audit_auditentry', 'id'), 500)")
    write(3)
    seal(100)
    tamper(
        "INSERT INTO audit_auditentry (id, actor, actor_name, verb, object_type, object_id, reason, data)"
        " VALUES (77, 'staff:1', '', 'x', 'y', 'z', '', '{}')"
    )
    seal(100)
    assert found() == {("inserted", 77)}


def test_row_moved_to_the_end_counts_as_changed():
    ids = write(6)
    seal()
    tamper("UPDATE audit_auditentry SET xid = pg_current_xact_id() WHERE id = %s", ids[1])
    assert ("changed", ids[1]) in found()


def test_altered_or_removed_link_is_found():
    write(9)
    seal()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_chainlink DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_chainlink WHERE seq = 2")
        cursor.execute("ALTER TABLE audit_chainlink ENABLE TRIGGER USER")
    assert any(finding.kind == "link" and finding.link == 2 for finding in report().findings)


def test_recomputing_row_digests_without_the_key_does_not_help(settings):
    ids = write(4)
    seal()
    tamper("UPDATE audit_auditentry SET reason = 'x' WHERE id = %s", ids[1])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_chainlink RESTART IDENTITY")
    settings.AUDIT_KEY = "another key of more than thirty-two characters"
    seal()
    settings.AUDIT_KEY = "the true key of more than thirty-two characters"
    assert {finding.kind for finding in report().findings} == {"key"}


def test_another_key_is_called_by_its_name(settings):
    """A restore without its audit key altered nothing, and no list of every link says so better."""
    for _ in range(3):
        write(4)
        seal()
    settings.AUDIT_KEY = "another key of more than thirty-two characters"
    assert [finding.kind for finding in report().findings] == ["key"]
    said = io.StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", stdout=said)
    assert "NOT PROVED" in said.getvalue()
    assert "audit.key" in said.getvalue()


def test_rows_of_an_open_transaction_wait(django_db_blocker):
    import psycopg

    write(2)
    other = psycopg.connect(
        **{
            k: v
            for k, v in connection.get_connection_params().items()
            if k in ("host", "port", "user", "password", "dbname")
        }
    )
    with other, other.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_auditentry (actor, actor_name, verb, object_type, object_id, reason, data)"
            " VALUES ('a','','b','c','d','','{}')"
        )
        write(2)
        # What was written after the open transaction began must not be sealed before it.
        assert seal() == 2
        other.commit()
    other.close()
    assert seal() == 3
    assert report().sound


def test_transactions_of_other_databases_delay_nothing():
    import psycopg

    names = ("host", "port", "user", "password")
    params = {k: v for k, v in connection.get_connection_params().items() if k in names}
    with psycopg.connect(**params, dbname="postgres") as other:
        other.execute("SELECT pg_current_xact_id()")
        write(2)
        assert seal() == 2


def test_a_restored_database_goes_on_in_a_new_epoch():
    ids = write(4)
    seal()
    tamper("UPDATE audit_auditentry SET xid = (xid::text::bigint + 1000000)::text::xid8")
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_chainlink RESTART IDENTITY")
    # As if sealed where transactions had run far ahead, and two rows more came before the backup.
    with connection.cursor() as cursor:
        chain = chains.registered()[CHAIN]
        cursor.execute(
            f"SELECT sha256(string_agg({chain.row_digest(1)}, ''::bytea ORDER BY id)),"
            f" string_agg(substr({chain.row_digest(1)}, 1, 8), ''::bytea ORDER BY id),"
            " max(xid::text::bigint) FROM audit_auditentry t WHERE id <= %s",
            [ids[1]],
        )
        rows, short, xid = cursor.fetchone()
    sealing._write(chain, sealing.Cursor(), ids[:2], bytes(short), bytes(rows), (xid, ids[1], xid + 1))
    assert seal(100) == 2
    write(3)
    assert seal(100) == 3
    assert set(ChainLink.objects.values_list("epoch", flat=True)) == {1, 2}
    made = report()
    assert (made.findings, made.rows, made.unsealed) == ([], 7, 0)
    tamper("DELETE FROM audit_auditentry WHERE id = %s", ids[3])
    assert found() == {("removed", ids[3])}


def test_triggers_forbid_update_and_delete():
    write(1)
    for sql in ("UPDATE audit_auditentry SET reason = ''", "DELETE FROM audit_auditentry"):
        with pytest.raises(ProgrammingError, match="append-only"), connection.cursor() as cursor:
            cursor.execute(sql)


def test_command_tells_by_exit_code_and_names_the_row():
    ids = write(5)
    out = io.StringIO()
    call_command("audit", "seal", stdout=out)
    assert "audit: 5 rows sealed" in out.getvalue()
    out = io.StringIO()
    call_command("audit", "verify", "--chain", CHAIN, stdout=out)
    assert "sound" in out.getvalue()
    tamper("UPDATE audit_auditentry SET reason = 'x' WHERE id = %s", ids[3])
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("audit", "verify", stdout=out)
    assert f"row {ids[3]} was changed" in out.getvalue()


def test_a_noted_head_finds_a_chain_cut_at_its_end():
    write(3)
    seal()
    write(3)
    seal()
    out = io.StringIO()
    call_command("audit", "head", stdout=out)
    noted = next(line for line in out.getvalue().split() if line.startswith("audit:"))
    call_command("audit", "verify", "--expect", noted, stdout=out)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_chainlink DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM audit_chainlink WHERE seq = 2")
        cursor.execute("ALTER TABLE audit_chainlink ENABLE TRIGGER USER")
    tamper("DELETE FROM audit_auditentry WHERE id > 3")
    assert report().sound
    with pytest.raises(CommandError):
        call_command("audit", "verify", "--expect", noted, stdout=out)


def test_register_refuses_what_is_no_column():
    with pytest.raises(ValueError, match="not a column"):
        chains.register("x", "y", ["id", "xid", "a; drop"])
    with pytest.raises(ValueError, match="must cover"):
        chains.register("x", "y", ["id"])
    with pytest.raises(ValueError, match="plain name"):
        chains.register("x", "y z", ["id", "xid"])
