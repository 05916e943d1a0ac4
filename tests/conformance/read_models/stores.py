"""Two stores of read models with one face: the real one, and one in memory that only folds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from projections import store
from projections.catalogue import FED_BY, READ_MODELS
from projections.published import Published, Row
from projections.store import Connection


class ReadModelStore(Protocol):
    """What the conformance suite asks of a store."""

    def apply(self, topic: str, published: Sequence[Published]) -> None:
        """Fold a batch of one topic into every read model that the topic feeds."""

    def rows(self, name: str) -> dict[Any, Row]:
        """The rows of one read model by their key."""


class InMemory:
    """Read models as dictionaries: the plainest thing that folds."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[Any, Row]] = {name: {} for name in READ_MODELS}

    def apply(self, topic: str, published: Sequence[Published]) -> None:
        for model in FED_BY[topic]:
            rows = self._tables[model.name]
            for each in published:
                for key in model.keys(each.event):
                    row = None if model.append_only else rows.get(key)
                    if row is None or each.position > row.position:
                        after = model.change(row, each, key)
                        if after is not None:
                            rows.setdefault(model.key_of(after), after)
                            rows[model.key_of(after)] = after

    def rows(self, name: str) -> dict[Any, Row]:
        return self._tables[name]


class OnPostgres:
    """The real store, a transaction for each batch."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def apply(self, topic: str, published: Sequence[Published]) -> None:
        with self._connection.transaction():
            store.apply(self._connection, topic, published)

    def rows(self, name: str) -> dict[Any, Row]:
        model = READ_MODELS[name]
        found = self._connection.execute(f"SELECT coalesce(json_agg(t), '[]')::text FROM {name} AS t").fetchone()
        assert found is not None
        rows: list[Any] = msgspec.json.decode(found[0], type=list[model.row])  # type: ignore[name-defined]
        return {model.key_of(row): row for row in rows}
