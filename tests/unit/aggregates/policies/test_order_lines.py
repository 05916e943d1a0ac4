"""Units of lines: taken, left out, added up."""

from __future__ import annotations

from aggregates.policies.order_lines import needs_of, take, units_of, without
from schemas.values import LineQuantity, Need
from tests.builders import a_line, item_of

LINES = (a_line("a", 3), a_line("b", 2), a_line("c", 0))


def units(**wanted: int) -> list[LineQuantity]:
    """Units of lines by their listing."""
    return [LineQuantity(line_id=f"line-{sku}", quantity=quantity) for sku, quantity in wanted.items()]


def shown(lines: tuple[object, ...]) -> dict[str, int]:
    """Lines in short."""
    return {line.sku_id: line.quantity for line in lines}  # type: ignore[attr-defined]


def test_a_wish_takes_at_most_what_is_there() -> None:
    """More than there is takes all there is; what is not there takes nothing."""
    assert shown(take(LINES, units(a=2, b=9, nobody=1))) == {"a": 2, "b": 2}


def test_what_is_left_is_never_less_than_none() -> None:
    """A line without a unit left is left out."""
    assert shown(without(LINES, units(a=1, b=9))) == {"a": 2}


def test_two_lines_of_one_name_share_a_wish() -> None:
    """A marketplace that names two lines alike is served from the first one on."""
    twice = (a_line("a", 1), a_line("a", 2))
    assert [line.quantity for line in take(twice, units(a=2))] == [1, 1]
    assert [line.quantity for line in without(twice, units(a=2))] == [1]


def test_units_leave_out_lines_of_none() -> None:
    """A line of quantity 0 says nothing."""
    assert units_of(LINES) == tuple(units(a=3, b=2))


def test_fc_32_a_bundle_that_shares_a_part_with_a_single_line() -> None:
    """FC-32: SET-A of tea and mug twice, SET-B of two teas, one tea, no mug: five teas and two mugs."""
    tea, mug = item_of("tea"), item_of("mug")
    parts = {
        "set-a": (Need(stock_item_id=tea, quantity=1), Need(stock_item_id=mug, quantity=1)),
        "set-b": (Need(stock_item_id=tea, quantity=2),),
        "tea": (Need(stock_item_id=tea, quantity=1),),
        "mug": (Need(stock_item_id=mug, quantity=1),),
    }
    lines = (a_line("set-a", 2), a_line("set-b", 1), a_line("tea", 1), a_line("mug", 0))
    assert needs_of(lines, lambda line: parts[line.sku_id]) == (
        Need(stock_item_id=tea, quantity=5),
        Need(stock_item_id=mug, quantity=2),
    )
