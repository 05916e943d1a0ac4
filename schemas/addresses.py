"""What can be told of an address before its street is sealed: a box, a military post, or masked by the marketplace."""

from __future__ import annotations

import re
from typing import Literal

_BOX = re.compile(r"\b(p\.?\s*o\.?\s*box|post\s+office\s+box|postal\s+box|pobox)\b", re.IGNORECASE)
_MILITARY_CITIES = frozenset({"APO", "FPO", "DPO"})
_MILITARY_STATES = frozenset({"AA", "AE", "AP"})

AddressKind = Literal["street", "box", "military"]


def address_kind(street1: str, street2: str, city: str, state: str, country: str) -> AddressKind:
    """Which carriers may serve the address: not every one takes boxes or military posts."""
    if country == "US" and (state.strip().upper() in _MILITARY_STATES or city.strip().upper() in _MILITARY_CITIES):
        return "military"
    if _BOX.search(street1) or _BOX.search(street2):
        return "box"
    return "street"


def is_complete(name: str, street1: str) -> bool:
    """Whether name and street are there and not masked with asterisks."""
    return bool(name.strip() and street1.strip()) and "*" not in name and "*" not in street1
