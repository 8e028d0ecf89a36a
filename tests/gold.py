"""The saved pages of `fixtures/` and what a person says must come of them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FIXTURES = ROOT / "fixtures"
#: Pages of others, with labels; beside the project where they exist.
SHARED = ROOT.parent / "shared"


@dataclass(frozen=True)
class Fixture:
    """One page with its gold: `gold` is its TOML, `text` the whole expected text file (empty where none was written)."""

    domain: str
    name: str
    url: str
    html: bytes
    fetched_at: datetime
    content_type: str
    gold: dict[str, Any]
    text: str

    def __str__(self) -> str:
        return f"{self.domain}/{self.name}"

    @property
    def is_article(self) -> bool:
        return "not_article" not in self.gold


def fixtures() -> list[Fixture]:
    """All pages that have gold."""
    found = []
    for index in sorted(FIXTURES.glob("*/responses.toml")):
        folder, data = index.parent, tomllib.loads(index.read_text("utf-8"))
        urls: dict[str, dict[str, Any]] = {}
        for response in data["response"]:
            if "file" in response:
                urls.setdefault(response["file"], response)
        for file in sorted(folder.glob("*.toml")):
            page = file.with_suffix(".html")
            if file == index or page.name not in urls:
                continue
            response, text = urls[page.name], file.with_suffix(".txt")
            found.append(
                Fixture(
                    folder.name,
                    file.stem,
                    response["url"],
                    page.read_bytes(),
                    response.get("fetched_at", data["fetched_at"]),
                    response.get("content_type", "text/html; charset=utf-8"),
                    tomllib.loads(file.read_text("utf-8")),
                    text.read_text("utf-8") if text.exists() else "",
                )
            )
    return found
