"""TikTok Shop's own webhooks: genuine over app key and body, and read for what they hint at."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.tiktok.hints import TOPICS, Hint, delivery_of, message_of, parse
from gateways.tiktok.webhooks import is_genuine
from schemas.codec import BadMessage
from schemas.commands import RecordCancellation, RecordReturn
from schemas.inputs import BadInput
from schemas.values import order_id
from tests.tiktok_shop import APP_KEY, APP_SECRET, a_notice, a_status_notice
from tests.webhooks import CREATED, SHOP

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
NUMBER = "576800000000000001"
SAMPLES = [
    (
        (
            b'{"type":1,"tts_notification_id":"7400000000000000001","shop_id":"7490000000000000009","timestamp":1760000000,'
            b'"data":{"order_id":"576800000000000001","order_status":"AWAITING_SHIPMENT","is_on_hold_order":true,'
            b'"update_time":1759999998}}'
        ),
        "b8b302096dba90607cb16c6c3669521ea0913d83749315253b6121a76b7dbfba",
    ),
    (
        (
            b'{"type":3,"shop_id":"7490000000000000009","timestamp":1760000100,"data":{"order_id":"576800000000000001",'
            b'"update_time":1760000099}}'
        ),
        "67f8560a852c8c1eda492b1a87422240c48af777398cd0e05b61bffa78af0523",
    ),
    (
        (
            b'{"type":11,"tts_notification_id":"7400000000000000011","shop_id":"7490000000000000009",'
            b'"timestamp":1760000300,"data":{"order_id":"576800000000000002","cancellations_role":"BUYER",'
            b'"cancel_status":"CANCELLATION_REQUEST_PENDING","cancel_id":"403500000000000001","create_time":1760000299}}'
        ),
        "088a8197514acf8a3a51253f56b0c7bb3f27092a290410319e87826e5ac63311",
    ),
]
INVENTORY_CHANGED = (
    b'{"type":71,"tts_notification_id":"7400000000000000071","shop_id":"7490000000000000009","timestamp":1760001100,'
    b'"data":{"event_id":"inv-000123","occurred_at":"2025-10-09T09:11:39Z","shop_id":7490000000000000009,'
    b'"product_id":1729000000000000001,"sku_id":1729000000000000101,"quantity_snapshot_after_change":'
    b'{"total_quantity":64,"total_available_quantity":33}}}'
)


def fault_of(body: bytes) -> str:
    """Why a body is refused."""
    with pytest.raises((BadInput, BadMessage)) as refused:
        parse(body, NOW)
    return str(refused.value)


# The signature


@pytest.mark.parametrize(("body", "digest"), SAMPLES)
def test_sample_is_genuine_under_key_and_secret_alone(body: bytes, digest: str) -> None:
    """The documented digests; with another key, another secret, or another body it is no longer genuine."""
    secret = APP_SECRET.encode()
    assert is_genuine(message_of(APP_KEY, body), digest, [secret])
    assert not is_genuine(message_of("other", body), digest, [secret])
    assert not is_genuine(message_of(APP_KEY, body), digest, [b"other"])
    assert not is_genuine(message_of(APP_KEY, body + b" "), digest, [secret])
    assert not is_genuine(message_of(APP_KEY, body), digest.upper(), [secret])


# What the door reads


def test_notification_id_names_the_webhook_and_its_order_its_place() -> None:
    """Id, key and topic as they came, an id as a number too."""
    assert delivery_of(a_status_notice(NUMBER, notification="N1")) == ("N1", f"{SHOP}:{NUMBER}", "1")
    bare = b'{"type":"1","tts_notification_id":7,"shop_id":1,"data":{"order_id":2}}'
    assert delivery_of(bare) == ("7", "1:2", "1")


def test_webhook_without_an_id_is_named_by_topic_shop_and_bytes() -> None:
    """The same bytes have the same id, others another; what names no order has no key."""
    body = SAMPLES[1][0]
    first, second = delivery_of(body), delivery_of(body)
    assert first == second
    assert (len(first.event_id), first.key) == (64, "7490000000000000009:576800000000000001")
    assert delivery_of(body + b" ").event_id != first.event_id
    assert delivery_of(a_notice(6, message="bye")).key is None


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_door_reads_any_bytes(body: bytes) -> None:
    """Whatever is signed has an id."""
    assert delivery_of(body).event_id


# What the topics mean


@pytest.mark.parametrize(
    ("body", "urgent"),
    [
        (a_status_notice(NUMBER), False),
        (a_status_notice(NUMBER, "CANCEL"), True),
        (a_status_notice(NUMBER, "CANCELLED"), True),
        (a_status_notice(NUMBER, "AT_SORTING_CENTRE"), False),
        (a_notice(3, notification=None, order_id=int(NUMBER), update_time=str(CREATED)), True),
    ],
)
def test_change_of_an_order_is_a_read_of_it(body: bytes, urgent: bool) -> None:
    """Whatever the status says, the order is read; first where units may come free or a parcel must be stopped."""
    hint = parse(body, NOW)
    assert (hint.shop, hint.orders, hint.urgent, hint.commands) == (SHOP, (NUMBER,), urgent, ())


def test_packages_name_each_of_their_orders_once() -> None:
    """Combined packages: every order whose lines moved is read."""
    packages = [{"package_id": "1", "order_id_list": ["11", 12]}, {"package_id": "2", "order_id_list": ["12"]}]
    hint = parse(a_notice(4, sc_type="COMBINE", package_list=packages, update_time=CREATED), NOW)
    assert hint.orders == ("11", "12")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("CANCELLATION_REQUEST_PENDING", "PENDING"),
        ("CANCELLATION_REQUEST_CANCELLED", "WITHDRAWN"),
        ("CANCELLATION_REQUEST_CANCEL", "WITHDRAWN"),
    ],
)
def test_wish_of_a_buyer_is_told_at_once(status: str, expected: str) -> None:
    """With its id, at the moment of the wish, and without a word of whose lines it is about; and the order is read."""
    wish: dict[str, Any] = {
        "order_id": NUMBER,
        "cancellations_role": "BUYER",
        "cancel_status": status,
        "cancel_id": 4035,
    }
    hint = parse(a_notice(11, **wish, create_time=CREATED), NOW)
    (command,) = hint.commands
    assert command == RecordCancellation(
        order_id=order_id("tiktok", SHOP, NUMBER),
        cancelled_at=datetime.fromtimestamp(CREATED, UTC),
        cancel_id="4035",
        status=expected,  # type: ignore[arg-type]
        lines_told=False,
    )
    assert (hint.orders, hint.urgent) == ((NUMBER,), True)


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("BUYER", "CANCELLATION_REQUEST_SUCCESS"),
        ("BUYER", "CANCELLATION_REQUEST_COMPLETE"),
        ("SELLER", "CANCELLATION_REQUEST_PENDING"),
        ("SYSTEM", "CANCELLATION_REQUEST_COMPLETE"),
    ],
)
def test_settled_cancellation_is_read_from_the_order(role: str, status: str) -> None:
    """A part may have been cancelled: the order shows what is left, its webhook does not."""
    wish: dict[str, Any] = {
        "order_id": NUMBER,
        "cancellations_role": role,
        "cancel_status": status,
        "cancel_id": "4035",
    }
    hint = parse(a_notice(11, **wish, create_time=CREATED), NOW)
    assert (hint.orders, hint.urgent, hint.commands) == ((NUMBER,), True, ())


def test_return_of_goods_is_told_with_its_id() -> None:
    """A return is followed by its own id and time; a refund alone sends nothing back."""
    told: dict[str, Any] = {
        "order_id": NUMBER,
        "return_id": "R1",
        "return_status": "BUYER_SHIPPED_ITEM",
        "update_time": CREATED,
    }
    hint = parse(a_notice(12, return_type="RETURN_AND_REFUND", **told), NOW)
    (command,) = hint.commands
    assert isinstance(command, RecordReturn)
    assert (command.return_id, command.status, hint.orders) == ("R1", "BUYER_SHIPPED_ITEM", (NUMBER,))
    assert parse(a_notice(12, return_type="REFUND", **told), NOW).commands == ()


def test_access_that_ends_is_told_with_its_moment() -> None:
    """Topic 6 ends it, topic 7 says when it will."""
    ended = parse(a_notice(6, message="seller deauthorized"), NOW)
    assert (ended.access_ended, ended.at) == (True, datetime.fromtimestamp(CREATED + 100, UTC))
    ends = parse(a_notice(7, message="soon", expiration_time=str(CREATED + 20_000_000)), NOW)
    assert (ends.access_ended, ends.access_ends_at) == (False, datetime.fromtimestamp(CREATED + 20_000_000, UTC))


@pytest.mark.parametrize(
    "body",
    [
        a_notice(5, product_id=1729000000000000001, status="PRODUCT_STATUS_CHANGED", update_time=CREATED),
        a_notice(24, goods_id="1", sku_id="2", update_time=CREATED),
        a_notice(27, product_id="1", sku_id="2", current_inventory_status="LOW_STOCK", update_time=CREATED),
        INVENTORY_CHANGED,
        a_notice(68, anything=[1]),
        b'{"type":17,"creator_open_id":"c","data":{"product_id":"1"}}',
    ],
)
def test_topic_that_nothing_here_takes_asks_for_nothing(body: bytes) -> None:
    """It makes sense, and is kept raw; a number that nobody knows, and a topic without a shop, likewise."""
    hint = parse(body, NOW)
    assert (hint.orders, hint.commands, hint.access_ended) == ((), (), False)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{}", "type: is missing"),
        (b'{"type":"one"}', "type: is no topic number"),
        (b'{"type":"\xc2\xb2"}', "type: is no topic number"),
        (a_notice(1, shop=""), "shop_id: is missing"),
        (a_notice(1, update_time=CREATED), "data.order_id: is missing"),
        (a_notice(1, order_id=1.5, update_time=CREATED), "data.order_id: must be text or a whole number"),
        (a_notice(1, order_id="1"), "data.update_time: is missing"),
        (a_notice(1, order_id="1", update_time=0), "data.update_time: is not between 2015 and now"),
        (b'{"type":1,"shop_id":"1"}', "data: "),
        (b'{"type":1,"shop_id":"1","data":[]}', "data: "),
        (a_notice(27, update_time=CREATED), "data.sku_id: is missing"),
        (a_notice(71, sku_id=1, occurred_at="yesterday"), "data.occurred_at: is not a time in ISO 8601"),
        (
            a_notice(71, sku_id=1, occurred_at="0001-01-01T00:00:00+14:00"),
            "data.occurred_at: is not a time in ISO 8601",
        ),
        (a_notice(71, sku_id=1, occurred_at="1970-01-01T00:00:00Z"), "data.occurred_at: is not between 2015 and now"),
        (
            a_notice(4, package_list=[{"order_id_list": [str(n) for n in range(501)]}], update_time=CREATED),
            "data.package_list: names more than 500 orders",
        ),
    ],
)
def test_nonsense_is_refused_by_field(body: bytes, reason: str) -> None:
    """The reason names the field and never the value."""
    assert fault_of(body).startswith(reason)


def _anything() -> st.SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=6
    )


@given(
    st.sampled_from(sorted(TOPICS)),
    st.dictionaries(st.sampled_from(["order_id", "update_time", "sku_id"]), _anything()),
)
def test_any_data_is_a_hint_or_refused(topic: int, data: dict[str, Any]) -> None:
    """Nothing but a refusal is ever raised."""
    try:
        hint = parse(json.dumps({"type": topic, "shop_id": "1", "data": data}).encode(), NOW)
    except (BadInput, BadMessage):
        return
    assert isinstance(hint, Hint)
