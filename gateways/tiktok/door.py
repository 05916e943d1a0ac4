"""
TikTok's webhooks on one path in two formats, told apart by header: the specification's, and TikTok Shop's own.

The first shows the whole order, is signed over its body and is answered with its id; the second is a hint, is signed
over app key and body with the app's secret, and is answered with nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from gateways.tiktok import hints, order_detail, webhooks
from gateways.webhooks import BAD_SIGNATURE, Delivery, Dialect, Headers, Hint, Parsed, Secret, Turned, valid
from schemas import topics

SPECIFICATION: Final = b"specification"
TIKTOK_SHOP: Final = b"tiktok"
"""In which format the door took a webhook, by its header `signature-format`."""

MAX_EVENT_ID_CHARACTERS: Final = 200
ANSWER_WITHIN_SECONDS: Final = 2.5
"""TikTok Shop waits 3 s for an answer, then sends the webhook again minutes later."""

UNCONFIGURED: Final = Turned(503, "unconfigured", "CREATORFLOW_TIKTOK_APP_KEY or _APP_SECRET is not set")


class TikTokApp(NamedTuple):
    """Our app at TikTok's, which signs its own webhooks: with one of the secrets, over key and body."""

    key: str
    secrets: Sequence[Secret]


class TikTokDoor:
    """Both formats. Refuses to be made without a secret for the specification's."""

    topic: Final = topics.TIKTOK_WEBHOOKS

    def __init__(self, secrets: Sequence[Secret], app: TikTokApp | None) -> None:
        if not any(secret.value for secret in secrets):
            raise ValueError("no webhook secret is configured")
        self._secrets = secrets
        self._app = app if app is not None and app.key and any(secret.value for secret in app.secrets) else None

    def admit(self, body: bytes, headers: Mapping[str, str]) -> Delivery | Turned:
        """Judge one webhook, by the format that its headers show."""
        if "x-tiktok-shop-signature" not in headers and "authorization" in headers:
            return self._of_tiktok_shop(body, headers["authorization"])
        if not webhooks.is_genuine(body, headers.get("x-tiktok-shop-signature", ""), valid(self._secrets)):
            return BAD_SIGNATURE
        named = headers.get("x-tiktok-shop-event-id", "")[:MAX_EVENT_ID_CHARACTERS]
        return Delivery(
            named or hashlib.sha256(body).hexdigest(),
            webhooks.routing_key(body),
            (("signature-format", SPECIFICATION),),
            tells_id=True,
        )

    def _of_tiktok_shop(self, body: bytes, signature: str) -> Delivery | Turned:
        """
        A webhook in TikTok Shop's own format. What is our own fault is never 401, which TikTok takes as final: without
        the app's secret it is to come again.
        """
        if self._app is None:
            return UNCONFIGURED
        if not webhooks.is_genuine(hints.message_of(self._app.key, body), signature, valid(self._app.secrets)):
            return BAD_SIGNATURE
        noted = hints.delivery_of(body)
        return Delivery(
            noted.event_id,
            noted.key,
            (("signature-format", TIKTOK_SHOP), ("topic-number", noted.topic.encode())),
            ANSWER_WITHIN_SECONDS,
        )


def _parse(body: bytes, headers: Headers, now: datetime) -> Parsed | Hint:
    if ("signature-format", TIKTOK_SHOP) in headers:
        return hints.parse(body, now)
    return webhooks.parse(body, now)


DIALECT: Final = Dialect(webhooks.MARKETPLACE, topics.TIKTOK_WEBHOOKS, _parse, order_detail.parse)
