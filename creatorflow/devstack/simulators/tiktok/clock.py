"""The simulator's own time: the wall's, moved ahead as far as it was told."""

from __future__ import annotations

from collections.abc import Callable


class Clock:
    """Seconds. Moving ahead never moves back."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self.wall = wall
        self._ahead = 0.0

    def now(self) -> int:
        """The second that it is here."""
        return int(self.moment())

    def moment(self) -> float:
        """The same with its fraction."""
        return self.wall() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._ahead += seconds
