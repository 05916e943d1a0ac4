"""TikTok Shop, put together from the settings: in process by default, over HTTP where an address is given."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from pydantic import SecretStr
from valkey.asyncio import Valkey

from aggregates.event_store import calls, shops
from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.tiktok_tokens import ShopGrant, TokenPair, TokenStore
from creatorflow.settings import Settings
from creatorflow.tiktok_access import StoredAccess
from gateways.breakers import Breakers
from gateways.http_client import HttpClient
from gateways.marketplaces import Marketplace
from gateways.own_quota import OwnQuota
from gateways.quota import Limits
from gateways.shared_quota import ANSWER_SECONDS, SharedQuota
from gateways.tiktok.access import App, FixedAccess, ShopAccess
from gateways.tiktok.client import TikTokShop
from gateways.tiktok.door import TikTokApp, TikTokDoor
from gateways.tiktok.endpoints import API_URL
from gateways.tiktok.local import LocalMarketplace, delay_record, fulfilment_record
from gateways.tiktok.oauth import OAuth, OpenedShop
from gateways.webhooks import Secret
from schemas.calls import PushFulfilmentCall, ReadOrderCall

WAIT_FOR_CONSENT: Final = (ReadOrderCall.__name__, PushFulfilmentCall.__name__)
"""The kinds of calls that are made once a seller consents, however long ago they were given up."""


def tiktok(
    settings: Settings, process: str, breakers: Breakers, *, demo_shop: str, carriers: tuple[str, ...]
) -> Marketplace:
    """The marketplace of all TikTok shops. A token that is set by hand opens the demo's shop."""
    if settings.tiktok_url is None:
        folder = settings.home / "tiktok"
        return LocalMarketplace(
            fulfilment_record(folder / "fulfilments", process), delay_record(folder / "delays", process)
        )
    fixed = {demo_shop: ShopAccess(*settings.require_tiktok_access())} if settings.tiktok_access_token else {}
    oauth = _oauth(settings)
    access = StoredAccess(settings.postgres, _tokens(settings), oauth, FixedAccess(fixed))
    return TikTokShop(
        HttpClient("tiktok", settings.tiktok_url, breakers),
        App(*settings.require_tiktok_app()),
        access,
        {name: name for name in carriers} | settings.tiktok_providers,
        quota=shared_quota(settings),
        versions=settings.tiktok_versions,
    )


def tiktok_door(settings: Settings) -> TikTokDoor:
    """Both formats of webhooks; TikTok Shop's own is not taken without our app."""
    secrets = _secrets(
        settings.require_webhook_secret(), settings.webhook_secret_previous, settings.webhook_secret_previous_until
    )
    if settings.tiktok_app_key is None or settings.tiktok_app_secret is None:
        return TikTokDoor(secrets, None)
    key, secret = settings.require_tiktok_app()
    previous, until = settings.tiktok_app_secret_previous, settings.tiktok_app_secret_previous_until
    return TikTokDoor(secrets, TikTokApp(key, _secrets(secret.encode(), previous, until)))


def _secrets(present: bytes, previous: SecretStr | None, until: datetime | None) -> list[Secret]:
    """What webhooks may be signed with: the secret, and for a while the one before it."""
    secrets = [Secret(present)]
    if previous is not None:
        secrets.append(Secret(previous.get_secret_value().encode(), until))
    return secrets


def shared_quota(settings: Settings) -> SharedQuota:
    """The quota of every shop, the same in all processes that name the same Valkey."""
    limits = Limits(
        per_window=settings.tiktok_quota_per_minute,
        by_endpoint=settings.tiktok_quota,
        processes=settings.workers,
    )
    server: Valkey = Valkey.from_url(
        settings.valkey, socket_timeout=ANSWER_SECONDS, socket_connect_timeout=ANSWER_SECONDS
    )
    return SharedQuota(server, limits, OwnQuota(limits))


def authorise(settings: Settings, code: str) -> list[OpenedShop]:
    """
    Exchange the code of a seller's consent for tokens and store them, with the shops that they open.

    Refused: a code that was used or is too old. Repeated: with a new code, the tokens are replaced.
    """
    return asyncio.run(_authorise(settings, code))


async def _authorise(settings: Settings, code: str) -> list[OpenedShop]:
    return await take_consent(settings.postgres, _tokens(settings), _oauth(settings), code)


async def take_consent(dsn: str, store: TokenStore, oauth: OAuth, code: str) -> list[OpenedShop]:
    """The pair is stored before TikTok is asked for its shops, as the code is good once."""
    pair = TokenPair(*await oauth.exchange(code))
    with connect(dsn, "tiktok-access") as connection:
        store.add(connection, pair, [])
    opened = await oauth.shops(pair.access)
    with connect(dsn, "tiktok-access") as connection:
        keep_consent(connection, store, pair, opened)
    return opened


def keep_consent(connection: Connection, store: TokenStore, pair: TokenPair, opened: Sequence[OpenedShop]) -> None:
    """Store the tokens, and let the calls of a shop go on that had not opened yet, or had taken our access away."""
    now = datetime.now(UTC)
    with connection.transaction():
        store.add(connection, pair, [ShopGrant(each.shop, each.cipher) for each in opened])
        shops.note_access(connection, [shops.Access("tiktok", each.shop, now, ended=False) for each in opened])
        calls.resume_parked(connection, "tiktok", [each.shop for each in opened], WAIT_FOR_CONSENT)


def _oauth(settings: Settings) -> OAuth:
    return OAuth(
        App(*settings.require_tiktok_app()),
        settings.tiktok_url or API_URL,
        settings.tiktok_auth_url,
        versions=settings.tiktok_versions,
    )


def _tokens(settings: Settings) -> TokenStore:
    return TokenStore(settings.require_master_key())
