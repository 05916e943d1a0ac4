"""How an order's packages get on: split, labelled, printed, gone, arrived, returned."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from aggregates import order_steps as steps
from aggregates.order_state import Order
from aggregates.order_steps import Known
from aggregates.policies import order_lines, returning, status_order
from aggregates.policies.order_lines import Lines, units_of
from schemas import commands
from schemas.values import LineQuantity, Need

PACKAGES_MAX = 50
"""How many packages of one order a person may ask for at once."""


def record_label(order: Order, command: commands.RecordLabel, known: Known) -> None:
    """
    Note a package's label, or its new one; with the last one the order is fulfilled.

    Refused: Held when there will be no label without a person; LabelDeclined, each time, when the order does not
    want the package. Repeated: nothing.
    """
    shipment = command.shipment_id
    if command.refused:
        _hold_for_label(order, command, known)
        return
    if order.cancelled or shipment not in order.packages:
        _decline_label(order, command, known)
        return
    present = order.labels.get(shipment)
    told = (command.carrier, command.tracking_number)
    if present is not None and (present.carrier, present.tracking_number) == told and shipment not in order.refused:
        return
    if order.hold is not None and order.hold.kind == "label" and order.refused <= {shipment}:
        state = order.standing(held=bool(order.asked), may_ship=True)
        order.trigger_event(Order.Released, timestamp=known.at, fulfilment_state=state)
    push = steps.push_of(order, shipment, *told)
    first = present is None
    tell = order.hold is None and (_goes_before_others(order, shipment) if first else shipment in order.told)
    order.trigger_event(
        Order.LabelBought if first else Order.LabelReplaced,
        timestamp=known.at,
        shipment_id=shipment,
        carrier=command.carrier,
        tracking_number=command.tracking_number,
        fulfilment_state=_labelled_state(order),
        push=push if tell else None,
    )
    steps.go_on(order, known)


def _goes_before_others(order: Order, shipment: UUID) -> bool:
    """Whether other packages still miss their label, so that the marketplace is told of this one alone."""
    others = order.packages.keys() - {shipment}
    return bool(others - order.labels.keys() or order.unpacked())


def _labelled_state(order: Order) -> str:
    if order.hold is not None or order.asked:
        return "HELD"
    return "FULFILLED" if order.fulfilled else "LABELLED"


def _decline_label(order: Order, command: commands.RecordLabel, known: Known) -> None:
    """Have a label voided that came although the order does not want its package."""
    order.trigger_event(
        Order.LabelDeclined,
        timestamp=known.at,
        shipment_id=command.shipment_id,
        carrier=command.carrier,
        tracking_number=command.tracking_number,
        reason="cancelled before the label came" if order.cancelled else "no package of this order",
    )


def _hold_for_label(order: Order, command: commands.RecordLabel, known: Known) -> None:
    """Hold an order whose package gets no label; a hold that stands keeps its kind and learns of the package."""
    shipment, hold = command.shipment_id, order.hold
    if shipment not in order.packages or shipment in order.refused or order.cancelled:
        return
    order.trigger_event(
        Order.Held,
        timestamp=known.at,
        kind="label" if hold is None else hold.kind,
        reason=command.refused if hold is None else f"{hold.reason}; {command.refused}",
        operator="" if hold is None else hold.operator,
        shipments=(shipment,),
    )


def record_fulfilment_pushed(order: Order, command: commands.RecordFulfilmentPushed, known: Known) -> None:
    """
    Note that the marketplace knows of a package's label. Repeated: nothing.

    Refused: nothing for a package without label, nor for a label that another one has replaced, of which it is told.
    """
    label = order.labels.get(command.shipment_id)
    if label is None or command.tracking_number not in {"", label.tracking_number}:
        return
    if command.shipment_id not in order.pushed:
        order.trigger_event(
            Order.FulfilmentPushed, timestamp=known.at, shipment_id=command.shipment_id, pushed_at=command.pushed_at
        )


def record_tracking(order: Order, command: commands.RecordTracking, known: Known) -> None:
    """
    Note that a package was printed, put back, left, arrived or came back.

    A printed package that was withdrawn and put back makes room for another one. One that was closed and left all the
    same is not sent again. Refused: nothing for a package that is not ours, nor for a step back that is no put back.
    Repeated: nothing.
    """
    status = command.status
    if command.shipment_id in order.closed and status not in {"PRINTED", "PUT_BACK"}:
        _leave_after_all(order, command, known)
    parcel = order.packages.get(command.shipment_id)
    if parcel is None:
        return
    if status == "PRINTED":
        if parcel.stage == "open":
            _move(order, command, "printed", known)
        return
    if status == "PUT_BACK":
        if (parcel.stage == "handed over" or parcel.withdrawn) and not (parcel.delivered or parcel.returned):
            _move(order, command, "put back", known)
            steps.go_on(order, known)
        return
    if parcel.stage != "handed over":
        moved = {"shipment_id": command.shipment_id, "occurred_at": command.occurred_at}
        order.trigger_event(Order.Dispatched, timestamp=known.at, **moved)
    if status == "DELIVERED" and not (parcel.delivered or parcel.returned):
        _deliver(order, command, known)
    elif status == "RETURNED" and not parcel.returned:
        awaits, ahead = returning.ahead_of(parcel.contents, order.coming_back.ahead)
        _move(order, command, "returned", known, awaits=awaits, ahead=ahead)


def _leave_after_all(order: Order, command: commands.RecordTracking, known: Known) -> None:
    """Take a package back that left before its closing reached it, and close those that send the same lines again."""
    parcel, label = order.closed[command.shipment_id]
    sent = units_of(parcel.lines)
    closed = tuple(
        shipment
        for shipment, other in order.packages.items()
        if other.stage == "open" and order_lines.take(other.lines, sent)
    )
    held = order.hold is not None or bool(order.asked)
    order.trigger_event(
        Order.Dispatched,
        timestamp=known.at,
        shipment_id=command.shipment_id,
        occurred_at=command.occurred_at,
        closed=closed,
        fulfilment_state="LABELLED" if label and not (held or order.cancelled) else order.standing(without=closed),
    )
    steps.go_on(order, known)


def _move(order: Order, command: commands.RecordTracking, stage: str, known: Known, **goods: tuple[Need, ...]) -> None:
    order.trigger_event(
        Order.PackageMoved,
        timestamp=known.at,
        shipment_id=command.shipment_id,
        stage=stage,
        occurred_at=command.occurred_at,
        **goods,
    )


def _deliver(order: Order, command: commands.RecordTracking, known: Known) -> None:
    others = [parcel for shipment, parcel in order.packages.items() if shipment != command.shipment_id]
    if order.unpacked() or not all(parcel.delivered for parcel in others):
        _move(order, command, "delivered", known)
        return
    order.trigger_event(
        Order.Delivered, timestamp=known.at, shipment_id=command.shipment_id, occurred_at=command.occurred_at
    )


def show_dispatched(order: Order, known: Known, occurred_at: datetime) -> None:
    """
    Take from the marketplace that the goods left: our labelled packages were handed over, the rest went without us.

    Refused and repeated: nothing where everything is known to have left.
    """
    if order.cancelled or order.gone:
        return
    in_house = order.in_house()
    hand_over = tuple(shipment for shipment in in_house if shipment in order.labels)
    unlabelled = tuple(shipment for shipment in in_house if shipment not in order.labels)
    left = (*order.unpacked(), *(line for shipment in unlabelled for line in order.packages[shipment].lines))
    contents = () if order.hold_expired else steps.needs_of(order, known, left)
    if hand_over or contents:
        order.trigger_event(
            Order.ShownDispatched,
            timestamp=known.at,
            occurred_at=occurred_at,
            hand_over=hand_over,
            unlabelled=unlabelled,
            contents=contents,
            queued=tuple(need.stock_item_id for need in contents if need.stock_item_id not in order.reserved),
            fulfilment_state="HELD"
            if order.hold is not None or order.asked
            else "FULFILLED"
            if contents
            else order.state,
        )


def split_order(order: Order, command: commands.SplitOrder, known: Known) -> None:
    """
    Send what is not on paper yet in several packages on a person's word; what is not named goes in one more.

    Each package goes as soon as its own units are reserved. Refused: RequestRefused with the reason. Repeated:
    nothing while the packages asked for are the same.
    """
    wishes = tuple(wish for wish in command.packages if wish)
    closed = tuple(shipment for shipment, parcel in order.packages.items() if parcel.stage == "open")
    free = (*order.unpacked(), *(line for shipment in closed for line in order.packages[shipment].lines))
    reason = _why_no_split(order, wishes, _in_line_order(order, free))
    if reason is not None:
        steps.refuse(order, known, "split", reason, command.operator)
        return
    rest = units_of(order_lines.without(_in_line_order(order, free), (unit for wish in wishes for unit in wish)))
    packages = (*wishes, rest) if rest else wishes
    if packages == order.last_split:
        return
    order.trigger_event(
        Order.Split,
        timestamp=known.at,
        packages=packages,
        operator=command.operator or "operator",
        closed=closed,
        fulfilment_state=order.standing(without=closed),
    )
    if order.given_back:
        steps.classify(order, known, reserve=steps.needs_at(order, order.given_back))
    steps.go_on(order, known)


def _in_line_order(order: Order, free: Lines) -> Lines:
    """Units of several packages added up per line again."""
    return order_lines.take(order.lines, units_of(free))


def _why_no_split(order: Order, wishes: tuple[tuple[LineQuantity, ...], ...], free: Lines) -> str | None:
    if order.cancelled or order.gone:
        return "it is cancelled" if order.cancelled else "it left the house"
    if order.shipping_type != "SELLER":
        return "the platform ships it"
    if not order.packages_opened and status_order.rank(order.status) >= status_order.ARRANGED_FROM:
        return "it was arranged elsewhere"
    if not 1 <= len(wishes) <= PACKAGES_MAX:
        return f"it takes 1 to {PACKAGES_MAX} packages"
    if any(unit.quantity < 1 for wish in wishes for unit in wish):
        return "every quantity is at least 1"
    wanted = [unit for wish in wishes for unit in wish]
    if sum(unit.quantity for unit in wanted) != sum(line.quantity for line in order_lines.take(free, wanted)):
        return "more units than are open, or a line that is not there"
    return None
