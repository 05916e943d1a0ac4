"""What every `Marketplace` does, on the local marketplace and on the TikTok client."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import pytest

from gateways.breakers import Breakers
from gateways.http_client import HttpClient
from gateways.marketplaces import DONE, Marketplace
from gateways.tiktok.client import App, ShopAccess, TikTokShop
from gateways.tiktok.local import LocalMarketplace, delay_record, delays, fulfilment_record, fulfilments
from schemas.calls import PushFulfilmentCall, ReadOrderCall
from tests.conformance.requests import SHOP, a_delay, a_push
from tests.conformance.simulated import SimulatorProcess


class MarketplaceSubject(ABC):
    """One implementation, with what the suite needs to see and to spoil."""

    marketplace: Marketplace

    @abstractmethod
    async def push_and_lose_the_answer(self, push: PushFulfilmentCall) -> None:
        """The marketplace takes the push, and nobody here learns of it."""

    @abstractmethod
    def known_numbers(self, package: str) -> list[str]:
        """The tracking numbers that the marketplace's own record has for this package."""

    @abstractmethod
    def told_delays(self, order_number: str) -> int:
        """How many delays the marketplace's own record has for this order."""


class MarketplaceSuite:
    """Subclassed once per implementation, with a `subject` fixture."""

    async def test_takes_a_batch_and_answers_for_each(self, subject: MarketplaceSubject) -> None:
        """Done: more pushes than one request takes, each with its own answer, each in the marketplace's record."""
        pushes = [a_push() for _ in range(120)]
        assert list(await subject.marketplace.push_fulfilment(pushes)) == [DONE] * len(pushes)
        assert all(subject.known_numbers(push.package) == [push.tracking_number] for push in pushes[::17])

    async def test_refuses_one_and_takes_its_neighbours(self, subject: MarketplaceSubject) -> None:
        """Refused: a push without a tracking number, by its place in the list."""
        pushes = [a_push(), a_push(tracking_number=""), a_push()]
        outcomes = [result.outcome for result in await subject.marketplace.push_fulfilment(pushes)]
        assert outcomes == ["done", "refused", "done"]
        assert subject.known_numbers(pushes[1].package) == []

    async def test_takes_a_push_once(self, subject: MarketplaceSubject) -> None:
        """Repeated: a package that is known with the same tracking number is done, and known once."""
        push = a_push()
        for _ in range(2):
            assert list(await subject.marketplace.push_fulfilment([push])) == [DONE]
        assert subject.known_numbers(push.package) == [push.tracking_number]

    async def test_pushing_again_after_a_lost_answer_is_done(self, subject: MarketplaceSubject) -> None:
        """Unknown, then again: done, and known once."""
        push = a_push()
        await subject.push_and_lose_the_answer(push)
        assert list(await subject.marketplace.push_fulfilment([push])) == [DONE]
        assert subject.known_numbers(push.package) == [push.tracking_number]

    async def test_takes_a_delay(self, subject: MarketplaceSubject) -> None:
        """Done: the marketplace knows of the delay."""
        call = a_delay()
        assert await subject.marketplace.push_delay(call) == DONE
        assert subject.told_delays(call.order_number) == 1

    async def test_nothing_to_push_is_nothing_to_answer(self, subject: MarketplaceSubject) -> None:
        """An empty batch asks nothing."""
        assert list(await subject.marketplace.push_fulfilment([])) == []


class LocalSubject(MarketplaceSubject):
    """The local marketplace; a push whose answer is lost is one by a process that is gone."""

    def __init__(self, directory: Path) -> None:
        self._pushed, self._delayed = directory / "fulfilments", directory / "delays"
        self.marketplace = self._in_process("here")

    async def push_and_lose_the_answer(self, push: PushFulfilmentCall) -> None:
        await self._in_process("gone").push_fulfilment([push])

    def known_numbers(self, package: str) -> list[str]:
        return [push.tracking_number for push in fulfilments(self._pushed) if push.package == package]

    def told_delays(self, order_number: str) -> int:
        return sum(call.order_number == order_number for call in delays(self._delayed))

    def _in_process(self, process: str) -> LocalMarketplace:
        return LocalMarketplace(fulfilment_record(self._pushed, process), delay_record(self._delayed, process))


class TikTokSubject(MarketplaceSubject):
    """The TikTok client on the simulator."""

    def __init__(self, simulator: SimulatorProcess, client: HttpClient) -> None:
        self._simulator = simulator
        self.marketplace = TikTokShop(
            client,
            App("demo_app_key", "demo_secret"),
            {SHOP: ShopAccess("demo_cipher", "demo_token")},
            {"usps": "7000000000000000001"},
        )

    async def push_and_lose_the_answer(self, push: PushFulfilmentCall) -> None:
        self._simulator.control({"kind": "act-then-close", "requests": 1, "path": "/fulfillment"})
        assert [result.outcome for result in await self.marketplace.push_fulfilment([push])] == ["unknown"]

    def known_numbers(self, package: str) -> list[str]:
        return [entry["tracking_number"] for entry in self._simulator.done("shipped") if entry["package"] == package]

    def told_delays(self, order_number: str) -> int:
        return sum(entry["order"] == order_number for entry in self._simulator.done("delayed"))


class TestLocalMarketplace(MarketplaceSuite):
    """In process."""

    @pytest.fixture
    def subject(self, tmp_path: Path) -> MarketplaceSubject:
        return LocalSubject(tmp_path)

    async def test_reads_wait(self, subject: MarketplaceSubject) -> None:
        """It has no orders; whoever sets the marketplace's address later loses no read."""
        asked = ReadOrderCall(marketplace="tiktok", shop=SHOP, order_number="1")
        (read,) = await subject.marketplace.read_orders([asked])
        assert (read.outcome, read.retry_after, read.attempted) == ("unavailable", 600.0, False)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    """One process for all tests of this file."""
    with SimulatorProcess("tiktok", tmp_path_factory.mktemp("tiktok") / "record.jsonl") as simulator:
        yield simulator


class TestTikTokShop(MarketplaceSuite):
    """Over HTTP, signed."""

    @pytest.fixture
    async def subject(self, simulator: SimulatorProcess) -> AsyncIterator[MarketplaceSubject]:
        simulator.control()
        client = HttpClient("tiktok", simulator.url, Breakers(), timeout_seconds=2.0)
        yield TikTokSubject(simulator, client)
        await client.close()

    async def test_a_package_shipped_with_another_number_is_refused(self, subject: MarketplaceSubject) -> None:
        """Refused: shipped already, but not with our number; a person must look."""
        push = a_push()
        await subject.marketplace.push_fulfilment([push])
        other = msgspec.structs.replace(push, tracking_number="9400188999098483319999")
        (result,) = await subject.marketplace.push_fulfilment([other])
        assert result.outcome == "refused"
        assert subject.known_numbers(push.package) == [push.tracking_number]
