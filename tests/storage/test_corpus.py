from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from newscrawl.article import Article
from newscrawl.storage.corpus import UNDATED, CorpusFiles, text_file, write_atomically

VIETNAM = timezone(timedelta(hours=7))
MARCH = datetime(2024, 3, 5, 8, tzinfo=VIETNAM)
TEXT = "Ghe xuồng dời sang bến mới.\n\nKhách quen vẫn tìm được nhau nhờ cây bẹo."


def article(
    number: int,
    at: datetime | None = MARCH,
    title: str = "Chợ nổi dời bến",
    text: str = TEXT,
    domain: str = "songngan.vn",
) -> Article:
    url = f"https://{domain}/bai-{number}.html"
    return Article(f"{number:016x}", url, url, domain, title, "", text, published_at=at)


@pytest.fixture
def files(tmp_path: Path) -> CorpusFiles:
    return CorpusFiles(tmp_path)


def names(files: CorpusFiles, month: str = "2024-03") -> list[str]:
    """Everything in a month's folder of texts, hidden files too."""
    return sorted(file.name for file in (files.folder / "text" / "songngan.vn" / month).iterdir())


def lines(files: CorpusFiles, month: str = "2024-03") -> list[str]:
    return [json.loads(line)["id"] for line in files.records_path("songngan.vn", month).read_text("utf-8").splitlines()]


# --- text files ---


def test_a_text_file_is_headline_blank_line_text_and_one_newline(files: CorpusFiles) -> None:
    path = files.write(article(1))
    assert (files.folder / path).read_bytes() == f"Chợ nổi dời bến\n\n{TEXT}\n".encode()
    assert text_file(article(1)) == f"Chợ nổi dời bến\n\n{TEXT}\n".encode()


def test_a_text_file_stands_under_paper_and_month(files: CorpusFiles) -> None:
    assert files.write(article(1)) == Path("text/songngan.vn/2024-03/000_0000000000000001.txt")


def test_everyone_may_read_a_text_file(files: CorpusFiles) -> None:
    assert stat.S_IMODE((files.folder / files.write(article(1))).stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("at", "month"),
    [
        (datetime(2024, 3, 31, 23, 59, tzinfo=VIETNAM), "2024-03"),
        (datetime(2024, 4, 1, 0, 0, tzinfo=VIETNAM), "2024-04"),
        (datetime(2024, 3, 31, 18, 0, tzinfo=UTC), "2024-04"),  # one in the morning, the first of April
        (None, UNDATED),
    ],
)
def test_the_month_is_that_of_publication_in_vietnam(at: datetime | None, month: str) -> None:
    assert CorpusFiles.month(article(1, at)) == month


def test_an_undated_article_has_a_place(files: CorpusFiles) -> None:
    assert files.write(article(1, None)) == Path("text/songngan.vn/undated/000_0000000000000001.txt")
    assert [record.id for record in files.records("songngan.vn", UNDATED)] == [f"{1:016x}"]


def test_numbers_run_by_paper_and_month(files: CorpusFiles) -> None:
    april = MARCH.replace(month=4)
    paths = [files.write(a) for a in (article(1), article(2), article(3, april), article(4, domain="dongque.vn"))]
    assert [path.name[:4] for path in paths] == ["000_", "001_", "000_", "000_"]


def test_numbers_go_on_in_the_next_run(files: CorpusFiles) -> None:
    files.write(article(1))
    assert CorpusFiles(files.folder).write(article(2)).name == "001_0000000000000002.txt"


def test_numbers_go_on_beyond_three_digits(files: CorpusFiles) -> None:
    folder = files.folder / "text" / "songngan.vn" / "2024-03"
    folder.mkdir(parents=True)
    for number in (998, 999, 1000):
        (folder / f"{number}_{number:016x}.txt").write_text("", "utf-8")
    assert files.write(article(1)).name == "1001_0000000000000001.txt"


def test_a_file_that_the_catalog_never_heard_of_keeps_its_name(files: CorpusFiles) -> None:
    files.write(article(1))
    files.write(article(2))
    after_a_crash = CorpusFiles(files.folder)
    assert after_a_crash.write(article(1)).name == "000_0000000000000001.txt"
    assert after_a_crash.write(article(3)).name == "002_0000000000000003.txt"
    assert len(names(files)) == 3


def test_written_again_is_one_file_with_the_latest_text(files: CorpusFiles) -> None:
    files.write(article(1))
    path = files.write(article(1, text="Bến mới đã đông."))
    assert names(files) == [path.name]
    assert (files.folder / path).read_text("utf-8").endswith("\n\nBến mới đã đông.\n")


def test_a_removed_article_leaves_no_file_and_its_name_is_not_given_again(files: CorpusFiles) -> None:
    path = files.write(article(1))
    files.write(article(2))
    files.remove(f"{1:016x}", str(path))
    assert files.write(article(3)).name == "002_0000000000000003.txt"
    assert names(files) == ["001_0000000000000002.txt", "002_0000000000000003.txt"]


def test_removing_what_is_not_there_is_no_fault(files: CorpusFiles) -> None:
    files.remove("0" * 16, "text/songngan.vn/2024-03/000_0000000000000000.txt")
    files.settle("songngan.vn", "2024-03", [])


# --- whole or not at all ---


def test_nothing_but_the_file_is_left(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.txt", b"1")
    write_atomically(tmp_path / "a.txt", b"2")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"2")]


@pytest.mark.parametrize("fault", [OSError("no space left"), KeyboardInterrupt()])
def test_a_write_that_fails_leaves_the_old_file_and_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    write_atomically(tmp_path / "a.txt", b"1")

    def fail(*_: object) -> None:
        raise fault

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(type(fault)):
        write_atomically(tmp_path / "a.txt", b"2")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.txt", b"1")]


# --- records ---


def test_a_record_is_the_article(files: CorpusFiles) -> None:
    files.write(article(1))
    assert list(files.records("songngan.vn", "2024-03")) == [article(1)]


def test_a_month_without_records_has_none(files: CorpusFiles) -> None:
    assert list(files.records("songngan.vn", "2024-03")) == []


@pytest.mark.parametrize(
    "torn", ['{"id": "000000', '{"title": "Cầu treo', "x" * 200_000], ids=["short", "letters", "long"]
)
def test_half_a_line_is_passed_over_and_then_cut(files: CorpusFiles, torn: str) -> None:
    files.write(article(1))
    path = files.records_path("songngan.vn", "2024-03")
    whole = path.read_bytes()
    path.write_bytes(whole + torn.encode()[:-1])
    next_run = CorpusFiles(files.folder)
    assert list(next_run.records("songngan.vn", "2024-03")) == [article(1)]
    next_run.write(article(2))
    assert path.read_bytes().startswith(whole)
    assert lines(files) == [article(1).id, article(2).id]


def test_a_file_of_half_a_line_starts_anew(files: CorpusFiles) -> None:
    path = files.records_path("songngan.vn", "2024-03")
    path.parent.mkdir(parents=True)
    path.write_bytes(b'{"id": "0')
    files.write(article(1))
    assert lines(files) == [article(1).id]


def test_settled_records_are_in_order_each_once_the_latest(files: CorpusFiles) -> None:
    for number in (3, 1, 2):
        files.write(article(number))
    files.write(article(1, title="Chợ nổi đã dời bến"))
    files.settle("songngan.vn", "2024-03", [f"{number:016x}" for number in (1, 2, 3)])
    records = list(files.records("songngan.vn", "2024-03"))
    assert [record.id for record in records] == [f"{number:016x}" for number in (1, 2, 3)]
    assert records[0].title == "Chợ nổi đã dời bến"


def test_settling_leaves_out_what_is_not_in_the_corpus(files: CorpusFiles) -> None:
    files.write(article(1))
    files.write(article(2))
    files.settle("songngan.vn", "2024-03", [f"{2:016x}", f"{9:016x}"])
    assert lines(files) == [f"{2:016x}"]


def test_settling_cuts_half_a_line(files: CorpusFiles) -> None:
    files.write(article(1))
    path = files.records_path("songngan.vn", "2024-03")
    path.write_bytes(path.read_bytes() + b'{"id": "00')
    files.settle("songngan.vn", "2024-03", [article(1).id])
    assert list(files.records("songngan.vn", "2024-03")) == [article(1)]
    assert path.read_bytes().endswith(b"}\n")


def test_what_was_settled_can_be_written_to_again(files: CorpusFiles) -> None:
    files.write(article(1))
    files.settle("songngan.vn", "2024-03", [article(1).id])
    files.write(article(2))
    assert lines(files) == [article(1).id, article(2).id]
