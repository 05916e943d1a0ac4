"""Invent a buyer for each customer of the data: the same customer is always the same person at the same address."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

BOX_PERCENT = 3
MILITARY_PERCENT = 1

# fmt: off
_FIRST = (
    "Ada", "Amir", "Anna", "Ben", "Bruno", "Carla", "Chen", "Dana", "David", "Elif", "Emma", "Farid", "Grace", "Hana",
    "Ines", "Ivan", "Jonas", "Julia", "Kofi", "Laila", "Leo", "Lucia", "Mara", "Mateo", "Mina", "Nadia", "Noah",
    "Olga", "Omar", "Paula", "Priya", "Rosa", "Ruth", "Samir", "Sofia", "Tara", "Theo", "Uma", "Viktor", "Yuki",
    "Zoe",
)
_LAST = (
    "Abbott", "Alvarez", "Baker", "Berg", "Castro", "Chandra", "Dalton", "Diaz", "Ekström", "Fischer", "Fontaine",
    "Garcia", "Gupta", "Haddad", "Hughes", "Ito", "Jansen", "Keller", "Kowalski", "Lindqvist", "Lopez", "Marsh",
    "Moreau", "Nakamura", "Novak", "O'Brien", "Okafor", "Park", "Petrov", "Quinn", "Reyes", "Rossi", "Sato", "Silva",
    "Tanaka", "Turner", "Ueda", "Vargas", "Weber", "Young", "Zhang",
)
_STREETS = (
    "Alder Street", "Birch Lane", "Boxwood Road", "Cedar Avenue", "Chestnut Court", "Dogwood Drive", "Elm Street",
    "Fern Way", "Hawthorn Place", "Juniper Road", "Laurel Avenue", "Linden Street", "Magnolia Drive", "Maple Court",
    "Oak Terrace", "Pine Street", "Poplar Lane", "Spruce Way", "Sycamore Road", "Willow Avenue",
)
# fmt: on
_CITIES = (
    ("Portland", "OR", "97205"),
    ("Springfield", "IL", "62701"),
    ("Austin", "TX", "78701"),
    ("Madison", "WI", "53703"),
    ("Tucson", "AZ", "85701"),
    ("Raleigh", "NC", "27601"),
    ("Denver", "CO", "80202"),
    ("Albany", "NY", "12207"),
    ("Boise", "ID", "83702"),
    ("Savannah", "GA", "31401"),
    ("Columbus", "OH", "43215"),
    ("Fresno", "CA", "93721"),
    ("Richmond", "VA", "23219"),
    ("Burlington", "VT", "05401"),
    ("Omaha", "NE", "68102"),
    ("Tampa", "FL", "33602"),
    ("Spokane", "WA", "99201"),
    ("Lansing", "MI", "48933"),
    ("Anchorage", "AK", "99501"),
    ("Honolulu", "HI", "96813"),
)
_MILITARY = (("APO", "AE", "09096"), ("APO", "AP", "96326"), ("FPO", "AA", "34099"))


class Buyer(NamedTuple):
    """An invented person, as the `shipping_info` of the full-order webhook names the parts."""

    name: str
    phone: str
    street1: str
    street2: str
    city: str
    state: str
    postal_code: str
    country: str = "US"


def invent_buyer(customer: str) -> Buyer:
    """The person that stands for this customer: a street address, now and then a post office or military box."""
    dice = sha256(customer.encode()).digest()
    name = f"{_FIRST[dice[0] % len(_FIRST)]} {_LAST[dice[1] % len(_LAST)]}"
    # 555-0100 to 555-0199 are kept for fiction.
    phone = f"+1 {200 + dice[2] * 3 % 700} 555 01{dice[3] % 100:02d}"
    number = 1 + int.from_bytes(dice[4:6]) % 9_000
    kind = dice[6] * 100 // 256
    city, state, postal_code = _CITIES[dice[7] % len(_CITIES)]
    if kind < BOX_PERCENT:
        return Buyer(name, phone, f"PO Box {number}", "", city, state, postal_code)
    if kind < BOX_PERCENT + MILITARY_PERCENT:
        city, state, postal_code = _MILITARY[dice[7] % len(_MILITARY)]
        return Buyer(name, phone, f"PSC {number} Box {1 + dice[8]}", "", city, state, postal_code)
    flat = f"Apt {1 + dice[9] % 40}" if dice[8] % 4 == 0 else ""
    return Buyer(name, phone, f"{number} {_STREETS[dice[10] % len(_STREETS)]}", flat, city, state, postal_code)
