"""Which event opens or closes which alert: one table, with the reason and the figures that a person is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from projections import buying_alerts
from projections.alert_effects import NOTHING, Closes, Effect, Figures, Opens
from schemas import events
from schemas.events import Event
from schemas.values import Money


def _said(event: Any) -> str:
    return str(event.reason)


def _no_figures(_event: Event) -> Figures:
    return {}


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _stock_figures(event: Any) -> Figures:
    return {"on_hand": event.on_hand, "reserved": event.reserved, "backordered": event.backordered}


def _shortage_figures(event: Any) -> Figures:
    return {**_stock_figures(event), "short_by": event.short_by, "promised_at": _moment(event.promised_at)}


def _units_free(event: Any) -> bool:
    return bool(event.on_hand > event.reserved)


def _nothing_owed(event: Any) -> bool:
    return bool(event.backordered == 0)


def _address_shown(event: Any) -> bool:
    return event.address is not None and bool(event.address.complete)


_ARRANGED = frozenset({"PARTIALLY_SHIPPING", "AWAITING_COLLECTION", "IN_TRANSIT", "DELIVERED", "COMPLETED"})
_ARRIVED = frozenset({"DELIVERED", "COMPLETED"})


def _is_arranged(event: Any) -> bool:
    """Whether the marketplace shows it on its way without us, so that nobody needs its address here."""
    return event.marketplace_status in _ARRANGED


def _has_arrived(event: Any) -> bool:
    return event.marketplace_status in _ARRIVED


def _none_to_inspect(event: Any) -> bool:
    """Whether a return that comes back no more was the last one to inspect."""
    return bool(event.dropped and event.returns_open == 0)


def _none_asked(event: Any) -> bool:
    return bool(event.still_asked == 0)


def _is_wanted(event: Any) -> bool:
    return bool(event.wanted)


def _not_wanted(event: Any) -> bool:
    return not event.wanted


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


def _money(amount: Money | None) -> str | None:
    return None if amount is None else f"{amount.amount} {amount.currency}"


def _on_paper(event: Any) -> bool:
    return event.stage in {"printed", "packed"}


def _may_be_live(event: Any) -> bool:
    """Whether nothing but a person can end the label: its purchase is parked, or an older release cancelled it."""
    return event.label_live and event.stage in {"", "parked"}


_LABEL_UNDER_WAY = Effect(closes=(Closes(("shipment-held", "label-refused", "label-parked")),))
_WAY_ENDED = Effect(closes=(Closes(("address-too-late", "cancelled-too-late", "tracking-number-shared")),))
_IN_THE_HOUSE = ("stop-parcel", "address-after-print", "hand-over-refused")
"""What a person is asked for while a parcel that must not leave is in the house."""

_WISH_SETTLED = Effect(closes=(Closes(("cancellation-asked",), _none_asked),))

EFFECTS: dict[type[Event], Effect] = {
    events.OrderPlaced: Effect(closes=(Closes(("order-missing",)),)),
    events.OrderMissing: Effect(
        opens=(
            Opens(
                "order-missing",
                "warning",
                lambda event: f"the marketplace told of its {event.what} and never showed the order",
                lambda event: {"since": _moment(event.since), "kept": ", ".join(event.kept)},
            ),
        )
    ),
    events.OrderStatusAdvanced: Effect(
        closes=(
            Closes(("status-unknown",)),
            Closes(("address-missing",), _address_shown),
            Closes(("address-missing",), _is_arranged),
            Closes(("address-too-late",), _has_arrived),
        ),
    ),
    events.OrderAddressChanged: Effect(
        opens=(
            Opens(
                "address-too-late",
                "warning",
                lambda event: "the address changed after a package had left",
                _no_figures,
                lambda event: event.too_late,
            ),
        ),
        closes=(Closes(("address-missing",)),),
    ),
    events.OrderAddressMissing: Effect(
        opens=(
            Opens(
                "address-missing",
                "warning",
                lambda event: "the marketplace lets it go and shows no address",
                lambda event: {"since": _moment(event.since)},
            ),
        )
    ),
    events.OrderUpdateSuperseded: NOTHING,
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
    events.OrderClassified: NOTHING,
    events.OrderHeld: Effect(opens=(Opens("order-held", "warning", _said, _no_figures),)),
    events.OrderReleased: Effect(closes=(Closes(("order-held",)),)),
    events.OrderCancellationRequested: Effect(
        opens=(
            Opens(
                "cancellation-asked",
                "warning",
                _said,
                lambda event: {
                    "requested_at": _moment(event.requested_at),
                    "cancel_id": event.cancel_id,
                    "answer_by": _moment(event.deadline_at),
                },
                lambda event: event.fulfilment_state == "HELD",
            ),
        )
    ),
    events.OrderCancellationDue: Effect(
        opens=(
            Opens(
                "cancellation-asked",
                "critical",
                lambda event: "the buyer asks to cancel, and the time to answer ends",
                lambda event: {"cancel_id": event.cancel_id, "answer_by": _moment(event.deadline_at)},
            ),
        )
    ),
    events.OrderCancellationAnswered: _WISH_SETTLED,
    events.OrderCancellationWithdrawn: _WISH_SETTLED,
    events.OrderLineCancelled: _WISH_SETTLED,
    events.OrderRefunded: NOTHING,
    events.OrderReturnOpened: Effect(
        opens=(
            Opens(
                "return-to-inspect",
                "warning",
                lambda event: "the buyer sends goods back",
                lambda event: {"return_id": event.return_id, "status": event.status},
                lambda event: not event.settled,
            ),
        )
    ),
    events.OrderReturnAdvanced: Effect(closes=(Closes(("return-to-inspect",), _none_to_inspect),)),
    events.OrderGoodsInspected: Effect(
        closes=(
            Closes(("return-to-inspect",), lambda event: event.returns_open == 0),
            Closes(("package-returned",), lambda event: event.packages_open == 0),
        )
    ),
    events.OrderAlertAcknowledged: NOTHING,
    events.OrderRequestRefused: NOTHING,
    events.OrderCancelled: Effect(
        closes=(Closes(("order-held", "cancellation-asked", "status-unknown", "address-missing")),)
    ),
    events.OrderStockReserved: NOTHING,
    events.OrderBackordered: NOTHING,
    events.OrderHoldExpired: NOTHING,
    events.OrderReservationsGivenBack: NOTHING,
    events.OrderDelayed: NOTHING,
    events.OrderReadyToShip: NOTHING,
    events.OrderSplit: NOTHING,
    events.OrderPackageOffered: NOTHING,
    events.OrderPackageJoined: NOTHING,
    events.OrderLeftOut: NOTHING,
    events.OrderLabelled: NOTHING,
    events.OrderLabelReplaced: NOTHING,
    events.OrderFulfilled: NOTHING,
    events.OrderFulfilmentPushed: NOTHING,
    events.OrderPackageMoved: Effect(
        opens=(
            Opens(
                "package-returned",
                "warning",
                lambda event: "a package came back: inspect it",
                lambda event: {"shipment_id": str(event.shipment_id)},
                lambda event: event.stage == "returned" and not event.settled,
            ),
        ),
        closes=(Closes(("address-too-late",), lambda event: event.stage == "returned"),),
    ),
    events.OrderDispatched: NOTHING,
    events.OrderShownDispatched: Effect(closes=(Closes(("address-missing",)),)),
    events.OrderDelivered: Effect(closes=(Closes(("address-too-late",)),)),
    events.OrderCompleted: Effect(closes=(Closes(("address-too-late",)),)),
    events.StockItemOpened: NOTHING,
    events.StockItemDescribed: NOTHING,
    events.ListingMapped: NOTHING,
    events.StockReceived: _STOCK_KNOWN,
    events.StockCounted: _STOCK_KNOWN,
    events.StockCorrected: _STOCK_MOVED,
    events.StockReserved: NOTHING,
    events.StockShortageRecorded: _STOCK_SHORT,
    events.DemandRecorded: NOTHING,
    events.StockReservationReleased: _STOCK_MOVED,
    events.StockReservationShortened: _STOCK_SHORTENED,
    events.PickShortageFound: _PICK_SHORTAGE,
    events.BackorderFilled: Effect(closes=(Closes(("stock-short",), _nothing_owed),)),
    events.StockPackaged: Effect(closes=(_PICKABLE,)),
    events.StockHandedOver: Effect(closes=(_PICKABLE,)),
    events.StockPutBack: _STOCK_MOVED,
    events.StockReturned: _STOCK_MOVED,
    events.StockWrittenOff: NOTHING,
    events.StockDepleted: _STOCK_DEPLETED,
    events.SupplyExpected: NOTHING,
    events.StockAlertAcknowledged: NOTHING,
    events.ShipmentOpened: NOTHING,
    events.CarrierChosen: Effect(closes=(Closes(("shipment-held",)),)),
    events.ShipmentHeld: Effect(opens=(Opens("shipment-held", "critical", _said, _no_figures),)),
    events.LabelRequested: _LABEL_UNDER_WAY,
    events.LabelBought: _LABEL_UNDER_WAY,
    events.LabelWithheld: NOTHING,
    events.LabelRefused: Effect(
        opens=(Opens("label-refused", "critical", _said, _no_figures, _is_wanted),),
        closes=(Closes(("label-live", "label-parked")),),
    ),
    events.ShipmentParked: Effect(
        opens=(
            Opens("label-parked", "critical", _said, _no_figures, _is_wanted),
            Opens("label-live", "critical", _said, _no_figures, _not_wanted),
        )
    ),
    events.ShipmentCancelled: Effect(
        opens=(
            Opens("label-live", "critical", _said, _no_figures, _may_be_live),
            Opens("stop-parcel", "critical", _said, lambda event: {"stage": event.stage}, _on_paper),
        ),
        closes=(*_LABEL_UNDER_WAY.closes, Closes(("address-after-print",))),
    ),
    events.VoidRequested: Effect(closes=(Closes(("label-live", "stop-parcel", "void-parked")),)),
    events.LabelVoided: Effect(
        closes=(Closes(("label-live", "void-parked", "tracking-number-shared", "hand-over-refused")),)
    ),
    events.VoidRefused: Effect(
        opens=(
            Opens(
                "void-refused",
                "warning",
                _said,
                lambda event: {"lost": _money(event.lost), "tracking_number": event.tracking_number},
            ),
        ),
        closes=(Closes(("void-parked", "tracking-number-shared")),),
    ),
    events.VoidParked: Effect(
        opens=(Opens("void-parked", "critical", _said, lambda event: {"tracking_number": event.tracking_number}),)
    ),
    events.TrackingNumberShared: Effect(
        opens=(
            Opens(
                "tracking-number-shared",
                "warning",
                lambda event: f"{event.carrier} gave a number that another package has or had",
                lambda event: {
                    "tracking_number": event.tracking_number,
                    "others": " ".join(str(other) for other in event.others),
                },
            ),
        )
    ),
    events.ShipmentCancelledTooLate: Effect(
        opens=(Opens("cancelled-too-late", "critical", _said, _no_figures),), closes=(Closes(("stop-parcel",)),)
    ),
    events.ShipmentReaddressed: Effect(
        opens=(
            Opens(
                "address-after-print",
                "critical",
                lambda event: f"{event.stage} for another address than the buyer's",
                _no_figures,
                _on_paper,
            ),
        )
    ),
    events.ShipmentReaddressedTooLate: Effect(
        opens=(
            Opens(
                "address-too-late", "critical", lambda event: "on its way to an address that was changed", _no_figures
            ),
        )
    ),
    events.ShipmentOrderAdded: NOTHING,
    events.ShipmentOrderNotAdded: NOTHING,
    events.ShipmentOrderWithdrawn: Effect(
        opens=(Opens("stop-parcel", "critical", _said, lambda event: {"stage": event.stage}),)
    ),
    events.ShipmentOrderTakenOut: NOTHING,
    events.LabelDeferred: NOTHING,
    events.LabelRecalled: NOTHING,
    events.ShipmentStopped: NOTHING,
    events.ShipmentResumed: Effect(closes=(Closes(("hand-over-refused",)),)),
    events.ShipmentPrinted: NOTHING,
    events.ShipmentPacked: NOTHING,
    events.ShipmentHandedOver: Effect(closes=(Closes(_IN_THE_HOUSE),)),
    events.ShipmentHandOverRefused: Effect(opens=(Opens("hand-over-refused", "critical", _said, _no_figures),)),
    events.ShipmentPutBack: Effect(closes=(Closes(_IN_THE_HOUSE),)),
    events.ShipmentScanned: NOTHING,
    events.ShipmentDelivered: _WAY_ENDED,
    events.ShipmentReturned: _WAY_ENDED,
    events.ShipmentAlertAcknowledged: NOTHING,
    **buying_alerts.EFFECTS,
    events.ReplenishmentAlertAcknowledged: NOTHING,
}
"""What every public event does to alerts; the ones that do nothing are listed, so that an unknown one is noticed."""

ENDED_BY_ACKNOWLEDGING: dict[str, str] = {
    "void-refused": "the money is lost, whatever happens; it is booked once somebody saw it",
    "label-live": "only a person can ask the carrier whether there is such a label",
    "order-missing": "the order may never be shown",
}
"""Alerts of which no event need ever tell the end, and why: somebody saw them, and that ends them."""

Acknowledged = (
    events.OrderAlertAcknowledged
    | events.StockAlertAcknowledged
    | events.ShipmentAlertAcknowledged
    | events.ReplenishmentAlertAcknowledged
)
"""What says that a person saw an alert: which one stands in it."""
