"""
Make outside calls, under leases.

Reads: `calls`, the most urgent first.    Writes: the outcome, as a scheduled command, in the transaction that closes
the call.
Repeated: at least once, with the call's key as the idempotency key; what may have happened is looked up before it is
repeated, and where that is impossible it is parked for a person.    Bad: a refusal is an outcome; the rest is tried
again.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import structlog

from aggregates.event_store import calls, shops
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.calls import Claimed, Closed, Postponed, Withheld
from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.scheduled_commands import scheduled
from aggregates.policies.retrying import next_attempt
from gateways.carriers.protocol import Carrier
from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.marketplaces import Marketplace, OrderRead, PushResult
from gateways.suppliers.protocol import Supplier, SupplierAnswer
from schemas.calls import (
    BuyLabelCall,
    Call,
    PlaceReorderCall,
    PushDelayCall,
    PushFulfilmentCall,
    ReadOrderCall,
    SpeedUpReorderCall,
    VoidLabelCall,
)
from schemas.commands import (
    Command,
    RecordFulfilmentPushed,
    RecordLabelOutcome,
    RecordVoidOutcome,
)
from schemas.shipping import Label, LabelRequest
from schemas.values import Person, Sealed
from streams import order_reads
from streams.doors import Doors, answer_to
from streams.order_reads import Seen
from streams.store_thread import StoreThread
from streams.supplier_outcomes import hurry_answered, reorder_told, supplier_answered
from streams.unknown_statuses import UnknownStatuses

log = structlog.get_logger()

CLAIMED_AT_ONCE = 200
AT_ONCE_OF_ONE_SHOP = 50
WITHOUT_ACCESS_FOR = timedelta(minutes=10)
"""How long a call waits that its shop does not let us make."""

VOID_TRIES = 5
IDLE_SECONDS = 0.02
EXPIRED_EVERY_SECONDS = 5.0
START_WITHIN = calls.LEASE / 3
"""A call that is not started by then is left to its lease: this process was stopped in between."""

_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    kind.__name__: msgspec.json.Decoder(kind)
    for kind in (
        BuyLabelCall,
        VoidLabelCall,
        PushFulfilmentCall,
        PushDelayCall,
        ReadOrderCall,
        PlaceReorderCall,
        SpeedUpReorderCall,
    )
}


class Gateways(NamedTuple):
    """Who is asked: carriers and marketplaces by name, one supplier."""

    carriers: Mapping[str, Carrier]
    marketplaces: Mapping[str, Marketplace]
    supplier: Supplier


class Taken(NamedTuple):
    """A claimed call, decoded, with the recipient where a carrier must know one."""

    claimed: Claimed
    call: Any
    recipient: Person


Outcome = Closed | Postponed | Seen
Answer = TypeVar("Answer")


class Callers:
    """The call runner of one process. Any number of processes run one."""

    def __init__(self, dsn: str, gateways: Gateways, keys: BuyerKeys) -> None:
        self._gateways = gateways
        self._keys = keys
        self._store = StoreThread(dsn, "callers")
        self._expired_at = 0.0
        self._unstarted: dict[int, Claimed] = {}
        self._unreported: list[Outcome] = []
        self._statuses = UnknownStatuses()

    async def run(self) -> None:
        """Claim, call, close, until cancelled; what was claimed and not started is given back then, for others."""
        try:
            await self._run()
        finally:
            try:
                # On the store's thread, behind a claim that may still be under way there.
                await self._store.run(lambda connection: self._give_back(connection, "its runner ended"))
            except STORE_FAULT as error:
                log.warning("calls not given back", calls=len(self._unstarted), error=type(error).__name__)
            await self._store.disconnect()

    async def _run(self) -> None:
        while True:
            try:
                await self._round()
            except STORE_FAULT as error:
                log.warning(
                    "callers start over", error=str(error).strip().partition("\n")[0], kind=type(error).__name__
                )
                await self._store.disconnect()
                await asyncio.sleep(0.5)

    async def _round(self) -> None:
        """Report what came of the last round, claim the next, and call. What cannot be reported is looked up later."""
        started = time.monotonic()
        taken: list[Taken] = await self._store.run(self._report_and_claim)
        if not taken:
            await asyncio.sleep(IDLE_SECONDS)
        if not taken or time.monotonic() - started > START_WITHIN.total_seconds():
            return
        await self._make(taken)
        failed = [outcome for outcome in self._unreported if isinstance(outcome, Postponed)]
        log.info(
            "calls made", calls=len(taken), failed=len(failed), reasons=sorted({each.error for each in failed})[:5]
        )

    async def _make(self, taken: Sequence[Taken]) -> None:
        pushes = [each for each in taken if isinstance(each.call, PushFulfilmentCall)]
        reads = [each for each in taken if isinstance(each.call, ReadOrderCall)]
        others = [each for each in taken if not isinstance(each.call, PushFulfilmentCall | ReadOrderCall)]
        await asyncio.gather(
            *(self._start(self._push, group) for group in _grouped(pushes)),
            *(self._start(self._read, group) for group in _grouped(reads)),
            *(self._start(self._one_of, [each]) for each in others),
        )

    async def _start(self, make: Callable[[Sequence[Taken]], Awaitable[list[Outcome]]], group: Sequence[Taken]) -> None:
        for each in group:
            self._unstarted.pop(each.claimed.id, None)
        self._unreported += await _sound(make, group)

    async def _push(self, group: Sequence[Taken]) -> list[Outcome]:
        marketplace = self._gateways.marketplaces[group[0].call.marketplace]
        results = await marketplace.push_fulfilment([each.call for each in group])
        return [_pushed(each, result, _fulfilment_pushed(each)) for each, result in zip(group, results, strict=True)]

    async def _read(self, group: Sequence[Taken]) -> list[Outcome]:
        """Reading again is harmless, so nothing is looked up before it is repeated."""
        marketplace = self._gateways.marketplaces[group[0].call.marketplace]
        results = await marketplace.read_orders([each.call for each in group])
        now = datetime.now(UTC)
        outcomes = [_shown(each, result, now) for each, result in zip(group, results, strict=True)]
        self._statuses.warn(each.shown.order for each in outcomes if isinstance(each, Seen))
        return outcomes

    async def _one_of(self, group: Sequence[Taken]) -> list[Outcome]:
        return await self._one(group[0])

    async def _one(self, taken: Taken) -> list[Outcome]:
        call = taken.call
        if isinstance(call, BuyLabelCall):
            return [await self._buy_label(taken, call)]
        if isinstance(call, VoidLabelCall):
            return [await self._void_label(taken, call)]
        if isinstance(call, PlaceReorderCall):
            return [await self._place_reorder(taken, call)]
        if isinstance(call, SpeedUpReorderCall):
            return [await self._speed_up(taken, call)]
        marketplace = self._gateways.marketplaces[call.marketplace]
        return [_pushed(taken, await marketplace.push_delay(call), None)]

    async def _buy_label(self, taken: Taken, call: BuyLabelCall) -> Outcome:
        carrier = self._gateways.carriers.get(call.request.carrier)
        if carrier is None:
            return _closed(taken, _label_refused(call.request, f"no gateway for carrier {call.request.carrier}"))
        if taken.claimed.unknown and not carrier.supports_lookup:
            return _closed(taken, _label_parked(call.request, "it is not known whether a label was bought"))

        async def ask() -> Label:
            if taken.claimed.unknown and (found := await carrier.find_label(call.request.reference)) is not None:
                return found
            return await carrier.buy_label(call.request, taken.recipient)

        return await _asked(
            taken,
            ask,
            lambda label: _label_bought(call.request, label),
            lambda reason: _label_refused(call.request, reason),
        )

    async def _void_label(self, taken: Taken, call: VoidLabelCall) -> Outcome:
        """Taking back what is void already is harmless, so nothing is looked up before it is repeated."""
        carrier = self._gateways.carriers.get(call.label.carrier)
        if carrier is None:
            return _closed(taken, _void_told(call, "refused", f"no gateway for carrier {call.label.carrier}"))
        outcome = await _asked(
            taken,
            lambda: carrier.void_label(call.label),
            lambda _: _void_told(call, "voided"),
            lambda reason: _void_told(call, "refused", reason),
        )
        return _given_up(taken, call, outcome) if isinstance(outcome, Postponed) else outcome

    async def _place_reorder(self, taken: Taken, call: PlaceReorderCall) -> Outcome:
        supplier = self._gateways.supplier
        if taken.claimed.unknown and not supplier.supports_lookup:
            return _closed(taken, reorder_told(call, "parked", "it is not known whether the supplier has it"))

        async def ask() -> SupplierAnswer:
            if taken.claimed.unknown and (found := await supplier.find(call.reorder_id)) is not None:
                return found
            return await supplier.place(call)

        return await _asked(
            taken,
            ask,
            lambda answer: supplier_answered(call, answer),
            lambda reason: supplier_answered(call, SupplierAnswer("refused", reason=reason)),
        )

    async def _speed_up(self, taken: Taken, call: SpeedUpReorderCall) -> Outcome:
        """Asking to hurry twice is harmless, so nothing is looked up before it is repeated."""
        return await _asked(
            taken,
            lambda: self._gateways.supplier.speed_up(call),
            lambda answer: hurry_answered(call, answer),
            lambda reason: reorder_told(call, "not_faster", reason),
        )

    def _report_and_claim(self, connection: Connection) -> list[Taken]:
        """What a store fault kept from being started after it was claimed is given back first."""
        self._give_back(connection, "its runner started over")
        claimed = self._claim(connection)
        decoded = self._allowed(connection, [(each, _DECODERS[each.kind].decode(each.body)) for each in claimed])
        decoded = self._let_out(connection, decoded)
        self._keys.load(connection, {sealed.subject for _, call in decoded if (sealed := _recipient(call)) is not None})
        return [self._taken(connection, each, call) for each, call in decoded]

    def _claim(self, connection: Connection) -> list[Claimed]:
        kinds = list(_DECODERS)
        claimed = calls.claim(connection, CLAIMED_AT_ONCE, kinds)
        self._unstarted = {each.id: each for each in claimed}
        if time.monotonic() - self._expired_at > EXPIRED_EVERY_SECONDS:
            expired = calls.claim_expired(connection, CLAIMED_AT_ONCE, kinds)
            self._unstarted |= {each.id: each for each in expired}
            self._expired_at = time.monotonic()
        return list(self._unstarted.values())

    def _let_out(self, connection: Connection, decoded: list[tuple[Claimed, Call]]) -> list[tuple[Claimed, Call]]:
        """The calls whose door is open; the others are kept as withheld."""
        if not decoded:
            return decoded
        doors = Doors(connection)
        reasons = [doors.why_withheld(call, claimed.shop) for claimed, call in decoded]
        withheld = [
            _withheld(claimed, call, reason) for (claimed, call), reason in zip(decoded, reasons, strict=True) if reason
        ]
        if withheld:
            calls.withhold(connection, withheld)
            log.info("calls withheld", calls=len(withheld), reasons=sorted(set(filter(None, reasons)))[:5])
            for each in withheld:
                self._unstarted.pop(each.id)
        return [each for each, reason in zip(decoded, reasons, strict=True) if not reason]

    def _allowed(self, connection: Connection, decoded: list[tuple[Claimed, Call]]) -> list[tuple[Claimed, Call]]:
        """The calls that may be made; those to a marketplace whose shop took our access away wait."""
        closed = shops.without_access(connection) if decoded else set()
        if not closed:
            return decoded
        allowed, later = [], datetime.now(UTC) + WITHOUT_ACCESS_FOR
        for claimed, call in decoded:
            if (getattr(call, "marketplace", ""), claimed.shop) in closed:
                waits = "the shop took our access away"
                postponed = Postponed(claimed.id, claimed.attempt, later, waits, claimed.unknown, attempted=False)
                self._unreported.append(postponed)
                self._unstarted.pop(claimed.id)
            else:
                allowed.append((claimed, call))
        return allowed

    def _taken(self, connection: Connection, claimed: Claimed, call: Call) -> Taken:
        sealed = _recipient(call)
        person = None if sealed is None else self._keys.open_person(connection, sealed)
        return Taken(claimed, call, person or Person(name="" if sealed is None else "erased"))

    def _give_back(self, connection: Connection, reason: str) -> None:
        """
        Report what is known, and let others have what was not started. What is under way may have acted, and keeps its
        lease, so that nobody asks again while it still acts.
        """
        now = datetime.now(UTC)
        self._unreported += [
            Postponed(each.id, each.attempt, now, reason, each.unknown, attempted=False)
            for each in self._unstarted.values()
        ]
        self._report(connection)
        self._unstarted = {}

    def _report(self, connection: Connection) -> None:
        outcomes, self._unreported = self._unreported, []
        closed = [outcome for outcome in outcomes if isinstance(outcome, Closed)]
        seen = [outcome for outcome in outcomes if isinstance(outcome, Seen)]
        postponed = [outcome for outcome in outcomes if isinstance(outcome, Postponed)]
        if closed:
            calls.close(connection, closed)
        if seen:
            calls.close_asked(connection, order_reads.closed(connection, self._keys, seen))
        if postponed:
            calls.postpone(connection, postponed)


def _recipient(call: Call) -> Sealed | None:
    """Whom a carrier must know, sealed; nobody else is told."""
    return call.request.parcel.address.person if isinstance(call, BuyLabelCall) else None


async def _sound(make: Callable[[Sequence[Taken]], Awaitable[list[Outcome]]], group: Sequence[Taken]) -> list[Outcome]:
    """The outcomes of a group; where our own code raises, nothing is known of its calls, and all others go on."""
    try:
        return await make(group)
    except Exception as error:
        log.exception("call failed as a bug", kind=group[0].claimed.kind, calls=[each.claimed.key for each in group])
        return [_again(each, f"bug: {type(error).__name__}", None, attempted=True, unknown=True) for each in group]


async def _asked(
    taken: Taken,
    ask: Callable[[], Awaitable[Answer]],
    done: Callable[[Answer], Command | None],
    refused: Callable[[str], Command | None],
) -> Outcome:
    """The outcome of one request: an answer and a refusal close the call, the rest is tried again."""
    try:
        return _closed(taken, done(await ask()))
    except Refused as error:
        return _closed(taken, refused(error.reason))
    except Unavailable as error:
        return _again(taken, error.reason, error.retry_after, attempted=error.counts, unknown=taken.claimed.unknown)
    except OutcomeUnknown as error:
        return _again(taken, error.reason, None, attempted=True, unknown=True)


def _given_up(taken: Taken, call: VoidLabelCall, outcome: Postponed) -> Outcome:
    """The outcome of the last try: a refusal where surely no try acted, and a person's question where one may have."""
    tries = taken.claimed.failures + outcome.attempted
    if tries < VOID_TRIES and not outcome.parked:
        return outcome
    return _closed(
        taken, _void_told(call, "parked" if outcome.unknown else "refused", f"{tries} tries: {outcome.error}")
    )


def _pushed(taken: Taken, result: PushResult, answer: Command | None) -> Outcome:
    if result.outcome == "done":
        return _closed(taken, answer)
    if result.outcome == "refused":
        return Postponed(taken.claimed.id, taken.claimed.attempt, datetime.now(UTC), result.reason, parked=True)
    return _again(
        taken, result.reason, result.retry_after, attempted=result.attempted, unknown=result.outcome == "unknown"
    )


def _shown(taken: Taken, read: OrderRead, now: datetime) -> Outcome:
    """The outcome of one read; what is not worth another try waits for a person, or until it is asked for again."""
    came = order_reads.outcome(taken.claimed, taken.call, read, now)
    if isinstance(came, Seen):
        return came
    if not came.again:
        log.warning("order not read", call=taken.claimed.key, reason=came.reason)
        return Postponed(taken.claimed.id, taken.claimed.attempt, now, came.reason, parked=True)
    return _again(taken, came.reason, came.retry_after, attempted=came.attempted, unknown=False)


def _again(taken: Taken, reason: str, retry_after: float | None, *, attempted: bool, unknown: bool) -> Postponed:
    claimed = taken.claimed
    now = datetime.now(UTC)
    due_at = next_attempt(
        failures=claimed.failures + attempted,
        now=now,
        created_at=claimed.created_at,
        deadline_at=claimed.deadline_at,
        retry_after=None if retry_after is None else timedelta(seconds=retry_after),
        jitter=random.random(),
    )
    return Postponed(claimed.id, claimed.attempt, due_at or now, reason, unknown, attempted, parked=due_at is None)


def _closed(taken: Taken, answer: Command | None) -> Closed:
    claimed = taken.claimed
    if answer is None:
        return Closed(claimed.id, claimed.attempt, None)
    key = f"call:{claimed.key}:{claimed.attempt}"
    return Closed(
        claimed.id, claimed.attempt, scheduled(answer, key, datetime.now(UTC), claimed.cause, claimed.correlation)
    )


def _withheld(claimed: Claimed, call: Call, reason: str) -> Withheld:
    answer = answer_to(call, reason)
    if answer is None:
        return Withheld(claimed.id, claimed.attempt, reason, None)
    key = f"call:{claimed.key}:{claimed.attempt}"
    told = scheduled(answer, key, datetime.now(UTC), claimed.cause, claimed.correlation)
    return Withheld(claimed.id, claimed.attempt, reason, told)


def _grouped(taken: Sequence[Taken]) -> list[list[Taken]]:
    """Calls of one marketplace and shop, up to 50 together."""
    by_shop: dict[tuple[str, str], list[Taken]] = {}
    for each in taken:
        by_shop.setdefault((each.call.marketplace, each.call.shop), []).append(each)
    return [
        group[start : start + AT_ONCE_OF_ONE_SHOP]
        for group in by_shop.values()
        for start in range(0, len(group), AT_ONCE_OF_ONE_SHOP)
    ]


def _label_bought(request: LabelRequest, label: Label) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="bought",
        carrier=label.carrier,
        service=label.service,
        tracking_number=label.tracking_number,
        carrier_reference=label.carrier_reference,
        cost=label.cost,
    )


def _label_refused(request: LabelRequest, reason: str) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="refused",
        carrier=request.carrier,
        reason=reason,
    )


def _label_parked(request: LabelRequest, reason: str) -> RecordLabelOutcome:
    return RecordLabelOutcome(
        shipment_id=request.shipment_id,
        attempt=request.attempt,
        outcome="parked",
        carrier=request.carrier,
        reason=reason,
    )


def _void_told(
    call: VoidLabelCall, outcome: Literal["voided", "refused", "parked"], reason: str = ""
) -> RecordVoidOutcome:
    return RecordVoidOutcome(shipment_id=call.shipment_id, attempt=call.attempt, outcome=outcome, reason=reason)


def _fulfilment_pushed(taken: Taken) -> RecordFulfilmentPushed:
    call = taken.call
    return RecordFulfilmentPushed(
        order_id=call.order_id,
        shipment_id=call.shipment_id,
        pushed_at=datetime.now(UTC),
        tracking_number=call.tracking_number,
    )
