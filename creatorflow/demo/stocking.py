"""
Put stock on the shelves before a run, over the operator's HTTP, as a person would.

Most items get more than the run asks for. Those behind a share of the orders are scarce, so that backorders, supplier
orders and promised dates show; half of them get the rest in the middle of the run, so that filling shows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Final, NamedTuple

import aiohttp

from creatorflow.demo.purchases import Purchase
from creatorflow.demo.webhooks import MARKETPLACE, SHOP, sku_of

SCARCE_SHARE: Final = 0.1
SCARCE_COVERS: Final = 0.6
SPARE_UNITS: Final = 20
AT_ONCE: Final = 16
REQUEST_SECONDS: Final = 30.0
ATTEMPTS: Final = 5
ACCEPTED: Final = 202
SERVER_ERRORS: Final = 500


class StockingRefused(Exception):
    """The operator's HTTP did not take a movement; the message says which and why."""


class Delivery(NamedTuple):
    """Units of one SKU that come in. `reference` makes a repeat harmless."""

    sku_id: str
    quantity: int
    reference: str


class StockPlan(NamedTuple):
    """What is on the shelf at the start, and what comes in the middle of the run."""

    at_start: tuple[Delivery, ...]
    in_the_middle: tuple[Delivery, ...]


def plan_stock(purchases: Iterable[Purchase], run_id: str, *, scarce_share: float, seed: int) -> StockPlan:
    """Enough of everything, but for SKUs that a share of the orders asks for; which ones follows from the seed."""
    wanted: Counter[str] = Counter()
    orders: Counter[str] = Counter()
    for purchase in purchases:
        wanted[sku_of(purchase)] += purchase.quantity
        orders[sku_of(purchase)] += 1
    skus = sorted(wanted)
    scarce = _scarce(orders, scarce_share, seed)
    refilled = set(scarce[::2])
    at_start = tuple(
        Delivery(
            sku,
            int(wanted[sku] * SCARCE_COVERS) if sku in scarce else wanted[sku] + SPARE_UNITS,
            f"demo-{run_id}-start-{sku}",
        )
        for sku in skus
    )
    in_the_middle = tuple(
        Delivery(sku, wanted[sku] - int(wanted[sku] * SCARCE_COVERS) + SPARE_UNITS, f"demo-{run_id}-middle-{sku}")
        for sku in skus
        if sku in refilled
    )
    return StockPlan(at_start, in_the_middle)


def _scarce(orders: Counter[str], share: float, seed: int) -> list[str]:
    """SKUs in the order of the dice, as long as they fit into the share of all orders."""
    skus = sorted(orders)
    Random(seed).shuffle(skus)
    room = orders.total() * share
    chosen = []
    for sku in skus:
        if orders[sku] <= room:
            chosen.append(sku)
            room -= orders[sku]
    return chosen


async def deliver(ingress_url: str, deliveries: Sequence[Delivery]) -> None:
    """
    Book deliveries as receipts.

    A receipt adds to what is there, so a run on a stack that ran before finds its stock too. The first receipt makes
    an item known. Raises `StockingRefused` for an answer that is no 202.
    """
    gate = asyncio.Semaphore(AT_ONCE)
    timeout = aiohttp.ClientTimeout(total=REQUEST_SECONDS)
    async with aiohttp.ClientSession(ingress_url, timeout=timeout) as session:

        async def book(delivery: Delivery) -> None:
            async with gate:
                await _book(session, delivery)

        await asyncio.gather(*(book(delivery) for delivery in deliveries if delivery.quantity))


async def _book(session: aiohttp.ClientSession, delivery: Delivery) -> None:
    path = f"/stock-items/{MARKETPLACE}:{SHOP}:{delivery.sku_id}/movements"
    body = {
        "kind": "receipt",
        "quantity": delivery.quantity,
        "reference": delivery.reference,
        "occurred_at": datetime.now(UTC).isoformat(),
    }
    problem = ""
    for attempt in range(ATTEMPTS):
        try:
            async with session.post(path, json=body, headers={"Idempotency-Key": delivery.reference}) as answer:
                if answer.status == ACCEPTED:
                    return
                problem = f"{answer.status} {(await answer.text())[:200]}"
                if answer.status < SERVER_ERRORS:
                    break
        except (aiohttp.ClientError, TimeoutError) as error:
            problem = type(error).__name__
        await asyncio.sleep(0.2 * 2**attempt)
    raise StockingRefused(f"POST {path} was not taken: {problem}")
