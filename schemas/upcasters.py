"""
Public messages of older versions to the present one, pure.

A version is raised only where a field changes its meaning or goes; a field that is added has a default and needs no
step. Old records stay on their topics for up to 30 days, and in dead letters for longer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
Upcast = Callable[[Body], Body]

UPCASTERS: Mapping[tuple[str, int], Upcast] = {}
"""By a message's name and version: how its body becomes that of the next version."""


def upcast(name: str, version: int, until: int, body: Body, upcasters: Mapping[tuple[str, int], Upcast]) -> Body:
    """The body as version `until` has it. Raises `KeyError` for a version without a step."""
    for step in range(version, until):
        body = upcasters[name, step](body)
    return body
