"""
Which update of an order counts: by the marketplace's own time, then by how far its status is.

The marketplace has the word on payment, cancellation and refund. How far a parcel that we sent is, whoever knows
more says: the marketplace does not take back what our carrier reported.
"""

from __future__ import annotations

from datetime import datetime

RANKS = {
    status: rank
    for rank, status in enumerate(
        (
            "UNPAID",
            "ON_HOLD",
            "AWAITING_SHIPMENT",
            "PARTIALLY_SHIPPING",
            "AWAITING_COLLECTION",
            "IN_TRANSIT",
            "DELIVERED",
            "COMPLETED",
            "CANCELLED",
        )
    )
}
"""How far each status is. The last two are terminal, and CANCELLED beats all."""

PAID_FROM = RANKS["ON_HOLD"]
SHIPS_FROM = RANKS["AWAITING_SHIPMENT"]
ARRANGED_FROM = RANKS["AWAITING_COLLECTION"]
LEFT_FROM = RANKS["IN_TRANSIT"]
UNKNOWN = -1

REFUNDED = "REFUNDED"
"""No status but a mark: the money went back. It stands beside any status."""

OTHER_SPELLINGS = {"CANCEL": "CANCELLED"}

OLDER = "older than what is known"
STEP_BACK = "a status never moves back"
REPEAT = "the same again"
CARRIER_IS_FURTHER = "our carrier reported more"


def known_status(word: str) -> str | None:
    """Our name of the marketplace's status, None for one that we do not know."""
    status = OTHER_SPELLINGS.get(word, word)
    return status if status in RANKS else None


def rank(status: str) -> int:
    """How far a status is; one we do not know is behind all others."""
    return RANKS.get(status, UNKNOWN)


def has_left(status: str) -> bool:
    """Whether the marketplace shows goods that left the house."""
    return LEFT_FROM <= rank(status) < RANKS["CANCELLED"]


def why_superseded(
    present: str,
    present_at: datetime,
    status: str,
    updated_at: datetime,
    *,
    same_content: bool,
    delivered: bool = False,
) -> str | None:
    """
    Why an update with a known status changes nothing, or None where it counts.

    A status that we do not know never stands in the way of one that we do. Same second: the further status
    wins; same status too: the later read wins where its content differs. Once our carrier `delivered` all packages
    IN_TRANSIT is old news.
    """
    if rank(present) == UNKNOWN:
        return None
    if updated_at < present_at:
        return OLDER
    if rank(status) < rank(present):
        return STEP_BACK
    if updated_at == present_at and status == present and same_content:
        return REPEAT
    if delivered and status == "IN_TRANSIT":
        return CARRIER_IS_FURTHER
    return None


def why_old_news(present: tuple[datetime, int] | None, told: tuple[datetime, int]) -> str | None:
    """
    Why another fact about a thing that has steps of its own (a cancellation, a return, an address) changes nothing.

    Each is its moment at the marketplace and its rank among the steps; in the same second the further one counts.
    """
    if present is None or told > present:
        return None
    return REPEAT if told == present else OLDER if told[0] < present[0] else STEP_BACK
