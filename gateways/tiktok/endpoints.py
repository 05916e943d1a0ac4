"""
The calls of the Partner API that we make, in one table: path, version, and which class of the quota each belongs to.

TikTok names a version per endpoint by its month and keeps an old one for two months, so versions can be set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from gateways.quota import Endpoint

API_URL: Final = "https://open-api.tiktokglobalshop.com"
AUTH_URL: Final = "https://auth.tiktok-shops.com"


class Call(NamedTuple):
    """One call. `acts` is false for what only reads, of which nothing can remain unknown."""

    method: str
    category: str
    version: str
    resource: str
    endpoint: Endpoint
    acts: bool = False

    @property
    def name(self) -> str:
        """What its version is set by: `order/orders/search`."""
        return f"{self.category}/{self.resource}"

    def path(self, versions: Mapping[str, str], ids: Mapping[str, str]) -> str:
        """The path, as it is signed and sent."""
        version = versions.get(self.name, self.version)
        resource = self.resource.format(**{name: quote(value, safe="") for name, value in ids.items()})
        return "/" + "/".join(part for part in (self.category, version, resource) if part)


AUTHORISED_SHOPS: Final = Call("GET", "authorization", "202309", "shops", Endpoint.READ)

ORDER_SEARCH: Final = Call("POST", "order", "202309", "orders/search", Endpoint.ORDER_READ)
ORDER_DETAIL: Final = Call("GET", "order", "202507", "orders", Endpoint.ORDER_READ)

BATCH_SHIP: Final = Call("POST", "fulfillment", "202309", "packages/ship", Endpoint.FULFILMENT, acts=True)
SHIP: Final = Call("POST", "fulfillment", "202309", "packages/{package}/ship", Endpoint.FULFILMENT, acts=True)
MARK_SHIPPED: Final = Call("POST", "fulfillment", "202610", "orders/{order}/packages", Endpoint.FULFILMENT, acts=True)
RENUMBER: Final = Call(
    "POST", "fulfillment", "202610", "packages/{package}/shipping_info/update", Endpoint.FULFILMENT, acts=True
)
PACKAGE: Final = Call("GET", "fulfillment", "202309", "packages/{package}", Endpoint.FULFILMENT)
SHIPPING_DOCUMENT: Final = Call(
    "GET", "fulfillment", "202309", "packages/{package}/shipping_documents", Endpoint.FULFILMENT
)

STOCK_SEARCH: Final = Call("POST", "product", "202309", "inventory/search", Endpoint.STOCK)
STOCK_UPDATE: Final = Call(
    "POST", "product", "202309", "products/{product}/inventory/update", Endpoint.STOCK, acts=True
)
DEACTIVATE: Final = Call("POST", "product", "202309", "products/deactivate", Endpoint.STOCK, acts=True)

CANCELLATION_SEARCH: Final = Call("POST", "return_refund", "202602", "cancellations/search", Endpoint.CANCELLATION)
RETURN_SEARCH: Final = Call("POST", "return_refund", "202602", "returns/search", Endpoint.READ)
APPROVE_CANCELLATION: Final = Call(
    "POST", "return_refund", "202309", "cancellations/{cancel}/approve", Endpoint.CANCELLATION, acts=True
)
REJECT_CANCELLATION: Final = Call(
    "POST", "return_refund", "202309", "cancellations/{cancel}/reject", Endpoint.CANCELLATION, acts=True
)

WAREHOUSES: Final = Call("GET", "logistics", "202309", "warehouses", Endpoint.READ)
SHIPPING_PROVIDERS: Final = Call(
    "GET", "logistics", "202309", "delivery_options/{option}/shipping_providers", Endpoint.READ
)
PERFORMANCE: Final = Call("GET", "analytics", "202510", "shop/performance/{date}/performance_per_hour", Endpoint.READ)

# Our stand-in for a call that the real API does not have.
DELAYS: Final = Call("POST", "creatorflow", "", "delays", Endpoint.FULFILMENT, acts=True)

CALLS: Final = (
    *(
        AUTHORISED_SHOPS,
        ORDER_SEARCH,
        ORDER_DETAIL,
        BATCH_SHIP,
        SHIP,
        MARK_SHIPPED,
        PACKAGE,
        SHIPPING_DOCUMENT,
        RENUMBER,
    ),
    *(STOCK_SEARCH, STOCK_UPDATE, DEACTIVATE, CANCELLATION_SEARCH, RETURN_SEARCH),
    *(APPROVE_CANCELLATION, REJECT_CANCELLATION, WAREHOUSES, SHIPPING_PROVIDERS, PERFORMANCE),
)
NAMES: Final = frozenset(call.name for call in CALLS)
