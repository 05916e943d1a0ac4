"""Bodies of the fulfilment calls, sent and read. A batch may succeed and yet list failures in `data.errors`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from gateways.errors import GatewayError
from gateways.http_client import Answer
from gateways.marketplaces import DONE, PushResult
from gateways.tiktok.connection import data_of
from gateways.tiktok.endpoints import BATCH_SHIP, DELAYS
from gateways.tiktok.errors import ALREADY_SHIPPED, failure_of, failure_of_code, reason_of
from gateways.tiktok.results import as_push
from schemas.calls import PushDelayCall, PushFulfilmentCall

SHIP_PATH: Final = BATCH_SHIP.path({}, {})
DELAYS_PATH: Final = DELAYS.path({}, {})
PACKAGES_PER_REQUEST: Final = 50


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


def request_failure(answer: Answer) -> PushResult | None:
    """What went wrong with a request that acts as a whole, as what it means for each of its pushes; None if nothing."""
    failure = failure_of(answer, acts=True)
    return None if failure is None else as_push(failure)


def package_results(answer: Answer, packages: Sequence[str]) -> list[PackageResult]:
    """What the answer to a batch says of each package. A failure that names none makes all others unknown."""
    whole = request_failure(answer)
    if whole is not None:
        return [PackageResult(whole)] * len(packages)
    errors = data_of(answer, Data, acts=True).errors
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
    unread = PushResult("unknown", "shipped already, and its tracking number could not be read")
    if failure_of(answer, acts=False) is not None:
        return unread
    try:
        found = data_of(answer, Data).tracking_number
    except GatewayError:
        return unread
    return DONE if found == tracking_number else PushResult("refused", "shipped already with another tracking number")


def _package_result(code: int) -> PackageResult:
    if code in ALREADY_SHIPPED:
        return PackageResult(PushResult("unknown", reason_of(code, "shipped already")), check=True)
    return PackageResult(as_push(failure_of_code(code, acts=True)))
