"""Which units of an order go in a parcel: those of its SKUs that no other parcel has."""

from __future__ import annotations

import pytest

from gateways.marketplaces import DONE, PushResult
from gateways.tiktok.seller_shipping import NOT_OPEN, Parcel, Unit, parcel_of
from schemas.calls import PushFulfilmentCall
from schemas.values import LineQuantity, order_id, shipment_id

TEA, MUG = "1", "2"
ORDER = order_id("tiktok", "7", "1")
OTHER_NUMBER = PushResult("refused", "shipped already with another tracking number")


def a_unit(number: str, sku: str = TEA, *, tracking: str = "", package: str = "", status: str = "TO_SHIP") -> Unit:
    """One line item."""
    return Unit(number, sku, status, tracking, package)


def a_push(*, replaces: str = "", **units: int) -> PushFulfilmentCall:
    """A push with the number T1; units by SKU, `tea` and `mug`."""
    names = {"tea": TEA, "mug": MUG}
    return PushFulfilmentCall(
        order_id=ORDER,
        shipment_id=shipment_id("tiktok", "7", "1-1"),
        marketplace="tiktok",
        shop="7",
        order_number="1",
        package="1-1",
        carrier="usps",
        tracking_number="T1",
        lines=tuple(LineQuantity(line_id=names[name], quantity=count) for name, count in units.items()),
        replaces=replaces,
    )


@pytest.mark.parametrize(
    ("units", "push", "expected"),
    [
        ([a_unit("a"), a_unit("b"), a_unit("c", MUG)], a_push(tea=1, mug=1), Parcel(("a", "c"))),
        ([a_unit("a"), a_unit("b", status="CANCELLED")], a_push(), Parcel(("a",))),
        ([a_unit("a"), a_unit("b", status="CANCELLED")], a_push(tea=2), PushResult("refused", NOT_OPEN)),
        ([a_unit("a", tracking="T1")], a_push(tea=1), DONE),
        ([a_unit("a", tracking="T1")], a_push(), DONE),
        ([a_unit("a", tracking="T1"), a_unit("b")], a_push(tea=2), Parcel(("b",))),
        ([a_unit("a", tracking="T2")], a_push(tea=1), OTHER_NUMBER),
        ([a_unit("a", tracking="T2")], a_push(), PushResult("refused", NOT_OPEN)),
        ([], a_push(tea=1), PushResult("refused", NOT_OPEN)),
        ([a_unit("a", package="P1"), a_unit("b", package="P1")], a_push(tea=2), Parcel(("a", "b"), "P1")),
        ([a_unit("a", package="P1"), a_unit("b", package="P1")], a_push(tea=1), Parcel(("a",))),
        (
            [a_unit("a", tracking="T0", package="P1"), a_unit("b", tracking="T2", package="P2")],
            a_push(tea=1, replaces="T0"),
            Parcel(("a",), "P1", shipped=True),
        ),
        (
            [a_unit("a", tracking="T0", package="P1"), a_unit("b", tracking="T0", package="P1")],
            a_push(tea=1, replaces="T0"),
            PushResult("refused", "the parcel of the number that is replaced holds other units"),
        ),
    ],
)
def test_units_of_a_parcel(units: list[Unit], push: PushFulfilmentCall, expected: Parcel | PushResult) -> None:
    """Cancelled units never count, units under another number only where that one is replaced."""
    assert parcel_of(units, push, set()) == expected


def test_units_that_another_parcel_of_the_same_request_takes_are_left_to_it() -> None:
    """Two parcels of one order in one request do not share a unit."""
    units = [a_unit("a"), a_unit("b")]
    assert parcel_of(units, a_push(tea=1), {"a"}) == Parcel(("b",))
