"""A label as ZPL II for a thermal printer: 4 x 6 in at 203 dots per inch."""

from __future__ import annotations

from typing import Final

from gateways.carriers.labels.text import LabelText

WIDTH_DOTS: Final = 812
HEIGHT_DOTS: Final = 1218
MARGIN_DOTS: Final = 40
RECIPIENT_ROW_DOTS: Final = 40
BARCODE_MODULE_DOTS: Final = 3
BARCODE_HEIGHT_DOTS: Final = 200
ESCAPED: Final = {**dict.fromkeys(range(32), " "), ord("^"): "_5E", ord("~"): "_7E", ord("_"): "_5F"}


def zpl_label(text: LabelText) -> bytes:
    """The whole label, UTF-8, from ^XA to ^XZ."""
    commands = [
        "^XA",
        "^CI28",
        f"^PW{WIDTH_DOTS}",
        f"^LL{HEIGHT_DOTS}",
        "^LH0,0",
        _field(MARGIN_DOTS, 40, 60, text.carrier.upper()),
        _field(MARGIN_DOTS, 115, 36, text.service),
        _rule(170),
        *(_field(MARGIN_DOTS, 190 + 28 * row, 24, line) for row, line in enumerate(text.sender)),
        _rule(370),
        _field(MARGIN_DOTS, 390, 28, "SHIP TO:"),
        *(_field(MARGIN_DOTS, 430 + RECIPIENT_ROW_DOTS * row, 36, line) for row, line in enumerate(text.recipient)),
        _rule(800),
        f"^BY{BARCODE_MODULE_DOTS}",
        f"^FO{MARGIN_DOTS},830^BCN,{BARCODE_HEIGHT_DOTS},Y,N,N,A{_data(text.tracking_number)}",
        _rule(1090),
        _field(MARGIN_DOTS, 1110, 26, f"Order {text.order_number}"),
        _field(MARGIN_DOTS, 1145, 22, f"{text.weight}  Ref {text.reference}".strip()),
        "^XZ",
    ]
    return "\n".join((*commands, "")).encode()


def is_whole(content: bytes) -> bool:
    """Whether a ZPL file starts and ends as a label does."""
    return content.lstrip().startswith(b"^XA") and content.rstrip().endswith(b"^XZ")


def _field(x: int, y: int, height: int, value: str) -> str:
    return f"^FO{x},{y}^A0N,{height},{height}{_data(value)}"


def _data(value: str) -> str:
    """
    Field data in which no character is a command.

    A printer takes ^ and ~ for commands wherever they stand, so they go as hexadecimal, and so does the escape itself.
    Control characters become blanks.
    """
    return f"^FH_^FD{value.translate(ESCAPED)}^FS"


def _rule(y: int) -> str:
    return f"^FO{MARGIN_DOTS},{y}^GB{WIDTH_DOTS - 2 * MARGIN_DOTS},3,3^FS"
