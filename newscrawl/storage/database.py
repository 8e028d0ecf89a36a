"""One database, opened: SQLite by default, PostgreSQL, or whatever else SQLAlchemy speaks to with ON CONFLICT."""

from __future__ import annotations

import re
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, create_engine, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from newscrawl.storage.tables import SCHEMA_VERSION, info, metadata


class CatalogError(Exception):
    """The catalog cannot be opened. The message says what to do."""


class Database:
    """Opens the database at a SQLAlchemy URL and makes the tables that are not there. Raises `CatalogError`."""

    def __init__(self, url: str) -> None:
        shown = re.sub(r"//[^@/]*@", "//…@", url)
        try:
            parsed = make_url(url)
            if parsed.get_backend_name() == "sqlite" and parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self._engine: Engine = create_engine(parsed)
        except ArgumentError as error:
            raise CatalogError(
                f"CATALOG_URL {shown!r} is no database address: write sqlite:///path or postgresql+psycopg://…"
            ) from error
        except ImportError as error:
            raise CatalogError(
                f"CATALOG_URL {shown!r} needs a driver that is not there ({error}): pip install 'newscrawl[postgresql]'"
            ) from error
        except OSError as error:
            raise CatalogError(
                f"The catalog at {shown} cannot be opened: {error}. Check the path and its permissions."
            ) from error
        if parsed.get_backend_name() == "sqlite":
            event.listen(self._engine, "connect", _tune_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        self._writer = self._engine.execution_options(writes=True)
        try:
            self._prepare()
        except BaseException as error:
            self.close()
            if isinstance(error, SQLAlchemyError):
                raise CatalogError(
                    f"The catalog at {shown} cannot be opened: {error}. Check the path and its permissions."
                ) from error
            raise

    def _prepare(self, tries: int = 5) -> None:
        for left in range(tries - 1, -1, -1):
            try:
                with self.writing() as db:
                    if inspect(db).has_table(info.name):
                        self._check_version(db)
                    metadata.create_all(db)
                    self._check_version(db)
                return
            except SQLAlchemyError:
                # Another run may be making the same tables at this moment
                if not left:
                    raise
                time.sleep(0.2)

    def _check_version(self, db: Connection) -> None:
        found = db.scalar(select(info.c.value).where(info.c.key == "schema"))
        if found is None:
            db.execute(self.insert(info).values(key="schema", value=str(SCHEMA_VERSION)).on_conflict_do_nothing())
        elif int(found) != SCHEMA_VERSION:
            raise CatalogError(
                f"The catalog has form {found}, this newscrawl reads form {SCHEMA_VERSION}. "
                "Use the newscrawl that made it, or rebuild it in a new CORPUS_DIR."
            )

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection for questions, each of which sees one state of the database."""
        return self._engine.connect()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction: all of it is written at the end, or nothing."""
        return self._writer.begin()

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT."""
        return (postgresql if self._engine.dialect.name == "postgresql" else sqlite).insert(table)

    def close(self) -> None:
        """Gives the database back."""
        self._engine.dispose()


def _tune_sqlite(connection: Any, _record: Any) -> None:
    # Transactions begin when we say so, not when the driver thinks of it
    connection.isolation_level = None
    # WAL lets `scrapy status` read while a crawl writes; NORMAL loses nothing when the process dies
    cursor = connection.cursor()
    for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # One that reads first and writes then would be refused at once if another wrote in between: writers queue up here. Each
    # question sees one state of the database by itself
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
