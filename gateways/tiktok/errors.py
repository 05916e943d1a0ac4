"""
What the codes of the Partner API mean to us, as the kinds of failure that every gateway knows.

Success is the body's `code` 0, not the HTTP status. 36009004 stands for many different faults and decides nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from gateways.errors import GatewayError, OutcomeUnknown, Refused, TooManyRequests, Unavailable
from gateways.http_client import Answer

SUCCESS: Final = 0
TOO_MANY_REQUESTS: Final = 36009002
TOKEN_EXPIRED: Final = 105002
MAY_HAVE_HAPPENED: Final = {36009003: "internal error", 36009007: "timeout"}
OURS_TO_MEND: Final = {
    101000: "access token is for another shop",
    105005: "scope missing",
    106001: "bad signature",
    106013: "shop cipher missing",
    36009010: "wrong method",
    36009014: "version retired",
    36009033: "address not allowed",
}
INACTIVE: Final = {36009043: "shop inactive", 36009044: "seller inactive"}
WITHOUT_ACCESS_SECONDS: Final = 600.0
"""How long what is asked of a shop waits that does not let us in; its seller may any time."""

ALREADY_SHIPPED: Final = frozenset({21011006, 21011020, 21008099, 21022025})
MEANINGS: Final = {
    11034002: "not shipped by TikTok",
    11034037: "document not ready",
    12019028: "a warehouse is missing",
    12052037: "a warehouse is missing",
    12052393: "locked by a promotion",
    21011030: "already delivered",
    21011044: "order is on hold",
    21011049: "tracking number can no longer change",
    21011050: "tracking number can no longer change",
    21011051: "tracking number was changed before",
    21011052: "tracking number was changed before",
    21023035: "not arranged yet",
    21042102: "already picked up",
    21042104: "not arranged yet",
}


class RefusedWithCode(Refused):
    """TikTok said no, and with which code."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.code = code


class TokenExpired(Unavailable):
    """The access token is not valid any more; with a fresh one the same request is made again."""

    def __init__(self) -> None:
        super().__init__(reason_of(TOKEN_EXPIRED, "access token expired"), counts=False)


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer comes in. Its message is not read: it may quote an address."""

    code: int
    request_id: str = ""


_envelopes = msgspec.json.Decoder(Envelope)


def failure_of(answer: Answer, *, acts: bool) -> GatewayError | None:
    """
    What went wrong with the request as a whole; None if it succeeded.

    What is ours to mend (a token, a signature) says nothing about what was asked, so it waits instead of being lost.
    """
    opened = _opened(answer)
    if opened is None:
        if answer.refused:
            return Refused(f"TikTok answered {answer.status}")
        return unknown("TikTok's answer cannot be read", acts=acts)
    if opened.code == SUCCESS:
        return Refused(f"TikTok answered {answer.status}") if answer.refused else None
    return failure_of_code(opened.code, acts=acts, limited=answer.status == HTTPStatus.TOO_MANY_REQUESTS)


def failure_of_code(code: int, *, acts: bool, limited: bool = False) -> GatewayError:
    """What a code other than success tells, of a request or of one part of it."""
    if code == TOO_MANY_REQUESTS or limited:
        return TooManyRequests(reason_of(code, "too many requests"))
    if code == TOKEN_EXPIRED:
        return TokenExpired()
    if code in MAY_HAVE_HAPPENED:
        return unknown(reason_of(code, MAY_HAVE_HAPPENED[code]), acts=acts)
    if code in OURS_TO_MEND:
        return Unavailable(reason_of(code, OURS_TO_MEND[code]), counts=False)
    if code in INACTIVE:
        return Unavailable(reason_of(code, INACTIVE[code]), WITHOUT_ACCESS_SECONDS, counts=False)
    return RefusedWithCode(reason_of(code), code)


def unknown(reason: str, *, acts: bool) -> GatewayError:
    """It may have happened; what only reads is merely unavailable."""
    return OutcomeUnknown(reason) if acts else Unavailable(reason)


def reason_of(code: int, meaning: str = "") -> str:
    """A code in words, as far as we know it."""
    return f"TikTok answered code {code}" + (f": {known}" if (known := meaning or MEANINGS.get(code, "")) else "")


def _opened(answer: Answer) -> Envelope | None:
    try:
        return _envelopes.decode(answer.body)
    except msgspec.MsgspecError:
        return None
