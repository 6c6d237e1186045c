"""What the language model has cost: one row a request in usage.sqlite, and the budget of a day.

A file of its own, so that neither a rebuild of the index nor the records of evaluations touch it. No question, answer or key is kept.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from assistant.llm import Usage
from index.sqlite import make_folder, opened

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, model TEXT NOT NULL, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL, cost REAL NOT NULL, counted INTEGER NOT NULL)
"""


def _now() -> datetime:
    return datetime.now(UTC)


class Ledger:
    """The usage of one data folder. Opens the file anew for each transaction, so it may be shared by threads and processes."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = _now) -> None:
        self.path = folder / "usage.sqlite"
        self._now = now

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The file, with its table; each statement is a transaction of its own. Raises IndexUnavailable when it cannot be used."""
        make_folder(self.path.parent)
        damaged = "delete that file; what was spent today then counts as nothing"
        with opened(self.path, f"the usage of the language model cannot be kept in {self.path}", damaged) as db:
            db.execute(_SCHEMA)
            yield db

    def add(self, usage: Usage) -> None:
        """Keep what one request took."""
        with self._open() as db:
            row = [
                self._now().isoformat(timespec="seconds"), usage.model, usage.prompt_tokens, usage.completion_tokens, usage.seconds, usage.cost,
                int(usage.counted),
            ]
            db.execute("INSERT INTO requests (at, model, prompt_tokens, completion_tokens, seconds, cost, counted) VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def spent_today(self) -> float:
        """The cost of this day's requests, by UTC; 0.0 when there were none."""
        return self.today()["cost"]

    def today(self) -> dict[str, float]:
        """This day's `requests`, `tokens` and `cost`, by UTC."""
        if not self.path.is_file():
            return {"requests": 0, "tokens": 0, "cost": 0.0}
        with self._open() as db:
            row = db.execute(
                "SELECT COUNT(*), COALESCE(SUM(prompt_tokens + completion_tokens), 0), COALESCE(SUM(cost), 0.0) FROM requests WHERE at LIKE ?",
                [f"{self._now():%Y-%m-%d}%"],
            ).fetchone()
        return {"requests": row[0], "tokens": row[1], "cost": round(row[2], 6)}
