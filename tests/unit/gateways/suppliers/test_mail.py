"""A supplier by mail, on a mail server of this machine: sent, refused, not reached, broken off."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from email import message_from_string
from email.message import Message

import pytest

from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.suppliers.mail import MailServer, MailSupplier
from schemas.calls import SpeedUpReorderCall
from tests.conformance.requests import a_reorder

SHOP_ADDRESS, SUPPLIER_ADDRESS = "shop@example.test", "orders@supplier.test"


class Mailbox:
    """An SMTP server that takes mail for one mailbox, or says what it is told to at a step of the dialogue."""

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.says: dict[str, str] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more mail."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rw", newline="\r\n") as stream:
                self._talk(stream)

    def _talk(self, stream: object) -> None:
        print("220 ready", file=stream, flush=True)  # type: ignore[call-overload]
        for line in stream:  # type: ignore[attr-defined]
            word = line.split(" ")[0].split(":")[0].strip().upper()
            answer = self.says.get(word, "354 go on" if word == "DATA" else "250 fine")
            if answer == "hang up":
                return
            print(answer, file=stream, flush=True)  # type: ignore[call-overload]
            if answer.startswith("354") and not self._take(stream):
                return

    def _take(self, stream: object) -> bool:
        lines: list[str] = []
        for line in stream:  # type: ignore[attr-defined]
            if line.strip() == ".":
                break
            lines.append(line)
        self.received.append(message_from_string("".join(lines).replace("\r\n", "\n")))
        answer = self.says.get("END", "250 taken")
        if answer == "hang up":
            return False
        print(answer, file=stream, flush=True)  # type: ignore[call-overload]
        return True


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server for one test."""
    server = Mailbox()
    yield server
    server.close()


def behind(server: MailServer) -> MailSupplier:
    """The supplier whose mail is handed in there."""
    return MailSupplier(server, sender=SHOP_ADDRESS, recipient=SUPPLIER_ADDRESS, timeout_seconds=5)


def supplier(mailbox: Mailbox) -> MailSupplier:
    """The supplier behind a mailbox."""
    return behind(MailServer("127.0.0.1", mailbox.port, "none"))


async def test_an_order_is_a_mail_and_no_answer_yet(mailbox: Mailbox) -> None:
    """The mail names order, item, quantity and delivery; again it has the same Message-ID."""
    order = a_reorder(quantity=20)
    assert (await supplier(mailbox).place(order)).outcome == "sent"
    assert (await supplier(mailbox).place(order)).outcome == "sent"
    first, again = mailbox.received
    assert (first["To"], first["From"]) == (SUPPLIER_ADDRESS, SHOP_ADDRESS)
    assert f"Order: {order.reorder_id}" in first.get_payload()
    assert "Quantity: 20" in first.get_payload()
    assert first["Message-ID"] == again["Message-ID"]


async def test_hurrying_is_a_mail_of_its_own(mailbox: Mailbox) -> None:
    """It names the order and has another Message-ID."""
    order = a_reorder()
    call = SpeedUpReorderCall(
        replenishment_id=order.replenishment_id, stock_item_id=order.stock_item_id, reorder_id=order.reorder_id
    )
    await supplier(mailbox).place(order)
    assert (await supplier(mailbox).speed_up(call)).outcome == "sent"
    placed, hurried = mailbox.received
    assert order.reorder_id in hurried["Subject"]
    assert placed["Message-ID"] != hurried["Message-ID"]


async def test_a_quantity_below_1_is_not_mailed(mailbox: Mailbox) -> None:
    """Refused: an answer, and no mail."""
    assert (await supplier(mailbox).place(a_reorder(quantity=0))).outcome == "refused"
    assert mailbox.received == []


@pytest.mark.parametrize(
    ("step", "answer", "kind"),
    [
        ("RCPT", "550 no such mailbox", Refused),
        ("RCPT", "450 later", Unavailable),
        ("MAIL", "553 not you", Refused),
        ("END", "554 not that", Refused),
        ("END", "452 full", Unavailable),
        ("END", "hang up", OutcomeUnknown),
        ("EHLO", "hang up", Unavailable),
    ],
)
async def test_what_the_mail_server_says_tells_what_is_known(
    mailbox: Mailbox, step: str, answer: str, kind: type[Exception]
) -> None:
    """A lasting no is a refusal, a passing one is tried again, and a dialogue that breaks off leaves it unknown."""
    mailbox.says[step] = answer
    with pytest.raises(kind):
        await supplier(mailbox).place(a_reorder())


async def test_a_server_that_is_not_there_surely_took_nothing() -> None:
    """Not reached, or no way to look a mail up: unavailable."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    nobody = behind(MailServer("127.0.0.1", port, "none"))
    with pytest.raises(Unavailable):
        await nobody.place(a_reorder())
    with pytest.raises(Unavailable):
        await nobody.find("ro-1")


async def test_a_server_without_tls_is_given_nothing_where_tls_is_asked_for(mailbox: Mailbox) -> None:
    """Neither password nor order goes over the wire in the clear."""
    asked = behind(MailServer("127.0.0.1", mailbox.port, "starttls", "user", "secret"))
    with pytest.raises(Unavailable):
        await asked.place(a_reorder())
    assert mailbox.received == []
