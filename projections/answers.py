"""What the API is asked and what it answers, as types; the OpenAPI document is made from them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from projections.alerts import AlertRow
from projections.order_board import OrderRow
from projections.shipment_tracking import ShipmentRow
from projections.stock_levels import StockRow
from schemas.values import OrderLine, Person, Rates

PAGE_ROWS_MAX = 500
WAIT_SECONDS_MAX = 10.0

T = TypeVar("T")
Moment = Annotated[datetime, Meta(tz=True)]


# Asked


class Query(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`at_least`: wait until the answer reflects this log position, ten seconds at most."""

    at_least: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None


class PageQuery(Query, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`cursor` is the `next_cursor` of the page before."""

    cursor: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ROWS_MAX)] = 100


class OrdersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sku` is a SKU id or a seller's SKU; `due_before` compares with `dispatch_by`."""

    status: str | None = None
    fulfilment_state: (
        Literal[
            "RECEIVED",
            "WAITING",
            "RESERVING",
            "BACKORDERED",
            "READY",
            "LABELLED",
            "FULFILLED",
            "CANCELLED",
            "HELD",
        ]
        | None
    ) = None
    priority: Literal["HIGH", "MEDIUM", "LOW"] | None = None
    shop: str | None = None
    sku: str | None = None
    due_before: Moment | None = None
    hopeless: bool | None = None
    late: Literal["label", "scan", "arrange"] | None = None


class StockQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which stock items to list."""

    shop: str | None = None
    sku: str | None = None


class ShipmentsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which packages to list; `unscanned`: labelled for two working days, and no carrier has scanned them."""

    state: str | None = None
    order: UUID | None = None
    shop: str | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    unscanned: bool = False


class AlertsQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which alerts to list; the open ones unless asked for others, seen by somebody or not."""

    state: Literal["open", "closed"] = "open"
    acknowledged: bool | None = None
    kind: str | None = None
    subject: UUID | None = None


class ReordersQuery(PageQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which supplier orders to list."""

    state: (
        Literal[
            "prepared",
            "asked",
            "declined",
            "lapsed",
            "placed",
            "confirmed",
            "refused",
            "overdue",
            "part received",
            "received",
            "cancelled",
        ]
        | None
    ) = None
    stock_item: UUID | None = None


class CurvesQuery(Query, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`hours`: how far the curves go back, four weeks at most."""

    hours: Annotated[int, Meta(ge=1, le=672)] = 168


class LabelQuery(Query, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`format` wins over the Accept header."""

    format: Literal["pdf", "zpl"] | None = None


class CommandQuery(Query, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`wait`: seconds to wait for the outcome."""

    wait: Annotated[float, Meta(ge=0, le=WAIT_SECONDS_MAX)] = 0.0


# Answered


class Reflects(Struct, frozen=True, kw_only=True):
    """The log position that an answer reflects, and where its next page starts."""

    log_position: int
    next_cursor: int | None = None


class Page(Struct, Generic[T], frozen=True):
    """One page of a list."""

    items: list[T]
    meta: Reflects


class One(Struct, Generic[T], frozen=True):
    """One thing."""

    item: T
    meta: Reflects


class ShipTo(Struct, frozen=True, kw_only=True):
    """Where the order goes. `person` is "erased" once the buyer's key was destroyed."""

    country: str
    state: str
    city: str
    postal_code: str
    kind: str
    complete: bool
    person: Person | Literal["erased"] | None


class WholeOrder(Struct, frozen=True, kw_only=True):
    """One order with everything that stands beside it."""

    order: OrderRow
    lines: tuple[OrderLine, ...]
    ship_to: ShipTo | None
    stock: list[StockRow]
    shipments: list[ShipmentRow]
    alerts: list[AlertRow]


class RawWebhook(Struct, frozen=True, kw_only=True):
    """Where the bytes of a webhook stand on their topic, and when they came."""

    topic: str
    partition: int
    offset: int
    event_id: str
    received_at: datetime
    signature_format: str


class Cause(Struct, frozen=True, kw_only=True):
    """
    The command that an event came of, and what sent that command.

    `position` is that of the event it followed; `webhook` where the outside said so.
    """

    id: str
    kind: Literal["webhook", "event", "call", "timer", "operator"]
    command: str | None = None
    position: int | None = None
    webhook: RawWebhook | None = None


class Happened(Struct, frozen=True, kw_only=True):
    """One event of an order, its packages or its stock."""

    position: int
    event: str
    id: str
    aggregate_id: UUID
    occurred_at: datetime
    cause: Cause
    correlation: str
    body: msgspec.Raw


class Timeline(Struct, frozen=True, kw_only=True):
    """What happened to an order, and every webhook that spoke of it, those without effect too."""

    items: list[Happened]
    webhooks: list[RawWebhook]
    meta: Reflects


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A record that was passed without effect, without its body."""

    id: UUID
    agent: str
    topic: str
    partition: int
    offset: int
    kind: str
    reason: str
    recorded_at: datetime
    redelivered_at: datetime | None = None
    times: int = 0


class WholeDeadLetter(Struct, frozen=True, kw_only=True):
    """A record that was passed without effect, with its headers and its decrypted body; None once that was erased."""

    letter: DeadLetter
    headers: dict[str, str]
    body: str | None = None


class CommandOutcome(Struct, frozen=True, kw_only=True):
    """What became of a command; `pending` while it was not decided."""

    id: str
    outcome: str
    recorded_at: str | None = None


class ItemRates(Struct, frozen=True, kw_only=True):
    """How fast a stock item sells as it was worked out at `reviewed_at`, and what it stands on."""

    stock_item_id: UUID
    available: int
    backordered: int
    stock_unknown: bool
    reviewed_at: datetime
    spike_opened_at: datetime | None
    rates: Rates


class Counted(Struct, frozen=True, kw_only=True):
    """What was counted in the hour from `starts_at` on."""

    starts_at: datetime
    amount: int


class PastSpike(Struct, frozen=True, kw_only=True):
    """A spike that is over."""

    since: datetime
    until: datetime


class ContentCurve(Struct, frozen=True, kw_only=True):
    """One content that sells the item, and how much it was watched in each hour."""

    content_id: str
    marketplace: str
    creator_id: str
    published_at: datetime | None
    last_read_at: datetime
    views_per_hour: list[Counted]


class Curves(Struct, frozen=True, kw_only=True):
    """A stock item's rates with the curves behind them; hours in which nothing was counted are left out."""

    now: ItemRates
    past_spikes: list[PastSpike]
    units_per_hour: list[Counted]
    contents: list[ContentCurve]


class AgentHealth(Struct, frozen=True, kw_only=True):
    """One agent: records it has not taken yet, over its partitions, and when it last moved."""

    agent: str
    lag: int | None
    seen_position: int
    moved_at: datetime
    status: Literal["healthy", "degraded", "critical"]


class ProcessHealth(Struct, frozen=True, kw_only=True):
    """One process by its own word. `away` are services that it goes on without: it is degraded."""

    name: str
    kind: str
    started_at: datetime
    beat_at: datetime
    code: int | None
    away: list[str]
    status: Literal["healthy", "degraded", "critical"]


class RelayHealth(Struct, frozen=True, kw_only=True):
    """Who leads the relay, how far it has sent, and how much waits."""

    leader: str
    position: int
    waiting: int
    status: Literal["healthy", "critical"]


class Health(Struct, frozen=True, kw_only=True):
    """The worst counts. `min_code` is the least code number whose workers may take anything."""

    status: Literal["healthy", "degraded", "critical"]
    min_code: int
    agents: list[AgentHealth]
    relay: RelayHealth
    processes: list[ProcessHealth]
    meta: Reflects


class Summary(Struct, frozen=True, kw_only=True):
    """How many orders stand where, and how many alerts of which kind are open."""

    orders: dict[str, int]
    open_alerts: dict[str, int]
    meta: Reflects
