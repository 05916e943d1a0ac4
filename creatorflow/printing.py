"""How the command line prints: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import typer


def plain(row: Any) -> dict[str, Any]:
    """One row as plain data, whichever of the three kinds of record it is."""
    if isinstance(row, tuple) and hasattr(row, "_asdict"):
        row = row._asdict()
    content: dict[str, Any] = msgspec.to_builtins(row, str_keys=True)
    return content


def print_rows(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print rows with the same fields, as a table with a heading or as one JSON list."""
    if as_json:
        print_json(rows)
    elif rows:
        table = [
            [name.replace("_", " ") for name in rows[0]],
            *([_cell(value) for value in row.values()] for row in rows),
        ]
        for line in _aligned(table):
            typer.echo(line)
    else:
        typer.echo("none")


def _aligned(table: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def print_json(content: object) -> None:
    """Print plain data as indented JSON."""
    typer.echo(msgspec.json.format(msgspec.json.encode(content), indent=2).decode())
