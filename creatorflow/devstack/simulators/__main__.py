"""
Run one simulator: `python -m creatorflow.devstack.simulators tiktok|carrier|supplier --port N --record FILE`.

`POST /_control` takes a `Control` (see `faults.py`), `GET /_record` gives what was done and asked.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette

from creatorflow.devstack.simulators.carrier import carrier_app
from creatorflow.devstack.simulators.faults import Faults
from creatorflow.devstack.simulators.record import Record
from creatorflow.devstack.simulators.server import Simulator
from creatorflow.devstack.simulators.supplier import supplier_app
from creatorflow.devstack.simulators.tiktok.app import TikTokService, tiktok_app
from creatorflow.devstack.simulators.tiktok.notices import Subscription
from gateways.tiktok.client import App, ShopAccess

KEEP_ALIVE_SECONDS: Final = 75
SHUTDOWN_SECONDS: Final = 1
DEMO_SHOP: Final = "7490000000000000001:demo_cipher:demo_token"


def main() -> None:
    """Serve until told to stop."""
    arguments = _arguments()
    faults, record = Faults(), Record(arguments.record)
    uvicorn.run(
        Simulator(_service(arguments, faults, record), faults, record),
        host=arguments.host,
        port=arguments.port,
        http="httptools",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _service(arguments: argparse.Namespace, faults: Faults, record: Record) -> Starlette:
    if arguments.kind == "carrier":
        return carrier_app(faults, record)
    if arguments.kind == "supplier":
        return supplier_app(record, arguments.lead_time_hours)
    return tiktok_app(_tiktok(arguments, faults, record))


def _tiktok(arguments: argparse.Namespace, faults: Faults, record: Record) -> TikTokService:
    """A shop without a region is in the US."""
    access: dict[str, ShopAccess] = {}
    regions: dict[str, str] = {}
    for text in arguments.shop or [DEMO_SHOP]:
        shop, cipher, token, *region = text.split(":")
        access[shop] = ShopAccess(cipher, token)
        regions.update({shop: region[0]} if region else {})
    app = App(arguments.app_key, arguments.app_secret)
    subscription = Subscription(address=arguments.webhooks)
    return TikTokService(faults, record, app, access, regions=regions, subscription=subscription)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m creatorflow.devstack.simulators", description=__doc__)
    parser.add_argument("kind", choices=("tiktok", "carrier", "supplier"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--record", type=Path, required=True, help="file of what was done; read again at the start")
    parser.add_argument("--lead-time-hours", type=int, default=24, help="supplier: when orders are due")
    parser.add_argument("--app-key", default="demo_app_key", help="tiktok: the app's key")
    parser.add_argument("--app-secret", default="demo_secret", help="tiktok: the app's secret")
    parser.add_argument(
        "--shop", action="append", metavar="ID:CIPHER:TOKEN[:REGION]", help="tiktok: a shop, repeatable"
    )
    parser.add_argument("--webhooks", default="", metavar="URL", help="tiktok: where webhooks are posted")
    return parser.parse_args()


if __name__ == "__main__":
    main()
