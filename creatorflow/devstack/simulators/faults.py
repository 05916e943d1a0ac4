"""What a simulator is told to do wrong, and to which requests."""

from __future__ import annotations

import random
from typing import Final, Literal

import msgspec


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One way to fail.

    slow: acts and answers after `seconds`. wrong: does nothing and answers `status`, or 200 with the body code `code`.
    down: does nothing and drops the connection. act-then-hang, act-then-close, act-then-wrong: acts, and then never
    answers, drops the connection, or answers as `wrong` does.

    Meets the next `requests` requests (None: all) whose path starts with `path`, each with the probability `share`.
    """

    kind: Literal["slow", "wrong", "down", "act-then-hang", "act-then-close", "act-then-wrong"]
    requests: int | None = None
    share: float = 1.0
    path: str = "/"
    method: str = ""
    seconds: float = 1.0
    status: int = 500
    code: int | None = None
    retry_after: str = ""


class Control(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Everything that a simulator is told; the next one replaces it whole.

    `idempotent` false: the carrier forgets idempotency keys. `lookup` false: it finds no label by its reference.
    `voids` false: it takes no label back any more. `tracking_number`: every label gets it, as if numbers had run out.
    `page_shift`: TikTok's lists have moved by so many entries whenever a later page is read, so that entries are
    missed, or, below 0, come twice.
    """

    faults: tuple[Fault, ...] = ()
    idempotent: bool = True
    lookup: bool = True
    voids: bool = True
    tracking_number: str = ""
    page_shift: int = 0
    seed: int = 0


CONTROL_PATH: Final = "/creatorflow/"
"""What drives a simulator; only a fault that names such a path meets it."""


class Faults:
    """Which fault the next request meets."""

    def __init__(self) -> None:
        self.control = Control()
        self._left: list[int | None] = []
        self._random = random.Random(0)

    def replace(self, control: Control) -> None:
        """Do as told from now on."""
        self.control = control
        self._left = [fault.requests for fault in control.faults]
        self._random = random.Random(control.seed)

    def next_for(self, method: str, path: str) -> Fault | None:
        """The first fault that is meant for this request and still has requests left."""
        for place, fault in enumerate(self.control.faults):
            left = self._left[place]
            if left == 0 or not _meets(fault, method, path):
                continue
            if self._random.random() >= fault.share:
                continue
            if left is not None:
                self._left[place] = left - 1
            return fault
        return None


def _meets(fault: Fault, method: str, path: str) -> bool:
    if path.startswith(CONTROL_PATH) and not fault.path.startswith(CONTROL_PATH):
        return False
    return path.startswith(fault.path) and fault.method in {"", method}
