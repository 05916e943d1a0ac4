"""The calendars of the registered shops, as decisions about deadlines ask for them."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from aggregates.event_store.shops import Shop
from aggregates.policies.clocks import Calendar, Calendars


def calendars(registered: Iterable[Shop]) -> Calendars:
    """Time zone and holidays of each of these shops, by marketplace and shop."""
    return {
        (each.marketplace, each.shop): Calendar(ZoneInfo(each.time_zone), frozenset(each.settings.holidays))
        for each in registered
    }
