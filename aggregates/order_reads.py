"""What an order is read for again before anything is concluded from the marketplace's silence."""

from __future__ import annotations

from typing import Literal

from aggregates import order_steps as steps
from aggregates.order_state import Order, lets_ship
from aggregates.order_steps import Known
from aggregates.policies import status_order
from schemas import commands, timers

UNPAID = "UNPAID"


def expire_hold(order: Order, command: timers.ExpireHold, known: Known) -> None:
    """
    Give the stock of an order back that was not paid in time; one that can be read is read first, and waits for that.

    Where the marketplace offers no order to read, unpaid as far as we know is unpaid. A late payment reserves again.
    Refused: nothing unless the order still waits for that payment. Repeated: nothing.
    """
    if order.unpaid_since != command.set_for or not _holds_unpaid(order):
        return
    if order.readable:
        _ask(order, known, "payment")
    else:
        _expire(order, known)


def check_address(order: Order, command: timers.CheckAddress, known: Known) -> None:
    """
    Say that an order which the marketplace let go still has no address; one that can be read is read first.

    Refused: nothing where it waits for something else. Repeated: nothing.
    """
    lets_go = status_order.SHIPS_FROM <= status_order.rank(order.status) < status_order.ARRANGED_FROM
    known_place = lets_ship(order.status, order.address, order.shipping_type)
    if not lets_go or known_place or order.cancelled or order.address_missed:
        return
    if order.readable and "address" not in order.read_for:
        _ask(order, known, "address")
    else:
        order.trigger_event(Order.AddressMissing, timestamp=known.at, since=order.updated_at)


def answer(order: Order, command: commands.RecordOrder, known: Known) -> None:
    """Let the hold of an order end that was read and is not paid. Repeated: nothing."""
    if command.read and "payment" in order.read_for and _holds_unpaid(order):
        _expire(order, known)


def _holds_unpaid(order: Order) -> bool:
    held = bool(order.needs) and not (order.hold_expired or order.cancelled or order.packages)
    return held and order.status == UNPAID


def _ask(order: Order, known: Known, why: Literal["payment", "address"]) -> None:
    if why not in order.read_for:
        order.trigger_event(
            Order.ReadAsked,
            timestamp=known.at,
            why=why,
            marketplace=order.marketplace,
            shop=order.shop,
            order_number=order.number,
        )


def _expire(order: Order, known: Known) -> None:
    order.trigger_event(
        Order.HoldExpired,
        timestamp=known.at,
        release=steps.all_needs(order),
        fulfilment_state="HELD" if order.hold is not None or order.asked else "WAITING",
    )
