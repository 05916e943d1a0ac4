"""One label file in the format that is asked for."""

from __future__ import annotations

from gateways.carriers.labels import pdf, zpl
from gateways.carriers.labels.text import Sender, label_text
from gateways.carriers.protocol import PDF, ZPL
from gateways.errors import Refused
from schemas.shipping import Label, LabelFile, Parcel
from schemas.values import Person


def make_label_file(
    label: Label, parcel: Parcel, recipient: Person, media_type: str, *, sender: Sender, order_number: str
) -> LabelFile:
    """Refused: another media type than PDF and ZPL, or a field that cannot be printed."""
    text = label_text(label, parcel, recipient, sender=sender, order_number=order_number, glyphs=pdf.Glyphs())
    if media_type == PDF:
        return LabelFile(media_type=PDF, content=pdf.pdf_label(text))
    if media_type == ZPL:
        return LabelFile(media_type=ZPL, content=zpl.zpl_label(text))
    raise Refused("media type is neither application/pdf nor application/zpl")


def is_whole(file: LabelFile) -> bool:
    """Whether nothing of the file is missing, so that it may be kept."""
    return zpl.is_whole(file.content) if file.media_type == ZPL else pdf.is_whole(file.content)
