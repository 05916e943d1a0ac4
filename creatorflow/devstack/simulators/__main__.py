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
from creatorflow.devstack.simulators.tiktok import tiktok_app
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
    shops = dict(_shop(text) for text in arguments.shop or [DEMO_SHOP])
    return tiktok_app(record, App(arguments.app_key, arguments.app_secret), shops)


def _shop(text: str) -> tuple[str, ShopAccess]:
    shop, cipher, token = text.split(":")
    return shop, ShopAccess(cipher, token)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m creatorflow.devstack.simulators", description=__doc__)
    parser.add_argument("kind", choices=("tiktok", "carrier", "supplier"))
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--record", type=Path, required=True, help="file of what was done; read again at the start")
    parser.add_argument("--lead-time-hours", type=int, default=24, help="supplier: when orders are due")
    parser.add_argument("--app-key", default="demo_app_key", help="tiktok: the app's key")
    parser.add_argument("--app-secret", default="demo_secret", help="tiktok: the app's secret")
    parser.add_argument("--shop", action="append", metavar="ID:CIPHER:TOKEN", help="tiktok: a shop, repeatable")
    return parser.parse_args()


if __name__ == "__main__":
    main()
