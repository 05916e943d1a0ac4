"""The promises of the repository itself: locks, targets, version, wheel."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ["schemas", "aggregates", "projections", "gateways", "streams", "creatorflow"]
LOCKS = ["requirements.lock", "requirements-dev.lock"]
PROMISED_TARGETS = {
    "setup",
    "demo",
    "up",
    "down",
    "test",
    "test-all",
    "lint",
    "types",
    "prove",
    "bench",
    "audit",
    "clean",
}


def locked(lock: str) -> dict[str, str]:
    """Name and version of every pin in a lock file."""
    pins = re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    return dict(pins)


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_names_no_place(lock: str) -> None:
    """A lock file holds names, versions and hashes, but no address, index option or path."""
    for line in (ROOT / lock).read_text().splitlines():
        assert re.fullmatch(r"[a-z0-9.-]+==\S+ \\|    --hash=sha256:[0-9a-f]{64}( \\)?", line), line


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("requirements.lock", PROJECT["project"]["dependencies"]),
        ("requirements-dev.lock", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_lock_answers_pyproject(lock: str, wanted: list[str]) -> None:
    """Every dependency asked for is locked at a version that the bounds allow."""
    pins = locked(lock)
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[requirement.name]), requirement


def test_tests_run_on_what_is_installed() -> None:
    """The development lock pins what an operator installs to the very same versions."""
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_help_prints_every_target() -> None:
    """`make help` has one line for each target, and every promised target exists."""
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    shown = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[0] for line in shown.splitlines()} == phony
    assert phony >= PROMISED_TARGETS


def test_changelog_knows_the_version() -> None:
    """The newest release in CHANGELOG.md is the version in pyproject.toml."""
    releases = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert releases[0] == PROJECT["project"]["version"]


def test_every_folder_is_a_package() -> None:
    """A folder with modules has an `__init__.py`; without one it would be missing in the wheel, or shadow a package."""
    for package in [*PACKAGES, "tests"]:
        for module in (ROOT / package).rglob("*.py"):
            assert (module.parent / "__init__.py").exists(), module.parent


def test_wheel_carries_everything(tmp_path: Path) -> None:
    """The wheel holds every file of the six packages, data included, and no seventh package."""
    source = tmp_path / "source"
    source.mkdir()
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    files = (path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file())
    written = {path.relative_to(source).as_posix() for path in files}
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "."]
    subprocess.run(build, cwd=source, check=True)
    with zipfile.ZipFile(next(source.glob("*.whl"))) as wheel:
        shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == written
