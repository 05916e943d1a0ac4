"""Every type and version stands under the code number that brought it, so that older code is kept away in time."""

from __future__ import annotations

import pytest

from schemas.envelope import CODE
from tests.contract.codes import CodeIsReleased, Codes, not_listed, read, with_missing, written_now


def test_every_type_and_version_is_listed() -> None:
    """What is new is listed by `python -m tests.contract.golden_messages`, under a number that nobody runs yet."""
    assert not_listed(read()) == set()


def test_code_is_the_highest_number() -> None:
    """The numbers have no gap, and this code's is the last."""
    codes = read()
    assert sorted(codes.brought) == list(range(1, CODE + 1))
    assert codes.released in {CODE, CODE - 1}


def test_nothing_is_listed_twice() -> None:
    """One number brought it."""
    listed = [each for brought in read().brought.values() for each in brought]
    assert len(listed) == len(set(listed))


def test_new_type_needs_a_new_number() -> None:
    """A released number's list is closed: the command refuses to add to it, and says what to do."""
    without = Codes(CODE, {number: [] for number in range(1, CODE + 1)})
    with pytest.raises(CodeIsReleased, match="raise CODE"):
        with_missing(without, CODE)


def test_new_type_comes_under_the_present_number() -> None:
    """What is missing joins the number that is not released yet. Repeated: nothing is missing any more."""
    codes = with_missing(Codes(CODE - 1, {}), CODE)
    assert set(codes.brought[CODE]) == written_now()
    assert with_missing(codes, CODE) == codes
