"""The folder of one local stack: which file is where, what other commands read from it, and the secrets made for it."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from creatorflow.devstack.errors import StackError, from_os_error
from creatorflow.settings import SECRETS_FILE, STACK_FILE

MIB: Final = 1024 * 1024
ROOM_BYTES: Final = 512 * MIB


@dataclass(frozen=True)
class Home:
    """The paths under `CREATORFLOW_HOME`."""

    root: Path

    @property
    def stack_file(self) -> Path:
        """What runs where: read by every command; it stays after `down`, as the next `up` keeps the same ports."""
        return self.root / STACK_FILE

    @property
    def secrets_file(self) -> Path:
        """The secrets of this stack; without the master key in it the encrypted fields of its data are lost."""
        return self.root / SECRETS_FILE

    @property
    def run(self) -> Path:
        """Files that mean something only while the stack runs."""
        return self.root / "run"

    @property
    def plan_file(self) -> Path:
        """What the supervisor is to keep running."""
        return self.run / "plan.json"

    @property
    def state_file(self) -> Path:
        """What the supervisor last saw running."""
        return self.run / "state.json"

    @property
    def logs(self) -> Path:
        """One log per service and process."""
        return self.root / "logs"

    def held(self, name: str) -> Path:
        """While this file exists, the supervisor leaves the service stopped."""
        return self.run / f"{name}.held"

    def make(self) -> None:
        """Create the folders; repeated: nothing."""
        try:
            for folder in (self.root, self.run, self.logs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise from_os_error(error, f"making {self.root}") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One `up` or `down` at a time; a second one waits, and then finds the work done."""
        with (self.root / "up.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def require_room(folder: Path) -> None:
    """Refuse to start on a disk that is about to be full; both services lose their way when it is."""
    free = shutil.disk_usage(folder).free
    if free < ROOM_BYTES:
        raise StackError(
            f"the disk of {folder} has {free // MIB} MiB left, and the stack needs {ROOM_BYTES // MIB}",
            "Free some space, or set CREATORFLOW_HOME to a folder with room",
        )


def write_atomically(path: Path, text: str) -> None:
    """Replace a file so that a reader, or a crash, meets the old content or the new and nothing between; owner only."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise from_os_error(error, f"writing {path}") from error


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write one JSON object, atomically."""
    write_atomically(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The object in this file, or an empty one where there is none."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except json.JSONDecodeError as error:
        raise StackError(f"{path} is damaged ({error})", "Delete it and run `creatorflow up` again") from error
    return dict(content)


def ensure_secrets(home: Home) -> dict[str, str]:
    """The secrets of this stack, made on the first start and kept ever after; new ones do not open old data."""
    known = read_json(home.secrets_file)
    if not known:
        if any(home.root.glob("*/data")):
            raise StackError(
                f"{home.secrets_file} is missing, and the data is locked with what it held",
                "Restore it, or start afresh: `rm -r` the home",
            )
        known = new_secrets()
        write_json(home.secrets_file, known)
    if "valkey_password" not in known:
        # A stack older than its Valkey; nothing is locked with this one, so it may be made at any time.
        known = {**known, "valkey_password": secrets.token_hex(24)}
        write_json(home.secrets_file, known)
    return known


def new_secrets() -> dict[str, str]:
    """Fresh secrets for a stack that never ran."""
    return {
        "webhook_secret": secrets.token_hex(32),
        "tiktok_app_key": secrets.token_hex(8),
        "tiktok_app_secret": secrets.token_hex(32),
        "master_key": secrets.token_hex(32),
        "postgres_password": secrets.token_hex(24),
        "valkey_password": secrets.token_hex(24),
        "stack_id": secrets.token_hex(4),
    }
