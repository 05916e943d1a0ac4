"""Ten thousand buyers for a hundred units, over all partitions; then five hundred more units; then the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import psycopg
import uvloop

from aggregates.policies.filling import Ask
from creatorflow import bootstrap
from creatorflow.audit import Audit
from creatorflow.demo.people import invent_buyer
from creatorflow.demo.sender import Sender
from creatorflow.demo.stocking import Delivery, deliver
from creatorflow.demo.traffic import Send
from creatorflow.demo.webhooks import MARKETPLACE, SHOP
from creatorflow.devstack import RunningStack
from proof.group import outstanding
from proof.queued import Outcome, by_plain_deadline, by_rule, outcome, wrongly_filled
from proof.stacks import whole_stack
from proof.verdict import Verdict, knob, prove
from schemas.values import stock_item_id

CLAIM = (
    "10,000 buyers for 100 units over all partitions, 500 more arrive later: exactly 100, then 600 are reserved, filled"
    " by the rule, with fewer late and fewer cancelled and more shipped orders than by plain deadline; the command that"
    " fills all the rest puts no more than 500 events into a transaction"
)
NOT_COVERED = (
    "Units that come in many small receipts; orders of several units or several items in this mix; the other commands"
    " of a batch, whose events share its transaction"
)

ORDERS: Final = 10_000
FIRST_UNITS: Final = 100
MORE_UNITS: Final = 500
COMMAND_MAX: Final = 500
SEED: Final = 20_261_125
SKU: Final = "1729000000000777777"
ITEM: Final = stock_item_id(MARKETPLACE, SHOP, SKU)
WITHIN_SECONDS: Final = 240.0
POLL_SECONDS: Final = 0.5
LAPSES_AFTER: Final = timedelta(seconds=1)
"""The marketplace's last moment for a few of the orders: long past when more units come."""

_encoder = msgspec.json.Encoder()


class Figures(NamedTuple):
    """What the shelf shows."""

    on_hand: int
    reserved: int
    backordered: int


class History(NamedTuple):
    """What the log says of the shelf: what each order asked, and who was filled when."""

    asks: dict[UUID, Ask]
    filled: list[tuple[datetime, UUID]]


def measure() -> Verdict:
    """Each step waits until the shelf stands still; the audit is that of every other proof."""
    orders = knob("ORDERS", ORDERS)
    with whole_stack() as stack:
        url = f"http://{stack.settings.host}:{stack.settings.ingress_port}"
        steps = [_book(stack, url, FIRST_UNITS, lambda shown: shown.on_hand == FIRST_UNITS)]
        sender = Sender(url, stack.settings.require_webhook_secret())
        uvloop.run(sender.send(_buyers(orders), rate=None))
        steps.append(_until(stack, lambda shown: shown.reserved + shown.backordered == orders))
        told = FIRST_UNITS + MORE_UNITS
        steps.append(_book(stack, url, MORE_UNITS, lambda shown: shown.reserved == told))
        second = _history(stack)
        steps.append(_book(stack, url, orders - told, lambda shown: shown.backordered <= _lapsing(orders)))
        return _judge(stack, orders, steps, second)


def _buyers(orders: int) -> Iterator[Send]:
    """One order each, with a share of every kind of deadline."""
    dice, now = Random(SEED), datetime.now(UTC)
    for number in range(orders):
        name = f"{int(now.timestamp())}{number:06d}"
        body = _body(name, number, now, *_deadlines(number, dice, now))
        yield Send(f"{name}-paid", "order", body, name, "shipped")


def _deadlines(number: int, dice: Random, now: datetime) -> tuple[datetime, datetime]:
    """
    `dispatch_by` and `cancel_by`: of 50 orders one has lapsed, two are cancelled within a day, fifteen are late, the
    rest can still be sent in time.
    """
    hour = timedelta(hours=1)
    kind = number % 50
    late = now - dice.randint(60, 47 * 60) * hour / 60
    if kind == 0:
        return late, now + LAPSES_AFTER
    if kind <= 2:
        return late, now + dice.randint(3 * 60, 22 * 60) * hour / 60
    if kind <= 17:
        return late, now + dice.randint(30, 90) * hour
    dispatch_by = now + dice.randint(60, 72 * 60) * hour / 60
    return dispatch_by, dispatch_by + 48 * hour


def _lapsing(orders: int) -> int:
    return (orders + 49) // 50


def _body(name: str, number: int, now: datetime, dispatch_by: datetime, cancel_by: datetime) -> bytes:
    created = int(now.timestamp()) - 3600 + number % 3000
    return _encoder.encode(
        {
            "order_id": name,
            "shop_id": SHOP,
            "order_status": "AWAITING_SHIPMENT",
            "create_time": created,
            "update_time": created + 60,
            "paid_time": created + 60,
            "order_lines": [{"line_id": "1", "sku_id": SKU, "quantity": 1, "sale_price": "19.99", "currency": "USD"}],
            "shipping_info": invent_buyer(f"buyer-{number}")._asdict(),
            "payment_info": {"currency": "USD", "total": "19.99", "shipping_fee": "0.00", "platform_discount": "0.00"},
            "buyer_id": f"buyer-{number}",
            "dispatch_by": int(dispatch_by.timestamp()),
            "cancel_by": int(cancel_by.timestamp()),
        }
    )


def _book(stack: RunningStack, url: str, units: int, stands: Callable[[Figures], bool]) -> Figures:
    """Book a receipt and wait for what it must lead to."""
    uvloop.run(deliver(url, [Delivery(SKU, units, f"last-units-{units}")]))
    return _until(stack, stands)


def _until(stack: RunningStack, stands: Callable[[Figures], bool]) -> Figures:
    """The shelf as it stands when nothing is on its way any more."""
    deadline = monotonic() + WITHIN_SECONDS
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        while True:
            row = connection.execute(
                "SELECT on_hand, reserved, backordered FROM stock_levels WHERE stock_item_id = %s", (ITEM,)
            ).fetchone()
            shown = Figures(*row) if row is not None else Figures(0, 0, 0)
            if (stands(shown) and not outstanding(stack)) or monotonic() > deadline:
                print(f"the shelf shows {shown}", flush=True)
                return shown
            threading.Event().wait(POLL_SECONDS)


def _history(stack: RunningStack) -> History:
    log = bootstrap.open_log(stack.settings)
    asks: dict[UUID, Ask] = {}
    filled: list[tuple[datetime, UUID]] = []
    try:
        for row in log.read_aggregate(ITEM):
            event: Any = row.event
            kind = type(event).__name__
            if kind in {"ShortageRecorded", "QueueUpdated"}:
                asks[event.order_id] = event.ask
            elif kind == "BackorderFilled":
                filled.append((event.timestamp, event.order_id))
    finally:
        log.close()
    return History(asks, filled)


def _judge(stack: RunningStack, orders: int, steps: list[Figures], second: History) -> Verdict:
    whole, partitions = _history(stack), _partitions(stack)
    largest, with_others = _largest_filling(stack)
    broken, read_models = audited(stack)
    at = second.filled[0][0] if second.filled else datetime.now(UTC)
    shares = compare(second.asks, second.filled, at)
    wrong = wrongly_filled(whole.asks, whole.filled)
    found, plain = shares["as filled"], shares["by plain deadline"]
    better = found.late < plain.late and found.cancelled < plain.cancelled and found.shipped > plain.shipped
    told = FIRST_UNITS + MORE_UNITS
    expected = [
        Figures(FIRST_UNITS, 0, 0),
        Figures(FIRST_UNITS, FIRST_UNITS, orders - FIRST_UNITS),
        Figures(told, told, orders - told),
        Figures(orders, orders - len(whole.asks) + len(whole.filled), len(whole.asks) - len(whole.filled)),
    ]
    holds = (
        steps == expected
        and len(second.filled) == MORE_UNITS
        and len(whole.asks) - len(whole.filled) <= _lapsing(orders)
        and wrong == 0
        and better
        and 0 < largest <= COMMAND_MAX
        and partitions == stack.settings.partitions
        and not broken
        and not read_models
    )
    return Verdict(
        CLAIM,
        steps[2].reserved,
        "units reserved",
        f"{FIRST_UNITS}, then {told}, by the rule and better than by plain deadline",
        holds,
        {
            "orders": orders,
            "partitions": partitions,
            "shelf_after_each_step": [each._asdict() for each in steps],
            "fills_against_the_rule": wrong,
            "shares_a_day_later_percent": {name: each._asdict() for name, each in shares.items()},
            "largest_filling_command_events": largest,
            "largest_transaction_with_a_filling_events": with_others,
            "invariants_not_held": broken,
            "read_models_differ": read_models[:5],
        },
    )


def compare(asks: Mapping[UUID, Ask], filled: list[tuple[datetime, UUID]], at: datetime) -> dict[str, Outcome]:
    """What became of those who waited, beside what the rule and the plain deadline would have made of them."""
    units = len(filled)
    return {
        "as filled": outcome(asks, (order_id for _, order_id in filled), at),
        "by the rule": outcome(asks, by_rule(asks, at)[:units], at),
        "by plain deadline": outcome(asks, by_plain_deadline(asks)[:units], at),
    }


def _largest_filling(stack: RunningStack) -> tuple[int, int]:
    """The most events that one command put into a transaction that filled backorders, and all that one of these had."""
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute(
            "SELECT coalesce(max(events), 0), coalesce(max(all_events), 0) FROM ("
            " SELECT count(*) AS events, sum(count(*)) OVER (PARTITION BY xmin::text) AS all_events,"
            " bool_or(topic = 'stock-item.backorder-filled') AS fills FROM events GROUP BY xmin::text, cause"
            ") AS commands WHERE fills"
        ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _partitions(stack: RunningStack) -> int:
    """Over how many partitions the orders came in."""
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute("SELECT count(DISTINCT partition) FROM raw_webhooks").fetchone()
    assert row is not None
    return int(row[0])


def audited(stack: RunningStack) -> tuple[dict[str, int], list[str]]:
    """The invariants that are broken, and what differs between the read models and the log."""
    log = bootstrap.open_log(stack.settings)
    try:
        audit = Audit(bootstrap.follow_ups)
        for row in log.read():
            audit.add(row)
        report = audit.report(
            read_models=None, client_record=None, carrier_record=bootstrap.carrier_record(stack.settings)
        )
    finally:
        log.close()
    return report.counts, bootstrap.verify_read_models(stack.settings)


if __name__ == "__main__":
    prove(measure)
