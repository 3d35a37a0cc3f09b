"""Backup and restore between two databases, and what must stop a restore."""

from __future__ import annotations

import secrets
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection as django_connection

from hotline.ops import archive
from hotline.ops.archive import ArchiveFault, backup, restore

SCHEMA = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE TABLE kept (id bigint PRIMARY KEY, xid xid8 DEFAULT pg_current_xact_id(), text text);
CREATE INDEX ON kept USING gin (text gin_trgm_ops);
CREATE TABLE kit_live_event (id int);
CREATE TABLE audit_chainlink (chain text, seq bigint, digest bytea);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'append-only'; END $$;
CREATE TRIGGER kept_append_only BEFORE UPDATE OR DELETE ON kept FOR EACH ROW EXECUTE FUNCTION refuse();
INSERT INTO kept (id, text) SELECT n, '道路破损 ' || n FROM generate_series(1, 1000) n;
INSERT INTO kit_live_event VALUES (1);
INSERT INTO audit_chainlink VALUES ('audit', 1, '\\x01'), ('audit', 2, '\\x02');
"""


def quiet(text: str) -> None:
    assert text


@pytest.fixture
def databases() -> Iterator[tuple[str, str]]:
    given = settings.DATABASES["default"]
    netloc = f"{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}"
    home = urlunsplit(("postgresql", netloc, "/postgres", "", ""))
    names = [f"archive_{secrets.token_hex(4)}" for _ in range(2)]
    with psycopg.connect(home, autocommit=True) as connection:
        for name in names:
            connection.execute(f"CREATE DATABASE {name}")
    urls = [urlunsplit(urlsplit(home)._replace(path=f"/{name}")) for name in names]
    yield urls[0], urls[1]
    with psycopg.connect(home, autocommit=True) as connection:
        for name in names:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def saved(databases: tuple[str, str], tmp_path: Path) -> Path:
    with psycopg.connect(databases[0]) as connection:
        connection.execute(SCHEMA)
    photo = tmp_path / "one" / "files" / "ab" / "photo.jpg"
    photo.parent.mkdir(parents=True)
    photo.write_bytes(b"\xff\xd8 not really")
    (tmp_path / "one" / "audit.key").write_text("k" * 40)
    target = tmp_path / "city.tar"
    backup(databases[0], tmp_path / "one", target, say=quiet)
    (tmp_path / "two").mkdir()
    return target


def one(url: str, statement: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def test_round_trip(databases: tuple[str, str], saved: Path, tmp_path: Path) -> None:
    manifest = restore(databases[1], tmp_path / "two", saved, say=quiet)
    assert manifest.tables == {"audit_chainlink": 2, "kept": 1000}
    assert manifest.heads == {"audit": (2, "02")}
    digest = "SELECT md5(string_agg(id || text, '' ORDER BY id)) FROM kept"
    assert one(databases[0], digest) == one(databases[1], digest)
    assert one(databases[1], "SELECT count(*) FROM kit_live_event") == 0
    assert (tmp_path / "two" / "files" / "ab" / "photo.jpg").read_bytes() == b"\xff\xd8 not really"
    assert not (tmp_path / "two" / "audit.key").exists(), "keys only when asked for"
    assert saved.stat().st_mode & 0o777 == 0o600
    with (
        psycopg.connect(databases[1]) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="append-only"),
    ):
        connection.execute("DELETE FROM kept")


@pytest.mark.django_db
def test_nothing_saved_refers_to_what_is_not() -> None:
    """Else an archive made while a job was at hand could not be loaded."""
    with django_connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid::regclass::text <> ALL(%s)",
            [list(archive.NOT_SAVED)],
        )
        referred = cursor.fetchall()
    assert ("procrastinate_jobs", "procrastinate_workers") in referred
    assert [pair for pair in referred if pair[1] in archive.NOT_SAVED] == []


def test_new_rows_follow_restored_ones(databases: tuple[str, str], tmp_path: Path) -> None:
    """A server that has counted less far would number new rows below the old ones."""
    with psycopg.connect(databases[0]) as connection:
        connection.execute(SCHEMA)
        connection.execute(
            "INSERT INTO kept (id, xid) SELECT 5000, (pg_current_xact_id()::text::bigint + 30000)::text::xid8"
        )
    archive_file = tmp_path / "a.tar"
    backup(databases[0], tmp_path, archive_file, say=quiet)
    restore(databases[1], tmp_path, archive_file, say=quiet)
    with psycopg.connect(databases[1]) as connection:
        connection.execute("INSERT INTO kept (id) VALUES (6000)")
    assert one(databases[1], "SELECT id FROM kept ORDER BY xid DESC LIMIT 1") == 6000


def test_keys_travel_when_asked_for(databases: tuple[str, str], saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "keys.tar"
    backup(databases[0], tmp_path / "one", target, with_keys=True, say=quiet)
    restore(databases[1], tmp_path / "two", target, say=quiet)
    assert (tmp_path / "two" / "audit.key").read_text() == "k" * 40
    assert (tmp_path / "two" / "audit.key").stat().st_mode & 0o777 == 0o600


def test_full_database_is_refused_and_force_replaces(
    databases: tuple[str, str], saved: Path, tmp_path: Path
) -> None:
    with psycopg.connect(databases[1]) as connection:
        connection.execute("CREATE TABLE other (id int)")
    with pytest.raises(ArchiveFault, match=r"not empty \(1 tables\)"):
        restore(databases[1], tmp_path / "two", saved, say=quiet)
    assert one(databases[1], "SELECT count(*) FROM other") == 0
    restore(databases[1], tmp_path / "two", saved, force=True, say=quiet)
    assert one(databases[1], "SELECT to_regclass('other')") is None
    assert one(databases[1], "SELECT count(*) FROM kept") == 1000


def test_database_in_use_is_refused(databases: tuple[str, str], saved: Path, tmp_path: Path) -> None:
    with psycopg.connect(databases[1]), pytest.raises(ArchiveFault, match="Stop the platform first"):
        restore(databases[1], tmp_path / "two", saved, say=quiet)


@pytest.mark.parametrize("part", ["database.dump", "files/ab/photo.jpg"])
def test_damage_is_found_before_anything_changes(
    databases: tuple[str, str], saved: Path, tmp_path: Path, part: str
) -> None:
    with tarfile.open(saved) as tar:
        entry = tar.getmember(part)
    raw = bytearray(saved.read_bytes())
    raw[entry.offset_data + entry.size // 2] ^= 1
    saved.write_bytes(raw)
    with pytest.raises(ArchiveFault, match=f"{part} in the archive is damaged"):
        restore(databases[1], tmp_path / "two", saved, say=quiet)
    assert one(databases[1], "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0


def test_failed_load_leaves_the_former_content(
    databases: tuple[str, str], saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(databases[1]) as connection:
        connection.execute("CREATE TABLE other (id int)")
    broken = tmp_path / "pg_restore"
    broken.write_text("#!/bin/sh\necho 'CREATE TABLE half (id int);'\nexit 1\n")
    broken.chmod(0o755)
    program = archive.program
    monkeypatch.setattr(
        archive, "program", lambda name: str(broken) if name == "pg_restore" else program(name)
    )
    with pytest.raises(ArchiveFault, match="is as before"):
        restore(databases[1], tmp_path / "two", saved, force=True, say=quiet)
    assert one(databases[1], "SELECT count(*) FROM other") == 0
    assert one(databases[1], "SELECT to_regclass('half')") is None


def test_other_files_are_no_archives(databases: tuple[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other.tar"
    other.write_bytes(b"text")
    with pytest.raises(ArchiveFault, match="no archive"):
        restore(databases[1], tmp_path, other, say=quiet)
    with pytest.raises(ArchiveFault, match="no file"):
        restore(databases[1], tmp_path, tmp_path / "absent.tar", say=quiet)


def test_existing_file_is_not_overwritten(databases: tuple[str, str], saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ArchiveFault, match="exists already"):
        backup(databases[0], tmp_path / "one", saved, say=quiet)
