"""How each marketplace writes: one entry for each, and nothing else tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateways.tiktok import door as tiktok
from gateways.webhooks import Dialect

DIALECTS: Final[Mapping[str, Dialect]] = {each.marketplace: each for each in (tiktok.DIALECT,)}
