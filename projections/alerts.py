"""
What needs a person: one row per kind and subject, counted up while it is open, closed with its cause.

Reads: all four event topics.    Keyed by the aggregate that the alert is about, so that one agent writes a row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

import msgspec

from projections.published import Published, Row, UnknownEvent, subject_of
from schemas import events
from schemas.events import Event
from schemas.topics import INVENTORY_EVENTS, ORDERS_EVENTS, REPLENISHMENT_EVENTS, SHIPPING_EVENTS
from schemas.values import derived_id

NAME = "alerts"
VERSION = 1
TOPICS = (ORDERS_EVENTS, INVENTORY_EVENTS, SHIPPING_EVENTS, REPLENISHMENT_EVENTS)
KEY = ("subject", "kind")
COLUMNS = """
    subject uuid NOT NULL,
    kind text NOT NULL,
    alert_id uuid NOT NULL,
    subject_type text NOT NULL,
    state text NOT NULL,
    severity text NOT NULL,
    reason text NOT NULL,
    figures json NOT NULL,
    count integer NOT NULL,
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    closed_at timestamptz,
    closed_by text NOT NULL,
    closed_cause text NOT NULL,
    opened_position bigint NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (subject, kind)
"""
INDEXES = ("(alert_id)", "(state, opened_position)")

SubjectType = Literal["order", "stock_item", "shipment", "replenishment"]
Figures = dict[str, str | int | None]


class AlertRow(Row, frozen=True, kw_only=True):
    """
    One alert. Opened again after it was closed, it starts over at a count of 1.

    `closed_by` is the event that ended its cause, `closed_cause` what caused that event.
    """

    subject: UUID
    kind: str
    alert_id: UUID
    subject_type: SubjectType
    state: Literal["open", "closed"] = "open"
    severity: Literal["critical", "warning"]
    reason: str
    figures: Figures
    count: int = 1
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_cause: str = ""
    opened_position: int


Key = tuple[UUID, str]
When = Callable[[Any], bool]


def _always(_event: Event) -> bool:
    return True


class Opens(NamedTuple):
    """An event opens (or counts up) an alert, with a reason and figures, where `when` holds."""

    kind: str
    severity: Literal["critical", "warning"]
    reason: Callable[[Any], str]
    figures: Callable[[Any], Figures]
    when: When = _always


class Closes(NamedTuple):
    """An event ends the cause of these alerts where `when` holds."""

    kinds: tuple[str, ...]
    when: When = _always


class Effect(NamedTuple):
    """What one type of event does to alerts."""

    opens: tuple[Opens, ...] = ()
    closes: tuple[Closes, ...] = ()


def keys(event: Event) -> tuple[Key, ...]:
    """The alerts that this event may open or close."""
    effect = _effect(event)
    if effect is _NOTHING:
        return ()
    subject = subject_of(event)
    opened = [(subject, opens.kind) for opens in effect.opens if opens.when(event)]
    closed = [(subject, kind) for closes in effect.closes if closes.when(event) for kind in closes.kinds]
    return (*opened, *(key for key in closed if key not in opened))


def change(row: AlertRow | None, published: Published, key: Key) -> AlertRow | None:
    """The alert after one more event of its subject; None where there is none to close. Raises `UnknownEvent`."""
    event = published.event
    for opens in _effect(event).opens:
        if opens.kind == key[1] and opens.when(event):
            return _opened(row, opens, published, key)
    if row is None or row.state == "closed":
        return row
    return msgspec.structs.replace(
        row,
        state="closed",
        closed_at=published.occurred_at,
        closed_by=type(event).__name__,
        closed_cause=published.cause,
        position=published.position,
    )


def _effect(event: Event) -> Effect:
    try:
        return EFFECTS[type(event)]
    except KeyError:
        raise UnknownEvent(type(event).__name__) from None


def _opened(row: AlertRow | None, opens: Opens, published: Published, key: Key) -> AlertRow:
    event = published.event
    still_open = row is not None and row.state == "open"
    return AlertRow(
        subject=key[0],
        kind=opens.kind,
        alert_id=row.alert_id if row else derived_id("alert", opens.kind, str(key[0])),
        subject_type=_SUBJECT_TYPES[event.__struct_fields__[0]],
        severity=opens.severity,
        reason=opens.reason(event),
        figures=opens.figures(event),
        count=row.count + 1 if row and still_open else 1,
        opened_at=row.opened_at if row and still_open else published.occurred_at,
        opened_position=row.opened_position if row and still_open else published.position,
        last_at=published.occurred_at,
        position=published.position,
    )


_SUBJECT_TYPES: dict[str, SubjectType] = {
    "order_id": "order",
    "stock_item_id": "stock_item",
    "shipment_id": "shipment",
    "replenishment_id": "replenishment",
}


def _said(event: Any) -> str:
    return str(event.reason)


def _no_figures(_event: Event) -> Figures:
    return {}


def _stock_figures(event: Any) -> Figures:
    return {"on_hand": event.on_hand, "reserved": event.reserved, "backordered": event.backordered}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _shortage_figures(event: Any) -> Figures:
    return {**_stock_figures(event), "short_by": event.short_by, "promised_at": _moment(event.promised_at)}


def _units_free(event: Any) -> bool:
    return bool(event.on_hand > event.reserved)


def _nothing_owed(event: Any) -> bool:
    return bool(event.backordered == 0)


def _nothing_missing(event: Any) -> bool:
    return bool(event.on_hand >= event.reserved)


_PICKABLE = Closes(("pick-shortage",), _nothing_missing)
_STOCK_MOVED = Effect(
    closes=(Closes(("stock-depleted",), _units_free), Closes(("stock-short",), _nothing_owed), _PICKABLE)
)
_STOCK_KNOWN = Effect(closes=(*_STOCK_MOVED.closes, Closes(("stock-unknown",))))
_STOCK_SHORT = Effect(
    opens=(
        Opens(
            "stock-unknown",
            "critical",
            lambda event: "orders ask for an item that was never counted",
            _shortage_figures,
            lambda event: event.stock_unknown,
        ),
        Opens(
            "stock-short",
            "critical",
            lambda event: f"an order asks for {event.short_by} more than are free",
            _shortage_figures,
            lambda event: not event.stock_unknown,
        ),
    )
)
_STOCK_SHORTENED = Effect(
    opens=(
        Opens(
            "stock-short",
            "critical",
            lambda event: f"units that were reserved are not there: {event.reason}",
            _shortage_figures,
            lambda event: event.taken_for is None,
        ),
    ),
    closes=(_PICKABLE,),
)
_PICK_SHORTAGE = Effect(
    opens=(
        Opens(
            "pick-shortage",
            "critical",
            lambda event: f"printed packages hold {event.quantity} units that are not there",
            lambda event: {**_stock_figures(event), "missing": event.quantity},
        ),
    )
)
_STOCK_DEPLETED = Effect(
    opens=(Opens("stock-depleted", "warning", lambda event: "the last free unit went", _no_figures),)
)
_LABEL_UNDER_WAY = Effect(closes=(Closes(("shipment-held", "label-refused", "label-parked")),))
_NOTHING = Effect()

EFFECTS: dict[type[Event], Effect] = {
    events.OrderPlaced: _NOTHING,
    events.OrderStatusAdvanced: Effect(closes=(Closes(("status-unknown",)),)),
    events.OrderUpdateSuperseded: _NOTHING,
    events.OrderStatusFlagged: Effect(
        opens=(
            Opens(
                "status-unknown",
                "warning",
                lambda event: f"the marketplace says {event.marketplace_status!r}, which is not known",
                _no_figures,
            ),
        )
    ),
    events.OrderClassified: _NOTHING,
    events.OrderHeld: Effect(opens=(Opens("order-held", "warning", _said, _no_figures),)),
    events.OrderReleased: Effect(closes=(Closes(("order-held",)),)),
    events.OrderCancellationRequested: Effect(
        opens=(
            Opens(
                "cancellation-after-label",
                "critical",
                _said,
                lambda event: {"requested_at": _moment(event.requested_at)},
            ),
        )
    ),
    events.OrderCancelled: Effect(closes=(Closes(("order-held", "cancellation-after-label", "status-unknown")),)),
    events.OrderStockReserved: _NOTHING,
    events.OrderBackordered: _NOTHING,
    events.OrderDelayed: _NOTHING,
    events.OrderReadyToShip: _NOTHING,
    events.OrderLabelled: _NOTHING,
    events.OrderFulfilled: _NOTHING,
    events.OrderFulfilmentPushed: _NOTHING,
    events.OrderDispatched: _NOTHING,
    events.OrderDelivered: _NOTHING,
    events.OrderCompleted: _NOTHING,
    events.StockItemOpened: _NOTHING,
    events.StockItemDescribed: _NOTHING,
    events.ListingMapped: _NOTHING,
    events.StockReceived: _STOCK_KNOWN,
    events.StockCounted: _STOCK_KNOWN,
    events.StockCorrected: _STOCK_MOVED,
    events.StockReserved: _NOTHING,
    events.StockShortageRecorded: _STOCK_SHORT,
    events.StockReservationReleased: _STOCK_MOVED,
    events.StockReservationShortened: _STOCK_SHORTENED,
    events.PickShortageFound: _PICK_SHORTAGE,
    events.BackorderFilled: Effect(closes=(Closes(("stock-short",), _nothing_owed),)),
    events.StockPackaged: Effect(closes=(_PICKABLE,)),
    events.StockHandedOver: Effect(closes=(_PICKABLE,)),
    events.StockPutBack: _STOCK_MOVED,
    events.StockReturned: _STOCK_MOVED,
    events.StockWrittenOff: _NOTHING,
    events.StockDepleted: _STOCK_DEPLETED,
    events.SupplyExpected: _NOTHING,
    events.ShipmentOpened: _NOTHING,
    events.CarrierChosen: Effect(closes=(Closes(("shipment-held",)),)),
    events.ShipmentHeld: Effect(opens=(Opens("shipment-held", "critical", _said, _no_figures),)),
    events.LabelRequested: _LABEL_UNDER_WAY,
    events.LabelBought: _LABEL_UNDER_WAY,
    events.LabelRefused: Effect(opens=(Opens("label-refused", "critical", _said, _no_figures),)),
    events.ShipmentParked: Effect(opens=(Opens("label-parked", "critical", _said, _no_figures),)),
    events.ShipmentCancelled: Effect(
        opens=(Opens("label-live", "critical", _said, _no_figures, lambda event: event.label_live),),
        closes=_LABEL_UNDER_WAY.closes,
    ),
    events.ShipmentHandedOver: _NOTHING,
    events.ShipmentScanned: _NOTHING,
    events.ShipmentDelivered: _NOTHING,
    events.ShipmentReturned: _NOTHING,
    events.StockRiskRaised: Effect(
        opens=(
            Opens(
                "stock-risk",
                "critical",
                _said,
                lambda event: {
                    "level": event.level,
                    "available": event.available,
                    "backordered": event.backordered,
                    "stock_item_id": str(event.stock_item_id),
                },
            ),
        )
    ),
    events.StockRiskEased: Effect(closes=(Closes(("stock-risk", "supplier-refused")),)),
    events.ReorderPrepared: _NOTHING,
    events.ReorderPlaced: Effect(closes=(Closes(("supplier-refused",)),)),
    events.ReorderConfirmed: Effect(closes=(Closes(("supplier-refused",)),)),
    events.ReorderRefused: Effect(
        opens=(Opens("supplier-refused", "critical", _said, lambda event: {"reorder_id": event.reorder_id}),)
    ),
    events.ReorderReceived: _NOTHING,
}
"""What every public event does to alerts; the ones that do nothing are listed, so that an unknown one is noticed."""
