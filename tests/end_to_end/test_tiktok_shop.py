"""The whole product beside a TikTok Shop that only hints: its own webhooks in, orders read over HTTP, the board out."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest

from tests.conformance.simulated import SimulatorProcess
from tests.end_to_end.world import World, a_number, a_sku, a_world, id_of
from tests.tiktok_shop import APP_KEY, APP_SECRET, a_status_notice, signed_by_tiktok
from tests.waiting import eventually

BUYER = {
    "user_id": "7021000000000000001",
    "name": "Ada Sample",
    "phone": "+1 555 0100",
    "street1": "12 Boxwood Road",
    "city": "Springfield",
    "state": "Illinois",
    "postal_code": "62701",
}


class TikTok:
    """The simulator, and what buyers do there."""

    def __init__(self, simulator: SimulatorProcess, world: World) -> None:
        self.simulator = simulator
        self.world = world
        self.do("/webhooks", address=f"{world.ingress_url}/webhooks/tiktok")

    def do(self, path: str, **body: Any) -> dict[str, Any]:
        """One thing that happens there."""
        answer = httpx.post(f"{self.simulator.url}/creatorflow{path}", json=body, trust_env=False)
        assert answer.status_code == httpx.codes.OK, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def list(self, *skus: str, quantity: int = 10) -> None:
        """List SKUs, and book as many units on our shelf."""
        for sku in skus:
            self.do("/listings", product_id=f"2{sku}", sku_id=sku, quantity=quantity)
            self.world.receive(sku, quantity)

    def buy(self, sku: str, units: int = 1, **more: Any) -> str:
        """Let somebody buy; returns the order's number."""
        number = a_number()
        items = [{"sku_id": sku, "units": units}]
        self.do("/orders", order_id=number, items=items, buyer=BUYER, **more)
        return number

    def shown(self, number: str) -> dict[str, Any]:
        """The order as it stands there."""
        answer = httpx.get(f"{self.simulator.url}/creatorflow/orders/{number}", trust_env=False)
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown

    def reads(self) -> int:
        """How many requests read orders so far."""
        return sum(count for path, count in self.simulator.record()["requests"].items() if path.endswith("/orders"))


@pytest.fixture(scope="module")
def tiktok(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TikTok]:
    """The product with one worker, beside a simulator of its own."""
    folder = tmp_path_factory.mktemp("tiktok-shop")
    with (
        SimulatorProcess("tiktok", folder / "record.jsonl") as simulator,
        a_world(
            folder / "home",
            workers=1,
            tiktok_url=simulator.url,
            tiktok_app_key=APP_KEY,
            tiktok_app_secret=APP_SECRET,
            tiktok_access_token="demo_token",
            tiktok_shop_cipher="demo_cipher",
        ) as world,
    ):
        yield TikTok(simulator, world)


async def handed_in(world: World, bodies: Sequence[bytes]) -> list[tuple[int, bytes]]:
    """Send webhooks in TikTok Shop's own format, all at once; returns the answers."""
    address = f"{world.ingress_url}/webhooks/tiktok"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        posts = (
            client.post(address, content=body, headers={"authorization": signed_by_tiktok(body)}) for body in bodies
        )
        return [(answer.status_code, answer.content) for answer in await asyncio.gather(*posts)]


def labels_of(world: World, number: str) -> int:
    """How many labels an order's packages have."""
    return world.events_of(id_of(number)).count("order.label-bought")


def test_fc_17_hinted_order_waits_on_hold_and_then_gets_one_label(tiktok: TikTok) -> None:
    """FC-17: paid and on hold, its units are reserved and nothing is bought; let go, it gets exactly one label."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku)
    number = tiktok.buy(sku, 2, paid=True)
    world.eventually_order(number, "WAITING")
    world.eventually_stock(sku, reserved=2, available=8)
    assert labels_of(world, number) == 0
    tiktok.do(f"/orders/{number}/release")
    found = world.eventually_order(number, "FULFILLED")
    assert found["order"]["marketplace_status"] == "AWAITING_SHIPMENT"
    assert labels_of(world, number) == 1


def test_storm_of_hints_is_few_reads(tiktok: TikTok) -> None:
    """200 genuine webhooks of one order: a handful of requests, one order, answered with nothing."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku)
    number = tiktok.buy(sku)
    world.eventually_order(number, "WAITING")
    before = tiktok.reads()
    bodies = [a_status_notice(number, "UNPAID", notification=f"{number}{each}") for each in range(200)]
    assert set(asyncio.run(handed_in(world, bodies))) == {(200, b"")}

    def quiet() -> bool:
        with world.connected() as connection:
            return connection.execute("SELECT 1 FROM calls WHERE kind = 'ReadOrderCall'").fetchone() is None

    eventually(quiet)
    assert tiktok.reads() - before < 40
    assert world.events_of(id_of(number)).count("order.placed") == 1


def test_fc_22_wish_of_a_buyer_and_what_comes_of_it(tiktok: TikTok) -> None:
    """FC-22: cancelled at TikTok, the units are free once and the order is cancelled here too."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku)
    number = tiktok.buy(sku, paid=True)
    world.eventually_order(number, "WAITING")
    tiktok.do(f"/orders/{number}/cancellation")
    world.eventually_order(number, "CANCELLED")
    world.eventually_stock(sku, reserved=0, available=10)


def test_order_out_of_tiktoks_warehouse_touches_nothing_of_ours(tiktok: TikTok) -> None:
    """FBT: shown, nothing reserved, whatever its status."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku)
    number = tiktok.buy(
        sku, fulfillment_type="FULFILLMENT_BY_TIKTOK", shipping_type="TIKTOK", paid=True, hold_seconds=0
    )
    found = world.eventually_order(number, "RECEIVED")
    assert found["order"]["shipping_type"] == "FBT"
    world.eventually_stock(sku, reserved=0, available=10)


def test_fc_27_ten_buyers_get_one_unit_once(tiktok: TikTok) -> None:
    """FC-27: ten orders at once, read together: one holds the unit, nine wait; cancelled, the oldest of them has it."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku, quantity=1)
    tiktok.do("/listings", product_id=f"2{sku}", sku_id=sku, quantity=10)
    numbers = [tiktok.buy(sku, paid=True, hold_seconds=0) for _ in range(10)]
    world.eventually_stock(sku, reserved=1, available=0, backordered=9)
    (winner,) = eventually(lambda: [number for number in numbers if world.state_of(number) == "FULFILLED"])
    tiktok.do(f"/orders/{winner}/cancellation")
    world.eventually_order(winner, "CANCELLED")
    world.eventually_stock(sku, reserved=1, available=0, backordered=8)


def test_fc_23_part_that_tiktok_cancels_makes_the_order_smaller(tiktok: TikTok) -> None:
    """FC-23: two of five units cancelled at TikTok: two go back, once, and the rest is sent."""
    sku, world = a_sku(), tiktok.world
    tiktok.list(sku)
    number = tiktok.buy(sku, 5, paid=True)
    world.eventually_stock(sku, reserved=5, available=5)
    lines = [line["id"] for line in tiktok.shown(number)["line_items"][:2]]
    wish = tiktok.do(f"/orders/{number}/cancellation", line_ids=lines)
    world.eventually_stock(sku, reserved=3, available=7)
    assert wish["cancel_status"] == "CANCELLATION_REQUEST_SUCCESS"


def test_audit_leads_every_order_back_to_its_webhook(tiktok: TikTok) -> None:
    """Whatever happened above: each event has a cause, the reads theirs in the webhooks that hinted at them."""
    environment = {**os.environ, **tiktok.world.settings.for_children()}
    command = [sys.executable, "-m", "creatorflow", "audit", "verify", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
