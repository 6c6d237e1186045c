"""Files become hits: source folders are brought up to date in the catalog, one whole document a transaction.

Killed at any moment, every document is simply still the old one or already the new one, and the next run does the rest.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from corpus.cut import cut
from corpus.document import Document, Passage, embedded_text
from corpus.errors import CorpusError
from corpus.sources import SHIPPED, Found, Source, digest_of, files_of, name_for
from corpus.terms import Term, harvest
from corpus.worker import Failure, FileReader
from index.catalog import Catalog, Edit, Entry
from index.embed import Embedder, embed_questions
from index.search import check_built_with, check_scheme
from index.sqlite import make_folder, usable

BATCH = 32  # passages and questions embedded between two reports of progress
DOCUMENTS = 32  # documents that one transaction of `add_documents` puts in place

Status = Literal["added", "replaced", "unchanged", "removed", "failed"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another process is ingesting into this data folder; this one goes on when that one is done."""


@dataclass(frozen=True, slots=True)
class Started:
    """The files to be looked at are known."""

    files: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """Some passages, and questions, of the file at hand have their vectors."""

    id: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to one file, or to a source that could not be read. The report is made of these."""

    id: str
    status: Status
    pages: int | None = None
    characters: int = 0
    passages: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Text:
    """A text to be embedded, with a digest that tells a question from a passage: models may embed it otherwise."""

    text: str
    is_question: bool

    @property
    def digest(self) -> str:
        return hashlib.sha256((f"question: {self.text}" if self.is_question else self.text).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document ready for the catalog; `embedded` and `vectors` are those of its passages, then those of its questions."""

    document: Document
    source: str
    path: str
    file_digest: str
    passages: list[Passage]
    embedded: list[str]
    vectors: list[bytes]
    terms: list[Term]

    def put(self, edit: Edit) -> None:
        edit.replace(
            self.document, source=self.source, path=self.path, file_digest=self.file_digest, passages=self.passages,
            embedded=self.embedded, vectors=self.vectors, terms=self.terms,
        )


Event = Waiting | Started | Embedded | Row


def ingest(
    catalog: Catalog, open_embedder: Callable[[], Embedder], paths: list[Path], *, shipped: Path, with_shipped: bool | None = None,
    rebuild: bool = False,
) -> Iterator[Event]:
    """Add `paths` to the source folders and bring those up to date; all of them when there are no paths.

    The shipped documents are a source from the start; `with_shipped=False` takes them out and is remembered, True (or their path
    among `paths`) brings them back. `rebuild` makes every passage and vector anew, in one transaction at the end.
    The embedder is opened only when something must be embedded. Raises CorpusError for a path that can be no source.
    """
    folder = catalog.path.parent
    make_folder(folder)
    lock = FileLock(folder / "ingest.lock", thread_local=False)  # a server may run each step of this generator on another thread
    with usable(folder):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield Waiting()
            lock.acquire()
    try:
        with catalog.writing() as edit:
            before = {entry.id for entry in edit.entries()}
            todo = _settle_sources(edit, [_place(path, folder.resolve()) for path in paths], shipped.resolve(), with_shipped)
            everything = edit.sources()
            removed = sorted(before - {entry.id for entry in edit.entries()})
        yield from _bring_up_to_date(catalog, open_embedder, everything if rebuild else todo, everything, removed, rebuild)
    finally:
        lock.release()


def _place(path: Path, data: Path) -> Path:
    """Where the documents of a path that was named are. Raises CorpusError for one that is not there, for a device or a pipe, and for
    what the index keeps in `data`.

    A folder that others made in the data folder, as the page does for its uploads, is one like others.
    """
    try:
        mode = path.stat().st_mode
        place = path.resolve()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CorpusError(f"there is no file or folder {path}", "check the path; nothing was changed") from error
    except OSError as error:
        raise CorpusError(f"{path} cannot be looked at: {error.strerror}", "check the path, and this user's rights there; nothing was changed") from error
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise CorpusError(f"{path} is not a regular file or a folder", "name a file or folder with documents; nothing was changed")
    if place == data or place.parent == data and stat.S_ISREG(mode) or place.is_relative_to(data / "chroma"):
        raise CorpusError(f"{path} belongs to the index itself", "name a folder with documents, outside the data folder; nothing was changed")
    return place


def _settle_sources(edit: Edit, resolved: list[Path], shipped: Path, with_shipped: bool | None) -> list[Source]:
    """Remember the sources that were asked for; return those to bring up to date."""
    if shipped in resolved:
        with_shipped = True
    if with_shipped is None:
        with_shipped = edit.meta("shipped") != "no"
    edit.set_meta("shipped", "yes" if with_shipped else "no")
    wanted = set(resolved)
    if not with_shipped:
        edit.remove_source(SHIPPED)
    elif shipped not in {source.path for source in edit.sources()}:
        _merge_files(edit, shipped)
        edit.add_source(Source(SHIPPED, shipped))
        wanted.add(shipped)
    for path in resolved:
        sources = edit.sources()
        folders = [source.path for source in sources if _covers(source.path, path)]
        wanted.update(folders)  # the folders around a new source must let go of what is in it
        if path not in {source.path for source in sources} and not (folders and os.path.isfile(path)):
            _merge_files(edit, path)
            edit.add_source(Source(name_for(path, [source.name for source in edit.sources()]), path))
    return [source for source in edit.sources() if not resolved or source.path in wanted]


def _merge_files(edit: Edit, folder: Path) -> None:
    """Files that were sources by themselves are met in their folder from now on."""
    for source in edit.sources():
        if os.path.isfile(source.path) and _covers(folder, source.path):
            edit.remove_source(source.name)


def _covers(folder: Path, path: Path) -> bool:
    """Does `path` stand where the walk through a source folder comes by? Hidden files and folders are passed over."""
    return path != folder and path.is_relative_to(folder) and not any(part.startswith(".") for part in path.relative_to(folder).parts)


def _bring_up_to_date(
    catalog: Catalog, open_embedder: Callable[[], Embedder], sources: list[Source], everything: list[Source], removed: list[str],
    rebuild: bool,
) -> Iterator[Event]:
    met: list[tuple[Source, Found]] = []
    missing: list[Row] = []
    with catalog.writing() as edit:
        if not rebuild:
            check_scheme(edit)
        for source in sources:
            edit.clear_problems(source.name)
            files = files_of(source, [catalog.path.parent, *(other.path for other in everything)])
            if isinstance(files, Failure):
                missing.append(Row(source.name, "failed", reason=files.reason))
                edit.set_problem(source.name, source.name, files.reason)
            else:
                met += [(source, found) for found in files]
        entries = {entry.id: entry for entry in edit.entries()}
    yield Started(len(met))
    lost = {row.id for row in missing}
    present = {found.id for _, found in met}
    closed = tuple(f"{found.id}/" for _, found in met if found.failure)  # what stands in place of a folder says nothing about what was in it
    yield from (Row(id, "removed") for id in removed if id not in present)
    yield from missing
    looked_at = {s.name for s in sources} - lost
    gone = [e for e in entries.values() if e.source in looked_at and e.id not in present and not e.id.startswith(closed)]
    work = _Work(catalog, open_embedder, entries, rebuild)
    with FileReader() as reader:
        for source, found in met:
            yield from work.file(reader, source, found)
    if rebuild:
        yield from work.commit_rebuild(kept=[entry for entry in entries.values() if entry not in gone])
    # Removals come last: a renamed file has found its vectors by then. (A rebuild has removed them; that changes nothing again.)
    for entry in gone:
        with catalog.writing() as edit:
            edit.remove(entry.id)
        yield Row(entry.id, "removed")


class _Work:
    """The files of one ingestion, one after another."""

    def __init__(self, catalog: Catalog, open_embedder: Callable[[], Embedder], entries: dict[str, Entry], rebuild: bool) -> None:
        self._catalog = catalog
        self._open = open_embedder
        self._entries = entries
        self._rebuild = rebuild
        self._embedder: Embedder | None = None
        self._prepared: list[_Prepared] = []

    def embedder(self) -> Embedder:
        """The embedding model, opened at the first changed document. Raises IndexMismatch when the index was built with another."""
        if self._embedder is None:
            embedder = self._open()
            with self._catalog.writing() as edit:
                if not self._rebuild:
                    check_built_with(edit, embedder.identity)
                    edit.set_built_with(embedder.identity)
            self._embedder = embedder
        return self._embedder

    def file(self, reader: FileReader, source: Source, found: Found) -> Iterator[Event]:
        """Bring one file's document up to date."""
        if found.failure is not None:
            yield self._failed(source, found, found.failure.reason)
            return
        before = self._entries.get(found.id)
        try:
            file_digest = digest_of(found.path)
        except OSError as error:
            yield self._failed(source, found, f"cannot be opened: {error.strerror}")
            return
        if before and before.file_digest == file_digest and not self._rebuild:
            if before.path != str(found.path):  # the whole folder has moved
                with self._catalog.writing() as edit:
                    edit.touch(found.id, file_digest, str(found.path))
            yield _unchanged(before)
            return
        contents = reader.read(found.path)
        if isinstance(contents, Failure):
            yield self._failed(source, found, contents.reason)
            return
        try:
            document = Document.compose(found.id, contents)
            same = before is not None and before.digest == document.digest and not self._rebuild
            passages = [] if same else cut(document, self.embedder().count, self.embedder().window)
            terms = harvest(document, passages)
        except ValueError as error:  # a value that refuses to be built costs this file, not the rest
            yield self._failed(source, found, f"its contents broke the reader ({error})")
            return
        if before and same:
            with self._catalog.writing() as edit:
                edit.touch(found.id, file_digest, str(found.path))
            yield _unchanged(before)
            return
        embedded, vectors = yield from self._embed(document, passages)
        prepared = _Prepared(document, source.name, str(found.path), file_digest, passages, embedded, vectors, terms)
        if self._rebuild:
            self._prepared.append(prepared)
        else:
            with self._catalog.writing() as edit:
                prepared.put(edit)
        status: Status = "replaced" if before else "added"
        yield Row(found.id, status, document.pages, len(document.text), len(prepared.passages))

    def _embed(self, document: Document, passages: list[Passage]) -> Generator[Event, None, tuple[list[str], list[bytes]]]:
        """The digests of what is embedded of each passage, then of each question, and the vectors; those that the catalog has are not made again."""
        embedder = self.embedder()
        texts = _texts_of(document, passages)
        known: dict[str, bytes] = {}
        if not self._rebuild:
            with self._catalog.reading() as view:
                known = view.known_vectors([text.digest for text in texts])
        new = [text for text in texts if text.digest not in known]
        for at in range(0, len(new), BATCH):
            known.update(_vectors(embedder, new[at : at + BATCH]))
            yield Embedded(document.id, min(at + BATCH, len(new)), len(new))
        return [text.digest for text in texts], [known[text.digest] for text in texts]

    def commit_rebuild(self, kept: list[Entry]) -> Iterator[Event]:
        """Put everything that was made anew in place at once, and nothing else: vectors of two models must never meet.

        Documents of `kept` whose file could not be read now are cut and embedded from the text that the catalog has of them. Their
        file's digest is forgotten, so that the file is read when it is back.
        """
        embedder = self.embedder()
        made = {prepared.document.id for prepared in self._prepared}
        for entry in kept:
            if entry.id in made:
                continue
            with self._catalog.reading() as view:
                document = view.document(entry.id)
            assert document is not None  # the ingestion lock keeps others from removing it
            passages = cut(document, embedder.count, embedder.window)
            embedded, vectors = yield from self._embed(document, passages)
            terms = harvest(document, passages)
            self._prepared.append(_Prepared(document, entry.source, entry.path, "", passages, embedded, vectors, terms))
        with self._catalog.writing() as edit:
            for id in sorted(self._entries):
                edit.remove(id)
            for prepared in self._prepared:
                prepared.put(edit)
            edit.set_built_with(embedder.identity)

    def _failed(self, source: Source, found: Found, reason: str) -> Row:
        if found.id in self._entries or any(id.startswith(f"{found.id}/") for id in self._entries):
            reason += "; what was read of it before is kept"
        with self._catalog.writing() as edit:
            edit.set_problem(found.id, source.name, reason)
        return Row(found.id, "failed", reason=reason)


def add_documents(catalog: Catalog, embedder: Embedder, source: Source, documents: Sequence[Document]) -> Iterator[int]:
    """Put documents that are not files of their own (those of a benchmark) into the catalog, cut and embedded as files are.

    DOCUMENTS of them go into one transaction; after each, how many are in place so far is yielded. A document that is there under
    its id is replaced. No documents change nothing. Raises IndexMismatch when the index was built with another model.
    """
    for at in range(0, len(documents), DOCUMENTS):
        part = [(document, cut(document, embedder.count, embedder.window)) for document in documents[at : at + DOCUMENTS]]
        texts = [_texts_of(document, passages) for document, passages in part]
        vectors = _vectors(embedder, list(chain.from_iterable(texts)))
        with catalog.writing() as edit:
            check_built_with(edit, embedder.identity)
            edit.set_built_with(embedder.identity)
            edit.add_source(source)
            for (document, passages), its in zip(part, texts, strict=True):
                digests = [text.digest for text in its]
                made = [vectors[digest] for digest in digests]
                _Prepared(document, source.name, str(source.path), "", passages, digests, made, harvest(document, passages)).put(edit)
        yield at + len(part)


def _texts_of(document: Document, passages: Sequence[Passage]) -> list[_Text]:
    """What is embedded of the passages, then of the questions."""
    return [
        *(_Text(embedded_text(passage.context, passage.text), False) for passage in passages),
        *(_Text(one.question, True) for one in document.asked),
    ]


def _vectors(embedder: Embedder, texts: Sequence[_Text]) -> dict[str, bytes]:
    """The vectors of these texts, by their digests."""
    told, asked = ([text for text in texts if text.is_question is is_question] for is_question in (False, True))
    made = [*embedder.embed_passages([text.text for text in told]), *embed_questions(embedder, [text.text for text in asked])]
    return {text.digest: vector.tobytes() for text, vector in zip((*told, *asked), made, strict=True)}


def _unchanged(entry: Entry) -> Row:
    return Row(entry.id, "unchanged", entry.pages, entry.characters, entry.passages)
