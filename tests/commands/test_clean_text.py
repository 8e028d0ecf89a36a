"""`scrapy clean-text`, run as a person would."""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from scrapy.exceptions import UsageError

import newscrawl
from tests.commands.conftest import Run
from tests.papers import BEES, KITE, LIBRARY, MARKET, ROOT, SCHOOL, Story, scrapy
from tests.simulator.words import headline, paragraphs

command = importlib.import_module("newscrawl.commands.clean-text")

TAIL = f"\n\nTin liên quan\n\n{BEES.title}\n\n{SCHOOL.title}\n\nChia sẻ Facebook\n\nBình luận (0)\n"


def cluttered(story: Story) -> str:
    """A story with clutter behind it."""
    return story.text_file.decode().rstrip("\n") + TAIL


def clean(text: str) -> str:
    """What must come of a text file."""
    return newscrawl.clean_text(text).strip("\n") + "\n"


def tree(folder: Path) -> dict[str, bytes]:
    """All files under a folder, those half written too."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def summary(done: subprocess.CompletedProcess[bytes]) -> str:
    """The last line of what was told."""
    return done.stderr.decode().splitlines()[-1]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """A folder with a clean text, two cluttered ones, and a file that is no text."""
    folder = tmp_path / "texts"
    (folder / "2024" / "03").mkdir(parents=True)
    (folder / "clean.txt").write_bytes(KITE.text_file)
    (folder / "2024" / "market.txt").write_text(cluttered(MARKET), "utf-8", newline="\n")
    (folder / "2024" / "03" / "library.txt").write_text("\ufeff" + cluttered(LIBRARY), "utf-8", newline="\r\n")
    (folder / "notes.md").write_text("Tin liên quan", "utf-8")
    return folder


@pytest.fixture
def wanted() -> dict[str, bytes]:
    """What must come of `texts`."""
    return {
        "clean.txt": KITE.text_file,
        "2024/market.txt": clean(cluttered(MARKET)).encode(),
        "2024/03/library.txt": clean(cluttered(LIBRARY)).encode(),
    }


def test_the_examples_hold_clutter() -> None:
    for story in (MARKET, LIBRARY):
        assert clean(cluttered(story)) == story.text_file.decode()
    assert clean(KITE.text_file.decode()) == KITE.text_file.decode()


def test_the_command_is_called_clean_text(run: Run) -> None:
    names = [line.split()[0] for line in run().stdout.decode().splitlines() if line.startswith("  ")]
    assert "clean" in names
    assert "clean-text" in names
    assert "clean_text" not in names


# --- text files --------------------------------------------------------------------------------------------------


def test_a_folder_is_mirrored(run: Run, texts: Path, wanted: dict[str, bytes], tmp_path: Path) -> None:
    before, output = tree(texts), tmp_path / "new" / "clean"
    done = run("clean-text", texts, "--output", output, "--processes", "2")
    assert (done.returncode, done.stdout) == (0, b"")
    assert tree(output) == wanted
    assert tree(texts) == before
    lines_out = sum(len(body.decode().split()) > 0 and body.count(b"\n\n") + 1 for body in wanted.values())
    bytes_in = sum(len(body) for name, body in before.items() if name.endswith(".txt"))
    assert done.stderr.decode() == (
        f"3 files (1 unchanged); {lines_out + 10} lines in, {lines_out} out; "
        f"{bytes_in} bytes in, {sum(map(len, wanted.values()))} out\n"
    )


def test_output_inside_the_input_is_no_input_of_the_next_run(run: Run, texts: Path, wanted: dict[str, bytes]) -> None:
    output = texts / "clean"
    assert run("clean-text", texts, "--output", output).returncode == 0
    assert tree(output) == wanted
    assert {source for source, _ in plan(texts, output=str(output))} == {str(texts / name) for name in wanted}


def test_in_place_renews_only_what_changes(run: Run, texts: Path, wanted: dict[str, bytes], tmp_path: Path) -> None:
    market, link, lines = texts / "2024" / "market.txt", tmp_path / "link.txt", tmp_path / "clean.jsonl.gz"
    market.chmod(0o600)
    link.symlink_to(market)
    lines.write_bytes(gzip.compress(json.dumps({"text": MARKET.title}).encode(), 1))
    untouched = (texts / "clean.txt", lines)
    for file in untouched:
        os.utime(file, (1, 1))
    done = run("clean-text", texts, link, lines, "--field", "text", "--in-place")
    assert done.returncode == 0
    assert tree(texts) == {**wanted, "notes.md": "Tin liên quan".encode()}
    assert market.stat().st_mode & 0o777 == 0o600
    assert link.is_symlink()
    assert [file.stat().st_mtime for file in untouched] == [1, 1]
    assert summary(done).startswith("4 files (2 unchanged); ")


def test_one_file_and_standard_input_go_to_standard_output(run: Run, texts: Path, wanted: dict[str, bytes]) -> None:
    done = run("clean-text", texts / "2024" / "03" / "library.txt")
    assert (done.returncode, done.stdout) == (0, wanted["2024/03/library.txt"])
    done = run("clean-text", "-", stdin=(texts / "2024" / "market.txt").read_bytes())
    assert (done.returncode, done.stdout) == (0, wanted["2024/market.txt"])
    assert summary(done).startswith("1 file (0 unchanged); ")


def test_what_cannot_be_done_is_named_and_the_rest_is_done(
    run: Run, texts: Path, wanted: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (texts / "aaa.txt").write_bytes("Chợ nổi".encode("utf-16"))
    (out / "clean.txt" / "x").mkdir(parents=True)  # a folder where a file should go
    done = run("clean-text", texts, "--output", out)
    assert done.returncode == 1
    assert tree(out) == {name: body for name, body in wanted.items() if name != "clean.txt"}
    first, second, last = done.stderr.decode().splitlines()
    assert first.startswith(f"{texts / 'aaa.txt'}: is not UTF-8 (byte 0 is 0xff). ")
    assert "directory" in second
    assert last.endswith("; 2 failed")


def test_a_dry_run_writes_nothing_and_shows_three_files(run: Run, texts: Path) -> None:
    for number in range(4):
        (texts / f"more-{number}.txt").write_text(cluttered(MARKET), "utf-8")
    lines = texts / "some.jsonl"
    records = [{"text": text} for text in (MARKET.title, cluttered(MARKET), cluttered(LIBRARY))]
    lines.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    before = tree(texts)
    done = run("clean-text", lines, texts, "--field", "text", "--in-place", "--dry-run")
    assert done.returncode == 0
    assert tree(texts) == before
    out = done.stdout.decode()
    assert [line[4:] for line in out.splitlines() if line.startswith("--- ")] == [
        f"{lines}:2", f"{lines}:3", str(texts / "2024" / "03" / "library.txt"), str(texts / "2024" / "market.txt"),
    ]  # fmt: skip
    assert out.count("\n-Tin liên quan\n") == 4
    assert out.count(" lines, ") == 7  # each changed file is named
    assert "clean.txt" not in out
    assert summary(done).startswith("Nothing written. 8 files (1 unchanged); ")


# --- JSON lines --------------------------------------------------------------------------------------------------

# Numbers, escapes, spaces and keys that another writer would write otherwise
ODD = (
    ' {"b":1.10, "text" : %s ,"a\\u0301": "\\/é", "n": 1E400, "deep": {"text": "Tin liên quan"}, "a": [ ]}\r\n',
    '{"text": "twice", "text":%s}\n',
    '\ufeff{"\\u0074ext":%s,"half": "\\ud83d"}',
)


def test_all_but_the_field_stays_as_it_was(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "odd.jsonl"
    before, after = (json.dumps(text, ensure_ascii=False) for text in (cluttered(MARKET), clean(cluttered(MARKET))))
    clean_line = json.dumps({"text": MARKET.title}) + "\n"
    ascii_line = json.dumps({"z": "é", "text": cluttered(MARKET)}) + "\n"
    file.write_text(clean_line + ascii_line + " \n" + "".join(line % before for line in ODD), "utf-8", newline="")
    done = run("clean-text", file, "--field", "text", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr.decode()
    lines = (tmp_path / "out" / "odd.jsonl").read_bytes().decode().split("\n")
    assert lines[0] + "\n" == clean_line
    assert lines[1].isascii()
    assert json.loads(lines[1]) == {"z": "é", "text": clean(cluttered(MARKET))}
    assert lines[2] == " "
    assert "\n".join(lines[3:]) == "".join(line % after for line in ODD)


def test_packed_lines_keep_their_order_in_many_processes(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl.gz"
    records = [{"id": number, "body": cluttered(MARKET)} for number in range(300)]
    assert sum(len(str(record)) for record in records) > 2 * command._BYTES  # several parts
    file.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    done = run("clean-text", file, "--field", "body", "--output", tmp_path / "out", "--processes", "2")
    assert done.returncode == 0, done.stderr.decode()
    found = gzip.decompress((tmp_path / "out" / "many.jsonl.gz").read_bytes()).decode().splitlines()
    assert [json.loads(line) for line in found] == [{**record, "body": clean(cluttered(MARKET))} for record in records]
    assert [*tree(tmp_path / "out")] == ["many.jsonl.gz"]


def test_a_bad_line_is_named_and_nothing_of_its_file_is_written(run: Run, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.jsonl", tmp_path / "good.jsonl"
    line = json.dumps({"text": cluttered(MARKET)}) + "\n"
    bad.write_text(line + '{"title": "x"}\n' + line, "utf-8")
    good.write_text(line, "utf-8")
    done = run("clean-text", bad, good, "--field", "text", "--output", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr.decode().startswith(f"{bad}:2: has no field 'text'. ")
    assert "--skip-bad" in done.stderr.decode()
    assert [*tree(tmp_path / "out")] == ["good.jsonl"]


def test_bad_lines_are_copied_when_asked_for(run: Run) -> None:
    line = json.dumps({"text": cluttered(MARKET)}).encode() + b"\n"
    bad = [b"no json\n", b"[1]\n", b'{"title": 1}\n', b'{"text": null}\n', b'{"text": "\xff"}\n', b"[" * 99_999 + b"\n"]
    done = run("clean-text", "-", "--field", "text", "--skip-bad", stdin=line.join([b"", *bad]))
    assert done.returncode == 0
    lines = done.stdout.splitlines(keepends=True)
    assert lines[1::2] == bad
    assert {json.loads(line)["text"] for line in lines[::2]} == {clean(cluttered(MARKET))}
    assert summary(done).endswith("; 6 bad lines copied")


def test_one_packed_file_is_unpacked_and_a_torn_one_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "torn.jsonl.gz"
    line = json.dumps({"text": cluttered(MARKET)}).encode() + b"\n"
    file.write_bytes(gzip.compress(line))
    done = run("clean-text", file, "--field", "text")
    assert json.loads(done.stdout) == {"text": clean(cluttered(MARKET))}  # unpacked
    file.write_bytes(gzip.compress(line)[:-20])
    done = run("clean-text", file, "--field", "text", "--in-place")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode().startswith(f"{file}: is no whole gzip file (")
    assert [*tree(tmp_path)] == ["torn.jsonl.gz"]


# --- refusals ----------------------------------------------------------------------------------------------------


def plan(*inputs: str | Path, **options: object) -> list[tuple[str, str | None]]:
    """What is to be done, as source and target."""
    defaults = {"output": None, "in_place": False, "field": None, "skip_bad": False, "dry_run": False}
    tasks = command.plan([str(name) for name in inputs], argparse.Namespace(**{**defaults, **options}))
    return [(task.source, task.target) for task in tasks]


def test_wrong_usage_is_told_with_its_remedy(texts: Path, tmp_path: Path) -> None:
    lines, other = tmp_path / "x.jsonl", tmp_path / "clean.txt"
    lines.touch()
    other.touch()
    (tmp_path / "empty").mkdir()
    out = str(tmp_path / "out")
    for inputs, options, message in (
        ([], {}, "name what to clean"),
        (["--fast"], {}, "there is no option --fast"),
        ([texts], {}, "--output DIR, or --in-place"),
        ([other, lines], {"field": "text"}, "--output DIR, or --in-place"),
        ([texts], {"output": out, "in_place": True}, "do not go together"),
        ([texts], {"output": str(other)}, "is no folder"),
        ([texts], {"output": str(texts)}, "written over itself"),
        ([texts, other], {"output": out}, "would both be written to"),
        (["-", texts], {}, "alone"),
        (["-"], {"in_place": True}, "alone"),
        ([tmp_path / "nix"], {}, "there is no such file or folder"),
        ([tmp_path / "empty"], {"in_place": True}, "there is no *.txt"),
        ([lines], {}, "--field text"),
        ([other], {"field": "text"}, "are for JSON lines"),
    ):
        with pytest.raises(UsageError) as raised:
            plan(*inputs, **options)
        assert message in str(raised.value)


def test_a_file_named_twice_is_done_once(texts: Path) -> None:
    market = texts / "2024" / "market.txt"
    assert len(plan(texts, market, in_place=True)) == 3
    assert plan(market, market, in_place=True) == [(str(market), str(market.resolve()))]


def test_wrong_usage_is_status_2_and_writes_nothing(run: Run, texts: Path) -> None:
    before = tree(texts)
    done = run("clean-text", texts, "--in-place", "--processes", "0")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--processes 0 is no number of processes" in done.stderr
    assert tree(texts) == before


def test_a_terminal_has_a_bar_and_standard_output_has_none(texts: Path, wanted: dict[str, bytes]) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "scrapy", "clean-text", str(texts / "2024" / "market.txt")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm"}, timeout=60, check=True,
    )  # fmt: skip
    os.close(theirs)
    told = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.stdout == wanted["2024/market.txt"]
    assert "━" in told
    assert "1 file (0 unchanged)" in told


# --- lines that recur --------------------------------------------------------------------------------------------

PROMOTION = "Tải ứng dụng Báo Sông Ngân để đọc tin nhanh hơn mỗi ngày"
TEASERS = [f"Chuyện bên lề số {number} của phiên chợ cuối tuần ở Vàm Lách" for number in range(12)]


def recurring(count: int) -> dict[str, tuple[str, str]]:
    """File names, stories, and the lines under each: a promotion, and teasers that take turns."""
    found = {}
    for number in range(count):
        story = "\n\n".join([headline("tự", number), *paragraphs("tự", number, 0)])
        under = [TEASERS[(number // 6 + step) % len(TEASERS)] for step in range(3)]
        found[f"{number:03d}_{number:016x}.txt"] = (story + "\n", "\n\n".join([story, *under, PROMOTION]) + "\n")
    return found


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_folder_cleans_itself_of_lines_that_recur(tmp_path: Path, processes: str) -> None:
    corpus = recurring(60)
    for name, (_, text) in corpus.items():
        (tmp_path / "vao").mkdir(exist_ok=True)
        (tmp_path / "vao" / name).write_text(text, "utf-8")
    done = scrapy(
        "clean-text", str(tmp_path / "vao"), "--output", str(tmp_path / "ra"), "--repeated", "--processes", processes
    )
    assert done.returncode == 0, done.stderr
    found = {file.name: file.read_text("utf-8") for file in (tmp_path / "ra").rglob("*.txt")}
    assert found == {name: story for name, (story, _) in corpus.items()}


def test_json_lines_clean_themselves_site_by_site(tmp_path: Path) -> None:
    source = tmp_path / "vao.jsonl"
    rows = [{"domain": f"bao-{number % 2}.vn", "text": text} for number, (_, text) in enumerate(recurring(60).values())]
    # Of a third site there are too few texts to tell
    rows.append({"domain": "bao-2.vn", "text": rows[0]["text"]})
    source.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    done = scrapy("clean-text", str(source), "--field", "text", "--in-place", "--repeated")
    assert done.returncode == 0, done.stderr
    after = [json.loads(line)["text"] for line in source.read_text("utf-8").splitlines()]
    stories = [story for story, _ in recurring(60).values()]
    assert [text.strip("\n") for text in after[:60]] == [story.strip("\n") for story in stories]
    assert PROMOTION in after[60]


def test_what_recurs_for_good_reason_stays(tmp_path: Path) -> None:
    """Speakers, refrains, legal formulas, datelines and subheads stand inside a story, with its text behind them."""
    (tmp_path / "vao").mkdir()
    for number in range(30):
        one, two, three = paragraphs("giữ", number, 0)[:3]
        lines = ["Hỏi chuyện người thợ", "Hà Nội", one, "Phóng viên:", "Thưa ông, việc ấy bắt đầu ra sao?", two]
        lines += ["Bài học để lại", "Quyết định này có hiệu lực kể từ ngày ký ban hành.", three]
        text = "\n\n".join(lines)
        (tmp_path / "vao" / f"{number:03d}.txt").write_text(text + "\n", "utf-8")
    before = {file.name: file.read_text("utf-8") for file in (tmp_path / "vao").iterdir()}
    plain = scrapy("clean-text", str(tmp_path / "vao"), "--output", str(tmp_path / "ra-1"))
    done = scrapy("clean-text", str(tmp_path / "vao"), "--output", str(tmp_path / "ra-2"), "--repeated")
    assert (plain.returncode, done.returncode) == (0, 0)
    kept = [
        {file.name: file.read_text("utf-8") for file in (tmp_path / name).rglob("*.txt")} for name in ("ra-1", "ra-2")
    ]
    assert kept[0] == kept[1] == before


def test_standard_input_cannot_be_read_twice() -> None:
    done = scrapy("clean-text", "-", "--repeated")
    assert done.returncode == 2
    assert "name files or a folder" in done.stderr
