"""
The tables of the event store. Migrations only add, and each runs once, under an advisory lock.

Ten processes that start at once on an empty database leave the same tables as one.
"""

from __future__ import annotations

from collections.abc import Callable

from aggregates.event_store.connection import Connection

MIGRATION_LOCK = 7_461_200_001
"""Held while tables are made: the library's own table creation fails when two processes try it at once."""

LOG_LOCK = 7_461_200_002
"""Taken last in every transaction that appends events, so that log positions commit in order."""

OFFSET_MOVED = "CF001"
"""SQLSTATE of a failed compare-and-set on a consumer offset."""

_EVENTS = """
CREATE TYPE stored_event_uuid AS (originator_id uuid, originator_version bigint, topic text, state bytea);
CREATE TABLE events (
    originator_id uuid NOT NULL,
    originator_version bigint NOT NULL,
    topic text NOT NULL,
    state bytea NOT NULL,
    notification_id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1),
    cause text NOT NULL,
    correlation text NOT NULL,
    PRIMARY KEY (originator_id, originator_version)
) WITH (autovacuum_vacuum_insert_threshold = 1000000, autovacuum_freeze_min_age = 0);
CREATE UNIQUE INDEX events_position ON events (notification_id);

CREATE TABLE store_epoch (
    epoch integer PRIMARY KEY,
    first_position bigint NOT NULL,
    min_code integer NOT NULL DEFAULT 1,
    started_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO store_epoch (epoch, first_position) VALUES (1, 1);
"""

_OFFSETS = f"""
CREATE TABLE consumer_offsets (
    agent text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    seen_epoch integer NOT NULL DEFAULT 1,
    seen_position bigint NOT NULL DEFAULT 0,
    digest bytea,
    starts integer NOT NULL DEFAULT 0,
    moved_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (agent, topic, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE FUNCTION advance_offsets(
    of_agent text, of_topic text, partitions integer[], froms bigint[], untils bigint[], positions bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE moved integer;
BEGIN
    UPDATE consumer_offsets AS o
    SET next_offset = v.until, seen_position = greatest(o.seen_position, v.position), starts = 0, moved_at = now()
    FROM unnest(partitions, froms, untils, positions) AS v (partition, start, until, position)
    WHERE o.agent = of_agent AND o.topic = of_topic AND o.partition = v.partition AND o.next_offset = v.start;
    GET DIAGNOSTICS moved = ROW_COUNT;
    IF moved <> cardinality(partitions) THEN
        RAISE EXCEPTION 'the offset of % on % is not where this batch starts', of_agent, of_topic
            USING ERRCODE = '{OFFSET_MOVED}';
    END IF;
END $$;
"""

_INPUT = """
CREATE TABLE inbox (
    source text NOT NULL,
    event_id text NOT NULL,
    target uuid NOT NULL,
    payload_hash bytea NOT NULL,
    outcome text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id, target)
);
CREATE INDEX inbox_age ON inbox USING brin (recorded_at);
CREATE INDEX inbox_event ON inbox (event_id);

CREATE TABLE raw_webhooks (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    event_id text NOT NULL,
    shop text NOT NULL,
    order_id uuid,
    received_at timestamptz NOT NULL,
    signature_format text NOT NULL,
    subject text NOT NULL,
    key_version integer NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX raw_webhooks_event ON raw_webhooks (event_id);
CREATE INDEX raw_webhooks_order ON raw_webhooks (order_id);

CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    agent text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    kind text NOT NULL,
    reason text NOT NULL,
    record_key bytea,
    headers jsonb NOT NULL,
    subject text NOT NULL,
    key_version integer NOT NULL,
    body bytea,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    redelivered_at timestamptz
);
CREATE INDEX dead_letters_age ON dead_letters (recorded_at);

CREATE TABLE buyer_keys (
    subject text NOT NULL,
    version integer NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    PRIMARY KEY (subject, version)
);

CREATE TABLE buyer_orders (
    subject text NOT NULL,
    order_id uuid NOT NULL,
    placed_at timestamptz NOT NULL,
    kept boolean NOT NULL,
    PRIMARY KEY (subject, order_id)
);

CREATE TABLE shops (
    marketplace text NOT NULL,
    shop text NOT NULL,
    user_id text NOT NULL,
    time_zone text NOT NULL DEFAULT 'UTC',
    live_stock boolean NOT NULL DEFAULT false,
    live_labels boolean NOT NULL DEFAULT false,
    live_buying boolean NOT NULL DEFAULT false,
    settings jsonb NOT NULL DEFAULT '{}',
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (marketplace, shop)
);

CREATE TABLE listings (
    marketplace text NOT NULL,
    shop text NOT NULL,
    sku_id text NOT NULL,
    parts jsonb NOT NULL,
    PRIMARY KEY (marketplace, shop, sku_id)
);
"""

_OUTPUT = """
CREATE TABLE relay (
    id integer PRIMARY KEY CHECK (id = 1),
    leader text NOT NULL DEFAULT '',
    term bigint NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL DEFAULT '-infinity',
    position bigint NOT NULL DEFAULT 0,
    last_timer_sent bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO relay (id) VALUES (1);

CREATE TABLE relay_sent (
    topic text NOT NULL,
    partition integer NOT NULL,
    last_offset bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);

CREATE TABLE scheduled_commands (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    due_at timestamptz NOT NULL,
    type text NOT NULL,
    topic text NOT NULL,
    record_key text NOT NULL,
    body bytea NOT NULL,
    cause text NOT NULL,
    correlation text NOT NULL
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX scheduled_commands_due ON scheduled_commands (due_at, id);

CREATE TABLE calls (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    kind text NOT NULL,
    service text NOT NULL,
    shop text NOT NULL,
    priority integer NOT NULL,
    due_at timestamptz NOT NULL,
    deadline_at timestamptz,
    attempt integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    unknown boolean NOT NULL DEFAULT false,
    lease_until timestamptz,
    state text NOT NULL DEFAULT 'waiting',
    body bytea NOT NULL,
    cause text NOT NULL,
    correlation text NOT NULL,
    last_error text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (
    fillfactor = 70, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX calls_waiting ON calls (priority DESC, due_at) WHERE state = 'waiting';
CREATE INDEX calls_leased ON calls (lease_until) WHERE state = 'running';

CREATE TABLE processes (
    name text PRIMARY KEY,
    kind text NOT NULL,
    pid integer NOT NULL,
    host text NOT NULL,
    started_at timestamptz NOT NULL,
    beat_at timestamptz NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);

CREATE TABLE read_models (
    name text PRIMARY KEY,
    version integer NOT NULL,
    position bigint NOT NULL,
    built_at timestamptz NOT NULL DEFAULT now()
);
"""

_RECORD_BATCH = f"""
CREATE FUNCTION record_batch(
    of_agent text, of_topic text, partitions integer[], froms bigint[], untils bigint[], positions bigint[],
    inbox_source text[], inbox_event text[], inbox_target uuid[], inbox_hash bytea[], inbox_outcome text[],
    timer_key text[], timer_due timestamptz[], timer_type text[], timer_topic text[], timer_record_key text[],
    timer_body bytea[], timer_cause text[], timer_correlation text[],
    call_key text[], call_kind text[], call_service text[], call_shop text[], call_priority integer[],
    call_due timestamptz[], call_deadline timestamptz[], call_body bytea[], call_cause text[], call_correlation text[],
    buyer_subject text[], buyer_order uuid[], buyer_placed timestamptz[], buyer_kept boolean[],
    event_originator uuid[], event_version bigint[], event_topic text[], event_state bytea[],
    event_cause text[], event_correlation text[]
) RETURNS SETOF bigint LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(partitions) > 0 THEN
        PERFORM advance_offsets(of_agent, of_topic, partitions, froms, untils, positions);
    END IF;
    IF cardinality(inbox_source) > 0 THEN
        INSERT INTO inbox (source, event_id, target, payload_hash, outcome)
        SELECT * FROM unnest(inbox_source, inbox_event, inbox_target, inbox_hash, inbox_outcome)
        ON CONFLICT (source, event_id, target)
        DO UPDATE SET payload_hash = excluded.payload_hash, outcome = excluded.outcome;
    END IF;
    IF cardinality(timer_key) > 0 THEN
        INSERT INTO scheduled_commands (key, due_at, type, topic, record_key, body, cause, correlation)
        SELECT * FROM unnest(timer_key, timer_due, timer_type, timer_topic, timer_record_key, timer_body, timer_cause,
            timer_correlation)
        ON CONFLICT (key) DO NOTHING;
    END IF;
    IF cardinality(call_key) > 0 THEN
        INSERT INTO calls (key, kind, service, shop, priority, due_at, deadline_at, body, cause, correlation)
        SELECT * FROM unnest(call_key, call_kind, call_service, call_shop, call_priority, call_due, call_deadline,
            call_body, call_cause, call_correlation)
        ON CONFLICT (key) DO NOTHING;
    END IF;
    IF cardinality(buyer_subject) > 0 THEN
        INSERT INTO buyer_orders (subject, order_id, placed_at, kept)
        SELECT * FROM unnest(buyer_subject, buyer_order, buyer_placed, buyer_kept)
        ON CONFLICT (subject, order_id) DO UPDATE SET kept = excluded.kept;
    END IF;
    IF cardinality(event_originator) > 0 THEN
        PERFORM pg_advisory_xact_lock({LOG_LOCK});
        RETURN QUERY
        INSERT INTO events (originator_id, originator_version, topic, state, cause, correlation)
        SELECT originator_id, originator_version, topic, state, cause, correlation
        FROM unnest(event_originator, event_version, event_topic, event_state, event_cause, event_correlation)
            WITH ORDINALITY AS v (originator_id, originator_version, topic, state, cause, correlation, number)
        ORDER BY number
        RETURNING notification_id;
    END IF;
END $$;
"""

_TRACKING_NUMBERS = """
CREATE TABLE tracking_numbers (
    carrier text NOT NULL,
    number text NOT NULL,
    shipment_id uuid NOT NULL,
    PRIMARY KEY (carrier, number, shipment_id)
);
"""

_REDELIVERY = """
ALTER TABLE dead_letters ADD COLUMN asked_at timestamptz, ADD COLUMN times integer NOT NULL DEFAULT 0;
CREATE INDEX dead_letters_asked ON dead_letters (asked_at) WHERE asked_at IS NOT NULL;
"""

_SHELVES = """
ALTER TABLE listings ADD COLUMN mapped_at timestamptz NOT NULL DEFAULT '-infinity';

CREATE TABLE snapshots (
    originator_id uuid PRIMARY KEY,
    originator_version bigint NOT NULL,
    form integer NOT NULL,
    digest bytea NOT NULL,
    state bytea NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now()
);
"""

_OBSERVING = """
CREATE INDEX calls_withheld ON calls (due_at) WHERE state = 'withheld';

CREATE TABLE item_weights (
    stock_item_id uuid PRIMARY KEY,
    grams integer NOT NULL
);
"""

_ORDER_READS = """
ALTER TABLE calls ADD COLUMN again boolean NOT NULL DEFAULT false;
ALTER TABLE shops ADD COLUMN access_ended_at timestamptz;
CREATE INDEX shops_without_access ON shops (marketplace, shop) WHERE access_ended_at IS NOT NULL;
"""

_TIKTOK_TOKENS = """
CREATE TABLE tiktok_tokens (
    grant_id text PRIMARY KEY,
    access bytea NOT NULL,
    access_expires_at timestamptz NOT NULL,
    refresh bytea NOT NULL,
    refresh_expires_at timestamptz NOT NULL,
    refreshed_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tiktok_shops (
    shop text PRIMARY KEY,
    grant_id text NOT NULL,
    cipher text NOT NULL
);
"""

_CONTENT = """
CREATE TABLE contents (
    content uuid PRIMARY KEY,
    marketplace text NOT NULL,
    content_id text NOT NULL,
    creator_id text NOT NULL,
    published_at timestamptz,
    first_read_at timestamptz NOT NULL,
    last_read_at timestamptz NOT NULL
);
CREATE INDEX contents_creator ON contents (marketplace, creator_id);

CREATE TABLE readings (
    content uuid NOT NULL,
    read_at timestamptz NOT NULL,
    views bigint NOT NULL,
    likes bigint,
    comments bigint,
    shares bigint,
    creator_follower_count bigint,
    reading_id text NOT NULL,
    PRIMARY KEY (content, read_at)
);
CREATE INDEX readings_age ON readings (read_at);

CREATE TABLE content_links (
    content uuid NOT NULL,
    marketplace text NOT NULL,
    content_id text NOT NULL,
    shop text NOT NULL,
    sku_id text NOT NULL,
    stock_item_id uuid NOT NULL,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (content, shop, sku_id, stock_item_id)
);
CREATE INDEX content_links_item ON content_links (stock_item_id);
"""

_WINDOWS = """
CREATE TABLE window_buckets (
    subject uuid NOT NULL,
    measure text NOT NULL,
    starts_at timestamptz NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (subject, measure, starts_at)
) WITH (fillfactor = 70);
CREATE INDEX window_buckets_age ON window_buckets (starts_at);

CREATE TABLE demands (
    stock_item_id uuid NOT NULL,
    order_id uuid NOT NULL,
    paid_at timestamptz,
    units integer NOT NULL,
    buyer text NOT NULL,
    PRIMARY KEY (stock_item_id, order_id)
);
CREATE INDEX demands_paid ON demands (stock_item_id, paid_at);

CREATE TABLE stock_windows (
    stock_item_id uuid PRIMARY KEY,
    known_since timestamptz NOT NULL,
    available integer NOT NULL DEFAULT 0,
    backordered integer NOT NULL DEFAULT 0,
    stock_unknown boolean NOT NULL DEFAULT true,
    figures_at timestamptz,
    empty_since timestamptz,
    normal_since timestamptz,
    spike_opened_at timestamptz,
    spike_calm_since timestamptz,
    rates jsonb,
    reviewed_at timestamptz,
    review_at timestamptz NOT NULL DEFAULT 'infinity'
) WITH (fillfactor = 50);
CREATE INDEX stock_windows_due ON stock_windows (review_at);

CREATE TABLE left_out_spans (
    stock_item_id uuid NOT NULL,
    kind text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (stock_item_id, kind, since)
);

INSERT INTO consumer_offsets (agent, topic, partition, next_offset, seen_epoch, seen_position)
SELECT 'windows.demand', topic, partition, next_offset, seen_epoch, seen_position
FROM consumer_offsets WHERE agent = 'read-models.inventory';
"""
"""
On a store that is older the windows begin where the read models stand: what was written before tells no demand, and
days without any would look like calm ones.
"""

_PURCHASES = """
CREATE TABLE purchases (
    key text PRIMARY KEY,
    shop text NOT NULL,
    placed_at timestamptz NOT NULL,
    amount numeric NOT NULL,
    currency text NOT NULL
);
CREATE INDEX purchases_placed ON purchases (placed_at);
"""

MIGRATIONS: tuple[tuple[int, str], ...] = (
    (1, _EVENTS),
    (2, _OFFSETS),
    (3, _INPUT),
    (4, _OUTPUT),
    (5, _RECORD_BATCH),
    (6, _REDELIVERY),
    (8, _TRACKING_NUMBERS),
    (10, _SHELVES),
    (11, _OBSERVING),
    (13, _ORDER_READS),
    (14, _TIKTOK_TOKENS),
    (15, _CONTENT),
    (16, _WINDOWS),
    (17, _PURCHASES),
)


def migrate(connection: Connection, then: Callable[[Connection], None]) -> list[int]:
    """
    Bring the tables up to date and return the numbers of the migrations that ran now.

    `then` makes what is not the event store's (the read models' tables) in the same transaction.
    Repeated: nothing runs twice. Raced: the second process waits, then finds nothing to do.
    """
    connection.execute("SET statement_timeout = 0; SET transaction_timeout = 0")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (number integer PRIMARY KEY, ran_at timestamptz NOT NULL"
            " DEFAULT now())"
        )
        done = {row[0] for row in connection.execute("SELECT number FROM migrations")}
        pending = [(number, statements) for number, statements in MIGRATIONS if number not in done]
        for number, statements in pending:
            connection.execute(statements)
            connection.execute("INSERT INTO migrations (number) VALUES (%s)", (number,))
        then(connection)
    return [number for number, _ in pending]
