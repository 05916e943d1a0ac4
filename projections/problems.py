"""Errors as RFC 9457 problem details: what is wrong, with which field, and why."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

PROBLEM_JSON = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One problem. `field` names the parameter or path part that is wrong, `log_position` how far the answer got."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    field: str = ""
    log_position: int | None = None


class Refused(Exception):
    """A request that cannot be answered as it is."""

    def __init__(
        self, status: int, title: str, detail: str = "", field: str = "", log_position: int | None = None
    ) -> None:
        super().__init__(title)
        self.problem = Problem(title=title, status=status, detail=detail, field=field, log_position=log_position)


def bad_parameter(field: str, reason: str) -> Refused:
    """400: a parameter has a value that it cannot have."""
    return Refused(400, "A parameter is wrong", reason, field)


def not_found(what: str, field: str = "id") -> Refused:
    """404: nothing has this id."""
    return Refused(404, f"There is no such {what}", f"no {what} has this id", field)


def answer(problem: Problem) -> Response:
    """The response that carries a problem."""
    return Response(msgspec.json.encode(problem), problem.status, media_type=PROBLEM_JSON)


def parsed(parameters: dict[str, str], into: type[Any]) -> Any:
    """Query parameters as their typed struct. Raises `Refused` naming the parameter and the reason."""
    for name, value in parameters.items():
        without_nul(name, value)
    try:
        return msgspec.convert(parameters, into, strict=False)
    except msgspec.ValidationError as error:
        raise bad_parameter(*_named(str(error))) from None


def without_nul(name: str, value: str) -> str:
    """Text without the one character that PostgreSQL cannot hold. Raises `Refused`."""
    if "\0" in value:
        raise bad_parameter(name.replace("\0", ""), "it has a NUL character in it")
    return value


def _named(message: str) -> tuple[str, str]:
    reason, _, path = message.partition(" - at `$.")
    if path:
        return path.rstrip("`"), reason
    unknown = re.search(r"unknown field `(.*)`", reason)
    return (unknown.group(1), "there is no such parameter") if unknown else ("", reason)


async def on_refused(_request: Request, error: Exception) -> Response:
    """A request that was refused with its reason."""
    assert isinstance(error, Refused)
    return answer(error.problem)


async def on_http_error(_request: Request, error: Exception) -> Response:
    """What the router itself refuses: an unknown path, a method that is not allowed."""
    assert isinstance(error, HTTPException)
    response = answer(Problem(title=error.detail, status=error.status_code))
    response.headers.update(error.headers or {})
    return response


async def on_unavailable(_request: Request, _error: Exception) -> Response:
    """PostgreSQL cannot be reached, or took too long."""
    response = answer(Problem(title="The read models cannot be reached", status=503))
    response.headers["retry-after"] = "1"
    return response


async def on_bug(_request: Request, _error: Exception) -> Response:
    """Our own code failed; the log has the reason, the answer does not."""
    return answer(Problem(title="Something is wrong on our side", status=500))
