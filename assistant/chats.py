"""Chats as the server keeps them: every answer with its citations, so that it can be read, checked and passed on years later.

An answer is stored as what it is made of, not as the text it was shown as, and checks itself again when it is read: one that was
tampered with does not come back. What a browser sends is never taken for history; a follow-up reads its chat from here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from assistant.answer import Answer
from corpus.errors import CorpusError
from corpus.normalise import one_line
from index.records import RecordsFile

MAX_TITLE = 80  # characters of a chat's name
LISTED = 100  # chats that a list shows at most, the newest; a search finds the others

_HOLDS = """(c.title LIKE :like ESCAPE '\\' OR EXISTS (
    SELECT 1 FROM turns t WHERE t.chat = c.id AND (t.question LIKE :like ESCAPE '\\' OR t.said LIKE :like ESCAPE '\\')))"""


@dataclass(frozen=True, slots=True)
class Topic:
    """A place near what was asked, offered with a refusal: where the passage begins, in which state of the document."""

    label: str
    document: str
    start: int
    digest: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One question of a chat with its answer. `answer` is None when what is stored no longer proves itself.

    `narrowed` names what the search was narrowed to, in words; empty for all documents.
    """

    id: int
    chat: int
    at: str
    question: str
    answer: Answer | None
    narrowed: tuple[str, ...] = ()
    topics: tuple[Topic, ...] = ()


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as a list shows it. `changed` is the time of its newest question."""

    id: int
    title: str
    changed: str
    turns: int


class Chats:
    """The chats of one data folder. May be shared by threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._transaction = RecordsFile(folder).transaction

    def keep(
        self, chat: int | None, answer: Answer, *, narrowed: Sequence[str] = (), topics: Sequence[Topic] = (), instead_of: int | None = None
    ) -> Turn:
        """Add a question with its answer to a chat; None, and a chat that has been deleted, begin a new one, named after the question.

        `instead_of` is the last turn of the chat, which makes room: a question that was edited or asked again. Once another window has gone
        on from it, nothing makes room.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as db:
            if chat is None or not db.execute("SELECT 1 FROM chats WHERE id = ?", [chat]).fetchone():
                title = title_of(answer.question)
                chat = int(db.execute("INSERT INTO chats (title, began, changed) VALUES (?, ?, ?)", [title, now, now]).lastrowid or 0)
            if instead_of is not None:
                db.execute("DELETE FROM turns WHERE id = ? AND id = (SELECT max(id) FROM turns WHERE chat = ?)", [instead_of, chat])
            row = [
                chat, now, answer.question, answer.text, stored(answer), json.dumps(list(narrowed)),
                json.dumps([[t.label, t.document, t.start, t.digest] for t in topics]),
            ]
            sql = "INSERT INTO turns (chat, at, question, said, answer, narrowed, topics) VALUES (?, ?, ?, ?, ?, ?, ?)"
            id = int(db.execute(sql, row).lastrowid or 0)
            db.execute("UPDATE chats SET changed = ? WHERE id = ?", [now, chat])
        return Turn(id, chat, now, answer.question, answer, tuple(narrowed), tuple(topics))

    def listed(self, search: str = "", limit: int = LISTED) -> list[Chat]:
        """The chats, newest first; with a search those whose name, questions or answers hold it, upper and lower case alike."""
        with self._transaction() as db:
            rows = db.execute(
                f"""SELECT c.id, c.title, c.changed, (SELECT count(*) FROM turns t WHERE t.chat = c.id) FROM chats c
                    WHERE {_HOLDS} ORDER BY c.changed DESC, c.id DESC LIMIT :limit""",
                {"like": _like(search), "limit": limit},
            ).fetchall()
        return [Chat(*row) for row in rows]

    def count(self, search: str = "") -> int:
        """How many chats there are, with a search those that hold it, listed or not."""
        with self._transaction() as db:
            return int(db.execute(f"SELECT count(*) FROM chats c WHERE {_HOLDS}", {"like": _like(search)}).fetchone()[0])

    def title(self, chat: int) -> str | None:
        """The name of a chat; None when there is no such chat."""
        with self._transaction() as db:
            row = db.execute("SELECT title FROM chats WHERE id = ?", [chat]).fetchone()
        return row[0] if row else None

    def turns(self, chat: int) -> list[Turn]:
        """The questions of a chat with their answers, oldest first; empty for a chat that is not there."""
        return self._read("chat = ?", chat)

    def turn(self, id: int) -> Turn | None:
        """One question with its answer; None when it is not there."""
        found = self._read("id = ?", id)
        return found[0] if found else None

    def rename(self, chat: int, title: str) -> None:
        """Give a chat another name; a blank one changes nothing. Raises CorpusError for a chat that is not there."""
        wanted = title_of(title)
        with self._transaction() as db:
            if wanted and db.execute("UPDATE chats SET title = ? WHERE id = ?", [wanted, chat]).rowcount == 0:
                raise CorpusError(f"there is no chat {chat}", "it may have been deleted in another window; reload the page")

    def delete(self, chat: int) -> None:
        """Forget a chat with all its answers. One that is not there changes nothing."""
        with self._transaction() as db:
            db.execute("DELETE FROM turns WHERE chat = ?", [chat])
            db.execute("DELETE FROM chats WHERE id = ?", [chat])

    def _read(self, condition: str, value: int) -> list[Turn]:
        with self._transaction() as db:
            rows = db.execute(f"SELECT id, chat, at, question, answer, narrowed, topics FROM turns WHERE {condition} ORDER BY id", [value]).fetchall()
        return [
            Turn(id, chat, at, question, _proved(answer), tuple(json.loads(narrowed)), tuple(Topic(*topic) for topic in json.loads(topics)))
            for id, chat, at, question, answer, narrowed, topics in rows
        ]


def earlier(turns: Sequence[Turn]) -> tuple[str, ...]:
    """The questions that a follow-up may refer to, oldest first: greetings and thanks are none."""
    return tuple(turn.question for turn in turns if turn.answer is None or turn.answer.verdict != "conversation")


def stored(answer: Answer) -> str:
    """An answer as JSON, whole but for the passages it was chosen from, and for what a check has dropped of it."""
    return _answers().dump_json(answer, exclude={"hits": True, "features": True, "draft": {"dropped": True}}).decode()


def restored(text: str) -> Answer:
    """The answer that `stored` wrote. It proves itself as any answer does: raises ValueError for one that could not have been given."""
    return _answers().validate_json(text)


@cache
def _answers() -> TypeAdapter[Answer]:
    return TypeAdapter(Answer)


def _like(search: str) -> str:
    """The pattern of what holds this, in which nothing is a wildcard."""
    return "%" + search.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"


def _proved(text: str) -> Answer | None:
    try:
        return restored(text)
    except ValueError:
        return None


def title_of(text: str) -> str:
    """The name that a chat has from its first question, or is given: one line, not too long."""
    line = one_line(text)
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1].rstrip() + "…"
