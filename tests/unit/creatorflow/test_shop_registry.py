"""What a shop must say of itself before it is registered."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest
from typer.testing import CliRunner

from aggregates.event_store.shops import LABEL_MINUTES_MAX, ShopSettings
from creatorflow.cli import app
from creatorflow.shop_registry import ShopRefused, new_shop, parse_shop

NAME = "tiktok:7490000000000000002"


def test_a_new_shop_observes() -> None:
    """No door of it is open, whatever was said."""
    shop = new_shop(NAME, "ann", "America/New_York", ["2026-12-25", "2026-07-03", "2026-12-25"])
    assert (shop.marketplace, shop.shop, shop.user_id) == ("tiktok", "7490000000000000002", "ann")
    assert [shop.live_stock, shop.live_labels, shop.live_buying] == [False] * 3
    assert shop.settings.holidays == (date(2026, 7, 3), date(2026, 12, 25))


@pytest.mark.parametrize(
    ("name", "user", "time_zone", "holidays", "names"),
    [
        ("7490000000000000002", "ann", "UTC", [], "marketplace:shop"),
        ("ebay:1", "ann", "UTC", [], "tiktok"),
        ("tiktok:", "ann", "UTC", [], "1 to 64"),
        (f"tiktok:{'7' * 65}", "ann", "UTC", [], "1 to 64"),
        ("tiktok:7490:1", "ann", "UTC", [], "1 to 64"),
        (NAME, "", "UTC", [], "seller"),
        (NAME, "ann", "Mars/Olympus", [], "Mars/Olympus"),
        (NAME, "ann", "../../etc/passwd", [], "time zone"),
        (NAME, "ann", "", [], "time zone"),
        (NAME, "ann", "UTC", ["Christmas"], "holiday"),
    ],
)
def test_a_shop_that_cannot_be_is_refused(
    name: str, user: str, time_zone: str, holidays: list[str], names: str
) -> None:
    """The line says what is wrong."""
    with pytest.raises(ShopRefused, match=names):
        new_shop(name, user, time_zone, holidays)


def test_a_shop_is_named_with_its_marketplace() -> None:
    """Two marketplaces may share a number."""
    assert parse_shop(NAME) == ("tiktok", "7490000000000000002")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("add", "ebay:1", "--user", "ann"), "tiktok"),
        (("add", NAME, "--user", "ann", "--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("go-live", NAME), "--labels"),
        (("go-live", NAME, "--labels", "--stock"), "Nothing was opened"),
    ],
)
def test_a_command_that_cannot_be_ends_in_one_line(arguments: tuple[str, ...], names: str) -> None:
    """Exit 1 and the reason, before anything is asked of the store; the door of stock is not in this release."""
    result = CliRunner().invoke(app, ["shops", *arguments])
    assert (result.exit_code, len(result.output.splitlines())) == (1, 1)
    assert names in result.output


@pytest.mark.parametrize("label_when", ["at once", "at print", 1, LABEL_MINUTES_MAX])
def test_a_shop_says_when_its_labels_are_bought(label_when: str | int) -> None:
    """At once, at print, or after so many minutes, a week at most."""
    assert msgspec.convert({"label_when": label_when}, ShopSettings).label_when == label_when


@pytest.mark.parametrize("label_when", ["soon", 0, -1, LABEL_MINUTES_MAX + 1, 1.5, None, True])
def test_a_time_for_labels_that_is_none_is_refused(label_when: object) -> None:
    """The setting stays as it was, and the refusal names it."""
    with pytest.raises(msgspec.ValidationError, match="label_when"):
        msgspec.convert({"label_when": label_when}, ShopSettings)
