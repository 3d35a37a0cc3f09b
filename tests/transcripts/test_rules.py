"""What is wrong with a recording, which parts were not heard, where words begin; no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hotline.transcripts.models import Fault
from hotline.transcripts.rules import (
    Facts,
    faults_of,
    marked,
    merged,
    overlap,
    part_of,
    peaks_of,
    without,
    words_of,
)
from hotline.transcripts.vault import CHUNK, BadRecording, Opened, Plain, pieces, seal
from tests.transcripts.factories import wav


def facts(**changed: Any) -> Facts:
    given: dict[str, Any] = {
        "told_sha256": "a", "told_bytes": 44 + 320_000, "seconds": 10.0, "silent_left": False, "silent_right": False,
        "found_sha256": "a", "found_bytes": 44 + 320_000, "least": 10.0, "most": 10.2,
    }  # fmt: skip
    return Facts(**(given | changed))


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({}, []),
        ({"found_sha256": "b"}, [Fault.CHECKSUM]),
        ({"found_bytes": 1000, "found_sha256": "b"}, [Fault.SIZE, Fault.CHECKSUM]),
        ({"told_bytes": 700_000, "found_bytes": 700_000}, [Fault.SIZE]),
        ({"least": 60.0, "most": 60.0}, [Fault.DURATION]),
        # After the agent's part the caller may wait, or be asked, with the recording going on.
        ({"least": 4.0, "most": 10.0}, []),
        ({"least": 2.0, "most": 3.0}, [Fault.DURATION]),
        ({"silent_left": True, "silent_right": True}, [Fault.SILENT]),
        ({"silent_left": True}, []),
        ({"silent_right": True, "seconds": 30.0, "told_bytes": 960_044, "found_bytes": 960_044, "least": 30.0, "most": 30.0},
         [Fault.ONE_SIDED]),
    ],
)  # fmt: skip
def test_faults_of_a_recording(changed: dict[str, Any], faults: list[Fault]) -> None:
    assert [fault for fault, _why in faults_of(facts(**changed))] == faults


def test_which_side_is_silent_is_told() -> None:
    long = {"seconds": 30.0, "told_bytes": 960_044, "found_bytes": 960_044, "least": 30.0, "most": 30.0}
    (((fault, why)),) = faults_of(facts(silent_left=True, **long))
    assert (fault, why["silent"]) == (Fault.ONE_SIDED, "citizen")


def test_spans() -> None:
    assert merged([(5, 9), (0, 2), (2, 3), (8, 12)]) == [(0, 3), (5, 12)]
    assert without([(0, 10)], [(2, 3), (8, 20)]) == [(0, 2), (3, 8)]
    assert without([(0, 10)], []) == [(0, 10)]
    assert overlap([(0, 5), (8, 9)], [(3, 8)]) == [(3, 5)]
    zero = datetime(2026, 11, 23, tzinfo=UTC)
    assert part_of(zero + timedelta(seconds=1.5), zero) == 1500
    assert part_of(zero - timedelta(seconds=1), zero) == 0


def test_personal_data_is_masked_to_the_same_length_and_its_place_is_told() -> None:
    found = marked("我的电话是13812345678，谢谢")
    assert found.text == "我的电话是138****5678，谢谢"
    assert found.marks == [[5, 16, "mobile"]]
    assert marked("路灯坏了").marks == []


def test_words_cover_the_text_and_figures_stay_together() -> None:
    text = "我是12号楼的 Wang"
    spans = words_of(text)
    assert "".join(text[start:end] for start, end in spans) == text
    assert "12" in [text[start:end] for start, end in spans]
    assert words_of("路灯坏了", ["路灯", "坏", "了"]) == [(0, 2), (2, 3), (3, 4)]
    assert words_of("路灯坏了", ["别的"]) == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_the_waveform_is_loud_where_it_was_loud() -> None:
    quiet, loud = wav(1, left=0, right=0), wav(1, left=300, right=0)
    both = quiet[:44] + quiet[44:] + loud[44:]
    for cut in (7, 1000, len(both)):
        peaks = peaks_of((both[at : at + cut] for at in range(0, len(both), cut)), len(both), steps=10)
        left, right = peaks[:10], peaks[10:]
        assert max(left[:5]) == 0
        assert min(left[5:]) > 30
        assert max(right) == 0


def test_a_sealed_file_is_read_from_any_second_and_opens_nowhere_else(tmp_path: Path) -> None:
    plain = tmp_path / "a.wav"
    content = wav(9)
    plain.write_bytes(content)
    assert len(content) > 3 * CHUNK
    sealed = seal(plain, "rec-1", tmp_path / "kept" / "a.xsrec")
    kept = Opened(tmp_path / "kept" / "a.xsrec", sealed.key, "rec-1", sealed.size)
    assert b"".join(pieces(kept, 0, kept.size)) == content
    for start, length in (
        (0, 1),
        (CHUNK - 3, 6),
        (CHUNK * 2, CHUNK),
        (len(content) - 5, 100),
        (len(content), 5),
    ):
        assert kept.read(start, length) == content[start : start + length]
    assert content[44:600] not in (tmp_path / "kept" / "a.xsrec").read_bytes()
    assert list((tmp_path / "kept").iterdir()) == [tmp_path / "kept" / "a.xsrec"]
    with pytest.raises(BadRecording):
        Opened(tmp_path / "kept" / "a.xsrec", sealed.key, "rec-2", sealed.size)
    assert Plain(plain).read(44, 4) == content[44:48]


@pytest.mark.parametrize("harm", ["flip", "cut", "swap"])
def test_a_damaged_file_does_not_open(tmp_path: Path, harm: str) -> None:
    plain, kept = tmp_path / "a.wav", tmp_path / "a.xsrec"
    plain.write_bytes(wav(9))
    sealed = seal(plain, "rec-1", kept)
    data = bytearray(kept.read_bytes())
    if harm == "flip":
        data[CHUNK + 200] ^= 1
    elif harm == "cut":
        del data[-100:]
    else:
        one, other = slice(5, 5 + CHUNK + 16), slice(5 + CHUNK + 16, 5 + 2 * (CHUNK + 16))
        data[one], data[other] = data[other], data[one]
    kept.write_bytes(bytes(data))
    with pytest.raises(BadRecording):
        b"".join(pieces(Opened(kept, sealed.key, "rec-1", sealed.size), 0, sealed.size))
