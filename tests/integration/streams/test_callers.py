"""The call runner over real rows, with a carrier that does what a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from aggregates.event_store import calls, scheduled_commands
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.calls import CallRow
from aggregates.event_store.connection import Connection, connect
from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.suppliers.local import LocalSupplier, supplier_record
from schemas import codec
from schemas.calls import BuyLabelCall, VoidLabelCall
from schemas.commands import RecordLabelOutcome, RecordVoidOutcome
from schemas.shipping import Label, LabelFile, LabelRequest, Parcel
from schemas.values import Person, Sealed
from streams.call_outcomes import Gateways
from streams.callers import Callers
from tests.conformance.requests import ADDRESS, a_label_request
from tests.effects import write
from tests.integration.streams.agents import MASTER_KEY
from tests.waiting import soon

Sell = Callable[[LabelRequest], Awaitable[None]]


async def sells(request: LabelRequest) -> None:
    """A carrier that sells."""


async def nothing() -> None:
    """A carrier that takes labels back."""


def fails(error: Exception) -> Sell:
    """A carrier that answers so."""

    async def answer(request: LabelRequest) -> None:
        raise error

    return answer


class OddCarrier:
    """A carrier that sells unless it is told to do something else first; it counts what it was asked."""

    def __init__(self, *, supports_lookup: bool = True) -> None:
        self.name = "odd"
        self.supports_lookup = supports_lookup
        self.first: Sell = sells
        self.asked: list[str] = []
        self.sold: dict[str, list[Label]] = {}
        self.people: list[Person] = []
        self.before_void: Callable[[], Awaitable[None]] = nothing
        self.asked_to_void: list[str] = []
        self.void: set[str] = set()

    async def buy_label(self, request: LabelRequest, recipient: Person) -> Label:
        self.asked.append(request.reference)
        self.people.append(recipient)
        await self.first(request)
        return self.sell(request)

    def sell(self, request: LabelRequest) -> Label:
        """Sell, whoever learns of it."""
        sold = self.sold.setdefault(request.reference, [])
        number = f"T{len(sold)}-{request.reference}"
        sold.append(Label(reference=request.reference, carrier="odd", service="ground", tracking_number=number))
        return sold[-1]

    async def find_label(self, reference: str) -> Label | None:
        return next(iter(self.sold.get(reference, ())), None)

    async def void_label(self, label: Label) -> None:
        self.asked_to_void.append(label.reference)
        await self.before_void()
        self.void.add(label.reference)

    async def label_file(
        self, label: Label, parcel: Parcel, recipient: Person, media_type: str, *, order_number: str = ""
    ) -> LabelFile:
        raise Refused("nothing to print")


def buy(database: str, connection: Connection, *requests: LabelRequest) -> None:
    """Ask for labels."""
    now = datetime.now(UTC)
    rows = [
        CallRow(
            f"buy-label:{request.reference}",
            "BuyLabelCall",
            BuyLabelCall.SERVICE,
            "shop",
            50,
            now,
            None,
            codec.encode(BuyLabelCall(request=request)),
            "cause",
            "outside",
        )
        for request in requests
    ]
    write(database, connection, calls=rows)


def void(database: str, connection: Connection, label: Label, failures: int = 0) -> None:
    """Ask for a label to be taken back, after so many tries that failed."""
    shipment, _, attempt = label.reference.partition(":")
    call = VoidLabelCall(shipment_id=UUID(shipment), attempt=int(attempt), label=label)
    key = f"void-label:{label.reference}:7"
    body, now = codec.encode(call), datetime.now(UTC)
    row = CallRow(key, "VoidLabelCall", VoidLabelCall.SERVICE, "shop", 100, now, None, body, "cause", "outside")
    write(database, connection, calls=[row])
    connection.execute("UPDATE calls SET failures = %s WHERE key = %s", (failures, key))


async def void_answered(connection: Connection) -> RecordVoidOutcome:
    """What came of taking the label back."""
    await soon(lambda: len(scheduled_commands.due(connection, 100)) == 1)
    (each,) = scheduled_commands.due(connection, 100)
    outcome = codec.decode(each.type, 1, each.body)
    assert isinstance(outcome, RecordVoidOutcome)
    return outcome


def supplier_of(folder: Path) -> LocalSupplier:
    """A supplier that nobody asks here."""
    return LocalSupplier(supplier_record(folder, "test"))


@asynccontextmanager
async def running(dsn: str, carrier: OddCarrier, folder: Path) -> AsyncIterator[None]:
    """A call runner at work."""
    runner = Callers(dsn, Gateways({"odd": carrier}, {}, supplier_of(folder)), BuyerKeys(MASTER_KEY))
    task = asyncio.create_task(runner.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answered(connection: Connection, count: int = 1) -> list[RecordLabelOutcome]:
    """The outcomes, once there are so many."""
    await soon(lambda: len(scheduled_commands.due(connection, 100)) >= count)
    outcomes = [codec.decode(each.type, 1, each.body) for each in scheduled_commands.due(connection, 100)]
    return [outcome for outcome in outcomes if isinstance(outcome, RecordLabelOutcome)]


@pytest.fixture
def carrier() -> OddCarrier:
    """A carrier that can look sales up."""
    return OddCarrier()


async def test_bought_label_is_the_outcome(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """Done: the label goes back as a command, under the call's key and attempt, and the call is gone."""
    request = a_label_request("odd")
    buy(database, opened, request)
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert (outcome.outcome, outcome.shipment_id, outcome.attempt) == ("bought", request.shipment_id, 1)
    assert scheduled_commands.due(opened, 1)[0].key == f"call:buy-label:{request.reference}:1"
    assert calls.waiting(opened) == {}


async def test_refusal_is_an_outcome(database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path) -> None:
    """Refused: the reason goes back, and nobody asks again."""
    carrier.first = fails(Refused("street1 is missing"))
    buy(database, opened, a_label_request("odd"))
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert (outcome.outcome, outcome.reason, len(carrier.asked)) == ("refused", "street1 is missing", 1)


async def test_carrier_that_nobody_wired_is_a_refusal(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """A tariff of a carrier without a gateway tells a person so."""
    buy(database, opened, a_label_request("nobody"))
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert outcome.outcome == "refused"
    assert "nobody" in outcome.reason


async def test_outage_is_tried_again(database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path) -> None:
    """Surely nothing happened: the call waits for a second, and is made again."""
    carrier.first = fails(Unavailable("out of service"))
    buy(database, opened, a_label_request("odd"))
    async with running(database, carrier, tmp_path):
        await soon(lambda: len(carrier.asked) == 1)
        carrier.first = sells
        (outcome,) = await answered(opened)
    assert (outcome.outcome, len(carrier.asked)) == ("bought", 2)


async def test_fc_51_unknown_outcome_is_looked_up_before_it_is_repeated(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """The carrier sold and the answer was lost: the sale is found, and nothing is bought again."""

    async def sell_and_lose(request: LabelRequest) -> None:
        carrier.sell(request)
        raise OutcomeUnknown("timed out")

    carrier.first = sell_and_lose
    request = a_label_request("odd")
    buy(database, opened, request)
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert outcome.tracking_number == carrier.sold[request.reference][0].tracking_number
    assert (len(carrier.asked), len(carrier.sold[request.reference])) == (1, 1)


async def test_fc_51_unknown_outcome_that_did_not_happen_is_repeated(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """The look-up finds nothing, so the label is bought once."""
    carrier.first = fails(OutcomeUnknown("timed out"))
    request = a_label_request("odd")
    buy(database, opened, request)
    async with running(database, carrier, tmp_path):
        await soon(lambda: len(carrier.asked) == 1)
        carrier.first = sells
        (outcome,) = await answered(opened)
    assert (outcome.outcome, len(carrier.sold[request.reference])) == ("bought", 1)


async def test_fc_51_without_a_look_up_a_person_decides(database: str, opened: Connection, tmp_path: Path) -> None:
    """A carrier that cannot tell what it sold: the package is parked, and nothing is bought again."""
    carrier = OddCarrier(supports_lookup=False)
    carrier.first = fails(OutcomeUnknown("timed out"))
    buy(database, opened, a_label_request("odd"))
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert (outcome.outcome, len(carrier.asked)) == ("parked", 1)


async def test_runner_that_died_is_followed_by_one_that_looks_first(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """A lease that ran out means that a label may have been bought."""
    request = a_label_request("odd")
    buy(database, opened, request)
    calls.claim(opened, 10, ["BuyLabelCall"])
    carrier.sell(request)
    opened.execute("UPDATE calls SET lease_until = now() - interval '1 second'")
    async with running(database, carrier, tmp_path):
        (outcome,) = await answered(opened)
    assert (outcome.outcome, carrier.asked) == ("bought", [])


async def test_erased_buyer_is_not_named_to_the_carrier(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """Where the buyer's key is gone, the recipient is `erased`."""
    gone = Sealed(subject="nobody", key_version=1, data=b"x" * 40)
    address = type(ADDRESS)(country="US", city="Seattle", person=gone)
    buy(database, opened, a_label_request("odd", address=address))
    async with running(database, carrier, tmp_path):
        await answered(opened)
    assert carrier.people == [Person(name="erased")]


async def test_gateway_with_a_bug_stops_no_other_call(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """One call on which our own code raises: the others are made and closed, and the runner goes on."""
    broken = a_label_request("odd")

    async def raise_once(request: LabelRequest) -> None:
        if request.reference == broken.reference:
            raise ZeroDivisionError("a bug")

    carrier.first = raise_once
    others = [a_label_request("odd") for _ in range(3)]
    buy(database, opened, broken, *others)
    async with running(database, carrier, tmp_path):
        outcomes = await answered(opened, 3)
    assert {outcome.shipment_id for outcome in outcomes} == {other.shipment_id for other in others}


async def test_fc_22_void_that_is_unavailable_twice_is_made_once(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """503, 503, done: one label is taken back, and the outcome names the label's own attempt."""
    label = carrier.sell(a_label_request("odd"))
    answers = [Unavailable("answered 503"), Unavailable("answered 503")]

    async def answer() -> None:
        if answers:
            raise answers.pop()

    carrier.before_void = answer
    void(database, opened, label)
    async with running(database, carrier, tmp_path):
        outcome = await void_answered(opened)
    assert (outcome.outcome, outcome.attempt) == ("voided", 1)
    assert (len(carrier.asked_to_void), carrier.void) == (3, {label.reference})
    assert calls.waiting(opened) == {}


async def test_fc_22_void_that_is_refused_is_not_asked_again(
    database: str, opened: Connection, carrier: OddCarrier, tmp_path: Path
) -> None:
    """The carrier says no: the reason goes back, once."""

    async def answer() -> None:
        raise Refused("carrier: cannot_be_cancelled (reference)")

    carrier.before_void = answer
    void(database, opened, carrier.sell(a_label_request("odd")))
    async with running(database, carrier, tmp_path):
        outcome = await void_answered(opened)
    assert (outcome.outcome, outcome.reason) == ("refused", "carrier: cannot_be_cancelled (reference)")
    assert len(carrier.asked_to_void) == 1


@pytest.mark.parametrize(
    ("error", "ends"), [(Unavailable("answered 503"), "refused"), (OutcomeUnknown("timed out"), "parked")]
)
async def test_fc_22_fifth_void_that_fails_is_the_last(
    database: str, opened: Connection, tmp_path: Path, error: Exception, ends: str
) -> None:
    """Nobody tries for ever: surely not void is a refusal, perhaps void is a person's question."""
    carrier = OddCarrier()

    async def answer() -> None:
        raise error

    carrier.before_void = answer
    void(database, opened, carrier.sell(a_label_request("odd")), failures=4)
    async with running(database, carrier, tmp_path):
        outcome = await void_answered(opened)
    assert (outcome.outcome, outcome.reason) == (ends, f"5 tries: {error}")
    assert (len(carrier.asked_to_void), calls.waiting(opened)) == (1, {})


async def test_calls_of_a_runner_that_ends_are_given_back_unless_they_are_under_way(
    database: str, opened: Connection, tmp_path: Path
) -> None:
    """What was claimed and not started waits for the next runner at once; what may have acted keeps its lease."""
    carrier = OddCarrier()
    never = asyncio.Event()

    async def hang(request: LabelRequest) -> None:
        await never.wait()

    carrier.first = hang
    under_way, unstarted = a_label_request("odd"), a_label_request("odd")
    buy(database, opened, under_way)
    runner = Callers(database, Gateways({"odd": carrier}, {}, supplier_of(tmp_path)), BuyerKeys(MASTER_KEY))
    task = asyncio.create_task(runner.run())
    await soon(lambda: carrier.asked == [under_way.reference])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert calls.waiting(opened) == {"BuyLabelCall running": 1}

    buy(database, opened, unstarted)
    with opened.transaction():
        opened.execute("LOCK TABLE calls IN SHARE MODE")
        task = asyncio.create_task(runner.run())
        await soon(lambda: waits_for_lock(database, "calls"))
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert calls.waiting(opened) == {"BuyLabelCall running": 1, "BuyLabelCall waiting": 1}
    row = opened.execute("SELECT attempt, failures, unknown FROM calls WHERE state = 'waiting'").fetchone()
    assert row == (1, 0, False)


async def test_calls_that_a_store_fault_kept_from_being_started_are_made_in_the_next_round(
    database: str, opened: Connection, tmp_path: Path
) -> None:
    """Claimed, and the connection cut before anything was sent: nothing is unknown of the call, and no lease runs."""
    carrier = OddCarrier(supports_lookup=False)
    request = a_label_request("odd")
    async with running(database, carrier, tmp_path):
        with connect(database, "in the way") as other, other.transaction():
            other.execute("LOCK TABLE shops IN ACCESS EXCLUSIVE MODE")
            buy(database, opened, request)
            await soon(lambda: waits_for_lock(database, "shops"))
            opened.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'shops'::regclass AND NOT granted"
            )
        (outcome,) = await answered(opened)
    assert (outcome.outcome, carrier.asked) == ("bought", [request.reference])
    assert scheduled_commands.due(opened, 1)[0].key == f"call:buy-label:{request.reference}:2"


def waits_for_lock(database: str, table: str) -> bool:
    """Whether somebody waits for a lock on a table."""
    with connect(database, "looking on") as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE relation = %s::regclass AND NOT granted", (table,)
        ).fetchone()
    return row is not None and row[0] > 0
