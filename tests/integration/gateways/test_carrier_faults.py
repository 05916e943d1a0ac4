"""A carrier that is slow, wrong, down, or answers after it has acted (field case FC-51, the carrier's side)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateways.breakers import Breakers
from gateways.carriers.http import HttpCarrier
from gateways.carriers.protocol import PDF
from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.http_client import HttpClient
from tests.conformance.requests import PERSON, a_label_request
from tests.conformance.simulated import SimulatorProcess

ACTED = ["act-then-hang", "act-then-close", "act-then-wrong"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file."""
    with SimulatorProcess("carrier", tmp_path_factory.mktemp("carrier") / "record.jsonl") as simulator:
        yield simulator


@pytest.fixture
async def carrier(simulator: SimulatorProcess) -> AsyncIterator[HttpCarrier]:
    """The client, with a short time limit."""
    simulator.control()
    client = HttpClient("carrier", simulator.url, Breakers(), timeout_seconds=0.7)
    yield HttpCarrier("usps", client)
    await client.close()


def _sales(simulator: SimulatorProcess, reference: str) -> list[str]:
    return [sale["tracking_number"] for sale in simulator.done("sold") if sale["reference"] == reference]


@pytest.mark.parametrize("kind", ACTED)
async def test_fc51_a_time_out_after_the_sale_sells_once(
    simulator: SimulatorProcess, carrier: HttpCarrier, kind: str
) -> None:
    """FC-51: the carrier sells, the answer is lost, the repeat gets the same label with the same idempotency key."""
    request = a_label_request("usps")
    simulator.control({"kind": kind, "requests": 1, "status": 502})
    with pytest.raises(OutcomeUnknown):
        await carrier.buy_label(request, PERSON)
    label = await carrier.buy_label(request, PERSON)
    assert _sales(simulator, request.reference) == [label.tracking_number]
    assert simulator.record()["requests"][request.reference] == 2


async def test_fc51_without_idempotency_keys_the_look_up_saves_the_second_label(
    simulator: SimulatorProcess, carrier: HttpCarrier
) -> None:
    """FC-51: a carrier that forgets keys sells a second time if asked again; looked up first, it is not asked."""
    request = a_label_request("usps")
    simulator.control({"kind": "act-then-hang", "requests": 1}, idempotent=False)
    with pytest.raises(OutcomeUnknown):
        await carrier.buy_label(request, PERSON)
    found = await carrier.find_label(request.reference)
    assert found is not None
    assert _sales(simulator, request.reference) == [found.tracking_number]
    await carrier.buy_label(request, PERSON)
    assert len(_sales(simulator, request.reference)) == 2
    with pytest.raises(Refused, match="2 labels were sold under one reference"):
        await carrier.find_label(request.reference)


async def test_fc51_two_workers_at_once_buy_one_label(simulator: SimulatorProcess, carrier: HttpCarrier) -> None:
    """FC-51: ten purchases of one reference at the same moment are one sale, and all get its label."""
    request = a_label_request("usps")
    labels = await asyncio.gather(*(carrier.buy_label(request, PERSON) for _ in range(10)))
    assert {label.tracking_number for label in labels} == set(_sales(simulator, request.reference))
    assert len(_sales(simulator, request.reference)) == 1


async def test_fc51_a_sale_outlives_the_carriers_own_kill(tmp_path: Path) -> None:
    """FC-51: killed between sale and answer, and started again, the carrier finds the sale and sells no other."""
    request = a_label_request("usps")
    with SimulatorProcess("carrier", tmp_path / "record.jsonl") as simulator:
        client = HttpClient("carrier", simulator.url, Breakers(), timeout_seconds=2.0)
        carrier = HttpCarrier("usps", client)
        simulator.control({"kind": "act-then-hang"})
        purchase = asyncio.create_task(carrier.buy_label(request, PERSON))
        await asyncio.sleep(0.5)
        assert len(_sales(simulator, request.reference)) == 1
        simulator.kill()
        with pytest.raises(OutcomeUnknown):
            await purchase
        with pytest.raises(Unavailable):
            await carrier.buy_label(request, PERSON)
        simulator.start()
        found = await carrier.find_label(request.reference)
        assert found is not None
        assert found == await carrier.buy_label(request, PERSON)
        assert _sales(simulator, request.reference) == [found.tracking_number]
        assert simulator.record()["requests"] == {request.reference: 2}
        await client.close()


async def test_fc51_a_carrier_with_neither_says_so(simulator: SimulatorProcess) -> None:
    """FC-51: where nothing can be looked up, `supports_lookup` is false, so that the runner parks the call."""
    simulator.control(lookup=False)
    client = HttpClient("carrier", simulator.url, Breakers())
    carrier = HttpCarrier("usps", client, supports_lookup=False)
    assert not carrier.supports_lookup
    with pytest.raises(Unavailable):
        await carrier.find_label("any")
    await client.close()


@pytest.mark.parametrize(("status", "retry_after", "seconds"), [(503, "7", 7.0), (429, "soon", None), (429, "3", 3.0)])
async def test_a_carrier_that_is_out_of_service_surely_sold_nothing(
    simulator: SimulatorProcess, carrier: HttpCarrier, status: int, retry_after: str, seconds: float | None
) -> None:
    """Unavailable, with the wait that it asks for."""
    request = a_label_request("usps")
    simulator.control({"kind": "wrong", "status": status, "retry_after": retry_after, "requests": 1})
    with pytest.raises(Unavailable) as caught:
        await carrier.buy_label(request, PERSON)
    assert caught.value.retry_after == seconds
    assert _sales(simulator, request.reference) == []


async def test_a_connection_that_is_dropped_leaves_the_outcome_open(
    simulator: SimulatorProcess, carrier: HttpCarrier
) -> None:
    """Down is not told apart from having acted, so it is unknown; the look-up tells that nothing was sold."""
    request = a_label_request("usps")
    simulator.control({"kind": "down", "requests": 1})
    with pytest.raises(OutcomeUnknown):
        await carrier.buy_label(request, PERSON)
    assert await carrier.find_label(request.reference) is None


async def test_a_slow_carrier_is_waited_for(simulator: SimulatorProcess, carrier: HttpCarrier) -> None:
    """Slower than usual but within the limit is an answer like any other."""
    simulator.control({"kind": "slow", "seconds": 0.3, "requests": 1})
    request = a_label_request("usps")
    assert (await carrier.buy_label(request, PERSON)).reference == request.reference


async def test_a_share_of_requests_meets_the_fault(simulator: SimulatorProcess, carrier: HttpCarrier) -> None:
    """Half of the requests fail, the same ones for the same seed."""
    simulator.control({"kind": "wrong", "status": 429, "share": 0.5}, seed=7)
    refused = 0
    for _ in range(40):
        try:
            await carrier.find_label("any")
        except Unavailable:
            refused += 1
    assert 10 <= refused <= 30


async def test_a_file_that_was_not_made_here_is_refused(carrier: HttpCarrier, simulator: SimulatorProcess) -> None:
    """A label that the carrier does not know has no file, and asking for it sells nothing."""
    request = a_label_request("usps")
    label = await carrier.buy_label(request, PERSON)
    sales = len(simulator.done("sold"))
    with pytest.raises(Refused, match="unknown_label"):
        await carrier.label_file(
            type(label)(
                reference="x", carrier="usps", service="ground", tracking_number="x", carrier_reference="lb_999999"
            ),
            request.parcel,
            PERSON,
            PDF,
        )
    assert len(simulator.done("sold")) == sales


async def test_a_label_that_cannot_be_cancelled_is_refused(simulator: SimulatorProcess, carrier: HttpCarrier) -> None:
    """FC-22: the carrier's no is a refusal with its code; nothing is taken back, and the file is still there."""
    request = a_label_request("usps")
    label = await carrier.buy_label(request, PERSON)
    simulator.control(voids=False)
    with pytest.raises(Refused, match="cannot_be_cancelled"):
        await carrier.void_label(label)
    assert not [entry for entry in simulator.done("voided") if entry["reference"] == request.reference]
    assert (await carrier.label_file(label, request.parcel, PERSON, PDF)).content


async def test_a_label_that_is_void_has_no_file(simulator: SimulatorProcess, carrier: HttpCarrier) -> None:
    """FC-22: twice out of service, then taken back, and from then on not printed."""
    request = a_label_request("usps")
    label = await carrier.buy_label(request, PERSON)
    simulator.control({"kind": "wrong", "status": 503, "requests": 2})
    for _ in range(2):
        with pytest.raises(Unavailable):
            await carrier.void_label(label)
    await carrier.void_label(label)
    with pytest.raises(Refused, match="unknown_label"):
        await carrier.label_file(label, request.parcel, PERSON, PDF)
