"""What the board shows of an order's packages, and the marks that follow from how far they are."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from projections.published import Changes, Published
from schemas import events

LEFT = frozenset({"handed over", "delivered", "returned"})
"""The stages of a package that is out of the house."""

_PARTS = (
    ("partly_shipped", LEFT),
    ("partly_delivered", frozenset({"delivered"})),
    ("partly_returned", frozenset({"returned"})),
)

_RETURN = "return_opened"


class Package(msgspec.Struct, frozen=True):
    """
    One open package; `pushed` once the marketplace knows of its label.

    `stage`: open, printed, handed over, delivered or returned. `stopped`: it waits to be put back.
    """

    shipment_id: UUID
    carrier: str
    tracking_number: str
    pushed: bool = False
    package: str = ""
    stage: str = "open"
    stopped: bool = False


def marked(flags: tuple[str, ...], packages: tuple[Package, ...]) -> tuple[str, ...]:
    """The marks with those that follow from how far the packages are."""
    stages = [package.stage for package in packages]
    for mark, reached in _PARTS:
        there = sum(stage in reached for stage in stages)
        flags = with_mark(flags, mark) if 0 < there < len(stages) else without(flags, mark)
    all_back = bool(stages) and all(stage == "returned" for stage in stages)
    return with_mark(flags, "returned") if all_back else without(flags, "returned")


def still_open(packages: tuple[Package, ...], closed: tuple[UUID, ...]) -> tuple[Package, ...]:
    """The packages without those that were closed."""
    return tuple(package for package in packages if package.shipment_id not in closed) if closed else packages


def stopped(packages: tuple[Package, ...], shipments: tuple[UUID, ...]) -> tuple[Package, ...]:
    """The packages, these among them waiting to be put back."""
    if not shipments:
        return packages
    return tuple(
        msgspec.structs.replace(package, stopped=package.stopped or package.shipment_id in shipments)
        for package in packages
    )


def moved(packages: tuple[Package, ...], shipment: UUID, stage: str) -> tuple[Package, ...]:
    """The packages, one of them further on."""
    return tuple(
        msgspec.structs.replace(package, stage=stage) if package.shipment_id == shipment else package
        for package in packages
    )


def with_mark(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    """The marks with this one."""
    return flags if flag in flags else (*flags, flag)


def with_marks(flags: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """The marks with these."""
    return tuple(dict.fromkeys((*flags, *more)))


def without(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    """The marks without this one."""
    return tuple(each for each in flags if each != flag)


# Returns


def return_opened(row: Any, event: events.OrderReturnOpened, _: Published) -> Changes:
    """Goods come back: somebody is to inspect them, unless it is done."""
    return {} if event.settled else {"flags": with_mark(row.flags, _RETURN)}


def return_advanced(row: Any, event: events.OrderReturnAdvanced, _: Published) -> Changes:
    """A return that comes back no more may be the last one."""
    return {"flags": without(row.flags, _RETURN)} if event.dropped and not event.returns_open else {}


def goods_inspected(row: Any, event: events.OrderGoodsInspected, _: Published) -> Changes:
    """Somebody looked at goods that came back, maybe at the last ones."""
    return {} if event.returns_open else {"flags": without(row.flags, _RETURN)}
