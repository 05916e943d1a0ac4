"""The shop registry in a real store, by its command line."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from aggregates.event_store import shops
from aggregates.event_store.connection import Connection
from aggregates.policies.clocks import Calendar
from creatorflow.bootstrap import DEMO_SHOP
from creatorflow.cli import app
from streams.calendars import calendars

SHOP = "7490000000000000002"
NAME = f"tiktok:{SHOP}"


@pytest.fixture(autouse=True)
def store(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line asks this store."""
    monkeypatch.setenv("CREATORFLOW_POSTGRES", database)


def run(*arguments: str) -> Any:
    """What a command printed as JSON."""
    result = CliRunner().invoke(app, ["shops", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def refused(*arguments: str) -> str:
    """Why a command did nothing."""
    result = CliRunner().invoke(app, ["shops", *arguments])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    return str(result.output)


def test_a_shop_is_added_once_and_observes() -> None:
    """Done, repeated, and refused where it belongs to somebody else."""
    added = run("add", NAME, "--user", "ann", "--time-zone", "America/New_York", "--holiday", "2026-12-25")
    assert (added["added"], added["redelivered"], added["shop"]["live_labels"]) == (True, 0, False)
    assert run("add", NAME, "--user", "ann", "--time-zone", "America/New_York")["added"] is False
    assert "for ann in America/New_York" in refused("add", NAME, "--user", "ben")
    listed = {each["shop"]: each for each in run("list")}
    assert set(listed) == {f"tiktok:{DEMO_SHOP.shop}", NAME}
    assert (listed[NAME]["settings"], listed[NAME]["withheld"]) == ({"holidays": ["2026-12-25"]}, 0)
    assert run("withheld") == []


def test_decisions_know_a_shop_s_days(opened: Connection) -> None:
    """Its time zone and its holidays; the demo shop has none."""
    run("add", NAME, "--user", "ann", "--time-zone", "America/New_York", "--holiday", "2026-12-25")
    days = calendars(shops.every(opened))
    assert days["tiktok", SHOP] == Calendar(ZoneInfo("America/New_York"), frozenset({date(2026, 12, 25)}))
    assert days["tiktok", DEMO_SHOP.shop] == Calendar(ZoneInfo("UTC"))


def test_a_shop_is_set_up(opened: Connection) -> None:
    """A setting by its name, newer code's stay; one that is unknown, of another kind or shop is refused."""
    run("add", NAME, "--user", "ann")
    run("set", NAME, "holidays", '["2026-12-25", "2026-12-26"]')
    found = shops.find(opened, "tiktok", SHOP)
    assert found is not None
    assert len(found.settings.holidays) == 2
    opened.execute(
        "UPDATE shops SET settings = settings || jsonb_build_object('of_tomorrow', 1) WHERE shop = %s", (SHOP,)
    )
    assert run("set", NAME, "holidays", "[]")["settings"] == {}
    assert opened.execute("SELECT settings ->> 'of_tomorrow' FROM shops WHERE shop = %s", (SHOP,)).fetchone() == ("1",)
    assert "holidays" in refused("set", NAME, "vacation", "July")
    assert "holidays" in refused("set", NAME, "holidays", "July")
    assert "no registered shop" in refused("set", "tiktok:1", "holidays", "[]")


def test_a_shop_goes_live_door_by_door() -> None:
    """One door after the other, none closes again; repeated, nothing changes; an unknown shop is refused."""
    run("add", NAME, "--user", "ann")
    assert run("go-live", NAME, "--labels")["live_labels"] is True
    shop = run("go-live", NAME, "--buying")
    assert (shop["live_stock"], shop["live_labels"], shop["live_buying"]) == (False, True, True)
    assert run("go-live", NAME, "--buying") == shop
    assert "no registered shop" in refused("go-live", "tiktok:1", "--labels")
