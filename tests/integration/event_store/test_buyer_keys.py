"""One key per buyer; with the key the person is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.exceptions import InvalidTag

from aggregates.event_store.buyer_keys import BuyerKeys, buyer_subject
from aggregates.event_store.connection import Connection, connect
from schemas.values import Person

MASTER = bytes(32)
ADA = Person(name="Ada Sample", street1="12 Boxwood Road")
SUBJECT = buyer_subject(MASTER, "shop", "ada")


def ready(connection: Connection, *subjects: str) -> BuyerKeys:
    """The keys of one process."""
    keys = BuyerKeys(MASTER)
    keys.make_ready(connection, subjects)
    return keys


def test_another_process_opens_what_one_sealed(opened: Connection) -> None:
    """The key is in the store before it is used."""
    sealed = ready(opened, SUBJECT).seal_person(SUBJECT, ADA)
    assert BuyerKeys(MASTER).open_person(opened, sealed) == ADA


def test_ten_processes_that_make_the_same_key_end_up_with_one(database: str, opened: Connection) -> None:
    """Whoever sealed, anybody opens."""

    def seal(_number: int) -> object:
        with connect(database, "process") as connection:
            return ready(connection, SUBJECT).seal_person(SUBJECT, ADA)

    with ThreadPoolExecutor(10) as threads:
        sealed = list(threads.map(seal, range(10)))
    reader = BuyerKeys(MASTER)
    assert {reader.open_person(opened, each) for each in sealed} == {ADA}  # type: ignore[arg-type]


def test_destroyed_key_opens_to_nothing(opened: Connection) -> None:
    """Erased is None, never an exception."""
    sealed = ready(opened, SUBJECT).seal_person(SUBJECT, ADA)
    opened.execute("UPDATE buyer_keys SET destroyed_at = now(), wrapped_key = ''")
    assert BuyerKeys(MASTER).open_person(opened, sealed) is None


def test_nothing_is_sealed_for_a_destroyed_key(opened: Connection) -> None:
    """A buyer who was erased is not made known again by a late webhook."""
    ready(opened, SUBJECT)
    opened.execute("UPDATE buyer_keys SET destroyed_at = now(), wrapped_key = ''")
    keys = ready(opened, SUBJECT)
    sealed = keys.seal_person(SUBJECT, ADA)
    assert sealed.data == b""
    assert keys.open_person(opened, sealed) is None


def test_ciphertext_is_bound_to_its_place(opened: Connection) -> None:
    """Moved to another record or another buyer it opens to nothing."""
    other = buyer_subject(MASTER, "shop", "bob")
    keys = ready(opened, SUBJECT, other)
    sealed = keys.seal(SUBJECT, b"body", b"here")
    assert keys.open(opened, sealed, b"here") == b"body"
    assert keys.open(opened, sealed, b"there") is None
    moved = type(sealed)(subject=other, key_version=1, data=sealed.data)
    assert keys.open(opened, moved, b"here") is None


def test_same_person_sealed_twice_looks_different(opened: Connection) -> None:
    """Equal ciphertexts would tell that two orders go to the same person."""
    keys = ready(opened, SUBJECT)
    assert keys.seal_person(SUBJECT, ADA).data != keys.seal_person(SUBJECT, ADA).data


def test_keys_are_useless_without_the_master_key(opened: Connection) -> None:
    """A copy of the database alone opens nothing."""
    sealed = ready(opened, SUBJECT).seal_person(SUBJECT, ADA)
    with pytest.raises(InvalidTag):
        BuyerKeys(bytes([1]) * 32).open_person(opened, sealed)


def test_master_key_has_thirty_two_bytes() -> None:
    """Any other length is refused at once."""
    with pytest.raises(ValueError, match="32 bytes"):
        BuyerKeys(b"short")


def test_buyer_is_named_by_shop_and_id() -> None:
    """The same id in another shop is somebody else, and neither is in the name."""
    assert buyer_subject(MASTER, "a", "bc") != buyer_subject(MASTER, "ab", "c")
    assert "ada" not in SUBJECT
