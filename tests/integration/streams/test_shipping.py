"""What decisions about packages know of each other's tracking numbers."""

from __future__ import annotations

from uuid import UUID, uuid4

from aggregates.event_store.connection import Connection
from aggregates.event_store.tracking_numbers import TrackingNumber
from schemas.commands import RecordLabelOutcome
from streams import shipping
from tests.builders import NOON, TARIFFS
from tests.effects import write

FIRST, SECOND, THIRD = uuid4(), uuid4(), uuid4()


def bought(shipment: UUID, number: str, carrier: str = "post") -> RecordLabelOutcome:
    """A carrier sold a label with this number."""
    return RecordLabelOutcome(
        shipment_id=shipment, attempt=1, outcome="bought", carrier=carrier, tracking_number=number
    )


def sharing(connection: Connection, *commands: RecordLabelOutcome) -> list[tuple[UUID, ...]]:
    """Which other packages each command's decision is told of."""
    known = shipping.decision(TARIFFS).known(connection, commands, NOON)
    return [known(command).sharing for command in commands]


def test_fc_26_number_that_another_package_has_is_known(database: str, opened: Connection) -> None:
    """Carrier and number together lead to the others; the package itself and another carrier's number do not."""
    write(database, opened, tracking_numbers=[TrackingNumber("post", "T1", FIRST), TrackingNumber("post", "T1", FIRST)])
    told = sharing(opened, bought(SECOND, "T1"), bought(FIRST, "T1"), bought(THIRD, "T1", "air"), bought(THIRD, "T2"))
    assert told == [(FIRST,), (SECOND,), (), ()]


def test_fc_26_two_packages_of_one_batch_know_each_other(database: str, opened: Connection) -> None:
    """Neither is in the table yet."""
    assert sharing(opened, bought(FIRST, "T1"), bought(SECOND, "T1")) == [(SECOND,), (FIRST,)]


def test_refused_purchase_has_no_number(database: str, opened: Connection) -> None:
    """Nothing is looked up for it."""
    assert sharing(opened, RecordLabelOutcome(shipment_id=FIRST, attempt=1, outcome="refused")) == [()]
