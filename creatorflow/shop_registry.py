"""What an operator does with the shop registry: add a shop, set it up, let it go live, look at what it withheld."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from aggregates.event_store import calls, shops
from aggregates.event_store.calls import WithheldCall
from aggregates.event_store.connection import connect
from aggregates.event_store.shops import Shop, ShopSettings
from gateways.dialects import DIALECTS
from schemas.inputs import MAX_ID_CHARACTERS
from streams import redelivery
from streams.intake import UNREGISTERED
from streams.redelivery import Wish


class ShopRefused(ValueError):
    """What was asked of the registry cannot be, and why."""


class Added(NamedTuple):
    """A shop that is registered: whether it is new, and how many webhooks that had waited for it are sent again."""

    shop: Shop
    added: bool
    redelivered: int


class ListedShop(msgspec.Struct, frozen=True):
    """A shop as an operator sees it in a list; `withheld` counts the calls that it would have made in 30 days."""

    shop: str
    user_id: str
    time_zone: str
    live_stock: bool
    live_labels: bool
    live_buying: bool
    settings: ShopSettings
    withheld: int


def parse_shop(name: str) -> tuple[str, str]:
    """Marketplace and shop of `marketplace:shop`. Raises `ShopRefused`."""
    marketplace, _, shop = name.partition(":")
    if marketplace not in DIALECTS:
        raise ShopRefused(f"{name!r}: a shop is named marketplace:shop; there are {', '.join(DIALECTS)}")
    if not 0 < len(shop) <= MAX_ID_CHARACTERS or not shop.isprintable() or ":" in shop or " " in shop:
        raise ShopRefused(f"{name!r}: a shop is 1 to {MAX_ID_CHARACTERS} characters, as its marketplace writes it")
    return marketplace, shop


def new_shop(name: str, user_id: str, time_zone: str, holidays: Sequence[str]) -> Shop:
    """A shop that only observes. Raises `ShopRefused`."""
    marketplace, shop = parse_shop(name)
    if not user_id:
        raise ShopRefused("the seller who owns the shop must be named")
    try:
        ZoneInfo(time_zone)
    except (ValueError, OSError, LookupError):
        raise ShopRefused(f"{time_zone!r} is no time zone of the tz database, as America/New_York is") from None
    try:
        days = tuple(sorted({date.fromisoformat(day) for day in holidays}))
    except ValueError as error:
        raise ShopRefused(f"a holiday is a date, as 2026-12-25 is: {error}") from None
    return Shop(marketplace, shop, user_id, time_zone, settings=ShopSettings(holidays=days))


def add(dsn: str, shop: Shop) -> Added:
    """
    Register a shop, and send again what had come for shops that were not registered.

    Repeated: it is there already, and only the webhooks are sent again. Raises `ShopRefused` where it is registered
    otherwise.
    """
    with connect(dsn, "shops") as connection:
        added = shops.add(connection, shop)
        present = shops.find(connection, shop.marketplace, shop.shop)
        assert present is not None
        if (present.user_id, present.time_zone) != (shop.user_id, shop.time_zone):
            raise ShopRefused(f"it is registered already, for {present.user_id} in {present.time_zone}")
        return Added(present, added, redelivery.ask(connection, Wish(reason=UNREGISTERED)))


def listed(dsn: str) -> list[ListedShop]:
    """The registered shops."""
    with connect(dsn, "shops") as connection:
        withheld = calls.withheld_by_shop(connection)
        return [
            ListedShop(
                f"{each.marketplace}:{each.shop}",
                each.user_id,
                each.time_zone,
                each.live_stock,
                each.live_labels,
                each.live_buying,
                each.settings,
                withheld.get((each.marketplace, each.shop), 0),
            )
            for each in shops.every(connection)
        ]


def set_up(dsn: str, name: str, setting: str, value: str) -> Shop:
    """Change one setting of a shop; `value` is JSON, or text as it stands. Raises `ShopRefused`."""
    marketplace, shop = parse_shop(name)
    with connect(dsn, "shops") as connection:
        try:
            shops.set_up(connection, marketplace, shop, setting, _value(value))
        except KeyError:
            known = ", ".join(ShopSettings.__struct_fields__)
            raise ShopRefused(f"there is no setting {setting!r}; there are {known}") from None
        except msgspec.ValidationError as error:
            raise ShopRefused(f"{setting}: {error}") from None
        return _registered(shops.find(connection, marketplace, shop), name)


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def go_live(dsn: str, name: str, *, labels: bool, buying: bool) -> Shop:
    """Open doors of a shop. What was withheld before stays so. Raises `ShopRefused`, and opens nothing then."""
    marketplace, shop = parse_shop(name)
    with connect(dsn, "shops") as connection:
        shops.open_doors(connection, marketplace, shop, labels=labels, buying=buying)
        return _registered(shops.find(connection, marketplace, shop), name)


def _registered(shop: Shop | None, name: str) -> Shop:
    if shop is None:
        raise ShopRefused(f"{name} is no registered shop; `creatorflow shops list` shows them")
    return shop


def withheld(dsn: str, limit: int) -> list[WithheldCall]:
    """The latest calls that were withheld."""
    with connect(dsn, "shops") as connection:
        return calls.withheld(connection, limit)
