"""
What stands in the log can be read for ever.

`tests/contract/golden_stored` holds one file per stored event and version, made once by
`python -m tests.contract.golden_messages`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from aggregates.publication import STORED, public
from aggregates.upcasters import SKIPPED, STEPS, Skipped
from tests.contract.golden_stored import FOLDER, MAPPER, GoldenStored, every_stored, rows_of, version_of

NOW = [golden for golden in every_stored() if golden.version == version_of(STORED[golden.topic])]
FILES = sorted(FOLDER.glob("*.json"))

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def plain(state: bytes) -> dict[str, Any]:
    """The fields of a state."""
    return msgspec.json.decode(state, type=dict[str, Any])


def test_every_stored_event_has_its_golden_files() -> None:
    """One for each version that was ever written; a new event gets its own by one command."""
    assert {golden.path for golden in every_stored()} <= set(FILES)


@each_file
def test_golden_event_is_read_today(path: Path) -> None:
    """A file outlives its class: it is read under its name, under the name that came after, or passed by rule."""
    for row in rows_of(path):
        event = MAPPER.to_domain_event(row)
        assert isinstance(event, Skipped) or type(event) in STORED.values()


@pytest.mark.parametrize("golden", NOW, ids=lambda golden: golden.path.stem)
def test_golden_event_of_today_keeps_every_field(golden: GoldenStored) -> None:
    """Read and written again nothing of it is lost; fields that came later have their defaults."""
    for row in rows_of(golden.path):
        again = MAPPER.to_stored_event(MAPPER.to_domain_event(row))
        assert (again.topic, again.originator_id) == (row.topic, row.originator_id)
        assert plain(row.state).items() <= plain(again.state).items()


@each_file
def test_field_of_tomorrow_is_harmless(path: Path) -> None:
    """A field that this code does not know changes nothing of what it reads."""
    for row in rows_of(path):
        more = type(row)(row.originator_id, row.originator_version, row.topic, b'{"tomorrow":[1],' + row.state[1:])
        assert MAPPER.to_domain_event(more) == MAPPER.to_domain_event(row)


@each_file
def test_golden_event_is_published_or_private(path: Path) -> None:
    """The least of each event suffices for its public form."""
    for row in rows_of(path):
        public(MAPPER.to_domain_event(row))


def test_steps_lead_to_what_is_read_today() -> None:
    """Each declared old name and version ends at a present class in its present version, and none goes in a circle."""
    for start in STEPS:
        topic, version = start
        for _ in STEPS:
            step = STEPS.get((topic, version))
            topic, version = (topic, version) if step is None else (step.topic, step.version)
        assert version == version_of(STORED[topic])


def test_older_versions_of_present_events_are_lifted() -> None:
    """Whoever raises a `class_version` declares the step."""
    for topic, kind in STORED.items():
        for version in range(1, version_of(kind)):
            assert (topic, version) in STEPS


def test_a_name_is_present_renamed_or_skipped() -> None:
    """No stored name is two of these."""
    renamed = {topic for topic, _ in STEPS} - set(STORED)
    assert not renamed & set(SKIPPED)
    assert not set(SKIPPED) & set(STORED)
