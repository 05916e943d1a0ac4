"""The signature of a request to the Partner API."""

from __future__ import annotations

from gateways.tiktok.signing import sign


def test_the_official_vector_is_reproduced() -> None:
    """The example of the documentation gives the documented signature."""
    params = {"app_key": "29a39d", "timestamp": "1623812664"}
    expected = "b596b73e0cc6de07ac26f036364178ab16b0a907af13d43f0a0cd2345f582dc8"
    assert sign("e59af819cc", "/authorization/202309/shops", params) == expected


def test_order_and_unsigned_parameters_do_not_matter() -> None:
    """`sign` and `access_token` are left out, and the rest is sorted."""
    params = {"app_key": "29a39d", "timestamp": "1623812664"}
    shuffled = {"timestamp": "1623812664", "sign": "x", "access_token": "y", "app_key": "29a39d"}
    assert sign("s", "/p", shuffled, b"body") == sign("s", "/p", params, b"body")


def test_everything_else_matters() -> None:
    """Secret, path, parameters and the exact body are signed."""
    base = sign("s", "/p", {"a": "1"}, b"{}")
    others = {
        sign("t", "/p", {"a": "1"}, b"{}"),
        sign("s", "/q", {"a": "1"}, b"{}"),
        sign("s", "/p", {"a": "2"}, b"{}"),
        sign("s", "/p", {"a": "1"}, b"{ }"),
    }
    assert base not in others
    assert len(others) == 4
