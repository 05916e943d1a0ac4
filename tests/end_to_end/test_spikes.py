"""Content and sales on the whole product: readings over HTTP, orders as webhooks, and how fast it sells over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from tests.end_to_end.world import MARKETPLACE, World, a_number, a_sku, item_id_of
from tests.waiting import eventually
from tests.webhooks import SHOP, an_order_webhook


def read(world: World, content: str, sku: str, at: datetime, views: int) -> None:
    """One reading of a video that sells this listing."""
    body = {
        "content_id": content,
        "shop_id": SHOP,
        "sku_ids": [sku],
        "read_at": int(at.timestamp()),
        "views": views,
        "likes": views // 10,
    }
    answer = httpx.post(f"{world.ingress_url}/content-metrics", content=msgspec.json.encode(body))
    assert answer.status_code == httpx.codes.OK, answer.text


def rates_of(world: World, sku: str) -> dict[str, Any]:
    """How fast a listing's item sells; empty while nobody looked."""
    answer = world.ask(f"/spikes/{MARKETPLACE}:{SHOP}:{sku}")
    found: dict[str, Any] = answer.json()["item"] if answer.status_code == httpx.codes.OK else {}
    return found


def test_a_video_that_takes_off_is_seen_with_what_it_sells(world: World) -> None:
    """Six buyers in three hours and a million views: a spike is open, and its curves show where it comes from."""
    sku, video = a_sku(), a_number()
    world.receive(sku, 100)
    now = datetime.now(UTC)
    paid = int((now - timedelta(hours=3)).timestamp())
    for _ in range(6):
        world.tell(an_order_webhook(a_number(), sku=sku, create_time=paid, update_time=paid, content_id=video))
    eventually(lambda: [hour["amount"] for hour in rates_of(world, sku).get("units_per_hour", ())] == [6])
    eventually(
        lambda: rates_of(world, sku)["now"]["rates"].get("normal_per_hour", 0) > 1.9, what="it sells two an hour"
    )
    for minutes, views in ((120, 0), (60, 1_000), (0, 1_000_000)):
        read(world, video, sku, now - timedelta(minutes=minutes), views)
    eventually(lambda: rates_of(world, sku)["now"]["spike_opened_at"] is not None, what="a spike is open")
    found = rates_of(world, sku)
    assert found["now"]["rates"]["content_id"] == video
    assert sum(hour["amount"] for hour in found["contents"][0]["views_per_hour"]) == 1_000_000
    spikes = [each["stock_item_id"] for each in world.look("/spikes")["items"]]
    assert str(item_id_of(sku)) in spikes
