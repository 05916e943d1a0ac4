"""The secrets of a stack are made once."""

from __future__ import annotations

import json
from pathlib import Path

from creatorflow.devstack.stack import Home, ensure_secrets


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    """The second start finds those of the first."""
    made = ensure_secrets(Home(tmp_path))
    assert ensure_secrets(Home(tmp_path)) == made
    assert len(made["valkey_password"]) == 48


def test_a_stack_older_than_its_valkey_gets_a_password_and_keeps_the_rest(tmp_path: Path) -> None:
    """Its data is locked with the secrets that it had; nothing is locked with the new one."""
    old = {"webhook_secret": "sesame", "master_key": "00" * 32}
    Home(tmp_path).secrets_file.write_text(json.dumps(old))
    found = ensure_secrets(Home(tmp_path))
    assert {name: found[name] for name in old} == old
    assert ensure_secrets(Home(tmp_path))["valkey_password"] == found["valkey_password"]
