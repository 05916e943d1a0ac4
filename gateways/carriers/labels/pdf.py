"""
A label as PDF: one page of 4 x 6 in, with a Code 128 barcode of the tracking number.

Addresses are set in Noto Sans, for the Latin, Greek and Cyrillic scripts; the PDF standard fonts have Latin-1 only.
"""

from __future__ import annotations

from collections.abc import Container
from importlib import resources
from io import BytesIO
from threading import Lock
from typing import Final

from reportlab.graphics.barcode.code128 import Code128
from reportlab.lib.units import inch
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from gateways.carriers.labels.text import LabelText

WIDTH: Final = 4 * inch
HEIGHT: Final = 6 * inch
MARGIN: Final = 0.18 * inch
HEAD_HEIGHT: Final = 0.95 * inch
SENDER_HEIGHT: Final = 0.8 * inch
FOOT_HEIGHT: Final = 0.75 * inch
BARCODE_HEIGHT: Final = 1.05 * inch
BARCODE_BLOCK_HEIGHT: Final = BARCODE_HEIGHT + 50
RECIPIENT_SIZE: Final = 13
LEADING: Final = 1.2
QUIET_MODULES: Final = 10
WIDEST_MODULE: Final = 1.4

REGULAR: Final = "CreatorFlow Noto Sans"
BOLD: Final = "Helvetica-Bold"
FONT_PACKAGE: Final = "fontpkg_noto_sans"
# Latin, Greek and Cyrillic, and beyond the scripts of Asia more of them, punctuation and symbols.
BLOCKS: Final = (range(0x0530), range(0x1D00, 0x3000))
FONT_FILE: Final = "files/NotoSans[wdth,wght].ttf"


# reportlab reads a registered font through one position in its file, which all canvases of a process share.
_ONE_AT_A_TIME: Final = Lock()


class Glyphs(Container[str]):
    """
    The characters that a label can show. Opening it registers the font with reportlab, once.

    The font has Devanagari too, but its letters would have to be joined, which reportlab does not do.
    """

    def __init__(self) -> None:
        if REGULAR not in pdfmetrics.getRegisteredFontNames():
            with resources.as_file(resources.files(FONT_PACKAGE).joinpath(FONT_FILE)) as path:
                pdfmetrics.registerFont(TTFont(REGULAR, str(path)))
        font = pdfmetrics.getFont(REGULAR)
        assert isinstance(font, TTFont)
        self._code_points = {code for code in font.face.charToGlyph if any(code in block for block in BLOCKS)}

    def __contains__(self, char: object) -> bool:
        return isinstance(char, str) and ord(char) in self._code_points


def pdf_label(text: LabelText) -> bytes:
    """The whole label. The same text always gives the same bytes. Needs the font that `Glyphs` registers."""
    with _ONE_AT_A_TIME:
        return _drawn(text)


def _drawn(text: LabelText) -> bytes:
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=(WIDTH, HEIGHT), invariant=1)
    canvas.setTitle(f"Label {text.tracking_number}")
    _head(canvas, text)
    _addresses(canvas, text)
    _barcode(canvas, text)
    _foot(canvas, text)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def is_whole(content: bytes) -> bool:
    """Whether a PDF file starts and ends as one; a connection that broke off leaves one that does not."""
    return content.startswith(b"%PDF-") and content.rstrip().endswith(b"%%EOF")


def _head(canvas: Canvas, text: LabelText) -> None:
    """A large letter of the service in a box, and the carrier's banner."""
    top = HEIGHT - MARGIN
    box = HEAD_HEIGHT
    room = WIDTH - 2 * MARGIN - box - 16
    canvas.setLineWidth(1.5)
    canvas.rect(MARGIN, MARGIN, WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN)
    canvas.line(MARGIN, top - box, WIDTH - MARGIN, top - box)
    canvas.line(MARGIN + box, top, MARGIN + box, top - box)
    canvas.setFont(BOLD, 54)
    canvas.drawCentredString(MARGIN + box / 2, top - box + 0.22 * inch, (text.service or text.carrier)[:1].upper())
    canvas.setFont(BOLD, _fitting(text.carrier.upper(), BOLD, 17, room))
    canvas.drawString(MARGIN + box + 8, top - 24, text.carrier.upper())
    canvas.setFont(BOLD, _fitting(text.service.upper(), BOLD, 11, room))
    canvas.drawString(MARGIN + box + 8, top - 42, text.service.upper())
    canvas.setFont(REGULAR, 8)
    canvas.drawString(MARGIN + box + 8, top - 57, text.weight)
    canvas.drawRightString(WIDTH - MARGIN - 6, top - 57, "POSTAGE PAID")


def _addresses(canvas: Canvas, text: LabelText) -> None:
    """Sender small above; recipient below, as large as its lines let it be."""
    row = HEIGHT - MARGIN - HEAD_HEIGHT - 12
    canvas.setFont(REGULAR, 7.5)
    for line in text.sender:
        canvas.drawString(MARGIN + 8, row, line)
        row -= 9
    top = HEIGHT - MARGIN - HEAD_HEIGHT - SENDER_HEIGHT
    canvas.setFont(BOLD, 8)
    canvas.drawString(MARGIN + 8, top, "SHIP TO:")
    room = top - (MARGIN + FOOT_HEIGHT + BARCODE_BLOCK_HEIGHT) - 6
    size = min(RECIPIENT_SIZE, room / LEADING / len(text.recipient))
    size = min(_fitting(line, REGULAR, size, WIDTH - 2 * MARGIN - 30) for line in text.recipient)
    canvas.setFont(REGULAR, size)
    for number, line in enumerate(text.recipient, start=1):
        canvas.drawString(MARGIN + 22, top - number * size * LEADING, line)


def _barcode(canvas: Canvas, text: LabelText) -> None:
    """The tracking number between two heavy rules, as wide as the page lets it be with its quiet zones."""
    bottom = MARGIN + FOOT_HEIGHT
    top = bottom + BARCODE_BLOCK_HEIGHT
    canvas.setLineWidth(3)
    canvas.line(MARGIN, top, WIDTH - MARGIN, top)
    canvas.line(MARGIN, bottom, WIDTH - MARGIN, bottom)
    canvas.setFont(BOLD, 9)
    canvas.drawCentredString(WIDTH / 2, top - 15, f"{text.carrier.upper()} TRACKING #")
    modules = Code128(text.tracking_number, barWidth=1, quiet=False).width + 2 * QUIET_MODULES
    module = min((WIDTH - 2 * MARGIN - 4) / modules, WIDEST_MODULE)
    bars = Code128(text.tracking_number, barWidth=module, barHeight=BARCODE_HEIGHT, quiet=False)
    bars.drawOn(canvas, (WIDTH - bars.width) / 2, bottom + 26)
    canvas.setFont(BOLD, 11)
    canvas.drawCentredString(WIDTH / 2, bottom + 10, _in_groups(text.tracking_number))


def _foot(canvas: Canvas, text: LabelText) -> None:
    """What the packer looks for."""
    order = f"ORDER {text.order_number}".rstrip()
    canvas.setFont(BOLD, _fitting(order, BOLD, 10, WIDTH - 2 * MARGIN - 16))
    canvas.drawString(MARGIN + 8, MARGIN + 35, order)
    canvas.setFont(REGULAR, 7)
    canvas.drawString(MARGIN + 8, MARGIN + 22, f"Ref {text.reference}")
    canvas.drawString(MARGIN + 8, MARGIN + 11, "CreatorFlow")


def _fitting(line: str, font: str, size: float, width: float) -> float:
    """The size, or the smaller one at which the line fits."""
    needed = pdfmetrics.stringWidth(line, font, size)
    return size if needed <= width else size * width / needed


def _in_groups(number: str) -> str:
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))
