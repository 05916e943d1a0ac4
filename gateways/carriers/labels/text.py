"""
The words on a label: what can be printed, and how it is divided into lines.

Nothing is ever cut or replaced. A field that cannot be printed whole is refused by its name, so that a person can mend
it: a machine's transliteration of Han, Thai or Arabic would put a wrong address on a parcel that was paid for.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Container
from typing import Final, NamedTuple

from gateways.errors import Refused
from schemas.shipping import Label, Parcel
from schemas.values import Address, Person

LINE_CHARACTERS: Final = 35
RECIPIENT_LINES: Final = 9
SYMBOLS: Final = frozenset({"So", "Sk"})
INVISIBLE: Final = frozenset({"Cf", "Cc", "Cs", "Co", "Cn"})


class Sender(NamedTuple):
    """Who sends, and from where: the shop's own address."""

    name: str
    lines: tuple[str, ...]


class LabelText(NamedTuple):
    """Everything that is printed, in lines that fit."""

    carrier: str
    service: str
    tracking_number: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    order_number: str
    weight: str
    reference: str


def label_text(
    label: Label, parcel: Parcel, recipient: Person, *, sender: Sender, order_number: str, glyphs: Container[str]
) -> LabelText:
    """Refused: the first field that is missing, or that cannot be printed with these glyphs."""
    return LabelText(
        carrier=label.carrier,
        service=label.service,
        tracking_number=label.tracking_number,
        sender=(sender.name, *sender.lines),
        recipient=recipient_lines(parcel.address, recipient, glyphs),
        order_number=order_number,
        weight=_weight(parcel.weight_grams),
        reference=label.reference,
    )


def recipient_lines(address: Address, recipient: Person, glyphs: Container[str]) -> tuple[str, ...]:
    """The recipient's block, top to bottom. Refused: a field that is missing or cannot be printed, by its name."""
    if not address.complete:
        raise Refused("address is incomplete: the marketplace withholds a part of it")
    fields = (
        ("recipient.name", recipient.name, True),
        ("recipient.street1", recipient.street1, True),
        ("recipient.street2", recipient.street2, False),
        ("address", " ".join(filter(None, (address.city, address.state, address.postal_code))), True),
        ("address.country", address.country, True),
    )
    lines = tuple(line for field, value, needed in fields for line in _lines(field, value, needed, glyphs))
    if len(lines) > RECIPIENT_LINES:
        raise Refused(f"recipient and address need more than {RECIPIENT_LINES} lines of {LINE_CHARACTERS} characters")
    return lines


def _lines(field: str, value: str, needed: bool, glyphs: Container[str]) -> list[str]:
    text = printable(value, glyphs)
    if text is None:
        raise Refused(f"{field} is in a script that this carrier cannot print")
    if needed and not text:
        raise Refused(f"{field} is missing")
    if any(len(word) > LINE_CHARACTERS for word in text.split()):
        raise Refused(f"{field} has a word of more than {LINE_CHARACTERS} characters")
    if len(text) <= LINE_CHARACTERS:
        return [text] if text else []
    return textwrap.wrap(text, LINE_CHARACTERS, break_long_words=False, break_on_hyphens=False)


def printable(value: str, glyphs: Container[str]) -> str | None:
    """
    The value as it is printed: composed, without ornaments (emoji, control and format characters), blanks made one.

    None if a character is left that has no glyph.
    """
    if value.isascii() and value.isprintable():
        return " ".join(value.split())
    composed = unicodedata.normalize("NFC", " ".join(value.split()))
    kept = "".join(char for char in composed if not _is_ornament(char, glyphs))
    return " ".join(kept.split()) if all(char in glyphs for char in kept) else None


def _is_ornament(char: str, glyphs: Container[str]) -> bool:
    category = unicodedata.category(char)
    return category in INVISIBLE or (category in SYMBOLS and char not in glyphs)


def _weight(grams: int | None) -> str:
    return "" if grams is None else f"{grams / 1000:.2f} kg" if grams >= 1000 else f"{grams} g"
