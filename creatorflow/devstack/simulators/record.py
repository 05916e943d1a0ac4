"""What a simulator did, in a file that survives its own kill -9."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Record:
    """
    An append-only file of JSON lines: what was done, and every request that asked for it.

    Holds no personal data. A last line that was being written at the kill was never answered, and is dropped.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        whole = before[: before.rfind(b"\n") + 1]
        self._done: list[dict[str, Any]] = []
        self._requests: Counter[str] = Counter()
        for line in whole.splitlines():
            self._remember(json.loads(line))
        self._file = path.open("ab", buffering=0)
        self._file.truncate(len(whole))

    def asked(self, key: str) -> None:
        """Count one request for this key, whatever becomes of it."""
        self._write({"request": key})

    def did(self, kind: str, **facts: object) -> None:
        """Write down one thing that was done, before it is answered."""
        self._write({"did": kind, **facts})

    def done(self, kind: str) -> Iterator[dict[str, Any]]:
        """What was done of this kind, oldest first."""
        return (entry for entry in self._done if entry["did"] == kind)

    def content(self) -> dict[str, Any]:
        """The whole record, for `GET /_record`."""
        return {"done": self._done, "requests": dict(self._requests)}

    def _write(self, entry: dict[str, Any]) -> None:
        self._file.write(json.dumps(entry, separators=(",", ":")).encode() + b"\n")
        self._remember(entry)

    def _remember(self, entry: dict[str, Any]) -> None:
        if "request" in entry:
            self._requests[entry["request"]] += 1
        else:
            self._done.append(entry)
