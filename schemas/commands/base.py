"""What every command has in common."""

from __future__ import annotations

from typing import ClassVar, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One command. `VERSION` rises when a field changes its meaning; fields are only ever added."""

    VERSION: ClassVar[int] = 1
