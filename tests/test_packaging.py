"""What people install: the wheel, and the lock that `make` installs from."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.gold import ROOT

LOCK = ROOT / "requirements.lock"
RELOCK = "Make the lock anew: CONTRIBUTING.md tells how"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None:
        pytest.skip("the build backend, hatchling, is not installed: it comes with the extra 'test'")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_papers_travel_in_the_wheel(wheel: Path) -> None:
    ours = {f"newscrawl/{file.relative_to(ROOT)}": file.read_bytes() for file in (ROOT / "seeds").rglob("*.toml")}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name.endswith(".toml")}
    assert packed == ours
    assert len(ours) >= 21


def test_the_wheel_holds_the_package_and_its_licence_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    code = {str(file.relative_to(ROOT)) for file in (ROOT / "newscrawl").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == code
    assert {name.partition("/")[0] for name in names} == {"newscrawl", "newscrawl-0.1.0.dist-info"}
    assert "newscrawl-0.1.0.dist-info/licenses/LICENSE" in names


def test_an_installed_newscrawl_finds_its_papers(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from newscrawl.sites import Sites\n"
        "sites = Sites.load()\n"
        "sys.stdout.write(f'{sites.folder}|{len(sites)}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, installed], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    papers = len([*(ROOT / "seeds").glob("*.toml")])
    assert done.stdout == f"{installed / 'newscrawl' / 'seeds'}|{papers}"


def locked() -> dict[str, list[str]]:
    """Versions by name."""
    pins: dict[str, list[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text("utf-8"), re.MULTILINE):
        pins.setdefault(name, []).append(version)
    return pins


def required() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["test"]]


@pytest.mark.parametrize("text", required())
def test_the_lock_satisfies_what_the_project_asks_for(text: str) -> None:
    requirement = Requirement(text)
    versions = locked().get(canonicalize_name(requirement.name), [])
    assert versions, f"{requirement.name} is not in requirements.lock. {RELOCK}"
    unfit = [version for version in versions if version not in requirement.specifier]
    assert not unfit, f"requirements.lock has {requirement.name} {unfit}, pyproject.toml asks for {text}. {RELOCK}"


def test_the_build_backend_is_locked() -> None:
    backend = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert all(Requirement(text).name in locked() for text in backend), RELOCK


def test_every_pin_has_a_hash() -> None:
    entries = re.split(r"^(?=[a-z0-9])", LOCK.read_text("utf-8"), flags=re.MULTILINE)[1:]
    assert len(entries) == sum(map(len, locked().values()))
    assert not [entry.partition(" ")[0] for entry in entries if "--hash=sha256:" not in entry]


def test_the_lock_names_no_index() -> None:
    lines = LOCK.read_text("utf-8").splitlines()
    found = [line for line in lines if "://" in line or re.match(r"\s*(-i\b|-f\b|--(?!hash=))", line)]
    assert not found, f"Where packages come from is each machine's own affair. {RELOCK}"


def test_there_is_one_lock() -> None:
    others = [name for name in ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml") if (ROOT / name).exists()]
    assert not others, f"Remove {others[0]}: requirements.lock is the lock"
