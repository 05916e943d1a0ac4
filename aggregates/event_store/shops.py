"""The shop registry: who owns a shop, how it is set, and which of its doors to the outside are open."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from aggregates.event_store.connection import Connection
from schemas.shipping import LabelTiming

LABEL_MINUTES_MAX = 7 * 24 * 60
"""How long a package may wait for other orders before its label is bought."""

LabelWhen = Literal["at once", "at print"] | Annotated[int, msgspec.Meta(ge=1, le=LABEL_MINUTES_MAX)]


class ShopSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What a shop may set, each with the rules' default. One that this code does not know is newer code's, and left alone.

    `holidays` are no working days of the shop. `label_when`: at once, at print, or after so many minutes.
    """

    holidays: tuple[date, ...] = ()
    label_when: LabelWhen = "at once"


class Shop(msgspec.Struct, frozen=True):
    """One shop of one marketplace. A shop that is not live in a respect reads and decides, but asks nobody outside."""

    marketplace: str
    shop: str
    user_id: str
    time_zone: str
    live_stock: bool = False
    live_labels: bool = False
    live_buying: bool = False
    settings: ShopSettings = ShopSettings()


_COLUMNS = "marketplace, shop, user_id, time_zone, live_stock, live_labels, live_buying, settings"
_encoder = msgspec.json.Encoder()


def add(connection: Connection, shop: Shop) -> bool:
    """Register a shop; false when it is there already, which changes nothing."""
    inserted = connection.execute(
        f"INSERT INTO shops ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb) ON CONFLICT DO NOTHING",
        (
            shop.marketplace,
            shop.shop,
            shop.user_id,
            shop.time_zone,
            shop.live_stock,
            shop.live_labels,
            shop.live_buying,
            _encoder.encode(shop.settings).decode(),
        ),
    )
    return inserted.rowcount == 1


def every(connection: Connection) -> list[Shop]:
    """All registered shops."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM shops ORDER BY marketplace, shop")
    return [Shop(*(*row[:-1], msgspec.convert(row[-1], ShopSettings))) for row in rows]


def find(connection: Connection, marketplace: str, shop: str) -> Shop | None:
    """One registered shop."""
    return next((each for each in every(connection) if (each.marketplace, each.shop) == (marketplace, shop)), None)


def set_up(connection: Connection, marketplace: str, shop: str, setting: str, value: object) -> bool:
    """
    Take over one setting of a shop, the others stay; false where it is not registered.

    Raises `msgspec.ValidationError`, which says what is wrong, for a value that is none, and `KeyError` for a name.
    """
    if setting not in ShopSettings.__struct_fields__:
        raise KeyError(setting)
    msgspec.convert({setting: value}, ShopSettings)
    changed = connection.execute(
        "UPDATE shops SET settings = settings || jsonb_build_object(%s::text, %s::jsonb)"
        " WHERE marketplace = %s AND shop = %s",
        (setting, _encoder.encode(value).decode(), marketplace, shop),
    )
    return changed.rowcount == 1


def open_doors(connection: Connection, marketplace: str, shop: str, *, labels: bool, buying: bool) -> bool:
    """Open these doors, the others stay as they are; false where the shop is not registered. Repeated: nothing."""
    changed = connection.execute(
        "UPDATE shops SET live_labels = live_labels OR %s, live_buying = live_buying OR %s"
        " WHERE marketplace = %s AND shop = %s",
        (labels, buying, marketplace, shop),
    )
    return changed.rowcount == 1


def label_timing(settings: ShopSettings) -> LabelTiming:
    """When a shop with these settings buys its labels."""
    when = settings.label_when
    return LabelTiming(when="later", minutes=when) if isinstance(when, int) else LabelTiming(when=when)


class Access(NamedTuple):
    """What the marketplace showed of our access to a shop at a moment: taken away (`ended`), or in use."""

    marketplace: str
    shop: str
    at: datetime
    ended: bool


def note_access(connection: Connection, shown: Sequence[Access]) -> None:
    """
    Note that our access to a shop ended; whatever it shows us later proves that we have it again.

    Repeated: nothing. What is older than what is known changes nothing. Raced: rows are locked in the order of shops.
    """
    for each in sorted(shown, key=lambda access: (access.marketplace, access.shop, access.at)):
        connection.execute(
            "UPDATE shops SET access_ended_at = CASE WHEN %(ended)s THEN %(at)s END WHERE marketplace = %(marketplace)s"
            " AND shop = %(shop)s AND ((%(ended)s AND access_ended_at IS NULL)"
            " OR (NOT %(ended)s AND access_ended_at < %(at)s))",
            each._asdict(),
            prepare=True,
        )


def without_access(connection: Connection) -> set[tuple[str, str]]:
    """The shops, with their marketplace, that took our access away."""
    rows = connection.execute("SELECT marketplace, shop FROM shops WHERE access_ended_at IS NOT NULL", prepare=True)
    return {(marketplace, shop) for marketplace, shop in rows}
