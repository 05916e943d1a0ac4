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
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import structlog

from aggregates.event_store import calls, shops
from aggregates.event_store.buyer_keys import BuyerKeys
from aggregates.event_store.calls import Claimed, Closed, Postponed, Withheld
from aggregates.event_store.connection import STORE_FAULT, Connection
from aggregates.event_store.scheduled_commands import scheduled
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
from schemas.values import Person, Sealed
from streams import carrier_calls, marketplace_calls, order_reads, supplier_calls
from streams.call_outcomes import Gateways, Outcome, Taken, again
from streams.doors import Doors, answer_to
from streams.order_reads import Seen
from streams.store_thread import StoreThread
from streams.unknown_statuses import UnknownStatuses

log = structlog.get_logger()

CLAIMED_AT_ONCE = 200
AT_ONCE_OF_ONE_SHOP = 50
WITHOUT_ACCESS_FOR = timedelta(minutes=10)
"""How long a call waits that its shop does not let us make."""

IDLE_SECONDS = 0.02
EXPIRED_EVERY_SECONDS = 5.0
START_WITHIN = calls.LEASE / 3
"""A call that is not started by then is left to its lease: this process was stopped in between."""

ONE: Final[Mapping[type[Call], Callable[[Gateways, Taken], Awaitable[Outcome]]]] = {
    BuyLabelCall: carrier_calls.buy_label,
    VoidLabelCall: carrier_calls.void_label,
    PushDelayCall: marketplace_calls.push_delay,
    PlaceReorderCall: supplier_calls.place_reorder,
    SpeedUpReorderCall: supplier_calls.speed_up,
}
"""How a call of each kind is made that goes alone."""

TOGETHER: Final[Mapping[type[Call], Callable[[Gateways, Sequence[Taken]], Awaitable[list[Outcome]]]]] = {
    PushFulfilmentCall: marketplace_calls.push_fulfilments,
    ReadOrderCall: marketplace_calls.read_orders,
}
"""How calls of each kind are made that go up to 50 of one shop together."""

_DECODERS: Final[Mapping[str, msgspec.json.Decoder[Any]]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in (*ONE, *TOGETHER)
}


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
        alone = [each for each in taken if type(each.call) in ONE]
        together = [each for each in taken if type(each.call) in TOGETHER]
        await asyncio.gather(
            *(self._start([each]) for each in alone), *(self._start(group) for group in _grouped(together))
        )

    async def _start(self, group: Sequence[Taken]) -> None:
        for each in group:
            self._unstarted.pop(each.claimed.id, None)
        outcomes = await self._sound(group)
        self._statuses.warn(each.shown.order for each in outcomes if isinstance(each, Seen))
        self._unreported += outcomes

    async def _sound(self, group: Sequence[Taken]) -> list[Outcome]:
        """The outcomes of a group; where our own code raises, nothing is known of its calls, and all others go on."""
        kind = type(group[0].call)
        try:
            if kind in TOGETHER:
                return await TOGETHER[kind](self._gateways, group)
            return [await ONE[kind](self._gateways, group[0])]
        except Exception as error:
            log.exception("call failed as a bug", kind=kind.__name__, calls=[each.claimed.key for each in group])
            return [again(each, f"bug: {type(error).__name__}", None, attempted=True, unknown=True) for each in group]

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


def _withheld(claimed: Claimed, call: Call, reason: str) -> Withheld:
    answer = answer_to(call, reason)
    if answer is None:
        return Withheld(claimed.id, claimed.attempt, reason, None)
    key = f"call:{claimed.key}:{claimed.attempt}"
    told = scheduled(answer, key, datetime.now(UTC), claimed.cause, claimed.correlation)
    return Withheld(claimed.id, claimed.attempt, reason, told)


def _grouped(taken: Sequence[Taken]) -> list[list[Taken]]:
    """Calls of one kind, marketplace and shop, up to 50 together."""
    by_shop: dict[tuple[type[Call], str, str], list[Taken]] = {}
    for each in taken:
        by_shop.setdefault((type(each.call), each.call.marketplace, each.call.shop), []).append(each)
    return [
        group[start : start + AT_ONCE_OF_ONE_SHOP]
        for group in by_shop.values()
        for start in range(0, len(group), AT_ONCE_OF_ONE_SHOP)
    ]
