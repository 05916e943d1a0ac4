"""
The read models' tables: made, written in the transaction that is handed in, filled anew, and read.

Rows cross as JSON, one parameter per statement: `json_agg` out, `json_populate_recordset` in. It costs less than
arrays of columns (14 against 20 µs of Python per row of the order board, and no more of PostgreSQL).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Literal, LiteralString, NamedTuple, TypeVar
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from projections import alerts
from projections.alerts import AlertRow
from projections.catalogue import AGENTS, FED_BY, READ_MODELS, ReadModel
from projections.published import Published, Row
from projections.timeline import TimelineRow

Connection = psycopg.Connection[tuple[Any, ...]]
AsyncConnection = psycopg.AsyncConnection[tuple[Any, ...]]
R = TypeVar("R", bound=Row)

POOL_CONNECTIONS = 8
POOL_WAIT_SECONDS = 5.0
QUERY_TIMEOUT_MILLISECONDS = 10_000

_encoder = msgspec.json.Encoder()


# Tables


def create_tables(connection: Connection) -> None:
    """
    Make the read models' tables that are not there yet. Repeated: nothing happens.

    One that is born after the log's first event has to be rebuilt, and says so with version 0.
    """
    for model in READ_MODELS.values():
        if connection.execute("SELECT to_regclass(%s)", (model.name,)).fetchone() == (None,):
            create_table(connection, model, model.name)
            create_indexes(connection, model, model.name)
            connection.execute(
                "INSERT INTO read_models (name, version, position)"
                " SELECT %s, CASE WHEN EXISTS (SELECT FROM events) THEN 0 ELSE %s END, 0"
                " ON CONFLICT (name) DO UPDATE SET version = excluded.version, position = 0",
                (model.name, model.version),
            )


def create_table(connection: Connection, model: ReadModel, table: str) -> None:
    """Make an empty table with its key as this code describes it; one of that name that was left behind is dropped."""
    name = sql.Identifier(table)
    fill = sql.SQL("" if model.append_only else " WITH (fillfactor = 70)")
    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(name))
    connection.execute(sql.SQL("CREATE TABLE {} ({}){}").format(name, _trusted(model.columns), fill))


def create_indexes(connection: Connection, model: ReadModel, table: str) -> None:
    """Make the indexes that queries use. On a full table that is quicker than to keep them while it fills."""
    for index in model.indexes:
        connection.execute(sql.SQL("CREATE INDEX ON {} {}").format(sql.Identifier(table), _trusted(index)))


def to_rebuild(connection: Connection) -> list[str]:
    """The read models whose tables were made by other code than this, or after the log began."""
    found = {str(name): int(version) for name, version in connection.execute("SELECT name, version FROM read_models")}
    return [model.name for model in READ_MODELS.values() if found.get(model.name) != model.version]


def _trusted(text: str) -> sql.SQL:
    """SQL that a read model's own module wrote; never anything from outside."""
    return sql.SQL(text)


# Writing


def apply(connection: Connection, topic: str, published: Sequence[Published]) -> None:
    """
    Fold a batch of one topic into every read model that the topic feeds.

    The caller owns the transaction and has moved the agent's offset rows in it before. Repeated: an event at or
    below a row's position changes nothing. Raises `UnknownEvent` or `HistoryMissing` before anything is written.
    """
    fold_into(connection, [(model, model.name) for model in FED_BY[topic]], published)


def fold_into(connection: Connection, targets: Iterable[tuple[ReadModel, str]], published: Sequence[Published]) -> None:
    """Fold events into these tables, each kept by its read model: one read and one write per table."""
    if not published:
        return
    planned = [(model, table, _touched(model, published)) for model, table in targets]
    with connection.pipeline():
        # A plan made while the table was nearly empty would scan it for ever.
        connection.execute("SET LOCAL enable_seqscan = off")
        reads = [_read(connection, model, table, touched) for model, table, touched in planned]
        for (model, table, touched), read in zip(planned, reads, strict=True):
            rows = _appended(model, touched) if read is None else _folded(model, read, touched)
            if rows:
                connection.execute(_writing(model.name, table), (_encoder.encode(rows).decode(),))


Touched = list[tuple[Any, Published]]


def _touched(model: ReadModel, published: Sequence[Published]) -> Touched:
    """Each event with each row that it touches, in order."""
    return [(key, each) for each in published for key in model.keys(each.event)]


def _read(
    connection: Connection, model: ReadModel, table: str, touched: Touched
) -> psycopg.Cursor[tuple[Any, ...]] | None:
    if model.append_only or not touched:
        return None
    subjects = {key for key, _ in touched} if len(model.key) == 1 else {key[0] for key, _ in touched}
    return connection.execute(_reading(model.name, table), ("{" + ",".join(map(str, subjects)) + "}",))


def _appended(model: ReadModel, touched: Touched) -> list[Row]:
    return [row for key, each in touched if (row := model.change(None, each, key))]


def _folded(model: ReadModel, read: psycopg.Cursor[tuple[Any, ...]], touched: Touched) -> list[Row]:
    """The rows that changed, in the order of their keys, which is the order in which they are locked."""
    found = read.fetchone()
    assert found is not None
    rows: dict[Any, Row] = {model.key_of(row): row for row in _decoder_of(model.row).decode(found[0])}
    changed = set()
    for key, each in touched:
        row = rows.get(key)
        if row is not None and each.position <= row.position:
            continue
        after = model.change(row, each, key)
        if after is not None and after is not row:
            rows[key] = after
            changed.add(key)
    return [rows[key] for key in sorted(changed, key=str)]


@cache
def _reading(name: str, table: str) -> bytes:
    statement = sql.SQL("SELECT coalesce(json_agg(t), '[]')::text FROM {} AS t WHERE {} = ANY(%s::uuid[])")
    return statement.format(sql.Identifier(table), sql.Identifier(READ_MODELS[name].key[0])).as_bytes()


@cache
def _writing(name: str, table: str) -> bytes:
    model, target = READ_MODELS[name], sql.Identifier(table)
    insert = sql.SQL("INSERT INTO {0} SELECT * FROM json_populate_recordset(NULL::{0}, %s::json)").format(target)
    if model.append_only:
        return (insert + sql.SQL(" ON CONFLICT DO NOTHING")).as_bytes()
    columns = [field for field in model.row.__struct_fields__ if field not in model.key]
    update = sql.SQL(" ON CONFLICT ({}) DO UPDATE SET ({}) = ROW ({}) WHERE {}.position < excluded.position").format(
        sql.SQL(", ").join(map(sql.Identifier, model.key)),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Identifier("excluded", column) for column in columns),
        target,
    )
    return (insert + update).as_bytes()


# Positions


def reflected_query(topics: Sequence[str]) -> tuple[LiteralString, dict[str, list[str]]]:
    """
    The log position that the agents of these topics reflect, as one statement and its parameters.

    An agent that has passed the last record sent to a partition reflects all that the relay sent; else what it
    saw last there.
    """
    agents = [agent for agent, topic in AGENTS.items() if topic in topics]
    return _REFLECTED, {"agents": agents, "topics": [AGENTS[agent] for agent in agents]}


_REFLECTED = """
SELECT coalesce(min(greatest(
    CASE WHEN s.topic IS NULL OR o.next_offset > s.last_offset THEN r.position ELSE 0 END,
    coalesce(o.seen_position, 0)
)), 0)
FROM relay AS r
CROSS JOIN unnest(%(agents)s::text[], %(topics)s::text[]) AS a (agent, topic)
LEFT JOIN relay_sent AS s ON s.topic = a.topic
LEFT JOIN consumer_offsets AS o ON o.agent = a.agent AND o.topic = a.topic AND o.partition = s.partition
"""


def reflected(connection: Connection, topics: Sequence[str]) -> int:
    """The log position up to which everything on these topics is in the read models."""
    found = connection.execute(*reflected_query(topics)).fetchone()
    assert found is not None
    return int(found[0])


def alert(connection: Connection, alert_id: UUID) -> AlertRow | None:
    """The alert of this id, open or closed; None where there never was one."""
    where, decoder = (("alert_id", "="),), _decoder_of(AlertRow)
    found = connection.execute(_selecting(alerts.NAME, where, None), (alert_id, 1)).fetchone()
    assert found is not None
    rows: list[AlertRow] = decoder.decode(found[0])
    return rows[0] if rows else None


def shop_of_item(connection: Connection, stock_item_id: UUID) -> tuple[str, str] | None:
    """Marketplace and shop of the listing that opened a stock item, None where nobody described it."""
    found = connection.execute(
        "SELECT marketplace, shop FROM stock_levels WHERE stock_item_id = %s AND shop <> ''", (stock_item_id,)
    ).fetchone()
    return None if found is None else (found[0], found[1])


# Rebuilding


def unlimited(connection: Connection) -> None:
    """Let this connection's statements take their time and read whole tables: a rebuild is not a request."""
    connection.execute("SET enable_seqscan = on")
    connection.execute("SET statement_timeout = 0")
    connection.execute("SET idle_in_transaction_session_timeout = 0")
    connection.execute("SET transaction_timeout = 0")


def lock_offsets(connection: Connection, agents: Sequence[str]) -> None:
    """Keep the agents from moving until the transaction ends."""
    connection.execute(
        "SELECT 1 FROM consumer_offsets WHERE agent = ANY(%s) ORDER BY agent, topic, partition FOR UPDATE",
        (list(agents),),
    )


def swap(connection: Connection, model: ReadModel, table: str, agents: Sequence[str], position: int) -> None:
    """Put the new table in the old one's place, and let its agents drop what it already holds."""
    connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(model.name)))
    connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(table), sql.Identifier(model.name)))
    connection.execute(
        "UPDATE consumer_offsets SET seen_position = greatest(seen_position, %s) WHERE agent = ANY(%s)",
        (position, list(agents)),
    )
    connection.execute(
        "INSERT INTO read_models (name, version, position, built_at) VALUES (%s, %s, %s, now()) ON CONFLICT (name)"
        " DO UPDATE SET version = excluded.version, position = excluded.position, built_at = excluded.built_at",
        (model.name, model.version, position),
    )


def keep_others_out(connection: Connection, work: str) -> None:
    """Wait for others who do the same work, and keep them out until this connection ends."""
    connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (work,))


# Comparing


def temporary_copies(connection: Connection, model: ReadModel, *tables: str) -> None:
    """Make empty tables like a read model's, with its key and no other index, that end with the connection."""
    connection.execute("SET temp_buffers = '128MB'")
    key = sql.SQL(", ").join(map(sql.Identifier, model.key))
    for table in tables:
        name, source = sql.Identifier(table), sql.Identifier(model.name)
        connection.execute(sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {})").format(name, source))
        connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, key))


def take_copy(connection: Connection, model: ReadModel, table: str) -> int:
    """Copy a read model as it stands; returns the position that this copy reflects, of the same moment."""
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        position = reflected(connection, model.topics)
        connection.execute(
            sql.SQL("INSERT INTO {} SELECT * FROM {}").format(sql.Identifier(table), sql.Identifier(model.name))
        )
    return position


def differences(
    connection: Connection, model: ReadModel, shown: str, expected: str, limit: int
) -> tuple[int, int, list[tuple[str | None, str | None]]]:
    """How many rows are expected, how many differ, and the first of these: each as shown and as expected."""
    tables = {"shown": sql.Identifier(shown), "expected": sql.Identifier(expected)}
    key = sql.SQL(", ").join(map(sql.Identifier, model.key))
    connection.execute(sql.SQL("ANALYZE {shown}, {expected}").format(**tables))
    different = sql.SQL(_DIFFERENT).format(**tables, key=key)
    rows = connection.execute(sql.SQL("SELECT count(*) FROM {expected}").format(**tables)).fetchone()
    count = connection.execute(sql.SQL("SELECT count(*) FROM ({}) AS d").format(different)).fetchone()
    first = connection.execute(sql.SQL("{} ORDER BY {} LIMIT %s").format(different, key), (limit,)).fetchall()
    assert rows is not None
    assert count is not None
    return rows[0], count[0], [(as_shown, as_expected) for as_shown, as_expected in first]


_DIFFERENT: LiteralString = """
SELECT s.row, e.row
FROM (SELECT {key}, t::text AS row FROM {shown} AS t) AS s
FULL JOIN (SELECT {key}, t::text AS row FROM {expected} AS t) AS e USING ({key})
WHERE s.row IS DISTINCT FROM e.row
"""


# Reading


class Unavailable(Exception):
    """PostgreSQL cannot be reached, has no connection free, or took too long."""


class Where(NamedTuple):
    """One condition of a query: a column of the read model, an operator and a value."""

    column: str
    operator: Literal["=", "<", ">", "= ANY", "&&", "@>", "IS NULL"]
    value: object


_OPERATORS = {
    "=": sql.SQL("{} = %s"),
    "<": sql.SQL("{} < %s"),
    ">": sql.SQL("{} > %s"),
    "= ANY": sql.SQL("{} = ANY(%s)"),
    "&&": sql.SQL("{} && %s::text[]"),
    "@>": sql.SQL("{} @> %s::uuid[]"),
    "IS NULL": sql.SQL("({} IS NULL) = (%s::text IS NULL)"),
}


class Order(NamedTuple):
    """The column that pages are cut by; it never changes in a row, so that pages are stable while rows do."""

    column: str
    descending: bool = True


class Beat(NamedTuple):
    """One process by its own word: when it started, when it last said so, its code, and what it does without."""

    name: str
    kind: str
    started_at: datetime
    beat_at: datetime
    code: int | None
    away: list[str]


class Reader:
    """The read models over a pool of connections. Each query is short, has a limit and a timeout."""

    def __init__(self, dsn: str, connections: int = POOL_CONNECTIONS) -> None:
        self._pool: AsyncConnectionPool[AsyncConnection] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=connections,
            timeout=POOL_WAIT_SECONDS,
            open=False,
            kwargs={
                "autocommit": True,
                "application_name": "creatorflow api",
                "connect_timeout": 3,
                "options": f"-c statement_timeout={QUERY_TIMEOUT_MILLISECONDS}",
            },
        )

    async def open(self) -> None:
        """Start the pool. A server that is down does not stop it; queries answer `Unavailable` until it is back."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    async def _rows(self, statement: LiteralString | bytes, parameters: Any = None) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(statement, parameters)
                return await cursor.fetchall()
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise Unavailable(str(error)) from error

    async def reflected(self, topics: Sequence[str]) -> int:
        """The log position up to which everything on these topics is in the read models."""
        return int((await self._rows(*reflected_query(topics)))[0][0])

    async def end(self) -> int:
        """The last log position."""
        return int((await self._rows("SELECT coalesce(max(notification_id), 0) FROM events"))[0][0])

    async def select(
        self, name: str, row: type[R], where: Sequence[Where], order: Order | None = None, limit: int = 1
    ) -> list[R]:
        """Rows of one read model, in order."""
        statement = _selecting(name, tuple(each[:2] for each in where), order)
        found = await self._rows(statement, (*(each.value for each in where), limit))
        rows: list[R] = _decoder_of(row).decode(found[0][0])
        return rows

    async def timeline(self, order_id: UUID, after: int, limit: int) -> list[TimelineRow]:
        """What happened to an order, its packages and its stock, after a position."""
        found = await self._rows(_TIMELINE, {"order": order_id, "after": after, "limit": limit})
        rows: list[TimelineRow] = _decoder_of(TimelineRow).decode(found[0][0])
        return rows

    async def bodies(self, aggregate_id: UUID, events: Sequence[str]) -> list[bytes]:
        """The bodies of these events of one aggregate, the latest first."""
        found = await self._rows(
            "SELECT body::text FROM timeline WHERE aggregate_id = %s AND event = ANY(%s)"
            " ORDER BY position DESC LIMIT 100",
            (aggregate_id, list(events)),
        )
        return [body.encode() for (body,) in found]

    async def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Orders by state, and open alerts by kind."""
        orders = await self._rows("SELECT fulfilment_state, count(*) FROM order_board GROUP BY 1 ORDER BY 1")
        alerts = await self._rows("SELECT kind, count(*) FROM alerts WHERE state = 'open' GROUP BY 1 ORDER BY 1")
        return dict(orders), dict(alerts)

    async def agents(self) -> list[tuple[str, int | None, int, datetime]]:
        """Each agent with its lag in records where it can be known, what it saw last, and when it moved last."""
        rows = await self._rows(
            "SELECT o.agent, sum(greatest(s.last_offset + 1 - o.next_offset, 0))::bigint,"
            " max(o.seen_position), max(o.moved_at)"
            " FROM consumer_offsets AS o LEFT JOIN relay_sent AS s USING (topic, partition) GROUP BY 1 ORDER BY 1"
        )
        return [(agent, None if lag is None else int(lag), seen, moved_at) for agent, lag, seen, moved_at in rows]

    async def relay(self) -> tuple[str, int, bool]:
        """Who leads the relay, the position it has sent, and whether its lease holds."""
        leader, position, leads = (await self._rows("SELECT leader, position, lease_until > now() FROM relay"))[0]
        return leader, position, leads

    async def processes(self) -> list[Beat]:
        """The processes by their own word."""
        found = await self._rows(
            "SELECT name, kind, started_at, beat_at, (details ->> 'code')::integer,"
            " ARRAY(SELECT jsonb_array_elements_text(coalesce(details -> 'away', '[]')))"
            " FROM processes ORDER BY kind, name"
        )
        return [Beat._make(row) for row in found]

    async def min_code(self) -> int:
        """The least code number that may work on the store."""
        return int((await self._rows("SELECT max(min_code) FROM store_epoch"))[0][0])


@cache
def _decoder_of(row: type[Row]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row])  # type: ignore[valid-type]


@cache
def _selecting(name: str, where: tuple[tuple[str, str], ...], order: Order | None) -> bytes:
    model = READ_MODELS[name]
    assert {column for column, _ in where} <= set(model.row.__struct_fields__)
    conditions = [_OPERATORS[operator].format(sql.Identifier(column)) for column, operator in where]
    sorting = sql.SQL("").format()
    if order is not None:
        direction = sql.SQL("DESC" if order.descending else "ASC")
        sorting = sql.SQL(" ORDER BY {} {}").format(sql.Identifier(order.column), direction)
    statement = sql.SQL("SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM {} WHERE {}{} LIMIT %s) AS t")
    return statement.format(
        sql.Identifier(name), sql.SQL(" AND ").join(conditions or [sql.SQL("true").format()]), sorting
    ).as_bytes()


_TIMELINE = """
SELECT coalesce(json_agg(t), '[]')::text FROM (
    SELECT * FROM timeline WHERE position > %(after)s AND aggregate_id = ANY(
        ARRAY[%(order)s] || ARRAY(SELECT shipment_id FROM shipment_tracking WHERE order_ids @> ARRAY[%(order)s]))
    UNION ALL
    SELECT * FROM timeline WHERE position > %(after)s AND order_id = %(order)s AND order_id <> aggregate_id
        AND aggregate_id <> ALL(ARRAY(SELECT shipment_id FROM shipment_tracking WHERE order_ids @> ARRAY[%(order)s]))
    ORDER BY position LIMIT %(limit)s
) AS t
"""
