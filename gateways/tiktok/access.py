"""With what a request to the Partner API is made: our app, and what each shop granted it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class App(NamedTuple):
    """Our app at TikTok's. The secret signs and is never sent, but for tokens."""

    key: str
    secret: str


class ShopAccess(NamedTuple):
    """What one shop granted our app."""

    cipher: str
    access_token: str


class Access(Protocol):
    """What the shops granted, kept fresh by whoever holds the tokens."""

    async def of(self, shop: str) -> ShopAccess | None:
        """The shop's cipher and a token that should be good; None for a shop that has not authorised the app."""
        ...

    async def renewed(self, shop: str, refused: ShopAccess) -> ShopAccess | None:
        """Another token after TikTok refused this one; None where there is none to be had now."""
        ...


class FixedAccess:
    """Tokens that somebody set by hand, and nobody can refresh."""

    def __init__(self, granted: Mapping[str, ShopAccess]) -> None:
        self._granted = granted

    async def of(self, shop: str) -> ShopAccess | None:
        """What was set."""
        return self._granted.get(shop)

    async def renewed(self, shop: str, refused: ShopAccess) -> ShopAccess | None:
        """Refused: a token that was set by hand has no successor."""
        return None
