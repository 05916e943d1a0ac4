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


def us_state(name: str) -> str:
    """The two letters of a state of the United States that is spelled out, else the name as it is."""
    return _US_STATES.get(name.strip().casefold(), name.strip())


_US_STATES = {
    name.casefold(): code
    for code, name in (
        each.split(" ", 1)
        for each in """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;FL Florida;GA Georgia
HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;KY Kentucky;LA Louisiana;ME Maine;MD Maryland
MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire
NJ New Jersey;NM New Mexico;NY New York;NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon;PA Pennsylvania
RI Rhode Island;SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia;WA Washington
WV West Virginia;WI Wisconsin;WY Wyoming;DC District of Columbia;PR Puerto Rico;GU Guam;VI Virgin Islands
AS American Samoa;MP Northern Mariana Islands;AA Armed Forces Americas;AE Armed Forces Europe;AP Armed Forces Pacific
""".strip()
        .replace("\n", ";")
        .split(";")
    )
}
