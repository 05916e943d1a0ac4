"""The door: only what is genuine gets in, unchanged, and the answer says whether it is durable."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from prometheus_client import REGISTRY

from gateways.tiktok import door as tiktok_door
from gateways.tiktok.door import TikTokApp, TikTokDoor
from gateways.webhooks import Secret
from projections.alerts import AlertRow
from schemas.topics import TIKTOK_WEBHOOKS
from streams import ingress
from streams.ingress import MAX_BODY_BYTES, build_ingress
from streams.publishing import BrokerUnavailable
from streams.redelivery import Wish
from tests.kept_publisher import KeptPublisher, raising
from tests.tiktok_shop import APP_KEY, APP_SECRET, a_status_notice, signed_by_tiktok
from tests.webhooks import SECRET, SHOP, an_order_webhook, sign

BODY = an_order_webhook("576900000000000001")
FC_01 = (
    b'{"update_time": 1764000000,\n'
    b' "order_id":"576900000000000101", "buyer_note":"caf\\u00E9 \\ud83c\\udf75 \\u001B[0m \\/ 1.0", "w":1.0,'
    b'"shop_id":"7490000000000000001"}'
)
FC_01_SIGNATURE = "e63e5c49e2023cb69e4fd48034c3ec82ba9e870ffbf2110cdb249318a9156550"
FC_01_OF_THE_DUMP = "4f28985839933fed349da96fd716e2d28fc17ac7bc1811f9ef9f0abea30ada17"


async def no_redelivery(_key: str, _body: bytes, _wish: Wish) -> None:
    """Webhooks need no database."""
    raise AssertionError("nobody asked for dead letters")


async def no_alert(_alert_id: UUID) -> AlertRow:
    """Webhooks need no database."""
    raise AssertionError("nobody saw an alert")


class Door:
    """An ingress in this process, over a broker that is a list."""

    def __init__(self, client: httpx.AsyncClient, publisher: KeptPublisher) -> None:
        self.client = client
        self.publisher = publisher

    async def deliver(self, body: bytes = BODY, event_id: str = "E1", **headers: Any) -> httpx.Response:
        """Send a webhook that is genuine unless the headers say otherwise."""
        given: dict[str, Any] = {
            "x-tiktok-shop-signature": sign(body),
            "x-tiktok-shop-event-id": event_id,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = {name: value for name, value in given.items() if value is not None}
        return await self.client.post("/webhooks/tiktok", content=body, headers=sent)


@asynccontextmanager
async def a_door(*secrets: Secret, tiktok_app: TikTokApp | None = None) -> AsyncIterator[Door]:
    """An ingress that runs."""
    publisher = KeptPublisher()
    app, gatherer = build_ingress({"tiktok": TikTokDoor(secrets, tiktok_app)}, publisher, no_redelivery, no_alert)
    running = asyncio.create_task(gatherer.run())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
        yield Door(client, publisher)
    running.cancel()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """An ingress with the secret of the field cases."""
    async with a_door(Secret(SECRET.encode())) as made:
        yield made


def refused() -> float:
    """How many webhooks were refused for their signature so far."""
    return REGISTRY.get_sample_value("creatorflow_webhooks_total", {"answer": "bad_signature"}) or 0.0


# FC-01


async def test_fc_01_signature_is_checked_over_the_raw_bytes(door: Door) -> None:
    """A body that no dump of its JSON reproduces is genuine, and stands on its topic byte for byte."""
    answer = await door.deliver(FC_01, x_tiktok_shop_signature=FC_01_SIGNATURE)
    assert answer.status_code == 200
    assert [record.value for record in door.publisher.records] == [FC_01]


async def test_fc_01_signature_over_a_dump_of_the_body_is_refused(door: Door) -> None:
    """Who signed another form of the same JSON did not sign this."""
    answer = await door.deliver(FC_01, x_tiktok_shop_signature=FC_01_OF_THE_DUMP)
    assert (answer.status_code, door.publisher.records) == (401, [])
    dump = json.dumps(json.loads(FC_01)).encode()
    assert sign(dump) != FC_01_SIGNATURE


# FC-03

GENUINE = sign(BODY)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "abc",
        GENUINE[:-1],
        GENUINE + "0",
        ("é" * 64).encode(),
        ("é" * 64).encode("latin-1"),
        ("é" * 32).encode(),
        "z" + GENUINE[1:],
        GENUINE.upper(),
        f" {GENUINE} x",
        "0" * 64,
        b"\xff" * 64,
        "sha256=" + GENUINE,
    ],
    ids=str,
)
async def test_fc_03_malformed_signature_is_refused_and_counted(door: Door, signature: str | bytes | None) -> None:
    """Whatever the header holds, the answer is 401, nothing is stored, and one counter goes up by one."""
    before = refused()
    answer = await door.deliver(x_tiktok_shop_signature=signature)
    assert (answer.status_code, door.publisher.records, refused() - before) == (401, [], 1)


async def test_fc_03_header_name_may_have_any_letter_case(door: Door) -> None:
    """HTTP header names have no case."""
    headers = {"X-TIKTOK-SHOP-SIGNATURE": GENUINE, "X-TikTok-Shop-Event-Id": "E1"}
    answer = await door.client.post("/webhooks/tiktok", content=BODY, headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("secrets", [(), (Secret(b""),), (Secret(b""), Secret(b""))])
def test_fc_03_door_without_a_secret_does_not_open(secrets: tuple[Secret, ...]) -> None:
    """No secret, or an empty one, is refused at the start: an empty key would let everybody sign."""
    with pytest.raises(ValueError, match="no webhook secret"):
        TikTokDoor(secrets, None)


async def test_fc_03_empty_secret_beside_a_real_one_accepts_nothing() -> None:
    """A rotation that left one value empty opens no second way in."""
    async with a_door(Secret(SECRET.encode()), Secret(b"")) as made:
        answer = await made.deliver(x_tiktok_shop_signature=sign(BODY, ""))
    assert answer.status_code == 401


# Secrets that change


async def test_previous_secret_is_valid_until_its_end() -> None:
    """While a secret is changed both are genuine; afterwards the old one is not."""
    now = datetime.now(UTC)
    for until, status in ((now + timedelta(hours=1), 200), (now - timedelta(seconds=1), 401)):
        async with a_door(Secret(b"new"), Secret(b"old", until)) as made:
            answer = await made.deliver(x_tiktok_shop_signature=sign(BODY, "old"))
        assert answer.status_code == status


# TikTok Shop's own format

APP = TikTokApp(APP_KEY, [Secret(APP_SECRET.encode())])
HINT = a_status_notice("576800000000000001", notification="7400000000000000001")


async def hand_in(door: Door, body: bytes = HINT, signature: bytes | None = None) -> httpx.Response:
    """Send a webhook as TikTok Shop does, genuine unless another signature is given."""
    return await door.deliver(
        body,
        x_tiktok_shop_signature=None,
        x_tiktok_shop_event_id=None,
        authorization=signed_by_tiktok(body) if signature is None else signature,
    )


async def test_tiktok_shop_is_answered_with_nothing() -> None:
    """200 and no body, once and again; the bytes stand on the topic once, with id, format and topic number."""
    async with a_door(Secret(SECRET.encode()), tiktok_app=APP) as made:
        for _ in range(2):
            answer = await hand_in(made)
            assert (answer.status_code, answer.content) == (200, b"")
    (record,) = made.publisher.records
    assert (record.key, record.value) == (f"{SHOP}:576800000000000001".encode(), HINT)
    headers = dict(record.headers)
    assert (headers["event-id"], headers["signature-format"], headers["topic-number"]) == (
        b"7400000000000000001",
        b"tiktok",
        b"1",
    )


async def test_tiktok_shop_retry_with_another_body_is_taken() -> None:
    """The same notification pushed at another moment is no repeat here; what it asks for is asked once anyway."""
    async with a_door(Secret(SECRET.encode()), tiktok_app=APP) as made:
        await hand_in(made)
        await hand_in(made, HINT + b" ")
        assert len(made.publisher.records) == 2


@pytest.mark.parametrize(
    "signature", ["", "abc", sign(HINT), "Bearer " + signed_by_tiktok(HINT), signed_by_tiktok(HINT).upper(), "é" * 32]
)
async def test_tiktok_shop_with_a_wrong_signature_is_refused(signature: str) -> None:
    """401, which TikTok takes as final, so only for what is not genuine; the other format's secret is not TikTok's."""
    async with a_door(Secret(SECRET.encode()), tiktok_app=APP) as made:
        answer = await hand_in(made, signature=signature.encode())
    assert (answer.status_code, answer.content, made.publisher.records) == (401, b"", [])


async def test_tiktok_shop_may_sign_with_the_secret_before_for_a_while() -> None:
    """Until its time the app's previous secret is as good as the present one; afterwards it is 401."""
    now = datetime.now(UTC)
    for until, status in ((now + timedelta(hours=1), 200), (now - timedelta(seconds=1), 401)):
        app = TikTokApp(APP_KEY, [Secret(b"new"), Secret(APP_SECRET.encode(), until)])
        async with a_door(Secret(SECRET.encode()), tiktok_app=app) as made:
            assert (await hand_in(made)).status_code == status


async def test_tiktok_shop_without_our_secret_is_to_come_again(door: Door) -> None:
    """What is missing is ours: 503, never 401, and nothing is taken."""
    answer = await hand_in(door)
    assert (answer.status_code, answer.content, door.publisher.records) == (503, b"", [])


async def test_tiktok_shop_is_answered_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kafka that says nothing within the limit is 503: TikTok would hang up at three seconds."""
    monkeypatch.setattr(tiktok_door, "ANSWER_WITHIN_SECONDS", 0.05)
    silence = asyncio.Event()

    async def never() -> None:
        await silence.wait()

    async with a_door(Secret(SECRET.encode()), tiktok_app=APP) as made:
        made.publisher.instead = never
        assert (await hand_in(made)).status_code == 503
        silence.set()


@pytest.mark.parametrize("body", [b"not json", b"", b"\xff\xfe", b'{"type":{},"data":7}', b"[" * 100_000])
async def test_tiktok_shop_nonsense_is_taken(body: bytes) -> None:
    """Genuine bytes are recorded, whatever they are, and judged later."""
    async with a_door(Secret(SECRET.encode()), tiktok_app=APP) as made:
        assert (await hand_in(made, body)).status_code == 200
    assert [record.value for record in made.publisher.records] == [body]


# What gets on the topic


async def test_webhook_stands_on_its_topic_keyed_by_shop_and_order(door: Door) -> None:
    """All webhooks of one order go to one partition, with their id and the time of their receipt."""
    await door.deliver()
    (record,) = door.publisher.records
    headers = dict(record.headers)
    assert (record.topic, record.key) == (TIKTOK_WEBHOOKS, f"{SHOP}:576900000000000001".encode())
    assert (headers["event-id"], headers["signature-format"]) == (b"E1", b"specification")
    assert abs(datetime.fromisoformat(headers["received-at"].decode()) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_genuine_nonsense_is_taken(door: Door) -> None:
    """What is signed is recorded, and judged later, by intake."""
    answer = await door.deliver(b"not json at all", "E9")
    assert answer.status_code == 200
    assert [(record.key, record.value) for record in door.publisher.records] == [(b"E9", b"not json at all")]


@pytest.mark.parametrize(
    "body", [b'{"x":' * 200_000, b"[" * 1_000_000, b'{"order_id":"\\ud800"}', b"\xff\xfe\x00", b""]
)
async def test_nonsense_of_any_shape_is_taken(door: Door, body: bytes) -> None:
    """Nesting that ends a decoder's stack, escapes that are no text, no bytes at all: never a 500."""
    assert (await door.deliver(body, "E9")).status_code == 200
    assert [(record.key, record.value) for record in door.publisher.records] == [(b"E9", body)]


async def test_webhook_without_an_id_is_named_by_its_bytes(door: Door) -> None:
    """The same bytes then always have the same id."""
    first = await door.deliver(x_tiktok_shop_event_id=None)
    second = await door.deliver(x_tiktok_shop_event_id=None)
    assert first.json()["event_id"] == second.json()["event_id"]
    assert len(first.json()["event_id"]) == 64


async def test_long_event_id_is_cut(door: Door) -> None:
    """An id that no index would take does not get far."""
    await door.deliver(event_id="x" * 5_000)
    assert dict(door.publisher.records[0].headers)["event-id"] == b"x" * 200


# Repeats


async def test_repeat_is_answered_as_already_processed(door: Door) -> None:
    """The same id and body, once acknowledged, is not sent again."""
    answers = [(await door.deliver()).json()["status"] for _ in range(2)]
    assert answers == ["accepted", "already_processed"]
    assert len(door.publisher.records) == 1


async def test_same_id_with_another_body_is_taken(door: Door) -> None:
    """A reused id is no repeat; intake and inbox decide what it means."""
    await door.deliver()
    answer = await door.deliver(an_order_webhook("576900000000000002"))
    assert answer.json()["status"] == "accepted"
    assert len(door.publisher.records) == 2


async def test_what_was_not_acknowledged_is_no_repeat(door: Door) -> None:
    """A delivery that Kafka did not take is answered 503, and the next one is taken."""
    door.publisher.instead = raising(BrokerUnavailable("away"))
    assert (await door.deliver()).status_code == 503
    door.publisher.instead = None
    assert (await door.deliver()).json()["status"] == "accepted"


async def test_full_queue_is_answered_503(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than this process holds is refused, not swallowed."""
    monkeypatch.setattr(ingress, "WAITING_AT_MOST", 0)
    assert (await door.deliver()).status_code == 503


async def test_deliveries_at_once_are_one_batch(door: Door) -> None:
    """Everything that arrives at once is answered, each for itself."""
    answers = await asyncio.gather(*(door.deliver(event_id=f"E{number}") for number in range(50)))
    assert {answer.json()["event_id"] for answer in answers} == {f"E{number}" for number in range(50)}
    assert len(door.publisher.records) == 50


# Size


async def test_body_of_one_mebibyte_is_taken(door: Door) -> None:
    """The limit itself is within it."""
    assert (await door.deliver(b" " * MAX_BODY_BYTES)).status_code == 200


async def test_larger_body_is_refused_before_it_is_read(door: Door) -> None:
    """One byte more is 413, whatever the length header says, and genuine or not."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1024 + 1):
            yield b" " * 1024

    answer = await door.client.post("/webhooks/tiktok", content=chunks())
    assert (answer.status_code, door.publisher.records) == (413, [])
