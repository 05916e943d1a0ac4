"""
What the outside sends on a bad day, made from a seed: webhooks with what must become of each, and records for Kafka.

`becomes` is `order`, `letter`, `either` (accounted for in any case) or `nothing`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from random import Random
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID, uuid5

from creatorflow.demo.webhooks import MARKETPLACE, SHOP
from schemas import codec, topics
from schemas.commands import Command, HoldOrder, RecordMovement
from schemas.envelope import Envelope, to_headers
from schemas.values import order_id, stock_item_id

STRANGER: Final = "7490000000000000077"
"""A shop that nobody registered at first."""

SKU: Final = "1729000000000000077"
RECEIPT: Final = "receipt under no key of its own"
MAX_BODY_BYTES: Final = 1024 * 1024
NAMESPACE: Final = UUID("0d6c3c86-3ac1-4b44-9a7d-1f0c2b5e7a10")

Becomes = Literal["order", "letter", "either", "nothing"]
COMMANDS_TOPICS: Final = tuple(
    topic.name for topic in topics.CATALOGUE if topic.types and issubclass(topic.types[0], Command)
)


class Webhook(NamedTuple):
    """One request, what it must be answered, and what must become of it."""

    event_id: str
    kind: str
    body: bytes
    becomes: Becomes
    order: UUID | None = None
    signed: bool = True
    status: int = 200


class Written(NamedTuple):
    """One record written straight to Kafka; without `partition` its key decides."""

    kind: str
    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    becomes: Becomes
    partition: int
    order: UUID | None = None


class Garbage:
    """Everything that one seed gives."""

    def __init__(self, seed: int, now: datetime) -> None:
        self._dice = Random(seed)
        self._now = now
        self._numbers = 0
        self._run = f"{int(now.timestamp())}"

    # Webhooks

    def webhooks(self, count: int) -> Iterator[Webhook]:
        """So many requests, every kind among them."""
        kinds = [kind for kind, weight in _WEBHOOKS.items() for _ in range(weight)]
        for place in range(count):
            kind = kinds[place] if place < len(kinds) else self._dice.choice(kinds)
            yield self._webhook(kind)._replace(event_id=f"http-{place}")

    def good(self, count: int, name: str) -> list[Webhook]:
        """So many orders with nothing wrong."""
        return [self._webhook("order")._replace(event_id=f"{name}-{place}") for place in range(count)]

    def _webhook(self, kind: str) -> Webhook:
        return _MAKERS[kind](self)._replace(kind=kind)

    def order(self, shop: str = SHOP, **changes: Any) -> Webhook:
        """A good order, or one with other fields."""
        number = self._number()
        body = _encoded({**self._fields(number, shop), **changes})
        return Webhook("", "", body, "order", order_id(MARKETPLACE, shop, number))

    def stranger(self) -> Webhook:
        """A good order of a shop that is not registered."""
        return self.order(STRANGER)._replace(becomes="letter")

    def odd(self) -> Webhook:
        """An order that only looks wrong."""
        fields = self._fields(self._number(), SHOP)
        line = fields["order_lines"][0]
        ways: list[dict[str, Any]] = [
            {"buyer_note": "a\x00b\ud800\x1b"},
            {"shipping_info": {**fields["shipping_info"], "name": "Ada\x00 \udfffSample"}},
            {"order_status": "AT_SORTING_CENTRE"},
            {"order_kind": {"x": [1, [2, {"y": None}]]}},
            {"update_time": fields["update_time"] * 1000},
            {"create_time": str(fields["create_time"])},
            {"order_lines": [{**line, "quantity": "2.0"}]},
            {"order_lines": [{**line, "quantity": 0}]},
            {"payment_info": {**fields["payment_info"], "total": 24.97}},
            {"payment_info": {**fields["payment_info"], "currency": "XXQ"}},
            {"shipping_info": None},
            {"type": None},
        ]
        made = self.order(**self._dice.choice(ways))
        return made._replace(body=b"\xef\xbb\xbf" + made.body) if self._dice.random() < 0.2 else made

    def spoilt(self) -> Webhook:
        """An order with one field that cannot be read."""
        fields = self._fields("1", SHOP)
        line, paid = fields["order_lines"][0], fields["payment_info"]
        lines: list[dict[str, Any]] = [
            {"quantity": self._dice.choice([1.5, -1, "1_0", "\uff11\uff12", True, "", [], 10**9])},
            {"sale_price": self._dice.choice(["1,234.50", "1e3", "", True, {}, "NaN"])},
            {"sku_id": self._dice.choice([1.5, None, "", " 1", "a\x00b", "9" * 65])},
            {"seller_sku": self._dice.choice([7, "x" * 1001])},
            {"sub_items": [{"sku_id": "1"}] * 101},
        ]
        changes: list[dict[str, Any]] = [
            *({"order_lines": [{**line, **wrong}]} for wrong in lines),
            {"order_lines": self._dice.choice([None, [], [line] * 501, {}, "none"])},
            {"update_time": self._dice.choice([0, -1, 99999999999999999, 4_000_000_000, None, "soon", 1.5])},
            {"create_time": self._dice.choice([None, "", 1])},
            {"order_status": self._dice.choice([None, "", 7])},
            {"payment_info": self._dice.choice([None, {**paid, "total": "1e9"}, {**paid, "currency": 7}])},
            {"shipping_info": self._dice.choice(["somewhere", {"street1": 7}, {"name": "x" * 1001}])},
            {"order_id": self._dice.choice([None, "", 5.769e17, True, "a\nb"])},
            {"shop_id": self._dice.choice([None, "", [], "5" * 65])},
            {"type": self._dice.choice(["refund", "cancellation", "return", 7])},
        ]
        return self.order(**self._dice.choice(changes))._replace(becomes="letter")

    def random_value(self) -> Webhook:
        """An order with any JSON at all in one of its fields."""
        fields = self._fields("1", SHOP)
        name = self._dice.choice(sorted(fields))
        return self.order(**{name: self._json(4)})._replace(becomes="either")

    def flipped(self) -> Webhook:
        """An order of which some bytes are others."""
        made = self.order()
        body = bytearray(made.body)
        for _ in range(self._dice.randint(1, 8)):
            body[self._dice.randrange(len(body))] = self._dice.randrange(256)
        return made._replace(body=bytes(body), becomes="either")

    def cut(self) -> Webhook:
        """An order that ends too early."""
        made = self.order()
        return made._replace(body=made.body[: self._dice.randrange(len(made.body))], becomes="letter")

    def twice(self) -> Webhook:
        """An order with a key that comes twice, in it or in something of which nothing is read."""
        made = self.order()
        more = self._dice.choice([b'"order_id":"1"', b'"more":{"a":1,"a":1}', b'"order_st\\u0061tus":"UNPAID"'])
        return made._replace(body=b"{" + more + b"," + made.body[1:], becomes="letter")

    def deep(self) -> Webhook:
        """An order with something too deep in it, of which nothing is read."""
        made = self.order()
        levels = self._dice.choice([33, 500, 100_000])
        start, end = self._dice.choice([(b"[", b"]"), (b'{"a":', b"}")])
        body = made.body[:-1] + b',"more":' + start * levels + b"1" + end * levels + b"}"
        return made._replace(body=body, becomes="letter")

    def noise(self) -> Webhook:
        """Bytes without any sense."""
        return Webhook("", "", self._dice.randbytes(self._dice.randrange(400)), "letter")

    def forged(self) -> Webhook:
        """An order that nobody signed."""
        return self.order()._replace(becomes="nothing", signed=False, status=401)

    def large(self) -> Webhook:
        """A body above the limit."""
        made = self.order()
        return made._replace(body=made.body + b" " * MAX_BODY_BYTES, becomes="nothing", status=413)

    # Records

    def records(self, count: int, partitions: int) -> Iterator[Written]:
        """So many records, every kind among them."""
        makers = [self._raw_record, self._raw_record, self._spoilt_command, self._spoilt_command, self._keyless_command]
        for place in range(count):
            made = makers[place % len(makers)](place)
            yield made._replace(partition=self._dice.randrange(partitions))

    def _raw_record(self, place: int) -> Written:
        headers: list[tuple[str, bytes]] = [("event-id", f"kafka-{place}".encode())]
        good = self.order()
        key = self._dice.choice([None, b"", b"\x00", b"\xff\xfe", b"some key"])
        ways = [
            Written("no key", topics.TIKTOK_WEBHOOKS, None, good.body, headers, "order", 0, good.order),
            Written("no headers", topics.TIKTOK_WEBHOOKS, key, good.body, [], "order", 0, good.order),
            Written("no value", topics.TIKTOK_WEBHOOKS, key, None, headers, "nothing", 0),
            Written("noise", topics.TIKTOK_WEBHOOKS, key, self.noise().body, headers, "letter", 0),
            Written("spoilt", topics.TIKTOK_WEBHOOKS, key, self.spoilt().body, headers, "letter", 0),
            Written("odd header", topics.TIKTOK_WEBHOOKS, key, good.body, self._odd_headers(), "letter", 0),
        ]
        return ways[place // 5 % len(ways)]

    def _odd_headers(self) -> list[tuple[str, bytes]]:
        """A header with which no webhook can be kept."""
        odd = [
            ("event-id", b"a\x00b"),
            ("event-id", b"x" * 5000),
            ("received-at", b"soon"),
            ("signature-format", b"\x00"),
        ]
        return [self._dice.choice(odd)]

    def _spoilt_command(self, place: int) -> Written:
        topic = self._dice.choice(COMMANDS_TOPICS)
        kind = self._dice.choice(topics.BY_NAME[topic].types)
        foreign = HoldOrder if topic != topics.ORDERS_COMMANDS else RecordMovement
        target = uuid5(NAMESPACE, f"{self._run}{place}")
        headers = self._headers(kind.__name__, str(target), place)
        key, body = str(target).encode(), _encoded({kind.__struct_fields__[0]: str(target)})
        spoils: list[tuple[str, bytes | None, list[tuple[str, bytes]], Becomes]] = [
            ("no value", None, headers, "nothing"),
            ("no headers", body, [], "letter"),
            ("noise", self._dice.randbytes(self._dice.randrange(300)), headers, "letter"),
            ("field missing", b"{}", headers, "letter"),
            ("unknown type", body, self._headers("RecordNothing", str(target), place), "letter"),
            ("another topic's", body, self._headers(foreign.__name__, str(target), place), "letter"),
            ("odd version", body, [*headers, ("ce_dataschema", b"RecordOrder:x")], "letter"),
            ("odd time", body, [*headers, ("ce_time", b"yesterday")], "letter"),
            ("id with NUL", body, [*headers, ("ce_id", b"a\x00b")], "letter"),
            ("key twice", b'{"a":1,"a":2,' + body[1:], headers, "letter"),
            ("deep", body[:-1] + b',"more":' + b"[" * 5000 + b"]" * 5000 + b"}", headers, "letter"),
            ("NUL in a text", body[:-1] + b',"reason":"a\\u0000b"}', headers, "letter"),
        ]
        name, value, with_headers, becomes = spoils[place // 5 % len(spoils)]
        return Written(name, topic, key, value, with_headers, becomes, 0)

    def _keyless_command(self, place: int) -> Written:
        """A command that makes sense under no key or another: it finds its partition by itself."""
        command: Command = RecordMovement(
            stock_item_id=stock_item_id(MARKETPLACE, SHOP, SKU),
            kind="receipt",
            quantity=1,
            reference=f"keyless-{place}",
            occurred_at=self._now,
        )
        if place % 2:
            command = HoldOrder(order_id=uuid5(NAMESPACE, f"{self._run}{place}"), reason="nobody knows it")
        kind = RECEIPT if isinstance(command, RecordMovement) else "hold under no key of its own"
        key = self._dice.choice([None, b"another key"])
        headers = self._headers(type(command).__name__, topics.key_of(command), place)
        return Written(kind, topics.topic_of(command), key, codec.encode(command), headers, "letter", 0)

    def _headers(self, kind: str, target: str, place: int) -> list[tuple[str, bytes]]:
        name = f"kafka-{place}"
        return to_headers(Envelope(name, kind, "outside", self._now, target, name, name))

    # What both are made of

    def _number(self) -> str:
        self._numbers += 1
        return f"{self._run}{self._numbers:08}"

    def _fields(self, number: str, shop: str) -> dict[str, Any]:
        at = int(self._now.timestamp())
        line = {"line_id": "L1", "sku_id": SKU, "seller_sku": "TEA-30", "quantity": 1, "sale_price": "19.99"}
        street = {"name": "Ada Sample", "phone": "+1 555 0100", "street1": "12 Boxwood Road", "street2": ""}
        place = {"city": "Springfield", "state": "IL", "postal_code": "62701", "country": "US"}
        return {
            "order_id": number,
            "shop_id": shop,
            "order_status": "AWAITING_SHIPMENT",
            "create_time": at - 60,
            "update_time": at,
            "order_lines": [{**line, "currency": "USD", "is_gift": False}],
            "shipping_info": {**street, **place},
            "payment_info": {"currency": "USD", "total": "19.99", "shipping_fee": "0.00"},
        }

    def _json(self, depth: int) -> Any:
        simple = [None, True, 0, -1, 2**70, 1.5, 1e300, "", "text", "\ud800", "\x00", "漢字", "7490000000000000001"]
        if depth == 0 or self._dice.random() < 0.5:
            return self._dice.choice(simple)
        if self._dice.random() < 0.5:
            return [self._json(depth - 1) for _ in range(self._dice.randrange(4))]
        return {self._dice.choice(["a", "quantity", "sku_id", "ä"]): self._json(depth - 1)}


_WEBHOOKS: Final = {
    "order": 20,
    "stranger": 8,
    "odd": 14,
    "spoilt": 26,
    "random_value": 14,
    "flipped": 14,
    "cut": 6,
    "twice": 6,
    "deep": 4,
    "noise": 6,
    "forged": 8,
    "large": 1,
}
_MAKERS: Final[dict[str, Callable[[Garbage], Webhook]]] = {kind: getattr(Garbage, kind) for kind in _WEBHOOKS}


def _encoded(value: Any) -> bytes:
    return json.dumps(value).encode()
