"""What an answer of TikTok's says of each package."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateways.http_client import Answer
from gateways.marketplaces import DONE, PushResult
from gateways.tiktok.mapping import package_results, request_failure, shipped_as


def _answer(body: Any, status: int = 200) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def _with_errors(*errors: dict[str, Any]) -> Answer:
    return _answer({"code": 0, "message": "Success", "request_id": "r", "data": {"errors": list(errors)}})


@pytest.mark.parametrize("data", [None, {}, {"errors": []}, {"errors": [], "new_field": 1}])
def test_code_0_without_errors_is_done_for_all(data: Any) -> None:
    """Done, whatever else is in the answer."""
    results = package_results(_answer({"code": 0, "message": "Success", "data": data}), ["1", "2"])
    assert [result.result for result in results] == [DONE, DONE]


def test_a_listed_failure_is_of_its_package_alone() -> None:
    """Code 0 with a failure in `data.errors` is not a success for that package."""
    results = package_results(
        _with_errors({"code": 21011044, "message": "77 Marker Street", "detail": {"package_id": "2"}}), ["1", "2", "3"]
    )
    assert [result.result.outcome for result in results] == ["done", "refused", "done"]
    assert results[1].result.reason == "TikTok answered code 21011044: order is on hold"


def test_a_failure_that_names_no_package_makes_the_rest_unknown() -> None:
    """Whose it is cannot be told, so none is called done."""
    results = package_results(_with_errors({"code": 1, "message": "?"}), ["1", "2"])
    assert [result.result.outcome for result in results] == ["unknown", "unknown"]


@pytest.mark.parametrize("code", [21011006, 21011020, 21008099, 21022025])
def test_shipped_already_is_checked(code: int) -> None:
    """Neither done nor refused until the tracking number there is known."""
    (result,) = package_results(_with_errors({"code": code, "message": "", "detail": {"package_id": "1"}}), ["1"])
    assert result.check


@pytest.mark.parametrize(
    ("code", "status", "outcome"),
    [
        (36009002, 200, "unavailable"),
        (36009002, 429, "unavailable"),
        (36009003, 200, "unknown"),
        (36009007, 200, "unknown"),
        (105002, 401, "unavailable"),
        (106001, 401, "unavailable"),
        (36009004, 400, "refused"),
        (99999999, 200, "refused"),
        (0, 404, "refused"),
    ],
)
def test_the_bodys_code_decides(code: int, status: int, outcome: str) -> None:
    """Not the HTTP status; and what is ours to mend waits."""
    failure = request_failure(_answer({"code": code, "message": "77 Marker Street", "request_id": "r"}, status))
    assert failure is not None
    assert failure.outcome == outcome
    assert "Marker" not in failure.reason


def test_a_body_that_cannot_be_read_is_unknown_unless_refused() -> None:
    """A gateway's HTML page with 200 says nothing of what was done."""
    html = b"<html>"
    assert request_failure(Answer(200, "text/html", html)) == PushResult("unknown", "TikTok's answer cannot be read")
    assert request_failure(Answer(404, "text/html", html)) == PushResult("refused", "TikTok answered 404")


def test_shipped_already_is_done_with_our_number_alone() -> None:
    """Another number is refused, an unreadable answer stays unknown."""
    ours = _answer({"code": 0, "data": {"tracking_number": "n1"}})
    assert shipped_as(ours, "n1") == DONE
    assert shipped_as(ours, "n2").outcome == "refused"
    assert shipped_as(_answer({"code": 36009003}), "n1").outcome == "unknown"
