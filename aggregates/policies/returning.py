"""What a return or a package that came back awaits, by which name, and which of them a booking of goods settles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from schemas.values import Need

_DROPPED = ("CANCEL", "REJECT", "WITHDRAW")
_RETURN = "return "
_PACKAGE = "package "

Awaited = Mapping[str, Mapping[UUID, int]]
"""What each return or package still awaits; one without units was told before they were known, and takes any."""


def about_return(return_id: str) -> str:
    """The name of a return among what awaits goods."""
    return f"{_RETURN}{return_id}"


def about_package(shipment_id: UUID) -> str:
    """The name of a package among what awaits goods."""
    return f"{_PACKAGE}{shipment_id}"


def is_dropped(status: str) -> bool:
    """Whether nothing will come back of a return after all, by the marketplace's word for it."""
    return any(word in status.upper() for word in _DROPPED)


def open_returns(awaited: Iterable[str]) -> int:
    """How many of these are returns."""
    return sum(about.startswith(_RETURN) for about in awaited)


def open_packages(awaited: Iterable[str]) -> int:
    """How many of these are packages."""
    return sum(about.startswith(_PACKAGE) for about in awaited)


class Share(NamedTuple):
    """Units of one booking that count for one return or package, for none where `about` is empty, and what it lacks."""

    about: str
    quantity: int
    left: tuple[Need, ...] = ()


def shares_of(awaited: Awaited, about: str, stock_item_id: UUID, quantity: int) -> list[Share]:
    """
    What booked units count for: what they are said to be about, else whatever awaits them, the oldest first.

    What nothing awaits is ahead of the marketplace, or more than it told of.
    """
    named = [about] if about in awaited else [] if about else list(awaited)
    shares = []
    for each in named:
        if quantity == 0:
            break
        units = awaited[each]
        taken = quantity if not units else min(quantity, units.get(stock_item_id, 0))
        if taken > 0:
            shares.append(Share(each, taken, _left(units, stock_item_id, taken)))
            quantity -= taken
    return [*shares, Share("", quantity)] if quantity else shares


def _left(units: Mapping[UUID, int], stock_item_id: UUID, taken: int) -> tuple[Need, ...]:
    rest = {**units, stock_item_id: units.get(stock_item_id, 0) - taken}
    return tuple(Need(stock_item_id=item, quantity=left) for item, left in rest.items() if left > 0)


def ahead_of(needs: Iterable[Need], booked: Mapping[UUID, int]) -> tuple[tuple[Need, ...], tuple[Need, ...]]:
    """What is still to come of these units, and what of them was booked before."""
    awaits, ahead = [], []
    for need in needs:
        before = min(need.quantity, booked.get(need.stock_item_id, 0))
        if before:
            ahead.append(Need(stock_item_id=need.stock_item_id, quantity=before))
        if need.quantity > before:
            awaits.append(Need(stock_item_id=need.stock_item_id, quantity=need.quantity - before))
    return tuple(awaits), tuple(ahead)
