"""What only the local carrier does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from gateways.carriers.labels.text import Sender
from gateways.carriers.local import LocalCarrier, label_record, sold, void_record
from schemas.values import Money
from tests.conformance.requests import PERSON, a_label_request

SENDER = Sender("Glow Studio", ())


def a_carrier(folder: Path, name: str = "ups", process: str = "here", **more: Any) -> LocalCarrier:
    """A carrier of one process, with its record in this folder."""
    return LocalCarrier(name, label_record(folder, process), void_record(folder, process), SENDER, **more)


async def test_it_asks_the_price_it_is_given(tmp_path: Path) -> None:
    """The price of the tariff is the label's cost, in the record too; without one the cost is unknown."""
    price = Money(amount=Decimal("5.25"), currency="USD")
    carrier = a_carrier(tmp_path, price=lambda request: price)
    label = await carrier.buy_label(a_label_request("ups"), PERSON)
    assert label.cost == price
    assert sold(tmp_path) == [label]


async def test_its_record_holds_no_person(tmp_path: Path) -> None:
    """Only the reference, the carrier and the number are written down."""
    carrier = a_carrier(tmp_path)
    await carrier.buy_label(a_label_request("ups"), PERSON)
    written = (tmp_path / "here.jsonl").read_text()
    assert not any(part in written for part in (PERSON.name, PERSON.street1, PERSON.phone, PERSON.email))


async def test_two_processes_sell_the_same_label(tmp_path: Path) -> None:
    """The number follows from the reference alone, so a repeat elsewhere is no second sale."""
    request = a_label_request("usps")
    labels = [await a_carrier(tmp_path, "usps", process).buy_label(request, PERSON) for process in ("one", "two")]
    assert labels[0] == labels[1]
    assert sold(tmp_path) == labels[:1]
