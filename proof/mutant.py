"""
A build that skips the compare-and-set on purpose, so that one sees whether the checker would notice.

`advance_offsets` does nothing and succeeds: no worker finds out that another one took its partition, and one that
starts, or is given a partition, reads what was read before. Without faults nobody does, as a worker remembers where it
is. A function that still sets and only does not compare is not enough to be seen: the inbox, the log positions in the
same row and the unique versions each hold the line behind it.
"""

from __future__ import annotations

from typing import Final

import psycopg

from creatorflow.settings import Settings
from proof import stacks

ALWAYS_BROKEN: Final = "kafka-not-ahead"
"""The row never moves, so what is committed to Kafka is ahead of it; that alone is not taken for a catch."""

_NOTHING: Final = """
CREATE OR REPLACE FUNCTION advance_offsets(
    of_agent text, of_topic text, partitions integer[], froms bigint[], untils bigint[], positions bigint[]
) RETURNS void LANGUAGE sql AS $$ SELECT $$
"""


def prepare(settings: Settings) -> None:
    """Make topics and tables, with the mutated function among them."""
    stacks.prepare(settings)
    with psycopg.connect(settings.postgres, autocommit=True) as connection:
        connection.execute(_NOTHING)
