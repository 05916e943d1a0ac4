"""
What operators ask for over HTTP, turned into commands: 202 with the command's id, which is their Idempotency-Key.

Errors are RFC 9457 problem details that name the field and the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from aggregates.event_store.connection import STORE_FAULT
from aggregates.policies.returning import about_package, about_return
from schemas import codec, inputs, topics, values
from schemas.commands import (
    AnswerCancellation,
    BuyLabel,
    CancelOrder,
    Command,
    DescribeStockItem,
    HandOver,
    HoldOrder,
    MapListing,
    MarkPacked,
    MarkPrinted,
    OverridePriority,
    PutBack,
    RecordCount,
    RecordMovement,
    ReleaseOrder,
    ReplaceLabel,
    SplitOrder,
)
from schemas.envelope import Envelope, to_headers
from schemas.inputs import BadInput, grams
from schemas.tiktok import Weight
from schemas.values import LineQuantity, Need
from streams import operator_buying
from streams.acknowledging import AlertNotOpen, FindAlert, NoSuchAlert, acknowledging
from streams.bodies import read_body
from streams.operator_bodies import (
    Acknowledgement,
    Answer,
    Cancellation,
    Count,
    Description,
    LineUnits,
    ManyOrders,
    ManyPackages,
    Moment,
    Movement,
    Parcels,
    Parts,
    Priority,
    Reason,
    Redelivery,
    SupplierWord,
)
from streams.publishing import BrokerUnavailable, Full, Record, RecordTooLarge
from streams.redelivery import NotRedeliverable, Redeliver, Wish

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


def operator_routes(put: Put) -> list[Route]:
    """The operator's endpoints over a function that makes one record durable."""
    endpoints: dict[str, tuple[Callable[[str], UUID], Build]] = {
        "/stock-items/{id}/movements": (stock_item_of, _movement),
        "/stock-items/{id}/counts": (stock_item_of, _count),
        "/orders/{id}/hold": (order_of, _hold),
        "/orders/{id}/release": (order_of, _release),
        "/orders/{id}/cancel": (order_of, _cancel),
        "/orders/{id}/priority": (order_of, _priority),
        "/orders/{id}/split": (order_of, _split),
        "/orders/{id}/answer-cancellation": (order_of, _answer_cancellation),
        "/reorders/{id}/approve": (reorder_of, _approve),
        "/reorders/{id}/decline": (reorder_of, _decline),
        "/reorders/{id}/answer": (reorder_of, _supplier_answer),
        "/packages/{id}/buy-label": (package_of, _buy_label),
        "/packages/{id}/replace-label": (package_of, _replace_label),
        **{f"/packages/{{id}}/{step}": (package_of, _stepped(command)) for step, command in PACKAGE_STEPS.items()},
    }
    described: dict[str, tuple[Callable[[str], UUID], Build]] = {
        "/stock-items/{id}": (stock_item_of, _description),
        "/listings/{marketplace}/{shop}/{sku_id}": (stock_item_of, _parts),
    }
    return [
        Route("/orders/bulk", _bulk(put, _cancellations), methods=["POST"]),
        Route("/packages/bulk", _bulk(put, _package_steps), methods=["POST"]),
        *(
            Route(path, _endpoint(put, identify, build), methods=[method])
            for method, group in (("POST", endpoints), ("PUT", described))
            for path, (identify, build) in group.items()
        ),
    ]


def _endpoint(put: Put, identify: Callable[[str], UUID], build: Build) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            name = ":".join(request.path_params.values())
            body = await _body(request)
            *beside, asked = build(identify(name), {"id": name, "key": key}, body)
            for command in beside:
                await put(_record(command, key, f"{key}:describe"))
            await put(_record(asked, key))
        except Problem as problem:
            return _problem(problem)
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take the command: {type(error).__name__}"))
        return _accepted(key)

    return endpoint


def _bulk(put: Put, build: Callable[[bytes], list[Command]]) -> Callable[[Request], Awaitable[Response]]:
    """
    One command for each of many. All have the request's id, which counts once for each order or package.

    Repeated: after a 503, which may come when some were taken, the same request goes on with the rest.
    """

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            commands = build(await _body(request))
            await asyncio.gather(*(put(_record(command, key, key)) for command in commands))
        except Problem as problem:
            return _problem(problem)
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take all commands: {type(error).__name__}"))
        return _accepted(key)

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


def reorder_of(name: str) -> UUID:
    """The buying side behind a reorder's id."""
    try:
        return operator_buying.replenishment_of(name)
    except ValueError:
        raise Problem(404, "Not found", "id: a reorder's id is a uuid, a dash and a number") from None


def _identified(name: str, what: str, derive: Callable[[tuple[str, str, str]], UUID]) -> UUID:
    parts = name.split(":")
    if len(parts) == 3 and name.isprintable() and all(0 < len(part) <= inputs.MAX_ID_CHARACTERS for part in parts):
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
    order_id, about = _brought(movement)
    recorded = RecordMovement(
        stock_item_id=target,
        kind=movement.kind,
        quantity=movement.quantity,
        reference=movement.reference,
        occurred_at=movement.occurred_at,
        order_id=order_id,
        about=about,
    )
    return [*_described(target, names), recorded]


def _brought(movement: Movement) -> tuple[UUID | None, str]:
    """Of which order goods that came back are, and what brought them."""
    if not (movement.order or movement.return_id or movement.package):
        return None, ""
    if movement.kind not in {"return_good", "return_damaged"}:
        raise Problem(422, "Invalid", "order: only goods that come back name the order that they are of")
    if not movement.order or (movement.return_id and movement.package):
        raise Problem(422, "Invalid", "order: must be named, with one of return_id and package at most")
    about = about_package(package_of(movement.package)) if movement.package else ""
    return order_of(movement.order), about_return(movement.return_id) if movement.return_id else about


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
            supply=None if described.supply is None else operator_buying.terms_of(described.supply),
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
    cancellation = _decoded(body, Cancellation)
    return [
        CancelOrder(
            order_id=target,
            reason=cancellation.reason,
            operator=SOURCE,
            lines=_units(cancellation.lines),
            reference=names["key"] if cancellation.lines else "",
        )
    ]


def _units(lines: tuple[LineUnits, ...]) -> tuple[LineQuantity, ...]:
    return tuple(LineQuantity(line_id=line.line_id, quantity=line.quantity) for line in lines)


def _split(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    packages = tuple(_units(lines) for lines in _decoded(body, Parcels).packages)
    return [SplitOrder(order_id=target, packages=packages, operator=SOURCE)]


def _answer_cancellation(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    answer = _decoded(body, Answer)
    return [
        AnswerCancellation(
            order_id=target,
            cancel_id=answer.cancel_id,
            approve=answer.approve,
            reason=answer.reason,
            operator=SOURCE,
        )
    ]


def _cancellations(body: bytes) -> list[Command]:
    many = _decoded(body, ManyOrders)
    targets = dict.fromkeys(order_of(name) for name in many.orders)
    return [CancelOrder(order_id=target, reason=many.reason, operator=SOURCE) for target in targets]


def _priority(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    priority = _decoded(body, Priority)
    if not 1 <= priority.score <= 100:
        raise Problem(422, "Invalid", "score: must be from 1 to 100")
    return [OverridePriority(order_id=target, score=priority.score, reason=priority.reason, operator=SOURCE)]


PackageStep = type[MarkPrinted] | type[MarkPacked] | type[HandOver] | type[PutBack]

PACKAGE_STEPS: dict[str, PackageStep] = {
    "printed": MarkPrinted,
    "packed": MarkPacked,
    "handed-over": HandOver,
    "put-back": PutBack,
}


def _stepped(command: PackageStep) -> Build:
    def build(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
        at = _decoded(body or b"{}", Moment).occurred_at or datetime.now(UTC)
        return [command(shipment_id=target, occurred_at=at, operator=SOURCE)]

    return build


def _package_steps(body: bytes) -> list[Command]:
    many = _decoded(body, ManyPackages)
    at = many.occurred_at or datetime.now(UTC)
    packages = dict.fromkeys(package_of(name) for name in many.packages)
    command = PACKAGE_STEPS[many.action]
    return [command(shipment_id=package, occurred_at=at, operator=SOURCE) for package in packages]


def _approve(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.approval(target, names["id"], SOURCE)]


def _decline(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.refusal(target, names["id"], _decoded(body, Reason).reason, SOURCE)]


def _supplier_answer(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.told(target, names["id"], _decoded(body, SupplierWord))]


def _replace_label(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [ReplaceLabel(shipment_id=target, reason=_decoded(body, Reason).reason, operator=SOURCE)]


def _buy_label(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [BuyLabel(shipment_id=target, operator=SOURCE)]


def _decoded(body: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(inputs.well_formed(body), type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, "Invalid", str(error)) from None
    except inputs.BadInput as error:
        raise Problem(400, "Not JSON", str(error)) from None


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


def _accepted(key: str) -> Response:
    return Response(msgspec.json.encode({"command_id": key}), status_code=202, media_type="application/json")


async def _body(request: Request) -> bytes:
    body = await read_body(request, MAX_BODY_BYTES)
    if body is None:
        raise Problem(413, "Too large", f"the body has more than {MAX_BODY_BYTES} bytes")
    return body


def acknowledgement_route(put: Put, find: FindAlert) -> Route:
    """The operator's endpoint for alerts, over a function that finds one. The alert's aggregate notes who saw it."""

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            seen: Acknowledgement = _decoded(await _body(request) or b"{}", Acknowledgement)
            alert = await find(_alert_id(request.path_params["id"]))
            await put(_record(acknowledging(alert, seen.by or SOURCE, seen.note), key))
        except NoSuchAlert as error:
            return _problem(Problem(404, "Not found", str(error)))
        except AlertNotOpen as error:
            return _problem(Problem(409, "Not open", str(error)))
        except Problem as problem:
            return _problem(problem)
        except STORE_FAULT as error:
            return _problem(Problem(503, "Unavailable", f"PostgreSQL did not answer: {type(error).__name__}"))
        except (BrokerUnavailable, Full, RecordTooLarge) as error:
            return _problem(Problem(503, "Unavailable", f"Kafka did not take the command: {type(error).__name__}"))
        return _accepted(key)

    return Route("/alerts/{id}/acknowledge", endpoint, methods=["POST"])


def _alert_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem(404, "Not found", "id: alert ids are a uuid; GET /alerts shows them") from None


def redelivery_route(redeliver: Redeliver) -> Route:
    """The operator's endpoint over a function that sends dead letters again."""

    async def endpoint(request: Request) -> Response:
        try:
            key = _idempotency_key(request)
            body = await _body(request)
            await redeliver(key, body, _wish(body))
        except Problem as problem:
            return _problem(problem)
        except NotRedeliverable as error:
            return _problem(Problem(422, "Invalid", str(error)))
        except STORE_FAULT as error:
            return _problem(Problem(503, "Unavailable", f"PostgreSQL did not take it: {type(error).__name__}"))
        return _accepted(key)

    return Route("/dead-letters/redeliver", endpoint, methods=["POST"])


def _wish(body: bytes) -> Wish:
    asked: Redelivery = _decoded(body, Redelivery)
    if bool(asked.ids) == asked.all or (asked.reason and not asked.all):
        raise Problem(422, "Invalid", "ids: either ids, or all, which may be narrowed by a reason")
    return Wish(asked.ids, asked.reason)
