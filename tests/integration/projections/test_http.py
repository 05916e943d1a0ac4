"""The API over a real PostgreSQL, asked over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from projections import http
from projections.answers import CommandOutcome, Curves, DeadLetter, ItemRates, RawWebhook, WholeDeadLetter
from projections.http import QUESTIONS, build_api
from projections.queries import Crossing
from projections.store import Connection, Reader
from schemas import events
from schemas.shipping import LabelFile
from schemas.values import Person, Rates, Sealed
from tests.integration.projections.standing import agents_stand, apply_all, relay_stands
from tests.unit.projections.histories import (
    HAT,
    NOON,
    SHOP,
    Numbered,
    bought,
    classified,
    fulfilled,
    hats,
    opened,
    placed,
    published,
    received,
    short,
)

pytestmark = pytest.mark.integration

ORDER = Numbered("1001")
NOBODY = "7f9f2b3c-5a64-4f1e-9d0e-2f6d6b8a4c11"
LETTER = DeadLetter(
    id=uuid4(), agent="intake.tiktok", topic="tiktok.webhooks.v1", partition=0, offset=7, kind="bad",
    reason="total: no amount", recorded_at=NOON,
)  # fmt: skip


RATES = ItemRates(
    stock_item_id=HAT, available=3, backordered=0, stock_unknown=False, reviewed_at=NOON, spike_opened_at=NOON,
    rates=Rates(evaluated_at=NOON, normal_per_hour=2.0, observed_per_hour=21.5),
)  # fmt: skip


class Outside:
    """What is handed to the API: keys, labels, webhooks, dead letters and decided commands, in memory."""

    def __init__(self) -> None:
        self.erased = False
        self.decided: dict[str, CommandOutcome] = {}

    async def reveal(self, sealed: Sealed) -> Person | None:
        return None if self.erased else Person(name="Ada Example", street1="1 Main Street")

    async def label(self, shipment: UUID, media_type: str) -> LabelFile | None:
        return LabelFile(media_type=media_type, content=b"label of %s" % str(shipment).encode())

    async def raw_webhooks(self, order: UUID) -> Sequence[RawWebhook]:
        at = RawWebhook(
            topic="tiktok.webhooks.v1",
            partition=2,
            offset=40,
            event_id="evt-1",
            received_at=NOON,
            signature_format="spec",
        )
        return [at] if order == ORDER.id else []

    async def dead_letters(self, limit: int) -> Sequence[DeadLetter]:
        return [LETTER][:limit]

    async def dead_letter(self, letter: UUID) -> WholeDeadLetter | None:
        whole = WholeDeadLetter(letter=LETTER, headers={"event-id": "evt-1"}, body="{}")
        return whole if letter == LETTER.id else None

    async def command_outcome(self, command: str) -> CommandOutcome | None:
        return self.decided.get(command)

    async def command_names(self, causes: Sequence[str]) -> Mapping[str, str]:
        return {cause: "RecordOrder" for cause in causes if cause == "evt-1"}

    async def spikes(self, limit: int) -> Sequence[ItemRates]:
        return [RATES][:limit]

    async def curves(self, item: UUID, hours: int) -> Curves | None:
        shown = Curves(now=RATES, past_spikes=[], units_per_hour=[], contents=[])
        return shown if (item, hours) == (HAT, 168) else None

    def crossing(self) -> Crossing:
        return Crossing(
            raw_webhooks=self.raw_webhooks,
            reveal=self.reveal,
            label=self.label,
            dead_letters=self.dead_letters,
            dead_letter=self.dead_letter,
            command_outcome=self.command_outcome,
            command_names=self.command_names,
            spikes=self.spikes,
            curves=self.curves,
            clock=lambda: NOON,
        )


@pytest.fixture
def outside() -> Outside:
    """Keys that are whole and no decided command."""
    return Outside()


@pytest.fixture
async def client(dsn: str, outside: Outside) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an API over the test's database."""
    reader = Reader(dsn)
    app = build_api(reader, outside.crossing())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://api") as asked:
        yield asked


def story(connection: Connection, *said: events.Event) -> int:
    """Apply these events, and let agents and relay stand at their end; returns that position."""
    log = published(said)
    log[0] = log[0]._replace(cause="evt-1")
    apply_all(connection, log)
    relay_stands(connection, len(log))
    agents_stand(connection, len(log))
    return len(log)


async def items(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """The items of a list."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_answer_says_which_position_it_reflects(client: httpx.AsyncClient, connection: Connection) -> None:
    """In a header and in the body, the same."""
    end = story(connection, *fulfilled(ORDER)[:2])
    answer = await client.get("/orders")
    assert answer.headers["log-position"] == str(end)
    assert answer.json()["meta"]["log_position"] == end


async def test_orders_are_listed_newest_first(client: httpx.AsyncClient, connection: Connection) -> None:
    """With amounts as exact text."""
    story(connection, placed(Numbered("1")), placed(Numbered("2")))
    found = await items(client, "/orders")
    assert [order["number"] for order in found] == ["2", "1"]
    assert found[0]["total"] == "19.90"


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("status=UNPAID", {"2"}),
        ("fulfilment_state=RESERVING", {"1"}),
        ("priority=HIGH", {"1"}),
        (f"shop={SHOP}", {"1", "2"}),
        ("shop=other", set()),
        ("sku=sku-hat", {"1", "2"}),
        ("sku=%20HAT", {"1", "2"}),
        ("sku=sku", set()),
        ("due_before=2026-03-05T00:00:00Z", {"1", "2"}),
        ("due_before=2026-03-04T12:00:00Z", set()),
        ("status=UNPAID&priority=HIGH", set()),
    ],
)
async def test_orders_are_found_by(
    client: httpx.AsyncClient, connection: Connection, asked: str, numbers: set[str]
) -> None:
    """Each filter narrows the list, and they add up."""
    story(
        connection,
        placed(Numbered("1")),
        classified(Numbered("1"), 90, "HIGH"),
        placed(Numbered("2"), status="UNPAID", state="WAITING"),
    )
    assert {order["number"] for order in await items(client, f"/orders?{asked}")} == numbers


async def test_pages_are_stable_while_rows_change(client: httpx.AsyncClient, connection: Connection) -> None:
    """Orders that come or change between two pages move nobody from one page to another."""
    story(connection, *(placed(Numbered(str(number))) for number in range(5)))
    first = (await client.get("/orders?limit=2")).json()
    late = [placed(Numbered("9")), classified(Numbered("1")), classified(Numbered("4"))]
    apply_all(connection, published(late, after=5))
    second = (await client.get(f"/orders?limit=2&cursor={first['meta']['next_cursor']}")).json()
    third = (await client.get(f"/orders?limit=2&cursor={second['meta']['next_cursor']}")).json()
    assert [order["number"] for page in (first, second, third) for order in page["items"]] == ["4", "3", "2", "1", "0"]
    assert third["meta"]["next_cursor"] is None


@pytest.mark.parametrize("named", [str(ORDER.id), f"tiktok:{SHOP}:1001"])
async def test_order_is_found_by_id_and_by_number(
    client: httpx.AsyncClient, connection: Connection, named: str
) -> None:
    """With its lines, address, stock, packages and open alerts beside it."""
    held = events.OrderHeld(order_id=ORDER.id, reason="by hand")
    story(connection, *hats(), *fulfilled(ORDER), held)
    whole = (await client.get(f"/orders/{named}")).json()["item"]
    assert whole["order"]["waits_for"] == "a person: by hand"
    assert whole["lines"][0]["unit_price"] == {"amount": "19.90", "currency": "USD"}
    assert whole["ship_to"]["person"]["name"] == "Ada Example"
    assert [item["on_hand"] for item in whole["stock"]] == [9]
    assert [package["tracking_number"] for package in whole["shipments"]] == ["T1001"]
    assert [alert["kind"] for alert in whole["alerts"]] == ["order-held"]


async def test_person_whose_key_was_destroyed_is_erased(
    client: httpx.AsyncClient, connection: Connection, outside: Outside
) -> None:
    """The order is shown as it was, without the person."""
    story(connection, placed(ORDER))
    outside.erased = True
    whole = (await client.get(f"/orders/{ORDER.id}")).json()["item"]
    assert whole["ship_to"]["person"] == "erased"
    assert whole["ship_to"]["city"] == "Columbus"


async def test_person_stands_in_no_list(client: httpx.AsyncClient, connection: Connection) -> None:
    """Only the order itself shows a name or a street, and nothing shows what is sealed."""
    story(connection, *hats(), *fulfilled(ORDER))
    for path in ("/orders", f"/shipments/{ORDER.shipment}", "/alerts", "/stock-items"):
        text = (await client.get(path)).text
        assert "Ada" not in text
        assert "c2VhbGVk" not in text


async def test_timeline_leads_from_the_webhook_to_the_label(client: httpx.AsyncClient, connection: Connection) -> None:
    """Every event of the order, of its package and of its stock, in order, each with what caused it."""
    story(connection, *fulfilled(ORDER)[:2], *hats(), *fulfilled(ORDER)[2:], placed(Numbered("2")))
    answer = (await client.get(f"/orders/{ORDER.id}/timeline")).json()
    happened = answer["items"]
    assert [event["event"] for event in happened] == [type(event).__name__ for event in fulfilled(ORDER)]
    assert happened[0]["cause"]["kind"] == "webhook"
    assert happened[0]["cause"]["command"] == "RecordOrder"
    assert happened[0]["cause"]["webhook"]["offset"] == 40
    assert happened[1]["cause"] == {
        "id": "1.0", "kind": "event", "command": None, "position": 1, "webhook": None
    }  # fmt: skip
    assert answer["webhooks"][0]["event_id"] == "evt-1"


async def test_timeline_comes_in_pages(client: httpx.AsyncClient, connection: Connection) -> None:
    """Following the cursor gives every event once."""
    story(connection, *hats(), *fulfilled(ORDER))
    path, found = f"/orders/{ORDER.id}/timeline?limit=5", []
    cursor = None
    while True:
        answer = (await client.get(path if cursor is None else f"{path}&cursor={cursor}")).json()
        found += [event["position"] for event in answer["items"]]
        cursor = answer["meta"]["next_cursor"]
        if cursor is None:
            break
    assert found == list(range(4, 16))


async def test_stock_item_is_shown(client: httpx.AsyncClient, connection: Connection) -> None:
    """In the list and by either of its names."""
    story(connection, *hats())
    assert [item["available"] for item in await items(client, f"/stock-items?shop={SHOP}")] == [10]
    for named in (str(HAT), f"tiktok:{SHOP}:sku-hat"):
        assert (await client.get(f"/stock-items/{named}")).json()["item"]["on_hand"] == 10


async def test_alerts_are_the_open_ones_unless_asked(client: httpx.AsyncClient, connection: Connection) -> None:
    """A closed alert is listed among the closed ones."""
    story(connection, *hats(), short(ORDER), received(5), short(Numbered("2"), stock_unknown=True))
    assert [alert["kind"] for alert in await items(client, "/alerts")] == ["stock-unknown"]
    assert [alert["kind"] for alert in await items(client, "/alerts?state=closed")] == ["stock-short"]


async def test_alerts_that_nobody_saw_are_found(client: httpx.AsyncClient, connection: Connection) -> None:
    """Whoever looks for work need not see again what others look after."""
    position = len(hats()) + 1
    seen = events.StockAlertAcknowledged(
        stock_item_id=HAT, kind="stock-short", opened_position=position, by="ann", note="ordered"
    )
    depleted = events.StockDepleted(stock_item_id=HAT, occurred_at=NOON)
    story(connection, *hats(), short(ORDER), seen, depleted)
    assert [alert["kind"] for alert in await items(client, "/alerts?acknowledged=false")] == ["stock-depleted"]
    (found,) = await items(client, "/alerts?acknowledged=true")
    assert (found["kind"], found["acknowledged_by"], found["note"]) == ("stock-short", "ann", "ordered")


async def test_dead_letter_is_shown_with_its_body(client: httpx.AsyncClient) -> None:
    """By its id; another id is 404, and what is no id 400."""
    answer = await client.get(f"/dead-letters/{LETTER.id}")
    assert answer.status_code == 200
    found = answer.json()["item"]
    assert (found["letter"]["reason"], found["body"], found["headers"]) == (LETTER.reason, "{}", {"event-id": "evt-1"})
    assert (await client.get(f"/dead-letters/{uuid4()}")).status_code == 404
    assert (await client.get("/dead-letters/first")).status_code == 400


async def test_reorders_and_dead_letters_are_listed(client: httpx.AsyncClient, connection: Connection) -> None:
    """What was ordered from suppliers, and what was passed."""
    prepared = events.ReorderPrepared(replenishment_id=uuid4(), stock_item_id=HAT, reorder_id="A", quantity=20)
    story(connection, prepared)
    assert [reorder["state"] for reorder in await items(client, f"/reorders?stock_item={HAT}")] == ["prepared"]
    assert [letter["reason"] for letter in await items(client, "/dead-letters")] == ["total: no amount"]


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        ("", "*/*", "application/pdf"),
        ("", "application/zpl", "application/zpl"),
        ("", "text/html, application/zpl;q=0.9", "application/zpl"),
        ("?format=zpl", "application/pdf", "application/zpl"),
    ],
)
async def test_label_comes_in_the_format_that_is_asked_for(
    client: httpx.AsyncClient, connection: Connection, path: str, accept: str, media_type: str
) -> None:
    """The parameter wins over the header, and PDF is what comes without a wish."""
    story(connection, *hats(), *fulfilled(ORDER))
    answer = await client.get(f"/shipments/{ORDER.shipment}/label{path}", headers={"accept": accept})
    assert answer.headers["content-type"] == media_type
    assert answer.content == b"label of %s" % str(ORDER.shipment).encode()


async def test_package_without_a_live_label_has_no_file(client: httpx.AsyncClient, connection: Connection) -> None:
    """Neither before the label was bought, nor after the package was cancelled."""
    story(connection, *fulfilled(ORDER)[5:7])
    assert (await client.get(f"/shipments/{ORDER.shipment}/label")).status_code == 409


async def test_packages_are_listed_by_what_is_asked_for(client: httpx.AsyncClient, connection: Connection) -> None:
    """By number, by order, and those that no carrier has scanned in time."""
    other = Numbered("1002")
    late = msgspec.structs.replace(bought(ORDER), scan_by=NOON - timedelta(hours=1))
    early = msgspec.structs.replace(bought(other), scan_by=NOON + timedelta(hours=1), tracking_number="T1001")
    apply_all(connection, published([opened(ORDER), late, opened(other), early]))

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/shipments?{query}")
        assert answer.status_code == 200, answer.text
        return [item["package"] for item in answer.json()["items"]]

    assert await listed("tracking_number=T1001") == ["1001-1", "1002-1"]
    assert await listed(f"order={other.id}&state=LABELLED") == ["1002-1"]
    assert await listed("unscanned=true") == ["1001-1"]


async def test_label_of_a_stopped_package_is_not_handed_out(client: httpx.AsyncClient, connection: Connection) -> None:
    """The problem says why it stays."""
    stopped = events.ShipmentStopped(shipment_id=ORDER.shipment, order_id=ORDER.id, reason="the buyer asks to cancel")
    apply_all(connection, published([opened(ORDER), bought(ORDER), stopped]))
    answer = await client.get(f"/shipments/{ORDER.shipment}/label")
    assert answer.status_code == 409
    assert "the buyer asks to cancel" in answer.json()["detail"]


async def test_label_in_no_format_that_there_is(client: httpx.AsyncClient, connection: Connection) -> None:
    """A client that accepts neither PDF nor ZPL is told so."""
    story(connection, *hats(), *fulfilled(ORDER))
    answer = await client.get(f"/shipments/{ORDER.shipment}/label", headers={"accept": "image/png"})
    assert (answer.status_code, answer.json()["field"]) == (406, "accept")


async def test_at_least_waits_until_the_agents_are_there(client: httpx.AsyncClient, connection: Connection) -> None:
    """The answer comes as soon as it reflects the position, and not before."""
    end = story(connection, placed(ORDER))
    agents_stand(connection, 0, next_offset=0)
    waiting = asyncio.create_task(client.get(f"/orders?at_least={end}"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    agents_stand(connection, end)
    answer = await asyncio.wait_for(waiting, 2)
    assert int(answer.headers["log-position"]) >= end


async def test_at_least_ends_after_its_limit(
    client: httpx.AsyncClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A position that does not come in time is a 504 that says how far it got."""
    monkeypatch.setattr(http, "AT_LEAST_SECONDS_MAX", 0.2)
    end = story(connection, placed(ORDER))
    answer = await client.get(f"/orders?at_least={end + 1}")
    assert answer.status_code == 504
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["field"], answer.json()["log_position"]) == ("at_least", end)


async def test_at_least_does_not_wait_for_topics_that_feed_others(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    """Stock levels that reflect a position answer, however far the order board is behind."""
    end = story(connection, *hats())
    agents_stand(connection, 0, next_offset=0, topic="orders.events.v1")
    assert (await client.get(f"/stock-items?at_least={end}")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/orders?limit=0", 400, "limit"),
        ("/orders?limit=501", 400, "limit"),
        ("/orders?limit=ten", 400, "limit"),
        ("/orders?cursor=-1", 400, "cursor"),
        ("/orders?cursor=99999999999999999999", 400, "cursor"),
        ("/orders?due_before=yesterday", 400, "due_before"),
        ("/orders?due_before=2026-03-05T00:00:00", 400, "due_before"),
        ("/orders?priority=URGENT", 400, "priority"),
        ("/orders?colour=red", 400, "colour"),
        ("/orders?late=lunch", 400, "late"),
        ("/orders?at_least=-1", 400, "at_least"),
        ("/orders/not-an-id", 400, "id"),
        (f"/orders/{NOBODY}", 404, "id"),
        (f"/orders/tiktok:{SHOP}:404", 404, "id"),
        (f"/orders/{NOBODY}/timeline", 404, "id"),
        (f"/stock-items/{NOBODY}", 404, "id"),
        (f"/shipments/{NOBODY}", 404, "id"),
        (f"/shipments/{NOBODY}/label", 404, "id"),
        ("/alerts?subject=me", 400, "subject"),
        ("/commands/x?wait=11", 400, "wait"),
    ],
)
async def test_problem_names_field_and_reason(client: httpx.AsyncClient, path: str, status: int, field: str) -> None:
    """Whatever is wrong with a request comes as a problem detail."""
    answer = await client.get(path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["field"]) == (status, status, field)
    assert problem["detail"]


async def test_path_and_method_that_do_not_exist_are_problems(client: httpx.AsyncClient) -> None:
    """The router's own refusals have the same form."""
    for answer, status in ((await client.get("/nothing"), 404), (await client.post("/orders"), 405)):
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("text", ["%00", "'; DROP TABLE order_board; --", "%ED%A0%80", "\U0001f3a9" * 50])
async def test_strange_text_finds_nothing(client: httpx.AsyncClient, connection: Connection, text: str) -> None:
    """Text from outside is a value, never SQL; what PostgreSQL cannot hold is a problem or finds nothing."""
    story(connection, placed(ORDER))
    answer = await client.get(f"/orders?shop={text}")
    assert answer.status_code == 400 or answer.json()["items"] == []
    assert len(await items(client, "/orders")) == 1


async def test_command_is_awaited(client: httpx.AsyncClient, outside: Outside) -> None:
    """A command that is decided while somebody waits is answered then; one that is not stays pending."""
    assert (await client.get("/commands/abc")).json()["item"]["outcome"] == "pending"
    waiting = asyncio.create_task(client.get("/commands/abc?wait=5"))
    await asyncio.sleep(0.1)
    outside.decided["abc"] = CommandOutcome(id="abc", outcome="decided")
    assert (await asyncio.wait_for(waiting, 2)).json()["item"]["outcome"] == "decided"


async def test_health_says_who_is_behind(client: httpx.AsyncClient, connection: Connection) -> None:
    """An agent that has records to take and has not moved for three minutes is critical, an idle one healthy."""
    story(connection, placed(ORDER))
    connection.execute("UPDATE consumer_offsets SET moved_at = %s", (NOON - timedelta(minutes=4),))
    assert {agent["status"] for agent in (await client.get("/health")).json()["agents"]} == {"healthy"}
    connection.execute("UPDATE consumer_offsets SET next_offset = 3 WHERE agent = 'read-models.orders'")
    found = (await client.get("/health")).json()
    late = [(agent["agent"], agent["lag"]) for agent in found["agents"] if agent["status"] == "critical"]
    assert (found["status"], late) == ("critical", [("read-models.orders", 7)])


async def test_a_process_that_goes_on_without_a_service_is_degraded(
    client: httpx.AsyncClient, connection: Connection
) -> None:
    """Valkey away: the worker works, and whoever looks sees that it is not well; back again, it is."""
    connection.execute(
        "INSERT INTO processes (name, kind, pid, host, started_at, beat_at, details) VALUES"
        " ('worker@h:1', 'worker', 1, 'h', %s, %s, '{\"code\": 2, \"away\": [\"valkey\"]}'),"
        " ('api@h:2', 'api', 2, 'h', %s, %s, '{\"code\": 2}')",
        (NOON,) * 4,
    )
    found = (await client.get("/health")).json()
    assert [(each["kind"], each["status"], each["away"]) for each in found["processes"]] == [
        ("api", "healthy", []),
        ("worker", "degraded", ["valkey"]),
    ]
    assert found["status"] == "degraded"
    connection.execute("UPDATE processes SET details = details || '{\"away\": []}' WHERE kind = 'worker'")
    assert (await client.get("/health")).json()["status"] == "healthy"


async def test_summary_and_metrics_count(client: httpx.AsyncClient, connection: Connection) -> None:
    """Orders by state and open alerts by kind, for people and for Prometheus."""
    story(connection, *hats(), placed(ORDER), short(ORDER))
    found = (await client.get("/summary")).json()
    assert (found["orders"], found["open_alerts"]) == ({"RESERVING": 1}, {"stock-short": 1})
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'creatorflow_orders{state="RESERVING"} 1\n' in answer.text


async def test_openapi_document_describes_every_route(client: httpx.AsyncClient) -> None:
    """Each path is there, with its parameters, and every reference leads somewhere."""
    document = (await client.get("/openapi.json")).json()
    assert {question.path for question in QUESTIONS} < set(document["paths"])
    names = {parameter["name"] for parameter in document["paths"]["/orders"]["get"]["parameters"]}
    assert names == {
        "at_least", "cursor", "limit", "status", "fulfilment_state", "priority", "shop", "sku", "due_before",
        "hopeless", "late",
    }  # fmt: skip
    components = document["components"]["schemas"]
    referred = {reference.rpartition("/")[2] for reference in references(document)}
    assert referred <= set(components)


def references(part: object) -> list[str]:
    """Every reference in a document."""
    if isinstance(part, dict):
        own = [part["$ref"]] if "$ref" in part else []
        return own + [each for value in part.values() for each in references(value)]
    return [each for value in part for each in references(value)] if isinstance(part, list) else []


async def test_server_that_is_away_is_a_503() -> None:
    """While PostgreSQL cannot be reached, the answer says so and when to come again."""
    reader = Reader("host=127.0.0.1 port=1 dbname=nowhere user=nobody connect_timeout=1")
    reader._pool.timeout = 0.2
    app = build_api(reader, Outside().crossing())
    transport = httpx.ASGITransport(app=app)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://api") as asked:
        answer = await asked.get("/orders")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_spikes_and_the_curves_behind_them(client: httpx.AsyncClient) -> None:
    """Open spikes come in one page; one item's rates come with its curves, and an item without any is not found."""
    (spike,) = (await client.get("/spikes")).json()["items"]
    assert (spike["stock_item_id"], spike["rates"]["observed_per_hour"]) == (str(HAT), 21.5)
    assert (await client.get("/spikes", params={"cursor": 1})).status_code == 400
    assert (await client.get(f"/spikes/{HAT}")).json()["item"]["now"] == spike
    for path in (f"/spikes/{NOBODY}", f"/spikes/{HAT}?hours=2"):
        assert (await client.get(path)).status_code == 404
    assert (await client.get(f"/spikes/{HAT}", params={"hours": 673})).status_code == 400
