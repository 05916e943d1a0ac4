"""The README's commands, run as they stand there, against the tests' own stack."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.world import World

README = Path(__file__).parents[2] / "README.md"
WITHIN_SECONDS = 120


def blocks() -> list[str]:
    """The README's shell blocks, in order."""
    return re.findall(r"^```bash\n(.*?)^```", README.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_commands_of_the_readme_work_in_the_order_they_stand(world: World, tmp_path: Path) -> None:
    """What is published is found over HTTP with its label, the audit replays it, and every other command answers."""
    assert len(blocks()) == 5
    settings = world.settings
    for block in blocks():
        here = (
            block.replace("127.0.0.1:19092", settings.kafka)
            .replace("127.0.0.1:8080", f"{settings.host}:{settings.ingress_port}")
            .replace("127.0.0.1:8081", f"{settings.host}:{settings.api_port}")
            .replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        )
        ran = subprocess.run(
            ("bash", "-euo", "pipefail", "-c", here),
            cwd=tmp_path,
            env={**os.environ, **settings.for_children(), "NO_PROXY": "*", "no_proxy": "*"},
            capture_output=True,
            text=True,
            timeout=WITHIN_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, f"{here}\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    assert (tmp_path / "label.pdf").read_bytes().startswith(b"%PDF-")
