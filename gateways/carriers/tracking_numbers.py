"""Tracking numbers that look and check like a carrier's, worked out from the reference of the purchase."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

DIGITS: Final = "0123456789"
LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
POSTAL_PREFIX: Final = "94001"
POSTAL_DIGITS: Final = 16
PARCEL_PREFIX: Final = "1Z"
PARCEL_CHARACTERS: Final = 15
POSTAL_NAMES: Final = ("post", "usps", "mail")


def number_of(carrier: str, reference: str) -> str:
    """The number that this carrier gives a label, always the same for one reference."""
    postal = any(name in carrier.lower() for name in POSTAL_NAMES)
    return postal_number(reference) if postal else parcel_number(reference)


def postal_number(reference: str) -> str:
    """22 digits, the last one a check digit, as postal services use."""
    body = POSTAL_PREFIX + _spread(reference, DIGITS, POSTAL_DIGITS)
    return body + str(postal_check_digit(body))


def parcel_number(reference: str) -> str:
    """1Z, 15 digits and letters, and a check digit, as parcel services use."""
    body = _spread(reference, DIGITS + LETTERS, PARCEL_CHARACTERS)
    return PARCEL_PREFIX + body + str(parcel_check_digit(body))


def postal_check_digit(body: str) -> int:
    """What makes the sum of the digits, weighted 3 and 1 from the right, a multiple of 10."""
    return -sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(body))) % 10


def parcel_check_digit(body: str) -> int:
    """What makes the sum of the values, weighted 1 and 2 from the left, a multiple of 10; A counts 2."""
    values = [int(char) if char in DIGITS else (LETTERS.index(char) + 2) % 10 for char in body]
    return -(sum(values[::2]) + 2 * sum(values[1::2])) % 10


def _spread(reference: str, alphabet: str, length: int) -> str:
    """Characters that look random and are always the same for one reference."""
    number = int.from_bytes(sha256(reference.encode()).digest())
    characters = []
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        characters.append(alphabet[place])
    return "".join(characters)
