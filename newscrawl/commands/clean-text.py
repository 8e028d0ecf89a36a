# ruff: noqa: N999 -- Scrapy calls a command what its module is called
"""`scrapy clean-text`: takes clutter out of text that another tool extracted.

Texts come as files, as folders of them (`*.txt`, however deep), or as JSON lines whose `--field` holds a text. What is
written is written whole or not at all; of JSON lines every byte outside the field stays as it was.

Exit status: 0 all was read and written; 1 some input could not be (each is named, the others are done); 2 wrong usage,
and nothing was written; 130 interrupted, what was written is whole.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import difflib
import gzip
import io
import itertools
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from newscrawl.storage.corpus import write_atomically

if TYPE_CHECKING:
    from newscrawl.dedup.lines import LineMemory

STDIN = "-"
#: Changed files of which a dry run shows what would change.
DIFFS = 3
#: Bytes of input below which one process is done before others have started.
_SMALL = 1_000_000
#: What one process is given at a time: text files, bytes of JSON lines.
_FILES, _BYTES = 16, 1 << 16

_Job = TypeVar("_Job")
_Done = TypeVar("_Done")


class Command(ScrapyCommand):
    """Cleans text files and JSON lines, in parallel."""

    requires_crawler_process = False

    def syntax(self) -> str:
        """Shown in the help."""
        return "[options] INPUT..."

    def short_desc(self) -> str:
        """Shown in the list of commands."""
        return "Take clutter out of text that another tool extracted"

    def long_desc(self) -> str:
        """Shown above the options."""
        return (
            f"{self.short_desc()}. INPUT is a text file, a folder (all *.txt in it, however deep), a *.jsonl or "
            "*.jsonl.gz file with --field, or - for standard input. One file without --output or --in-place goes to "
            "standard output (unpacked). All is UTF-8. Exit status: 0 all done, 1 some input failed, 2 wrong usage."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Called by Scrapy."""
        super().add_options(parser)
        option = parser.add_argument
        option("--output", metavar="DIR", help="write here, under the names that the inputs have")
        option("--in-place", action="store_true", help="write the inputs anew; those that are clean are not touched")
        option("--field", metavar="NAME", help="the field of JSON lines that holds the text; - is JSON lines with it")
        option("--skip-bad", action="store_true", help="copy and count lines that are no JSON object with that field")
        option(
            "--repeated", action="store_true",
            help=f"also cut lines that recur under {REPEATED} texts and more of one folder, or one site; reads all twice",
        )  # fmt: skip
        option("--dry-run", action="store_true", help=f"write nothing; say what would change, with {DIFFS} diffs")
        option("--processes", metavar="N", help="processes to work in (default: one a core, or 1 if there is little)")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        tasks = plan(args, opts)
        if opts.repeated and tasks == [Task(STDIN)]:
            raise UsageError("--repeated reads all texts twice, which standard input cannot be: name files or a folder")
        processes = _processes(opts.processes, tasks)
        total = Total()
        try:
            with tempfile.TemporaryDirectory() as folder, _progress(tasks) as advance:
                how = How(opts.field or "", opts.skip_bad, opts.dry_run)
                if opts.repeated:
                    how = dataclasses.replace(how, memory=str(Path(folder) / "lines.sqlite"))
                    _learn(tasks, how, processes)
                with contextlib.closing(_all(tasks, how, processes, advance)) as outcomes:
                    for outcome in outcomes:
                        total.add(outcome)
                        _report(outcome, total, opts.dry_run)
            sys.stdout.flush()
        except KeyboardInterrupt:
            sys.stderr.write("Interrupted. What was written is whole; run it again to do the rest.\n")
            if opts.repeated and opts.in_place:
                sys.stderr.write(
                    "Lines that recur are counted in what is there then: those that stand in few of the texts left will stay.\n"
                )
            self.exitcode = 130
            return
        except BrokenProcessPool:
            sys.stderr.write("A process died, for lack of memory perhaps: try fewer with --processes.\n")
            self.exitcode = 1
            return
        except BrokenPipeError:  # whoever reads has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        sys.stderr.write(f"{total.line(opts.dry_run)}\n")
        self.exitcode = 1 if total.failed else 0


# --- what is to be done ------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class Task:
    """One input file and where it goes; `target` is None for standard output."""

    source: str
    target: str | None = None

    @property
    def is_lines(self) -> bool:
        """Are these JSON lines?"""
        return self.source.endswith((".jsonl", ".jsonl.gz"))

    @property
    def is_packed(self) -> bool:
        """Is the file a gzip file?"""
        return self.source.endswith(".gz")

    @property
    def size(self) -> int:
        """Bytes on disk; 0 for what has none."""
        try:
            return Path(self.source).stat().st_size
        except OSError:
            return 0


@dataclass(slots=True, frozen=True)
class How:
    """What the options say of how to clean."""

    field: str = ""
    skip_bad: bool = False
    dry_run: bool = False
    #: Where the lines of all texts are remembered; empty if those that recur are to stay.
    memory: str = ""


def plan(inputs: list[str], opts: argparse.Namespace) -> list[Task]:
    """The files that `inputs` stand for. Raises `UsageError`, before anything is written."""
    if unknown := [name for name in inputs if name.startswith("-") and name != STDIN]:
        raise UsageError(f"there is no option {unknown[0]}")
    if not inputs:
        raise UsageError("name what to clean: files, folders, or - for standard input")
    if opts.output and opts.in_place:
        raise UsageError("--output and --in-place do not go together: take one of the two out")
    if STDIN in inputs:
        if len(inputs) > 1 or opts.output or opts.in_place:
            raise UsageError("- goes to standard output, alone: take the other inputs, --output and --in-place out")
        return [Task(STDIN)]
    output = Path(opts.output) if opts.output else None
    if output is not None and output.exists() and not output.is_dir():
        raise UsageError(f"--output {output} is no folder: name one")
    found = list(_files(inputs, output))
    if not (opts.output or opts.in_place or opts.dry_run) and (len(found) > 1 or Path(inputs[0]).is_dir()):
        raise UsageError("say where the clean texts go: --output DIR, or --in-place")
    lines = [source for source, _ in found if Task(str(source)).is_lines]
    if lines and not opts.field:
        raise UsageError(f"{lines[0]}: say which field holds the text, for example --field text")
    if not lines and (opts.field or opts.skip_bad):
        raise UsageError("--field and --skip-bad are for JSON lines (*.jsonl, *.jsonl.gz): take them out")
    tasks: dict[str, Task] = {}
    for source, relative in found:
        if output is not None:
            target: Path | None = output / relative
        else:
            # Through links, so that the file is renewed and the link stays
            target = source.resolve() if opts.in_place else None
        task = Task(str(source), str(target) if target else None)
        other = tasks.setdefault(str(target or source.resolve()), task)
        if output is not None and source.resolve() == (output / relative).resolve():
            raise UsageError(f"{source} would be written over itself: say --in-place, or another --output")
        if output is not None and Path(other.source).resolve() != source.resolve():
            raise UsageError(
                f"{other.source} and {source} would both be written to {target}: "
                "name the folder above both as INPUT, or give each its own --output"
            )
    return list(tasks.values())


def _files(inputs: list[str], output: Path | None) -> Iterator[tuple[Path, Path]]:
    """Each input file, and its name under `--output`."""
    for name in inputs:
        path = Path(name)
        if path.is_dir():
            texts = sorted(file for file in path.rglob("*.txt") if file.is_file())
            if output is not None and output.resolve() != path.resolve():
                # Clean texts inside the folder that they came from are no input of the next run
                inside = output.resolve()
                texts = [file for file in texts if not file.resolve().is_relative_to(inside)]
            if not texts:
                raise UsageError(f"{path}: there is no *.txt in this folder (JSON lines are named one by one)")
            for file in texts:
                yield file, file.relative_to(path)
        elif path.exists():
            yield path, Path(path.name)
        else:
            raise UsageError(f"{path}: there is no such file or folder")


def _processes(wanted: str | None, tasks: list[Task]) -> int:
    if wanted is not None:
        if not wanted.isdecimal() or not int(wanted):
            raise UsageError(f"--processes {wanted} is no number of processes: write it as --processes 4")
        return int(wanted)
    size = 0
    for task in tasks:
        size += task.size
        if size >= _SMALL:
            return os.cpu_count() or 1
    return 1


# --- doing it ----------------------------------------------------------------------------------------------------


_COUNTS = ("lines_in", "lines_out", "bytes_in", "bytes_out", "bad")


@dataclass(slots=True)
class Sample:
    """A text before and after; `line` is its number in a file of JSON lines."""

    before: str
    after: str
    line: int = 0


@dataclass(slots=True)
class Outcome:
    """What came of one file, or of some of its JSON lines. Lines are those with text in them."""

    source: str
    lines_in: int = 0
    lines_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    bad: int = 0
    changed: bool = False
    #: What is wrong with the input, with the name of the file. Nothing of it was written then.
    error: str = ""
    #: Texts that change, if they were asked for.
    samples: list[Sample] = field(default_factory=list)
    #: What goes to standard output.
    output: bytes = b""

    def take(self, part: Outcome) -> None:
        """Adds what came of some more lines of the file."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(part, name))
        self.changed = self.changed or part.changed
        self.samples += part.samples[: DIFFS - len(self.samples)]

    def count(self, before: str, after: str) -> None:
        """Counts the lines of one text."""
        self.lines_in += _lines(before)
        self.lines_out += _lines(after)
        self.changed = self.changed or before != after


@dataclass(slots=True)
class Total:
    """The sum of all outcomes."""

    files: int = 0
    unchanged: int = 0
    failed: int = 0
    bad: int = 0
    lines_in: int = 0
    lines_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def changed(self) -> int:
        """Files that are not what they were."""
        return self.files - self.unchanged

    def add(self, outcome: Outcome) -> None:
        """Counts a file."""
        if outcome.error:
            self.failed += 1
            return
        self.files += 1
        self.unchanged += not outcome.changed
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(outcome, name))

    def line(self, dry_run: bool) -> str:
        """For the end of a run."""
        parts = [
            f"{self.files} {'file' if self.files == 1 else 'files'} ({self.unchanged} unchanged)",
            f"{self.lines_in} lines in, {self.lines_out} out",
            f"{self.bytes_in} bytes in, {self.bytes_out} out",
        ]
        parts += [f"{self.bad} bad lines copied"] if self.bad else []
        parts += [f"{self.failed} failed"] if self.failed else []
        return ("Nothing written. " if dry_run else "") + "; ".join(parts)


def _all(tasks: list[Task], how: How, processes: int, advance: Callable[[int], Any]) -> Generator[Outcome, None, None]:
    """Does all tasks, in their order."""
    if tasks == [Task(STDIN)]:
        yield _stdin(sys.stdin.buffer.read(), how)
        return
    with _pool(processes) as pool:
        run = _Runner(pool, processes)
        for is_lines, group in itertools.groupby(tasks, key=lambda task: task.is_lines):
            if is_lines:
                for task in group:
                    yield _json_file(run, task, how, advance)
                continue
            for done in run.map(_text_files, ((batch, how) for batch in _batches(group))):
                for outcome in done:
                    advance(outcome.bytes_in)
                    yield outcome


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor | None]:
    if processes == 1:
        yield None
        return
    # Ctrl-C is for the process that hands out the work
    deaf = (signal.SIGINT, signal.SIG_IGN)
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=spawn, initializer=signal.signal, initargs=deaf)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@dataclass(slots=True, frozen=True)
class _Runner:
    pool: ProcessPoolExecutor | None
    processes: int

    def map(self, function: Callable[[_Job], _Done], jobs: Iterable[_Job]) -> Iterator[_Done]:
        """Results in the order of the jobs, a few jobs ahead at most, so that memory stays flat."""
        if self.pool is None:
            yield from map(function, jobs)
            return
        under_way: deque[Future[_Done]] = deque()
        for job in jobs:
            under_way.append(self.pool.submit(function, job))
            if len(under_way) >= 4 * self.processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


def _batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    rest = iter(tasks)
    while batch := list(itertools.islice(rest, _FILES)):
        yield batch


# --- lines that recur --------------------------------------------------------------------------------------------


#: Texts of one folder or site in which a line is met that is cut. A crawl, which knows the days, is content with three on two
#: days; here nothing tells a story that was printed thrice on one day from a line that stands under every story.
REPEATED = 5
_MONTH = re.compile(r"\d{4}-\d{2}|undated")


def _learn(tasks: list[Task], how: How, processes: int) -> None:
    """Reads everything once, and remembers the lines of each text."""
    from newscrawl.dedup.lines import LineMemory

    plain = dataclasses.replace(how, memory="")
    number = 0
    with LineMemory(Path(how.memory)) as memory, memory.together(), _pool(processes) as pool:
        run = _Runner(pool, processes)
        files = [task for task in tasks if not task.is_lines]
        jobs = itertools.chain(
            run.map(_texts_of_files, ((batch, plain) for batch in _batches(files))),
            *(run.map(_texts_of_lines, _line_jobs(task, plain)) for task in tasks if task.is_lines),
        )
        for texts in jobs:
            for site, name, text in texts:
                # Of days nothing is known: each text has its own
                memory.learn(site, name, text.split("\n"), date.fromordinal(1 + number))
                number += 1


def _line_jobs(task: Task, how: How) -> Iterator[tuple[_Lines, How]]:
    # What is wrong with a file is told by the second reading
    with contextlib.suppress(OSError, EOFError, zlib.error), Path(task.source).open("rb") as file:
        yield from (
            (part, how) for part in _parts(task.source, gzip.GzipFile(fileobj=file) if task.is_packed else file)
        )


def _texts_of_files(job: tuple[list[Task], How]) -> list[tuple[str, str, str]]:
    """Site, name and cleaned text of each file that can be read."""
    tasks, how = job
    found = []
    for task in tasks:
        with contextlib.suppress(OSError, UnicodeDecodeError, _BadTextError):
            text = Path(task.source).read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
            found.append((_site_of(task.source), task.source, _clean(text, how)))
    return found


def _texts_of_lines(job: tuple[_Lines, How]) -> list[tuple[str, str, str]]:
    part, how = job
    found = []
    for number, line in enumerate(part.lines, part.first):
        with contextlib.suppress(ValueError, RecursionError, _BadTextError):
            record = json.loads(line)
            if isinstance(record, dict) and isinstance(text := record.get(how.field), str):
                found.append((_site_of(part.source, record), f"{part.source}:{number}", _clean(text, how)))
    return found


def _site_of(source: str, record: Mapping[str, object] | None = None) -> str:
    """What a text's lines are compared under: the record's domain, or the folder of the file (not that of its month)."""
    if record is not None and isinstance(domain := record.get("domain"), str):
        return domain
    folder = Path(source).parent
    return str(folder.parent if _MONTH.fullmatch(folder.name) else folder)


@cache
def _memory(path: str) -> LineMemory:
    from newscrawl.dedup.lines import LineMemory

    return LineMemory(Path(path), REPEATED)


class _BadTextError(ValueError):
    """A text that cannot be cleaned, or a line with none. The message goes behind the name of the place."""


def _clean(text: str, how: How, site: str = "") -> str:
    # Not before it is needed: every `scrapy` command imports this module
    from newscrawl import clean_text

    try:
        cleaned = clean_text(text)
        return _memory(how.memory).clean(site, cleaned)[0] if how.memory else cleaned
    except Exception as error:  # a fault of ours on one text must not end the run
        raise _BadTextError(f"cannot be cleaned ({type(error).__name__}: {error})") from error


def _lines(text: str) -> int:
    return sum(1 for line in text.split("\n") if line and not line.isspace())


# --- text files --------------------------------------------------------------------------------------------------


def _text_files(job: tuple[list[Task], How]) -> list[Outcome]:
    tasks, how = job
    return [_text_file(task, how) for task in tasks]


def _text_file(task: Task, how: How) -> Outcome:
    try:
        outcome = _text(task.source, Path(task.source).read_bytes(), how)
        if outcome.error or how.dry_run or task.target is None:
            return outcome
        if outcome.changed or task.target != str(Path(task.source).resolve()):
            _write(Path(task.target), outcome.output)
        outcome.output = b""
    except OSError as error:
        return Outcome(task.source, error=f"{error.filename or task.source}: {error.strerror}")
    return outcome


def _text(name: str, data: bytes, how: How) -> Outcome:
    try:
        before = data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        after = _clean(before, how, _site_of(name)).strip("\n")
    except UnicodeDecodeError as error:
        return Outcome(name, error=f"{name}: {_not_utf8(error)}. Convert it first, for example with iconv")
    except _BadTextError as error:
        return Outcome(name, error=f"{name}: {error}")
    after += "\n" if after else ""
    output = after.encode()
    outcome = Outcome(name, bytes_in=len(data), bytes_out=len(output), output=b"" if how.dry_run else output)
    outcome.count(before, after)
    outcome.changed = output != data
    if how.dry_run and outcome.changed:
        outcome.samples.append(Sample(before, after))
    return outcome


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"is not UTF-8 (byte {error.start} is {error.object[error.start]:#04x})"


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = _mode(target)
    write_atomically(target, content)
    target.chmod(mode)


def _mode(target: Path) -> int:
    """The permissions of what stands there, or those of a new file."""
    return target.stat().st_mode & 0o7777 if target.exists() else 0o644


# --- JSON lines --------------------------------------------------------------------------------------------------


@dataclass(slots=True, frozen=True)
class _Lines:
    """Some lines of a file, for one process."""

    source: str
    first: int
    lines: list[bytes]


def _json_file(run: _Runner, task: Task, how: How, advance: Callable[[int], Any]) -> Outcome:
    whole = Outcome(task.source)
    at = 0
    try:
        with Path(task.source).open("rb") as file, _sink(task, how) as sink:
            lines: Iterable[bytes] = gzip.GzipFile(fileobj=file) if task.is_packed else file
            jobs = ((part, how) for part in _parts(task.source, lines))
            for part in run.map(_json_lines, jobs):
                if part.error:
                    raise _BadTextError(part.error)
                whole.take(part)
                sink.write(part.output)
                advance(file.tell() - at)
                at = file.tell()
            sink.wanted = whole.changed or task.target != str(Path(task.source).resolve())
    except _BadTextError as error:
        return Outcome(task.source, error=str(error))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        return Outcome(task.source, error=f"{task.source}: is no whole gzip file ({error})")
    except BrokenPipeError:
        raise
    except OSError as error:
        return Outcome(task.source, error=f"{error.filename or task.source}: {error.strerror}")
    return whole


def _stdin(data: bytes, how: How) -> Outcome:
    name = "standard input"
    if not how.field:
        return _text(name, data, how)
    outcome = _json_lines((_Lines(name, 1, list(io.BytesIO(data))), how))
    if how.dry_run:
        outcome.output = b""
    return outcome


def _parts(source: str, lines: Iterable[bytes]) -> Iterator[_Lines]:
    part: list[bytes] = []
    first, size = 1, 0
    for line in lines:
        part.append(line)
        size += len(line)
        if size >= _BYTES:
            yield _Lines(source, first, part)
            first, size, part = first + len(part), 0, []
    if part:
        yield _Lines(source, first, part)


def _json_lines(job: tuple[_Lines, How]) -> Outcome:
    part, how = job
    outcome = Outcome(part.source, bytes_in=sum(map(len, part.lines)))
    done = []
    for number, line in enumerate(part.lines, part.first):
        try:
            done.append(_json_line(line, number, outcome, how) if line.strip() else line)
        except _BadTextError as error:
            if not how.skip_bad:
                remedy = "Mend it, or copy such lines as they are with --skip-bad"
                return Outcome(part.source, error=f"{part.source}:{number}: {error}. {remedy}")
            outcome.bad += 1
            done.append(line)
    outcome.output = b"".join(done)
    outcome.bytes_out = len(outcome.output)
    return outcome


def _json_line(line: bytes, number: int, outcome: Outcome, how: How) -> bytes:
    try:
        raw = line.decode("utf-8")
        record = json.loads(raw.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise _BadTextError(_not_utf8(error)) from None
    except (ValueError, RecursionError) as error:
        raise _BadTextError(f"is no JSON ({error})") from None
    if not isinstance(record, dict):
        raise _BadTextError("is no JSON object")
    if how.field not in record:
        raise _BadTextError(f"has no field {how.field!r}")
    before = record[how.field]
    if not isinstance(before, str):
        raise _BadTextError(f"its {how.field!r} is no text")
    after = _clean(before, how, _site_of(outcome.source, record))
    outcome.count(before, after)
    if before == after:
        return line
    if how.dry_run and len(outcome.samples) < DIFFS:
        outcome.samples.append(Sample(before, after, number))
    start, end = _span(raw, how.field)
    return (raw[:start] + _quoted(after, raw.isascii()) + raw[end:]).encode()


def _quoted(text: str, escaped: bool) -> str:
    """`text` in JSON, its letters escaped where the line does so, or where half a surrogate pair leaves no choice."""
    try:
        text.encode()
    except UnicodeEncodeError:
        escaped = True
    return json.dumps(text, ensure_ascii=escaped)


def _span(raw: str, name: str) -> tuple[int, int]:
    """Where the value of a field stands in a line that is known to be an object with that field."""
    decoder = json.JSONDecoder()
    found = (0, 0)
    at = raw.index("{")
    while raw[at] != "}":
        key, at = decoder.raw_decode(raw, _past_space(raw, at + 1))
        start = _past_space(raw, _past_space(raw, at) + 1)
        _, end = decoder.raw_decode(raw, start)
        if key == name:
            found = (start, end)  # of two, the last counts, as for every reader
        at = _past_space(raw, end)
    return found


def _past_space(raw: str, at: int) -> int:
    while raw[at] in " \t\r\n":
        at += 1
    return at


@dataclass(slots=True)
class _Sink:
    """Where a file's JSON lines go. They stay there if they are `wanted` once all have come."""

    write: Callable[[bytes], object]
    wanted: bool = False


@contextlib.contextmanager
def _sink(task: Task, how: How) -> Iterator[_Sink]:
    """Lines wait beside the target until all are there: a file with an error in it leaves nothing behind."""
    if how.dry_run:
        yield _Sink(len)
        return
    if task.target is None:
        with tempfile.TemporaryFile() as file:
            yield _Sink(file.write)
            file.seek(0)
            shutil.copyfileobj(file, sys.stdout.buffer)
        return
    target = Path(task.target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as raw:
            if task.is_packed:
                # Without name and time: the same lines are the same bytes
                with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                    yield (sink := _Sink(packed.write))
            else:
                yield (sink := _Sink(raw.write))
        if sink.wanted:
            Path(name).chmod(_mode(target))
            Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


# --- telling -----------------------------------------------------------------------------------------------------


def _report(outcome: Outcome, total: Total, dry_run: bool) -> None:
    if outcome.error:
        sys.stderr.write(f"{outcome.error}\n")
    elif dry_run and outcome.changed:
        sys.stdout.write(f"{outcome.source}: {outcome.lines_in} lines, {outcome.lines_out} clean\n")
        if total.changed <= DIFFS:
            for sample in outcome.samples:
                sys.stdout.writelines(_diff(outcome.source, sample))
    elif outcome.output:
        sys.stdout.buffer.write(outcome.output)


def _diff(source: str, sample: Sample) -> Iterator[str]:
    name = f"{source}:{sample.line}" if sample.line else source
    before, after = (text.split("\n") for text in (sample.before.rstrip("\n"), sample.after.rstrip("\n")))
    for line in difflib.unified_diff(before, after, name, f"{name} (clean)", n=1, lineterm=""):
        yield f"{line}\n"


@contextlib.contextmanager
def _progress(tasks: list[Task]) -> Iterator[Callable[[int], Any]]:
    """A bar on a terminal, by bytes of input; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        shown = bar.add_task("Cleaning", total=sum(task.size for task in tasks))
        yield lambda size: bar.advance(shown, size)
