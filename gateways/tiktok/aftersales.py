"""Cancellations and returns: find them, and answer a buyer's wish to cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from gateways.errors import GatewayError, OutcomeUnknown, Refused
from gateways.marketplaces import DONE, PushResult
from gateways.tiktok.connection import Connection, data_of, encoded
from gateways.tiktok.endpoints import (
    APPROVE_CANCELLATION,
    CANCELLATION_SEARCH,
    REJECT_CANCELLATION,
    RETURN_SEARCH,
    Call,
)
from gateways.tiktok.results import as_push

PER_PAGE: Final = 50
PAGES: Final = 1000
APPROVED: Final = frozenset({"CANCELLATION_REQUEST_SUCCESS", "CANCELLATION_REQUEST_COMPLETE"})
REJECTED: Final = frozenset({"CANCELLATION_REQUEST_CANCEL"})


class NextAction(msgspec.Struct, frozen=True):
    """What TikTok waits for, and until when."""

    action: str = ""
    deadline: int = 0


class CancelledLine(msgspec.Struct, frozen=True):
    """One unit that a cancellation is about."""

    order_line_item_id: str = ""
    sku_id: str = ""


class Cancellation(msgspec.Struct, frozen=True):
    """A cancellation, whoever wants it; without lines it is of the whole order."""

    cancel_id: str
    order_id: str
    cancel_status: str = ""
    role: str = ""
    cancel_reason: str = ""
    create_time: int = 0
    update_time: int = 0
    cancel_line_items: tuple[CancelledLine, ...] = ()
    seller_next_action_response: tuple[NextAction, ...] = ()
    should_replenish_stock: bool | None = None


class ReturnedLine(msgspec.Struct, frozen=True):
    """One unit that is to come back."""

    order_line_item_id: str = ""
    sku_id: str = ""


class Return(msgspec.Struct, frozen=True):
    """A return or a refund."""

    return_id: str
    order_id: str
    return_status: str = ""
    return_type: str = ""
    role: str = ""
    create_time: int = 0
    update_time: int = 0
    return_line_items: tuple[ReturnedLine, ...] = ()
    seller_next_action_response: tuple[NextAction, ...] = ()


class _Cancellations(msgspec.Struct, frozen=True):
    cancellations: list[Cancellation] = []
    next_page_token: str = ""


class _Returns(msgspec.Struct, frozen=True):
    return_orders: list[Return] = []
    next_page_token: str = ""


class Aftersales:
    """The calls about cancellations and returns of all shops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def cancellations(self, shop: str, since: datetime, until: datetime) -> AsyncIterator[list[Cancellation]]:
        """Pages of the cancellations that were updated from `since` until before `until`."""
        token = ""
        for _ in range(PAGES):
            answer = await self._page(CANCELLATION_SEARCH, shop, _updated(since, until), token)
            page = data_of(answer, _Cancellations)
            yield page.cancellations
            token = page.next_page_token
            if not token:
                return

    async def returns(self, shop: str, since: datetime, until: datetime) -> AsyncIterator[list[Return]]:
        """Pages of the returns that were updated from `since` until before `until`."""
        token = ""
        for _ in range(PAGES):
            page = data_of(await self._page(RETURN_SEARCH, shop, _updated(since, until), token), _Returns)
            yield page.return_orders
            token = page.next_page_token
            if not token:
                return

    async def approve(self, shop: str, cancel_id: str, key: str) -> PushResult:
        """
        Approve a buyer's wish to cancel, `key` being the idempotency key.

        Repeated, or unknown: looked up, and done if it is approved.
        """
        return await self._answered(APPROVE_CANCELLATION, shop, cancel_id, key=key, body={}, wished=APPROVED)

    async def reject(self, shop: str, cancel_id: str, key: str, reason: str) -> PushResult:
        """Reject a buyer's wish, with the exact name of a reason. Repeated, or unknown: as of an approval."""
        body = {"reject_reason": reason}
        return await self._answered(REJECT_CANCELLATION, shop, cancel_id, key=key, body=body, wished=REJECTED)

    async def _answered(
        self, call: Call, shop: str, cancel_id: str, *, key: str, body: Mapping[str, str], wished: frozenset[str]
    ) -> PushResult:
        try:
            await self._connection.ask(
                call, shop, {"cancel": cancel_id}, params={"idempotency_key": key}, body=encoded(body)
            )
        except (Refused, OutcomeUnknown) as error:
            status = await self._status(shop, cancel_id)
            return DONE if status in wished else as_push(error)
        except GatewayError as error:
            return as_push(error)
        return DONE

    async def _status(self, shop: str, cancel_id: str) -> str:
        """How a cancellation stands; nothing where it cannot be told."""
        try:
            answer = await self._page(CANCELLATION_SEARCH, shop, {"cancel_ids": [cancel_id]}, "")
            found: Sequence[Cancellation] = data_of(answer, _Cancellations).cancellations
        except GatewayError:
            return ""
        return next((each.cancel_status for each in found if each.cancel_id == cancel_id), "")

    async def _page(self, call: Call, shop: str, body: Mapping[str, Any], token: str) -> Any:
        params = {"page_size": str(PER_PAGE), "sort_field": "update_time", "sort_order": "ASC"}
        if token:
            params["page_token"] = token
        return await self._connection.ask(call, shop, params=params, body=encoded(body))


def _updated(since: datetime, until: datetime) -> dict[str, int]:
    return {"update_time_ge": int(since.timestamp()), "update_time_lt": int(until.timestamp())}
