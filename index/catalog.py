"""The catalog: one SQLite file that holds the whole truth of the index.

Documents, passages, their vectors, the lexical index, terms, source folders and a generation number. One transaction replaces one whole
document, so a process killed at any moment leaves the document as it was or as it should be. A question reads in one
transaction and sees one generation. Any number of processes may read and write; SQLite's WAL keeps them apart.
"""

import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from corpus.cut import SCHEME, section_at
from corpus.document import Asked, Document, Passage, Placed, Unit
from corpus.errors import IndexMismatch, IndexMissing
from corpus.sources import Source
from corpus.terms import Term
from index.lexical import fts_query, words
from index.sqlite import atomic, make_folder, opened, usable

SCHEMA_VERSION = 2
HEADING_WEIGHT = 2.0  # BM25 weight of a word in the heading path against one in the text; questions often name the heading

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE sources (name TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE);
CREATE TABLE documents (
    rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL REFERENCES sources (name), path TEXT NOT NULL,
    file_digest TEXT NOT NULL, digest TEXT NOT NULL, format TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, blocks TEXT NOT NULL,
    pages INTEGER, date TEXT, summary TEXT NOT NULL, tags TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE problems (id TEXT PRIMARY KEY, source TEXT NOT NULL REFERENCES sources (name), reason TEXT NOT NULL);
CREATE TABLE passages (
    rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document INTEGER NOT NULL REFERENCES documents (rowid),
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, page INTEGER, kind TEXT NOT NULL, heading TEXT NOT NULL, context TEXT NOT NULL,
    units TEXT NOT NULL, embedded TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX passages_by_document ON passages (document, start);
CREATE INDEX passages_by_embedded ON passages (embedded);
CREATE VIRTUAL TABLE lexicon USING fts5 (heading, body, tokenize = 'porter unicode61', detail = 'full');
CREATE TABLE terms (
    name TEXT NOT NULL, key TEXT NOT NULL, abbreviations TEXT NOT NULL, passage INTEGER NOT NULL REFERENCES passages (rowid),
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, defines INTEGER NOT NULL);
CREATE INDEX terms_by_passage ON terms (passage);
CREATE TABLE questions (
    rowid INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents (rowid), at INTEGER NOT NULL, text TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, embedded TEXT NOT NULL, vector BLOB NOT NULL);
CREATE INDEX questions_by_document ON questions (document);
CREATE INDEX questions_by_embedded ON questions (embedded);
"""
_PASSAGE = """
SELECT p.id, d.id, p.start, p."end", substr(d.text, p.start + 1, p."end" - p.start), p.context, p.heading, p.page, p.kind, p.units
FROM passages p JOIN documents d ON d.rowid = p.document
"""
Made = TypeVar("Made")
Stamp = tuple[str | None, int]  # which catalog, and its generation: a catalog that is deleted and made anew counts from 0 again


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the catalog lists it, without its text."""

    id: str
    source: str
    path: str
    title: str
    format: str
    file_digest: str
    digest: str
    pages: int | None
    characters: int
    passages: int
    date: str | None
    tags: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """All vectors of one generation: `ids` sorted, `vectors` of shape (passages, dimension), `documents` beside them."""

    generation: int
    ids: list[str]
    documents: list[str]
    vectors: np.ndarray

    def within(self, documents: frozenset[str]) -> "Matrix":
        """The rows that belong to `documents`."""
        rows = [at for at, name in enumerate(self.documents) if name in documents]
        return Matrix(self.generation, [self.ids[at] for at in rows], [self.documents[at] for at in rows], self.vectors[rows])


@dataclass(frozen=True, slots=True)
class Questions:
    """What sections say they answer, by document and in its order, one row a question.

    `vectors` is float32 of shape (questions, dimension); `passages` are the ids of the passages of its section, in reading order.
    """

    texts: list[str]
    documents: list[str]
    vectors: np.ndarray
    passages: list[tuple[str, ...]]


class View:
    """What one read transaction sees: one generation, whatever others write meanwhile."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def meta(self, key: str) -> str | None:
        """A stored value; None when it was never set."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return row[0] if row else None

    @property
    def generation(self) -> int:
        """Grows by one with every change of documents."""
        return int(self.meta("generation") or 0)

    @property
    def stamp(self) -> Stamp:
        """What is kept of a view holds as long as this is the same."""
        return self.meta("id"), self.generation

    def sources(self) -> list[Source]:
        """The source folders, by name."""
        return [Source(name, Path(path)) for name, path in self._db.execute("SELECT name, path FROM sources ORDER BY name")]

    def problems(self) -> dict[str, str]:
        """Files that could not be read at the last ingestion: document id (or source name) and reason."""
        return dict(self._db.execute("SELECT id, reason FROM problems ORDER BY id"))

    def entries(self) -> list[Entry]:
        """All documents by id."""
        rows = self._db.execute(
            """SELECT d.id, d.source, d.path, d.title, d.format, d.file_digest, d.digest, d.pages, length(d.text),
               (SELECT count(*) FROM passages p WHERE p.document = d.rowid), d.date, d.tags, d.summary
               FROM documents d ORDER BY d.id"""
        )
        return [Entry(*(*row[:11], tuple(json.loads(row[11])), row[12])) for row in rows]

    def count_passages(self) -> int:
        """How many passages there are."""
        return int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])

    def document(self, id: str) -> Document | None:
        """One document with its text; None when it is not in the catalog."""
        row = self._db.execute(
            "SELECT id, title, text, blocks, format, pages, date, summary, tags, provenance FROM documents WHERE id = ?",
            [id.encode("utf-8", errors="replace").decode()],  # SQLite takes no half of a character; neither has an id one
        ).fetchone()
        if row is None:
            return None
        return Document(
            row[0], row[1], row[2], tuple(Placed(*block) for block in json.loads(row[3])), row[4], row[5], row[6], row[7],
            tuple(json.loads(row[8])), tuple(json.loads(row[9])), self._asked(id),
        )

    def _asked(self, document: str) -> tuple[Asked, ...]:
        rows = self._db.execute(
            "SELECT q.at, q.text FROM questions q JOIN documents d ON d.rowid = q.document WHERE d.id = ? ORDER BY q.rowid", [document]
        )
        return tuple(Asked(*row) for row in rows)

    def passages(self, ids: Sequence[str]) -> dict[str, Passage]:
        """Passages by id; an id that is not in the catalog is absent from the result."""
        marks = ",".join("?" * len(ids))
        return {row[0]: _passage(row) for row in self._db.execute(f"{_PASSAGE} WHERE p.id IN ({marks})", list(ids))}

    def passages_of(self, document: str) -> list[Passage]:
        """All passages of one document in reading order; empty for a document that is not there."""
        return [_passage(row) for row in self._db.execute(f"{_PASSAGE} WHERE d.id = ? ORDER BY p.start", [document])]

    def lexical(self, subject: list[str], n: int, documents: frozenset[str] | None = None) -> list[str]:
        """The ids of the `n` best passages for any of these words, by BM25 (SQLite FTS5, k1 = 1.2, b = 0.75), ties by id."""
        query = fts_query(subject)
        if not query:
            return []
        narrowed, names = "", sorted(documents or ())
        if documents is not None:
            narrowed = f"AND d.id IN ({','.join('?' * len(names))})"
        rows = self._db.execute(
            f"""SELECT p.id FROM lexicon JOIN passages p ON p.rowid = lexicon.rowid JOIN documents d ON d.rowid = p.document
                WHERE lexicon MATCH ? {narrowed} ORDER BY bm25(lexicon, ?, 1.0), p.id LIMIT ?""",
            [query, *names, HEADING_WEIGHT, n],
        )
        return [row[0] for row in rows]

    def vectors(self, ids: Sequence[str]) -> dict[str, np.ndarray]:
        """The float32 vectors of these passages."""
        marks = ",".join("?" * len(ids))
        rows = self._db.execute(f"SELECT id, vector FROM passages WHERE id IN ({marks})", list(ids))
        return {id: np.frombuffer(blob, dtype=np.float32) for id, blob in rows}

    def matrix(self) -> Matrix:
        """All vectors of this generation, in float32."""
        rows = self._db.execute(
            "SELECT p.id, d.id, p.vector FROM passages p JOIN documents d ON d.rowid = p.document ORDER BY p.id"
        ).fetchall()
        return Matrix(self.generation, [row[0] for row in rows], [row[1] for row in rows], _stacked([row[2] for row in rows]))

    def questions(self) -> Questions:
        """All questions that sections say they answer."""
        rows = self._db.execute(
            """SELECT q.rowid, q.text, d.id, q.vector FROM questions q JOIN documents d ON d.rowid = q.document ORDER BY d.id, q.rowid"""
        ).fetchall()
        answering: dict[int, list[str]] = {}
        for row, passage in self._db.execute(
            """SELECT q.rowid, p.id FROM questions q JOIN passages p
               ON p.document = q.document AND p.start >= q.start AND p.start < q."end" ORDER BY q.rowid, p.start"""
        ):
            answering.setdefault(row, []).append(passage)
        passages = [tuple(answering.get(row[0], ())) for row in rows]
        return Questions([row[1] for row in rows], [row[2] for row in rows], _stacked([row[3] for row in rows]), passages)

    def known_vectors(self, embedded: Sequence[str]) -> dict[str, bytes]:
        """Vectors that were made before for the same text, by the digest of that text."""
        found: dict[str, bytes] = {}
        for at in range(0, len(embedded), 500):
            part = list(embedded[at : at + 500])
            marks = ",".join("?" * len(part))
            for table in ("passages", "questions"):
                found.update(self._db.execute(f"SELECT embedded, vector FROM {table} WHERE embedded IN ({marks})", part))
        return found

    def terms(self) -> list[Term]:
        """All terms, by name, the strongest place first: one that defines it under a heading of that name, in a sentence, in a row; then what only expands."""
        rows = self._db.execute(
            """SELECT t.name, t.abbreviations, substr(d.text, t.start + 1, t."end" - t.start), d.id, t.start, t."end", p.id, t.defines
               FROM terms t JOIN passages p ON p.rowid = t.passage JOIN documents d ON d.rowid = p.document
               ORDER BY t.key, t.defines DESC, p.kind = 'definition' AND instr(lower(p.heading), t.key) = 1 DESC, p.kind = 'row', d.id, t.start"""
        )
        return [Term(*(row[0], tuple(json.loads(row[1])), *row[2:7], bool(row[7]))) for row in rows]

    def vocabulary(self) -> dict[str, int]:
        """The folded words of all passages with how many passages hold them."""
        counts: dict[str, int] = {}
        for heading, body in self._db.execute("SELECT heading, body FROM lexicon"):
            for word in {*heading.split(), *body.split()}:
                counts[word] = counts.get(word, 0) + 1
        return counts


class Kept(Generic[Made]):
    """What is made of a view, kept as long as views have the same stamp. Safe for threads."""

    def __init__(self, make: Callable[[View], Made]) -> None:
        self._make = make
        self._last: tuple[Stamp, Made] | None = None
        self._lock = threading.Lock()

    def of(self, view: View) -> Made:
        """What is made of this view, or was made of one like it."""
        with self._lock:
            if self._last is None or self._last[0] != view.stamp:
                self._last = (view.stamp, self._make(view))
            return self._last[1]


class Edit(View):
    """A write transaction. All of it takes effect, or nothing."""

    def set_meta(self, key: str, value: str) -> None:
        """Store a value under a key, replacing what was there."""
        self._db.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", [key, value])

    def set_built_with(self, identity: str) -> None:
        """The vectors are those of this embedding model, of passages that were cut as they are today."""
        self.set_meta("embedder", identity)
        self.set_meta("scheme", str(SCHEME))

    def add_source(self, source: Source) -> None:
        """Remember a source folder. A name that is known already gets the new path: the folder has moved."""
        self._db.execute(
            "INSERT INTO sources VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET path = excluded.path", [source.name, str(source.path)]
        )

    def remove_source(self, name: str) -> None:
        """Forget a source folder with all that came from it."""
        ids = [row[0] for row in self._db.execute("SELECT id FROM documents WHERE source = ?", [name])]
        for id in ids:
            self.remove(id)
        self._db.execute("DELETE FROM problems WHERE source = ?", [name])
        self._db.execute("DELETE FROM sources WHERE name = ?", [name])

    def set_problem(self, id: str, source: str, reason: str) -> None:
        """Note why a file could not be read; what the catalog holds of it from before stays."""
        self._db.execute("INSERT OR REPLACE INTO problems VALUES (?, ?, ?)", [id, source, reason])

    def clear_problems(self, source: str) -> None:
        """Forget the problems of a source; a new ingestion notes what it meets."""
        self._db.execute("DELETE FROM problems WHERE source = ?", [source])

    def touch(self, id: str, file_digest: str, path: str) -> None:
        """The file's bytes changed, what a reader sees did not."""
        self._db.execute("UPDATE documents SET file_digest = ?, path = ? WHERE id = ?", [file_digest, path, id])

    def replace(
        self, document: Document, *, source: str, path: str, file_digest: str, passages: Sequence[Passage], embedded: Sequence[str],
        vectors: Sequence[bytes], terms: Sequence[Term],
    ) -> None:
        """Put one whole document in the place of what was there under its id, with its passages and terms.

        `embedded` and `vectors` are those of the passages, then those of the questions that the document says it answers.
        """
        self._delete(document.id)
        cursor = self._db.execute(
            """INSERT INTO documents (id, source, path, file_digest, digest, format, title, text, blocks, pages, date, summary, tags,
               provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            [
                document.id, source, path, file_digest, document.digest, document.format, document.title, document.text,
                json.dumps([[b.kind, b.start, b.end, b.level, b.page, b.marker] for b in document.blocks]),
                document.pages, document.date, document.summary, json.dumps(document.tags), json.dumps(document.provenance),
            ],
        )
        row = cursor.lastrowid
        rows: dict[str, int] = {}
        many = len(passages)
        for passage, digest, vector in zip(passages, embedded[:many], vectors[:many], strict=True):
            cursor = self._db.execute(
                """INSERT INTO passages (id, document, start, "end", page, kind, heading, context, units, embedded, vector)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                [
                    passage.id, row, passage.start, passage.end, passage.page, passage.kind, passage.heading, passage.context,
                    json.dumps([[u.start, u.end, u.marker] for u in passage.units]), digest, vector,
                ],
            )
            rows[passage.id] = int(cursor.lastrowid or 0)
            self._db.execute(
                "INSERT INTO lexicon (rowid, heading, body) VALUES (?, ?, ?)",
                [rows[passage.id], " ".join(words(passage.context)), " ".join(words(passage.text))],
            )
        self._db.executemany(
            "INSERT INTO terms VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(t.name, t.name.lower(), json.dumps(t.abbreviations), rows[t.passage], t.start, t.end, t.defines) for t in terms],
        )
        self._db.executemany(
            'INSERT INTO questions (document, at, text, start, "end", embedded, vector) VALUES (?, ?, ?, ?, ?, ?, ?)',
            [
                (row, one.at, one.question, *section_at(document, one.at), digest, vector)
                for one, digest, vector in zip(document.asked, embedded[many:], vectors[many:], strict=True)
            ],
        )
        self._bump()

    def remove(self, id: str) -> None:
        """Take a document out with all that belongs to it. One that is not there changes nothing."""
        if self._delete(id):
            self._bump()

    def _delete(self, id: str) -> bool:
        row = self._db.execute("SELECT rowid FROM documents WHERE id = ?", [id]).fetchone()
        if row is None:
            return False
        inside = "(SELECT rowid FROM passages WHERE document = ?)"
        self._db.execute(f"DELETE FROM lexicon WHERE rowid IN {inside}", row)
        self._db.execute(f"DELETE FROM terms WHERE passage IN {inside}", row)
        self._db.execute("DELETE FROM questions WHERE document = ?", row)
        self._db.execute("DELETE FROM passages WHERE document = ?", row)
        self._db.execute("DELETE FROM documents WHERE rowid = ?", row)
        return True

    def _bump(self) -> None:
        self.set_meta("generation", str(self.generation + 1))


class Catalog:
    """The catalog of one data folder. Opens the file anew for each transaction, so it may be shared by threads."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "catalog.sqlite"

    @property
    def exists(self) -> bool:
        """Is there a file? A first ingestion that was killed at once leaves one without tables."""
        with usable(self.path.parent):
            return self.path.is_file()

    @contextmanager
    def reading(self) -> Iterator[View]:
        """One read transaction. Raises IndexMissing when the data folder has no catalog."""
        missing = IndexMissing(f"there is no index in {self.path.parent} yet", "run `kpo ingest`")
        if not self.exists:
            raise missing
        with self._open() as db:
            db.execute("BEGIN")
            if not _has_tables(db):
                raise missing
            yield View(db)

    @contextmanager
    def writing(self) -> Iterator[Edit]:
        """One write transaction; rolled back when its block raises. Creates the catalog when there is none."""
        make_folder(self.path.parent)
        with self._open() as db, atomic(db):
            if not _has_tables(db):
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
                first = {"schema": str(SCHEMA_VERSION), "generation": "0", "id": uuid.uuid4().hex}
                db.executemany("INSERT INTO meta VALUES (?, ?)", first.items())
            yield Edit(db)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        damaged = "restore the file from a copy, or delete it and run `kpo ingest` with your source folders to build it again"
        with opened(self.path, f"the catalog {self.path} cannot be used", damaged) as db:
            self._check_schema(db)
            yield db

    def _check_schema(self, db: sqlite3.Connection) -> None:
        if not _has_tables(db):
            return
        (found,) = db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        if int(found) != SCHEMA_VERSION:
            raise IndexMismatch(
                f"{self.path} has schema {found}, this version reads {SCHEMA_VERSION}",
                "use the version that wrote it, or delete that file and run `kpo ingest` with your source folders",
            )


def _has_tables(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None


def _stacked(blobs: Sequence[bytes]) -> np.ndarray:
    """Stored vectors as the rows of one float32 matrix; shape (0, 1) for none."""
    return np.frombuffer(b"".join(blobs), dtype=np.float32).reshape(len(blobs), -1) if blobs else np.zeros((0, 1), dtype=np.float32)


def _passage(row: tuple) -> Passage:  # type: ignore[type-arg]
    return Passage(*(*row[1:9], tuple(Unit(*unit) for unit in json.loads(row[9]))))
