"""
Where every package is, which carrier takes it and why, and each of its scans: one row per shipment.

Reads: shipping.events.v1.    Keyed by shipment.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from projections.published import Changes, Fold, HistoryMissing, Published, Row, fold_for, nothing
from schemas import events
from schemas.events import CarrierOption, Event
from schemas.topics import SHIPPING_EVENTS
from schemas.values import Money, Need

SCANS_KEPT = 100
"""Scans shown per package, the latest ones; the timeline has all of them."""

NAME = "shipment_tracking"
VERSION = 3
TOPICS = (SHIPPING_EVENTS,)
KEY = ("shipment_id",)
COLUMNS = """
    shipment_id uuid PRIMARY KEY,
    order_id uuid NOT NULL,
    order_ids uuid[] NOT NULL,
    marketplace text NOT NULL,
    shop text NOT NULL,
    order_number text NOT NULL,
    package text NOT NULL,
    contents json NOT NULL,
    country text NOT NULL,
    postal_code text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    carrier text NOT NULL,
    service text NOT NULL,
    cost numeric,
    currency text NOT NULL,
    options json NOT NULL,
    attempt integer NOT NULL,
    tracking_number text NOT NULL,
    label_live boolean NOT NULL,
    lost_cost numeric,
    stopped text NOT NULL,
    exception text NOT NULL,
    scans json NOT NULL,
    labelled_at timestamptz,
    scan_by timestamptz,
    printed_at timestamptz,
    packed_at timestamptz,
    handed_over_at timestamptz,
    delivered_at timestamptz,
    returned_at timestamptz,
    changed_at timestamptz NOT NULL,
    opened_position bigint NOT NULL,
    position bigint NOT NULL
"""
INDEXES = ("USING gin (order_ids)", "(tracking_number)", "(scan_by) WHERE scan_by IS NOT NULL")


class Scan(msgspec.Struct, frozen=True):
    """One scan of the carrier, in event time."""

    scan_id: str
    status: str
    occurred_at: datetime
    place: str


class ShipmentRow(Row, frozen=True, kw_only=True):
    """
    One package.

    `state`: OPENED, CHOSEN, HELD, REQUESTED, LABELLED, PRINTED, PACKED, VOIDING, REFUSED, WITHHELD, PARKED, CANCELLED,
    HANDED_OVER, IN_TRANSIT, DELIVERED or RETURNED. `reason` says why the carrier was chosen, or what stands in the way.
    `options` are the carriers that were looked at. `label_live`: there is a label that was not taken back, nor asked
    for. `lost_cost` is what labels cost that the carrier would not take back. `stopped` says why the package stays in
    the house, `exception` what went wrong on its way. `scan_by` is there while a first scan is waited for. `order_ids`
    are the orders whose lines it holds; it goes under the number of the first, `order_id`.
    """

    shipment_id: UUID
    order_id: UUID
    order_ids: tuple[UUID, ...]
    marketplace: str
    shop: str
    order_number: str
    package: str
    contents: tuple[Need, ...]
    country: str
    postal_code: str
    state: str = "OPENED"
    reason: str = ""
    carrier: str = ""
    service: str = ""
    cost: Decimal | None = None
    currency: str = ""
    options: tuple[CarrierOption, ...] = ()
    attempt: int = 0
    tracking_number: str = ""
    label_live: bool = False
    lost_cost: Decimal | None = None
    stopped: str = ""
    exception: str = ""
    scans: tuple[Scan, ...] = ()
    labelled_at: datetime | None = None
    scan_by: datetime | None = None
    printed_at: datetime | None = None
    packed_at: datetime | None = None
    handed_over_at: datetime | None = None
    delivered_at: datetime | None = None
    returned_at: datetime | None = None
    changed_at: datetime
    opened_position: int


def keys(event: Event) -> tuple[UUID]:
    """The one row that a shipment's event touches."""
    return (event.shipment_id,)  # type: ignore[attr-defined]


def change(row: ShipmentRow | None, published: Published) -> ShipmentRow | None:
    """
    The row after one more event of its shipment. Raises `UnknownEvent` or `HistoryMissing`.

    None for a package that was cancelled before it was opened: it never will be, so there is nothing to show.
    """
    event = published.event
    if type(event) is events.ShipmentOpened:
        return _opened(event, published)
    fold = fold_for(FOLDS, event)
    if row is None and type(event) in {events.ShipmentCancelled, events.ShipmentAlertAcknowledged}:
        return None
    if row is None:
        raise HistoryMissing(f"{published.id} {type(event).__name__}")
    changes = fold(row, event, published)
    return msgspec.structs.replace(row, **changes, changed_at=published.occurred_at, position=published.position)


def _opened(event: events.ShipmentOpened, published: Published) -> ShipmentRow:
    return ShipmentRow(
        shipment_id=event.shipment_id,
        order_id=event.order_id,
        order_ids=(event.order_id,),
        marketplace=event.marketplace,
        shop=event.shop,
        order_number=event.order_number,
        package=event.package,
        contents=event.contents,
        country=event.address.country,
        postal_code=event.address.postal_code,
        changed_at=published.occurred_at,
        opened_position=published.position,
        position=published.position,
    )


def _carrier_chosen(_row: ShipmentRow, event: events.CarrierChosen, _: Published) -> Changes:
    return {
        "state": "CHOSEN",
        "reason": event.reason,
        "carrier": event.carrier,
        "service": event.service,
        "options": event.options,
        **_cost(event.cost),
    }


def _held(_row: ShipmentRow, event: events.ShipmentHeld, _: Published) -> Changes:
    return {"state": "HELD", "reason": event.reason, "options": event.options}


def _requested(_row: ShipmentRow, event: events.LabelRequested, _: Published) -> Changes:
    return {"state": "REQUESTED", "carrier": event.carrier, "attempt": event.attempt}


def _bought(row: ShipmentRow, event: events.LabelBought, published: Published) -> Changes:
    return {
        "state": row.state if row.state in {"CANCELLED", *_WAY} else "LABELLED",
        "carrier": event.carrier,
        "service": event.service,
        "tracking_number": event.tracking_number,
        "label_live": True,
        "labelled_at": published.occurred_at,
        "scan_by": None if row.state in {"CANCELLED", *_WAY} else event.scan_by,
        **_cost(event.cost),
    }


def _cost(cost: Money | None) -> Changes:
    return {} if cost is None else {"cost": cost.amount, "currency": cost.currency}


def _refused(_row: ShipmentRow, event: events.LabelRefused, _: Published) -> Changes:
    return {"state": "REFUSED", "reason": event.reason}


def _withheld(row: ShipmentRow, event: events.LabelWithheld, _: Published) -> Changes:
    return {"state": row.state if row.state == "CANCELLED" else "WITHHELD", "reason": event.reason}


def _parked(_row: ShipmentRow, event: events.ShipmentParked, _: Published) -> Changes:
    return {"state": "PARKED", "reason": event.reason}


def _cancelled(_row: ShipmentRow, event: events.ShipmentCancelled, _: Published) -> Changes:
    return {"state": "CANCELLED", "reason": event.reason, "label_live": event.label_live, "scan_by": None}


def _void_requested(row: ShipmentRow, event: events.VoidRequested, _: Published) -> Changes:
    changes: Changes = {"label_live": False, "scan_by": None}
    return changes if row.state == "CANCELLED" else {**changes, "state": "VOIDING", "reason": event.reason}


def _voided(row: ShipmentRow, _event: events.LabelVoided, _: Published) -> Changes:
    return {"state": _without_label(row)}


def _void_refused(row: ShipmentRow, event: events.VoidRefused, _: Published) -> Changes:
    lost = row.lost_cost if event.lost is None else (row.lost_cost or Decimal(0)) + event.lost.amount
    return {"state": _without_label(row), "reason": event.reason, "lost_cost": lost}


def _without_label(row: ShipmentRow) -> str:
    return "OPENED" if row.state == "VOIDING" else row.state


def _void_parked(_row: ShipmentRow, event: events.VoidParked, _: Published) -> Changes:
    return {"reason": event.reason}


def _number_shared(_row: ShipmentRow, _event: events.TrackingNumberShared, _: Published) -> Changes:
    return {"exception": "another package has or had its tracking number"}


def _cancelled_too_late(_row: ShipmentRow, event: events.ShipmentCancelledTooLate, _: Published) -> Changes:
    return {"exception": f"cancelled too late: {event.reason}"}


def _readdressed(_row: ShipmentRow, event: events.ShipmentReaddressed, _: Published) -> Changes:
    address = event.address
    return {"country": address.country, "postal_code": address.postal_code}


def _readdressed_too_late(_row: ShipmentRow, _event: events.ShipmentReaddressedTooLate, _: Published) -> Changes:
    return {"exception": "on its way to an address that was changed"}


def _stopped(_row: ShipmentRow, event: events.ShipmentStopped, _: Published) -> Changes:
    return {"stopped": event.reason}


def _resumed(_row: ShipmentRow, event: events.ShipmentResumed, _: Published) -> Changes:
    return {"stopped": event.stopped}


def _deferred(_row: ShipmentRow, event: events.LabelDeferred, _: Published) -> Changes:
    moment = "when it is printed" if event.until is None else f"at {event.until:%Y-%m-%d %H:%M} UTC"
    return {"reason": f"its label is bought {moment}"}


def _recalled(row: ShipmentRow, _event: events.LabelRecalled, _: Published) -> Changes:
    return {"state": "OPENED" if row.state == "REQUESTED" else row.state}


def _order_added(row: ShipmentRow, event: events.ShipmentOrderAdded, _: Published) -> Changes:
    return {"order_ids": (*row.order_ids, event.order_id), "contents": (*row.contents, *event.contents)}


def _order_withdrawn(_row: ShipmentRow, event: events.ShipmentOrderWithdrawn, _: Published) -> Changes:
    return {"stopped": f"an order is to be taken out: {event.reason}"}


def _order_taken_out(row: ShipmentRow, event: events.ShipmentOrderTakenOut, _: Published) -> Changes:
    contents = list(row.contents)
    for need in event.contents:
        contents.remove(need)
    return {
        "order_id": event.remaining[0],
        "order_ids": event.remaining,
        "order_number": event.order_number,
        "contents": tuple(contents),
        "stopped": event.stopped,
    }


def _printed(row: ShipmentRow, event: events.ShipmentPrinted, _: Published) -> Changes:
    return {"state": _unless_cancelled(row, "PRINTED"), "printed_at": event.occurred_at}


def _packed(row: ShipmentRow, event: events.ShipmentPacked, _: Published) -> Changes:
    return {"state": _unless_cancelled(row, "PACKED"), "packed_at": event.occurred_at}


def _put_back(row: ShipmentRow, _event: events.ShipmentPutBack, _: Published) -> Changes:
    emptied: Changes = {"printed_at": None, "packed_at": None, "handed_over_at": None}
    return {"state": _unless_cancelled(row, "LABELLED"), **emptied}


def _unless_cancelled(row: ShipmentRow, state: str) -> str:
    return "CANCELLED" if row.state == "CANCELLED" else state


def _handed_over(row: ShipmentRow, event: events.ShipmentHandedOver, _: Published) -> Changes:
    return {"state": _further(row.state, "HANDED_OVER"), "handed_over_at": event.occurred_at}


def _hand_over_refused(_row: ShipmentRow, event: events.ShipmentHandOverRefused, _: Published) -> Changes:
    return {"exception": f"told as handed over, and must stay: {event.reason}"}


def _scanned(row: ShipmentRow, event: events.ShipmentScanned, _: Published) -> Changes:
    scan = Scan(event.scan_id, event.status, event.occurred_at, event.place)
    scans = sorted((*row.scans, scan), key=lambda each: each.occurred_at)
    shows = "HANDED_OVER" if event.status == "ACCEPTED" else event.status
    scan_by = row.scan_by if event.status == "EXCEPTION" else None
    return {"scans": tuple(scans[-SCANS_KEPT:]), "state": _further(row.state, shows), "scan_by": scan_by}


def _delivered(row: ShipmentRow, event: events.ShipmentDelivered, _: Published) -> Changes:
    return {"state": _further(row.state, "DELIVERED"), "delivered_at": event.occurred_at}


def _returned(row: ShipmentRow, event: events.ShipmentReturned, _: Published) -> Changes:
    return {"state": _further(row.state, "RETURNED"), "returned_at": event.occurred_at}


_WAY = ("HANDED_OVER", "IN_TRANSIT", "DELIVERED", "RETURNED")


def _further(state: str, shows: str) -> str:
    """Tracking never moves back, and a scan that is an exception of the carrier's moves nothing."""
    if shows not in _WAY:
        return state
    return shows if state not in _WAY or _WAY.index(shows) > _WAY.index(state) else state


FOLDS: dict[type[Event], Fold] = {
    events.CarrierChosen: _carrier_chosen,
    events.ShipmentHeld: _held,
    events.LabelRequested: _requested,
    events.LabelBought: _bought,
    events.LabelRefused: _refused,
    events.LabelWithheld: _withheld,
    events.ShipmentParked: _parked,
    events.VoidRequested: _void_requested,
    events.LabelVoided: _voided,
    events.VoidRefused: _void_refused,
    events.VoidParked: _void_parked,
    events.TrackingNumberShared: _number_shared,
    events.ShipmentCancelled: _cancelled,
    events.ShipmentCancelledTooLate: _cancelled_too_late,
    events.ShipmentReaddressed: _readdressed,
    events.ShipmentReaddressedTooLate: _readdressed_too_late,
    events.LabelDeferred: _deferred,
    events.LabelRecalled: _recalled,
    events.ShipmentOrderAdded: _order_added,
    events.ShipmentOrderNotAdded: nothing,
    events.ShipmentOrderWithdrawn: _order_withdrawn,
    events.ShipmentOrderTakenOut: _order_taken_out,
    events.ShipmentStopped: _stopped,
    events.ShipmentResumed: _resumed,
    events.ShipmentPrinted: _printed,
    events.ShipmentPacked: _packed,
    events.ShipmentHandedOver: _handed_over,
    events.ShipmentHandOverRefused: _hand_over_refused,
    events.ShipmentPutBack: _put_back,
    events.ShipmentScanned: _scanned,
    events.ShipmentDelivered: _delivered,
    events.ShipmentReturned: _returned,
    events.ShipmentAlertAcknowledged: nothing,
}
"""What each event of a shipment, but the first one, does to its row."""
