"""What every public event is."""

from __future__ import annotations

from typing import ClassVar, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One public event. `VERSION` rises when a field changes its meaning; fields are only ever added."""

    VERSION: ClassVar[int] = 1
