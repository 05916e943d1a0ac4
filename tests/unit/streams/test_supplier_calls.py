"""What an order is told of its call: the supplier's word, or nothing while a mail waits for its answer."""

from __future__ import annotations

from uuid import UUID

from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall
from schemas.commands import RecordSupplierAnswer
from streams.supplier_calls import hurry_answered, supplier_answered
from tests.builders import NOON

BUYING, ITEM = UUID(int=1), UUID(int=2)
PLACE = PlaceReorderCall(replenishment_id=BUYING, stock_item_id=ITEM, reorder_id="A", quantity=3)
HURRY = SpeedUpReorderCall(replenishment_id=BUYING, stock_item_id=ITEM, reorder_id="A")
CONFIRMED = SupplierAnswer("confirmed", due_at=NOON, supplier_reference="so-1")


def test_a_confirmation_names_the_date() -> None:
    """Placed or hurried, the order is told when it comes."""
    told = RecordSupplierAnswer(
        replenishment_id=BUYING, reorder_id="A", outcome="confirmed", due_at=NOON, supplier_reference="so-1"
    )
    assert supplier_answered(PLACE, CONFIRMED) == told
    assert hurry_answered(HURRY, CONFIRMED) == told


def test_a_refusal_to_hurry_is_no_refusal_of_the_order() -> None:
    """The order stands as it was placed."""
    refused = SupplierAnswer("refused", reason="supplier: on_its_way")
    placed, hurried = supplier_answered(PLACE, refused), hurry_answered(HURRY, refused)
    assert placed is not None
    assert hurried is not None
    assert (placed.outcome, hurried.outcome) == ("refused", "not_faster")
    assert hurried.reason == "supplier: on_its_way"


def test_a_mail_that_was_sent_says_nothing_yet() -> None:
    """The supplier's word comes later, by a person."""
    assert supplier_answered(PLACE, SupplierAnswer("sent")) is None
    assert hurry_answered(HURRY, SupplierAnswer("sent")) is None
