"""Which update of an order counts: by the marketplace's own time, then by how far its status is."""

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
UNKNOWN = -1

OTHER_SPELLINGS = {"CANCEL": "CANCELLED"}

OLDER = "older than what is known"
STEP_BACK = "a status never moves back"
REPEAT = "the same again"


def known_status(word: str) -> str | None:
    """Our name of the marketplace's status, None for one that we do not know."""
    status = OTHER_SPELLINGS.get(word, word)
    return status if status in RANKS else None


def rank(status: str) -> int:
    """How far a status is; one we do not know is behind all others."""
    return RANKS.get(status, UNKNOWN)


def why_superseded(
    present: str, present_at: datetime, status: str, updated_at: datetime, *, same_content: bool
) -> str | None:
    """
    Why an update with a known status changes nothing, or None where it counts.

    A status that we do not know never stands in the way of one that we do. Same second: the further status
    wins; same status too: the later read wins where its content differs.
    """
    if rank(present) == UNKNOWN:
        return None
    if updated_at < present_at:
        return OLDER
    if rank(status) < rank(present):
        return STEP_BACK
    if updated_at == present_at and status == present and same_content:
        return REPEAT
    return None
