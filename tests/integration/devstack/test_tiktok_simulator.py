"""TikTok's simulator as a process: an outside client over HTTP, and webhooks that arrive."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread

import httpx
import pytest
from tiktok_shop_api import TikTokShop, Webhooks
from tiktok_shop_api.generated.models import OrderStatusChangeWebhook

from tests.conformance.simulated import SimulatorProcess

ARRIVES_WITHIN_SECONDS = 20
LISTING = {"product_id": "1729000000000000001", "sku_id": "1729000000000000101", "quantity": 5}

Received = Queue[tuple[bytes, str]]


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    """An address that takes webhooks, and what came there with its signature."""
    received: Received = Queue()

    class Receiver(BaseHTTPRequestHandler):
        """Takes everything."""

        def do_POST(self) -> None:
            """Keep the exact bytes."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.put((body, self.headers["Authorization"]))
            self.send_response(200)
            self.end_headers()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/webhooks/tiktok", received
    server.shutdown()
    server.server_close()


def test_an_order_is_told_and_read_over_http(tmp_path: Path, receiver: tuple[str, Received]) -> None:
    """A placed order arrives as a genuine webhook, and the outside client reads the order that it hints at."""
    address, received = receiver
    with SimulatorProcess("tiktok", tmp_path / "record.jsonl", "--webhooks", address) as simulator:
        for path, body in (("listings", LISTING), ("orders", {"items": [{"sku_id": LISTING["sku_id"]}]})):
            httpx.post(f"{simulator.url}/creatorflow/{path}", json=body, trust_env=False).raise_for_status()
        bodies = [received.get(timeout=ARRIVES_WITHIN_SECONDS) for _ in range(2)]
        events = [
            Webhooks.verify_and_parse(app_key="demo_app_key", app_secret="demo_secret", raw_body=body, signature=sign)
            for body, sign in bodies
        ]
        (hint,) = [event for event in events if isinstance(event, OrderStatusChangeWebhook)]
        order_id = hint.to_dict()["data"]["order_id"]
        with TikTokShop(
            "demo_app_key", "demo_secret", access_token="demo_token", shop_cipher="demo_cipher", base_url=simulator.url
        ) as client:
            answer = client.orders.get_order_detail(ids=[order_id])
    assert answer is not None
    (order,) = answer.to_dict()["data"]["orders"]
    assert (order["id"], order["status"]) == (order_id, "UNPAID")
