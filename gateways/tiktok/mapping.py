"""
Bodies of the Partner API that we send and read, and what its codes mean to us.

Success is the envelope's `code` 0, not the HTTP status. A batch may succeed and yet list failures in `data.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final, NamedTuple

import msgspec

from gateways.http_client import Answer
from gateways.marketplaces import DONE, PushResult
from schemas.calls import PushDelayCall, PushFulfilmentCall

SHIP_PATH: Final = "/fulfillment/202309/packages/ship"
PACKAGE_PATH: Final = "/fulfillment/202309/packages/{package}"
DELAYS_PATH: Final = "/creatorflow/delays"
PACKAGES_PER_REQUEST: Final = 50

TOO_MANY_REQUESTS: Final = 36009002
MAY_HAVE_HAPPENED: Final = {36009003: "internal error", 36009007: "timeout"}
OURS_TO_MEND: Final = {
    101000: "access token is for another shop",
    105002: "access token expired",
    105005: "scope missing",
    106001: "bad signature",
    106013: "shop cipher missing",
    36009033: "address not allowed",
}
ALREADY_SHIPPED: Final = frozenset({21011006, 21011020, 21008099, 21022025})
MEANINGS: Final = {
    21011044: "order is on hold",
    21011049: "tracking number can no longer change",
    21011030: "already delivered",
    36009043: "shop inactive",
    36009044: "seller inactive",
}


class SelfShipment(msgspec.Struct, frozen=True, kw_only=True):
    """A parcel that the seller hands to a carrier of their own."""

    tracking_number: str
    shipping_provider_id: str


class ShippedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a batch."""

    id: str
    self_shipment: SelfShipment


class BatchShip(msgspec.Struct, frozen=True, kw_only=True):
    """The body of Batch Ship Packages."""

    packages: tuple[ShippedPackage, ...]


class Delay(msgspec.Struct, frozen=True, kw_only=True):
    """The body of our stand-in for a delay, which the real API has no call for."""

    order_id: str
    promised_at: int


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """Which package an error is about."""

    package_id: str = ""


class BatchError(msgspec.Struct, frozen=True, kw_only=True):
    """One failure within a batch. Its message is not read: it may quote an address."""

    code: int
    detail: ErrorDetail = ErrorDetail()


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What we read of `data`, whichever call it answers."""

    errors: tuple[BatchError, ...] = ()
    tracking_number: str = ""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What every answer comes in."""

    code: int
    request_id: str = ""
    data: Data | None = None


class PackageResult(NamedTuple):
    """What the answer to a batch says of one package; `check` where TikTok calls it shipped already."""

    result: PushResult
    check: bool = False


def batch_body(pushes: Sequence[PushFulfilmentCall], providers: Mapping[str, str]) -> bytes:
    """The body that ships these packages; every carrier has its provider id."""
    packages = tuple(
        ShippedPackage(
            id=push.package,
            self_shipment=SelfShipment(
                tracking_number=push.tracking_number, shipping_provider_id=providers[push.carrier]
            ),
        )
        for push in pushes
    )
    return msgspec.json.encode(BatchShip(packages=packages))


def delay_body(call: PushDelayCall) -> bytes:
    """The body that tells a delay, in seconds as everywhere in this API."""
    return msgspec.json.encode(Delay(order_id=call.order_number, promised_at=int(call.promised_at.timestamp())))


def envelope(answer: Answer) -> Envelope | None:
    """The answer's envelope, or None if it has none."""
    try:
        return msgspec.json.decode(answer.body, type=Envelope)
    except msgspec.MsgspecError:
        return None


def request_failure(answer: Answer) -> PushResult | None:
    """
    What went wrong with the request as a whole; None if it succeeded.

    What is ours to mend (a token, a signature) says nothing about a package, so its push waits instead of being lost.
    """
    opened = envelope(answer)
    if opened is None:
        if answer.refused:
            return PushResult("refused", f"TikTok answered {answer.status}")
        return PushResult("unknown", "TikTok's answer cannot be read")
    if opened.code == 0:
        return PushResult("refused", f"TikTok answered {answer.status}") if answer.refused else None
    if opened.code == TOO_MANY_REQUESTS or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return PushResult("unavailable", _reason(opened.code, "too many requests"))
    if opened.code in MAY_HAVE_HAPPENED:
        return PushResult("unknown", _reason(opened.code, MAY_HAVE_HAPPENED[opened.code]))
    if opened.code in OURS_TO_MEND:
        return PushResult("unavailable", _reason(opened.code, OURS_TO_MEND[opened.code]))
    return PushResult("refused", _reason(opened.code))


def package_results(answer: Answer, packages: Sequence[str]) -> list[PackageResult]:
    """What the answer to a batch says of each package. A failure that names none makes all others unknown."""
    whole = request_failure(answer)
    if whole is not None:
        return [PackageResult(whole)] * len(packages)
    opened = envelope(answer)
    errors = opened.data.errors if opened and opened.data else ()
    by_package = {error.detail.package_id: error.code for error in errors}
    if by_package.keys() <= set(packages):
        otherwise = DONE
    else:
        otherwise = PushResult("unknown", "TikTok reports a failure without its package")
    return [
        _package_result(by_package[package]) if package in by_package else PackageResult(otherwise)
        for package in packages
    ]


def shipped_as(answer: Answer, tracking_number: str) -> PushResult:
    """Whether a package that TikTok calls shipped already is shipped with our tracking number."""
    failure = request_failure(answer)
    opened = envelope(answer)
    if failure is not None or opened is None or opened.data is None:
        return PushResult("unknown", "shipped already, and its tracking number could not be read")
    if opened.data.tracking_number == tracking_number:
        return DONE
    return PushResult("refused", "shipped already with another tracking number")


def _package_result(code: int) -> PackageResult:
    if code in ALREADY_SHIPPED:
        return PackageResult(PushResult("unknown", _reason(code, "shipped already")), check=True)
    if code == TOO_MANY_REQUESTS:
        return PackageResult(PushResult("unavailable", _reason(code, "too many requests")))
    if code in MAY_HAVE_HAPPENED:
        return PackageResult(PushResult("unknown", _reason(code, MAY_HAVE_HAPPENED[code])))
    return PackageResult(PushResult("refused", _reason(code)))


def _reason(code: int, meaning: str = "") -> str:
    return f"TikTok answered code {code}" + (f": {known}" if (known := meaning or MEANINGS.get(code, "")) else "")
