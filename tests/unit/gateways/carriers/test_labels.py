"""What is on a label, and that its barcode scans."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pypdfium2
import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st

from gateways.carriers.labels.files import is_whole, make_label_file
from gateways.carriers.labels.pdf import Glyphs
from gateways.carriers.labels.text import LINE_CHARACTERS, Sender, printable, recipient_lines
from gateways.carriers.protocol import PDF, ZPL
from gateways.carriers.tracking_numbers import number_of
from gateways.errors import Refused
from schemas.shipping import Label, LabelFile, Parcel
from schemas.values import Address, Person

ADDRESS = Address(country="US", state="WA", city="Seattle", postal_code="98101")
ANN = Person(name="Ann Example", street1="1 Main St")
GLYPHS = Glyphs()
PRINTER_DOTS_PER_INCH = 203
COMMANDS = re.compile(
    r"\^(XA|XZ|CI28|PW812|LL1218|LH0,0|BY3|FO\d+,\d+|A0N,\d+,\d+|BCN,200,Y,N,N,A|FH_|FD|FS|GB732,3,3)"
)


def _file(
    media_type: str, person: Person = ANN, *, carrier: str = "usps", reference: str = "a:1", order: str = "5768"
) -> LabelFile:
    return make_label_file(
        _label(carrier, reference),
        Parcel(address=ADDRESS, weight_grams=1450),
        person,
        media_type,
        sender=Sender("Glow Studio", ("500 Warehouse Way", "Reno NV 89502", "US")),
        order_number=order,
    )


def _label(carrier: str = "usps", reference: str = "a:1") -> Label:
    number = number_of(carrier, reference)
    return Label(reference=reference, carrier=carrier, service="Ground Advantage", tracking_number=number)


def _page_text(file: LabelFile) -> str:
    text: str = pypdfium2.PdfDocument(file.content)[0].get_textpage().get_text_bounded()
    return text


@pytest.mark.parametrize("carrier", ["usps", "ups"])
@pytest.mark.parametrize("reference", [f"6f1c2c52-6a1d-5d43-9d0e-6a3b7f1c2d4{number}:1" for number in range(5)])
def test_the_barcode_scans_as_a_thermal_printer_prints_it(carrier: str, reference: str) -> None:
    """One Code 128 on the page, at 203 dots per inch, which reads as the tracking number."""
    page = pypdfium2.PdfDocument(_file(PDF, carrier=carrier, reference=reference).content)[0]
    read = zxingcpp.read_barcodes(page.render(scale=PRINTER_DOTS_PER_INCH / 72).to_pil())
    assert [(code.text, code.format) for code in read] == [
        (number_of(carrier, reference), zxingcpp.BarcodeFormat.Code128)
    ]


def test_the_page_is_4_by_6_inches_and_names_everything() -> None:
    """One page, with sender, recipient, order number, service, weight and tracking number as text."""
    file = _file(PDF)
    document = pypdfium2.PdfDocument(file.content)
    assert len(document) == 1
    assert document[0].get_size() == (4 * 72, 6 * 72)
    text = _page_text(file)
    number = number_of("usps", "a:1")
    wanted = (
        "USPS",
        "GROUND ADVANTAGE",
        "Glow Studio",
        "Ann Example",
        "1 Main St",
        "Seattle WA 98101",
        "5768",
        "1.45 kg",
    )
    assert all(part in text for part in wanted)
    assert number in text.replace(" ", "")


def test_a_file_is_the_same_each_time() -> None:
    """No date and no random id is in it, so it can be compared and cached."""
    assert _file(PDF) == _file(PDF)


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Threads that hand over to each other as often as they may, so that what they share shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("impatient_threads")
def test_labels_made_at_once_do_not_mix() -> None:
    """Forty threads make the labels that one thread makes."""
    people = [Person(name=f"Żółty Владимир {number}", street1=f"{number} Main St") for number in range(160)]
    alone = [_file(PDF, person) for person in people]
    with ThreadPoolExecutor(40) as threads:
        assert list(threads.map(lambda person: _file(PDF, person), people)) == alone


@pytest.mark.parametrize(
    "name", ["Łucja Ćwiklińska", "Ελένη Παπαδοπούλου", "Владимир Ёлкин", "Nguyễn Thị Hồng", "José"]
)
def test_latin_greek_and_cyrillic_are_printed_as_written(name: str) -> None:
    """Not replaced, not left out: the text of the page has them."""
    assert name in _page_text(_file(PDF, Person(name=name, street1="1 Main St")))
    assert name in _file(ZPL, Person(name=name, street1="1 Main St")).content.decode()


@pytest.mark.parametrize("name", ["王小明", "محمد علي", "नमस्ते", "ทดสอบ", "Ann 王"])
def test_other_scripts_are_held_with_the_field_named(name: str) -> None:
    """Refused, and the reason does not quote them."""
    with pytest.raises(Refused) as caught:
        _file(PDF, Person(name=name, street1="1 Main St"))
    assert caught.value.reason == "recipient.name is in a script that this carrier cannot print"


def test_ornaments_are_left_out() -> None:
    """An emoji or a control character in a name holds no parcel."""
    assert printable(" 🎁 Ann\t\u200dExample\n\x07", GLYPHS) == "Ann Example"
    assert printable("Zoe\u0308", GLYPHS) == "Zoë"


def test_long_lines_are_split_at_a_word() -> None:
    """Never cut: every word is there, in order, in lines of at most 35 characters."""
    street = "1234 Southwest Martin Luther King Junior Boulevard, Building 12"
    lines = recipient_lines(ADDRESS, msgspec.structs.replace(ANN, street1=street), GLYPHS)
    assert lines[1:3] == ("1234 Southwest Martin Luther King", "Junior Boulevard, Building 12")
    assert max(map(len, lines)) <= LINE_CHARACTERS


def test_nowhere_to_split_is_held() -> None:
    """A word that is longer than a line is refused by its field."""
    with pytest.raises(Refused, match=r"recipient\.street1 has a word of more than 35 characters"):
        recipient_lines(ADDRESS, msgspec.structs.replace(ANN, street1="x" * 36), GLYPHS)


def test_more_lines_than_the_label_has_are_held() -> None:
    """A street of a whole page is refused, not printed over the barcode."""
    with pytest.raises(Refused, match="more than 9 lines"):
        recipient_lines(ADDRESS, msgspec.structs.replace(ANN, street1="word " * 100), GLYPHS)


def test_a_full_address_leaves_the_barcode_free() -> None:
    """Nine of the widest lines fit, and the barcode still scans."""
    wide = Person(name="W" * 35, street1=" ".join(["W" * 35] * 3), street2=" ".join(["M" * 35] * 3))
    page = pypdfium2.PdfDocument(_file(PDF, wide).content)[0]
    read = zxingcpp.read_barcodes(page.render(scale=PRINTER_DOTS_PER_INCH / 72).to_pil())
    assert [code.text for code in read] == [number_of("usps", "a:1")]


@pytest.mark.parametrize("field", ["name", "street1"])
def test_what_a_carrier_needs_is_asked_for(field: str) -> None:
    """A person whose key was destroyed has neither, and gets no label."""
    with pytest.raises(Refused, match=rf"recipient\.{field} is missing"):
        recipient_lines(ADDRESS, msgspec.structs.replace(ANN, **{field: "  "}), GLYPHS)


def test_zpl_is_one_label_with_a_barcode_of_the_number() -> None:
    """From ^XA to ^XZ, in UTF-8, with one ^BC whose data is the tracking number."""
    content = _file(ZPL).content.decode()
    assert content.startswith("^XA\n^CI28\n")
    assert content.endswith("^XZ\n")
    assert re.findall(r"\^BCN,200,Y,N,N,A\^FH_\^FD(.*?)\^FS", content) == [number_of("usps", "a:1")]
    assert content.count("^FD") == content.count("^FS") - content.count("^GB")


@given(st.text("^~_XZADGFSab\n\r\x00", min_size=1, max_size=30), st.text("^~_XZ019", max_size=20))
def test_no_text_becomes_a_printer_command(name: str, order: str) -> None:
    """Whatever a buyer or a marketplace writes, only our own commands are in the file, and it says what they wrote."""
    person = Person(name=f"A {name}", street1="1 Main St")
    content = _file(ZPL, person, order=order).content.decode()
    assert "~" not in content
    assert "^" not in COMMANDS.sub("", content)
    assert content.count("^XA") == content.count("^XZ") == 1
    unescaped = re.sub(r"_([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), content)
    assert f"Order {order}" in unescaped


def test_a_file_that_broke_off_is_not_whole() -> None:
    """A PDF or ZPL without its end may not be kept."""
    for media_type in (PDF, ZPL):
        file = _file(media_type)
        assert is_whole(file)
        assert not is_whole(msgspec.structs.replace(file, content=file.content[:-10]))
        assert not is_whole(msgspec.structs.replace(file, content=b""))
