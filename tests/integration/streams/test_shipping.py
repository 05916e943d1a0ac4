"""What decisions about packages know of others and of their shop, and the purchases that they recall."""

from __future__ import annotations

from uuid import UUID, uuid4

from msgspec.structs import replace as with_fields

from aggregates.event_store import shops
from aggregates.event_store.calls import Recall
from aggregates.event_store.connection import Connection
from aggregates.event_store.recorder import Effects
from aggregates.event_store.shops import Shop
from aggregates.event_store.tracking_numbers import TrackingNumber
from schemas.commands import RecordLabelOutcome, StopShipment
from schemas.shipping import LabelTiming
from streams import shipping
from tests.builders import NOON, TARIFFS, an_order
from tests.effects import write
from tests.unit.aggregates.scenario import PACKAGE, add, given_shipment, when
from tests.unit.aggregates.test_shipment import VOID, open_package, outcome

FIRST, SECOND, THIRD = uuid4(), uuid4(), uuid4()
STOP = StopShipment(shipment_id=PACKAGE, reason="odd")


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


def test_a_shop_says_when_its_labels_are_bought(database: str, opened: Connection) -> None:
    """Each package's decision knows its own shop's wish; a shop that never said, or is unknown, buys at once."""
    for shop in ("waits", "silent"):
        shops.add(opened, Shop("tiktok", shop, "u", "UTC", live_stock=True, live_labels=True, live_buying=True))
    in_an_hour = LabelTiming(when="later", minutes=60)
    assert shops.set_label_timing(opened, "tiktok", "waits", LabelTiming(when="at print"))
    assert shops.set_label_timing(opened, "tiktok", "waits", in_an_hour)
    assert not shops.set_label_timing(opened, "tiktok", "unknown", in_an_hour)
    commands = [with_fields(open_package(), shop=shop) for shop in ("waits", "silent", "unknown")]
    known = shipping.decision(TARIFFS).known(opened, commands, NOON)
    assert [known(command).timing for command in commands] == [in_an_hour, LabelTiming(), LabelTiming()]


def test_what_is_stopped_or_changed_recalls_the_purchase_that_it_waits_for() -> None:
    """Only while a label is being asked for, and by the key of that very request."""
    for command in (STOP, VOID, add(an_order().numbered(7))):
        package = given_shipment(open_package())
        effects = Effects("", "")
        for event in when(package, command):
            shipping.also(package, event, effects)
        answer = RecordLabelOutcome(shipment_id=package.id, attempt=1, outcome="recalled")
        assert effects.recalls == [Recall(f"buy-label:{package.id}:1", answer)]
    package = given_shipment(open_package(), outcome())
    effects = Effects("", "")
    for event in when(package, STOP):
        shipping.also(package, event, effects)
    assert effects.recalls == []
