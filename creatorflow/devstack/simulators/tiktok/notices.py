"""What TikTok tells an app by webhook, and when it tries again."""

from __future__ import annotations

import hashlib
import heapq
import hmac
from collections import Counter
from itertools import count
from typing import Any, Final, NamedTuple

import msgspec

from gateways.tiktok.client import App

ORDER_STATUS: Final = 1
RECIPIENT_ADDRESS: Final = 3
PACKAGE_UPDATE: Final = 4
PRODUCT_STATUS: Final = 5
SELLER_DEAUTHORIZED: Final = 6
CANCELLATION_STATUS: Final = 11
RETURN_STATUS: Final = 12
INVENTORY_STATUS: Final = 27
INVENTORY_CHANGED: Final = 71
TOPICS: Final = (
    *(ORDER_STATUS, RECIPIENT_ADDRESS, PACKAGE_UPDATE, PRODUCT_STATUS, SELLER_DEAUTHORIZED),
    *(CANCELLATION_STATUS, RETURN_STATUS, INVENTORY_STATUS, INVENTORY_CHANGED),
)
WITHOUT_ID: Final = frozenset({RECIPIENT_ADDRESS})
ACCEPTED_STATUSES: Final = frozenset({200, 401})
RETRY_SECONDS: Final = (2 * 60, 30 * 60, 3 * 3_600, 12 * 3_600)
"""After the first attempt and after each repeat; then nothing more is sent."""
WAITING_MAX: Final = 200_000

_encoder = msgspec.json.Encoder()


class Notice(NamedTuple):
    """One webhook, its exact bytes and their signature; `failures` are attempts that were not accepted."""

    topic: int
    body: bytes
    signature: str
    due_at: int
    failures: int = 0


class Subscription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where webhooks go and of which topics. `lost`: what happens meanwhile is never sent, as the real one may."""

    address: str = ""
    topics: tuple[int, ...] = TOPICS
    lost: bool = False


class Outbox:
    """Webhooks that are to be sent. Without an address nothing is kept."""

    def __init__(self, app: App, subscription: Subscription) -> None:
        self._app = app
        self.subscription = subscription
        self._numbers = count(1)
        self._waiting: list[tuple[int, int, Notice]] = []
        self._tie = count()
        self.counts: Counter[str] = Counter()

    def say(self, shop: str, topic: int, data: dict[str, Any], now: int) -> None:
        """Tell the app of something that happened now."""
        if topic not in self.subscription.topics or not self.subscription.address:
            return
        if self.subscription.lost or len(self._waiting) >= WAITING_MAX:
            self.counts["lost"] += 1
            return
        body: dict[str, Any] = {"type": topic, "shop_id": shop, "timestamp": now, "data": data}
        if topic not in WITHOUT_ID:
            body["tts_notification_id"] = f"74{next(self._numbers):017d}"
        raw = _encoder.encode(body)
        self._wait(Notice(topic, raw, sign_body(self._app, raw), now))

    def take_due(self, now: int, limit: int) -> list[Notice]:
        """The first that are due, oldest first; what was taken is handed back by `answered`."""
        due: list[Notice] = []
        while self._waiting and self._waiting[0][0] <= now and len(due) < limit:
            due.append(heapq.heappop(self._waiting)[2])
        return due

    def answered(self, notice: Notice, status: int | None, now: int) -> None:
        """200 and 401 end it; any other answer, or none, has it sent again by the plan, four times at most."""
        if status in ACCEPTED_STATUSES:
            self.counts["delivered" if status == 200 else "rejected"] += 1
            return
        self.counts["failed"] += 1
        if notice.failures == len(RETRY_SECONDS):
            self.counts["given_up"] += 1
            return
        self._wait(notice._replace(due_at=now + RETRY_SECONDS[notice.failures], failures=notice.failures + 1))

    def told(self) -> dict[str, Any]:
        """How many wait, when the next is due, and what became of the others."""
        next_at = self._waiting[0][0] if self._waiting else None
        return {"waiting": len(self._waiting), "next_due_at": next_at, **self.counts}

    def _wait(self, notice: Notice) -> None:
        heapq.heappush(self._waiting, (notice.due_at, next(self._tie), notice))


def sign_body(app: App, body: bytes) -> str:
    """The `Authorization` of a webhook: key and exact bytes under the app's secret."""
    return hmac.new(app.secret.encode(), app.key.encode() + body, hashlib.sha256).hexdigest()
