"""What a supplier's answer is told as."""

from __future__ import annotations

import httpx
import pytest

from gateways.breakers import Breakers
from gateways.errors import OutcomeUnknown, Unavailable
from gateways.http_client import HttpClient
from gateways.suppliers.http import HttpSupplier
from tests.conformance.requests import a_reorder


def _supplier(status: int, body: object) -> HttpSupplier:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))
    return HttpSupplier(HttpClient("supplier", "http://supplier.test", Breakers(), transport=transport))


async def test_a_refusal_may_come_with_success() -> None:
    """The outcome in the body decides, and only a reason that we know is told on."""
    order = a_reorder()
    known = _supplier(200, {"id": order.reorder_id, "outcome": "refused", "reason": "out_of_stock"})
    assert (await known.place(order)).reason == "supplier: out_of_stock"
    unknown = _supplier(200, {"id": order.reorder_id, "outcome": "refused", "reason": "call Ann at 555 0199"})
    assert (await unknown.place(order)).reason == "supplier gave no reason that we know"


@pytest.mark.parametrize("body", [{"id": "another", "outcome": "confirmed"}, {"outcome": "maybe"}, "ok"])
async def test_an_answer_about_something_else_is_unknown(body: object) -> None:
    """It may have been placed; a look-up that answers so is unavailable."""
    with pytest.raises(OutcomeUnknown):
        await _supplier(200, body).place(a_reorder())
    with pytest.raises(Unavailable):
        await _supplier(200, body).find("ro-1")


async def test_a_date_may_be_missing() -> None:
    """Confirmed without a date stays without one."""
    order = a_reorder()
    answer = await _supplier(201, {"id": order.reorder_id, "outcome": "confirmed", "reference": "so-1"}).place(order)
    assert (answer.outcome, answer.due_at, answer.supplier_reference) == ("confirmed", None, "so-1")
