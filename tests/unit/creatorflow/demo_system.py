"""A small system behind real HTTP: it takes webhooks and movements, and writes the log that the real one would."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiohttp import web

from creatorflow.demo.run import System
from schemas import events
from schemas.values import stock_item_id
from tests.unit.creatorflow.audited_log import MARKETPLACE, SHOP, START, AuditedLog, follow_ups

SECRET = b"field-case-secret"


class DemoSystem:
    """Does at once what it is sent. `down_for` answers 503 to that many webhooks first; `breaks` spoils one thing."""

    def __init__(self, *, down_for: int = 0, breaks: str = "") -> None:
        self.log = AuditedLog()
        self.down_for = down_for
        self.breaks = breaks
        self.on_hand: Counter[UUID] = Counter()
        self.seen: set[str] = set()
        self.received: list[tuple[str, bytes]] = []
        self.movements: dict[str, dict[str, Any]] = {}

    @asynccontextmanager
    async def served(self) -> AsyncIterator[System]:
        """Serve on a free port of the loopback while the block runs."""
        app = web.Application()
        app.router.add_post("/webhooks/tiktok", self._webhook)
        app.router.add_post("/stock-items/{id}/movements", self._movement)
        app.router.add_get("/summary", self._summary)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        try:
            yield self.system(f"http://{host}:{port}")
        finally:
            await runner.cleanup()

    def system(self, url: str) -> System:
        """The system as the demo sees it."""
        return System(
            ingress_url=url,
            api_url=url,
            secret=SECRET,
            open_log=lambda: self.log,
            follow_ups=follow_ups,
            carrier_record=lambda: self.log.sold,
            carrier_voids=lambda: self.log.taken_back,
            verify_read_models=lambda: ["order_board row 1 is missing"] if self.breaks == "read model" else [],
        )

    async def _webhook(self, request: web.Request) -> web.Response:
        body, event_id = await request.read(), request.headers["x-tiktok-shop-event-id"]
        self.received.append((event_id, body))
        if self.down_for:
            self.down_for -= 1
            return web.Response(status=503)
        signature = hmac.digest(SECRET, body, "sha256").hex()
        if request.headers["x-tiktok-shop-signature"] != signature:
            return web.Response(status=401)
        if event_id not in self.seen:
            self.seen.add(event_id)
            self._take(event_id, body)
        return web.json_response({"status": "accepted", "event_id": event_id})

    def _take(self, event_id: str, body: bytes) -> None:
        try:
            order = json.loads(body)
        except ValueError:
            order = {}
        if not order.get("order_lines"):
            self.log.dead.add(event_id)
        elif self.breaks == "loses" and order["order_id"].endswith("3"):
            return
        elif order["order_id"] not in self.movements:
            self.movements[order["order_id"]] = order
            self._process(order["order_id"], order["order_status"] == "UNPAID")

    def _process(self, number: str, unpaid: bool) -> None:
        if unpaid:
            self.log.placed(number, state="WAITING")
        elif self.breaks == "stops" and number.endswith("3"):
            self.log.placed(number)
        else:
            self.log.received(1)
            self.log.fulfilled(number)

    async def _movement(self, request: web.Request) -> web.Response:
        movement = await request.json()
        if self.breaks == "refuses":
            return web.Response(status=404, text="no such path")
        marketplace, shop, sku_id = request.match_info["id"].split(":")
        reference = request.headers["Idempotency-Key"]
        assert (marketplace, shop, movement["reference"]) == (MARKETPLACE, SHOP, reference)
        if reference not in self.movements:
            self.movements[reference] = movement
            self._receive(stock_item_id(marketplace, shop, sku_id), reference, movement["quantity"])
        return web.json_response({"command_id": reference}, status=202)

    def _receive(self, item: UUID, reference: str, quantity: int) -> None:
        self.on_hand[item] += quantity
        figures = {"on_hand": self.on_hand[item], "reserved": 0, "backordered": 0}
        received = events.StockReceived(
            stock_item_id=item, quantity=quantity, reference=reference, occurred_at=START, **figures
        )
        self.log.append(received, self.log.webhook(reference))

    async def _summary(self, request: web.Request) -> web.Response:
        return web.json_response({"orders": {"FULFILLED": 3}, "open_alerts": {}, "meta": {"log_position": 1}})
