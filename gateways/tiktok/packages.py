"""Ship packages, and fetch their documents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Literal, NamedTuple

import msgspec

from gateways.errors import GatewayError, OutcomeUnknown
from gateways.marketplaces import DONE, PushResult
from gateways.tiktok import mapping
from gateways.tiktok.connection import Connection, data_of, encoded
from gateways.tiktok.endpoints import BATCH_SHIP, MARK_SHIPPED, ORDER_DETAIL, PACKAGE, RENUMBER, SHIP, SHIPPING_DOCUMENT
from gateways.tiktok.errors import ALREADY_SHIPPED, RefusedWithCode
from gateways.tiktok.results import as_push
from schemas.calls import PushFulfilmentCall

Handover = Literal["PICKUP", "DROP_OFF"]
DocumentType = Literal["SHIPPING_LABEL", "PACKING_SLIP", "SHIPPING_LABEL_AND_PACKING_SLIP", "SHIPPING_LABEL_PICTURE"]
NUMBER_UNREAD: Final = "shipped already, and its tracking number could not be read"


class Document(NamedTuple):
    """Where a document of a package is for 24 hours, and the tracking number that TikTok gave it."""

    url: str
    tracking_number: str


class _Document(msgspec.Struct, frozen=True):
    doc_url: str = ""
    tracking_number: str = ""


class _Line(msgspec.Struct, frozen=True):
    id: str = ""
    tracking_number: str = ""


class _Order(msgspec.Struct, frozen=True):
    line_items: list[_Line] = []


class _Orders(msgspec.Struct, frozen=True):
    orders: list[_Order] = []


class Packages:
    """The fulfilment calls of all shops."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ship(
        self, shop: str, pushes: Sequence[PushFulfilmentCall], providers: Mapping[str, str]
    ) -> list[PushResult]:
        """
        Ship up to 50 packages of one shop with the seller's own tracking numbers, each with its own result.

        Repeated: a package that is shipped already is looked up, and done if it is with the same tracking number.
        """
        try:
            answer = await self._connection.ask(BATCH_SHIP, shop, body=mapping.batch_body(pushes, providers))
            said = mapping.package_results(answer, [push.package for push in pushes])
        except GatewayError as error:
            return [as_push(error)] * len(pushes)
        checked = [push for push, package in zip(pushes, said, strict=True) if package.check]
        looked_up = await asyncio.gather(
            *(self._shipped_as(shop, push.package, push.tracking_number) for push in checked)
        )
        found = {push.package: result for push, result in zip(checked, looked_up, strict=True)}
        return [
            found[push.package] if package.check else package.result for push, package in zip(pushes, said, strict=True)
        ]

    async def hand_over(self, shop: str, package: str, handover: Handover) -> PushResult:
        """Arrange one package that TikTok ships. Repeated: what is arranged already is done; no number is ours."""
        try:
            await self._connection.ask(SHIP, shop, {"package": package}, body=encoded({"handover_method": handover}))
        except RefusedWithCode as error:
            return DONE if error.code in ALREADY_SHIPPED else as_push(error)
        except GatewayError as error:
            return as_push(error)
        return DONE

    async def mark_shipped(
        self, shop: str, order: str, lines: Sequence[str], tracking_number: str, provider: str
    ) -> PushResult:
        """
        Tell the number of a parcel that the seller ships, for these lines of an order; it makes the package.

        There is no idempotency key: after a lost answer, or where the lines are shipped already, the order is read, and
        it is done if the lines have this number.
        """
        body = encoded(
            {
                "order_line_list": [{"order_line_id": line} for line in lines],
                "shipping_info_list": [{"tracking_number": tracking_number, "shipping_provider_id": provider}],
            }
        )
        try:
            await self._connection.ask(MARK_SHIPPED, shop, {"order": order}, body=body)
        except OutcomeUnknown as error:
            found = await self._lines_shipped_as(shop, order, lines, tracking_number)
            return found if found.outcome == "done" else as_push(error)
        except RefusedWithCode as error:
            if error.code not in ALREADY_SHIPPED:
                return as_push(error)
            return await self._lines_shipped_as(shop, order, lines, tracking_number)
        except GatewayError as error:
            return as_push(error)
        return DONE

    async def renumber(self, shop: str, package: str, tracking_number: str, provider: str) -> PushResult:
        """
        Tell another tracking number of a package that the seller ships.

        Refused: 72 h after it was shipped, once it is delivered, and where TikTok lets it change once only, the second
        time. There is no idempotency key: after a lost answer the package is read.
        """
        body = encoded({"tracking_number": tracking_number, "shipping_provider_id": provider})
        try:
            await self._connection.ask(RENUMBER, shop, {"package": package}, body=body)
        except OutcomeUnknown as error:
            found = await self._shipped_as(shop, package, tracking_number)
            return found if found.outcome == "done" else as_push(error)
        except GatewayError as error:
            return as_push(error)
        return DONE

    async def document(self, shop: str, package: str, kind: DocumentType = "SHIPPING_LABEL") -> Document:
        """
        Where the document of a package is that TikTok ships. Repeated: another address of the same document.

        Raises Refused with TikTok's code, as before the package is arranged, and Unavailable.
        """
        answer = await self._connection.ask(
            SHIPPING_DOCUMENT, shop, {"package": package}, params={"document_type": kind}
        )
        data = data_of(answer, _Document)
        return Document(data.doc_url, data.tracking_number)

    async def _shipped_as(self, shop: str, package: str, tracking_number: str) -> PushResult:
        try:
            return mapping.shipped_as(await self._connection.ask(PACKAGE, shop, {"package": package}), tracking_number)
        except GatewayError as error:
            looked_up = as_push(error)
        return looked_up if looked_up.outcome == "unavailable" else PushResult("unknown", NUMBER_UNREAD)

    async def _lines_shipped_as(self, shop: str, order: str, lines: Sequence[str], tracking_number: str) -> PushResult:
        try:
            orders = data_of(await self._connection.ask(ORDER_DETAIL, shop, params={"ids": order}), _Orders).orders
        except GatewayError:
            return PushResult("unknown", NUMBER_UNREAD)
        numbers = {line.id: line.tracking_number for each in orders for line in each.line_items}
        if all(numbers.get(line) == tracking_number for line in lines):
            return DONE
        return PushResult("refused", "shipped already with another tracking number")
