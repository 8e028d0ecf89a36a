"""What the benchmark measures is right, and no family reads worse than it is pinned to."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cleaning
from benchmarks.cleaning import Engine, Labelled, Reading, Score, judge, load, page_blocks
from tests.gold import FIXTURES, SHARED

PAGE = """<!DOCTYPE html><html><head><title>Phà Cây Quéo</title></head><body>
<nav>Trang chủ <b>Thời sự</b></nav><h1>Phà Cây Quéo chạy lại</h1>
<div>Bến phà Cây Quéo mở lại từ sáng nay.<br>Mỗi chuyến chở <i>hai mươi</i> xe máy.<script>var a = "không ai thấy"</script></div>
<p>***</p><!-- chú thích --><ul><li>Vé lượt tám nghìn đồng một người</li></ul>
<div>Xem thêm: Cầu Rạch Tràm sắp xong phần móng</div></body></html><p>Bản quyền của Báo Cây Quéo</p>"""


def labelled(**changes: Any) -> Labelled:
    page: dict[str, Any] = {
        "name": "pha",
        "folder": "trang",
        "url": "https://cayqueo.example/pha-1.html",
        "html": PAGE.encode(),
        "story": ("Bến phà Cây Quéo mở lại từ sáng nay.", "Mỗi chuyến chở hai mươi xe máy.", "Vé lượt tám nghìn đồng một người"),
        "free": ("Phà Cây Quéo chạy lại",),
        "clutter": ("Trang chủ Thời sự", "Xem thêm: Cầu Rạch Tràm sắp xong phần móng", "Bản quyền của Báo Cây Quéo"),
        "title": "Phà Cây Quéo chạy lại",
        "published": "2024-03-05T08:00:00+07:00",
    }  # fmt: skip
    return Labelled(**page | changes)


def write(folder: Path, **label: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "pha.html").write_text(PAGE, "utf-8")
    gold = {"url": "https://cayqueo.example/pha-1.html", "content": [[2, 4]], "optional": [[1, 1]]} | label
    (folder / "pha.json").write_text(json.dumps(gold), "utf-8")
    return folder


def measured(*pages: Labelled, text: str, name: str = "newscrawl") -> cleaning.Floors:
    return cleaning.reached(pages, cleaning.measure(pages, [Engine(name, lambda _html, _url: Reading(text))]))


# --- labels and scores -----------------------------------------------------------------------------------------------


def test_blocks_are_numbered_as_a_reader_sees_them() -> None:
    page = labelled()
    assert page_blocks(PAGE.encode()) == [
        "Trang chủ Thời sự", *page.free, *page.story, "Xem thêm: Cầu Rạch Tràm sắp xong phần móng", "Bản quyền của Báo Cây Quéo",
    ]  # fmt: skip


def test_labelled_folder(tmp_path: Path) -> None:
    page = labelled()
    (found,) = load(write(tmp_path / "trang"))
    assert (found.story, found.free, found.clutter) == (page.story, page.free, page.clutter)
    (tmp_path / "trang" / "labels").mkdir()
    (tmp_path / "trang" / "pha.json").rename(tmp_path / "trang" / "labels" / "pha.json")
    assert load(tmp_path / "trang") == [found]


def test_folder_without_labels_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cleaning.main([str(tmp_path)])
    assert "no labelled pages" in capsys.readouterr().err


def test_perfect() -> None:
    page = labelled()
    score = judge(page, "\n\n".join((*page.free, *page.story)))
    assert score.perfect
    assert score.f1 == score.precision == score.recall == 1


def test_lost_and_leaked() -> None:
    page = labelled()
    score = judge(page, "\n".join([*page.story[:2], page.clutter[1]]))
    assert score.lost == [page.story[2]]
    assert score.leaked == [page.clutter[1]]
    assert not score.perfect
    assert 0 < score.precision < 1 > score.recall > 0


def test_nothing_read() -> None:
    score = judge(labelled(), "")
    assert score.f1 == 0
    assert len(score.lost) == 3


def test_what_the_story_says_as_well_does_not_leak() -> None:
    page = labelled(clutter=("Bến phà Cây Quéo mở lại",))
    assert judge(page, "\n".join(page.story)).perfect


def test_our_own_pages_have_their_text_on_them() -> None:
    """The .txt of a fixture is found among the blocks of its page."""
    for page in load(FIXTURES):
        found = " ".join(cleaning.words(" ".join(page_blocks(page.html))))
        told = [line for line in page.story if " | " not in line]
        there = sum(" ".join(cleaning.words(line)) in found for line in told)
        assert there >= 0.8 * len(told), page.name


def test_dates_are_compared_on_one_clock() -> None:
    def read(published: object) -> Score:
        engine = Engine("e", lambda _html, _url: Reading("", "", published))
        return cleaning.measure([labelled()], [engine])["e"][0]

    assert read("2024-03-05T01:00:00+00:00").minute
    assert read("2024-03-05").date
    assert not read("2024-03-05").minute
    assert not read("2024-03-04T18:00:00Z").minute
    assert read("hôm qua").date is False


# --- the run -------------------------------------------------------------------------------------------------------


def test_engine_that_raises_has_lost_the_page() -> None:
    def fail(_html: bytes, _url: str) -> Reading:
        raise ValueError("no such thing")

    (score,) = cleaning.measure([labelled()], [Engine("e", fail)])["e"]
    assert score.error == "ValueError: no such thing"
    assert score.f1 == 0


def test_missing_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Engine:
        raise ModuleNotFoundError("No module named 'goose3'")

    monkeypatch.setitem(cleaning.ENGINES, "goose3", missing)
    found, lines = cleaning.engines(["trafilatura", "goose3"])
    assert [engine.name for engine in found] == ["trafilatura"]
    assert len(lines) == 1
    assert "pip install newscrawl[bench]" in lines[0]


def test_network_is_shut() -> None:
    with cleaning.no_network() as tried, pytest.raises(OSError, match="shut"):
        socket.getaddrinfo("cayqueo.example", 443)
    assert tried == ["cayqueo.example"]
    assert socket.getaddrinfo is not None


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write(tmp_path / "trang", title="Phà Cây Quéo chạy lại")
    assert (
        cleaning.main([str(folder), "--json", "--repeat", "1", "--engine", "newscrawl", "--engine", "trafilatura"]) == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert set(told["engines"]) == {"newscrawl", "trafilatura"}
    assert told["engines"]["trafilatura"]["speed"] == 1
    assert told["engines"]["trafilatura"]["title"] == "1/1"


def test_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cleaning.main([str(write(tmp_path / "trang")), "--repeat", "1", "--engine", "trafilatura", "--verbose"]) == 0
    assert capsys.readouterr().out.startswith("1 pages\n\n| engine ")


@pytest.mark.parametrize("name", cleaning.VARIANTS)
def test_variants_read_a_known_template(name: str) -> None:
    page = next(page for page in load(FIXTURES) if page.name.startswith("tuoitre.vn/"))
    (score,) = cleaning.measure([page], [cleaning.ENGINES[name]()])[name]
    assert score.recall > 0.9
    assert not score.error


# --- floors --------------------------------------------------------------------------------------------------------


def test_floor_names_family_and_page() -> None:
    page = labelled()
    floors = measured(page, text="\n".join(page.story))
    worse = measured(page, text="\n".join(page.story[:2]))
    (line,) = cleaning.regressions(floors, worse)
    assert line.startswith("trang · newscrawl · unknown: F1 ")
    assert "pha (perfect → " in line
    assert cleaning.regressions(worse, floors) == []


def test_floors_are_raised_only() -> None:
    page = labelled()
    good, bad = measured(page, text="\n".join(page.story)), measured(page, text=page.story[0])
    assert cleaning.raised({}, bad) == bad
    assert cleaning.raised(bad, good) == good
    assert cleaning.raised(good, bad) == good
    assert cleaning.raised(good, bad, allow_regression=True) == bad


def test_floors_of_other_folders_stay(tmp_path: Path) -> None:
    page = labelled()
    floors = cleaning.raised(measured(page, text=page.story[0]), measured(labelled(folder="khác"), text=""))
    cleaning.write_floors(floors, tmp_path / "floors.toml")
    assert cleaning.read_floors(tmp_path / "floors.toml") == floors
    assert set(floors) == {"trang", "khác"}


def test_command_fails_below_a_floor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, file = write(tmp_path / "trang"), tmp_path / "floors.toml"
    read, write_to = cleaning.read_floors, cleaning.write_floors
    monkeypatch.setattr(cleaning, "read_floors", lambda: read(file))
    monkeypatch.setattr(cleaning, "write_floors", lambda floors: write_to(floors, file))
    assert cleaning.main([str(folder), "--update-floors"]) == 0
    assert cleaning.main([str(folder), "--floors"]) == 0
    file.write_text(file.read_text("utf-8").replace("f1 = 0", "f1 = 2").replace("f1 = 1", "f1 = 2"), "utf-8")
    capsys.readouterr()
    assert cleaning.main([str(folder), "--floors"]) == 1
    assert "newscrawl-generic · unknown: F1" in capsys.readouterr().err
    assert cleaning.main([str(folder), "--update-floors"]) == 1
    assert "f1 = 2" in file.read_text("utf-8")
    assert cleaning.main([str(folder), "--update-floors", "--allow-regression"]) == 0
    assert "f1 = 2" not in file.read_text("utf-8")


@pytest.mark.parametrize("folder", [FIXTURES, SHARED / "pages"], ids=lambda folder: folder.name)
def test_no_family_is_below_its_floor(folder: Path) -> None:
    if not folder.is_dir():
        pytest.skip(f"{folder.name}: the labelled pages of others are not beside this checkout")
    pages = load(folder)
    using, missing = cleaning.engines(cleaning.PINNED)
    assert missing == []
    with cleaning.no_network() as tried:
        now = cleaning.reached(pages, cleaning.measure(pages, using))
    assert tried == []
    floors = cleaning.read_floors()
    assert folder.name in floors, "pin the floors: python -m benchmarks.cleaning --update-floors"
    assert cleaning.regressions({folder.name: floors[folder.name]}, now) == []
