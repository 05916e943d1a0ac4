"""Units of an order's lines: which of them a wish names, what is left without them, what they ask of stock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from msgspec.structs import replace

from schemas.values import LineQuantity, Need, OrderLine

Lines = tuple[OrderLine, ...]


def units_of(lines: Iterable[OrderLine]) -> tuple[LineQuantity, ...]:
    """Lines in short. One of quantity 0 says nothing."""
    return tuple(LineQuantity(line_id=line.line_id, quantity=line.quantity) for line in lines if line.quantity > 0)


def take(lines: Lines, wanted: Iterable[LineQuantity]) -> Lines:
    """The units of these lines that a wish names, at most what is there."""
    left = _summed(wanted)
    taken = []
    for line in lines:
        quantity = min(line.quantity, left.get(line.line_id, 0))
        if quantity > 0:
            left[line.line_id] -= quantity
            taken.append(line if quantity == line.quantity else replace(line, quantity=quantity))
    return tuple(taken)


def without(lines: Lines, gone: Iterable[LineQuantity]) -> Lines:
    """The lines less these units, never fewer than none; a line with no unit left is left out."""
    less = _summed(gone)
    left = []
    for line in lines:
        quantity = min(line.quantity, less.get(line.line_id, 0))
        if quantity > 0:
            less[line.line_id] -= quantity
        if line.quantity > quantity:
            left.append(line if quantity == 0 else replace(line, quantity=line.quantity - quantity))
    return tuple(left)


def beyond(lines: Lines, shown: Iterable[OrderLine]) -> tuple[LineQuantity, ...]:
    """The units of each line beyond what is shown of it. A line that is not shown says nothing."""
    asked, told = _summed(units_of(lines)), _summed(shown)
    return tuple(
        LineQuantity(line_id=line_id, quantity=asked[line_id] - quantity)
        for line_id, quantity in told.items()
        if asked.get(line_id, 0) > quantity
    )


def needs_of(lines: Iterable[OrderLine], parts: Callable[[OrderLine], tuple[Need, ...]]) -> tuple[Need, ...]:
    """What lines ask of stock, all bundle parts added up. `parts` says what one unit of a line asks."""
    units: dict[UUID, int] = {}
    for line in lines:
        if line.quantity > 0:
            for need in parts(line):
                units[need.stock_item_id] = units.get(need.stock_item_id, 0) + need.quantity * line.quantity
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in units.items() if quantity > 0)


def _summed(wanted: Iterable[LineQuantity | OrderLine]) -> dict[str, int]:
    units: dict[str, int] = {}
    for each in wanted:
        units[each.line_id] = units.get(each.line_id, 0) + each.quantity
    return units
