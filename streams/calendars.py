"""The calendars of the registered shops, as decisions about deadlines ask for them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from aggregates.event_store import shops
from aggregates.event_store.connection import Connection
from aggregates.policies.clocks import Calendar, Calendars


def calendars(connection: Connection) -> Calendars:
    """Time zone and holidays of each shop, by marketplace and shop, as they are set at this moment."""
    return {
        (each.marketplace, each.shop): Calendar(ZoneInfo(each.time_zone), frozenset(each.settings.holidays))
        for each in shops.every(connection)
    }
