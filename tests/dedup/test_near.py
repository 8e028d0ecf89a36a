"""Nearly the same text is found, what only looks alike is not, and the index outlives what happens to its process."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.newsroom import Newsroom
from newscrawl.dedup import near, sketchfile
from newscrawl.dedup.near import Match, NearIndex, NearIndexError, compare
from newscrawl.dedup.shingles import sketch, sketches

ROOT = Path(__file__).parent.parent.parent


def name(number: int) -> str:
    return f"{number:016x}"


@pytest.fixture
def texts() -> list[str]:
    """Stories, every third with a copy that has another lead, or with its first half alone."""
    room = Newsroom(7)
    made = []
    for number in range(60):
        story = room.story(6)
        made.append(story.text)
        if number % 3 == 0:
            made.append("\n\n".join([room.sentence(), *story.paragraphs[1:]]))
        if number % 3 == 1:
            made.append("\n\n".join(story.paragraphs[:4]))
    random.Random(1).shuffle(made)
    return made


def pairs(found: list[list[Match]]) -> set[frozenset[str]]:
    return {frozenset((name(number), match.id)) for number, matches in enumerate(found) for match in matches}


# --- what is alike ----------------------------------------------------------------------------------------------------


def test_folding() -> None:
    """Case, place of tone marks, punctuation, white space and the paper's mark do not count."""
    one = sketch("(LĐTĐ) Sáng 5/3, người dân xã Hòa Thủy họp – bàn việc sửa đê.")
    other = sketch("Sáng 05-3 người dân xã HOÀ THUỶ họp bàn  việc sửa đê")
    assert one.shingles.tolist() == other.shingles.tolist()


def test_many_at_once_and_one_at_a_time_are_the_same(texts: list[str]) -> None:
    for text, found in zip(["", "Một", *texts], sketches(["", "Một", *texts]), strict=True):
        alone = sketch(text)
        assert [array.tolist() for array in found[1:]] == [array.tolist() for array in alone[1:]]
        assert found.syllables == alone.syllables


def test_same_verdict_from_both_sides(texts: list[str]) -> None:
    made = sketches(texts[:30])
    for one in made:
        for other in made:
            here, there = compare(one, other), compare(other, one)
            assert (here is None) == (there is None)
            assert here is None or (there is not None and here.of("") == there)


GOLD = (
    "Giá vàng miếng sáng {day} được các doanh nghiệp tại thị trấn niêm yết ở mức {buy} triệu đồng mỗi lượng chiều mua vào "
    "và {sell} triệu đồng mỗi lượng chiều bán ra. Chênh lệch giữa hai chiều đang ở mức {gap} triệu đồng. "
    "Trên thị trường thế giới, giá "
    "vàng giao ngay đứng ở mức {ounce} USD một ounce. Các chuyên gia khuyên người mua nên thận trọng vì giá còn biến động "
    "mạnh trong những tuần tới, nhất là khi nhu cầu mua làm quà cưới tăng lên "
    "và nguồn cung chưa được cải thiện nhiều như mong đợi."
)


def test_other_figures_in_the_same_words_are_another_story() -> None:
    monday = GOLD.format(day="4/3", buy="78,5", sell="80,5", gap="2", ounce="2083")
    tuesday = GOLD.format(day="5/3", buy="79,1", sell="81,1", gap="2", ounce="2114")
    assert compare(sketch(monday), sketch(tuesday)) is None
    assert compare(sketch(monday), sketch(f"Bạn đọc hỏi, chúng tôi trả lời.\n\n{monday}")) is not None


def test_one_corrected_figure_is_no_other_story() -> None:
    monday = GOLD.format(day="4/3", buy="78,5", sell="80,5", gap="2", ounce="2083")
    assert compare(sketch(monday), sketch(monday.replace("2083", "2038"))) is not None


def test_short_texts_must_be_all_but_the_same() -> None:
    notice = "Điện lực thị trấn thông báo ngừng cung cấp điện ngày {} từ 7 giờ đến 16 giờ để bảo trì lưới, mong bà con thông cảm."
    assert compare(sketch(notice.format("5/3")), sketch(notice.format("6/3"))) is None
    assert compare(sketch(notice.format("5/3")), sketch(notice.format("5-3").upper())) is not None


# --- the index ---------------------------------------------------------------------------------------------------------


def test_reprints_and_cut_stories_are_found(tmp_path: Path, texts: list[str]) -> None:
    with NearIndex(tmp_path / "near") as index:
        found = index.add_many((name(number), text) for number, text in enumerate(texts))
        assert len(pairs(found)) == 40
        assert len(index) == len(texts)
        number = next(number for number, matches in enumerate(found) if matches)
        (match,) = found[number]
        assert [other.id for other in index.matches_of(match.id)] == [name(number)]
        assert index.compare(name(number), match.id) == match
        assert index.find(texts[number], but=name(number)) == [match]
        assert match.adds == pytest.approx(1 - match.contained)


def test_batches_runs_and_order_change_nothing(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with NearIndex(tmp_path / "whole") as index:
        wanted = pairs(index.add_many((name(number), text) for number, text in enumerate(texts)))
    monkeypatch.setattr(near, "_WAITING", 4)
    monkeypatch.setattr(sketchfile, "_RECENT", 7)
    with NearIndex(tmp_path / "runs") as index:
        assert pairs([index.add(name(number), text) for number, text in enumerate(texts)]) == wanted
        assert len(list((tmp_path / "runs").glob("keys-*"))) < 12
    with NearIndex(tmp_path / "runs") as index:
        assert pairs([index.matches_of(name(number)) for number in range(len(texts))]) == wanted
    with NearIndex(tmp_path / "backwards") as index:
        found = {number: index.add(name(number), texts[number]) for number in reversed(range(len(texts)))}
        assert pairs([found[number] for number in range(len(texts))]) == wanted


def test_new_version_takes_the_place_of_the_old(tmp_path: Path, texts: list[str]) -> None:
    with NearIndex(tmp_path / "near") as index:
        index.add(name(1), texts[0])
        assert index.add(name(1), texts[0] + "\n\nCập nhật: không có thiệt hại về người.") == []
        assert len(index) == 1
        index.add(name(1), texts[5])
        assert index.find(texts[0]) == []
        assert [match.id for match in index.find(texts[5])] == [name(1)]
        index.remove(name(1))
        assert name(1) not in index
        assert index.find(texts[5]) == []
        assert list(index.ids()) == []
        with pytest.raises(KeyError):
            index.matches_of(name(1))
    with NearIndex(tmp_path / "near") as index:
        assert name(1) not in index
        index.add(name(1), texts[0])
        assert list(index.ids()) == [name(1)]


def test_it_holds_what_was_added_last_however_often_it_is_sorted_merged_and_opened(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "_WAITING", 6)
    monkeypatch.setattr(sketchfile, "_RECENT", 9)
    chance = random.Random(5)
    held: dict[str, str] = {}
    index = NearIndex(tmp_path / "near")
    for _ in range(300):
        article = name(chance.randrange(60))
        if chance.random() < 0.2:
            index.remove(article)
            held.pop(article, None)
        else:
            held[article] = chance.choice(texts)
            index.add(article, held[article])
        if chance.random() < 0.05:
            index.close()
            index = NearIndex(tmp_path / "near")
        assert len(index) == len(held)
    assert sorted(index.ids()) == sorted(held)
    for article, text in held.items():
        assert {match.id for match in index.find(text) if match.jaccard == 1} == {
            one for one, other in held.items() if other == text
        }, article
    index.close()


def test_empty_text_and_wrong_ids(tmp_path: Path) -> None:
    with NearIndex(tmp_path / "near") as index:
        assert index.add(name(1), "") == []
        assert index.add(name(2), " – ") == []
        assert index.add_many([]) == []
        for wrong in ("12", "x" * 16, "-" + "1" * 15, ""):
            with pytest.raises(ValueError, match="16 hexadecimal digits"):
                index.add(wrong, "text")


WRITER = """
import sys
from pathlib import Path
from benchmarks.newsroom import Newsroom
from newscrawl.dedup import near, sketchfile
near._WAITING, sketchfile._RECENT = 16, 9
room = Newsroom(int(sys.argv[2]))
index = near.NearIndex(Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    index.add(f"{int(sys.argv[2]) * 100000 + number:016x}", room.story(3).text)
    print(number, flush=True)
"""


def writer(folder: Path, seed: int, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(folder), str(seed), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


@pytest.mark.parametrize("after", [1, 40, 111])
def test_killed_process_loses_nothing(tmp_path: Path, after: int) -> None:
    with writer(tmp_path / "near", 1, 100_000) as process:
        assert process.stdout is not None
        told = 0
        while told < after:
            told = int(process.stdout.readline()) + 1
        os.kill(process.pid, signal.SIGKILL)
        told = max([told, *(int(line) + 1 for line in process.stdout.read().split(b"\n") if line)])
    room = Newsroom(1)
    with NearIndex(tmp_path / "near") as index:
        assert told <= len(index) <= told + 1
        for number in range(told):
            assert [match.id for match in index.find(room.story(3).text)] == [name(100_000 + number)]


def test_what_was_half_written_is_cut_off(tmp_path: Path, texts: list[str]) -> None:
    folder = tmp_path / "near"
    with NearIndex(folder) as index:
        index.add_many((name(number), text) for number, text in enumerate(texts[:5]))
    with (folder / "articles.bin").open("ab") as file:
        file.write(b"\1" * 47)
    with (folder / "sketches.bin").open("rb+") as file:
        file.truncate((folder / "sketches.bin").stat().st_size - 10)
    (folder / "keys-0-99.part").write_bytes(b"12345")
    with NearIndex(folder) as index:
        assert list(index.ids()) == [name(number) for number in range(4)]
        assert name(4) not in index
        index.add(name(4), texts[4])
        assert [match.id for match in index.find(texts[4])] == [name(4)]


def test_two_processes_share_an_index(tmp_path: Path) -> None:
    folder = tmp_path / "near"
    with writer(folder, 1, 40) as one, writer(folder, 2, 40) as two:
        one.communicate()
        two.communicate()
    assert one.returncode == two.returncode == 0
    with NearIndex(folder) as index, NearIndex(folder) as other:
        assert len(index) == 80
        for seed in (1, 2):
            room = Newsroom(seed)
            for number in range(40):
                assert [match.id for match in index.find(room.story(3).text)] == [name(seed * 100_000 + number)]
        text = Newsroom(3).story().text
        index.add(name(7), text)
        assert [match.id for match in other.add(name(8), text)] == [name(7)]
        assert [match.id for match in index.find(text)] == [name(7), name(8)]


def test_index_of_another_form_is_made_anew(
    tmp_path: Path, texts: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(near, "_WAITING", 4)
    with NearIndex(tmp_path / "near") as index:
        index.add_many([(name(number), text) for number, text in enumerate(texts[:9])])
    (tmp_path / "near" / "version").write_text("0\n", "utf-8")
    with NearIndex(tmp_path / "near") as index:
        assert len(index) == 0
        index.add(name(1), texts[1])
        assert [match.id for match in index.find(texts[1])] == [name(1)]
        assert index.find(texts[2]) == []
    assert "made anew" in caplog.text


def test_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "near").write_text("a file", "utf-8")
    with pytest.raises(NearIndexError, match="Check the path"):
        NearIndex(tmp_path / "near")
