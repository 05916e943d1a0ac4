"""
The next release, built from this one: a copy of its source with a higher code number and types that are new in it.

For each order that is placed it stores a new event, publishes a new one, and sends a new command after it: whoever does
not know them meets them in the log, among the events and among the commands.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

PACKAGES: Final = ("schemas", "aggregates", "gateways", "projections", "streams", "creatorflow", "proof")
SOURCE: Final = Path(__file__).parents[1]


def copied(into: Path, source: Path = SOURCE) -> Path:
    """A copy of a release's source."""
    for package in PACKAGES:
        shutil.copytree(source / package, into / package, ignore=shutil.ignore_patterns("__pycache__"))
    return into


def next_release(into: Path, source: Path, word: str) -> Path:
    """The release after another one; `word` names what is new in it."""
    tree = copied(into, source)
    number = code_of(tree)
    _replace(tree / "schemas/envelope.py", {f"\nCODE = {number}\n": f"\nCODE = {number + 1}\n"})
    _replace(
        tree / "schemas/topics.py",
        {
            "    commands.HoldOrder,\n": f"    commands.HoldOrder,\n    commands.{word}Order,\n",
            "    events.OrderHeld,\n": f"    events.OrderHeld,\n    events.Order{word},\n",
        },
    )
    for name, text in _NEW.items():
        with (tree / name).open("a") as file:
            file.write(text.replace("Greeted", word).replace("greeted", word.lower()))
    return tree


def that_looks_late(tree: Path) -> Path:
    """Change a release so that it looks late whether newer code took over, and may meet first what it does not know."""
    _replace(tree / "streams/taking_over.py", {"\nLOOK_SECONDS = 2.0\n": "\nLOOK_SECONDS = 25.0\n"})
    return tree


def code_of(tree: Path) -> int:
    """The code number of a release."""
    text = (tree / "schemas/envelope.py").read_text()
    return int(text.partition("\nCODE = ")[2].partition("\n")[0])


def _replace(file: Path, changes: Mapping[str, str]) -> None:
    text = file.read_text()
    for old, new in changes.items():
        if text.count(old) != 1:
            raise ValueError(f"{file.name} has {old!r} {text.count(old)} times: this proof no longer fits the source")
        text = text.replace(old, new)
    file.write_text(text)


_NEW: Final = {
    "schemas/commands/orders.py": '''

class GreetedOrder(Command):
    """New in this release: follows from the new event."""

    order_id: UUID
''',
    "schemas/commands/__init__.py": """
from schemas.commands.orders import GreetedOrder
""",
    "schemas/events/orders.py": '''

class OrderGreeted(Event):
    """New in this release."""

    order_id: UUID
    words: str
''',
    "schemas/events/__init__.py": """
from schemas.events.orders import OrderGreeted
""",
    "aggregates/order_events.py": '''
from eventsourcing.utils import register_topic


class Greeted(Event):
    """New in this release: stored for each order beside its placing."""

    TOPIC = "order.greeted"

    words: str

    def apply(self, aggregate: Order) -> None:
        pass


register_topic(Greeted.TOPIC, Greeted)
''',
    "aggregates/order.py": '''
from aggregates.order_events import Greeted
from schemas.commands import GreetedOrder

_decide_before_greeted = decide


def decide(order: Order | None, command: Command, known: Known) -> Order | None:
    """As before, and each new order is greeted."""
    if isinstance(command, GreetedOrder):
        return order
    after = _decide_before_greeted(order, command, known)
    if order is None and after is not None:
        after.trigger_event(Greeted, timestamp=known.at, words="welcome")
    return after
''',
    "aggregates/publication.py": """
PUBLICATION[order_events.Greeted] = _copied(events.OrderGreeted)
STORED[order_events.Greeted.TOPIC] = order_events.Greeted
""",
    "aggregates/policies/fulfilment/__init__.py": """
from aggregates import order_events
from schemas.commands import GreetedOrder

FOLLOWS[order_events.Greeted] = lambda event: (GreetedOrder(order_id=event.originator_id),)
""",
    "projections/alert_rules.py": """
EFFECTS[events.OrderGreeted] = NOTHING
""",
    "projections/order_board.py": """
FOLDS[events.OrderGreeted] = lambda row, event, published: {}
""",
}
