"""What is sent, and in which order."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

from creatorflow.demo.purchases import read_purchases
from creatorflow.demo.traffic import REORDERED_WITHIN, REPEATED_WITHIN, Mix, Send, plan
from creatorflow.demo.webhooks import start_run

NOW = datetime(2025, 11, 24, 16, 0, tzinfo=UTC)
PURCHASES = read_purchases(3_000)
PLAIN = Mix(duplicates=0, reordered=0, unpaid=0, forged=0, nonsense=0)


def planned(mix: Mix) -> list[Send]:
    """Everything that a run with this mix sends."""
    return list(plan(PURCHASES, start_run(PURCHASES, NOW), mix, lambda: NOW))


def test_plain_traffic_is_each_purchase_once_in_order() -> None:
    """Without special treatment there is one request per purchase, in the order of the file."""
    numbers = [send.number for send in planned(PLAIN)]
    assert numbers == [f"1764000000{row:06d}" for row in range(1, len(PURCHASES) + 1)]


def test_same_seed_gives_same_traffic() -> None:
    """The seed decides everything, so a run can be repeated; another seed gives another run."""
    assert planned(Mix()) == planned(Mix())
    assert planned(Mix()) != planned(Mix(seed=2))


def test_every_order_is_sent_whatever_the_mix() -> None:
    """Repeats, reorderings and bad ones come on top; no purchase is left out."""
    mix = Mix(duplicates=0.3, reordered=0.2, unpaid=0.1, cancelled=0.1, forged=0.1, nonsense=0.1)
    assert len({send.number for send in planned(mix) if send.kind == "order"}) == len(PURCHASES)


def test_repeat_is_the_same_bytes_under_the_same_id() -> None:
    """About the wished share comes again shortly after, unchanged."""
    sends = planned(PLAIN._replace(duplicates=0.02))
    first = {send.event_id: (place, send) for place, send in enumerate(sends) if not send.repeat}
    repeats = [(place, send) for place, send in enumerate(sends) if send.repeat]
    assert 30 < len(repeats) < 100
    for place, send in repeats:
        earlier, original = first[send.event_id]
        assert send.body == original.body
        assert 0 < place - earlier <= REPEATED_WITHIN * 2


def test_reordered_order_comes_in_both_states() -> None:
    """An UNPAID comes before or after the AWAITING_SHIPMENT of the same order, near it, and sometimes after it."""
    sends = planned(PLAIN._replace(reordered=0.05))
    places: dict[str, dict[str, int]] = {}
    for place, send in enumerate(sends):
        places.setdefault(send.number, {})[json.loads(send.body)["order_status"]] = place
    both = [found for found in places.values() if len(found) == 2]
    assert 100 < len(both) < 200
    assert all(abs(found["UNPAID"] - found["AWAITING_SHIPMENT"]) <= REORDERED_WITHIN * 2 for found in both)
    assert {found["UNPAID"] < found["AWAITING_SHIPMENT"] for found in both} == {True, False}


def test_cancellation_waits_for_its_order() -> None:
    """A cancellation names the request of its order that must be acknowledged before it; half of them were unpaid."""
    sends = planned(PLAIN._replace(cancelled=0.1))
    by_id = {send.event_id: send for send in sends}
    cancellations = [send for send in sends if send.kind == "cancellation"]
    assert 200 < len(cancellations) < 400
    assert {by_id[send.after].number == send.number for send in cancellations} == {True}
    assert set(Counter(by_id[send.after].becomes for send in cancellations)) == {"waiting", "shipped"}


def test_forged_and_nonsense_name_no_order_of_the_run() -> None:
    """What must leave no trace has numbers that no purchase has."""
    sends = planned(PLAIN._replace(forged=0.05, nonsense=0.05))
    numbers = {send.number for send in sends if send.kind == "order"}
    bad = [send for send in sends if send.kind in ("forged", "nonsense")]
    assert {send.kind for send in bad} == {"forged", "nonsense"}
    assert not numbers & {send.number for send in bad}
