"""The door for readings: signed where a secret is set, durable before it answers, and never read beyond its key."""

from __future__ import annotations

import hashlib
import hmac

import httpx
import pytest
from starlette.applications import Starlette

from streams.content_door import MAX_READING_BYTES, SIGNATURE, content_route
from streams.publishing import BrokerUnavailable, Full, Record

BODY = b'{"content_id": 730, "read_at": 1764000000, "views": 10}'
SECRET = b"content"


class Taker:
    """Takes records, or refuses them as the broker would."""

    def __init__(self, error: Exception | None = None) -> None:
        self.records: list[Record] = []
        self._error = error

    async def put(self, record: Record) -> None:
        """Keep the record."""
        if self._error is not None:
            raise self._error
        self.records.append(record)


def a_door(taker: Taker, secret: bytes | None = SECRET) -> httpx.AsyncClient:
    """The door alone."""
    transport = httpx.ASGITransport(app=Starlette(routes=[content_route(secret, taker.put)]))
    return httpx.AsyncClient(transport=transport, base_url="http://door")


def signed(body: bytes, secret: bytes = SECRET) -> dict[str, str]:
    """The header of a body."""
    return {SIGNATURE: hmac.new(secret, body, hashlib.sha256).hexdigest()}


async def test_a_signed_reading_stands_on_its_topic_unchanged() -> None:
    """The bytes as they came, under the content's id; the answer names their digest."""
    taker = Taker()
    answer = await a_door(taker).post("/content-metrics", content=BODY, headers=signed(BODY))
    assert answer.json() == {"status": "accepted", "event_id": hashlib.sha256(BODY).hexdigest()}
    (record,) = taker.records
    assert (record.topic, record.key, record.value) == ("content.metrics.v1", b"730", BODY)


@pytest.mark.parametrize("headers", [{}, {SIGNATURE: "0" * 64}, signed(BODY, b"other"), {SIGNATURE: ""}])
async def test_what_is_not_signed_is_refused(headers: dict[str, str]) -> None:
    """No signature, a wrong one, one of another secret: 401, and nothing is kept."""
    taker = Taker()
    assert (await a_door(taker).post("/content-metrics", content=BODY, headers=headers)).status_code == 401
    assert taker.records == []


async def test_without_a_secret_nothing_is_asked() -> None:
    """The door listens on loopback alone then."""
    taker = Taker()
    assert (await a_door(taker, None).post("/content-metrics", content=BODY)).status_code == 200
    assert len(taker.records) == 1


async def test_a_body_that_is_too_large_is_refused() -> None:
    """413, whatever its signature."""
    body = b"x" * (MAX_READING_BYTES + 1)
    assert (await a_door(Taker()).post("/content-metrics", content=body, headers=signed(body))).status_code == 413


@pytest.mark.parametrize("error", [BrokerUnavailable("away"), Full("full")], ids=["away", "full"])
async def test_what_is_not_durable_is_not_accepted(error: Exception) -> None:
    """503, so that the producer sends it again."""
    answer = await a_door(Taker(error)).post("/content-metrics", content=BODY, headers=signed(BODY))
    assert answer.status_code == 503


async def test_what_makes_no_sense_is_taken_and_judged_by_its_reader() -> None:
    """The door reads nothing but the key; without one the digest routes it."""
    taker = Taker()
    assert (await a_door(taker).post("/content-metrics", content=b"{", headers=signed(b"{"))).status_code == 200
    assert taker.records[0].key == hashlib.sha256(b"{").hexdigest().encode()
