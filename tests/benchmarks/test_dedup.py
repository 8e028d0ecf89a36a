"""The benchmark of duplicates, in small: what it must show holds, and it can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import dedup
from benchmarks.dedup import DUPLICATES, ENGINES, LOOKALIKES, labelled, measure


@pytest.fixture(scope="module")
def items() -> list[dedup.Item]:
    return labelled(250, seed=11)


def test_the_set_is_the_same_each_time(items: list[dedup.Item]) -> None:
    assert labelled(250, seed=11) == items
    kinds = {item.kind for item in items}
    assert kinds >= {*DUPLICATES, "template", "brief", "follow-up", "update", "original"}
    assert set(LOOKALIKES) <= kinds


def test_precision_and_recall(items: list[dedup.Item]) -> None:
    result = measure(items, ENGINES["newscrawl"])
    assert result.precision >= 0.99
    assert result.recall >= 0.95
    assert result.itself == 0


def test_exact_hashes_find_little_and_a_talker_is_wrong(items: list[dedup.Item]) -> None:
    assert measure(items, ENGINES["exact"]).recall < 0.5
    seen: list[str] = []

    def talker(_folder: Path) -> dedup.Ask:
        def ask(article: str, _text: str) -> list[str]:
            others = seen[-3:]
            seen.append(article)
            return others

        return ask

    result = measure(items, talker)
    assert result.precision < 0.1
    assert result.recall < 0.1


def test_stream_and_rates(tmp_path: Path) -> None:
    lines = list(dedup.million(600, tmp_path))
    assert "600 articles" in lines[-1]
    assert len({article for article, _ in dedup.stream(300)}) == 300


def test_repeated_lines() -> None:
    rows = [row.split(" | ") for row in list(dedup.repeated_lines())[2:4]]
    assert all(float(row[2].rstrip("%")) >= 99 for row in rows)
    assert all(row[-1] == "0 |" for row in rows)
