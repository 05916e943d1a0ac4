"""What a carrier's no is told as."""

from __future__ import annotations

import json

import pytest

from gateways.carriers.mapping import purchase, refusal
from gateways.http_client import Answer
from tests.conformance.requests import PERSON, a_label_request


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": "too_heavy", "field": "weight_grams"}, "carrier: too_heavy (weight_grams)"),
        ({"code": "not_served", "message": "77 Marker Street"}, "carrier: not_served"),
        ({"code": "Zyxw Testperson", "field": "77 Marker Street"}, "carrier: answered 422"),
        ({"code": "zyxw", "field": "street1"}, "carrier: answered 422 (street1)"),
        ({}, "carrier: answered 422"),
    ],
)
def test_only_known_codes_and_fields_are_told_on(error: dict[str, str], reason: str) -> None:
    """Whatever a carrier quotes, its words do not reach us."""
    assert refusal(Answer(422, "application/json", json.dumps({"error": error}).encode())).reason == reason


@pytest.mark.parametrize("body", [b"", b"<html>77 Marker Street", b'{"error":"77 Marker Street"}', b"[]"])
def test_a_no_that_cannot_be_read_is_its_status(body: bytes) -> None:
    """A gateway's page is a refusal by its status alone."""
    assert refusal(Answer(404, "text/html", body)).reason == "carrier answered 404"


def test_a_purchase_holds_the_person_and_the_address() -> None:
    """The body that is sent names the recipient in full, and the weight with its unit."""
    body = json.loads(purchase(a_label_request("usps"), PERSON))
    assert body["weight_grams"] == 450
    assert body["recipient"] == {
        "name": PERSON.name,
        "street1": PERSON.street1,
        "street2": PERSON.street2,
        "phone": PERSON.phone,
        "email": PERSON.email,
        "city": "Seattle",
        "state": "WA",
        "postal_code": "98101",
        "country": "US",
    }
