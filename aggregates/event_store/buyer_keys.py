"""
One key per buyer, so that destroying the key erases the person everywhere at once.

Keys are wrapped by the master key (AES-256-GCM, the subject as associated data) and committed before they are
first used. A destroyed key decodes to nothing; it never raises.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterable
from datetime import date

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregates.event_store.connection import Connection
from schemas.values import Person, Sealed

NONCE_BYTES = 12
CACHED_KEYS = 50_000
DIGEST_BYTES = 8
_PERSON = b"person"

_encoder = msgspec.json.Encoder()
_person_decoder = msgspec.json.Decoder(Person)


FIRST_MARKETPLACE = "tiktok"
"""Its buyers were named before there was another: without their marketplace, and they keep their names."""


def buyer_subject(master_key: bytes, shop: str, buyer_id: str) -> str:
    """The name under which a buyer is known inside: HMAC-SHA256 of shop and buyer id, never the id."""
    return hmac.new(master_key, f"buyer|{len(shop)}:{shop}|{buyer_id}".encode(), hashlib.sha256).hexdigest()


def order_subject(order: str) -> str:
    """The subject of an order without a buyer id."""
    return f"order:{order}"


def day_subject(day: date) -> str:
    """The subject of what belongs to no known buyer; its key is destroyed after 30 days."""
    return f"day:{day.isoformat()}"


class BuyerKeys:
    """The keys of buyers, cached in memory. Seals and opens; one instance per thread that uses a connection."""

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != 32:
            raise ValueError("the master key must have 32 bytes")
        self._master_key = master_key
        self._master = AESGCM(master_key)
        self._ciphers: dict[tuple[str, int], AESGCM | None] = {}
        self._digest_keys: dict[tuple[str, int], bytes] = {}

    def subject_of(self, marketplace: str, shop: str, buyer_id: str) -> str:
        """The name under which a buyer is known inside; shops of two marketplaces may have the same number."""
        named = shop if marketplace == FIRST_MARKETPLACE else f"{marketplace}:{shop}"
        return buyer_subject(self._master_key, named, buyer_id)

    def make_ready(self, connection: Connection, subjects: Iterable[str]) -> None:
        """
        Load the keys of these subjects and make the missing ones; after it `seal` knows all of them.

        Raced: two processes that make the same buyer's key both end up with the first one.
        """
        missing = sorted({subject for subject in subjects if (subject, 1) not in self._ciphers})
        if not missing:
            return
        if len(self._ciphers) > CACHED_KEYS:
            self._ciphers.clear()
            self._digest_keys.clear()
        absent = sorted(set(missing) - self._load(connection, missing))
        if absent:
            connection.execute(
                "INSERT INTO buyer_keys (subject, version, wrapped_key)"
                " SELECT subject, 1, key FROM unnest(%b::text[], %b::bytea[]) AS v (subject, key) ON CONFLICT"
                " DO NOTHING",
                (absent, [self._wrap(subject, os.urandom(32)) for subject in absent]),
                prepare=True,
            )
            self._load(connection, absent)

    def load(self, connection: Connection, subjects: Iterable[str]) -> None:
        """Load the keys of these subjects in one read, before many are opened."""
        missing = sorted({subject for subject in subjects if (subject, 1) not in self._ciphers})
        if missing:
            self._load(connection, missing)

    def seal(self, subject: str, plain: bytes, context: bytes) -> Sealed:
        """Encrypt bytes of one subject. `context` is bound to the ciphertext, so that it cannot be moved elsewhere."""
        cipher = self._ciphers[(subject, 1)]
        if cipher is None:
            return Sealed(subject=subject, key_version=1, data=b"")
        nonce = os.urandom(NONCE_BYTES)
        return Sealed(subject=subject, key_version=1, data=nonce + cipher.encrypt(nonce, plain, context))

    def seal_person(self, subject: str, person: Person) -> Sealed:
        """Encrypt a person under the buyer's key, with the digest of name and street under the same key."""
        sealed = self.seal(subject, _encoder.encode(person), _PERSON)
        key = self._digest_keys.get((subject, 1))
        return sealed if key is None else msgspec.structs.replace(sealed, digest=_digest(key, person))

    def open(self, connection: Connection, sealed: Sealed, context: bytes) -> bytes | None:
        """The bytes, or None when the key was destroyed (or the ciphertext stands where it does not belong)."""
        place = (sealed.subject, sealed.key_version)
        if place not in self._ciphers:
            self._load(connection, [sealed.subject])
        cipher = self._ciphers.get(place)
        if cipher is None:
            return None
        try:
            return cipher.decrypt(sealed.data[:NONCE_BYTES], sealed.data[NONCE_BYTES:], context)
        except InvalidTag:
            return None

    def open_person(self, connection: Connection, sealed: Sealed) -> Person | None:
        """The person, or None when it was erased."""
        plain = self.open(connection, sealed, _PERSON)
        return None if plain is None else _person_decoder.decode(plain)

    def _load(self, connection: Connection, subjects: list[str]) -> set[str]:
        rows = connection.execute(
            "SELECT subject, version, wrapped_key, destroyed_at IS NOT NULL FROM buyer_keys WHERE subject ="
            " ANY(%b::text[])",
            (subjects,),
            prepare=True,
        ).fetchall()
        for subject, version, wrapped, destroyed in rows:
            place = (subject, version)
            if destroyed:
                self._ciphers[place] = None
                self._digest_keys.pop(place, None)
                continue
            key = self._unwrap(subject, bytes(wrapped))
            self._ciphers[place] = AESGCM(key)
            self._digest_keys[place] = hmac.digest(key, b"digest", "sha256")
        return {row[0] for row in rows}

    def _wrap(self, subject: str, key: bytes) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, key, subject.encode())

    def _unwrap(self, subject: str, wrapped: bytes) -> bytes:
        return self._master.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], subject.encode())


def _digest(key: bytes, person: Person) -> str:
    """The same for the same name and street, blanks and case apart; phone and e-mail do not count."""
    parts = (" ".join(text.split()).casefold() for text in (person.name, person.street1, person.street2))
    text = "|".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(key, text.encode(), "sha256")[:DIGEST_BYTES].hex()
