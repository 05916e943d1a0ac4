"""What an agent that forwards does when the broker does not answer as it should."""

from __future__ import annotations

import asyncio

import pytest

from schemas.topics import TIKTOK_WEBHOOKS
from streams import forwarding
from streams.publishing import BrokerUnavailable
from tests.integration.streams.agents import Fitted, batch_for
from tests.kept_publisher import raising


@pytest.fixture
def intake(database: str, loop: asyncio.AbstractEventLoop) -> Fitted:
    """The agent that turns webhooks into commands."""
    return Fitted("intake.tiktok", TIKTOK_WEBHOOKS, database, loop)


def test_unacknowledged_commands_move_nothing(intake: Fitted) -> None:
    """The broker does not take them: no offset moves and no webhook is dead-lettered; then all are sent."""
    records, targets = batch_for(intake.name, intake.topic)
    intake.publisher.instead = raising(BrokerUnavailable("away"))
    with pytest.raises(BrokerUnavailable):
        intake.take(records)
    assert (intake.next_offsets(), intake.dead()) == ({0: 0, 1: 0}, [])
    intake.publisher.instead = None
    intake.take(records)
    assert [record.key for record in intake.publisher.records] == [str(target).encode() for target in targets]


def test_broker_that_never_answers_is_an_outage(intake: Fitted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sending that takes too long says nothing about the webhooks, so none of them becomes a dead letter."""
    monkeypatch.setattr(forwarding, "SEND_WITHIN_SECONDS", 0.2)

    async def never() -> None:
        await asyncio.sleep(5)

    intake.publisher.instead = never
    records, _ = batch_for(intake.name, intake.topic)
    with pytest.raises((BrokerUnavailable, TimeoutError)):
        intake.take(records)
    assert (intake.next_offsets(), intake.dead()) == ({0: 0, 1: 0}, [])


def test_sending_that_is_cancelled_is_an_outage(intake: Fitted) -> None:
    """A process that stops cancels what is on its way; the webhooks are none the worse for it."""
    intake.publisher.instead = raising(asyncio.CancelledError())
    records, _ = batch_for(intake.name, intake.topic)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - any end will do that moves nothing
        intake.take(records)
    assert (intake.next_offsets(), intake.dead()) == ({0: 0, 1: 0}, [])
