"""Read the real purchases that the demo sends. Their origin stands in `data/README.md`."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from importlib.resources import files
from io import TextIOWrapper
from itertools import islice
from typing import NamedTuple

PURCHASES_IN_FILE = 69_659
ROWS_MAX = 999_999
"""An order number ends in the row number, which has six digits."""


class Purchase(NamedTuple):
    """One purchase. `row` counts from 1 and goes on where the file is read again from its start."""

    row: int
    customer: str
    bought_on: date
    quantity: int
    amount: Decimal


class TooManyOrders(ValueError):
    """More orders were asked for than order numbers can tell apart."""


def read_purchases(orders: int) -> list[Purchase]:
    """
    The first purchases of the file, in its order; beyond its end it is read again from the start.

    Raises `TooManyOrders` above 999,999, or for fewer than one.
    """
    if not 1 <= orders <= ROWS_MAX:
        raise TooManyOrders(f"{orders} orders were asked for; the demo sends 1 to {ROWS_MAX:,}")
    return list(islice(_endless(), orders))


def _endless() -> Iterator[Purchase]:
    row = 0
    while True:
        for fields in _rows():
            row += 1
            yield Purchase(
                row,
                fields["customer_id"],
                date.fromisoformat(fields["date"]),
                int(fields["quantity"]),
                Decimal(fields["amount_usd"]),
            )


def _rows() -> Iterator[dict[str, str]]:
    packed = files("creatorflow.demo") / "data" / "cdnow.csv.gz"
    with packed.open("rb") as raw, gzip.open(raw) as rows:
        yield from csv.DictReader(TextIOWrapper(rows, encoding="ascii", newline=""))
