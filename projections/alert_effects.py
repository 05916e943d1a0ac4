"""What an event may do to alerts: open, count up, close, each with a reason and the figures that a person is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from schemas.events import Event

Figures = dict[str, str | int | None]
When = Callable[[Any], bool]


def always(_event: Event) -> bool:
    return True


class Opens(NamedTuple):
    """An event opens (or counts up) an alert, with a reason and figures, where `when` holds."""

    kind: str
    severity: Literal["critical", "warning"]
    reason: Callable[[Any], str]
    figures: Callable[[Any], Figures]
    when: When = always


class Closes(NamedTuple):
    """An event ends the cause of these alerts where `when` holds."""

    kinds: tuple[str, ...]
    when: When = always


class Effect(NamedTuple):
    """What one type of event does to alerts."""

    opens: tuple[Opens, ...] = ()
    closes: tuple[Closes, ...] = ()


NOTHING = Effect()
