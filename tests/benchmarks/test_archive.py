"""The engines that the benchmark of archives compares read the same."""

from __future__ import annotations

from pathlib import Path

from benchmarks import archive


def test_all_engines_find_the_same(tmp_path: Path) -> None:
    path = tmp_path / "cc-news.warc.gz"
    wanted = archive.make(path, megabytes=1, every=5)
    counts = {name: engine(path, archive.HOST) for name, engine in archive.ENGINES.items()}
    assert wanted > 3
    assert {count for name, count in counts.items() if "filtered" in name} == {wanted}
    assert len({count for name, count in counts.items() if "filtered" not in name}) == 1


def test_an_index_is_measured() -> None:
    assert len(archive.index_of(1000)) == 2
