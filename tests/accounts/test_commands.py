"""Commands of keys and of the first administrator; housekeeping."""

from __future__ import annotations

import io
import stat
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from hotline.accounts.models import Person, Role, Unit
from hotline.accounts.tasks import purge_doors
from hotline.kit.clock import now
from hotline.kit.crypto import KeyRing, new_ring
from tests.accounts.factories import make_citizen

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def test_the_first_administrator_of_an_empty_city():
    said = run("staff", "add", "boss", "--name", "张主任")
    person = Person.objects.get(username="boss")
    assert person.check_password(said.split()[-1])
    assert person.must_change_password
    assert list(person.memberships.values_list("role", "unit__code")) == [(Role.ADMIN, "HUB")]
    with pytest.raises(CommandError, match="NOWHERE"):
        run("staff", "add", "other", "--name", "x", "--unit", "NOWHERE")
    assert Unit.objects.count() == 1


def test_reset_gives_a_new_password(cast):
    cast.person("admin")
    said = run("staff", "reset", "ADMIN")
    assert Person.objects.get(username="admin").check_password(said.split()[-1])
    with pytest.raises(CommandError):
        run("staff", "reset", "nobody")


def test_new_ring_is_a_ring():
    assert KeyRing.parse(run("identity", "new-ring").strip()).current == "k1"


def test_add_key_rotate_status(settings, tmp_path):
    kept = tmp_path / "identity.keys"
    kept.write_text(settings.IDENTITY_KEYS)
    settings.IDENTITY_KEYS_FILE = kept
    make_citizen("13800000001", "甲")
    assert "1 rows" in run("identity", "status")
    run("identity", "add-key")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    settings.IDENTITY_KEYS = kept.read_text()
    fresh = KeyRing.parse(settings.IDENTITY_KEYS).current
    assert f"1 rows are now under key {fresh}" in run("identity", "rotate", "--verbosity", "0")
    assert run("identity", "status").strip() == f"aes-gcm {fresh}: 1 rows"


def test_add_key_prints_where_the_ring_comes_from_the_environment(settings):
    settings.IDENTITY_KEYS = new_ring()
    settings.IDENTITY_KEYS_FILE = None
    text = run("identity", "add-key").strip().splitlines()[-1]
    assert KeyRing.parse(text).ids[1:] == ("k1",)


def test_purge_removes_expired_sessions_only(cast):
    from django.contrib.sessions.models import Session

    client = cast.client("handler")
    old = Client().session
    old["x"] = 1
    old.save()
    Session.objects.filter(pk=old.session_key).update(expire_date=now() - timedelta(days=1))
    assert purge_doors(0) == 1
    assert client.get("/ui/session/").json()["signed_in"]
