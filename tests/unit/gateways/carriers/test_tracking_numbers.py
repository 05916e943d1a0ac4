"""Tracking numbers look like a carrier's and check like one."""

from __future__ import annotations

import re

import pytest

from gateways.carriers.tracking_numbers import (
    number_of,
    parcel_check_digit,
    parcel_number,
    postal_check_digit,
    postal_number,
)

REFERENCES = [f"6f1c2c52-6a1d-5d43-9d0e-{number:012x}:1" for number in range(20_000)]


@pytest.mark.parametrize("number", ["9400111201080805483016", "9361289878700317633795", "9101123456789000000013"])
def test_published_postal_numbers_pass(number: str) -> None:
    """The examples of tracking_number_data have the check digit that we work out."""
    assert postal_check_digit(number[:-1]) == int(number[-1])


@pytest.mark.parametrize("number", ["1Z5R89390357567127", "1Z879E930346834440", "1Z410E7W0392751591"])
def test_published_parcel_numbers_pass(number: str) -> None:
    """The examples of tracking_number_data have the check digit that we work out."""
    assert parcel_check_digit(number[2:-1]) == int(number[-1])


def test_numbers_have_their_carriers_form() -> None:
    """22 digits for a postal service, 1Z and 16 characters for a parcel service, by the carrier's name."""
    assert re.fullmatch(r"94001\d{17}", number_of("USPS", "a"))
    assert re.fullmatch(r"94001\d{17}", number_of("local-post", "a"))
    assert re.fullmatch(r"1Z[0-9A-Z]{15}\d", number_of("ups", "a"))


def test_a_reference_always_gives_the_same_number() -> None:
    """Another process, another day: the same label."""
    assert postal_number("a:1") == postal_number("a:1") != postal_number("a:2")


def test_no_two_references_share_a_number() -> None:
    """Over 20,000 references of either kind."""
    assert len({postal_number(reference) for reference in REFERENCES}) == len(REFERENCES)
    assert len({parcel_number(reference) for reference in REFERENCES}) == len(REFERENCES)
