"""Who saw an alert: noted once by whatever the alert is about."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aggregates import order, shipment
from aggregates.acknowledging import Acknowledge
from schemas.commands import (
    AcknowledgeOrderAlert,
    AcknowledgeReplenishmentAlert,
    AcknowledgeShipmentAlert,
    AcknowledgeStockAlert,
    AssessStockRisk,
    OpenShipment,
    RecordCancellation,
    RecordCount,
)
from schemas.values import replenishment_id
from tests.builders import MARKETPLACE, NOON, SHOP, STREET, TARIFFS, a_line, an_order, item_of, one_part_per_line
from tests.unit.aggregates.scenario import (
    PACKAGE,
    given_order,
    given_replenishment,
    given_shipment,
    given_stock,
    names,
    when,
)

ITEM = item_of("sku-1")
BUYING = replenishment_id(ITEM)
SEEN: dict[str, Any] = {"kind": "some-kind", "opened_position": 7, "by": "ann", "note": "called them"}
RISK = AssessStockRisk(
    replenishment_id=BUYING, stock_item_id=ITEM, available=0, backordered=3, occurred_at=NOON, stock_unknown=True
)
OPENED = OpenShipment(
    shipment_id=PACKAGE,
    order_id=an_order().id,
    marketplace=MARKETPLACE,
    shop=SHOP,
    order_number="1",
    package="1-1",
    contents=(),
    lines=(a_line(),),
    address=STREET,
)
FORETOLD = RecordCancellation(order_id=an_order().id, cancelled_at=NOON)

CASES: list[tuple[Any, Acknowledge]] = [
    (lambda: given_order(an_order().record()), AcknowledgeOrderAlert(order_id=an_order().id, **SEEN)),
    (lambda: given_order(FORETOLD), AcknowledgeOrderAlert(order_id=an_order().id, **SEEN)),
    (
        lambda: given_stock(RecordCount(stock_item_id=ITEM, quantity=1, counted_at=NOON)),
        AcknowledgeStockAlert(stock_item_id=ITEM, **SEEN),
    ),
    (lambda: given_shipment(OPENED), AcknowledgeShipmentAlert(shipment_id=PACKAGE, **SEEN)),
    (lambda: given_replenishment(RISK), AcknowledgeReplenishmentAlert(replenishment_id=BUYING, **SEEN)),
]


@pytest.mark.parametrize(("given", "seen"), CASES)
def test_an_opening_is_seen_once(given: Any, seen: Acknowledge) -> None:
    """Done: who and what they say. Repeated, by whomever: nothing. Opened again, it may be seen again."""
    known = given()
    (event,) = when(known, seen)
    assert (event.kind, event.opened_position, event.by, event.note) == ("some-kind", 7, "ann", "called them")
    assert when(known, replace(seen, by="ben")) == []
    assert names(when(known, replace(seen, opened_position=9))) == ["AlertAcknowledged"]


@pytest.mark.parametrize(("given", "seen"), CASES)
def test_what_was_seen_later_is_not_seen_earlier(given: Any, seen: Acknowledge) -> None:
    """Raced: the word about an earlier opening that comes behind that about a later one records nothing."""
    known = given()
    when(known, replace(seen, opened_position=9))
    assert when(known, seen) == []
    assert names(when(known, replace(seen, kind="another-kind"))) == ["AlertAcknowledged"]


def test_what_nobody_saw_has_no_alerts() -> None:
    """Refused: an order or a package that does not exist is not made by looking at it."""
    at_noon = order.Known(NOON, one_part_per_line, 0)
    assert order.decide(None, AcknowledgeOrderAlert(order_id=an_order().id, **SEEN), at_noon) is None
    unseen = AcknowledgeShipmentAlert(shipment_id=PACKAGE, **SEEN)
    assert shipment.decide(None, unseen, shipment.Known(NOON, TARIFFS)) is None
