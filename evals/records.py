"""Eval runs and the inbox of feedback, kept in records.sqlite."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from corpus.errors import EvalError
from evals.baseline import text_digest
from evals.run import EvalRun, Outcome
from index.records import RecordsFile
from index.sqlite import make_folder

MOST = 2**63 - 1  # what SQLite takes for an id; no row has it


@dataclass(frozen=True, slots=True)
class Feedback:
    """A thumb or an unanswered question, waiting to become a case. `thumb` is "up", "down" or "" for an unanswered question."""

    id: int
    received: str
    question: str
    after: tuple[str, ...]
    verdict: str
    thumb: str
    reason: str
    words: str
    citations: tuple[str, ...]
    state: str = "open"


class Records:
    """The runs and the inbox of one data folder. May be shared by threads and processes.

    A run that is being made is locked by the Records that began it or took it up, until it is finished or the process ends, however it ends.
    """

    def __init__(self, folder: Path) -> None:
        self._transaction = RecordsFile(folder).transaction
        self._locks = folder / "runs"
        self._held: dict[int, FileLock] = {}

    def _hold(self, run: int) -> bool:
        """Lock a run; False when another process makes it. Within a transaction, so that no run is seen between its row and its lock."""
        if run not in self._held:
            make_folder(self._locks)
            lock = FileLock(self._locks / f"{run}.lock", timeout=0, thread_local=False)
            try:
                lock.acquire()
            except Timeout:
                return False
            self._held[run] = lock
        return True

    def start(self, name: str, set_name: str, set_digest: str, fingerprint: dict[str, str], cases: Sequence[str]) -> int:
        """Begin a run; return its id. Its outcomes are added one by one, so that an interruption loses none."""
        with self._transaction() as db:
            cursor = db.execute(
                "INSERT INTO runs (name, set_name, set_digest, started, fingerprint, cases) VALUES (?, ?, ?, ?, ?, ?)",
                [name, set_name, set_digest, _now(), json.dumps(fingerprint), json.dumps(list(cases))],
            )
            run = int(cursor.lastrowid or 0)
            self._hold(run)
            return run

    def add(self, run: int, outcome: Outcome) -> None:
        """Keep an outcome of a run; a second one of the same case replaces the first."""
        with self._transaction() as db:
            db.execute("INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?)", [run, outcome.case, json.dumps(outcome.as_dict())])

    def finish(self, run: int) -> None:
        """Mark a run as whole. `finished` counts up, for a run that was taken up again ends after others that began later."""
        with self._transaction() as db:
            db.execute("UPDATE runs SET finished = (SELECT MAX(finished) + 1 FROM runs) WHERE id = ?", [run])
        lock = self._held.pop(run, None)
        if lock is not None:
            lock.release()
            (self._locks / f"{run}.lock").unlink(missing_ok=True)

    def take_up(self, name: str, set_digest: str, fingerprint: dict[str, str], cases: Sequence[str]) -> EvalRun | None:
        """The newest interrupted run of the same cases with the same fingerprint, from now on part of the command `name`.

        None when there is none. A run that another process is making is not interrupted.
        """
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id FROM runs WHERE finished = 0 AND set_digest = ? AND fingerprint = ? AND cases = ? ORDER BY id DESC",
                [set_digest, json.dumps(fingerprint), json.dumps(list(cases))],
            ).fetchall()
            run = next((row[0] for row in rows if self._hold(row[0])), None)
            db.execute("UPDATE runs SET name = ? WHERE id = ?", [name, run])
        return None if run is None else self.run(run)

    def run(self, id: int) -> EvalRun:
        """A stored run. Raises EvalError for an id that is not there."""
        with self._transaction() as db:
            columns = "id, name, set_name, set_digest, started, fingerprint, finished, cases"
            row = db.execute(f"SELECT {columns} FROM runs WHERE id = ?", [min(id, MOST)]).fetchone()
            if row is None:
                raise EvalError(f"there is no run {id}", "`kpo eval history` lists them")
            outcomes = {case: Outcome.from_dict(json.loads(data)) for case, data in db.execute("SELECT case_id, data FROM outcomes WHERE run = ?", [id])}
        ordered = tuple(outcomes[case] for case in json.loads(row[7]) if case in outcomes)
        return EvalRun(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]), ordered, bool(row[6]))

    def runs(self) -> list[int]:
        """The ids of all finished runs, oldest first."""
        with self._transaction() as db:
            return [row[0] for row in db.execute("SELECT id FROM runs WHERE finished > 0 ORDER BY id")]

    def texts(self, digests: Collection[str]) -> dict[str, str]:
        """The answers with these digests (`text_digest`), by digest, as kept runs have them, whole or interrupted. One that no run has is left out."""
        found: dict[str, str] = {}
        with self._transaction() as db:
            for (data,) in db.execute("SELECT data FROM outcomes ORDER BY run DESC"):
                if len(found) == len(digests):
                    break
                text = json.loads(data)["text"]
                if (digest := text_digest(text)) in digests:
                    found.setdefault(digest, text)
        return found

    def together(self, id: int | None = None) -> list[int]:
        """The ids of the finished runs that one command made with run `id`, oldest first; of the run that ended last for None. Empty when there is none.

        Runs of one command have one name.
        """
        with self._transaction() as db:
            row = db.execute("SELECT name FROM runs WHERE finished > 0 AND (id = ? OR ? IS NULL) ORDER BY finished DESC, id DESC LIMIT 1", [id, id]).fetchone()
            return [found[0] for found in db.execute("SELECT id FROM runs WHERE finished > 0 AND name = ? ORDER BY id", row)] if row else []

    def receive(
        self, question: str, *, after: Sequence[str] = (), verdict: str = "", thumb: str = "", reason: str = "", words: str = "", citations: Sequence[str] = ()
    ) -> int:
        """Put feedback into the inbox; return its id. The same feedback again, while it is open, is kept once."""
        told = [question, json.dumps(list(after)), verdict, thumb, reason, words, json.dumps(list(citations))]
        columns = ("question", "after", "verdict", "thumb", "reason", "words", "citations")
        with self._transaction() as db:
            same = " AND ".join(f"{column} = ?" for column in columns)
            known = db.execute(f"SELECT id FROM inbox WHERE state = 'open' AND {same}", told).fetchone()
            if known:
                return int(known[0])
            cursor = db.execute(f"INSERT INTO inbox (received, {', '.join(columns)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [_now(), *told])
            return int(cursor.lastrowid or 0)

    def inbox(self) -> list[Feedback]:
        """The open feedback, oldest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT id, received, question, after, verdict, thumb, reason, words, citations, state FROM inbox WHERE state = 'open' ORDER BY id"
            ).fetchall()
        return [Feedback(*(*row[:3], tuple(json.loads(row[3])), *row[4:8], tuple(json.loads(row[8])), row[9])) for row in rows]

    def settle(self, id: int, state: str) -> None:
        """Mark feedback as accepted or dismissed. Raises EvalError for an id that is not open."""
        with self._transaction() as db:
            if db.execute("UPDATE inbox SET state = ? WHERE id = ? AND state = 'open'", [state, min(id, MOST)]).rowcount == 0:
                raise EvalError(f"there is no open feedback {id}", "`kpo eval inbox` lists what is open")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
