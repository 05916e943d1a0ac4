"""
TikTok's tokens: a pair for each seller's grant, sealed under the master key, and the cipher of each shop it opens.

Whoever refreshes a pair holds its row, so that all processes together refresh it once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregates.event_store.connection import Connection

NONCE_BYTES = 12
_LONG_ENOUGH = (
    "SET transaction_timeout = '60s'; SET idle_in_transaction_session_timeout = '60s'; SET statement_timeout = '60s'"
)
"""The usual limits are shorter than the token service may take; who waits for the row waits as long as that takes."""


class TokenPair(NamedTuple):
    """The pair of one grant, open."""

    grant: str
    access: str
    access_expires_at: datetime
    refresh: str
    refresh_expires_at: datetime


class ShopGrant(NamedTuple):
    """One shop that a grant opens."""

    shop: str
    cipher: str


class TokenStore:
    """Reads and writes pairs. A database without the master key holds nothing that opens a shop."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)

    def add(self, connection: Connection, pair: TokenPair, shops: Sequence[ShopGrant]) -> None:
        """Store a seller's consent. Repeated, or given anew: its pair and the ciphers of its shops are replaced."""
        with connection.transaction():
            connection.execute(
                "INSERT INTO tiktok_tokens (grant_id, access, access_expires_at, refresh, refresh_expires_at)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (grant_id) DO UPDATE SET access = excluded.access,"
                " access_expires_at = excluded.access_expires_at, refresh = excluded.refresh,"
                " refresh_expires_at = excluded.refresh_expires_at, refreshed_at = now()",
                self._sealed(pair),
            )
            for each in shops:
                connection.execute(
                    "INSERT INTO tiktok_shops (shop, grant_id, cipher) VALUES (%s, %s, %s) ON CONFLICT (shop)"
                    " DO UPDATE SET grant_id = excluded.grant_id, cipher = excluded.cipher",
                    (each.shop, pair.grant, each.cipher),
                )

    def of_shop(self, connection: Connection, shop: str) -> tuple[ShopGrant, TokenPair] | None:
        """What opens this shop; None for one that has not authorised the app."""
        row = connection.execute(
            "SELECT shop, cipher, grant_id, access, access_expires_at, refresh, refresh_expires_at"
            " FROM tiktok_shops JOIN tiktok_tokens USING (grant_id) WHERE shop = %s",
            (shop,),
        ).fetchone()
        return None if row is None else (ShopGrant(row[0], row[1]), self._opened(row[2:]))

    @contextmanager
    def held(self, connection: Connection, grant: str) -> Iterator[TokenPair]:
        """The pair, and nobody else may refresh it inside the block, which is one transaction of a minute at most."""
        connection.execute(_LONG_ENOUGH)
        with connection.transaction():
            row = connection.execute(
                "SELECT grant_id, access, access_expires_at, refresh, refresh_expires_at FROM tiktok_tokens"
                " WHERE grant_id = %s FOR UPDATE",
                (grant,),
            ).fetchone()
            assert row is not None, "a grant is never deleted"
            yield self._opened(row)

    def replace(self, connection: Connection, pair: TokenPair) -> None:
        """Put a new pair in the place of the one that is held."""
        connection.execute(
            "UPDATE tiktok_tokens SET (access, access_expires_at, refresh, refresh_expires_at, refreshed_at)"
            " = (%s, %s, %s, %s, now()) WHERE grant_id = %s",
            (*self._sealed(pair)[1:], pair.grant),
        )

    def _sealed(self, pair: TokenPair) -> tuple[str, bytes, datetime, bytes, datetime]:
        return (
            pair.grant,
            self._seal(pair.access, f"{pair.grant}|access"),
            pair.access_expires_at,
            self._seal(pair.refresh, f"{pair.grant}|refresh"),
            pair.refresh_expires_at,
        )

    def _opened(self, row: Sequence[object]) -> TokenPair:
        grant, access, access_expires_at, refresh, refresh_expires_at = row
        assert isinstance(access, bytes)
        assert isinstance(refresh, bytes)
        assert isinstance(access_expires_at, datetime)
        assert isinstance(refresh_expires_at, datetime)
        return TokenPair(
            str(grant),
            self._open(access, f"{grant}|access"),
            access_expires_at,
            self._open(refresh, f"{grant}|refresh"),
            refresh_expires_at,
        )

    def _seal(self, token: str, place: str) -> bytes:
        """Bound to its place: a row that somebody moves opens nothing."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, token.encode(), f"tiktok|{place}".encode())

    def _open(self, sealed: bytes, place: str) -> str:
        plain = self._master.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], f"tiktok|{place}".encode())
        return plain.decode()
