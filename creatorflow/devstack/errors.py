"""What keeps the local stack from starting, said so that a person can act on it."""

from __future__ import annotations

import errno


class StackError(Exception):
    """Something about this machine keeps the stack from running: what, and what to do about it, in one line."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}. {fix}")
        self.what = what
        self.fix = fix


def from_os_error(error: OSError, doing: str) -> StackError:
    """The clear form of what the operating system refused."""
    if error.errno == errno.ENOSPC:
        return disk_full(doing)
    return StackError(
        f"{doing} failed: {error}", "Check that the folder exists and may be written, or set CREATORFLOW_HOME"
    )


def disk_full(doing: str) -> StackError:
    """No room left on the disk that holds the stack."""
    return StackError(
        f"{doing} failed: the disk is full", "Free some space, or set CREATORFLOW_HOME to a folder with room"
    )
