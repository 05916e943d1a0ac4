"""Tokens lie sealed in the store, each pair in one piece, and one process at a time may refresh them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from cryptography.exceptions import InvalidTag

from aggregates.event_store.connection import Connection, connect
from aggregates.event_store.tiktok_tokens import ShopGrant, TokenPair, TokenStore

KEY = bytes(range(32))
AT = datetime(2026, 1, 1, tzinfo=UTC)
PAIR = TokenPair("seller", "TTP_access", AT, "TTP_refresh", AT + timedelta(days=300))
SHOPS = [ShopGrant("749", "GCP_1"), ShopGrant("750", "GCP_2")]


@pytest.fixture
def other(database: str) -> Iterator[Connection]:
    """The connection of another process."""
    with connect(database, "other") as connection:
        yield connection


def test_a_consent_opens_its_shops(opened: Connection) -> None:
    """Done: each shop with its cipher and the pair of its seller; another shop has none."""
    store = TokenStore(KEY)
    store.add(opened, PAIR, SHOPS)
    assert store.of_shop(opened, "750") == (SHOPS[1], PAIR)
    assert store.of_shop(opened, "751") is None


def test_a_new_consent_takes_the_place_of_the_old_one(opened: Connection) -> None:
    """Repeated: one row for the seller, with the new pair and the new cipher."""
    store = TokenStore(KEY)
    store.add(opened, PAIR, SHOPS)
    store.add(opened, PAIR._replace(access="TTP_other"), [ShopGrant("749", "GCP_9")])
    found = store.of_shop(opened, "749")
    assert found is not None
    assert (found[0].cipher, found[1].access, found[1].refresh) == ("GCP_9", "TTP_other", "TTP_refresh")


def test_no_token_lies_open(opened: Connection) -> None:
    """Neither token is in its row, and another master key opens none."""
    TokenStore(KEY).add(opened, PAIR, SHOPS)
    (row,) = opened.execute("SELECT access || refresh FROM tiktok_tokens")
    assert b"TTP" not in row[0]
    with pytest.raises(InvalidTag):
        TokenStore(bytes(32)).of_shop(opened, "749")


def test_a_token_that_is_moved_opens_nothing(opened: Connection) -> None:
    """One that somebody put where the other belongs, or under another seller, is refused."""
    TokenStore(KEY).add(opened, PAIR, SHOPS)
    opened.execute("UPDATE tiktok_tokens SET access = refresh")
    with pytest.raises(InvalidTag):
        TokenStore(KEY).of_shop(opened, "749")


def test_who_holds_a_pair_holds_it_alone(opened: Connection, other: Connection) -> None:
    """Raced: a second process waits for the row, and then finds the new pair."""
    store = TokenStore(KEY)
    store.add(opened, PAIR, SHOPS)
    other.execute("SET lock_timeout = '50ms'")
    with store.held(opened, "seller") as held:
        with pytest.raises(psycopg.errors.LockNotAvailable), store.held(other, "seller"):
            pass
        store.replace(opened, held._replace(access="TTP_new", refresh="TTP_new_refresh"))
    with store.held(other, "seller") as found:
        assert (found.access, found.refresh) == ("TTP_new", "TTP_new_refresh")


def test_who_holds_a_pair_may_wait_for_tiktok_longer_than_transactions_usually_take(opened: Connection) -> None:
    """The token service may take half a minute; the store's limits for other work are 10 and 15 s."""
    store = TokenStore(KEY)
    store.add(opened, PAIR, SHOPS)
    with store.held(opened, "seller"):
        names = ("transaction_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
        limits = [opened.execute("SELECT current_setting(%s)", (name,)).fetchone() for name in names]
    assert limits == [("1min",)] * 3


def test_a_refresh_that_breaks_off_changes_nothing(opened: Connection) -> None:
    """The pair is replaced whole or not at all."""
    store = TokenStore(KEY)
    store.add(opened, PAIR, SHOPS)

    def break_off() -> None:
        with store.held(opened, "seller") as held:
            store.replace(opened, held._replace(access="TTP_new"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert store.of_shop(opened, "749") == (SHOPS[0], PAIR)
