"""How TikTok answers: one envelope for everything, and a code for each way to be refused."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from starlette.responses import JSONResponse, Response

SUCCESS: Final = 0
TOO_MANY_REQUESTS: Final = 36009002
BAD_PARAMETERS: Final = 36009004
BAD_PATH: Final = 36009009
BAD_SIGNATURE: Final = 106001
CIPHER_MISSING: Final = 106013
TOKEN_EXPIRED: Final = 105002
TOKEN_OF_OTHER_SHOP: Final = 101000
SELLER_INACTIVE: Final = 36009044

INVALID_PARAMETERS: Final = 21001001
FULFILLED_BY_PLATFORM: Final = 21008025
NOT_THIS_WAY: Final = 21011004
AFTERSALE_OPEN: Final = 21011007
NOT_BY_THE_TRADE_RULE: Final = 21011012
LINE_NOT_OF_ORDER: Final = 21011029
LINES_SHIPPED: Final = 21011020
PACKAGE_SHIPPED: Final = 21008099
BAD_TRACKING_NUMBER: Final = 21011022
PACKAGE_OF_OTHER_SHOP: Final = 21011028
DELIVERED_ALREADY: Final = 21011030
NUMBER_FIXED: Final = 21011049
NUMBER_CHANGED_BEFORE: Final = 21011051
ORDER_CANCELLED: Final = 21011041
ORDER_ON_HOLD: Final = 21011044
LABEL_BOUGHT: Final = 21022025
NOT_AWAITING_SHIPMENT: Final = 21042057
SERVICE_NOT_FOUND: Final = 21004008

DOCUMENT_OF_SELLER_SHIPPING: Final = 11034002
DOCUMENT_BEFORE_ARRANGING: Final = 21023035
DOCUMENT_OF_CANCELLED: Final = 21023059
DOCUMENT_AFTER_PICKUP: Final = 21042102

TOO_MANY_SKUS: Final = 12019015
STOCK_INVALID: Final = 12019024
WAREHOUSE_LEFT_OUT: Final = 12019028
TOO_MANY_PRODUCTS: Final = 12019120
PRODUCT_UNKNOWN: Final = 12052032
INVENTORY_NOT_UPDATED: Final = 12052037
PRODUCT_OF_OTHER_SHOP: Final = 12052048
LOCKED_FOR_PROMOTION: Final = 12052393
SKU_TWICE: Final = 12052553
SKU_UNKNOWN: Final = 12052556
PRODUCT_STATUS: Final = 12052901

AFTERSALE_PARAMETERS: Final = 25001001
ALREADY_REQUESTED: Final = 25001011
REASON_UNKNOWN: Final = 25001014
SHIPPED_ALREADY: Final = 25001045
OVER_ALREADY: Final = 25001051
LINES_EXCEEDED: Final = 25005011
REQUEST_UNKNOWN: Final = 25007006
CANNOT_REJECT: Final = 25011011
CANNOT_APPROVE: Final = 25011012
DECISION_OF_OTHER_STATUS: Final = 25020003
DECISION_OF_OTHER_TYPE: Final = 25020004


class Refused(Exception):
    """A request is not done. Most refusals come with HTTP status 200; only the gateway's own have another."""

    def __init__(self, code: int, message: str, *, status: int = 200, retry_after: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after

    def listed(self, **detail: object) -> dict[str, Any]:
        """The refusal of one of many, as `data.errors` lists it."""
        return {"code": self.code, "message": self.message, "detail": detail}


class Impossible(Exception):
    """What a buyer, a carrier or the platform cannot do to something that stands as it does."""


def envelope(data: dict[str, Any]) -> Response:
    """What was done."""
    return _answer(SUCCESS, "Success", data, 200)


def refusal(refused: Refused) -> Response:
    """Why nothing was done."""
    answer = _answer(refused.code, refused.message, None, refused.status)
    if refused.retry_after:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer


def _answer(code: int, message: str, data: dict[str, Any] | None, status: int) -> Response:
    body = {"code": code, "message": message, "request_id": uuid4().hex, "data": data}
    return JSONResponse(body, status_code=status)
