"""Whether a package's label may be printed is read from the log, which no read model is behind."""

from __future__ import annotations

import pytest

from aggregates import shipment
from aggregates.event_store.application import open_event_log
from aggregates.event_store.connection import Connection
from aggregates.event_store.recorder import Effects, Origin
from creatorflow.crossing import live_label
from schemas.commands import Command
from tests.builders import NOON, TARIFFS
from tests.unit.aggregates.scenario import PACKAGE
from tests.unit.aggregates.test_shipment import HAND_OVER, REPLACE, VOID, open_package, outcome, void_outcome
from tests.unit.aggregates.test_shipment_handling import LABELLED, PRINT, RESUME, STOP, readdress


def printable(dsn: str, connection: Connection, *commands: Command) -> str | None:
    """The number of the label that may be printed after these commands."""
    package = None
    for command in commands:
        package = shipment.decide(package, command, shipment.Known(NOON, TARIFFS))
    assert package is not None
    events = list(package.collect_events())
    log = open_event_log(dsn)
    try:
        origins = [Origin("cause", "outside")] * len(events)
        log.events.put(events, connection=connection, effects=Effects("", ""), origins=origins)
        found = live_label(connection, log, PACKAGE)
    finally:
        log.close()
    if found is None:
        return None
    request, label = found
    assert request.reference == label.reference
    return label.tracking_number


@pytest.mark.parametrize(
    ("commands", "number"),
    [
        ((open_package(),), None),
        (LABELLED, "T1"),
        ((*LABELLED, HAND_OVER), "T1"),
        ((*LABELLED, VOID), None),
        ((*LABELLED, REPLACE), None),
        ((*LABELLED, REPLACE, void_outcome()), None),
        ((*LABELLED, REPLACE, void_outcome(), outcome(attempt=2)), "T2"),
        ((*LABELLED, STOP), None),
        ((*LABELLED, STOP, RESUME), "T1"),
        ((*LABELLED, PRINT, readdress()), None),
    ],
)
def test_label_is_printed_while_its_package_may_leave(
    database: str, opened: Connection, commands: tuple[Command, ...], number: str | None
) -> None:
    """Neither a label that went back, or is about to, nor that of a package that is kept back."""
    assert printable(database, opened, *commands) == number


def test_package_that_nobody_opened_has_no_label(database: str, opened: Connection) -> None:
    """There is nothing to print."""
    log = open_event_log(database)
    try:
        assert live_label(opened, log, PACKAGE) is None
    finally:
        log.close()
