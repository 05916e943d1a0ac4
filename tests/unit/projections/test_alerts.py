"""Alerts, given events."""

from typing import Any

import pytest

from projections.alert_rules import EFFECTS, ENDED_BY_ACKNOWLEDGING
from projections.alerts import AlertRow, Key, change, keys
from projections.published import UnknownEvent
from schemas import events
from schemas.events import Event
from schemas.topics import CATALOGUE
from tests.unit.projections.histories import (
    ADDRESS,
    HAT,
    NOON,
    REPLENISHMENT,
    Numbered,
    bought,
    hats,
    published,
    received,
    short,
    usd,
)

ORDER = Numbered("1001")
PACKAGE: dict[str, Any] = {"shipment_id": ORDER.shipment, "order_id": ORDER.id}


def after(*said: Event) -> dict[Key, AlertRow]:
    """The alerts after these events."""
    rows: dict[Key, AlertRow] = {}
    for each in published(said):
        for key in keys(each.event):
            row = change(rows.get(key), each, key)
            if row is not None:
                rows[key] = row
    return rows


def shortened(taken_for: Numbered | None = None) -> events.StockReservationShortened:
    """A hat that was held for an order, and is not there or goes to another one."""
    return events.StockReservationShortened(
        stock_item_id=HAT,
        order_id=ORDER.id,
        quantity=1,
        reason="there are fewer than were thought",
        short_by=1,
        on_hand=9,
        reserved=9,
        backordered=1,
        taken_for=None if taken_for is None else taken_for.id,
    )


def inspected(**still: int) -> events.OrderGoodsInspected:
    """A hat that came back is good."""
    return events.OrderGoodsInspected(
        order_id=ORDER.id,
        stock_item_id=HAT,
        quantity=1,
        condition="good",
        reference="B1",
        occurred_at=NOON,
        **still,  # type: ignore[arg-type]
    )


def test_a_reservation_that_is_shortened_is_a_shortage() -> None:
    """Units that are not there open the alert of a short item; those that a paid order takes do not."""
    alert = after(*hats(), shortened())[HAT, "stock-short"]
    assert (alert.state, alert.figures["short_by"]) == ("open", 1)
    assert (HAT, "stock-short") not in after(*hats(), shortened(Numbered("2")))


def test_a_pick_shortage_is_open_until_the_units_are_there() -> None:
    """A person is told what printed packages lack, and no longer once it is found."""
    found = events.PickShortageFound(stock_item_id=HAT, quantity=3, on_hand=7, reserved=10, backordered=0)
    key = (HAT, "pick-shortage")
    alert = after(*hats(), found)[key]
    assert (alert.state, alert.severity, alert.figures["missing"]) == ("open", "critical", 3)
    assert after(*hats(), found, received(10))[key].state == "closed"


def test_shortages_of_one_item_are_one_alert_counted_up() -> None:
    """The second order that finds an item short counts the open alert up, with the newest figures."""
    alert = after(short(Numbered("1")), short(Numbered("2"), backordered=2))[HAT, "stock-short"]
    assert (alert.state, alert.count, alert.figures["backordered"]) == ("open", 2, 2)
    assert alert.opened_at < alert.last_at


def test_receipt_that_covers_everybody_closes_the_shortage_and_names_itself() -> None:
    """An alert closes when its cause ends, and says which event ended it."""
    alert = after(short(Numbered("1")), received(5))[HAT, "stock-short"]
    assert (alert.state, alert.closed_by, alert.closed_cause) == ("closed", "StockReceived", "1.0")


def test_receipt_that_covers_some_leaves_the_shortage_open() -> None:
    """While somebody still waits, the shortage is open."""
    assert after(short(Numbered("1")), received(5, backordered=1))[HAT, "stock-short"].state == "open"


def test_alert_that_opens_again_starts_over() -> None:
    """After it was closed, the same alert opens with a count of 1 and a new time."""
    alert = after(short(Numbered("1")), received(5), short(Numbered("2")))[HAT, "stock-short"]
    assert (alert.state, alert.count, alert.opened_position, alert.closed_by) == ("open", 1, 3, "")


def test_unknown_stock_is_an_alert_of_its_own() -> None:
    """An item that was never counted is not short but unknown, until the first count."""
    opened = after(short(Numbered("1"), stock_unknown=True))
    assert list(opened) == [(HAT, "stock-unknown")]
    assert after(short(Numbered("1"), stock_unknown=True), *hats())[HAT, "stock-unknown"].state == "closed"


@pytest.mark.parametrize(
    ("opens", "closes", "kind"),
    [
        (
            events.OrderHeld(order_id=ORDER.id, reason="no weight"),
            events.OrderReleased(order_id=ORDER.id, fulfilment_state="READY"),
            "order-held",
        ),
        (
            events.OrderCancellationRequested(
                order_id=ORDER.id, reason="buyer", requested_at=NOON, fulfilment_state="HELD"
            ),
            events.OrderCancelled(order_id=ORDER.id, reason="buyer", cancelled_at=NOON, by="operator"),
            "cancellation-asked",
        ),
        (
            events.OrderCancellationDue(order_id=ORDER.id, cancel_id="C1", deadline_at=NOON),
            events.OrderCancellationAnswered(order_id=ORDER.id, cancel_id="C1", approved=False, by="ann"),
            "cancellation-asked",
        ),
        (
            events.OrderAddressMissing(order_id=ORDER.id, since=NOON),
            events.OrderAddressChanged(order_id=ORDER.id, address=ADDRESS, updated_at=NOON),
            "address-missing",
        ),
        (
            events.OrderReturnOpened(order_id=ORDER.id, return_id="R1", status="REQUESTED", updated_at=NOON),
            events.OrderReturnAdvanced(
                order_id=ORDER.id, return_id="R1", status="REQUEST_CANCELLED", updated_at=NOON, dropped=True
            ),
            "return-to-inspect",
        ),
        (
            events.OrderReturnOpened(order_id=ORDER.id, return_id="R1", status="REQUESTED", updated_at=NOON),
            inspected(),
            "return-to-inspect",
        ),
        (
            events.OrderPackageMoved(order_id=ORDER.id, shipment_id=ORDER.shipment, stage="returned", occurred_at=NOON),
            inspected(),
            "package-returned",
        ),
        (
            events.OrderAddressChanged(order_id=ORDER.id, address=ADDRESS, updated_at=NOON, too_late=True),
            events.OrderDelivered(order_id=ORDER.id, occurred_at=NOON),
            "address-too-late",
        ),
        (
            events.OrderCancellationDue(order_id=ORDER.id, cancel_id="C1", deadline_at=NOON),
            events.OrderLineCancelled(
                order_id=ORDER.id, lines=(), release=(), reason="done", by="marketplace", cancelled_at=NOON
            ),
            "cancellation-asked",
        ),
        (
            events.OrderAddressMissing(order_id=ORDER.id, since=NOON),
            events.OrderStatusAdvanced(
                order_id=ORDER.id, marketplace_status="IN_TRANSIT", updated_at=NOON, fulfilment_state="FULFILLED"
            ),
            "address-missing",
        ),
        (
            events.ShipmentHeld(shipment_id=ORDER.shipment, reason="no carrier"),
            bought(ORDER),
            "shipment-held",
        ),
        (
            events.LabelRefused(shipment_id=ORDER.shipment, order_id=ORDER.id, reason="no"),
            events.LabelRequested(shipment_id=ORDER.shipment, carrier="ground", attempt=2),
            "label-refused",
        ),
        (
            events.ShipmentParked(shipment_id=ORDER.shipment, reason="no answer"),
            bought(ORDER),
            "label-parked",
        ),
        (
            events.ShipmentCancelled(**PACKAGE, reason="buyer", label_live=True, stage="parked"),
            events.VoidRequested(**PACKAGE, tracking_number="T1", reason="its label came"),
            "label-live",
        ),
        (
            events.ShipmentCancelled(**PACKAGE, reason="buyer", label_live=True, stage="printed"),
            events.ShipmentPutBack(**PACKAGE, occurred_at=NOON),
            "stop-parcel",
        ),
        (
            events.ShipmentCancelledTooLate(**PACKAGE, reason="buyer"),
            events.ShipmentReturned(**PACKAGE, occurred_at=NOON),
            "cancelled-too-late",
        ),
        (
            events.ShipmentReaddressed(**PACKAGE, address=ADDRESS, updated_at=NOON, stage="packed"),
            events.ShipmentPutBack(**PACKAGE, occurred_at=NOON),
            "address-after-print",
        ),
        (
            events.ShipmentReaddressedTooLate(**PACKAGE, updated_at=NOON),
            events.ShipmentDelivered(**PACKAGE, occurred_at=NOON),
            "address-too-late",
        ),
        (
            events.ShipmentHandOverRefused(**PACKAGE, reason="it is stopped"),
            events.ShipmentResumed(**PACKAGE),
            "hand-over-refused",
        ),
        (
            events.VoidParked(**PACKAGE, tracking_number="T1", reason="no answer"),
            events.LabelVoided(**PACKAGE, tracking_number="T1"),
            "void-parked",
        ),
        (
            events.TrackingNumberShared(**PACKAGE, carrier="post", tracking_number="T1", others=(HAT,)),
            events.LabelVoided(**PACKAGE, tracking_number="T1"),
            "tracking-number-shared",
        ),
        (
            events.ReorderRefused(replenishment_id=REPLENISHMENT, stock_item_id=HAT, reorder_id="A", reason="sold out"),
            events.ReorderConfirmed(replenishment_id=REPLENISHMENT, stock_item_id=HAT, reorder_id="B", quantity=5),
            "supplier-refused",
        ),
        (
            events.OrderStatusFlagged(order_id=ORDER.id, marketplace_status="PONDERING", updated_at=NOON),
            events.OrderStatusAdvanced(
                order_id=ORDER.id, marketplace_status="DELIVERED", updated_at=NOON, fulfilment_state="FULFILLED"
            ),
            "status-unknown",
        ),
        (
            events.StockDepleted(stock_item_id=HAT, occurred_at=NOON),
            received(5),
            "stock-depleted",
        ),
        (
            events.StockRiskRaised(
                replenishment_id=REPLENISHMENT,
                stock_item_id=HAT,
                level="CRITICAL",
                available=0,
                backordered=2,
                reason="orders wait",
            ),
            events.StockRiskEased(replenishment_id=REPLENISHMENT, stock_item_id=HAT, reason="units came"),
            "stock-risk",
        ),
    ],
)
def test_alert_opens_and_closes_with_its_cause(opens: Event, closes: Event, kind: str) -> None:
    """Each kind has an event that opens it and one that ends its cause."""
    [(key, alert)] = after(opens).items()
    assert (key[1], alert.state, alert.kind) == (kind, "open", kind)
    assert after(opens, closes)[key].state == "closed"


def test_refused_void_is_an_alert_with_what_it_costs() -> None:
    """The money is gone: somebody books it."""
    refused = events.VoidRefused(**PACKAGE, tracking_number="T1", reason="manifested", lost=usd("4.20"))
    alert = after(refused)[ORDER.shipment, "void-refused"]
    assert (alert.severity, alert.reason, alert.figures["lost"]) == ("warning", "manifested", "4.20 USD")


@pytest.mark.parametrize(
    ("opens", "goes_on", "kind"),
    [
        (
            events.OrderReturnOpened(order_id=ORDER.id, return_id="R1", status="REQUESTED", updated_at=NOON),
            inspected(returns_open=1),
            "return-to-inspect",
        ),
        (
            events.OrderCancellationDue(order_id=ORDER.id, cancel_id="C1", deadline_at=NOON),
            events.OrderCancellationAnswered(
                order_id=ORDER.id, cancel_id="C2", approved=False, by="ann", still_asked=1
            ),
            "cancellation-asked",
        ),
    ],
)
def test_alert_of_several_causes_is_open_until_the_last_ends(opens: Event, goes_on: Event, kind: str) -> None:
    """One return inspected, or one wish answered, leaves the other one open."""
    assert after(opens, goes_on)[ORDER.id, kind].state == "open"


def test_every_kind_has_an_end() -> None:
    """
    What opens an alert about something is told its end by an event about the same, or by whoever sees it.

    A kind that an event about an order opens and only an event about a package closes would stay open for ever.
    """
    opened = {(_subject(kind), opens.kind) for kind, effect in EFFECTS.items() for opens in effect.opens}
    closed = {
        (_subject(kind), name) for kind, effect in EFFECTS.items() for closes in effect.closes for name in closes.kinds
    }
    endless = {(subject, kind) for subject, kind in opened - closed if kind not in ENDED_BY_ACKNOWLEDGING}
    assert endless == set()
    assert {kind for _, kind in closed} | set(ENDED_BY_ACKNOWLEDGING) == {kind for _, kind in opened}


def _subject(kind: type[Event]) -> str:
    return kind.__struct_fields__[0]


def seen(kind: str, opened_position: int = 1, *, note: str = "called them") -> events.OrderAlertAcknowledged:
    """Ann saw an alert."""
    return events.OrderAlertAcknowledged(
        order_id=ORDER.id, kind=kind, opened_position=opened_position, by="ann", note=note
    )


HELD = events.OrderHeld(order_id=ORDER.id, reason="no weight")
LET_GO = events.OrderReleased(order_id=ORDER.id, fulfilment_state="READY")


def test_an_alert_that_was_seen_stays_open_until_its_cause_ends() -> None:
    """Who saw it, when, and what they say stands in it; counted up, it stays seen."""
    key = (ORDER.id, "order-held")
    alert = after(HELD, seen("order-held"))[key]
    assert (alert.state, alert.acknowledged_by, alert.note) == ("open", "ann", "called them")
    assert alert.acknowledged_at is not None
    assert alert.acknowledged_at > alert.opened_at
    again = after(HELD, seen("order-held"), HELD)[key]
    assert (again.count, again.acknowledged_by) == (2, "ann")
    ended = after(HELD, seen("order-held"), LET_GO)[key]
    assert (ended.state, ended.closed_by, ended.acknowledged_by) == ("closed", "OrderReleased", "ann")


def test_an_alert_that_opens_again_was_seen_by_nobody() -> None:
    """The word about the opening before it does not count, even if it comes late."""
    key = (ORDER.id, "order-held")
    alert = after(HELD, seen("order-held"), LET_GO, HELD, seen("order-held", note="late"))[key]
    assert (alert.state, alert.acknowledged_by, alert.note) == ("open", "", "")


def test_what_was_seen_and_is_closed_or_was_never_there_is_left_alone() -> None:
    """Raced: the cause ended first; or somebody made the alert up."""
    alert = after(HELD, LET_GO, seen("order-held"))[ORDER.id, "order-held"]
    assert (alert.state, alert.closed_by, alert.acknowledged_by) == ("closed", "OrderReleased", "")
    assert after(seen("order-held")) == {}


@pytest.mark.parametrize("kind", sorted(ENDED_BY_ACKNOWLEDGING))
def test_an_alert_that_no_event_ends_is_ended_by_whoever_sees_it(kind: str) -> None:
    """Money that is lost, a label that only the carrier knows of, an order that never comes."""
    opens: dict[str, Event] = {
        "order-missing": events.OrderMissing(order_id=ORDER.id, what="address", since=NOON),
        "void-refused": events.VoidRefused(**PACKAGE, tracking_number="T1", reason="manifested"),
        "label-live": events.ShipmentCancelled(**PACKAGE, reason="buyer", label_live=True, stage="parked"),
    }
    about_order = kind == "order-missing"
    key = (ORDER.id if about_order else ORDER.shipment, kind)
    told = {"kind": kind, "opened_position": 1, "by": "ann"}
    ended: Event = (
        events.OrderAlertAcknowledged(order_id=ORDER.id, **told)  # type: ignore[arg-type]
        if about_order
        else events.ShipmentAlertAcknowledged(shipment_id=ORDER.shipment, **told)  # type: ignore[arg-type]
    )
    alert = after(opens[kind], ended)[key]
    assert (alert.state, alert.acknowledged_by, alert.closed_by) == ("closed", "ann", type(ended).__name__)


@pytest.mark.parametrize(
    ("told", "kinds"),
    [
        (events.LabelRefused(**PACKAGE, reason="no", wanted=False), []),
        (events.ShipmentParked(shipment_id=ORDER.shipment, reason="no", wanted=False), ["label-live"]),
    ],
)
def test_a_cancelled_package_asks_a_person_only_where_its_label_may_live(told: Event, kinds: list[str]) -> None:
    """Nobody misses the label of a package that is not sent; one that may have been bought is looked for."""
    assert [kind for _, kind in after(told)] == kinds


def test_label_that_goes_back_by_itself_is_no_alert() -> None:
    """A cancelled package whose label is taken back asks nobody."""
    cancelled = events.ShipmentCancelled(**PACKAGE, reason="buyer", label_live=True, stage="labelled")
    assert after(bought(ORDER), cancelled, events.VoidRequested(**PACKAGE, tracking_number="T1", reason="b")) == {}


def test_close_without_an_open_alert_makes_no_row() -> None:
    """A label that is bought as it should be leaves nothing among the alerts."""
    assert after(bought(ORDER)) == {}


def test_close_of_a_closed_alert_changes_nothing() -> None:
    """The event that ended the cause stays the one that is named."""
    alert = after(short(Numbered("1")), received(5), received(6))[HAT, "stock-short"]
    assert alert.position == 2


def test_every_public_event_is_listed() -> None:
    """The table has a line for every public event that a topic carries."""
    kinds = {kind for topic in CATALOGUE for kind in topic.types if issubclass(kind, Event)}
    assert kinds == set(EFFECTS)


def test_unknown_event_stops_the_projection() -> None:
    """An event type that the table does not list raises."""

    class OrderTeleported(Event):
        order_id: object

    with pytest.raises(UnknownEvent, match="OrderTeleported"):
        keys(OrderTeleported(order_id=ORDER.id))


BUYING: dict[str, Any] = {"replenishment_id": REPLENISHMENT, "stock_item_id": HAT}
REORDER: dict[str, Any] = {**BUYING, "reorder_id": "A"}


def risk(kind: type[events.StockRiskRaised] | type[events.StockRiskEscalated], level: str) -> Event:
    """The item is so short."""
    return kind(**BUYING, level=level, available=5, backordered=0, reason="lasts 2.5 h")


def states(*said: Event) -> dict[str, str]:
    """The alerts about buying, by kind."""
    return {kind: row.state for (_, kind), row in after(*said).items()}


def test_a_warning_becomes_critical_and_goes_back_the_same_way() -> None:
    """One alert of the two is open, and none once the risk is no more than watched."""
    warned = risk(events.StockRiskRaised, "WARNING")
    critical = risk(events.StockRiskEscalated, "CRITICAL")
    assert states(warned) == {"stock-warning": "open"}
    assert states(warned, critical) == {"stock-warning": "closed", "stock-risk": "open"}
    easing = events.StockRiskEased(**BUYING, reason="calm for an hour", level="WARNING")
    assert states(warned, critical, easing) == {"stock-warning": "open", "stock-risk": "closed"}
    over = events.StockRiskEased(**BUYING, reason="calm for an hour", level="MONITORING")
    assert states(warned, critical, over) == {"stock-warning": "closed", "stock-risk": "closed"}
    assert states(risk(events.StockRiskRaised, "MONITORING")) == {}


@pytest.mark.parametrize(
    "end",
    [
        events.ReorderApproved(**REORDER, operator="ann"),
        events.ReorderDeclined(**REORDER, operator="ann", reason="too many"),
        events.ReorderCancelled(**REORDER, quantity=20, reason="no longer needed"),
    ],
)
def test_a_question_is_open_until_it_is_answered(end: Event) -> None:
    """It asks, is pressed, and both end with the answer or with their cause."""
    ask = events.ReorderAsked(**REORDER, quantity=20, reason="the item is new", useful_until=NOON)
    pressed = events.ReorderPressed(**REORDER, useful_until=NOON)
    assert states(ask, pressed) == {"reorder-asks": "open", "reorder-pressed": "open"}
    assert states(ask, pressed, ask) == {"reorder-asks": "open", "reorder-pressed": "closed"}
    assert states(ask, pressed, end) == {"reorder-asks": "closed", "reorder-pressed": "closed"}


def test_a_limit_that_is_reached_is_its_owner_s_alert() -> None:
    """It is another alert than a question for evidence, and takes its place."""
    ask = events.ReorderAsked(**REORDER, quantity=20, reason="the item is new", useful_until=NOON)
    limit = events.ReorderAsked(
        **REORDER, quantity=20, reason="the limit per order is reached", useful_until=NOON, limit_reached=True
    )
    assert states(ask, limit) == {"reorder-asks": "closed", "buying-limit-reached": "open"}
    part = events.ReorderPlaced(**REORDER, quantity=5, limit="the limit per order is reached")
    whole = events.ReorderPlaced(**REORDER, quantity=20)
    assert states(part) == {"buying-limit-reached": "open"}
    assert states(part, whole) == {"buying-limit-reached": "closed"}


def test_a_question_that_lapsed_is_shown_until_something_is_ordered_or_the_risk_is_over() -> None:
    """Nothing was ordered, and somebody should know."""
    lapsed = events.ReorderLapsed(**REORDER)
    assert states(lapsed) == {"reorder-lapsed": "open"}
    assert states(lapsed, events.ReorderPlaced(**REORDER, quantity=20)) == {"reorder-lapsed": "closed"}
    eased = events.StockRiskEased(**BUYING, reason="nothing is owed")
    assert states(lapsed, eased)["reorder-lapsed"] == "closed"


def test_a_late_supplier_is_an_alert_until_the_rest_came_or_will_not() -> None:
    """A part of it leaves the alert open."""
    late = events.ReorderOverdue(**REORDER, quantity=20, due_at=NOON)
    part = events.ReorderReceived(**REORDER, quantity=5, remaining=15, reference="R1")
    rest = events.ReorderReceived(**REORDER, quantity=15, remaining=0, reference="R2")
    (row,) = after(late).values()
    assert row.reason == "20 units come later than the supplier said, or not at all"
    assert states(late, part) == {"supplier-late": "open"}
    assert states(late, part, rest) == {"supplier-late": "closed"}
    assert states(late, events.ReorderCancelled(**REORDER, quantity=20, reason="fire")) == {"supplier-late": "closed"}
    refused = events.ReorderRefused(**REORDER, reason="out of production")
    assert states(late, refused) == {"supplier-late": "closed", "supplier-refused": "open"}
