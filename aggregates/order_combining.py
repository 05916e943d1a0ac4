"""How orders go in one package: one offers its own, the others put what they have into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from aggregates import order_steps as steps
from aggregates.order_event import Parcel
from aggregates.order_state import Order
from aggregates.order_steps import Known
from aggregates.policies import order_lines
from aggregates.policies.order_lines import units_of
from schemas import commands
from schemas.values import Address, Need

ORDERS_MAX = 50
"""How many orders a person may send in one package."""

REQUEST = "combine"


def combine_orders(order: Order, command: commands.CombineOrders, known: Known) -> None:
    """
    Offer this order's first open package to others, on a person's word.

    Refused: RequestRefused with the reason; each of the others refuses for itself. Repeated: offered again, which finds
    those in it that are.
    """
    others = tuple(each for each in dict.fromkeys(command.others) if each != order.id)
    reason = _why_not_combined(order)
    if reason is None and not 1 <= len(others) < ORDERS_MAX:
        reason = f"a package takes 2 to {ORDERS_MAX} orders"
    if reason is not None:
        steps.refuse(order, known, REQUEST, reason, command.operator)
        return
    shipment = _open(order)[0]
    order.trigger_event(
        Order.PackageOffered,
        timestamp=known.at,
        shipment_id=shipment,
        package=order.packages[shipment].number,
        marketplace=order.marketplace,
        shop=order.shop,
        address=order.address,
        to=others,
        operator=command.operator or "operator",
    )


def join_package(order: Order, command: commands.JoinPackage, known: Known) -> None:
    """
    Put what is in this order's open packages into another order's.

    Refused: RequestRefused with the reason. Repeated: nothing.
    """
    if command.shipment_id in order.packages:
        return
    reason = _why_not_joined(order, command)
    if reason is not None:
        steps.refuse(order, known, REQUEST, reason, command.operator)
        return
    closed = _open(order)
    parcels = [order.packages[shipment] for shipment in closed]
    lines = order_lines.take(order.lines, units_of(line for parcel in parcels for line in parcel.lines))
    order.trigger_event(
        Order.PackageJoined,
        timestamp=known.at,
        shipment_id=command.shipment_id,
        package=command.package,
        order_number=order.number,
        contents=_together(parcels),
        lines=lines,
        deadlines=order.deadlines,
        priority=order.score,
        value=steps.value_of(order, lines),
        closed=closed,
        told_as=parcels[0].told_as or parcels[0].number,
        fulfilment_state=order.standing(without=closed),
        operator=command.operator,
    )


def _open(order: Order) -> tuple[UUID, ...]:
    return tuple(shipment for shipment, parcel in order.packages.items() if parcel.stage == "open")


def _together(parcels: Iterable[Parcel]) -> tuple[Need, ...]:
    """What these packages hold of each stock item."""
    units = Counter[UUID]()
    for parcel in parcels:
        units.update({need.stock_item_id: need.quantity for need in parcel.contents})
    return tuple(Need(stock_item_id=item, quantity=quantity) for item, quantity in units.items())


def _why_not_combined(order: Order) -> str | None:
    if order.cancelled or order.gone:
        return "it is cancelled" if order.cancelled else "it left the house"
    if order.hold is not None or order.asked:
        return "it is held"
    if order.shipping_type != "SELLER":
        return "the platform ships it"
    if not _open(order):
        return "its package is on paper" if order.packages else "it is not ready to ship"
    return None if _digest(order.address) else "nobody can tell whether it goes to the same place"


def _why_not_joined(order: Order, command: commands.JoinPackage) -> str | None:
    if (order.marketplace, order.shop) != (command.marketplace, command.shop):
        return "it is another shop's"
    reason = _why_not_combined(order)
    if reason is None and not _same_door(order.address, command.address):
        return "it goes to another address"
    return reason


def _same_door(own: Address | None, other: Address) -> bool:
    """Whether two orders go to the same person at the same place; sealed for two buyers nobody can tell."""
    if own is None or _digest(own) != _digest(other):
        return False
    return own.person is not None and _place(own) == _place(other)


def _place(address: Address) -> tuple[str, ...]:
    return (address.country, address.state, address.city, address.postal_code, address.kind)


def _digest(address: Address | None) -> str:
    return "" if address is None or address.person is None else address.person.digest


def record_left_out(order: Order, command: commands.RecordLeftOut, known: Known) -> None:
    """
    Pack what another order's package did not take in a package of its own.

    Refused: nothing where the order asked for something else since. Repeated: nothing.
    """
    parcel = order.packages.get(command.shipment_id)
    if parcel is None or parcel.joined != command.joined or order.cancelled:
        return
    order.trigger_event(
        Order.LeftOut,
        timestamp=known.at,
        shipment_id=command.shipment_id,
        reason=command.reason,
        fulfilment_state=order.standing(without=(command.shipment_id,)),
    )
    steps.go_on(order, known)
