"""
Twelve cases of buying, each worked by hand from the rule.

safety = 1.65 * sqrt(normal * lead); order below normal * (lead + 24) + safety, up to normal * (lead + 72) + safety, and
for an open spike (burn - normal) * (72 - its age - lead) more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aggregates import replenishment
from aggregates.policies.buying_limits import Limits
from aggregates.policies.stock_risk import Counted, observed_rate
from aggregates.replenishment import Known, Replenishment
from schemas.commands import AssessStockRisk, Command, RecordReceipt, RecordSupplierAnswer
from schemas.timers import CheckDelivery
from schemas.values import Rates, SupplyTerms, replenishment_id
from tests.builders import NOON, item_of, usd

BUYING = replenishment_id(item_of())
FIRST, SECOND = f"{BUYING}-1", f"{BUYING}-2"
HOUR = timedelta(hours=1)
DAY, FORTNIGHT = 24, 14 * 24
MUCH = Limits(Decimal(10**6), Decimal(10**6), Decimal(10**6), "USD")
TWO_DOLLARS = usd("2.00")


def sells(normal: float, **more: Any) -> Rates:
    """An item that has its history."""
    return Rates(evaluated_at=NOON, normal_per_hour=normal, **more)


def spike(normal: float, burn: float, *, since: datetime = NOON) -> Rates:
    """Sales prove many times normal."""
    return sells(normal, observed_per_hour=burn, spike_opened_at=since)


class Item:
    """One item's buying side, with its terms and limits."""

    def __init__(self, *, limits: Limits = MUCH, **terms: Any) -> None:
        self._known = Known(NOON, SupplyTerms(**{"unit_cost": TWO_DOLLARS, **terms}), limits)
        self._buying: Replenishment | None = None

    def told(self, command: Command, at: datetime = NOON) -> list[Any]:
        """What comes of a command."""
        self._buying = replenishment.decide(self._buying, command, self._known._replace(at=at))
        return [] if self._buying is None else list(self._buying.collect_events())

    def assessed(self, available: int, rates: Rates, *, owed: int = 0, at: datetime = NOON) -> dict[str, int]:
        """What is placed and what is asked for, in units, when the figures are these."""
        command = AssessStockRisk(
            replenishment_id=BUYING,
            stock_item_id=item_of(),
            available=available,
            backordered=owed,
            occurred_at=at,
            rates=rates,
        )
        decided = self.told(command, at)
        kinds: dict[str, Any] = {"placed": Replenishment.ReorderPlaced, "asked": Replenishment.ReorderAsked}
        return {word: event.quantity for word, kind in kinds.items() for event in decided if isinstance(event, kind)}

    def confirmed(self, reorder_id: str, due_at: datetime) -> None:
        """The supplier names a date."""
        self.told(
            RecordSupplierAnswer(replenishment_id=BUYING, reorder_id=reorder_id, outcome="confirmed", due_at=due_at)
        )


@pytest.mark.parametrize(("lead", "units"), [(DAY, 20), (FORTNIGHT, 93)])
def test_a_slow_seller(lead: int, units: int) -> None:
    """1: 0.2/h, 3 there. 0.2 * 96 + 1.65 * sqrt(4.8) = 22.81; 0.2 * 408 + 1.65 * sqrt(67.2) = 95.13; less 3."""
    assert Item(lead_time_hours=lead).assessed(3, sells(0.2)) == {"placed": units}


def test_a_fast_seller() -> None:
    """2: 50/h, 1,000 there: below 50 * 48 + 1.65 * sqrt(1,200) = 2,457.16; up to 4,857.16, so 3,857.16 are missing."""
    assert Item(lead_time_hours=DAY).assessed(1_000, sells(50.0)) == {"placed": 3_858}
    assert Item(lead_time_hours=DAY).assessed(2_458, sells(50.0)) == {}


@pytest.mark.parametrize(("lead", "units"), [(DAY, 1_008), (FORTNIGHT, 799)])
def test_a_spike(lead: int, units: int) -> None:
    """3: 2/h at ten times, 60 there: 192 + 11.43 + 18 * 48 = 1,067.43; after a fortnight it is over: 816 + 42.77."""
    assert Item(lead_time_hours=lead).assessed(60, spike(2.0, 20.0)) == {"placed": units}


def test_a_spike_of_which_the_formula_alone_speaks() -> None:
    """4: the same by the formula: what 2/h asks for is 203.43 - 60 = 143.43; the other 864 wait for a person."""
    rates = sells(2.0, multiplier=10.0, score=46.4, spike_opened_at=NOON)
    assert Item(lead_time_hours=DAY).assessed(60, rates) == {"placed": 144, "asked": 864}


def test_a_launch_without_history() -> None:
    """5: 12 units in the first 6 h are 2/h; 203.43 - 20 = 183.43 are missing, and a new item always asks."""
    assert Item(lead_time_hours=DAY).assessed(20, sells(2.0, is_new=True)) == {"asked": 184}


def test_one_buyer_of_two() -> None:
    """6: 40 orders of two buyers prove nothing: at 0.5/h with 40 there nothing is due below 24 + 5.72 = 29.72."""
    observed = observed_rate((Counted(1, 40, 2, 400),), 0.5)
    assert observed is None
    assert Item(lead_time_hours=DAY).assessed(40, sells(0.5, observed_per_hour=observed)) == {}


def test_a_part_delivery() -> None:
    """7: of 144 that were ordered 100 came; the other 44 stay on order, and nothing is ordered again."""
    item = Item(lead_time_hours=DAY)
    assert item.assessed(60, sells(2.0)) == {"placed": 144}
    item.confirmed(FIRST, NOON + 24 * HOUR)
    item.told(
        RecordReceipt(replenishment_id=BUYING, quantity=100, reference="r1", occurred_at=NOON, recorded_at=NOON + HOUR)
    )
    assert item.assessed(158, sells(2.0), at=NOON + HOUR) == {}
    assert item.assessed(70, sells(2.0), at=NOON + 20 * HOUR) == {}
    assert item.assessed(63, sells(2.0), at=NOON + 20 * HOUR) == {"placed": 97}


def test_a_late_order() -> None:
    """8: two days after its date 144 are not reckoned on any more, and all are ordered again: 203.43 - 4 = 199.43."""
    item = Item(lead_time_hours=DAY)
    assert item.assessed(60, sells(2.0)) == {"placed": 144}
    due = NOON + 24 * HOUR
    item.confirmed(FIRST, due)
    late = due + 48 * HOUR
    assert item.assessed(4, sells(2.0), at=late) == {"placed": 56}
    (overdue,) = item.told(CheckDelivery(replenishment_id=BUYING, reorder_id=FIRST, due_at=due), late)
    assert (type(overdue), overdue.quantity) == (Replenishment.ReorderOverdue, 144)
    assert item.assessed(4, sells(2.0), at=late) == {"placed": 144}


def test_an_order_that_was_never_confirmed() -> None:
    """8, without an answer: two days after its lead time it is not reckoned on, and all is ordered again, once."""
    item = Item(lead_time_hours=DAY)
    assert item.assessed(60, sells(2.0)) == {"placed": 144}
    late = NOON + (24 + 48) * HOUR
    assert item.assessed(60, sells(2.0), at=late - HOUR) == {}
    assert item.assessed(60, sells(2.0), at=late) == {"placed": 144}
    assert item.assessed(60, sells(2.0), at=late) == {}


def test_pack_and_minimum() -> None:
    """9: 20 in packs of 12 are 24; the supplier sells no fewer than 48."""
    assert Item(pack=12).assessed(3, sells(0.2)) == {"placed": 24}
    assert Item(pack=12, minimum=48).assessed(3, sells(0.2)) == {"placed": 48}


def test_limits_reached() -> None:
    """10: 144 at 2.00 are 288; 100.00 buys 50, or 48 in packs of 12; what is due after that asks. 0 asks for all."""
    limits = MUCH._replace(per_item=Decimal(100))
    item = Item(limits=limits)
    assert item.assessed(60, sells(2.0)) == {"placed": 50}
    assert item.assessed(57, sells(2.0)) == {"asked": 97}
    assert Item(limits=limits, pack=12).assessed(60, sells(2.0)) == {"placed": 48}
    assert Item(limits=Limits()).assessed(60, sells(2.0)) == {"asked": 144}


def test_a_spike_that_is_over() -> None:
    """11: after 60 of its 72 h a delivery in 24 h finds no spike: 203.43 - 60 = 143.43, as without one."""
    since = NOON - 60 * HOUR
    assert Item(lead_time_hours=DAY).assessed(60, spike(2.0, 20.0, since=since)) == {"placed": 144}
    assert Item(lead_time_hours=DAY).assessed(60, sells(2.0)) == {"placed": 144}


def test_backorders_owed() -> None:
    """12: with 30 owed, 203.43 + 30 = 233.43; 234 on order cover it until 234 - owed is below 107.43."""
    item = Item(lead_time_hours=DAY)
    assert item.assessed(0, sells(2.0), owed=30) == {"placed": 234}
    assert item.assessed(0, sells(2.0), owed=30) == {}
    assert item.assessed(0, sells(2.0), owed=126) == {}
    assert item.assessed(0, sells(2.0), owed=127) == {"placed": 97}
