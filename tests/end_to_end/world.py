"""The whole product in processes of its own, and what a shop, an operator and a looker-on do with it over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx

from aggregates.event_store.connection import Connection, connect
from creatorflow import bootstrap
from creatorflow.devstack import RunningStack, ServiceSpec, creatorflow_processes, services
from creatorflow.settings import Settings
from schemas import codec
from schemas.commands import Command
from schemas.envelope import Envelope, to_headers
from schemas.topics import key_of, topic_of
from schemas.values import order_id, shipment_id, stock_item_id
from streams.publishing import Publisher, Record
from tests.waiting import WITHIN_SECONDS, eventually
from tests.webhooks import SECRET, SHOP, an_order_webhook, sign

MARKETPLACE = "tiktok"

_numbers = count(1)


class World:
    """One running product."""

    def __init__(self, stack: RunningStack) -> None:
        self.stack = stack
        self.settings = stack.settings
        self.ingress_url = f"http://{self.settings.host}:{self.settings.ingress_port}"
        self.api_url = f"http://{self.settings.host}:{self.settings.api_port}"
        self._http = httpx.Client(timeout=20, trust_env=False)

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    # What the marketplace does

    def deliver(self, body: bytes, event_id: str | None = None, **headers: str) -> httpx.Response:
        """Send one signed webhook, and return the answer."""
        sent = {
            "content-type": "application/json",
            "x-tiktok-shop-signature": sign(body),
            "x-tiktok-shop-event-id": event_id or uuid4().hex,
            **headers,
        }
        return self._http.post(f"{self.ingress_url}/webhooks/tiktok", content=body, headers=sent)

    def tell(self, body: bytes, event_id: str | None = None) -> str:
        """Send one signed webhook that must be taken; returns its id."""
        event_id = event_id or uuid4().hex
        answer = self.deliver(body, event_id)
        assert answer.status_code == httpx.codes.OK, answer.text
        return event_id

    def sell(self, sku: str, quantity: int = 1, number: str | None = None, **more: Any) -> str:
        """Let somebody buy; returns the order's number."""
        number = number or a_number()
        self.tell(an_order_webhook(number, sku=sku, quantity=quantity, **more))
        return number

    # What an operator does

    def operate(
        self, path: str, body: dict[str, Any] | None = None, key: str | None = None, *, method: str = "POST"
    ) -> str:
        """Ask for something that must be accepted; returns the command's id."""
        answer = self.attempt(path, body, key, method=method)
        assert answer.status_code == httpx.codes.ACCEPTED, answer.text
        command: str = answer.json()["command_id"]
        return command

    def attempt(
        self, path: str, body: dict[str, Any] | None = None, key: str | None = None, *, method: str = "POST"
    ) -> httpx.Response:
        """Ask for something that may be refused."""
        return self._http.request(
            method, f"{self.ingress_url}{path}", json=body or {}, headers={"Idempotency-Key": key or uuid4().hex}
        )

    def receive(self, sku: str, quantity: int) -> None:
        """Book a receipt, and wait until the shelf shows it."""
        before = self.stock(sku)
        on_hand = before["on_hand"] if before else 0
        self.operate(
            f"/stock-items/{MARKETPLACE}:{SHOP}:{sku}/movements",
            {
                "kind": "receipt",
                "quantity": quantity,
                "reference": uuid4().hex,
                "occurred_at": datetime.now(UTC).isoformat(),
            },
        )
        self.eventually_stock(sku, on_hand=on_hand + quantity)

    def command(self, *commands: Command) -> None:
        """Put commands on their topics as one of our own processes would."""
        records = [
            Record(topic_of(command), key_of(command).encode(), codec.encode(command), to_headers(_envelope(command)))
            for command in commands
        ]
        asyncio.run(_published(self.settings.kafka, records))

    # What anybody may look at

    def ask(self, path: str, **parameters: Any) -> httpx.Response:
        """One question to the api, whatever the answer."""
        return self._http.get(f"{self.api_url}{path}", params=parameters)

    def look(self, path: str, **parameters: Any) -> Any:
        """The JSON of one answer that must be there."""
        answer = self.ask(path, **parameters)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def order(self, number: str) -> dict[str, Any] | None:
        """The order on the board, None while it is not there."""
        answer = self.ask(f"/orders/{MARKETPLACE}:{SHOP}:{number}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.status_code == httpx.codes.OK, answer.text
        order: dict[str, Any] = answer.json()["item"]
        return order

    def state_of(self, number: str) -> str:
        """How far the order is, nothing while it is not there."""
        found = self.order(number)
        return "" if found is None else str(found["order"]["fulfilment_state"])

    def eventually_order(self, number: str, state: str, within: float = WITHIN_SECONDS) -> dict[str, Any]:
        """The order, once it stands there."""
        seen: list[str] = []

        def stands() -> bool:
            seen.append(self.state_of(number))
            return seen[-1] == state

        eventually(stands, within=within, what=f"order {number} is {state}, not {seen[-1:]}")
        found = self.order(number)
        assert found is not None
        return found

    def stock(self, sku: str) -> dict[str, Any] | None:
        """The shelf of one listing, None while nobody saw it."""
        answer = self.ask(f"/stock-items/{MARKETPLACE}:{SHOP}:{sku}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        assert answer.status_code == httpx.codes.OK, answer.text
        item: dict[str, Any] = answer.json()["item"]
        return item

    def eventually_stock(self, sku: str, **figures: int) -> dict[str, Any]:
        """The shelf, once it shows these figures."""
        found: dict[str, Any] = {}

        def shows() -> bool:
            found.update(self.stock(sku) or {})
            return all(found.get(name) == value for name, value in figures.items())

        try:
            eventually(shows)
        except AssertionError:
            raise AssertionError(f"{sku} shows {found}, not {figures}") from None
        return found

    def letter(self, letter: UUID) -> dict[str, Any]:
        """One dead letter."""
        found: dict[str, Any] = self.look(f"/dead-letters/{letter}")["item"]
        return found

    def eventually_dead(self, event_id: str) -> UUID:
        """The dead letter of a webhook, once there is one."""

        def dead() -> UUID | None:
            with self.connected() as connection:
                row = connection.execute(
                    "SELECT id FROM dead_letters WHERE headers->>'event-id' = %s", (event_id,)
                ).fetchone()
            return None if row is None else row[0]

        found = eventually(dead, what=f"webhook {event_id} is a dead letter")
        assert found is not None
        return found

    # What only a test may look at

    def connected(self) -> Connection:
        """A connection to the event store."""
        return connect(self.settings.postgres, "test")

    def events_of(self, aggregate: UUID) -> list[str]:
        """The names of an aggregate's stored events, in order."""
        with self.connected() as connection:
            rows = connection.execute(
                "SELECT topic FROM events WHERE originator_id = %s ORDER BY originator_version", (aggregate,)
            ).fetchall()
        return [topic for (topic,) in rows]

    def log_end(self) -> int:
        """The last log position."""
        with self.connected() as connection:
            row = connection.execute("SELECT coalesce(max(notification_id), 0) FROM events").fetchone()
        assert row is not None
        return int(row[0])

    def logs(self) -> dict[str, str]:
        """What each process wrote, by its name."""
        return {path.name: path.read_text("utf-8", "replace") for path in sorted(self.stack.home.logs.glob("*.log"))}


@contextmanager
def a_world(
    home: Path,
    *,
    processes_of: Callable[[Settings], Sequence[ServiceSpec]] = creatorflow_processes,
    **settings: Any,
) -> Iterator[World]:
    """Start the whole product in this folder, and stop it afterwards."""
    with services(
        home,
        processes_of=processes_of,
        prepare=_prepare,
        webhook_secret=SECRET,
        log_level="DEBUG",
        log_json=True,
        **settings,
    ) as running:
        made = World(running)
        try:
            yield made
        finally:
            made.close()


def a_number() -> str:
    """An order number that no other test has."""
    return f"5769{uuid4().int % 10**9:09}{next(_numbers):05}"


def a_sku() -> str:
    """A listing that no other test has."""
    return f"1729{uuid4().int % 10**9:09}{next(_numbers):05}"


def id_of(number: str) -> UUID:
    """The id of an order of the test shop."""
    return order_id(MARKETPLACE, SHOP, number)


def item_id_of(sku: str) -> UUID:
    """The stock item behind a listing of the test shop."""
    return stock_item_id(MARKETPLACE, SHOP, sku)


def package_id_of(package: str) -> UUID:
    """The id of a package of the test shop."""
    return shipment_id(MARKETPLACE, SHOP, package)


def _envelope(command: Command) -> Envelope:
    name = uuid4().hex
    return Envelope(
        id=name,
        type=type(command).__name__,
        source="test",
        time=datetime.now(UTC),
        subject=key_of(command),
        correlation_id=name,
        causation_id=name,
    )


async def _published(kafka: str, records: Sequence[Record]) -> None:
    publisher = Publisher(kafka, "test")
    try:
        await publisher.publish(records)
    finally:
        await publisher.discard()


def _prepare(settings: Settings) -> None:
    bootstrap.create_topics(settings)
    bootstrap.migrate(settings)
    bootstrap.register_demo_shop(settings)
