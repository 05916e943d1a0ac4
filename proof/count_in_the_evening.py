"""A count in the evening, while most of the packed parcels are gone and no carrier has scanned any of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Final, NamedTuple
from uuid import UUID

import httpx
import msgspec
import psycopg
import uvloop

from creatorflow.demo.people import invent_buyer
from creatorflow.demo.sender import Sender
from creatorflow.demo.traffic import Send
from creatorflow.demo.webhooks import MARKETPLACE, SHOP
from creatorflow.devstack import RunningStack
from proof.group import outstanding
from proof.last_units import audited
from proof.parcels import Box, hand_over, pack, scan
from proof.stacks import whole_stack
from proof.verdict import Verdict, prove
from schemas.values import stock_item_id

CLAIM = (
    "A count while 45 of 60 packed parcels are gone and unscanned, once told by an end-of-day list and packed parcels"
    " counted, once not told and not counted: stock is right to the unit after the count and after the scans"
)
NOT_COVERED = "A count that is wrong; parcels that are counted although they are gone"

PARCELS: Final = 60
GONE: Final = 45
AT_FIRST: Final = 200
WITHIN_SECONDS: Final = 90.0
POLL_SECONDS: Final = 0.2
HOUR: Final = timedelta(hours=1)

_encoder = msgspec.json.Encoder()


class Figures(NamedTuple):
    """What the shelf shows."""

    on_hand: int
    reserved: int
    packed: int


class Look(NamedTuple):
    """What a shelf showed, and what it had to show."""

    shown: Figures
    right: Figures

    @property
    def wrong(self) -> int:
        """How many units are wrong, over all figures."""
        return sum(abs(found - right) for found, right in zip(self.shown, self.right, strict=True))


class Shelf(NamedTuple):
    """One SKU, and the parcels that were packed from it. The first `GONE` of them are gone in the evening."""

    sku: str
    boxes: tuple[Box, ...]

    @property
    def item(self) -> UUID:
        """Its stock item."""
        return stock_item_id(MARKETPLACE, SHOP, self.sku)

    @property
    def gone(self) -> tuple[Box, ...]:
        """The parcels that left."""
        return self.boxes[:GONE]

    @property
    def here(self) -> tuple[Box, ...]:
        """The parcels that stand packed."""
        return self.boxes[GONE:]

    @property
    def units(self) -> int:
        """What really lies on the shelf, outside parcels."""
        return AT_FIRST - _units(self.boxes)

    @property
    def as_if_all_were_here(self) -> Figures:
        """What stock must say while nobody has told that anything left."""
        return Figures(AT_FIRST, _units(self.boxes), _units(self.boxes))

    @property
    def rightly(self) -> Figures:
        """What stock must be once it is known what is gone."""
        return Figures(self.units + _units(self.here), _units(self.here), _units(self.here))


def measure() -> Verdict:
    """Two shelves with the same evening; figures are looked at when nothing is on its way."""
    now = datetime.now(UTC)
    told, untold = (_shelf(f"17290000000008888{number}", f"{int(now.timestamp())}{number}") for number in (1, 2))
    with whole_stack() as stack:
        _send_parcels(stack, (told, untold), now)
        hand_over(stack, told.gone, now - 4 * HOUR)
        _count(stack, told, told.units + _units(told.here), now - 3 * HOUR, packed_included=True)
        _count(stack, untold, untold.units, now - 3 * HOUR, packed_included=False)
        looks = {"after the count": _look(stack, {told: told.rightly, untold: untold.as_if_all_were_here})}
        for shelf in (told, untold):
            # Some were scanned before the count, and nobody said so until now.
            scan(stack, shelf.gone[::2], now - 3.5 * HOUR)
            scan(stack, shelf.gone[1::2], now - 1 * HOUR)
        looks["after the scans"] = _look(stack, {shelf: shelf.rightly for shelf in (told, untold)})
        for shelf in (told, untold):
            scan(stack, shelf.here, now - HOUR / 2)
        looks["when all are gone"] = _look(stack, {shelf: Figures(shelf.units, 0, 0) for shelf in (told, untold)})
        broken, read_models = audited(stack)
    wrong = sum(look.wrong for pair in looks.values() for look in pair)
    return Verdict(
        CLAIM,
        wrong,
        "units wrong",
        "0",
        not wrong and not broken and not read_models,
        {
            "units_in_parcels": [_units(told.boxes), _units(untold.boxes)],
            "units_gone": [_units(told.gone), _units(untold.gone)],
            "told_then_untold": {name: [look.shown._asdict() for look in pair] for name, pair in looks.items()},
            "invariants_not_held": broken,
            "read_models_differ": read_models[:5],
        },
    )


def _send_parcels(stack: RunningStack, shelves: Sequence[Shelf], now: datetime) -> None:
    """Count the shelves, sell from them, label and pack."""
    for shelf in shelves:
        _count(stack, shelf, AT_FIRST, now - 8 * HOUR, packed_included=True)
    sender = Sender(_url(stack), stack.settings.require_webhook_secret())
    uvloop.run(sender.send(_buyers(shelves, now - 7 * HOUR), rate=None))
    _labelled(stack, len(shelves) * PARCELS)
    pack(stack, [box for shelf in shelves for box in shelf.boxes], now - 6 * HOUR)
    _look(stack, {shelf: shelf.as_if_all_were_here for shelf in shelves})


def _units(boxes: Sequence[Box]) -> int:
    return sum(box.units for box in boxes)


def _shelf(sku: str, prefix: str) -> Shelf:
    item = stock_item_id(MARKETPLACE, SHOP, sku)
    return Shelf(sku, tuple(Box(f"{prefix}{number:04}", item, 1 + number % 3) for number in range(PARCELS)))


def _buyers(shelves: Sequence[Shelf], at: datetime) -> Iterator[Send]:
    for shelf in shelves:
        for box in shelf.boxes:
            yield Send(f"{box.number}-paid", "order", _body(shelf.sku, box, int(at.timestamp())), box.number, "shipped")


def _body(sku: str, box: Box, moment: int) -> bytes:
    return _encoder.encode(
        {
            "order_id": box.number,
            "shop_id": SHOP,
            "order_status": "AWAITING_SHIPMENT",
            "create_time": moment,
            "update_time": moment + 60,
            "order_lines": [
                {"line_id": "1", "sku_id": sku, "quantity": box.units, "sale_price": "5.00", "currency": "USD"}
            ],
            "shipping_info": invent_buyer(box.number)._asdict(),
            "payment_info": {
                "currency": "USD",
                "total": f"{5 * box.units}.00",
                "shipping_fee": "0.00",
                "platform_discount": "0.00",
            },
            "buyer_id": box.number,
        }
    )


def _url(stack: RunningStack) -> str:
    return f"http://{stack.settings.host}:{stack.settings.ingress_port}"


def _count(stack: RunningStack, shelf: Shelf, quantity: int, at: datetime, *, packed_included: bool) -> None:
    """Book a count, and wait until nothing is on its way."""
    answer = httpx.post(
        f"{_url(stack)}/stock-items/{MARKETPLACE}:{SHOP}:{shelf.sku}/counts",
        json={"quantity": quantity, "counted_at": at.isoformat(), "packed_included": packed_included},
        headers={"Idempotency-Key": f"count-{shelf.sku}-{at.timestamp():.0f}"},
        trust_env=False,
    )
    answer.raise_for_status()
    _until(stack, lambda connection: _number(connection, _COUNTS, shelf.item, at) == 1)


_COUNTS: Final = "SELECT count(*) FROM stock_levels WHERE stock_item_id = %s AND counted_at = %s"
_LABELS: Final = "SELECT count(*) FROM events WHERE topic = %s"


def _labelled(stack: RunningStack, labels: int) -> None:
    _until(stack, lambda connection: _number(connection, _LABELS, "shipment.label-bought") == labels)


def _number(connection: psycopg.Connection, query: str, *parameters: object) -> int:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    return int(row[0])


def _look(stack: RunningStack, expected: Mapping[Shelf, Figures]) -> list[Look]:
    """What each shelf shows when it shows what it must, or when the time is up."""
    return [Look(_shown(stack, shelf, right), right) for shelf, right in expected.items()]


def _shown(stack: RunningStack, shelf: Shelf, right: Figures) -> Figures:
    shown = [Figures(0, 0, 0)]

    def stands(connection: psycopg.Connection) -> bool:
        row = connection.execute(
            "SELECT on_hand, reserved, packed FROM stock_levels WHERE stock_item_id = %s", (shelf.item,)
        ).fetchone()
        shown[0] = Figures(*row) if row is not None else shown[0]
        return shown[0] == right

    _until(stack, stands)
    print(f"{shelf.sku} shows {shown[0]}, must show {right}", flush=True)
    return shown[0]


def _until(stack: RunningStack, stands: Callable[[psycopg.Connection], bool]) -> None:
    deadline = monotonic() + WITHIN_SECONDS
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        while not (stands(connection) and not outstanding(stack)) and monotonic() < deadline:
            threading.Event().wait(POLL_SECONDS)


if __name__ == "__main__":
    prove(measure)
