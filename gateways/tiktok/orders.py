"""Read orders: many by their numbers, or all that changed in a span of time, page by page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from gateways.errors import GatewayError, Refused
from gateways.marketplaces import DONE, FoundOrder, OrderRead, OrdersFound
from gateways.tiktok.connection import Connection, data_of, encoded
from gateways.tiktok.endpoints import ORDER_DETAIL, ORDER_SEARCH
from gateways.tiktok.results import as_read
from schemas.calls import ReadOrderCall

ORDERS_PER_REQUEST: Final = 50
ORDERS_PER_PAGE: Final = 100


class _Id(msgspec.Struct, frozen=True):
    id: str | int


class _Orders(msgspec.Struct, frozen=True):
    orders: list[msgspec.Raw] = []
    next_page_token: str = ""


class _Changed(msgspec.Struct, frozen=True):
    id: str | int
    update_time: int


_changed = msgspec.json.Decoder(_Changed)
_ids = msgspec.json.Decoder(_Id)


class Orders:
    """The order calls of all shops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(self, calls: Sequence[ReadOrderCall]) -> list[OrderRead]:
        """
        Each order by its place in the list, one request for 50 different ones of a shop.

        An order that the answer leaves out is missing. Repeated: read again, harmlessly.
        """
        by_shop: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for call in calls:
            by_shop[call.shop][call.order_number] = None
        read: dict[tuple[str, str], OrderRead] = {}
        for shop, numbers in by_shop.items():
            distinct = list(numbers)
            for start in range(0, len(distinct), ORDERS_PER_REQUEST):
                chunk = distinct[start : start + ORDERS_PER_REQUEST]
                for number, result in zip(chunk, await self._details(shop, chunk), strict=True):
                    read[shop, number] = result
        return [read[call.shop, call.order_number] for call in calls]

    async def page(
        self, shop: str, since: datetime, until: datetime, page: str = "", *, page_size: int = ORDERS_PER_PAGE
    ) -> OrdersFound:
        """
        One page of the orders that were updated from `since` until before `until`, the oldest first.

        An order that is updated meanwhile leaves its page and shifts those after it, so whoever reconciles looks at the
        span again, with some overlap. Raises what a request raises, `Refused` for an order that says not which it is.
        """
        body = encoded({"update_time_ge": int(since.timestamp()), "update_time_lt": int(until.timestamp())})
        params = {"page_size": str(page_size), "sort_field": "update_time", "sort_order": "ASC"}
        if page:
            params["page_token"] = page
        found = data_of(await self._connection.ask(ORDER_SEARCH, shop, params=params, body=body), _Orders)
        return OrdersFound(DONE, [_found(raw) for raw in found.orders], found.next_page_token)

    async def _details(self, shop: str, numbers: Sequence[str]) -> list[OrderRead]:
        try:
            answer = await self._connection.ask(ORDER_DETAIL, shop, params={"ids": ",".join(numbers)})
            found = {_number(raw): bytes(raw) for raw in data_of(answer, _Orders).orders}
        except GatewayError as error:
            return [as_read(error)] * len(numbers)
        return [
            OrderRead("done", order=found[number])
            if number in found
            else OrderRead("missing", "TikTok knows no such order")
            for number in numbers
        ]


def _number(raw: msgspec.Raw) -> str:
    """The order's number, as text whatever it came as; an order without one has none."""
    try:
        return str(_ids.decode(raw).id)
    except msgspec.MsgspecError:
        return ""


def _found(raw: msgspec.Raw) -> FoundOrder:
    try:
        changed = _changed.decode(raw)
        updated_at = datetime.fromtimestamp(changed.update_time, UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError):
        raise Refused("an order of the search has no id, or no update_time that can be read") from None
    return FoundOrder(str(changed.id), updated_at, bytes(raw))
