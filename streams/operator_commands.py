"""
What an operator's request becomes: its body checked, the ids in it found, the commands that it asks for.

Pure but for the clock of what says no time. What cannot be is a `Problem` that names the field and the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from aggregates.policies.returning import about_package, about_return
from schemas import inputs, values
from schemas.commands import (
    AnswerCancellation,
    BuyLabel,
    CancelOrder,
    CombineOrders,
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
from schemas.inputs import BadInput, grams
from schemas.tiktok import Weight
from schemas.values import LineQuantity, Need
from streams import operator_buying
from streams.operator_bodies import (
    MAX_ORDERS_COMBINED,
    Answer,
    Approval,
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
    SupplierWord,
)

Build = Callable[[UUID, dict[str, str], bytes], list[Command]]
"""The commands for a target, from what the path names and the body."""

SOURCE = "operator"


class Problem(Exception):
    """An error for the caller: status, title, detail."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title


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
    movement = decoded(body, Movement)
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
    count = decoded(body, Count)
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
    described = decoded(body, Description)
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
    parts = decoded(body, Parts).parts
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
    return [HoldOrder(order_id=target, reason=decoded(body, Reason).reason, operator=SOURCE)]


def _release(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [ReleaseOrder(order_id=target, operator=SOURCE)]


def _cancel(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    cancellation = decoded(body, Cancellation)
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
    packages = tuple(_units(lines) for lines in decoded(body, Parcels).packages)
    return [SplitOrder(order_id=target, packages=packages, operator=SOURCE)]


def _answer_cancellation(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    answer = decoded(body, Answer)
    return [
        AnswerCancellation(
            order_id=target,
            cancel_id=answer.cancel_id,
            approve=answer.approve,
            reason=answer.reason,
            operator=SOURCE,
        )
    ]


def many_orders(body: bytes) -> list[Command]:
    """Many orders cancelled, or sent in one package."""
    many = decoded(body, ManyOrders)
    targets = dict.fromkeys(order_of(name) for name in many.orders)
    if many.action == "combine":
        first, *others = targets
        if not 1 <= len(others) < MAX_ORDERS_COMBINED:
            raise Problem(422, "Invalid", f"orders: a package takes 2 to {MAX_ORDERS_COMBINED} orders")
        return [CombineOrders(order_id=first, others=tuple(others), operator=SOURCE)]
    return [CancelOrder(order_id=target, reason=many.reason, operator=SOURCE) for target in targets]


def _priority(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    priority = decoded(body, Priority)
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
        at = decoded(body or b"{}", Moment).occurred_at or datetime.now(UTC)
        return [command(shipment_id=target, occurred_at=at, operator=SOURCE)]

    return build


def package_steps(body: bytes) -> list[Command]:
    """One step of many packages."""
    many = decoded(body, ManyPackages)
    at = many.occurred_at or datetime.now(UTC)
    packages = dict.fromkeys(package_of(name) for name in many.packages)
    command = PACKAGE_STEPS[many.action]
    return [command(shipment_id=package, occurred_at=at, operator=SOURCE) for package in packages]


def _approve(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.approval(target, names["id"], decoded(body or b"{}", Approval).quantity, SOURCE)]


def _decline(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.refusal(target, names["id"], decoded(body, Reason).reason, SOURCE)]


def _supplier_answer(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [operator_buying.told(target, names["id"], decoded(body, SupplierWord))]


def _replace_label(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [ReplaceLabel(shipment_id=target, reason=decoded(body, Reason).reason, operator=SOURCE)]


def _buy_label(target: UUID, names: dict[str, str], body: bytes) -> list[Command]:
    return [BuyLabel(shipment_id=target, operator=SOURCE)]


def decoded(body: bytes, kind: type[Any]) -> Any:
    """The body as that kind. Raises `Problem`, which names field and reason."""
    try:
        return msgspec.json.decode(inputs.well_formed(body), type=kind)
    except msgspec.ValidationError as error:
        raise Problem(422, "Invalid", str(error)) from None
    except inputs.BadInput as error:
        raise Problem(400, "Not JSON", str(error)) from None


POSTED: dict[str, tuple[Callable[[str], UUID], Build]] = {
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
DESCRIBED: dict[str, tuple[Callable[[str], UUID], Build]] = {
    "/stock-items/{id}": (stock_item_of, _description),
    "/listings/{marketplace}/{shop}/{sku_id}": (stock_item_of, _parts),
}
