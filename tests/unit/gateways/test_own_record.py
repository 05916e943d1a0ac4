"""A counterpart's own record: what is in it, and what survives."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateways.carriers.local import label_record, sold
from schemas.shipping import Label

WRITER = """
import sys
from pathlib import Path
from gateways.carriers.local import label_record
from schemas.shipping import Label
record = label_record(Path(sys.argv[1]), "writer")
for number in range(1_000_000):
    record.append(Label(reference=f"r{number}", carrier="usps", service="ground", tracking_number=f"t{number}"))
    print(number, flush=True)
"""


def _label(reference: str, tracking_number: str = "t") -> Label:
    return Label(reference=reference, carrier="usps", service="ground", tracking_number=tracking_number)


def test_what_all_processes_sold_is_read_together(tmp_path: Path) -> None:
    """Two processes write beside each other; each reference is read once."""
    one, two = label_record(tmp_path, "one"), label_record(tmp_path, "two")
    for record, reference in ((one, "a"), (two, "b"), (one, "c"), (two, "a")):
        record.append(_label(reference))
    assert sorted(label.reference for label in sold(tmp_path)) == ["a", "b", "c"]


def test_an_entry_is_found_by_its_key(tmp_path: Path) -> None:
    """Whichever process wrote it, and only by the whole key of the right field."""
    one, two = label_record(tmp_path, "one"), label_record(tmp_path, "two")
    one.append(Label(reference="a:1", carrier="usps", service="ground", tracking_number="t", carrier_reference="x"))
    two.append(_label('quo"ted:1', "u"))
    assert two.find("a:1") is not None
    assert one.find('quo"ted:1') == _label('quo"ted:1', "u")
    assert [one.find(key) for key in ("a:", "x", ":1", "b:1", "t")] == [None] * 5


def test_a_line_without_its_end_was_never_answered(tmp_path: Path) -> None:
    """It is not read, not found, and gone when its process starts again."""
    label_record(tmp_path, "one").append(_label("a"))
    path = tmp_path / "one.jsonl"
    with path.open("ab") as file:
        file.write(b'{"reference":"b","carrier"')
    assert [label.reference for label in sold(tmp_path)] == ["a"]
    assert label_record(tmp_path, "two").find("b") is None
    label_record(tmp_path, "one").append(_label("c"))
    assert [label.reference for label in sold(tmp_path)] == ["a", "c"]


def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    """Every sale that a process told of is in the record after its kill -9."""
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [int(next(writer.stdout)) for _ in range(200)]
        os.kill(writer.pid, signal.SIGKILL)
        told += [int(line) for line in writer.stdout if line.endswith("\n")]
    assert {f"r{number}" for number in told} <= {label.reference for label in sold(tmp_path)}


def test_a_full_disk_is_an_error_and_leaves_the_record_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that is cut short raises, and what was written of it is taken back."""
    record = label_record(tmp_path, "one")
    record.append(_label("a"))
    whole_write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: whole_write(file, line[:10]))
    with pytest.raises(OSError, match="own record"):
        record.append(_label("b"))
    monkeypatch.undo()
    record.append(_label("c"))
    assert [label.reference for label in sold(tmp_path)] == ["a", "c"]
