"""What every `Supplier` does, on the local supplier and on the HTTP client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from gateways.breakers import Breakers
from gateways.errors import OutcomeUnknown
from gateways.http_client import HttpClient
from gateways.suppliers.http import HttpSupplier
from gateways.suppliers.local import LocalSupplier, ordered, supplier_record
from gateways.suppliers.protocol import Supplier
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall
from tests.conformance.requests import a_reorder
from tests.conformance.simulated import SimulatorProcess


class SupplierSubject(ABC):
    """One implementation, with what the suite needs to see and to spoil."""

    supplier: Supplier

    @abstractmethod
    async def place_and_lose_the_answer(self, order: PlaceReorderCall) -> None:
        """The supplier takes the order, and nobody here learns of it."""

    @abstractmethod
    def orders(self, reorder_id: str) -> int:
        """How many orders the supplier's own record has under this id."""


class SupplierSuite:
    """Subclassed once per implementation, with a `subject` fixture."""

    async def test_confirms_with_a_date(self, subject: SupplierSubject) -> None:
        """Done: confirmed, due after the lead time of 24 h, once in the supplier's record."""
        order = a_reorder()
        answer = await subject.supplier.place(order)
        assert answer.outcome == "confirmed"
        assert answer.due_at is not None
        assert abs(answer.due_at - datetime.now(UTC) - timedelta(hours=24)) < timedelta(minutes=1)
        assert answer.supplier_reference
        assert subject.orders(order.reorder_id) == 1

    async def test_refuses_a_quantity_below_1(self, subject: SupplierSubject) -> None:
        """Refused: an answer with a reason; nothing is ordered."""
        order = a_reorder(quantity=0)
        answer = await subject.supplier.place(order)
        assert answer.outcome == "refused"
        assert "quantity" in answer.reason
        assert subject.orders(order.reorder_id) == 0

    async def test_orders_once_for_one_reorder_id(self, subject: SupplierSubject) -> None:
        """Repeated: the same id is one order with the first answer."""
        order = a_reorder()
        first = await subject.supplier.place(order)
        assert await subject.supplier.place(order) == first
        assert subject.orders(order.reorder_id) == 1

    async def test_finds_an_order_whose_answer_was_lost(self, subject: SupplierSubject) -> None:
        """Unknown, then looked up: the order is found by its id, and placing it again orders nothing."""
        order = a_reorder()
        await subject.place_and_lose_the_answer(order)
        found = await subject.supplier.find(order.reorder_id)
        assert found is not None
        assert await subject.supplier.place(order) == found
        assert subject.orders(order.reorder_id) == 1

    async def test_is_asked_to_hurry(self, subject: SupplierSubject) -> None:
        """An order that was placed is confirmed with a date no later, or refused; one that was not is refused."""
        order = a_reorder()
        placed = await subject.supplier.place(order)
        hurry = SpeedUpReorderCall(
            replenishment_id=order.replenishment_id, stock_item_id=order.stock_item_id, reorder_id=order.reorder_id
        )
        hurried = await subject.supplier.speed_up(hurry)
        assert hurried == await subject.supplier.speed_up(hurry)
        if hurried.outcome == "confirmed":
            assert hurried.due_at is not None
            assert placed.due_at is not None
            assert hurried.due_at < placed.due_at
        else:
            assert hurried.reason
        never = msgspec.structs.replace(hurry, reorder_id="ro-never")
        assert (await subject.supplier.speed_up(never)).outcome == "refused"

    async def test_finds_nothing_that_was_not_ordered(self, subject: SupplierSubject) -> None:
        """Looked up: an id that was never placed is None."""
        assert await subject.supplier.find("ro-never") is None


class LocalSubject(SupplierSubject):
    """The local supplier; an order whose answer is lost is one by a process that is gone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.supplier = LocalSupplier(supplier_record(directory, "here"))

    async def place_and_lose_the_answer(self, order: PlaceReorderCall) -> None:
        await LocalSupplier(supplier_record(self._directory, "gone")).place(order)

    def orders(self, reorder_id: str) -> int:
        return sum(order.reorder_id == reorder_id for order in ordered(self._directory))


class HttpSubject(SupplierSubject):
    """The HTTP client on the simulator."""

    def __init__(self, simulator: SimulatorProcess, client: HttpClient) -> None:
        self._simulator = simulator
        self.supplier = HttpSupplier(client)

    async def place_and_lose_the_answer(self, order: PlaceReorderCall) -> None:
        self._simulator.control({"kind": "act-then-close", "requests": 1})
        with pytest.raises(OutcomeUnknown):
            await self.supplier.place(order)

    def orders(self, reorder_id: str) -> int:
        return sum(entry["id"] == reorder_id for entry in self._simulator.done("ordered"))


class TestLocalSupplier(SupplierSuite):
    """In process."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> SupplierSubject:
        return LocalSubject(tmp_path)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file."""
    with SimulatorProcess("supplier", tmp_path_factory.mktemp("supplier") / "record.jsonl") as simulator:
        yield simulator


class TestHttpSupplier(SupplierSuite):
    """Over HTTP."""

    @pytest.fixture
    async def subject(self, simulator: SimulatorProcess) -> AsyncIterator[SupplierSubject]:
        simulator.control()
        client = HttpClient("supplier", simulator.url, Breakers(), timeout_seconds=1.0)
        yield HttpSubject(simulator, client)
        await client.close()
