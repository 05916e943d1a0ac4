"""The sender repeats what was not acknowledged, and its record is true."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from time import perf_counter

import pytest

from creatorflow.demo import sender as sender_module
from creatorflow.demo.client_record import Answer, as_expected, for_audit
from creatorflow.demo.sender import Sender
from creatorflow.demo.traffic import Kind, Send
from creatorflow.devstack import free_port
from tests.unit.creatorflow.demo_system import SECRET, DemoSystem

NOW = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)


def orders(number: int) -> Iterator[Send]:
    """This many orders, each in one request."""
    for place in range(number):
        yield Send(f"{place}-shipped", "order", b'{"order_lines": []}', str(place), "shipped")


async def sent(system: DemoSystem, sends: Iterator[Send], rate: float | None = None) -> Sender:
    """A sender that has sent everything to a system."""
    async with system.served() as served:
        sender = Sender(served.ingress_url, SECRET)
        await sender.send(sends, rate)
    return sender


async def test_everything_is_sent_and_recorded() -> None:
    """Each request is sent once and has one answer in the record."""
    system = DemoSystem()
    sender = await sent(system, orders(200))
    assert len(system.received) == len(sender.answers) == 200
    assert {answer.outcome for answer in sender.answers} == {"ok"}
    assert sender.retries == 0


async def test_refused_for_now_is_sent_again() -> None:
    """A 503 is no answer: the request is repeated until it is acknowledged."""
    system = DemoSystem(down_for=5)
    sender = await sent(system, orders(20))
    assert {answer.outcome for answer in sender.answers} == {"ok"}
    assert sender.retries == 5
    assert len(system.received) == 25


async def test_forged_is_answered_401() -> None:
    """A forged request is signed with another secret; 401 is the right answer, and final."""
    sender = await sent(DemoSystem(), iter([Send("f", "forged", b"{}", "800")]))
    (answer,) = sender.answers
    assert (answer.outcome, answer.status) == ("fail", 401)
    assert as_expected(answer)


async def test_unanswered_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens the sender gives up in the end, and does not claim to know."""
    monkeypatch.setattr(sender_module, "BACKOFF_MOST_SECONDS", 0.1)
    sender = Sender(f"http://127.0.0.1:{free_port()}", SECRET, give_up_after_seconds=0.3)
    await sender.send(orders(2), None)
    assert [answer.outcome for answer in sender.answers] == ["unknown", "unknown"]
    assert sender.retries > 0


async def test_dependent_request_waits() -> None:
    """A request that names another is sent after that one was acknowledged, although connections are free."""
    system = DemoSystem(down_for=3)
    first = Send("first", "order", b"{}", "1", "shipped")
    second = Send("second", "cancellation", b"{}", "1", "cancelled", after="first")
    await sent(system, iter([first, second]))
    assert [event_id for event_id, _ in system.received] == ["first"] * 4 + ["second"]


async def test_rate_is_kept() -> None:
    """50 requests at 200/s take a quarter of a second, not less."""
    started = perf_counter()
    await asyncio.wait_for(sent(DemoSystem(), orders(51), rate=200), 5)
    assert perf_counter() - started >= 0.25


def answer(kind: Kind, number: str, becomes: str, outcome: str, event_id: str = "e") -> Answer:
    """One answer in the record."""
    send = Send(event_id, kind, b"", number, becomes)  # type: ignore[arg-type]
    return Answer(send, outcome, 200 if outcome == "ok" else 0, NOW, 0.01)  # type: ignore[arg-type]


def test_best_outcome_of_an_order_counts() -> None:
    """One acknowledged request makes an order acknowledged; a clock starts only when it was sent ready to ship."""
    record = for_audit(
        [
            answer("order", "1", "shipped", "unknown"),
            answer("order", "1", "waiting", "ok"),
            answer("order", "2", "shipped", "ok"),
            answer("forged", "3", "nothing", "fail"),
        ]
    )
    found = {order.number: (order.outcome, order.ready_at) for order in record.orders}
    assert found == {"1": ("ok", None), "2": ("ok", NOW), "3": ("fail", None)}


def test_only_an_acknowledged_cancellation_cancels() -> None:
    """A cancellation that nobody acknowledged may or may not have arrived, so nothing is claimed of it."""
    lost = [answer("order", "1", "shipped", "ok"), answer("cancellation", "1", "cancelled", "unknown")]
    arrived = [answer("order", "1", "shipped", "ok"), answer("cancellation", "1", "cancelled", "ok")]
    assert not for_audit(lost).orders[0].cancelled
    assert for_audit(arrived).orders[0].cancelled


def test_nonsense_is_kept_apart() -> None:
    """Acknowledged nonsense must become a dead letter, so the record tells it from the rest."""
    record = for_audit([answer("nonsense", "", "nothing", "ok", "n"), answer("order", "1", "shipped", "ok", "o")])
    assert (set(record.acknowledged), set(record.nonsense)) == ({"o"}, {"n"})
