"""records.sqlite: what cannot be built again (eval runs, feedback, chats). No rebuild of the index touches it.

The file carries a schema version and migrates forward when it is opened. Whoever keeps something in it has its tables here, so that one
number says what the file holds: `evals/records.py` keeps runs and the inbox, `assistant/chats.py` keeps chats.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpus.errors import IndexMismatch
from index.sqlite import atomic, make_folder, opened

# Each entry brings the file from the version before it to its own; the first makes it from nothing. Entries are only ever added.
_MIGRATIONS = (
    """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE runs (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, set_name TEXT NOT NULL, set_digest TEXT NOT NULL, started TEXT NOT NULL,
        finished INTEGER NOT NULL DEFAULT 0, fingerprint TEXT NOT NULL, cases TEXT NOT NULL);
    CREATE TABLE outcomes (run INTEGER NOT NULL REFERENCES runs (id), case_id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, case_id));
    CREATE TABLE inbox (
        id INTEGER PRIMARY KEY, received TEXT NOT NULL, question TEXT NOT NULL, after TEXT NOT NULL, verdict TEXT NOT NULL, thumb TEXT NOT NULL,
        reason TEXT NOT NULL, words TEXT NOT NULL, citations TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'open')
    """,
    """
    CREATE TABLE chats (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, began TEXT NOT NULL, changed TEXT NOT NULL);
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY AUTOINCREMENT, chat INTEGER NOT NULL REFERENCES chats (id), at TEXT NOT NULL, question TEXT NOT NULL,
        said TEXT NOT NULL, answer TEXT NOT NULL, narrowed TEXT NOT NULL, topics TEXT NOT NULL);
    CREATE INDEX turns_by_chat ON turns (chat, id)
    """,
)
SCHEMA_VERSION = len(_MIGRATIONS)


class RecordsFile:
    """The records of one data folder. Opens the file anew for each transaction, so it may be shared by threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "records.sqlite"

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction that may read and write; rolled back when its block raises. Makes the file when there is none.

        Raises IndexMismatch when a newer version wrote the file, IndexUnavailable when it is damaged, stays locked or is not for this user.
        """
        make_folder(self.path.parent)
        with opened(self.path, f"the records {self.path} cannot be used", "restore the file from a copy; it cannot be built again") as db, atomic(db):
            self._migrate(db)
            yield db

    def _migrate(self, db: sqlite3.Connection) -> None:
        found = 0
        if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            (stored,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
            found = int(stored)
        if found > SCHEMA_VERSION:
            raise IndexMismatch(
                f"{self.path} has schema {found}, this version reads up to {SCHEMA_VERSION}", "use the version that wrote it, or a copy from before"
            )
        if found < SCHEMA_VERSION:
            for script in _MIGRATIONS[found:]:
                for statement in script.split(";"):
                    db.execute(statement)
            db.execute("INSERT INTO meta VALUES ('schema', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [str(SCHEMA_VERSION)])
