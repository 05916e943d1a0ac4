"""What is asked of a carrier, in its most general form."""

from __future__ import annotations

from typing import Final, Protocol

from schemas.shipping import Label, LabelFile, LabelRequest, Parcel
from schemas.values import Person

PDF: Final = "application/pdf"
ZPL: Final = "application/zpl"


class Carrier(Protocol):
    """One carrier. Every method makes one attempt; retries, leases and parking are the caller's."""

    @property
    def name(self) -> str:
        """The carrier's name in tariffs and labels."""
        ...

    @property
    def supports_lookup(self) -> bool:
        """Whether `find_label` can tell what became of a purchase; if not, an unknown outcome is for a person."""
        ...

    async def buy_label(self, request: LabelRequest, recipient: Person) -> Label:
        """
        Buy one label.

        Refused: Refused with the reason, which names fields and never their content.
        Repeated: the same reference sells once where the carrier keeps idempotency keys; look it up first elsewhere.
        Raises Unavailable when surely nothing happened, OutcomeUnknown when it may have.
        """
        ...

    async def find_label(self, reference: str) -> Label | None:
        """The label that was sold under this reference, if any. Raises Unavailable."""
        ...

    async def void_label(self, label: Label) -> None:
        """
        Take one label back, so that nothing is paid for it.

        Refused: Refused with the reason when it cannot be taken back (any more). Repeated: done, it is void already.
        Raises Unavailable when surely nothing happened, OutcomeUnknown when it may have.
        """
        ...

    async def label_file(
        self, label: Label, parcel: Parcel, recipient: Person, media_type: str, *, order_number: str = ""
    ) -> LabelFile:
        """
        The whole file of a label that was bought; fetching it never buys.

        Refused: another media type than PDF and ZPL, or a field that cannot be printed.
        Raises Unavailable.
        """
        ...
