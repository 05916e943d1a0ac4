"""
What operators ask for over HTTP, turned into commands: 202 with the command's id, which is their Idempotency-Key.

Errors are RFC 9457 problem details that name the field and the reason.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from schemas import codec, topics, values
from schemas.commands import (
    BuyLabel,
    CancelOrder,
    Command,
    DescribeStockItem,
    HandOver,
    HoldOrder,
    MapListing,
    OverridePriority,
    RecordCount,
    RecordMovement,
    ReleaseOrder,
)
from schemas.envelope import Envelope, to_headers
from schemas.inputs import BadInput, grams
from schemas.tiktok import Weight
from schemas.values import Need
from streams.publishing import BrokerUnavailable, Full, Record, RecordTooLarge

NO_NUL = r"^[^\x00]*$"
MAX_TEXT_CHARACTERS = 1000
MAX_UNITS = 1_000_000_000
MAX_PARTS = 100

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS, pattern=NO_NUL)]
Units = Annotated[int, msgspec.Meta(ge=-MAX_UNITS, le=MAX_UNITS)]
Aware = Annotated[datetime, msgspec.Meta(tz=True)]

Put = Callable[[Record], Awaitable[None]]
Build = Callable[[UUID, dict[str, str], bytes], list[Command]]

SOURCE = "operator"
MAX_BODY_BYTES = 64 * 1024
MAX_KEY_CHARACTERS = 200


class Problem(Exception):
    """An error for the caller: status, title, detail."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a hold or a cancellation."""

    reason: Text


class Nothing(msgspec.Struct, frozen=True):
    """A body that may be empty."""


class Priority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a priority override."""

    score: int
    reason: Text


class Movement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a stock movement."""

    kind: Literal["receipt", "dispatch", "return_good", "return_damaged", "correction"]
    quantity: Units
    reference: Text
    occurred_at: datetime


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a count."""

    quantity: Units
    counted_at: datetime
    packed_included: bool = False


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a stock item is; what is left out stays as it is."""

    seller_sku: Text = ""
    weight: Weight | None = None


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one stock item in one unit of a listing."""

    stock_item: Text
    units: Annotated[int, msgspec.Meta(ge=1, le=MAX_UNITS)] = 1


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit of a listing is made of."""

    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTS)]


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a hand-over; the time is now where it is left out."""

    occurred_at: Aware | None = None


def operator_routes(put: Put) -> list[Route]:
    """The operator's endpoints over a function that makes one record durable."""
    endpoints: dict[str, tuple[Callable[[str], UUID], Build]] = {
        "/stock-items/{id}/movements": (stock_item_of, _movement),
        "/stock-items/{id}/counts": (stock_item_of, _count),
        "/orders/{id}/hold": (order_of, _hold),
        "/orders/{id}/release": (order_of, _release),
        "/orders/{id}/cancel": (order_of, _cancel),
        "/orders/{id}/priority": (order_of, _priority),
        "/packages/{id}/handed-over": (package_of, _handed_over),
        "/packages/{id}/buy-label": (package_of, _buy_label),
    }
    described: dict[str, tuple[Callable[[str], UUID], Build]] = {
        "/stock-items/{id}": (stock_item_of, _description),
        "/listings/{marketplace}/{shop}/{sku_id}": (stock_item_of, _parts),
    }
    return [
        Route(path, _endpoint(put, identify, build), methods=[method])
        for method, group in (("POST", endpoints), ("PUT", described))
        for path, (identify, build) in group.items()
    ]


def _endpoint(put: Put, identify: Callable[[str], UUID], build: Build) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            name = ":".join(request.path_params.values())
            body = await request.body()
            if len(body) > MAX_BODY_BYTES:
                raise Problem(413, "Too large", f"the body has more than {MAX_BODY_BYTES} bytes")
            *beside, asked = build(identify(name), {"id": name, "key": key}, body)
            for command in beside:
                await put(_record(command, key, f"{key}:describe"))
            await put(_record(asked, key))
        except Problem as problem:
            return _problem(problem)
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take the command: {type(error).__name__}"))
        return Response(msgspec.json.encode({"command_id": key}), status_code=202, media_type="application/json")

    return endpoint


def order_of(name: str) -> UUID:
    """The order behind a uuid or `marketplace:shop:number`."""
    return _identified(name, "order", lambda parts: values.order_id(*parts))


def stock_item_of(name: str) -> UUID:
    """The stock item behind a uuid or `marketplace:shop:sku_id`."""
    return _identified(name, "stock item", lambda parts: values.stock_item_id(*parts))


def package_of(name: str) -> UUID:
    """The package behind a uuid or `marketplace:shop:package`."""
    return _identified(name, "package", lambda parts: values.shipment_id(*parts))


def _identified(name: str, what: str, derive: Callable[[tuple[str, str, str]], UUID]) -> UUID:
    parts = name.split(":")
    if len(parts) == 3 and all(parts) and "\x00" not in name:
        return derive((parts[0], parts[1], parts[2]))
    try:
        return UUID(name)
    except ValueError:
        raise Problem(404, "Not found", f"id: {what} ids are a uuid or marketplace:shop:number") from None


def _movement(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    movement = _decoded(body, Movement)
    if movement.kind != "correction" and movement.quantity < 1:
        raise Problem(422, "Invalid", "quantity: must be at least 1 for anything but a correction")
    if movement.occurred_at.tzinfo is None:
        raise Problem(422, "Invalid", "occurred_at: must name its time zone")
    recorded = RecordMovement(
        stock_item_id=target,
        kind=movement.kind,
        quantity=movement.quantity,
        reference=movement.reference,
        occurred_at=movement.occurred_at,
    )
    return [*_described(target, names), recorded]


def _count(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    count = _decoded(body, Count)
    if count.quantity < 0:
        raise Problem(422, "Invalid", "quantity: must not be negative")
    if count.counted_at.tzinfo is None:
        raise Problem(422, "Invalid", "counted_at: must name its time zone")
    counted = RecordCount(
        stock_item_id=target,
        quantity=count.quantity,
        counted_at=count.counted_at,
        packed_included=count.packed_included,
        reference=names["key"],
    )
    return [*_described(target, names), counted]


def _described(target: UUID, names: dict[str, str]) -> list[Command]:
    """A stock item that is named by its listing says so, so that a person can find it by that name."""
    listing = _listing_of(names["id"])
    if listing is None:
        return []
    marketplace, shop, sku_id = listing
    return [DescribeStockItem(stock_item_id=target, marketplace=marketplace, shop=shop, sku_id=sku_id)]


def _listing_of(name: str) -> tuple[str, str, str] | None:
    """Marketplace, shop and SKU where an id names them, None where it is a uuid."""
    parts = name.split(":")
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def _description(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    described = _decoded(body, Description)
    marketplace, shop, sku_id = _listing_of(names["id"]) or ("", "", "")
    weight = described.weight or Weight()
    try:
        weight_grams = grams(weight.value, weight.unit, "weight")
    except BadInput as error:
        raise Problem(422, "Invalid", str(error)) from None
    return [
        DescribeStockItem(
            stock_item_id=target,
            marketplace=marketplace,
            shop=shop,
            sku_id=sku_id,
            seller_sku=described.seller_sku,
            weight_grams=weight_grams,
        )
    ]


def _parts(_own: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    """A listing's mapping, decided by the stock item of its first part."""
    parts = _decoded(body, Parts).parts
    needs = tuple(Need(stock_item_id=stock_item_of(part.stock_item), quantity=part.units) for part in parts)
    if len({need.stock_item_id for need in needs}) < len(needs):
        raise Problem(422, "Invalid", "parts: each stock item may be named once")
    marketplace, shop, sku_id = names["id"].split(":")
    return [
        MapListing(
            stock_item_id=needs[0].stock_item_id,
            marketplace=marketplace,
            shop=shop,
            sku_id=sku_id,
            parts=needs,
            mapped_at=datetime.now(UTC),
        )
    ]


def _hold(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [HoldOrder(order_id=target, reason=_decoded(body, Reason).reason, operator=SOURCE)]


def _release(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [ReleaseOrder(order_id=target, operator=SOURCE)]


def _cancel(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [CancelOrder(order_id=target, reason=_decoded(body, Reason).reason, operator=SOURCE)]


def _priority(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    priority = _decoded(body, Priority)
    if not 1 <= priority.score <= 100:
        raise Problem(422, "Invalid", "score: must be from 1 to 100")
    return [OverridePriority(order_id=target, score=priority.score, reason=priority.reason, operator=SOURCE)]


def _handed_over(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    at = _decoded(body or b"{}", Moment).occurred_at or datetime.now(UTC)
    return [HandOver(shipment_id=target, occurred_at=at, operator=SOURCE)]


def _buy_label(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [BuyLabel(shipment_id=target, operator=SOURCE)]


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, "Invalid", str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Problem(400, "Not JSON", "the body is not JSON in UTF-8") from None


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not key or len(key) > MAX_KEY_CHARACTERS:
        raise Problem(
            400, "Idempotency-Key", f"Idempotency-Key: the header must have 1 to {MAX_KEY_CHARACTERS} characters"
        )
    return key


def _record(command: Command, key: str, command_id: str = "") -> Record:
    name = type(command).__name__
    target = topics.key_of(command)
    envelope = Envelope(
        id=command_id or key,
        type=name,
        source=SOURCE,
        time=datetime.now(UTC),
        subject=target,
        correlation_id=key,
        causation_id=key,
    )
    return Record(topics.topic_of(command), target.encode(), codec.encode(command), to_headers(envelope))


def _problem(problem: Problem) -> Response:
    body = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": str(problem)}
    return Response(msgspec.json.encode(body), status_code=problem.status, media_type="application/problem+json")
