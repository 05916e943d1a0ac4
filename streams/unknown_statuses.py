"""Statuses that nobody here knows: said once each, so that somebody may teach them to us."""

from __future__ import annotations

import re
from collections.abc import Iterable

import structlog
from cachetools import LRUCache

from aggregates.policies.status_order import known_status
from schemas.commands import Command, RecordOrder

STATUSES_WARNED_OF = 1000

_STATUS = re.compile(r"[A-Z_]{1,40}\Z")

log = structlog.get_logger()


class UnknownStatuses:
    """What one process warned of."""

    def __init__(self) -> None:
        self._warned: LRUCache[str, bool] = LRUCache(STATUSES_WARNED_OF)

    def warn(self, commands: Iterable[Command]) -> None:
        """Warn once of each status that nobody knows; one that does not look like a status is not quoted."""
        for order in commands:
            if not isinstance(order, RecordOrder) or known_status(order.status) is not None:
                continue
            if order.status not in self._warned:
                self._warned[order.status] = True
                shown = order.status if _STATUS.match(order.status) else "not shown"
                log.warning("status is unknown", status=shown, order_id=str(order.order_id))
