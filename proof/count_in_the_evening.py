"""A count in the evening, while most of the packed parcels are gone and no carrier has scanned any of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
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
    def rightly(self) -> Figures:
        """What stock must be once it is known what is gone."""
        return Figures(self.units + _units(self.here), _units(self.here), _units(self.here))


def measure() -> Verdict:
    """Two shelves with the same evening; figures are looked at when nothing is on its way."""
    now = datetime.now(UTC)
    told, untold = (_shelf(f"17290000000008888{number}", f"{int(now.timestamp())}{number}") for number in (1, 2))
    with whole_stack() as stack:
        for shelf in (told, untold):
            _count(stack, shelf, AT_FIRST, now - 8 * HOUR, packed_included=True)
        sender = Sender(_url(stack), stack.settings.require_webhook_secret())
        uvloop.run(sender.send(_buyers((told, untold), now - 7 * HOUR), rate=None))
        _labelled(stack, 2 * PARCELS)
        pack(stack, (*told.boxes, *untold.boxes), now - 6 * HOUR)
        _shows(stack, told, Figures(AT_FIRST, _units(told.boxes), _units(told.boxes)))
        hand_over(stack, told.gone, now - 4 * HOUR)
        _count(stack, told, told.units + _units(told.here), now - 3 * HOUR, packed_included=True)
        _count(stack, untold, untold.units, now - 3 * HOUR, packed_included=False)
        evening = [_shows(stack, told, told.rightly), _shows(stack, untold, _as_if_all_were_here(untold))]
        for shelf in (told, untold):
            # Some were scanned before the count, and nobody said so until now.
            scan(stack, shelf.gone[::2], now - 3.5 * HOUR)
            scan(stack, shelf.gone[1::2], now - 1 * HOUR)
        morning = [_shows(stack, shelf, shelf.rightly) for shelf in (told, untold)]
        for shelf in (told, untold):
            scan(stack, shelf.here, now - HOUR / 2)
        end = [_shows(stack, shelf, Figures(shelf.units, 0, 0)) for shelf in (told, untold)]
        broken, read_models = audited(stack)
    wrong = [
        abs(found - right)
        for shown, expected in (
            *zip(evening, (told.rightly, _as_if_all_were_here(untold)), strict=True),
            *zip(morning, (told.rightly, untold.rightly), strict=True),
            *zip(end, (Figures(told.units, 0, 0), Figures(untold.units, 0, 0)), strict=True),
        )
        for found, right in zip(shown, expected, strict=True)
    ]
    names = ("told_and_counted", "untold_and_not_counted")
    return Verdict(
        CLAIM,
        sum(wrong),
        "units wrong",
        "0",
        not any(wrong) and not broken and not read_models,
        {
            "units_in_parcels": [_units(told.boxes), _units(untold.boxes)],
            "units_gone": [_units(told.gone), _units(untold.gone)],
            "after_the_count": _named(names, evening),
            "after_the_scans": _named(names, morning),
            "when_all_are_gone": _named(names, end),
            "invariants_not_held": broken,
            "read_models_differ": read_models[:5],
        },
    )


def _named(names: Sequence[str], shown: Sequence[Figures]) -> dict[str, dict[str, int]]:
    return {name: figures._asdict() for name, figures in zip(names, shown, strict=True)}


def _as_if_all_were_here(shelf: Shelf) -> Figures:
    return Figures(AT_FIRST, _units(shelf.boxes), _units(shelf.boxes))


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


def _shows(stack: RunningStack, shelf: Shelf, expected: Figures) -> Figures:
    """What the shelf shows when it shows what it must, or when the time is up."""
    shown: list[Figures] = [Figures(0, 0, 0)]

    def stands(connection: psycopg.Connection) -> bool:
        row = connection.execute(
            "SELECT on_hand, reserved, packed FROM stock_levels WHERE stock_item_id = %s", (shelf.item,)
        ).fetchone()
        shown[0] = Figures(*row) if row is not None else shown[0]
        return shown[0] == expected

    _until(stack, stands)
    print(f"{shelf.sku} shows {shown[0]}, must show {expected}", flush=True)
    return shown[0]


def _until(stack: RunningStack, stands: Callable[[psycopg.Connection], bool]) -> None:
    deadline = monotonic() + WITHIN_SECONDS
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        while not (stands(connection) and not outstanding(stack)) and monotonic() < deadline:
            threading.Event().wait(POLL_SECONDS)


if __name__ == "__main__":
    prove(measure)
