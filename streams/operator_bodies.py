"""The bodies of operators' requests, each as it is documented; what does not fit is refused with field and reason."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from schemas.tiktok import Weight
from streams.redelivery import MAX_LETTERS_AT_ONCE

NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
MAX_TEXT_CHARACTERS = 1000
MAX_UNITS = 1_000_000_000
MAX_LINES = 500
MAX_PACKAGES = 50
MAX_ORDERS_AT_ONCE = 500
MAX_ORDERS_COMBINED = 50
MAX_PARTS = 100
MAX_PACKAGES_AT_ONCE = 500
MAX_LEAD_TIME_HOURS = 365 * 24

Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT_CHARACTERS, pattern=NO_CONTROL)]
Units = Annotated[int, msgspec.Meta(ge=-MAX_UNITS, le=MAX_UNITS)]
Aware = Annotated[datetime, msgspec.Meta(tz=True)]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of what needs a reason: a hold, a cancellation, another label."""

    reason: Text


class Approval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a reorder's approval; with a quantity nothing is approved if another one is asked for by now."""

    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_UNITS)] | None = None


class LineUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one line, as the marketplace names the line."""

    line_id: Text
    quantity: Annotated[int, msgspec.Meta(ge=1, le=MAX_UNITS)]


class Cancellation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a cancellation; without lines it is the whole order."""

    reason: Text
    lines: Annotated[tuple[LineUnits, ...], msgspec.Meta(max_length=MAX_LINES)] = ()


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an answer to a buyer's wish to cancel."""

    cancel_id: Text
    approve: bool
    reason: Text = ""


class Parcels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a split: what goes into each package. What is not named goes in one more."""

    packages: Annotated[
        tuple[Annotated[tuple[LineUnits, ...], msgspec.Meta(min_length=1, max_length=MAX_LINES)], ...],
        msgspec.Meta(min_length=1, max_length=MAX_PACKAGES),
    ]


class ManyOrders(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The body of one action on many orders, each named by a uuid or marketplace:shop:number: `cancel` each of them, or
    `combine` them in one package, the first one's.
    """

    action: Literal["cancel", "combine"]
    orders: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MAX_ORDERS_AT_ONCE)]
    reason: Text


class Priority(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a priority override."""

    score: int
    reason: Text


class Movement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The body of a stock movement. A return may name the `order` that the goods are of, and by which return or package.

    Named so, it settles what was to be inspected. Units that should have come back and did not are booked as damaged.
    """

    kind: Literal["receipt", "dispatch", "return_good", "return_damaged", "correction"]
    quantity: Units
    reference: Text
    occurred_at: datetime
    order: Text = ""
    return_id: Text = ""
    package: Text = ""


class Acknowledgement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of an acknowledgement: who saw the alert, and what others should know."""

    by: Annotated[str, msgspec.Meta(max_length=100, pattern=NO_CONTROL)] = ""
    note: Text = ""


class Count(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a count."""

    quantity: Units
    counted_at: datetime
    packed_included: bool = False


Hours = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEAD_TIME_HOURS)]


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money as decimal text with its currency."""

    amount: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")]
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]


class Supply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """On what terms a stock item is bought; given as a whole."""

    lead_time_hours: Hours = 24
    express_lead_time_hours: Hours | None = None
    pack: Annotated[int, msgspec.Meta(ge=1, le=MAX_UNITS)] = 1
    minimum: Annotated[int, msgspec.Meta(ge=0, le=MAX_UNITS)] = 0
    unit_cost: Amount | None = None
    express_surcharge: Amount | None = None
    cut_off_hour: Annotated[int, msgspec.Meta(ge=0, le=23)] | None = None


class SupplierWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a supplier said of an order, as a person was told: by mail, on the telephone."""

    outcome: Literal["confirmed", "refused", "cancelled", "not_faster"]
    due_at: Aware | None = None
    supplier_reference: Text = ""
    reason: Text = ""


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a stock item is; what is left out stays as it is."""

    seller_sku: Text = ""
    weight: Weight | None = None
    supply: Supply | None = None


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one stock item in one unit of a listing."""

    stock_item: Text
    units: Annotated[int, msgspec.Meta(ge=1, le=MAX_UNITS)] = 1


class Parts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one unit of a listing is made of."""

    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=MAX_PARTS)]


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a step of a package; the time is now where it is left out."""

    occurred_at: Aware | None = None


class ManyPackages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of one step for many packages: the list of what was printed or packed, the end-of-day list."""

    action: Literal["printed", "packed", "handed-over", "put-back"]
    packages: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1, max_length=MAX_PACKAGES_AT_ONCE)]
    occurred_at: Aware | None = None


class Redelivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a redelivery: these dead letters, or all that wait and whose reason holds a text."""

    ids: Annotated[tuple[UUID, ...], msgspec.Meta(max_length=MAX_LETTERS_AT_ONCE)] = ()
    all: bool = False
    reason: Text = ""
