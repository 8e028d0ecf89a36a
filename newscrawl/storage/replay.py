"""Saved responses: a folder of fixtures that answers as the web would.

A site's folder holds the files and `responses.toml`, which says what each address answers. `REPLAY` names one such
folder, or a folder of them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

INDEX = "responses.toml"
_KEYS = {"url", "file", "status", "content_type", "location", "fetched_at", "headers"}


class ReplayError(Exception):
    """`REPLAY` names nothing that can be replayed. The message says what is wrong and what to do."""


@dataclass(slots=True, frozen=True)
class SavedResponse:
    """One answer. `headers` are as the server sent them, but for those of the transfer itself."""

    url: str
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    fetched_at: datetime | None = None


class FixtureReplay:
    """The saved responses of one or more site folders, by address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if not folder.exists():
            raise ReplayError(
                f"REPLAY={folder}: there is no such folder. Name a folder of fixtures, e.g. -s REPLAY=fixtures"
            )
        indexes = [folder / INDEX] if (folder / INDEX).exists() else sorted(folder.glob(f"*/{INDEX}"))
        if not indexes:
            raise ReplayError(
                f"REPLAY={folder}: neither it nor a folder in it holds {INDEX}. "
                "Name a folder of fixtures, e.g. -s REPLAY=fixtures"
            )
        self._entries: dict[str, tuple[Path, dict[str, Any]]] = {}
        for index in indexes:
            self._read(index)

    def _read(self, index: Path) -> None:
        try:
            data = tomllib.loads(index.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ReplayError(f"{index}: is no TOML ({error}). Mend it") from error
        default = data.get("fetched_at")
        entries = data.get("response", [])
        if not isinstance(entries, list):
            raise ReplayError(f"{index}: response is one table. Write [[response]] over each")
        for number, entry in enumerate(entries):
            where = f"{index}: response[{number}]"
            if not isinstance(entry.get("fetched_at", default), datetime | None):
                raise ReplayError(f"{where}: fetched_at is no time. Write fetched_at = 2024-06-20T08:00:00+07:00")
            if not isinstance(entry.get("status", 200), int):
                raise ReplayError(f"{where}: status is no number. Write status = 404")
            if unknown := set(entry) - _KEYS:
                raise ReplayError(
                    f"{where}: unknown key {sorted(unknown)[0]!r}. Write one of: {', '.join(sorted(_KEYS))}"
                )
            if "url" not in entry:
                raise ReplayError(f"{where}: url is missing. Add the address that it answers")
            if entry["url"] in self._entries:
                raise ReplayError(f"{where}: {entry['url']} has an answer already. Take one of the two out")
            if "file" in entry and not (index.parent / entry["file"]).is_file():
                raise ReplayError(f"{where}: there is no file {entry['file']}. Save it, or mend the name")
            self._entries[entry["url"]] = (index.parent, {"fetched_at": default, **entry})

    def __len__(self) -> int:
        return len(self._entries)

    def urls(self) -> list[str]:
        """All addresses that have an answer."""
        return list(self._entries)

    def get(self, url: str) -> SavedResponse | None:
        """What an address answers (its fragment aside), or None if nothing was saved."""
        found = self._entries.get(url.partition("#")[0])
        if found is None:
            return None
        folder, entry = found
        headers = {str(key): str(value) for key, value in entry.get("headers", {}).items()}
        headers.setdefault("Content-Type", entry.get("content_type", "text/html; charset=utf-8"))
        if "location" in entry:
            headers["Location"] = entry["location"]
        body = (folder / entry["file"]).read_bytes() if "file" in entry else b""
        return SavedResponse(url, int(entry.get("status", 200)), body, headers, entry["fetched_at"])
