"""What each failure of a request tells of its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx
import pytest

from gateways.breakers import Breakers
from gateways.errors import BreakerOpen, GatewayError, OutcomeUnknown, Unavailable
from gateways.http_client import ANSWER_LIMIT_BYTES, Answer, HttpClient, Request

PURCHASE = Request("POST", "/labels", acts=True, body=b"{}")
LOOK_UP = Request("GET", "/labels", acts=False)
NOON = datetime(2025, 11, 26, 12, 0, 0, tzinfo=UTC)

Handler = Callable[[httpx.Request], httpx.Response]


def _client(handler: Handler) -> HttpClient:
    return HttpClient(
        "carrier",
        "http://carrier.test",
        Breakers(),
        timeout_seconds=0.2,
        now=lambda: NOON,
        transport=httpx.MockTransport(handler),
    )


def _failing_with(kind: type[httpx.TransportError]) -> HttpClient:
    def fail(request: httpx.Request) -> httpx.Response:
        raise kind("told of nothing", request=request)

    return _client(fail)


def _answering(status: int, **headers: str) -> HttpClient:
    return _client(lambda request: httpx.Response(status, headers=headers, content=b"body"))


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError])
async def test_what_was_never_sent_surely_did_not_happen(kind: type[httpx.TransportError]) -> None:
    """Not connected, or no connection free: Unavailable, even for a purchase."""
    with pytest.raises(Unavailable):
        await _failing_with(kind).ask(PURCHASE)


@pytest.mark.parametrize(
    "kind",
    [
        httpx.ReadTimeout,
        httpx.WriteTimeout,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
        httpx.RemoteProtocolError,
    ],
)
async def test_what_was_sent_may_have_happened(kind: type[httpx.TransportError]) -> None:
    """Sent, and no whole answer: OutcomeUnknown for a purchase, Unavailable for a look-up."""
    with pytest.raises(OutcomeUnknown):
        await _failing_with(kind).ask(PURCHASE)
    with pytest.raises(Unavailable):
        await _failing_with(kind).ask(LOOK_UP)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_an_error_of_theirs_may_have_happened(status: int) -> None:
    """500, 502 and 504 say nothing of what was done before them."""
    with pytest.raises(OutcomeUnknown):
        await _answering(status).ask(PURCHASE)
    with pytest.raises(Unavailable):
        await _answering(status).ask(LOOK_UP)


@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_what_they_did_not_process_did_not_happen(status: int) -> None:
    """These are Unavailable, with what Retry-After asks for."""
    headers = {"Retry-After": "Wed, 26 Nov 2025 12:00:05 GMT"}
    with pytest.raises(Unavailable) as caught:
        await _answering(status, **headers).ask(PURCHASE)
    assert caught.value.retry_after == 5.0
    assert caught.value.counts == (status == 503)


async def test_a_redirect_is_not_followed() -> None:
    """A purchase is not sent on to another address."""
    with pytest.raises(Unavailable):
        await _answering(307, Location="http://other.test/labels").ask(PURCHASE)


@pytest.mark.parametrize("status", [200, 201, 400, 404, 409, 422])
async def test_an_answer_is_an_answer(status: int) -> None:
    """Success and refusal come back whole."""
    answer = await _answering(status).ask(PURCHASE)
    assert answer == Answer(status, "", b"body")
    assert answer.refused == (status >= 400)


async def test_an_answer_that_never_ends_is_cut_off() -> None:
    """A server that sends a byte now and then does not hold a connection beyond the time limit."""

    async def trickle() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await asyncio.sleep(0.05)

    client = _client(lambda request: httpx.Response(200, content=trickle()))
    with pytest.raises(OutcomeUnknown):
        await client.ask(PURCHASE)


async def test_an_answer_that_is_too_large_is_not_kept() -> None:
    """No more than the limit is held in memory."""
    client = _client(lambda request: httpx.Response(200, content=b"." * (ANSWER_LIMIT_BYTES + 1)))
    with pytest.raises(Unavailable):
        await client.ask(LOOK_UP)


async def test_an_outage_opens_the_breaker_of_its_shop() -> None:
    """The sixth request is not sent; another shop's is."""
    client = _answering(503)
    for _ in range(5):
        with pytest.raises(Unavailable):
            await client.ask(LOOK_UP, shop="a")
    with pytest.raises(BreakerOpen):
        await client.ask(LOOK_UP, shop="a")
    with pytest.raises(Unavailable, match="503"):
        await client.ask(LOOK_UP, shop="b")


async def test_refusals_do_not_open_the_breaker() -> None:
    """Six refusals are six answers."""
    client = _answering(422)
    assert [(await client.ask(PURCHASE)).status for _ in range(6)] == [422] * 6


async def test_an_error_names_no_cause_that_could_quote_the_request() -> None:
    """Its chain ends with it: a formatted traceback holds no URL and no body."""
    with pytest.raises(GatewayError) as caught:
        await _failing_with(httpx.ReadError).ask(PURCHASE)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert str(caught.value) == "carrier: ReadError"
