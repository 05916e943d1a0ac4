"""
The record that a local counterpart keeps of what it did, apart from ours, so that an audit can compare the two.

One folder, one append-only file of JSON lines for each process, which nobody else writes. Each entry is one write to
the operating system, so it is there after a kill -9 of the process. Not after a power cut: nobody pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

Entry = TypeVar("Entry", bound=msgspec.Struct)


class OwnRecord(Generic[Entry]):
    """
    What all processes with the same folder did.

    `key` names an entry among its kind, and is one of its fields. Repeated: an entry with a known key is written
    again and read once.
    """

    def __init__(self, directory: Path, kind: type[Entry], key: str, process: str) -> None:
        self._directory = directory
        self._kind = kind
        self._key = key
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{process}.jsonl"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, path.read_bytes().rfind(b"\n") + 1)

    def append(self, entry: Entry) -> None:
        """Write one entry down, whole or not at all, before it is answered."""
        line = msgspec.json.encode(entry) + b"\n"
        written = os.write(self._file, line)
        if written != len(line):
            os.ftruncate(self._file, os.fstat(self._file).st_size - written)
            raise OSError(f"only {written} of {len(line)} bytes of an own record could be written")

    def find(self, key: str) -> Entry | None:
        """The entry with this key, whichever process wrote it."""
        needle = msgspec.json.encode({self._key: key})[1:-1]
        for path in sorted(self._directory.glob("*.jsonl")):
            content = path.read_bytes()
            at = content.find(needle)
            end = content.find(b"\n", at)
            if at >= 0 and end >= 0:
                return msgspec.json.decode(content[content.rfind(b"\n", 0, at) + 1 : end], type=self._kind)
        return None

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def entries(directory: Path, kind: type[Entry], key: Callable[[Entry], str]) -> list[Entry]:
    """
    Everything that all processes wrote, each key once, in the order of files and lines.

    A last line without its end was being written when its process was killed: it was never answered, and is left out.
    """
    decoder = msgspec.json.Decoder(kind)
    found: dict[str, Entry] = {}
    for path in sorted(directory.glob("*.jsonl")):
        whole, _, _ = path.read_bytes().rpartition(b"\n")
        for line in whole.splitlines():
            if line:
                entry = decoder.decode(line)
                found.setdefault(key(entry), entry)
    return list(found.values())
