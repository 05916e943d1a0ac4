"""Buying: one open risk per item, and no more orders than what is owed asks for."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest

from aggregates import replenishment
from aggregates.policies.buying_limits import Limits
from aggregates.policies.clocks import scheduled_after
from aggregates.policies.outside_calls import calls_of
from aggregates.policies.viral_score import is_silent
from aggregates.replenishment import Known, Replenishment
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall
from schemas.commands import (
    ApproveReorder,
    AssessStockRisk,
    Command,
    DeclineReorder,
    DescribeSupply,
    RecordReceipt,
    RecordSupplierAnswer,
    RecordSupply,
)
from schemas.timers import EaseRisk
from schemas.values import Money, Rates, SupplyTerms, replenishment_id
from tests.builders import NOON, item_of, usd
from tests.unit.aggregates.scenario import following, given_replenishment, may_buy, names, when

BUYING = replenishment_id(item_of())
FIRST = f"{BUYING}-1"
DUE = NOON + timedelta(days=2)
ASKS = Known(NOON)
HOUR = timedelta(hours=1)
FORMULA = Rates(evaluated_at=NOON, normal_per_hour=2.0, multiplier=10.0, score=46.4, spike_opened_at=NOON)
SALES = Rates(evaluated_at=NOON, normal_per_hour=2.0, observed_per_hour=20.0, spike_opened_at=NOON)
CALM = Rates(evaluated_at=NOON, normal_per_hour=2.0)


def assess(backordered: int, available: int = 0, *, stock_unknown: bool = False) -> AssessStockRisk:
    """The item's figures moved."""
    return AssessStockRisk(
        replenishment_id=BUYING,
        stock_item_id=item_of(),
        available=available,
        backordered=backordered,
        occurred_at=NOON,
        stock_unknown=stock_unknown,
    )


def answer(
    outcome: Literal["confirmed", "refused", "parked"], due_at: datetime | None = None, reorder_id: str = FIRST
) -> RecordSupplierAnswer:
    """The supplier speaks."""
    return RecordSupplierAnswer(
        replenishment_id=BUYING, reorder_id=reorder_id, outcome=outcome, due_at=due_at, reason="out of production"
    )


def receipt(quantity: int, reference: str = "r1") -> RecordReceipt:
    """Units came in."""
    return RecordReceipt(replenishment_id=BUYING, quantity=quantity, reference=reference, occurred_at=NOON)


def test_a_shortage_raises_the_risk_and_orders() -> None:
    """The first shortage opens the one decision of the item and orders what is owed and a spare, from the supplier."""
    found = replenishment.decide(None, assess(3), may_buy())
    assert found is not None
    events = list(found.collect_events())
    assert names(events) == ["Opened", "RiskRaised", "ReorderPrepared", "ReorderPlaced"]
    (request,) = [request for event in events for request in calls_of(event)]
    assert isinstance(request.call, PlaceReorderCall)
    assert (request.call.reorder_id, request.call.quantity) == (FIRST, 27)


def test_what_is_on_order_covers_the_same_figures() -> None:
    """The same assessment again, or another shortage that the order covers, records nothing."""
    item = given_replenishment(assess(3))
    assert when(item, assess(3)) == []
    assert when(item, assess(27)) == []
    assert names(when(item, assess(28))) == ["ReorderPrepared", "ReorderPlaced"]


def test_a_run_on_an_item_makes_few_orders() -> None:
    """9,900 backorders in a row lead to a few dozen orders and not to 9,900, and what is on order covers all."""
    item = given_replenishment(assess(1))
    orders = sum(names(when(item, assess(owed))).count("ReorderPlaced") for owed in range(2, 9_901))
    assert orders < 30
    on_order = sum(reorder.remaining for _, reorder in item.open_reorders())
    assert 9_900 <= on_order <= 9_900 * 1.25 + 24


def test_what_was_never_counted_is_not_bought() -> None:
    """An unknown stock raises the risk once and buys nothing; once it is known, what is owed is ordered."""
    item = given_replenishment(assess(3, stock_unknown=True))
    assert (item.risk, item.reorders) == ("CRITICAL", {})
    assert when(item, assess(4, stock_unknown=True)) == []
    assert names(when(item, assess(4))) == ["ReorderPrepared", "ReorderPlaced"]


def test_calm_figures_open_nothing() -> None:
    """An item that owes nothing, with nothing open, is no risk."""
    assert replenishment.decide(None, assess(0, available=5), may_buy()) is None


def test_the_risk_is_eased_once_nothing_is_owed() -> None:
    """When nothing is owed any more the risk is eased, once, and can be raised anew."""
    item = given_replenishment(assess(3))
    assert names(when(item, assess(0, available=24))) == ["RiskEased"]
    assert when(item, assess(0, available=24)) == []
    assert "RiskRaised" in names(when(item, assess(100)))


def test_a_confirmation_tells_stock_the_date() -> None:
    """What the supplier confirms is expected by the stock item; the same again is nothing, another date is told."""
    item = given_replenishment(assess(3))
    events = when(item, answer("confirmed", DUE))
    assert names(events) == ["ReorderConfirmed"]
    assert following(events) == [RecordSupply(stock_item_id=item_of(), reorder_id=FIRST, quantity=27, due_at=DUE)]
    assert when(item, answer("confirmed", DUE)) == []
    assert names(when(item, answer("confirmed", DUE + timedelta(days=1)))) == ["ReorderDelayed"]


def test_after_a_refusal_nothing_is_ordered_until_the_risk_was_eased() -> None:
    """A supplier that refuses is not asked again with every shortage."""
    item = given_replenishment(assess(3))
    events = when(item, answer("refused"))
    assert names(events) == ["ReorderRefused"]
    assert when(item, answer("refused")) == []
    assert when(item, assess(50)) == []
    when(item, assess(0, available=1))
    assert "ReorderPlaced" in names(when(item, assess(2)))


def test_a_parked_order_counts_as_on_order() -> None:
    """Where nobody knows whether the supplier has the order, nothing is ordered in its place."""
    item = given_replenishment(assess(3))
    assert names(when(item, answer("parked"))) == ["ReorderParked"]
    assert when(item, answer("parked")) == []
    assert when(item, assess(5)) == []
    assert names(when(item, answer("confirmed", DUE))) == ["ReorderConfirmed"]


@pytest.mark.parametrize("outcome", ["confirmed", "refused", "parked"])
def test_an_answer_about_no_order_of_ours_is_ignored(outcome: Literal["confirmed", "refused", "parked"]) -> None:
    """An answer about an order that was never placed changes nothing."""
    assert when(given_replenishment(assess(3)), answer(outcome, DUE, "another")) == []


def test_receipts_fill_the_oldest_order_first() -> None:
    """Units that came in come off the oldest open order, what is left over off the next; each receipt counts once."""
    item = given_replenishment(assess(3), assess(40), answer("confirmed", DUE))
    events = when(item, receipt(30))
    assert [(event.reorder_id, event.quantity, event.remaining) for event in events] == [
        (FIRST, 27, 0),
        (f"{BUYING}-2", 3, 34),
    ]
    assert when(item, receipt(30)) == []
    assert [command.quantity for command in following(events) if isinstance(command, RecordSupply)] == [0, 34]


def test_a_receipt_fills_the_order_that_it_names() -> None:
    """A receipt that names an order comes off that one."""
    item = given_replenishment(assess(3), assess(40))
    (received,) = when(item, receipt(5, f"{BUYING}-2"))
    assert received.reorder_id == f"{BUYING}-2"


def test_a_receipt_of_nothing_ordered_is_no_business_of_buying() -> None:
    """Units that nobody ordered change nothing here."""
    assert when(given_replenishment(assess(3, stock_unknown=True)), receipt(5)) == []
    assert replenishment.decide(None, receipt(5), may_buy()) is None


def told(item: Replenishment, command: Command, known: Known = ASKS) -> list[Any]:
    """What comes of a command where that is known; with no limit set everything asks."""
    assert replenishment.decide(item, command, known) is item
    return list(item.collect_events())


def _asked() -> Replenishment:
    found = replenishment.decide(None, assess(3), ASKS)
    assert found is not None
    assert names(list(found.collect_events())) == ["Opened", "RiskRaised", "ReorderPrepared", "ReorderAsked"]
    return found


def test_what_asks_is_placed_on_a_person_s_word() -> None:
    """Where a person decides, an order is prepared, and placed once when approved."""
    item = _asked()
    assert told(item, assess(4)) == []
    approve = ApproveReorder(replenishment_id=BUYING, reorder_id=FIRST, operator="ann")
    assert when(item, msgspec.structs.replace(approve, quantity=26)) == []
    approve = msgspec.structs.replace(approve, quantity=27)
    assert names(when(item, approve)) == ["ReorderApproved", "ReorderPlaced"]
    assert when(item, approve) == []


def test_what_is_declined_is_not_prepared_again_at_once() -> None:
    """A declined order stands as refused until the risk was eased; it cannot be approved any more."""
    item = _asked()
    decline = DeclineReorder(replenishment_id=BUYING, reorder_id=FIRST, reason="too many")
    assert names(when(item, decline)) == ["ReorderDeclined"]
    assert when(item, decline) == []
    assert when(item, ApproveReorder(replenishment_id=BUYING, reorder_id=FIRST)) == []
    assert told(item, assess(9)) == []


def test_a_supplier_s_no_ends_after_a_day_and_a_person_s_does_not() -> None:
    """So does that of a shop which was not live; a person has to change its mind, or the risk."""
    day = NOON + 24 * HOUR
    item = given_replenishment(assess(3), answer("refused"))
    assert when(item, assess(3), at=day - HOUR) == []
    assert names(when(item, assess(3), at=day)) == ["ReorderPrepared", "ReorderPlaced"]
    declined = _asked()
    when(declined, DeclineReorder(replenishment_id=BUYING, reorder_id=FIRST, reason="too many"))
    assert when(declined, assess(3), at=day) == []


def test_what_was_prepared_before_questions_were_recorded_is_asked_for() -> None:
    """An old log has the order and no question: it is put once, under the same id."""
    item = given_replenishment(assess(3, stock_unknown=True))
    prepared = {"stock_item_id": item_of(), "reorder_id": FIRST, "quantity": 27, "terms": ()}
    item.trigger_event(Replenishment.ReorderPrepared, timestamp=NOON, **prepared)
    item.collect_events()
    asked = told(item, assess(3))
    assert [(type(event).__name__, event.reorder_id) for event in asked] == [
        ("ReorderPrepared", FIRST),
        ("ReorderAsked", FIRST),
    ]
    assert told(item, assess(3)) == []


def figures(available: int, rates: Rates | None, *, owed: int = 0, at: datetime = NOON) -> AssessStockRisk:
    """The item's figures and rates at a moment."""
    return AssessStockRisk(
        replenishment_id=BUYING,
        stock_item_id=item_of(),
        available=available,
        backordered=owed,
        occurred_at=at,
        rates=rates,
    )


def begun(command: AssessStockRisk, known: Known) -> tuple[Replenishment, list[Any]]:
    """A buying side that begins with these figures, and what came of them."""
    item = replenishment.decide(None, command, known)
    assert item is not None
    return item, list(item.collect_events())


def test_fc_56_a_thirty_critical_readings_make_one_risk_and_one_order() -> None:
    """Readings that keep the item critical repeat nothing, before and after a part of the order came."""
    item, events = begun(figures(60, SALES), may_buy())
    assert names(events).count("RiskRaised") == names(events).count("ReorderPlaced") == 1
    for minute in range(1, 31):
        at = NOON + timedelta(minutes=minute)
        later = msgspec.structs.replace(SALES, evaluated_at=at, observed_per_hour=20.0 + minute % 2)
        assert when(item, figures(60, later, at=at), at=at) == []
    when(item, answer("confirmed", NOON + 24 * HOUR))
    part = RecordReceipt(
        replenishment_id=BUYING, quantity=300, reference="r1", occurred_at=NOON, recorded_at=NOON + HOUR
    )
    assert names(when(item, part, at=NOON + HOUR)) == ["ReorderReceived"]
    at = NOON + HOUR
    assert "ReorderPlaced" not in names(when(item, figures(340, SALES, at=at), at=at))


def test_fc_56_b_few_views_and_no_sales_are_no_emergency() -> None:
    """An item of which one a day is sold, with a video under the floor and no score: nothing is raised or ordered."""
    assert is_silent(90, None)
    _, events = begun(figures(20, Rates(evaluated_at=NOON, normal_per_hour=0.02)), may_buy())
    assert names(events) == ["Opened", "RatesChanged"]


def test_fc_56_c_two_contents_are_one_decision() -> None:
    """The content that lifts most counts; the other one, later, changes nothing about what is on order."""
    item, events = begun(figures(60, FORMULA), ASKS)
    assert names(events).count("ReorderAsked") == 1
    other = msgspec.structs.replace(FORMULA, evaluated_at=NOON + HOUR, content_id="another", multiplier=10.0)
    assert names(told(item, figures(60, other), ASKS._replace(at=NOON + HOUR))) == ["RatesChanged"]


def test_figures_from_before_a_receipt_say_nothing() -> None:
    """A reading that was on its way while units came in does not order them again."""
    item = given_replenishment(figures(60, CALM))
    came = RecordReceipt(
        replenishment_id=BUYING, quantity=144, reference="r1", occurred_at=NOON, recorded_at=NOON + HOUR
    )
    when(item, came)
    assert when(item, figures(60, CALM, at=NOON + HOUR / 2)) == []
    assert names(when(item, figures(204, CALM, at=NOON + HOUR))) == ["RiskEased"]


def test_rates_are_remembered_for_figures_that_bring_none() -> None:
    """A correction that comes without rates is judged by those that were told last; older ones do not count."""
    item = given_replenishment(figures(204, SALES))
    older = msgspec.structs.replace(CALM, evaluated_at=NOON - HOUR)
    assert when(item, figures(204, older)) == []
    raised = when(item, figures(60, None))
    assert raised[0].level == "CRITICAL"
    assert dict(raised[0].terms)["observed_rate_per_hour"] == "20"


def test_the_formula_alone_asks_and_says_why() -> None:
    """Beyond what sales prove it is prepared with its terms and asked for, with its latest useful time."""
    item, events = begun(figures(200, FORMULA), may_buy())
    assert names(events) == ["Opened", "RatesChanged", "RiskRaised", "ReorderPrepared", "ReorderAsked"]
    prepared, asked = events[-2:]
    assert (prepared.evidence, prepared.rule, asked.reason) == (
        "formula",
        "ends before a delivery",
        "the formula alone says so",
    )
    assert asked.useful_until == NOON + 24 * HOUR
    assert item.asked() == FIRST


def test_a_spike_that_calms_is_still_the_formula_s_while_no_sales_prove_it() -> None:
    """The multiplier is gone and the spike not over yet: what it adds is asked for, and never bought as sales."""
    calming = msgspec.structs.replace(FORMULA, multiplier=1.0)
    _, events = begun(figures(10, calming), may_buy())
    assert [
        (event.evidence, event.quantity) for event in events if isinstance(event, Replenishment.ReorderPrepared)
    ] == [("sales", 194), ("formula", 192)]
    (asked,) = (event for event in events if isinstance(event, Replenishment.ReorderAsked))
    assert asked.reason == "the formula alone says so"


def test_a_question_that_nobody_answers_is_pressed_and_lapses() -> None:
    """Its timers press it four hours before its latest useful time and end it then; silence approves nothing."""
    item, events = begun(figures(60, CALM), ASKS)
    timers = [timer for event in events for timer in scheduled_after(event)]
    until = NOON + 6 * HOUR
    assert [timer.due_at for timer in timers] == [until - 3 * HOUR, until]
    press, lapse = (timer.command for timer in timers)
    assert names(told(item, press, ASKS._replace(at=until - 3 * HOUR))) == ["ReorderPressed"]
    assert names(told(item, lapse, ASKS._replace(at=until))) == ["ReorderLapsed"]
    assert told(item, lapse, ASKS._replace(at=until)) == []
    assert told(item, press, ASKS._replace(at=until - HOUR)) == []
    assert told(item, figures(55, CALM), ASKS._replace(at=until + 23 * HOUR)) == []
    assert names(told(item, figures(55, CALM), ASKS._replace(at=until + 24 * HOUR))) == [
        "ReorderPrepared",
        "ReorderAsked",
    ]


def test_a_question_that_lapsed_is_put_again_when_the_risk_rises() -> None:
    """Before the day is over nothing but a higher level asks again."""
    item, events = begun(figures(60, CALM), ASKS)
    lapse = next(timer.command for event in events for timer in scheduled_after(event) if "lapse" in timer.key)
    told(item, lapse, ASKS._replace(at=NOON + 6 * HOUR))
    assert names(told(item, figures(40, CALM), ASKS._replace(at=NOON + 7 * HOUR))) == [
        "RiskEscalated",
        "ReorderPrepared",
        "ReorderAsked",
    ]


def test_a_question_ends_with_its_cause() -> None:
    """Units came from somewhere else: the question is withdrawn, and the risk eased."""
    item, _ = begun(figures(60, CALM), ASKS)
    assert names(told(item, figures(300, CALM))) == ["RiskEased", "ReorderCancelled"]
    assert item.reorders == {}


def test_a_question_is_put_again_when_it_is_another_one() -> None:
    """A fifth more is the same question; twice as much is put again, under the same id."""
    item, _ = begun(figures(60, CALM), ASKS)
    assert told(item, figures(50, CALM)) == []
    again = told(item, figures(0, CALM, owed=100))
    assert names(again) == ["RiskEscalated", "ReorderPrepared", "ReorderAsked"]
    assert {event.reorder_id for event in again[1:]} == {FIRST}


def test_an_unconfirmed_order_is_hurried_before_anything_is_bought_express() -> None:
    """The stock would end before the standard delivery: what is on order is sped up, and only the rest is express."""
    known = may_buy()._replace(terms=SupplyTerms(lead_time_hours=48, express_lead_time_hours=12, unit_cost=usd("1.00")))
    item, events = begun(figures(110, CALM), known)
    assert [event.delivery for event in events if isinstance(event, Replenishment.ReorderPlaced)] == ["standard"]
    hurried = told(item, figures(60, SALES), known)
    assert names(hurried)[-3:] == ["SpeedUpAsked", "ReorderPrepared", "ReorderPlaced"]
    assert (hurried[-3].reorder_id, hurried[-1].delivery) == (FIRST, "express")
    (call,) = calls_of(hurried[-3])
    assert isinstance(call.call, SpeedUpReorderCall)
    assert told(item, figures(60, SALES), known) == []
    refused = RecordSupplierAnswer(replenishment_id=BUYING, reorder_id=FIRST, outcome="not_faster", reason="gone")
    assert names(told(item, refused, known)) == ["SpeedUpRefused"]
    assert told(item, refused, known) == []
    assert "SpeedUpAsked" not in names(told(item, figures(60, SALES), known))


def test_an_unconfirmed_order_is_hurried_although_it_is_large_enough() -> None:
    """What was ordered would do, but comes after the stock ends: it is hurried, and nothing else is bought."""
    known = may_buy()._replace(terms=SupplyTerms(lead_time_hours=48, express_lead_time_hours=12, unit_cost=usd("1.00")))
    item, _ = begun(figures(100, CALM), known)
    assert names(told(item, figures(8, CALM), known)) == ["RiskEscalated", "SpeedUpAsked"]
    assert told(item, figures(7, CALM), known) == []


def test_a_no_to_the_formula_does_not_hold_against_sales() -> None:
    """A person did not believe the video; once sales prove it, the item is bought for again."""
    item, _ = begun(figures(60, FORMULA), ASKS)
    decline = DeclineReorder(replenishment_id=BUYING, reorder_id=FIRST, reason="a bot's views")
    assert names(told(item, decline)) == ["ReorderDeclined"]
    assert told(item, figures(58, FORMULA)) == []
    proven = msgspec.structs.replace(SALES, evaluated_at=NOON + HOUR, multiplier=10.0)
    assert names(told(item, figures(50, proven))) == ["RatesChanged", "ReorderPrepared", "ReorderAsked"]


def test_a_refusal_in_calm_trade_is_not_met_with_the_same_order_again() -> None:
    """The supplier says no after the risk was eased: nothing is ordered until the item is shorter than it was."""
    item = given_replenishment(figures(60, CALM))
    assert names(when(item, figures(60, CALM))) == ["RiskEased"]
    when(item, answer("refused"))
    assert names(when(item, figures(59, CALM))) == ["RiskRaised"]
    assert when(item, figures(58, CALM)) == []
    assert names(when(item, figures(40, CALM))) == ["RiskEscalated", "ReorderPrepared", "ReorderPlaced"]


def test_a_level_falls_after_a_calm_hour_by_its_timer() -> None:
    """Calm figures start the hour; nothing more need come for the level to fall; figures that dip stop it."""
    item = given_replenishment(figures(8, CALM))
    assert item.risk == "CRITICAL"
    (calming,) = when(item, figures(100, CALM))
    (timer,) = scheduled_after(calming)
    assert (timer.due_at, timer.command) == (NOON + HOUR, EaseRisk(replenishment_id=BUYING, set_for=NOON))
    dipped = when(item, figures(10, CALM))
    assert names(dipped) == ["RiskCalming"]
    assert when(item, timer.command, at=timer.due_at) == []
    later = NOON + 2 * HOUR
    (calming,) = when(item, figures(200, CALM), at=later)
    (eased,) = when(item, scheduled_after(calming)[0].command, at=later + HOUR)
    assert (type(eased), eased.level) == (Replenishment.RiskEased, "")


def test_what_the_supplier_cancels_is_on_order_no_more() -> None:
    """The rest of an order that was cancelled is told to stock and ordered again; twice is once."""
    item = given_replenishment(figures(60, CALM), answer("confirmed", DUE))
    cancelled = RecordSupplierAnswer(replenishment_id=BUYING, reorder_id=FIRST, outcome="cancelled", reason="fire")
    events = when(item, cancelled)
    assert names(events) == ["ReorderCancelled"]
    assert following(events) == [RecordSupply(stock_item_id=item_of(), reorder_id=FIRST, quantity=0, due_at=None)]
    assert when(item, cancelled) == []
    assert "ReorderPlaced" in names(when(item, figures(60, CALM)))


def test_terms_of_supply_are_taken_over_once() -> None:
    """An item's own terms count from then on, its shop too; the same again is nothing."""
    terms = SupplyTerms(lead_time_hours=14 * 24, unit_cost=usd("2.00"))
    described = DescribeSupply(
        replenishment_id=BUYING, stock_item_id=item_of(), marketplace="tiktok", shop="s1", terms=terms
    )
    item = given_replenishment(described)
    assert when(item, described) == []
    placed = when(item, figures(60, CALM))[-1]
    assert (placed.shop, placed.quantity, placed.cost) == ("tiktok:s1", 799, usd("1598.00"))
    assert [call.shop for call in calls_of(placed)] == ["s1"]


def test_a_shop_s_day_counts_all_its_items() -> None:
    """What the shop spent on others today is gone from its limit; what the item spent in 7 days from its own."""
    day = may_buy()._replace(
        limits=Limits(Decimal(1_000), Decimal(200), Decimal(1_000), "USD"), spent={("", "USD"): Decimal(950)}
    )
    _, events = begun(figures(60, CALM), day)
    (placed,) = (event for event in events if isinstance(event, Replenishment.ReorderPlaced))
    assert (placed.quantity, placed.limit) == (50, "the limit per shop and day is reached")
    week = day._replace(spent={})
    item, _ = begun(figures(60, CALM), week)
    again = told(item, figures(0, CALM, owed=100), week._replace(at=NOON + 6 * 24 * HOUR))
    assert [event.quantity for event in again if isinstance(event, Replenishment.ReorderPlaced)] == [56]
    assert [event.reason for event in again if isinstance(event, Replenishment.ReorderAsked)] == [
        "the limit per item and 7 days is reached"
    ]


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (may_buy()._replace(terms=SupplyTerms()), "what it costs is unknown"),
        (
            may_buy()._replace(terms=SupplyTerms(unit_cost=Money(amount=Decimal(1), currency="EUR"))),
            "no limit is set in EUR",
        ),
    ],
)
def test_what_cannot_be_valued_asks(known: Known, reason: str) -> None:
    """Without a cost, or in a currency without limits, no limit can be kept."""
    _, events = begun(figures(60, CALM), known)
    assert [event.reason for event in events if isinstance(event, Replenishment.ReorderAsked)] == [reason]
