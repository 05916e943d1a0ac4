"""The suite that both stores pass."""

from __future__ import annotations

import random

import msgspec
import pytest

from projections.catalogue import READ_MODELS
from projections.published import HistoryMissing, Published
from projections.store import Connection
from schemas import events
from schemas.topics import ORDERS_EVENTS
from tests.conformance.read_models.stores import InMemory, OnPostgres, ReadModelStore
from tests.unit.projections.histories import (
    HAT,
    NOON,
    Numbered,
    by_topic,
    classified,
    fulfilled,
    hats,
    placed,
    published,
    received,
    short,
)

pytestmark = pytest.mark.integration

HELD = Numbered("1003")
STORY = published([
    *hats(),
    *fulfilled(Numbered("1001")),
    short(Numbered("1002")),
    placed(HELD),
    events.OrderHeld(order_id=HELD.id, reason="a weight is missing: 0 g"),
    *fulfilled(Numbered("1004")),
    received(5),
    events.SupplyExpected(stock_item_id=HAT, reorder_id="A", quantity=5, due_at=NOON),
    events.OrderReleased(order_id=HELD.id, fulfilment_state="READY"),
])  # fmt: skip


@pytest.fixture(params=["in memory", "PostgreSQL"])
def stored(request: pytest.FixtureRequest) -> ReadModelStore:
    """Each of the two stores, empty."""
    return InMemory() if request.param == "in memory" else OnPostgres(request.getfixturevalue("connection"))


def everything(stored: ReadModelStore) -> dict[str, dict[object, bytes]]:
    """Every row of every read model, as JSON."""
    return {
        name: {key: msgspec.json.encode(row, order="sorted") for key, row in stored.rows(name).items()}
        for name in READ_MODELS
    }


def take(stored: ReadModelStore, said: list[Published], size: int = 1_000) -> None:
    """Let the store take events, topic by topic, in batches."""
    for topic, part in by_topic(said).items():
        for start in range(0, len(part), size):
            stored.apply(topic, part[start : start + size])


def test_batches_of_any_size_make_the_same_rows(stored: ReadModelStore) -> None:
    """However the events are cut, the rows are those of a plain fold."""
    plain = InMemory()
    take(plain, STORY)
    take(stored, STORY, size=3)
    assert everything(stored) == everything(plain)


def test_repeats_change_nothing(stored: ReadModelStore) -> None:
    """Batches that come again, whole or in part, leave the rows of once."""
    take(stored, STORY)
    once = everything(stored)
    chance = random.Random(7)
    for _ in range(5):
        start = chance.randrange(len(STORY))
        take(stored, STORY[start : start + chance.randrange(1, 12)])
    assert everything(stored) == once


def test_topics_in_any_order_make_the_same_rows(stored: ReadModelStore) -> None:
    """Each row comes from the events of one aggregate, so topics need not wait for one another."""
    plain = InMemory()
    take(plain, STORY)
    topics = by_topic(STORY)
    for topic in sorted(topics, reverse=True):
        stored.apply(topic, topics[topic])
    assert everything(stored) == everything(plain)


def test_empty_batch_is_nothing(stored: ReadModelStore) -> None:
    """A batch of repeats that were all dropped before is applied without complaint."""
    stored.apply(ORDERS_EVENTS, [])
    assert everything(stored) == everything(InMemory())


def test_missing_history_stops_the_batch(stored: ReadModelStore) -> None:
    """An event of an order that was never placed here raises."""
    with pytest.raises(HistoryMissing):
        stored.apply(ORDERS_EVENTS, published([classified(Numbered("404"))]))


def test_both_stores_agree_on_random_histories(connection: Connection) -> None:
    """Orders that are interleaved and cut at random give equal rows in memory and in PostgreSQL."""
    chance = random.Random(11)
    told = [fulfilled(Numbered(str(number))) for number in range(30)]
    said: list[events.Event] = hats()
    while told:
        story = chance.choice(told)
        said.append(story.pop(0))
        told = [each for each in told if each]
    plain, real = InMemory(), OnPostgres(connection)
    take(plain, published(said))
    take(real, published(said), size=chance.randrange(1, 40))
    assert everything(real) == everything(plain)
