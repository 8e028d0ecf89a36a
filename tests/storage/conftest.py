"""A catalog's address on each database that it can live in."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_PROGRAMS = ("initdb", "pg_ctl")


def _postgresql_programs() -> Path | None:
    """The folder of the newest PostgreSQL server's programs. Debian keeps them off the PATH."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name), reverse=True
    )
    folders = [*debian, *map(Path, os.environ.get("PATH", "").split(os.pathsep))]
    return next((folder for folder in folders if all((folder / name).is_file() for name in _PROGRAMS)), None)


def _unprivileged() -> str | None:
    """A user that may run the server, which refuses to run as root; None where we may run it ourselves."""
    if os.geteuid() != 0:
        return None
    names = {user.pw_name for user in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a database in a server of our own, on a Unix socket."""
    programs = _postgresql_programs()
    if programs is None:
        pytest.skip("no PostgreSQL server here: initdb and pg_ctl are neither on PATH nor under /usr/lib/postgresql")
    if find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    user = _unprivileged()
    home = Path(tempfile.mkdtemp(prefix="pg"))

    def run(program: str, *arguments: str) -> None:
        # pg_ctl's child keeps the output open: a pipe would never end
        with (home / "log").open("ab") as log:
            subprocess.run([programs / program, *arguments], cwd=home, user=user, stdout=log, stderr=log, check=True)

    try:
        if user is not None:
            shutil.chown(home, user)
        run(
            "initdb", "--pgdata=data", "--username=owner", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-locale"
        )
        run("pg_ctl", "--pgdata=data", "--wait", f"--options=-k '{home}' -c listen_addresses='' -c fsync=off", "start")
        try:
            yield f"postgresql+psycopg://owner@/postgres?host={home}"
        finally:
            run("pg_ctl", "--pgdata=data", "--wait", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def catalog_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'catalog.sqlite'}"
    url: str = request.getfixturevalue("postgresql")
    engine = create_engine(url)
    with engine.begin() as db:
        db.execute(text("DROP SCHEMA public CASCADE"))
        db.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return url
