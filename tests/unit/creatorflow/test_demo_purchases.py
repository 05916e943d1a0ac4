"""The data of the demo is whole, and so are the people invented for it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from creatorflow.demo.people import invent_buyer
from creatorflow.demo.purchases import PURCHASES_IN_FILE, Purchase, TooManyOrders, read_purchases


def test_all_purchases_are_there() -> None:
    """The file holds 69,659 purchases of 23,570 customers over 18 months, the odd ones included."""
    purchases = read_purchases(PURCHASES_IN_FILE)
    assert purchases[0] == Purchase(1, "00001", date(1997, 1, 1), 1, Decimal("11.77"))
    assert purchases[-1] == Purchase(PURCHASES_IN_FILE, "23149", date(1998, 6, 30), 2, Decimal("30.48"))
    assert len({purchase.customer for purchase in purchases}) == 23_570
    assert sum(purchase.amount == 0 for purchase in purchases) == 80
    assert max(purchase.quantity for purchase in purchases) == 99


def test_longer_runs_read_the_file_again() -> None:
    """Beyond its end the file starts anew, and rows go on counting."""
    last = read_purchases(PURCHASES_IN_FILE + 1)[-1]
    assert (last.row, last.customer) == (PURCHASES_IN_FILE + 1, "00001")


@pytest.mark.parametrize("orders", [0, -1, 1_000_000])
def test_numbers_that_cannot_be_sent_are_refused(orders: int) -> None:
    """No orders, and more than order numbers can tell apart, are refused before anything is sent."""
    with pytest.raises(TooManyOrders):
        read_purchases(orders)


def test_customer_is_always_the_same_person() -> None:
    """A buyer follows from the customer alone; another customer is somebody else."""
    assert invent_buyer("00001") == invent_buyer("00001")
    assert invent_buyer("00001") != invent_buyer("00002")


def test_people_live_at_every_kind_of_address() -> None:
    """Most have a street, some a post office box, a few a military one; nobody's line is too long for a label."""
    buyers = [invent_buyer(f"{number:05d}") for number in range(1, 5_001)]
    boxes = sum(buyer.street1.startswith("PO Box") for buyer in buyers)
    military = sum(buyer.city in ("APO", "FPO") for buyer in buyers)
    assert 75 < boxes < 250
    assert 15 < military < 120
    assert all(max(map(len, buyer)) <= 35 for buyer in buyers)
    assert len({buyer.name for buyer in buyers}) > 1_000
