"""Who is asked outside, put together from the settings: in process by default, over HTTP where an address is given."""

from __future__ import annotations

import os
import socket

from creatorflow.settings import Settings
from creatorflow.tariffs import TARIFFS
from creatorflow.tiktok import tiktok, tiktok_door
from gateways.breakers import Breakers
from gateways.carriers.http import HttpCarrier
from gateways.carriers.labels.text import Sender
from gateways.carriers.local import LocalCarrier, label_record, void_record
from gateways.carriers.protocol import Carrier
from gateways.http_client import HttpClient
from gateways.suppliers.http import HttpSupplier
from gateways.suppliers.local import LocalSupplier, supplier_record
from gateways.suppliers.mail import MailServer, MailSupplier
from gateways.suppliers.protocol import Supplier
from gateways.webhooks import WebhookDoor
from streams.call_outcomes import Gateways

CARRIERS = tuple(sorted({tariff.carrier for tariff in TARIFFS}))
SENDER = Sender("CreatorFlow Demo Shop", ("1 Warehouse Way", "Columbus, OH 43004", "US"))


def gateways(settings: Settings, demo_shop: str) -> Gateways:
    """Who is asked, by the settings: local and in process by default, HTTP where an address is given."""
    process = f"{socket.gethostname()}-{os.getpid()}"
    breakers = Breakers()
    labels = label_record(settings.home / "carrier", process)
    voids = void_record(settings.home / "carrier", process)
    carriers: dict[str, Carrier] = {
        name: LocalCarrier(name, labels, voids, SENDER)
        if settings.carrier == "local"
        else HttpCarrier(name, HttpClient(f"carrier-{name}", settings.carrier, breakers))
        for name in CARRIERS
    }
    marketplace = tiktok(settings, process, breakers, demo_shop=demo_shop, carriers=CARRIERS)
    return Gateways(carriers, {"tiktok": marketplace}, _supplier(settings, process, breakers))


def webhook_doors(settings: Settings) -> dict[str, WebhookDoor]:
    """Who may hand in webhooks, by marketplace. Raises `SettingMissing` without a webhook secret."""
    return {"tiktok": tiktok_door(settings)}


def _supplier(settings: Settings, process: str, breakers: Breakers) -> Supplier:
    if settings.supplier == "local":
        return LocalSupplier(supplier_record(settings.home / "supplier", process))
    if settings.supplier.startswith("mailto:"):
        password = "" if settings.mail_password is None else settings.mail_password.get_secret_value()
        server = MailServer(
            settings.mail_host, settings.mail_port, settings.mail_security, settings.mail_user, password
        )
        recipient = settings.supplier.removeprefix("mailto:")
        return MailSupplier(server, sender=settings.require_mail_sender(), recipient=recipient)
    return HttpSupplier(HttpClient("supplier", settings.supplier, breakers))
