"""
A supplier who takes orders by e-mail. It answers when it likes: a person tells us what it said.

The library's `smtplib` in a thread: there are a few mails a day.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final, Literal, NamedTuple

from gateways.errors import OutcomeUnknown, Refused, Unavailable
from gateways.suppliers.protocol import SupplierAnswer
from schemas.calls import PlaceReorderCall, SpeedUpReorderCall

TIMEOUT_SECONDS: Final = 30.0
PERMANENT_FROM: Final = 500
MESSAGE_ID_DOMAIN: Final = "creatorflow.invalid"


class MailServer(NamedTuple):
    """Where mail is handed in, and as whom. `security`: none (on this machine), starttls, or tls from the start."""

    host: str
    port: int
    security: Literal["none", "starttls", "tls"] = "starttls"
    user: str = ""
    password: str = ""


class MailSupplier:
    """One supplier's mailbox."""

    supports_lookup: Final = False

    def __init__(
        self,
        server: MailServer,
        *,
        sender: str,
        recipient: str,
        name: str = "mail",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.name: Final = name
        self._server = server
        self._sender = sender
        self._recipient = recipient
        self._timeout_seconds = timeout_seconds

    async def place(self, order: PlaceReorderCall) -> SupplierAnswer:
        """Mail the order. Refused: a quantity below 1. Repeated: another mail under the same Message-ID."""
        if order.quantity < 1:
            return SupplierAnswer("refused", reason="quantity is below 1")
        lines = (
            f"Order: {order.reorder_id}",
            f"Item: {order.item or order.stock_item_id}",
            f"Quantity: {order.quantity}",
            f"Delivery: {order.delivery}",
        )
        return await self._send(f"Order {order.reorder_id}", order.reorder_id, lines)

    async def speed_up(self, call: SpeedUpReorderCall) -> SupplierAnswer:
        """Mail that the order is wanted express."""
        lines = (f"Order: {call.reorder_id}", "Please send it express, and tell us the new date.")
        return await self._send(f"Express: order {call.reorder_id}", f"{call.reorder_id}.express", lines)

    async def find(self, reorder_id: str) -> SupplierAnswer | None:
        """Nobody can be asked what became of a mail."""
        raise Unavailable(f"{self.name}: a mail cannot be looked up")

    async def _send(self, subject: str, name: str, lines: tuple[str, ...]) -> SupplierAnswer:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = self._recipient
        message["Subject"] = subject
        message["Date"] = format_datetime(datetime.now(UTC))
        message["Message-ID"] = f"<{name}@{MESSAGE_ID_DOMAIN}>"
        message.set_content("\n".join(lines) + "\n")
        await asyncio.to_thread(self._deliver, message)
        return SupplierAnswer("sent")

    def _deliver(self, message: EmailMessage) -> None:
        try:
            connection = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"{self.name}: mail server not reached: {type(error).__name__}") from None
        try:
            connection.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise self._said_no(min(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPResponseException as error:
            raise self._said_no(error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:
            raise OutcomeUnknown(f"{self.name}: mail broken off: {type(error).__name__}") from None
        finally:
            connection.close()

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_seconds, context=ssl.create_default_context()
            )
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=self._timeout_seconds)
        try:
            connection.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
        except (OSError, smtplib.SMTPException):
            connection.close()
            raise
        return connection

    def _said_no(self, code: int) -> Refused | Unavailable:
        if code >= PERMANENT_FROM:
            return Refused(f"{self.name}: the mail server refused with {code}")
        return Unavailable(f"{self.name}: the mail server answered {code}")
