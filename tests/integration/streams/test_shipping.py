"""What decisions about packages know of others, of their items and their shop, and the purchases that they recall."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID, uuid4

from msgspec.structs import replace

from aggregates import stock_item
from aggregates.event_store import shops
from aggregates.event_store.calls import Recall
from aggregates.event_store.connection import Connection
from aggregates.event_store.item_weights import ItemWeight
from aggregates.event_store.recorder import Effects
from aggregates.event_store.shops import Shop
from aggregates.event_store.tracking_numbers import TrackingNumber
from schemas.commands import DescribeStockItem, OpenShipment, RecordLabelOutcome, StopShipment
from schemas.shipping import LabelTiming
from schemas.values import Address, Need, OrderLine
from streams import inventory, shipping
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
    for shop in ("hour", "print", "silent"):
        shops.add(opened, Shop("tiktok", shop, "u", "UTC"))
    assert shops.set_up(opened, "tiktok", "hour", "label_when", 60)
    assert shops.set_up(opened, "tiktok", "print", "label_when", "at print")
    commands = [replace(open_package(), shop=shop) for shop in ("hour", "print", "silent", "unknown")]
    known = shipping.decision(TARIFFS).known(opened, commands, NOON)
    assert [known(command).timing for command in commands] == [
        LabelTiming(when="later", minutes=60),
        LabelTiming(when="at print"),
        LabelTiming(),
        LabelTiming(),
    ]


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


def opened_package(weight_grams: int | None, *items: UUID) -> OpenShipment:
    """A package of one unit of each item, whose line says what it weighs, or not."""
    return OpenShipment(
        shipment_id=FIRST,
        order_id=SECOND,
        marketplace="tiktok",
        shop="shop",
        order_number="1",
        package="1-1",
        contents=tuple(Need(stock_item_id=item, quantity=1) for item in items),
        lines=(OrderLine(line_id="1", sku_id="sku", weight_grams=weight_grams),),
        address=Address(country="US"),
    )


def test_packages_know_what_their_items_weigh(database: str, opened: Connection) -> None:
    """The latest word about an item counts; a line that says it itself asks for none."""
    write(database, opened, item_weights=[ItemWeight(THIRD, 100)])
    write(database, opened, item_weights=[ItemWeight(THIRD, 120), ItemWeight(SECOND, 0), ItemWeight(THIRD, 150)])

    def weights(package: OpenShipment) -> Mapping[UUID, int]:
        found: Mapping[UUID, int] = shipping.decision(TARIFFS).known(opened, [package], NOON)(package).weights
        return found

    assert weights(opened_package(None, THIRD, FIRST)) == {THIRD: 150}
    assert weights(opened_package(400, THIRD)) == {}


def test_described_items_note_their_weight() -> None:
    """What a person says of an item is written beside its event; a description without a weight writes none."""
    described = DescribeStockItem(stock_item_id=THIRD, marketplace="tiktok", shop="s", sku_id="1", weight_grams=120)
    effects = Effects("", "")
    for command in (described, replace(described, stock_item_id=SECOND, weight_grams=None)):
        item = stock_item.decide(None, command, stock_item.Known(NOON))
        assert item is not None
        for event in item.collect_events():
            inventory.also(item, event, effects)
    assert effects.item_weights == [ItemWeight(THIRD, 120)]
