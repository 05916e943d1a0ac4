"""
The read models over HTTP: JSON out, nothing in.

Every answer says which log position it reflects, and waits for one when it is asked to. Every error is a
problem detail.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from projections import answers, metrics, openapi, problems, queries
from projections.alerts import AlertRow
from projections.answers import One, Page, WholeOrder
from projections.catalogue import READ_MODELS
from projections.order_board import OrderRow
from projections.problems import Refused
from projections.queries import Asked, Crossing
from projections.reorders import ReorderRow
from projections.shipment_tracking import ShipmentRow
from projections.stock_levels import StockRow
from projections.store import Reader, Unavailable

AT_LEAST_SECONDS_MAX = 10.0
AT_LEAST_POLL_SECONDS = 0.02
EVERYTHING = tuple(READ_MODELS)
LABEL_TYPES = {"pdf": "application/pdf", "zpl": "application/zpl"}

_encoder = msgspec.json.Encoder()


class Question(NamedTuple):
    """
    One route: what it is asked with, what it answers, and the read models that the answer comes from.

    Without read models it reads tables of the event store, which are always at the log's end.
    """

    path: str
    ask: Callable[[Asked], Awaitable[Any]]
    query: type[answers.Query]
    answer: Any
    models: tuple[str, ...] = ()


QUESTIONS = (
    Question("/orders", queries.orders, answers.OrdersQuery, Page[OrderRow], ("order_board",)),
    Question("/orders/{id}", queries.order, answers.Query, One[WholeOrder], EVERYTHING),
    Question("/orders/{id}/timeline", queries.timeline, answers.PageQuery, answers.Timeline, ("timeline",)),
    Question("/spikes", queries.spikes, answers.PageQuery, Page[answers.ItemRates]),
    Question("/spikes/{id}", queries.curves, answers.CurvesQuery, One[answers.Curves]),
    Question("/stock-items", queries.stock_items, answers.StockQuery, Page[StockRow], ("stock_levels",)),
    Question("/stock-items/{id}", queries.stock_item, answers.Query, One[StockRow], ("stock_levels",)),
    Question("/shipments", queries.shipments, answers.ShipmentsQuery, Page[ShipmentRow], ("shipment_tracking",)),
    Question("/shipments/{id}", queries.shipment, answers.Query, One[ShipmentRow], ("shipment_tracking",)),
    Question("/alerts", queries.alert_list, answers.AlertsQuery, Page[AlertRow], ("alerts",)),
    Question("/reorders", queries.reorder_list, answers.ReordersQuery, Page[ReorderRow], ("reorders",)),
    Question("/dead-letters", queries.dead_letters, answers.PageQuery, Page[answers.DeadLetter]),
    Question("/dead-letters/{id}", queries.dead_letter, answers.Query, One[answers.WholeDeadLetter]),
    Question("/commands/{id}", queries.command, answers.CommandQuery, One[answers.CommandOutcome]),
    Question("/summary", queries.summary, answers.Query, answers.Summary, ("order_board", "alerts")),
    Question("/health", queries.health, answers.Query, answers.Health, EVERYTHING),
)


def build_api(reader: Reader, crossing: Crossing) -> Starlette:
    """The application. It opens and closes the reader's pool with its own life."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await reader.open()
        yield
        await reader.close()

    document = _encoder.encode(openapi.document(QUESTIONS))

    async def openapi_json(_request: Request) -> Response:
        return Response(document, media_type="application/json")

    return Starlette(
        lifespan=lifespan,
        routes=[
            *(Route(question.path, _endpoint(question, reader, crossing), methods=["GET"]) for question in QUESTIONS),
            Route("/shipments/{id}/label", _label_endpoint(reader, crossing), methods=["GET"]),
            Route("/metrics", _metrics_endpoint(reader, crossing), methods=["GET"]),
            Route("/openapi.json", openapi_json, methods=["GET"]),
        ],
        exception_handlers={
            Refused: problems.on_refused,
            Unavailable: problems.on_unavailable,
            HTTPException: problems.on_http_error,
            Exception: problems.on_bug,
        },
    )


Endpoint = Callable[[Request], Awaitable[Response]]


def _endpoint(question: Question, reader: Reader, crossing: Crossing) -> Endpoint:
    async def answer(request: Request) -> Response:
        asked = await _asked(request, reader, crossing, question.query, question.models)
        found = await question.ask(asked)
        return _reflecting(asked, Response(_encoder.encode(found), media_type="application/json"))

    return answer


def _label_endpoint(reader: Reader, crossing: Crossing) -> Endpoint:
    async def answer(request: Request) -> Response:
        asked = await _asked(request, reader, crossing, answers.LabelQuery, ("shipment_tracking",))
        media_type = label_type(asked.query.format, request.headers.get("accept", "*/*"))
        file = await queries.label(asked, media_type)
        return _reflecting(asked, Response(file.content, media_type=file.media_type))

    return answer


def _metrics_endpoint(reader: Reader, crossing: Crossing) -> Endpoint:
    async def answer(request: Request) -> Response:
        asked = await _asked(request, reader, crossing, answers.Query, EVERYTHING)
        text = metrics.exposition(await queries.health(asked), await queries.summary(asked), await reader.end())
        return _reflecting(asked, Response(text, media_type=metrics.MEDIA_TYPE))

    return answer


async def _asked(
    request: Request, reader: Reader, crossing: Crossing, query: type[answers.Query], models: tuple[str, ...]
) -> Asked:
    key = problems.without_nul("id", request.path_params.get("id", ""))
    parameters = problems.parsed(dict(request.query_params), query)
    position = await reflecting(reader, models, parameters.at_least)
    return Asked(reader, crossing, key, parameters, position)


async def reflecting(reader: Reader, models: tuple[str, ...], at_least: int | None) -> int:
    """
    The log position that an answer from these read models reflects, once it is at least the one asked for.

    It is read before the rows, so the rows reflect it or more. Refused with 504 when the time is over.
    """
    ends = asyncio.get_running_loop().time() + AT_LEAST_SECONDS_MAX
    topics = sorted({topic for name in models for topic in READ_MODELS[name].topics})
    while True:
        position = await reader.reflected(topics) if topics else await reader.end()
        if at_least is None or position >= at_least:
            return position
        if asyncio.get_running_loop().time() >= ends:
            reached = f"the read models reflect log position {position}, not yet {at_least}"
            raise Refused(504, "The read models are not there yet", reached, "at_least", position)
        await asyncio.sleep(AT_LEAST_POLL_SECONDS)


def _reflecting(asked: Asked, response: Response) -> Response:
    response.headers["log-position"] = str(asked.position)
    return response


def label_type(asked_for: str | None, accept: str) -> str:
    """The media type of a label: the parameter's, else the first that the Accept header names, else PDF."""
    if asked_for is not None:
        return LABEL_TYPES[asked_for]
    accepted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for media_type in accepted:
        if media_type in LABEL_TYPES.values():
            return media_type
        if media_type in {"", "*/*", "application/*"}:
            return LABEL_TYPES["pdf"]
    raise Refused(406, "A label is a PDF or a ZPL file", f"neither is in {accept!r}", "accept")
