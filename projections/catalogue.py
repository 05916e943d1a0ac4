"""Which read models there are, what feeds each, and which agent runs what: data, so that nothing else lists them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import attrgetter
from typing import Any, NamedTuple

from projections import alerts, order_board, reorders, shipment_tracking, stock_levels, timeline
from projections.published import Published, Row
from schemas.events import Event
from schemas.topics import BY_NAME

Change = Callable[[Any, Published, Any], Row | None]


class ReadModel(NamedTuple):
    """
    One read model: its table, the topics that feed it and the pure functions that fold it.

    `key` are the columns of the primary key, the aggregate's id first. `keys` names the
    rows that an event touches, `key_of` the key of a row. An append-only model is never read back.
    """

    name: str
    version: int
    topics: tuple[str, ...]
    columns: str
    indexes: tuple[str, ...]
    key: tuple[str, ...]
    row: type[Row]
    keys: Callable[[Event], tuple[Hashable, ...]]
    key_of: Callable[[Any], Hashable]
    change: Change
    append_only: bool = False


def _keyless(change: Callable[[Any, Published], Row | None]) -> Change:
    return lambda row, published, _key: change(row, published)


def _read_model(module: Any, row: type[Row], change: Change, *, append_only: bool = False) -> ReadModel:
    return ReadModel(
        name=module.NAME,
        version=module.VERSION,
        topics=module.TOPICS,
        columns=module.COLUMNS,
        indexes=module.INDEXES,
        key=module.KEY,
        row=row,
        keys=module.keys,
        key_of=attrgetter(*module.KEY),
        change=change,
        append_only=append_only,
    )


READ_MODELS: dict[str, ReadModel] = {
    model.name: model
    for model in (
        _read_model(order_board, order_board.OrderRow, _keyless(order_board.change)),
        _read_model(stock_levels, stock_levels.StockRow, _keyless(stock_levels.change)),
        _read_model(shipment_tracking, shipment_tracking.ShipmentRow, _keyless(shipment_tracking.change)),
        _read_model(reorders, reorders.ReorderRow, _keyless(reorders.change)),
        _read_model(alerts, alerts.AlertRow, alerts.change),
        _read_model(timeline, timeline.TimelineRow, _keyless(timeline.change), append_only=True),
    )
}

FED_BY: dict[str, tuple[ReadModel, ...]] = {
    topic: tuple(model for model in READ_MODELS.values() if topic in model.topics)
    for topic in sorted({topic for model in READ_MODELS.values() for topic in model.topics})
}
"""The read models that each topic feeds; its one agent runs all of them."""

AGENTS: dict[str, str] = {BY_NAME[topic].readers[0]: topic for topic in FED_BY}
"""The agents of the reading side, and the topic of each."""
