"""TikTok's simulator in process, with a clock that stands until it is moved, and a signing client beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx

from creatorflow.devstack.simulators.faults import Faults
from creatorflow.devstack.simulators.record import Record
from creatorflow.devstack.simulators.server import Simulator
from creatorflow.devstack.simulators.tiktok.app import TikTokService, tiktok_app
from creatorflow.devstack.simulators.tiktok.delivery import Courier
from creatorflow.devstack.simulators.tiktok.listing import Listing, offer
from creatorflow.devstack.simulators.tiktok.notices import Notice
from creatorflow.devstack.simulators.tiktok.shop import Shop
from gateways.tiktok.client import App, ShopAccess
from gateways.tiktok.signing import sign

APP: Final = App("demo_app_key", "demo_secret")
SHOP: Final = "7490000000000000001"
OTHER_SHOP: Final = "7490000000000000002"
ACCESS: Final = {SHOP: ShopAccess("demo_cipher", "demo_token"), OTHER_SHOP: ShopAccess("other_cipher", "other_token")}
NOON: Final = 1_760_000_000
WAREHOUSE: Final = "7068517275539719001"
SECOND_WAREHOUSE: Final = "7068517275539719002"
PRODUCT: Final = "1729000000000000001"
SKU: Final = "1729000000000000101"
ADDRESS: Final = "https://app.example.test/webhooks/tiktok"
BUYER: Final = {
    "user_id": "7021436810468230477",
    "name": "Zyxw Testperson",
    "phone": "+1 555 0199",
    "street1": "77 Marker Street",
    "street2": "Apt 4",
    "city": "Seattle",
    "state": "WA",
    "postal_code": "98101",
}


class TikTokWorld:
    """
    Two shops, the first with one SKU of 100 units. `ask` signs as our client does, `drive` moves the world.

    `accepts` is what the receiver of webhooks answers; `received` is what it got.
    """

    def __init__(self, record: Path, region: str = "US", wall: float = NOON) -> None:
        self.wall = wall
        self.faults = Faults()
        self.record = Record(record)
        self.service = TikTokService(
            self.faults, self.record, APP, ACCESS, regions={SHOP: region}, wall=lambda: self.wall
        )
        self.app = Simulator(tiktok_app(self.service), self.faults, self.record)
        self._http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://tiktok.test")
        self.accepts: int | None = 200
        self.received: list[tuple[str, Notice]] = []
        self._courier = Courier(self.service.outbox, self.service.shops.values(), self.service.clock, self._receive)
        offer(self.shop, Listing(product_id=PRODUCT, sku_id=SKU, seller_sku="MUG", quantity=100))

    @property
    def shop(self) -> Shop:
        """The first shop."""
        return self.service.shops[SHOP]

    async def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        shop: str = SHOP,
        token: str = "",
        app: App = APP,
        **query: str | None,
    ) -> dict[str, Any]:
        """One signed request; the envelope, with `status` and `retry_after` of HTTP beside it."""
        raw = b"" if body is None else json.dumps(body).encode()
        given = {"app_key": app.key, "timestamp": str(int(self.wall)), "shop_cipher": ACCESS[shop].cipher, **query}
        params = {name: value for name, value in given.items() if value is not None}
        params["sign"] = sign(app.secret, path, params, raw)
        headers = {"x-tts-access-token": token or ACCESS[shop].access_token, "Content-Type": "application/json"}
        answer = await self._http.request(method, path, params=params, content=raw, headers=headers)
        said: dict[str, Any] = answer.json()
        return {**said, "status": answer.status_code, "retry_after": answer.headers.get("Retry-After")}

    async def tokens(self, path: str, **query: str) -> dict[str, Any]:
        """One call for tokens."""
        said: dict[str, Any] = (await self._http.get(path, params=query)).json()
        return said

    async def drive(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Something happens at TikTok."""
        answer = await self._http.post(f"/creatorflow/{path}", json=body or {})
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def impossible(self, path: str, body: Mapping[str, Any] | None = None) -> str:
        """Something that cannot happen, and why."""
        answer = await self._http.post(f"/creatorflow/{path}", json=body or {})
        assert answer.status_code == 409, answer.text
        return str(answer.json()["error"])

    async def refused(self, path: str, body: Mapping[str, Any]) -> int:
        """The status of a control that makes no sense."""
        return (await self._http.post(f"/creatorflow/{path}", json=body)).status_code

    async def spoil(self, *faults: Mapping[str, Any], **settings: Any) -> None:
        """Tell the simulator what to do wrong from now on."""
        answer = await self._http.post("/_control", json={"faults": faults, **settings})
        assert answer.status_code == 200, answer.text

    async def fetch(self, url: str) -> bytes | None:
        """The file at an address that an answer gave; None where it is gone."""
        answer = await self._http.get(url)
        return answer.content if answer.status_code == 200 else None

    def pass_time(self, seconds: float) -> None:
        """Time passes for everybody."""
        self.wall += seconds

    async def place(
        self, units: int = 1, *, paid: bool = True, hold_seconds: int | None = 0, **basket: Any
    ) -> dict[str, Any]:
        """A buyer orders units of the SKU; ready to ship unless said otherwise."""
        items = [{"sku_id": SKU, "units": units}]
        wanted = {"items": items, "buyer": BUYER, "paid": paid, "hold_seconds": hold_seconds, **basket}
        return await self.drive("orders", wanted)

    async def order(self, order_id: str) -> dict[str, Any]:
        """The order as it stands, asked of the simulator itself."""
        said: dict[str, Any] = (await self._http.get(f"/creatorflow/orders/{order_id}")).json()
        return said

    def levels(self) -> tuple[int, int]:
        """Available and committed units of the SKU."""
        levels = self.shop.skus[SKU].levels
        return levels.available, levels.committed

    async def deliver(self) -> list[dict[str, Any]]:
        """Send what is due; the bodies that came with it."""
        before = len(self.received)
        await self._courier.deliver_due()
        return [json.loads(notice.body) for _, notice in self.received[before:]]

    async def _receive(self, address: str, notice: Notice) -> int | None:
        self.received.append((address, notice))
        return self.accepts
