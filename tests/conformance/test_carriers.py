"""The carrier suite on the local carrier and on the HTTP client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateways.breakers import Breakers
from gateways.carriers.http import HttpCarrier
from gateways.carriers.labels.text import Sender
from gateways.carriers.local import LocalCarrier, label_record, sold, taken_back, void_record
from gateways.errors import OutcomeUnknown
from gateways.http_client import HttpClient
from schemas.shipping import Label, LabelRequest
from tests.conformance.carrier_suite import CarrierSubject, CarrierSuite
from tests.conformance.requests import PERSON
from tests.conformance.simulated import SimulatorProcess

SENDER = Sender("Glow Studio", ("500 Warehouse Way", "Reno NV 89502", "US"))


class LocalSubject(CarrierSubject):
    """The local carrier; a sale whose answer is lost is one by a process that is gone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.carrier = self._of("here")

    def _of(self, process: str) -> LocalCarrier:
        return LocalCarrier(
            "usps", label_record(self._directory, process), void_record(self._directory, process), SENDER
        )

    async def buy_and_lose_the_answer(self, request: LabelRequest) -> None:
        await self._of("gone").buy_label(request, PERSON)

    async def void_and_lose_the_answer(self, label: Label) -> None:
        await self._of("gone").void_label(label)

    def sales(self, reference: str) -> int:
        return sum(label.reference == reference for label in sold(self._directory))

    def voids(self, reference: str) -> int:
        return sum(label.reference == reference for label in taken_back(self._directory))


class HttpSubject(CarrierSubject):
    """The HTTP client on the simulator."""

    def __init__(self, simulator: SimulatorProcess, client: HttpClient) -> None:
        self._simulator = simulator
        self.carrier = HttpCarrier("usps", client)

    async def buy_and_lose_the_answer(self, request: LabelRequest) -> None:
        self._simulator.control({"kind": "act-then-hang", "requests": 1})
        with pytest.raises(OutcomeUnknown):
            await self.carrier.buy_label(request, PERSON)

    async def void_and_lose_the_answer(self, label: Label) -> None:
        self._simulator.control({"kind": "act-then-hang", "requests": 1})
        with pytest.raises(OutcomeUnknown):
            await self.carrier.void_label(label)

    def sales(self, reference: str) -> int:
        return sum(entry["reference"] == reference for entry in self._simulator.done("sold"))

    def voids(self, reference: str) -> int:
        return sum(entry["reference"] == reference for entry in self._simulator.done("voided"))


class TestLocalCarrier(CarrierSuite):
    """In process."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> CarrierSubject:
        return LocalSubject(tmp_path)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file."""
    with SimulatorProcess("carrier", tmp_path_factory.mktemp("carrier") / "record.jsonl") as simulator:
        yield simulator


class TestHttpCarrier(CarrierSuite):
    """Over HTTP."""

    @pytest.fixture
    async def subject(self, simulator: SimulatorProcess) -> AsyncIterator[CarrierSubject]:
        simulator.control()
        client = HttpClient("carrier", simulator.url, Breakers(), timeout_seconds=1.0)
        yield HttpSubject(simulator, client)
        await client.close()
