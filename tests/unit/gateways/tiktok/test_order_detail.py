"""An order as TikTok Shop shows it becomes the same command as one that the specification's webhook brings."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.tiktok.order_detail import Shown, parse
from schemas.addresses import us_state
from schemas.codec import BadMessage
from schemas.commands import RecordOrder
from schemas.inputs import BadInput
from schemas.values import SubItem, order_id
from tests.tiktok_shop import RECIPIENT, SKU, a_unit, an_order_shown
from tests.webhooks import CREATED, SHOP

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBER = "576800000000000001"


def shown(status: str = "AWAITING_SHIPMENT", **fields: Any) -> Shown:
    """What is read of an order with these fields."""
    return parse(json.dumps(an_order_shown(NUMBER, status, **fields)).encode(), SHOP, NOW)


def order(status: str = "AWAITING_SHIPMENT", **fields: Any) -> RecordOrder:
    """The command of an order with these fields."""
    return shown(status, **fields).order


def fault_of(**fields: Any) -> str:
    """Why an order with these fields is refused."""
    with pytest.raises((BadInput, BadMessage)) as refused:
        shown(**fields)
    return str(refused.value)


def moment(seconds: int) -> datetime:
    """So many seconds after the order was created."""
    return datetime.fromtimestamp(CREATED + seconds, UTC)


def test_order_becomes_a_command_and_a_person_apart_from_it() -> None:
    """The command holds where the parcel goes, and nothing of whom it goes to."""
    read = shown()
    told = read.order
    assert (told.order_id, told.number, told.status) == (order_id("tiktok", SHOP, NUMBER), NUMBER, "AWAITING_SHIPMENT")
    assert (told.created_at, told.updated_at, told.paid_at) == (moment(0), moment(60), moment(30))
    assert (told.total.amount, told.total.currency, told.flags) == (Decimal("26.73"), "USD", ())
    assert told.address is not None
    assert (told.address.country, told.address.state, told.address.city) == ("US", "IL", "Springfield")
    assert told.address.complete
    assert read.person is not None
    assert (read.person.name, read.person.street1, read.person.street2) == ("Ada Sample", "12 Boxwood Road", "Suite 4")
    assert read.buyer_id == "7021000000000000001"
    assert not any(mark in str(told) for mark in ("Ada", "Boxwood", "555", "v2b2V5"))


# Lines


def test_units_of_a_sku_are_one_line() -> None:
    """Three units of one SKU and one of another: two lines, named after their SKUs."""
    units = [a_unit(1), a_unit(2), a_unit(3, "22", seller_sku="MUG-1"), a_unit(4)]
    lines = order(line_items=units, payment={"currency": "USD", "total_amount": "80"}).lines
    assert [(line.line_id, line.sku_id, line.quantity) for line in lines] == [(SKU, SKU, 3), ("22", "22", 1)]
    assert (lines[0].seller_sku, lines[1].seller_sku) == ("TEA-30", "MUG-1")


def test_fc_23_cancelled_units_make_the_line_smaller() -> None:
    """FC-23: what is cancelled is asked for no more; a line of which nothing is left has quantity 0."""
    units = [a_unit(1), a_unit(2, display_status="CANCELLED"), a_unit(3, "22", display_status="CANCELLED")]
    assert [line.quantity for line in order(line_items=units).lines] == [1, 0]


def test_cancelled_order_shows_what_was_ordered() -> None:
    """Cancelled as a whole: its lines stay what they were."""
    units = [a_unit(number, display_status="CANCELLED") for number in (1, 2)]
    assert [line.quantity for line in order("CANCELLED", line_items=units).lines] == [2]


def test_units_that_cost_differently_have_no_price_of_one() -> None:
    """A cent that a discount left on one unit is nobody's average; the sums still agree."""
    units = [a_unit(1, sale_price="3.34"), a_unit(2, sale_price="3.33"), a_unit(3, sale_price="3.33")]
    told = order(line_items=units, payment={"currency": "USD", "sub_total": "10.00", "total_amount": "10.00"})
    assert (told.lines[0].unit_price, told.flags) == (None, ())


def test_sums_that_differ_are_flagged_and_stop_nothing() -> None:
    """The platform's total counts; TikTok does not say whether a cancelled unit is in the sum, so both are right."""
    payment = {"currency": "USD", "sub_total": "19.98", "total_amount": "19.98"}
    assert order(payment=payment).flags == ("total-differs:-0.01",)
    units = [a_unit(1), a_unit(2, display_status="CANCELLED")]
    for sum_told in ("19.99", "39.98"):
        assert order(line_items=units, payment={**payment, "sub_total": sum_told}).flags == ()


def test_parts_of_a_bundle_are_named_by_either_list() -> None:
    """A bundle's parts with their count, or one entry a unit."""
    combined = [{"sku_id": "11", "sku_count": 2}, {"sku_id": "12", "sku_count": "1"}]
    parts = (SubItem(sku_id="11", quantity=2), SubItem(sku_id="12", quantity=1))
    assert order(line_items=[a_unit(combined_listing_skus=combined)]).lines[0].sub_items == parts
    subs = [{"id": "1", "sku_id": "11"}, {"id": "2", "sku_id": "11"}, {"id": "3", "sku_id": "12"}]
    assert order(line_items=[a_unit(sub_item_info=subs)]).lines[0].sub_items == parts


def test_live_session_is_the_content() -> None:
    """The room of the first unit that came from a LIVE session; an empty one, or 0, is none."""
    units = [a_unit(1, room_id=""), a_unit(2, room_id="0"), a_unit(3, room_id="7350000000000000001")]
    assert order(line_items=units).content_id == "7350000000000000001"
    assert order().content_id == ""


# Status, address, clocks


@pytest.mark.parametrize("status", ["UNPAID", "PARTIALLY_SHIPPING", "CANCELLED", "AT_SORTING_CENTRE"])
def test_fc_11_any_status_is_told_as_it_is(status: str) -> None:
    """FC-11: which of them we know the order decides; unknown fields are ignored."""
    assert order(status).status == status


@pytest.mark.parametrize(
    "recipient",
    [{**RECIPIENT, "name": "A** S***"}, {**RECIPIENT, "address_line1": "***"}, {**RECIPIENT, "address_line1": ""}],
)
def test_fc_17_masked_address_is_not_complete(recipient: dict[str, Any]) -> None:
    """FC-17: the order is taken, and waits for an address without asterisks."""
    address = order(recipient_address=recipient).address
    assert address is not None
    assert not address.complete


def test_fc_17_order_on_hold_has_no_address() -> None:
    """FC-17: withheld, there is no address and no person."""
    read = shown("ON_HOLD", recipient_address=None)
    assert (read.order.address, read.person) == (None, None)


def test_address_abroad_takes_what_its_market_tells() -> None:
    """A British post town; a street only in `address_detail`; further lines in one."""
    recipient = {
        "name": "Bo",
        "region_code": "gb",
        "post_town": "Ribbleton",
        "address_detail": "1 High Street",
        "address_line3": "Flat 2",
        "address_line4": "Rear",
        "district_info": [{"address_level": "L1", "address_name": "England"}],
    }
    read = shown(recipient_address=recipient)
    assert read.order.address is not None
    assert read.person is not None
    assert (read.order.address.country, read.order.address.state, read.order.address.city) == (
        "GB",
        "England",
        "Ribbleton",
    )
    assert (read.person.street1, read.person.street2) == ("1 High Street", "Flat 2, Rear")


def test_fc_19_military_post_is_known_by_its_state() -> None:
    """FC-19: spelled out or in letters, only a carrier that serves it may take it."""
    levels = [{"address_level": "L1", "address_name": "Armed Forces Europe"}]
    address = order(recipient_address={**RECIPIENT, "district_info": levels}).address
    assert address is not None
    assert (address.state, address.kind) == ("AE", "military")


@pytest.mark.parametrize(
    ("name", "code"), [("Illinois", "IL"), (" new york ", "NY"), ("CA", "CA"), ("Sonora", "Sonora")]
)
def test_states_have_two_letters(name: str, code: str) -> None:
    """Spelled out by TikTok, two letters on a label."""
    assert us_state(name) == code


def test_clocks_follow_the_shipment() -> None:
    """Dispatch by the collection SLA; cancelled by the shipping time until it is arranged, then by the collection."""
    before, after = order().deadlines, order("AWAITING_COLLECTION").deadlines
    assert (before.dispatch_by, before.cancel_by, before.deliver_by) == (
        moment(200_000),
        moment(300_000),
        moment(600_000),
    )
    assert after.cancel_by == moment(400_000)
    other: dict[str, Any] = {"tts_sla_time": 0, "delivery_sla_time": None, "delivery_due_time": CREATED + 700_000}
    assert order(**other).deadlines.dispatch_by == moment(100_000)
    assert order(**other).deadlines.deliver_by == moment(700_000)
    none = order(tts_sla_time=0, rts_sla_time=None, shipping_due_time="0", paid_time=0)
    assert (none.deadlines.dispatch_by, none.deadlines.cancel_by, none.paid_at) == (None, None, None)


# Who ships, and what kind of order it is


@pytest.mark.parametrize(
    ("fulfilment", "shipping", "expected"),
    [
        ("FULFILLMENT_BY_SELLER", "SELLER", "SELLER"),
        ("FULFILLMENT_BY_SELLER", "TIKTOK", "TIKTOK"),
        ("FULFILLMENT_BY_SELLER", "TIKTOK_DIGITAL", "TIKTOK"),
        ("FULFILLMENT_BY_TIKTOK", "TIKTOK", "FBT"),
        ("FULFILLMENT_BY_TIKTOK", "SELLER", "FBT"),
        (None, None, "SELLER"),
        ("FULFILLMENT_BY_SELLER", "DRONE", "SELLER"),
    ],
)
def test_who_ships(fulfilment: str | None, shipping: str | None, expected: str) -> None:
    """The seller, TikTok with its own label, or TikTok out of its own warehouse."""
    assert order(fulfillment_type=fulfilment, shipping_type=shipping).shipping_type == expected


def test_kind_of_order_is_flagged() -> None:
    """A sample; a replacement and an exchange with the order that they come from."""
    assert order(is_sample_order=True).flags == ("sample",)
    assert order(is_replacement_order=True, replaced_order_id="5764").flags == ("replaces:5764",)
    assert order(is_exchange_order=True, exchange_source_order_id=5765).flags == ("exchanges:5765",)


def test_fc_16_currency_that_is_unknown_or_mixed_is_flagged() -> None:
    """FC-16: nothing is guessed of its decimals; a person looks."""
    assert order(line_items=[a_unit(currency="XXQ")], payment={"currency": "XXQ", "total_amount": "1"}).flags == (
        "currency-unknown",
    )
    assert "currency-mixed" in order(line_items=[a_unit(currency="EUR")]).flags


def test_control_characters_are_removed_and_flagged() -> None:
    """The order is taken, and says what was mended."""
    told = order(line_items=[a_unit(seller_sku="TEA\x00-30")])
    assert (told.lines[0].seller_sku, told.flags) == ("TEA-30", ("text-cleaned",))


# Nonsense


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": None}, "id: is missing"),
        ({"status": None}, "status: is missing"),
        ({"line_items": []}, "line_items: an order needs at least one line"),
        ({"line_items": [a_unit(sku=1.5)]}, "line_items[0].sku_id: must be text or a whole number"),  # type: ignore[arg-type]
        ({"line_items": [a_unit(sale_price="1,234.50")]}, "line_items[0].sale_price: "),
        ({"payment": None}, "payment.total_amount: is missing"),
        ({"update_time": 0}, "update_time: is not between 2015 and now"),
        ({"update_time": CREATED + 10_000_000_000}, "update_time: "),
        ({"recipient_address": []}, "order: "),
    ],
)
def test_nonsense_is_refused_by_field(fields: dict[str, Any], reason: str) -> None:
    """The reason names the field and never the value."""
    assert fault_of(**fields).startswith(reason)


FIELDS = sorted(an_order_shown(NUMBER))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)


@given(st.dictionaries(st.sampled_from(FIELDS), SCALARS | st.lists(SCALARS, max_size=2), max_size=4))
def test_any_order_is_taken_or_refused(fields: dict[str, Any]) -> None:
    """Nothing but a refusal is ever raised: one odd order must not keep those back that were read with it."""
    body = json.dumps({**an_order_shown(NUMBER), **fields}).encode()
    try:
        read = parse(body, SHOP, NOW)
    except (BadInput, BadMessage):
        return
    assert read.order.lines
