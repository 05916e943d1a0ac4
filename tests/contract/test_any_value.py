"""Any value survives the codec: every command, public event and stored event comes back as it was written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregates.publication import STORED
from schemas import codec
from tests.contract.golden_messages import KINDS
from tests.contract.golden_stored import MAPPER
from tests.values import any_of

EXAMPLES = 20

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
each_stored = pytest.mark.parametrize("kind", STORED.values(), ids=lambda kind: kind.TOPIC)
some = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


@each_kind
@some
@given(data=st.data())
def test_any_message_survives_its_topic(kind: type[Any], data: st.DataObject) -> None:
    """Decoded it is equal, and encoded again it is the same bytes."""
    message = data.draw(any_of(kind))
    body = codec.encode(message)
    again = codec.decode(kind.__name__, kind.VERSION, body)
    assert again == message
    assert codec.encode(again) == body


@each_stored
@some
@given(data=st.data())
def test_any_stored_event_survives_the_log(kind: type[Any], data: st.DataObject) -> None:
    """Read it is equal, typed, and stored again it is the same bytes."""
    event = data.draw(any_of(kind))
    row = MAPPER.to_stored_event(event)
    again = MAPPER.to_domain_event(row)
    assert (type(again), again) == (kind, event)
    assert MAPPER.to_stored_event(again) == row
