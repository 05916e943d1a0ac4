"""Which event of an item's buying opens or closes which alert."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter
from typing import Any

from projections.alert_effects import NOTHING, Closes, Effect, Figures, Opens
from schemas import events
from schemas.events import Event

_said = attrgetter("reason")


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _risk_figures(event: Any) -> Figures:
    return {
        "level": event.level,
        "available": event.available,
        "backordered": event.backordered,
        "stock_item_id": str(event.stock_item_id),
        "hours_left": event.terms.get("hours_left"),
    }


def _ask_figures(event: Any) -> Figures:
    return {
        "reorder_id": event.reorder_id,
        "quantity": event.quantity,
        "useful_until": _moment(event.useful_until),
    }


_RISK_ROSE = Effect(
    opens=(
        Opens("stock-risk", "critical", _said, _risk_figures, lambda event: event.level == "CRITICAL"),
        Opens("stock-warning", "warning", _said, _risk_figures, lambda event: event.level == "WARNING"),
    ),
    closes=(Closes(("stock-warning",), lambda event: event.level == "CRITICAL"),),
)
_ANSWERED = Closes(("reorder-asks", "buying-limit-reached", "reorder-pressed"))
_LATE = Opens(
    "supplier-late",
    "warning",
    lambda event: f"{event.quantity} units come later than the supplier said, or not at all",
    lambda event: {"reorder_id": event.reorder_id, "due_at": _moment(event.due_at)},
)

EFFECTS: dict[type[Event], Effect] = {
    events.StockRiskRaised: _RISK_ROSE,
    events.StockRiskEscalated: _RISK_ROSE,
    events.StockRiskEased: Effect(
        closes=(
            Closes(("stock-risk",), lambda event: event.level != "CRITICAL"),
            Closes(("stock-warning",), lambda event: event.level != "WARNING"),
            Closes(("supplier-refused", "reorder-lapsed", "buying-limit-reached"), lambda event: not event.level),
        ),
        opens=(
            Opens(
                "stock-warning",
                "warning",
                _said,
                lambda event: {"level": event.level, "stock_item_id": str(event.stock_item_id)},
                lambda event: event.level == "WARNING",
            ),
        ),
    ),
    events.ReorderPrepared: NOTHING,
    events.ReorderAsked: Effect(
        opens=(
            Opens("reorder-asks", "warning", _said, _ask_figures, lambda event: not event.limit_reached),
            Opens("buying-limit-reached", "warning", _said, _ask_figures, lambda event: event.limit_reached),
        ),
        closes=(
            Closes(("reorder-asks",), lambda event: event.limit_reached),
            Closes(("buying-limit-reached",), lambda event: not event.limit_reached),
            Closes(("reorder-lapsed", "reorder-pressed")),
        ),
    ),
    events.ReorderPressed: Effect(
        opens=(
            Opens(
                "reorder-pressed",
                "critical",
                lambda event: "nobody answered, and soon it comes too late",
                lambda event: {"reorder_id": event.reorder_id, "useful_until": _moment(event.useful_until)},
            ),
        )
    ),
    events.ReorderLapsed: Effect(
        opens=(
            Opens(
                "reorder-lapsed",
                "warning",
                lambda event: "nobody answered in time: not ordered",
                lambda event: {"reorder_id": event.reorder_id},
            ),
        ),
        closes=(_ANSWERED,),
    ),
    events.ReorderApproved: Effect(closes=(_ANSWERED,)),
    events.ReorderDeclined: Effect(closes=(_ANSWERED,)),
    events.SpeedUpAsked: NOTHING,
    events.SpeedUpRefused: NOTHING,
    events.ReorderDelayed: Effect(opens=(_LATE,)),
    events.ReorderOverdue: Effect(opens=(_LATE,)),
    events.ReorderCancelled: Effect(closes=(_ANSWERED, Closes(("supplier-late",)))),
    events.ReorderPlaced: Effect(
        opens=(
            Opens(
                "buying-limit-reached",
                "warning",
                lambda event: event.limit,
                lambda event: {"reorder_id": event.reorder_id, "quantity": event.quantity},
                lambda event: bool(event.limit),
            ),
        ),
        closes=(
            Closes(("reorder-asks", "reorder-pressed", "supplier-refused", "reorder-lapsed")),
            Closes(("buying-limit-reached",), lambda event: not event.limit),
        ),
    ),
    events.ReorderConfirmed: Effect(closes=(Closes(("supplier-refused", "supplier-late")),)),
    events.ReorderRefused: Effect(
        opens=(Opens("supplier-refused", "critical", _said, lambda event: {"reorder_id": event.reorder_id}),),
        closes=(Closes(("supplier-late",)),),
    ),
    events.ReorderReceived: Effect(closes=(Closes(("supplier-late",), lambda event: event.remaining == 0),)),
}
