"""What every `Carrier` does."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

import msgspec
import pytest

from gateways.carriers.labels.files import is_whole
from gateways.carriers.protocol import PDF, ZPL, Carrier
from gateways.errors import Refused
from schemas.shipping import Label, LabelRequest
from schemas.values import Person
from tests.conformance.requests import ADDRESS, MARKS, PERSON, a_label_request


class CarrierSubject(ABC):
    """One implementation, with what the suite needs to see and to spoil."""

    carrier: Carrier

    @abstractmethod
    async def buy_and_lose_the_answer(self, request: LabelRequest) -> None:
        """The carrier sells, and nobody here learns of it."""

    @abstractmethod
    async def void_and_lose_the_answer(self, label: Label) -> None:
        """The carrier takes the label back, and nobody here learns of it."""

    @abstractmethod
    def voids(self, reference: str) -> int:
        """How many labels of this reference the carrier's own record says it took back."""

    @abstractmethod
    def sales(self, reference: str) -> int:
        """How many labels the carrier's own record says it sold under this reference."""


class CarrierSuite:
    """Subclassed once per implementation, with a `subject` fixture."""

    async def test_sells_a_label_for_the_reference(self, subject: CarrierSubject) -> None:
        """Done: the label names reference, carrier, service and number, and is in the carrier's record."""
        request = a_label_request(subject.carrier.name)
        label = await subject.carrier.buy_label(request, PERSON)
        assert (label.reference, label.carrier, label.service) == (request.reference, request.carrier, request.service)
        assert len(label.tracking_number) >= 18
        assert label.carrier_reference
        assert subject.sales(request.reference) == 1

    @pytest.mark.parametrize("field", ["name", "street1"])
    async def test_refuses_an_address_it_cannot_deliver(self, subject: CarrierSubject, field: str) -> None:
        """Refused: the reason names the field, and nothing is sold."""
        request = a_label_request(subject.carrier.name)
        with pytest.raises(Refused, match=field):
            await subject.carrier.buy_label(request, msgspec.structs.replace(PERSON, **{field: ""}))
        assert subject.sales(request.reference) == 0

    async def test_refuses_an_address_that_is_masked(self, subject: CarrierSubject) -> None:
        """Refused: an address whose street the marketplace withholds, without telling whose it is."""
        request = a_label_request(subject.carrier.name, address=msgspec.structs.replace(ADDRESS, complete=False))
        with pytest.raises(Refused) as caught:
            await subject.carrier.buy_label(request, PERSON)
        assert not any(mark in f"{caught.value!r} {caught.value.reason}" for mark in MARKS)
        assert subject.sales(request.reference) == 0

    async def test_sells_once_for_one_reference(self, subject: CarrierSubject) -> None:
        """Repeated: the same reference gives the same label and one sale."""
        request = a_label_request(subject.carrier.name)
        first = await subject.carrier.buy_label(request, PERSON)
        assert await subject.carrier.buy_label(request, PERSON) == first
        assert subject.sales(request.reference) == 1

    async def test_sells_once_to_two_at_the_same_time(self, subject: CarrierSubject) -> None:
        """Raced: two purchases of one reference get the same label and one sale."""
        request = a_label_request(subject.carrier.name)
        first, second = await asyncio.gather(
            subject.carrier.buy_label(request, PERSON), subject.carrier.buy_label(request, PERSON)
        )
        assert first == second
        assert subject.sales(request.reference) == 1

    async def test_finds_a_label_whose_answer_was_lost(self, subject: CarrierSubject) -> None:
        """Unknown, then looked up: the sale is found by its reference, and buying again sells nothing."""
        request = a_label_request(subject.carrier.name)
        await subject.buy_and_lose_the_answer(request)
        assert subject.carrier.supports_lookup
        found = await subject.carrier.find_label(request.reference)
        assert found is not None
        assert found.reference == request.reference
        assert await subject.carrier.buy_label(request, PERSON) == found
        assert subject.sales(request.reference) == 1

    async def test_finds_nothing_that_was_not_sold(self, subject: CarrierSubject) -> None:
        """Looked up: a reference that was never bought is None."""
        assert await subject.carrier.find_label(a_label_request(subject.carrier.name).reference) is None

    async def test_takes_a_label_back_once(self, subject: CarrierSubject) -> None:
        """Done and repeated: a label that is void is void, and taken back once."""
        request = a_label_request(subject.carrier.name)
        label = await subject.carrier.buy_label(request, PERSON)
        await subject.carrier.void_label(label)
        await subject.carrier.void_label(label)
        assert (subject.sales(request.reference), subject.voids(request.reference)) == (1, 1)

    async def test_takes_back_once_where_the_answer_was_lost(self, subject: CarrierSubject) -> None:
        """Unknown, then asked again: nothing need be looked up."""
        request = a_label_request(subject.carrier.name)
        label = await subject.carrier.buy_label(request, PERSON)
        await subject.void_and_lose_the_answer(label)
        await subject.carrier.void_label(label)
        assert subject.voids(request.reference) == 1

    async def test_refuses_to_take_back_what_it_never_sold(self, subject: CarrierSubject) -> None:
        """Refused: a label that is not the carrier's."""
        request = a_label_request(subject.carrier.name)
        label = Label(
            reference=request.reference,
            carrier=subject.carrier.name,
            service="ground",
            tracking_number="none",
            carrier_reference="lb_none",
        )
        with pytest.raises(Refused, match="unknown_label"):
            await subject.carrier.void_label(label)
        assert subject.voids(request.reference) == 0

    @pytest.mark.parametrize("media_type", [PDF, ZPL])
    async def test_prints_without_selling(self, subject: CarrierSubject, media_type: str) -> None:
        """A file is whole, the same each time it is fetched, and fetching it never buys."""
        request = a_label_request(subject.carrier.name)
        label = await subject.carrier.buy_label(request, PERSON)
        files = [
            await subject.carrier.label_file(
                label, request.parcel, PERSON, media_type, order_number=request.order_number
            )
            for _ in range(2)
        ]
        assert files[0] == files[1]
        assert files[0].media_type == media_type
        assert is_whole(files[0])
        assert subject.sales(request.reference) == 1

    async def test_refuses_another_media_type(self, subject: CarrierSubject) -> None:
        """Refused: a file in a format that the carrier does not make."""
        request = a_label_request(subject.carrier.name)
        label = await subject.carrier.buy_label(request, PERSON)
        with pytest.raises(Refused, match="media type"):
            await subject.carrier.label_file(label, request.parcel, PERSON, "image/png")

    async def test_refuses_what_it_cannot_print(self, subject: CarrierSubject) -> None:
        """Refused: a name in a script that the label cannot show; never replaced, never cut."""
        request = a_label_request(subject.carrier.name)
        with pytest.raises(Refused, match="name"):
            await subject.carrier.buy_label(request, Person(name="王小明", street1="1 Main St"))
        assert subject.sales(request.reference) == 0
