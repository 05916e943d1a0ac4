"""No buyer and no secret in logs, errors or records (field case FC-61, as far as gateways go)."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest

from gateways.breakers import Breakers
from gateways.carriers.http import HttpCarrier
from gateways.carriers.protocol import PDF, ZPL
from gateways.errors import GatewayError
from gateways.http_client import HttpClient
from gateways.tiktok.client import App, ShopAccess, TikTokShop
from schemas.values import Person
from tests.conformance.requests import MARKS, PERSON, SHOP, a_label_request, a_push
from tests.conformance.simulated import SimulatorProcess

UNPRINTABLE = Person(name="Zyxw Testperson 王", street1="77 Marker Street")
HOMELESS = Person(name="Zyxw Testperson")
ENDLESS = Person(name="Zyxw Testperson", street1="77_Marker_Street_" * 4)
FAULTS = [
    {"kind": "wrong", "status": status, "requests": 1, "method": "POST"} for status in (400, 422, 429, 500, 503)
] + [{"kind": kind, "requests": 1, "method": "POST"} for kind in ("down", "act-then-hang", "act-then-close")]
SECRETS = ("secret_api_key", "demo_secret", "demo_token")


async def _said(carrier: HttpCarrier, person: Person) -> str:
    """Everything that a failed purchase says of itself and of what led to it, as a log would show it."""
    try:
        await carrier.buy_label(a_label_request("usps"), person)
    except GatewayError as error:
        return "".join((*traceback.format_exception(error), repr(error), error.reason))
    return ""


async def test_fc61_no_mark_of_the_buyer_in_errors_logs_and_records(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """FC-61: bought, printed, refused (the carrier quotes the address), failing: at DEBUG nothing names the buyer."""
    with caplog.at_level(logging.DEBUG), SimulatorProcess("carrier", tmp_path / "record.jsonl") as simulator:
        client = HttpClient("carrier", simulator.url, Breakers(), timeout_seconds=0.5)
        carrier = HttpCarrier("usps", client, api_key="secret_api_key")
        request = a_label_request("usps")
        label = await carrier.buy_label(request, PERSON)
        for media_type in (PDF, ZPL):
            await carrier.label_file(label, request.parcel, PERSON, media_type)
        said = [await _said(carrier, person) for person in (UNPRINTABLE, HOMELESS, ENDLESS)]
        for fault in FAULTS:
            simulator.control(fault)
            said.append(await _said(carrier, PERSON))
        await client.close()
    assert all(said)
    assert request.reference in (tmp_path / "record.jsonl").read_text()
    outputs = "".join((*said, caplog.text, *capfd.readouterr(), (tmp_path / "record.jsonl").read_text()))
    assert "HTTP" in caplog.text
    assert [mark for mark in (*MARKS, *SECRETS, "Marker") if mark in outputs] == []


async def test_fc61_no_secret_of_the_shop_in_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """FC-61: the URL that libraries log holds the signature, but neither the app's secret nor the access token."""
    with caplog.at_level(logging.DEBUG), SimulatorProcess("tiktok", tmp_path / "record.jsonl") as simulator:
        client = HttpClient("tiktok", simulator.url, Breakers())
        access = {SHOP: ShopAccess("demo_cipher", "demo_token")}
        shop = TikTokShop(client, App("demo_app_key", "demo_secret"), access, {"usps": "7000000000000000001"})
        assert [result.outcome for result in await shop.push_fulfilment([a_push()])] == ["done"]
        await client.close()
    assert "sign=" in caplog.text
    assert [secret for secret in SECRETS if secret in caplog.text] == []
