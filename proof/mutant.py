"""
A build that skips the compare-and-set on purpose, so that one sees whether the checker would notice.

An offset is written and never compared: `advance_offsets` always succeeds, and a worker takes whatever is handed to it
for what comes next. Blinding the function alone is not enough to be seen: what a worker remembers of its place, the
inbox, the log positions and the unique versions each hold the line behind it. `python -m proof.mutant` is the worker of
that build.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import psycopg

from aggregates.event_store.consumer_offsets import Place
from creatorflow import cli
from creatorflow.devstack import ServiceSpec, creatorflow_processes
from creatorflow.settings import Settings
from proof import stacks
from streams import consuming
from streams.consuming import Raw

_NEVER_COMPARES = """
CREATE OR REPLACE FUNCTION advance_offsets(
    of_agent text, of_topic text, partitions integer[], froms bigint[], untils bigint[], positions bigint[]
) RETURNS void LANGUAGE sql AS $$
    UPDATE consumer_offsets AS o
    SET next_offset = v.until, seen_position = greatest(o.seen_position, v.position), starts = 0, moved_at = now()
    FROM unnest(partitions, untils, positions) AS v (partition, until, position)
    WHERE o.agent = of_agent AND o.topic = of_topic AND o.partition = v.partition
$$;
"""


def prepare(settings: Settings) -> None:
    """Make topics and tables, with the mutated function among them."""
    stacks.prepare(settings)
    with psycopg.connect(settings.postgres, autocommit=True) as connection:
        connection.execute(_NEVER_COMPARES)


def processes_of(settings: Settings) -> list[ServiceSpec]:
    """The product's processes, the workers of this build."""
    return [
        spec.model_copy(update={"command": (sys.executable, "-m", "proof.mutant")})
        if spec.name.startswith("worker")
        else spec
        for spec in creatorflow_processes(settings)
    ]


def whatever_comes(records: Sequence[Raw], place: Place) -> tuple[list[Raw], int | None]:
    """All records, whether or not they start where the agent stands, and never a gap."""
    return list(records), None


def main() -> None:
    """Run the worker of this build."""
    consuming.fresh = whatever_comes
    sys.argv = ["creatorflow", "worker"]
    cli.main()


if __name__ == "__main__":
    main()
