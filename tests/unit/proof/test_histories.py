"""Histories say what each order must become, and arrivals shuffle them within their ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.webhooks import start_run
from proof.histories import SHUFFLED_WITHIN_SECONDS, Shares, arrivals, histories

PURCHASES = read_purchases(2_000)
RUN = start_run(PURCHASES, datetime(2026, 3, 1, 12, tzinfo=UTC))
TOLD = histories(PURCHASES, RUN, Shares(), seed=1)


def test_shares_are_what_was_asked_for() -> None:
    """Of two thousand orders about 15 % are cancelled, 5 % returned, and none of them both."""
    assert 250 < sum(history.cancelled for history in TOLD) < 350
    assert 70 < sum(history.returned for history in TOLD) < 130
    assert not any(history.cancelled and history.returned for history in TOLD)


def test_same_seed_gives_the_same_histories() -> None:
    """A run that failed can be run again."""
    assert histories(PURCHASES, RUN, Shares(), seed=1) == TOLD
    assert histories(PURCHASES, RUN, Shares(), seed=2) != TOLD


def test_last_word_of_a_cancelled_order_cancels_it() -> None:
    """By the marketplace's time nothing but a return comes behind a cancellation."""
    for history in TOLD:
        last = max(history.messages, key=lambda message: message.written_at)
        assert (last.kind == "cancellation") == history.cancelled


def test_every_message_arrives_within_its_ten_minutes() -> None:
    """No message overtakes one that was written more than ten minutes before it."""
    written = {message.event_id: message.written_at for history in TOLD for message in history.messages}
    latest = 0
    for send in arrivals(TOLD, Shares(), seed=1):
        assert written[send.event_id] + SHUFFLED_WITHIN_SECONDS >= latest
        latest = max(latest, written[send.event_id])


def test_shuffling_overtakes_and_repeats_and_loses_nothing() -> None:
    """All messages arrive, about a tenth twice, and some cancellations before their order."""
    sends = list(arrivals(TOLD, Shares(), seed=1))
    written = [message.event_id for history in TOLD for message in history.messages]
    assert {send.event_id for send in sends} == set(written)
    assert 0.05 < len(sends) / len(written) - 1 < 0.15
    first_of: dict[str, str] = {}
    for send in sends:
        first_of.setdefault(send.number, send.kind)
    assert sum(kind == "cancellation" for kind in first_of.values()) > 20


def test_address_that_counts_is_the_one_written_last() -> None:
    """An order that moved goes to the city of its address message."""
    moved = [history for history in TOLD if any(message.body.get("type") == "address" for message in history.messages)]
    assert 70 < len(moved) < 130
    for history in moved:
        told = next(message.body for message in history.messages if message.body.get("type") == "address")
        assert msgspec.convert(told["shipping_info"], dict)["city"] == history.city
