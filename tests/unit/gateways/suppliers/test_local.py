"""The local supplier's date."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateways.suppliers.local import LocalSupplier, supplier_record
from tests.conformance.requests import a_reorder


async def test_units_are_due_after_the_lead_time_and_the_date_stays(tmp_path: Path) -> None:
    """The date is counted from the order, and a repeat hours later is told the same."""
    times = iter([datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 18, tzinfo=UTC)])
    supplier = LocalSupplier(supplier_record(tmp_path, "here"), lead_time_hours=48, now=lambda: next(times))
    order = a_reorder()
    first = await supplier.place(order)
    assert first.due_at == datetime(2026, 1, 3, 12, tzinfo=UTC)
    assert await supplier.place(order) == first
