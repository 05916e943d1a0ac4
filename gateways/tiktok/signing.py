"""
The signature of a request to the Partner API.

All query parameters but `sign` and `access_token`, sorted, as name and value without separators; before them the path,
after them the exact body (unless it is multipart); the app secret on both sides; HMAC-SHA256 with that secret, in lower
case.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

UNSIGNED: Final = frozenset({"sign", "access_token"})


def sign(secret: str, path: str, params: Mapping[str, str], body: bytes = b"") -> str:
    """The value of the `sign` parameter; `params` are decoded values."""
    pairs = "".join(f"{name}{params[name]}" for name in sorted(params) if name not in UNSIGNED)
    message = b"".join((secret.encode(), path.encode(), pairs.encode(), body, secret.encode()))
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
