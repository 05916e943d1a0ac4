"""One fault each, planted in a sound log."""

from __future__ import annotations

from schemas import events
from schemas.values import order_id, shipment_id
from tests.unit.creatorflow.audited_log import MARKETPLACE, SHOP, START, AuditedLog, is_a, moved


def lose_an_order(log: AuditedLog) -> None:
    log.drop(
        lambda row: row.event.originator_id == order_id(MARKETPLACE, SHOP, "4") and is_a(events.OrderBackordered)(row)
    )
    log.drop(lambda row: row.event.originator_id == order_id(MARKETPLACE, SHOP, "4"))


def place_twice(log: AuditedLog) -> None:
    placed = next(row.public for row in log.rows if is_a(events.OrderPlaced)(row))
    assert placed is not None
    log.append(placed, log.webhook("webhook-other"))


def let_a_forged_order_in(log: AuditedLog) -> None:
    log.fulfilled("forged")


def reserve_twice(log: AuditedLog) -> None:
    fields = {"order_id": order_id(MARKETPLACE, SHOP, "1"), "quantity": 1}
    log.stock(events.StockReserved, "2.7", {"reserved": 1}, **fields)


def decide_twice(log: AuditedLog) -> None:
    order = order_id(MARKETPLACE, SHOP, "1")
    log.append(events.OrderStatusFlagged(order_id=order, marketplace_status="?", updated_at=START), "webhook-1")


def oversell(log: AuditedLog) -> None:
    log.fulfilled("5")
    log.fulfilled("6")


def take_stock_below_reserved(log: AuditedLog) -> None:
    fields = {"order_id": order_id(MARKETPLACE, SHOP, "x"), "quantity": 2, "reference": "P", "occurred_at": START}
    log.stock(events.StockHandedOver, "operator-1", {"on_hand": -2}, **fields)


def leave_with_another_order_s_units(log: AuditedLog) -> None:
    fields = {
        "order_id": order_id(MARKETPLACE, SHOP, "x"),
        "quantity": 2,
        "reference": "P",
        "occurred_at": START,
        "from_reservation": 2,
    }
    log.stock(events.StockHandedOver, "operator-1", {"on_hand": -2}, **fields)


def shorten_what_nobody_held(log: AuditedLog) -> None:
    fields = {"order_id": order_id(MARKETPLACE, SHOP, "x"), "quantity": 1, "reason": "count", "short_by": 1}
    log.stock(events.StockReservationShortened, "operator-1", {"reserved": -1}, **fields)


def misstate_a_figure(log: AuditedLog) -> None:
    log.figures["on_hand"] += 1
    log.fulfilled("5")


def forget_to_release(log: AuditedLog) -> None:
    log.drop(is_a(events.StockReservationReleased))


def reserve_for_nobody(log: AuditedLog) -> None:
    log.stock(events.StockReserved, "1.0", {"reserved": 1}, order_id=order_id(MARKETPLACE, SHOP, "nobody"), quantity=1)


def reserve_too_few(log: AuditedLog) -> None:
    order, cause = log.placed("5", quantity=2)
    log.reserved(order, cause, quantity=1)


def buy_a_second_label(log: AuditedLog) -> None:
    log.label(shipment_id(MARKETPLACE, SHOP, "1-1"), order_id(MARKETPLACE, SHOP, "1"), "TN1b")


def keep_the_label_of_a_cancelled_package(log: AuditedLog) -> None:
    package, order = shipment_id(MARKETPLACE, SHOP, "1-1"), order_id(MARKETPLACE, SHOP, "1")
    cancelled = events.ShipmentCancelled(
        shipment_id=package, order_id=order, reason="buyer", label_live=True, stage="labelled"
    )
    log.append(cancelled, log.webhook("cancel-1"))


def void_what_the_log_does_not_know(log: AuditedLog) -> None:
    log.taken_back.add("TN1")


def void_in_the_log_alone(log: AuditedLog) -> None:
    log.voided(shipment_id(MARKETPLACE, SHOP, "1-1"), order_id(MARKETPLACE, SHOP, "1"), "TN1")
    log.taken_back.clear()


def sell_unknown_label(log: AuditedLog) -> None:
    log.sold.append(log.sold[0].__class__(reference="r", carrier="local", service="s", tracking_number="TNx"))


def sell_twice(log: AuditedLog) -> None:
    log.sold.append(log.sold[0])


def label_without_sale(log: AuditedLog) -> None:
    log.sold.pop()


def lose_the_push(log: AuditedLog) -> None:
    log.drop(is_a(events.OrderFulfilmentPushed))


def leave_an_order_on_its_way(log: AuditedLog) -> None:
    for kind in (events.OrderFulfilmentPushed, events.OrderFulfilled):
        log.drop(is_a(kind))


def lose_the_dead_letter(log: AuditedLog) -> None:
    log.dead.clear()


def skip_a_version(log: AuditedLog) -> None:
    log.replace_row(is_a(events.OrderFulfilmentPushed), event=moved(log.rows[-1].event, 99))


def step_back(log: AuditedLog) -> None:
    log.replace_row(lambda row: row.position == 7, position=3)


def name_a_later_event(log: AuditedLog) -> None:
    log.replace_row(is_a(events.OrderReadyToShip), cause="999.0")


def name_an_unknown_call(log: AuditedLog) -> None:
    log.replace_row(is_a(events.OrderFulfilmentPushed), cause="call:push:nothing:1")


def name_an_unknown_timer(log: AuditedLog) -> None:
    log.replace_row(is_a(events.OrderReadyToShip), cause="timer:nothing")


def name_an_unknown_webhook(log: AuditedLog) -> None:
    log.webhooks.pop("webhook-2")


def leave_with_more_than_the_package_holds(log: AuditedLog) -> None:
    order, cause = log.placed("p")
    package = log.labelled(order, "p", log.reserved(order, cause))
    fields = {"order_id": order, "quantity": 2, "reference": str(package), "occurred_at": START}
    log.stock(events.StockHandedOver, "operator-1", {"on_hand": -2, "reserved": -1}, **fields, from_reservation=1)


def add_an_order_twice(log: AuditedLog) -> None:
    package = shipment_id(MARKETPLACE, SHOP, "1-1")
    added = events.ShipmentOrderAdded(
        shipment_id=package, order_id=order_id(MARKETPLACE, SHOP, "1"), order_number="1", contents=()
    )
    log.append(added, "operator-1")
