"""The OpenAPI document, made from the route table and its types."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from projections.answers import LabelQuery, Query
from projections.problems import PROBLEM_JSON, Problem

REF = "#/components/schemas/{name}"
LABEL_PATH = "/shipments/{id}/label"


class Described(Protocol):
    """What the document says of a route."""

    @property
    def path(self) -> str: ...
    @property
    def ask(self) -> Callable[..., Any]: ...
    @property
    def query(self) -> type[Query]: ...
    @property
    def answer(self) -> Any: ...


def document(questions: Sequence[Described]) -> dict[str, Any]:
    """OpenAPI 3.1 of the whole API."""
    queries: list[type[Query]] = [*(question.query for question in questions), LabelQuery]
    types = [*(question.answer for question in questions), *queries, Problem]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    problem = schemas[-1]
    answered = dict(zip((question.path for question in questions), schemas, strict=False))
    paths = {
        question.path: {"get": _operation(question, answered[question.path], components, problem)}
        for question in questions
    }
    paths[LABEL_PATH] = {"get": _label_operation(components, problem)}
    for query in queries:
        components.pop(query.__name__, None)
    return {
        "openapi": "3.1.0",
        "info": {"title": "CreatorFlow read models", "version": "1"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _operation(question: Described, schema: Any, components: dict[str, Any], problem: Any) -> dict[str, Any]:
    return {
        "operationId": getattr(question.ask, "__name__", question.path),
        "summary": (inspect.getdoc(question.ask) or "").splitlines()[0],
        "parameters": _parameters(question.path, question.query, components),
        "responses": _responses({"application/json": {"schema": schema}}, problem),
    }


def _label_operation(components: dict[str, Any], problem: Any) -> dict[str, Any]:
    file = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    return {
        "operationId": "label",
        "summary": "The label file of one package.",
        "parameters": _parameters(LABEL_PATH, LabelQuery, components),
        "responses": _responses({"application/pdf": file, "application/zpl": file}, problem),
    }


def _responses(content: dict[str, Any], problem: Any) -> dict[str, Any]:
    position = {"description": "The log position that the answer reflects.", "schema": {"type": "integer"}}
    return {
        "200": {"description": "Found.", "headers": {"Log-Position": position}, "content": content},
        "default": {"description": "A problem.", "content": {PROBLEM_JSON: {"schema": problem}}},
    }


def _parameters(path: str, query: type[Query], components: dict[str, Any]) -> list[dict[str, Any]]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path)
    ]
    in_query = [
        {"name": name, "in": "query", "required": False, "schema": schema}
        for name, schema in components[query.__name__]["properties"].items()
    ]
    return [*in_path, *in_query]
