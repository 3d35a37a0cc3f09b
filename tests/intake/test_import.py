"""CSV: checked whole, filed once, resumed after a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse

from hotline.intake import actions
from hotline.intake.actions import importing
from hotline.intake.models import ImportBatch, RawMessage
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast

pytestmark = pytest.mark.django_db
HEAD = "编号,标题,内容,电话,诉求类型\n"


def rows(count: int) -> str:
    return HEAD + "".join(
        f"{n},路灯不亮{n},某路{n}号路灯从昨晚起不亮希望尽快修好,1390000{n:04d},complaint\n"
        for n in range(1, count + 1)
    )


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


def opened(city: Cast, text: str) -> ImportBatch:
    return actions.open_import(actor=city.actor("shift_leader"), file_name="a.csv", data=text.encode())


def test_dry_run_files_nothing_and_names_the_rows(city: Cast) -> None:
    batch = opened(city, rows(3) + "4,x,,13900009999,complaint\n5,x,内容内容内容内容内容内容,12,nonsense\n")
    batch = actions.check_import(actor=city.actor("shift_leader"), batch_id=batch.pk, mapping=batch.mapping)
    assert (batch.total, batch.failed, batch.state) == (5, 2, "checked")
    assert {(fault["row"], fault["field"]) for fault in batch.errors} == {
        (4, "content"),
        (5, "phone"),
        (5, "demand_type"),
    }
    assert not RawMessage.objects.exists()


def test_resumes_after_a_kill_and_files_no_row_twice(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = opened(city, rows(12))
    monkeypatch.setattr(importing, "STEP", 5)
    seen = 0

    def die(_count: int) -> None:
        nonlocal seen
        seen += 1
        if seen == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actions.run_import(actor=city.actor("shift_leader"), batch_id=batch.pk, advance=die)
    assert WorkOrder.objects.count() == 8
    batch.refresh_from_db()
    assert batch.next_row == 5, "three rows were filed after the last note"
    done = actions.run_import(actor=city.actor("shift_leader"), batch_id=batch.pk)
    assert (done.state, done.accepted, done.failed) == ("finished", 12, 0)
    assert WorkOrder.objects.count() == 12
    assert opened(city, rows(12)).pk == batch.pk
    actions.run_import(actor=city.actor("shift_leader"), batch_id=batch.pk)
    assert WorkOrder.objects.count() == 12


def test_wrong_rows_wait_and_the_rest_goes_on(city: Cast) -> None:
    batch = opened(city, HEAD + "1,x,,1,complaint\n" + rows(1).removeprefix(HEAD))
    done = actions.run_import(actor=city.actor("shift_leader"), batch_id=batch.pk)
    assert (done.accepted, done.failed) == (1, 1)
    assert RawMessage.objects.filter(state="quarantined").count() == 1


def test_stopped(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = opened(city, rows(6))
    monkeypatch.setattr(importing, "STEP", 2)
    leader = city.actor("shift_leader")

    def stop(_count: int) -> None:
        if WorkOrder.objects.count() == 3:
            actions.stop_import(actor=leader, batch_id=batch.pk)

    assert actions.run_import(actor=leader, batch_id=batch.pk, advance=stop).state == "stopped"
    assert actions.run_import(actor=leader, batch_id=batch.pk).accepted + 0 == WorkOrder.objects.count() == 6


def test_files_that_are_no_tables(city: Cast) -> None:
    for data in (b"\x00\x01", b"", b"one column\nx\n", b"\xff\xff\xff"):
        with pytest.raises(Invalid):
            actions.open_import(actor=city.actor("shift_leader"), file_name="x", data=data)
    with pytest.raises(NotPermitted):
        actions.open_import(actor=city.actor("agent"), file_name="x", data=rows(1).encode())


def test_files_that_are_too_large_or_broken(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    long = HEAD + "1,x," + "长" * 200_000 + ",13900009999,complaint\n"
    with monkeypatch.context() as patch:
        patch.setattr(importing, "MOST_CELL", 100_000)
        with pytest.raises(Invalid) as refusal:
            opened(city, long)
    assert "CSV" in refusal.value.message
    assert opened(city, long).total == 1
    monkeypatch.setattr(importing, "MOST_BYTES", 100)
    with pytest.raises(Invalid) as refusal:
        opened(city, rows(9))
    assert set(refusal.value.details) == {"file"}
    assert ImportBatch.objects.count() == 1


def test_a_check_needs_its_file_its_columns_and_a_batch_at_rest(city: Cast, tmp_path: Path) -> None:
    batch, leader = opened(city, rows(2)), city.actor("shift_leader")
    for mapping in ({"title": "标题"}, {**batch.mapping, "address": "地址"}):
        with pytest.raises(Invalid) as fault:
            actions.check_import(actor=leader, batch_id=batch.pk, mapping=mapping)
        assert set(fault.value.details) == {"mapping"}
    ImportBatch.objects.update(state="running")
    with pytest.raises(Refused) as refusal:
        actions.check_import(actor=leader, batch_id=batch.pk, mapping=batch.mapping)
    assert refusal.value.code == "running"
    ImportBatch.objects.update(state="opened")
    for path in tmp_path.rglob("*.csv"):
        path.unlink()
    with pytest.raises(Refused) as refusal:
        actions.check_import(actor=leader, batch_id=batch.pk, mapping=batch.mapping)
    assert refusal.value.code == "file_gone"
    with pytest.raises(NotVisible):
        actions.check_import(actor=leader, batch_id=batch.pk + 1, mapping={})


def test_the_dry_run_names_so_many_faults_and_strange_channels(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_ERRORS", 2)
    head = "编号,标题,内容,电话,诉求类型,渠道\n"
    words = "路灯从昨晚起不亮希望尽快修好"
    lines = "".join(f"{n},路灯不亮,{words}{n},13900009999,complaint,smoke\n" for n in range(1, 5))
    batch = opened(city, head + lines + "\n , , , , , \n")
    batch = actions.check_import(
        actor=city.actor("shift_leader"), batch_id=batch.pk, mapping={**batch.mapping, "channel": "渠道"}
    )
    assert (batch.total, batch.failed) == (4, 4), "blank lines are no rows"
    assert [(fault["row"], fault["field"]) for fault in batch.errors] == [(1, "channel"), (2, "channel")]


def test_the_command(city: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "messages.csv"
    path.write_bytes(rows(2).encode("gb18030"))
    call_command("import", str(path), "--dry-run", "--quiet")
    assert not WorkOrder.objects.exists()
    call_command("import", str(path), "--quiet")
    assert WorkOrder.objects.count() == 2
    assert "2 rows: 2 filed, 0 in quarantine" in capsys.readouterr().out


def test_pages(city: Cast) -> None:
    batch = opened(city, rows(2))
    client = city.client("shift_leader")
    assert "a.csv" in client.get(reverse("intake:imports")).content.decode()
    page = reverse("intake:import", args=[batch.pk])
    assert "路灯" not in client.get(page).content.decode(), "columns are shown, not people's words"
    assert (
        client.post(reverse("intake:import_check", args=[batch.pk]), {"content": "nowhere"}).status_code
        == 422
    )
    assert client.post(reverse("intake:import_check", args=[batch.pk]), batch.mapping).status_code == 302
    assert client.post(reverse("intake:import_run", args=[batch.pk])).status_code == 302
    assert city.client("agent").get(page).status_code == 403
