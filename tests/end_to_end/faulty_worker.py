"""A worker whose decision about orders is broken: it raises for order numbers that end so, else it does its work."""

from __future__ import annotations

from typing import Any

from creatorflow import bootstrap
from creatorflow.settings import Settings
from streams import orders

RAISES = "0666"
ENDS = "0999"


class Killed(BaseException):
    """What no handler of errors stops."""


def decide(aggregate: Any, command: Any, known: Any) -> Any:
    """Decide as the real one does, but for two kinds of orders."""
    number = getattr(command, "number", "")
    if number.endswith(RAISES):
        raise ZeroDivisionError("broken on purpose")
    if number.endswith(ENDS):
        raise Killed
    return REAL.decide(aggregate, command, known)


REAL = orders.DECISION

if __name__ == "__main__":
    orders.DECISION = REAL._replace(decide=decide)
    bootstrap.run_worker(Settings())
