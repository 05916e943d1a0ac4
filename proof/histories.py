"""
What happened to each order at its marketplace, message by message, and the order in which the messages arrive.

Pure: the same seed gives the same histories. What an order must become follows from its history in the order of the
marketplace's time, whatever the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, Final, NamedTuple

import msgspec

from creatorflow.demo.purchases import Purchase
from creatorflow.demo.traffic import Kind, Send
from creatorflow.demo.webhooks import SHOP, Run, order_body

SPREAD_SECONDS: Final = 7_200
"""The orders are placed evenly over so long a time before the run starts."""
SHUFFLED_WITHIN_SECONDS: Final = 600
"""A message arrives so much later than it was written, at most."""
PAID_AFTER, MOVED_AFTER, CANCELLED_AFTER, RETURNED_AFTER = 60, 120, 240, 300

NEW_CITIES: Final = (("Dayton", "OH", "45402"), ("Boise", "ID", "83702"), ("Salem", "OR", "97301"))


class Shares(NamedTuple):
    """What happens to which share of the orders, and how many messages come twice; 0 to 1."""

    cancelled: float = 0.15
    moved: float = 0.05
    returned: float = 0.05
    unpaid_first: float = 0.3
    repeated: float = 0.1


class Message(NamedTuple):
    """One webhook of one order: what the marketplace wrote, and when."""

    event_id: str
    kind: Kind
    written_at: int
    body: dict[str, Any]


class History(NamedTuple):
    """One order from its first message to its last, and what it must become."""

    number: str
    purchase: Purchase
    messages: tuple[Message, ...]
    cancelled: bool
    returned: bool
    city: str


def histories(purchases: Sequence[Purchase], run: Run, shares: Shares, seed: int) -> list[History]:
    """The history of each purchase, which is placed at its share of the spread before the run starts."""
    dice = Random(seed)
    started = int(run.started_at.timestamp())
    step = SPREAD_SECONDS / len(purchases)
    return [
        _history(purchase, run, shares, dice, started - SPREAD_SECONDS + int(place * step))
        for place, purchase in enumerate(purchases)
    ]


def arrivals(told: Sequence[History], shares: Shares, seed: int) -> Iterator[Send]:
    """Every message as it arrives: shuffled, some of them twice with the same bytes under the same id."""
    dice = Random(seed)
    arriving: list[tuple[float, Send]] = []
    for history in told:
        for message in history.messages:
            send = Send(
                message.event_id, message.kind, msgspec.json.encode(message.body), history.number, _becomes(message)
            )
            arriving.append((_arrives(message, dice), send))
            if dice.random() < shares.repeated:
                arriving.append((_arrives(message, dice), send._replace(repeat=True)))
    arriving.sort(key=lambda each: each[0])
    return (send for _, send in arriving)


def _arrives(message: Message, dice: Random) -> float:
    return message.written_at + dice.uniform(0, SHUFFLED_WITHIN_SECONDS)


def _becomes(message: Message) -> Any:
    if message.kind == "cancellation" or message.body.get("order_status") == "CANCELLED":
        return "cancelled"
    return "shipped" if message.body.get("order_status") == "AWAITING_SHIPMENT" else "nothing"


def _history(purchase: Purchase, run: Run, shares: Shares, dice: Random, placed_at: int) -> History:
    number = run.order_number(purchase.row)
    paid_at = placed_at + PAID_AFTER
    first = _order(purchase, run, "AWAITING_SHIPMENT", placed_at, paid_at)
    messages = [Message(f"{number}-paid", "order", paid_at, first)]
    if dice.random() < shares.unpaid_first:
        unpaid = _order(purchase, run, "UNPAID", placed_at, placed_at)
        messages.insert(0, Message(f"{number}-unpaid", "order", placed_at, unpaid))
    chance = dice.random()
    cancelled = chance < shares.cancelled
    returned = not cancelled and chance < shares.cancelled + shares.returned
    city = first["shipping_info"]["city"]
    if dice.random() < shares.moved:
        moved = _moved(number, first, dice, placed_at + MOVED_AFTER)
        messages.append(Message(f"{number}-moved", "order", placed_at + MOVED_AFTER, moved))
        city = moved["shipping_info"]["city"]
    if cancelled:
        messages.append(_cancellation(number, first, dice, placed_at + CANCELLED_AFTER))
    if returned:
        body = _about(number, "return", placed_at + RETURNED_AFTER)
        body |= {"return_id": f"R{number}", "return_status": "RETURN_OR_REFUND_REQUEST_PENDING"}
        messages.append(Message(f"{number}-returned", "order", placed_at + RETURNED_AFTER, body))
    return History(number, purchase, tuple(messages), cancelled, returned, city)


def _order(purchase: Purchase, run: Run, status: str, placed_at: int, written_at: int) -> dict[str, Any]:
    body: dict[str, Any] = msgspec.json.decode(order_body(purchase, run, status, run.started_at))
    body |= {"create_time": placed_at, "update_time": written_at}
    if "paid_time" in body:
        body["paid_time"] = placed_at + PAID_AFTER
    return body


def _about(number: str, kind: str, written_at: int) -> dict[str, Any]:
    return {"type": kind, "order_id": number, "shop_id": SHOP, "update_time": written_at}


def _moved(number: str, first: dict[str, Any], dice: Random, written_at: int) -> dict[str, Any]:
    city, state, postal_code = dice.choice(NEW_CITIES)
    place = {"street1": f"{dice.randint(1, 99)} New Street", "city": city, "state": state, "postal_code": postal_code}
    return _about(number, "address", written_at) | {"shipping_info": first["shipping_info"] | place}


def _cancellation(number: str, first: dict[str, Any], dice: Random, written_at: int) -> Message:
    """Half of them as a message of its own, half as the order with its last status."""
    if dice.random() < 0.5:
        body = _about(number, "cancellation", written_at) | {"cancel_id": f"C{number}", "cancel_status": "COMPLETE"}
        return Message(f"{number}-cancelled", "cancellation", written_at, body)
    body = first | {"order_status": "CANCELLED", "update_time": written_at}
    return Message(f"{number}-cancelled", "cancellation", written_at, body)
