"""The catalogue of read models against the catalogue of topics."""

from types import ModuleType

import pytest

from projections import alerts, order_board, reorders, shipment_tracking, stock_levels, timeline
from projections.catalogue import AGENTS, FED_BY, READ_MODELS
from schemas import events
from schemas.topics import BY_NAME


def test_each_event_topic_has_one_agent_of_the_reading_side() -> None:
    """The agents are the readers of the four event topics."""
    assert AGENTS == {
        "read-models.inventory": "inventory.events.v1",
        "read-models.orders": "orders.events.v1",
        "read-models.replenishment": "replenishment.events.v1",
        "read-models.shipping": "shipping.events.v1",
    }


def test_timeline_is_fed_by_every_event_topic() -> None:
    """Nothing happens that the timeline does not show."""
    assert all(READ_MODELS["timeline"] in models for models in FED_BY.values())


@pytest.mark.parametrize(
    ("module", "creation"),
    [
        (order_board, {events.OrderPlaced, events.OrderMissing}),
        (stock_levels, {events.StockItemOpened}),
        (shipment_tracking, {events.ShipmentOpened}),
        (reorders, {events.ReorderPrepared, *reorders.WITHOUT_REORDER}),
    ],
)
def test_read_model_knows_every_event_of_its_topics(module: ModuleType, creation: set[type[events.Event]]) -> None:
    """A read model's table has a line for every event that its topics may carry, and for no other."""
    carried = {kind for topic in module.TOPICS for kind in BY_NAME[topic].types}
    assert {*module.FOLDS, *creation} == carried


@pytest.mark.parametrize("model", READ_MODELS.values(), ids=list(READ_MODELS))
def test_row_has_the_columns_of_its_table(model: object) -> None:
    """Each field of a row is a column of its table."""
    found = READ_MODELS[model.name]  # type: ignore[attr-defined]
    columns = {line.split()[0] for line in found.columns.strip().splitlines() if not line.strip().startswith("PRIMARY")}
    assert columns == set(found.row.__struct_fields__)


def test_modules_are_named_after_their_tables() -> None:
    """A read model, its module and its table have one name."""
    for module in (alerts, order_board, reorders, shipment_tracking, stock_levels, timeline):
        assert module.__name__ == f"projections.{module.NAME}"
