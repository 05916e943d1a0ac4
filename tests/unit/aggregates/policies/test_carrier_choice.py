"""Which carrier takes a package."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace as with_fields

from aggregates.policies.carrier_choice import choose_carrier
from schemas.shipping import Parcel
from schemas.values import Money
from tests.builders import AIR, GROUND, NOON, POST, STREET, TARIFFS

PARCEL = Parcel(address=STREET, weight_grams=400)


def test_the_cheapest_that_serves_is_chosen() -> None:
    """Of all that serve the parcel the cheapest is taken; all that was looked at is kept with its price."""
    choice = choose_carrier(PARCEL, None, NOON, TARIFFS)
    assert choice.tariff == GROUND
    assert [(option.carrier, option.service, option.refused) for option in choice.options] == [
        ("local", "ground", ""),
        ("local", "air", ""),
        ("post", "parcel", ""),
    ]


def test_a_begun_step_costs_a_whole_one() -> None:
    """A weight rounds up to the carrier's step: 1,001 g in steps of 500 g are three."""
    choice = choose_carrier(with_fields(PARCEL, weight_grams=1_001), None, NOON, (GROUND,))
    assert choice.cost == Money(amount=Decimal("5.30"), currency="USD")


def test_a_faster_one_only_where_the_deadline_needs_it() -> None:
    """A delivery date rules out what is too slow; one that has passed rules nothing out."""
    assert choose_carrier(PARCEL, NOON + timedelta(days=2), NOON, TARIFFS).tariff == AIR
    assert choose_carrier(PARCEL, NOON - timedelta(days=2), NOON, TARIFFS).tariff == GROUND


def test_a_box_goes_only_to_who_serves_it() -> None:
    """A post office box goes to a carrier that serves boxes, though it costs more."""
    assert choose_carrier(Parcel(address=with_fields(STREET, kind="box")), None, NOON, TARIFFS).tariff == POST


def test_an_unknown_weight_needs_a_default() -> None:
    """A weight of 0 or unknown is the tariff's default, marked; a tariff without one does not take it."""
    choice = choose_carrier(with_fields(PARCEL, weight_grams=0), None, NOON, TARIFFS)
    assert (choice.weight_grams, choice.weight_assumed) == (500, True)
    held = choose_carrier(Parcel(address=STREET), None, NOON, (with_fields(GROUND, default_weight_grams=None),))
    assert (held.tariff, held.reason) == (None, "local ground: needs a weight")


def test_prices_of_another_currency_are_not_compared() -> None:
    """A tariff in another currency than the first offer's is no option."""
    euro = with_fields(AIR, cost=Money(amount=Decimal(1), currency="EUR"))
    choice = choose_carrier(PARCEL, None, NOON, (GROUND, euro))
    assert choice.tariff == GROUND
    assert choice.options[1].refused == "priced in EUR"


def test_who_cannot_take_it_says_why() -> None:
    """Too heavy, too far, nobody there: each has its reason."""
    heavy = choose_carrier(with_fields(PARCEL, weight_grams=40_000), None, NOON, (GROUND, POST))
    assert heavy.reason == "local ground: takes at most 30000 g; post parcel: takes at most 5000 g"
    assert choose_carrier(PARCEL, None, NOON, ()).reason == "no carrier is known"
