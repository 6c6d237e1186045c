"""The documents as staff look after them in the browser: put in, replaced, removed, read again.

Files arrive beside the place they are meant for, under a hidden name that no ingestion looks at, and move there whole. Ingestions run on a
thread of their own, one at a time, and go on when the page that began them is closed.
"""

import hashlib
import logging
import os
import re
import threading
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.plain import plural
from corpus.errors import CorpusError, KpoError
from corpus.normalise import one_line
from corpus.sources import digest_of
from corpus.worker import MAX_FILE
from index.catalog import Catalog, Entry
from index.ingest import Embedded, Event, Row, Started, Waiting
from index.sqlite import usable

UPLOADS = "uploads"  # the folder, inside the data folder, that the page puts files into
MAX_NAME = 120  # characters of a file's name; file systems take 255 bytes
MAX_DEPTH = 4  # folders that an uploaded folder may have inside each other
STALE_SECONDS = 24 * 3600  # after which a half-written upload is left over from a browser that went away
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingestion is. `files` is 0 until they are counted; `at` is the file at hand and `share` how much of it is done, 0 to 1."""

    running: bool = False
    waiting: bool = False
    files: int = 0
    done: int = 0
    at: str = ""
    share: float = 0.0
    rows: tuple[Row, ...] = ()
    error: str = ""
    began: float = 0.0

    def seconds_left(self, now: float) -> float | None:
        """How long it will still take if it goes on as it has; None while nothing can be said."""
        done = self.done + self.share
        return (now - self.began) / done * (self.files - done) if self.running and done >= 1 else None

    def after(self, event: Event) -> "Progress":
        """The progress once this has happened."""
        match event:
            case Waiting():
                return replace(self, waiting=True)
            case Started():
                return replace(self, waiting=False, files=self.files + event.files)
            case Embedded():
                return replace(self, at=event.id, share=event.done / max(1, event.total))
            case Row():
                counts = event.status != "removed"
                return replace(self, rows=(*self.rows, event), done=self.done + counts, at=event.id, share=0.0)


class Library:
    """The documents of one data folder. May be shared by threads.

    `ingest` brings the index up to date with source folders (all of them when it is given none); `forget` takes a source out by its path.
    """

    def __init__(self, catalog: Catalog, ingest: Callable[[list[Path]], Iterator[Event]], forget: Callable[[Path], str]) -> None:
        self.catalog = catalog
        self.folder = catalog.path.parent / UPLOADS
        self._ingest = ingest
        self._forget = forget
        self._lock = threading.Lock()
        self._wanted: list[list[Path]] = []
        self._progress = Progress()

    def progress(self) -> Progress:
        """How far the newest ingestion is; a blank one when there was none since the start."""
        return self._progress

    def start(self, paths: list[Path] | None = None) -> None:
        """Begin an ingestion of these paths, of all sources for none. While one runs, this one follows it."""
        self._begin(paths or [])

    def _begin(self, *wanted: list[Path]) -> None:
        """These ingestions, one after the other; they are one, however soon the first is done."""
        with self._lock:
            self._wanted += wanted
            if not self._progress.running:
                self._progress = Progress(running=True, began=time.monotonic())
                threading.Thread(target=self._run, name="ingestion", daemon=True).start()

    def start_all(self) -> None:
        """Begin an ingestion of all sources, and of what was put in here while that is none yet: the page that sent it was closed before the end."""
        waiting = False
        if self.folder.is_dir():
            with self.catalog.reading() as view:
                waiting = self.folder.resolve() not in {source.path for source in view.sources()}
        self._begin([], *([[self.folder]] if waiting else []))

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._progress = replace(self._progress, running=False, at="", share=0.0)
                    return
                paths = self._wanted.pop(0)
            try:
                for event in self._ingest(paths):
                    self._progress = self._progress.after(event)
            except KpoError as error:
                self._progress = replace(self._progress, error=f"{error.message}. To mend it: {error.remedy}.")
            except Exception as error:  # whatever breaks one ingestion must not keep the page waiting for its end
                logging.getLogger(__name__).exception("an ingestion stopped")
                said = f"The ingestion stopped ({type(error).__name__}). Tell whoever runs this page: its log says why."
                self._progress = replace(self._progress, error=said)

    def begin_upload(self) -> Path:
        """A new, empty, hidden file to write an upload into. Those that other browsers left half-written long ago are cleared away."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in self.folder.glob(".part-*"):
            with suppress(FileNotFoundError):  # it has been moved to its place meanwhile
                if time.time() - left.stat().st_mtime > STALE_SECONDS:
                    left.unlink()
        part = self.folder / f".part-{uuid.uuid4().hex}"
        part.touch(mode=0o600, exist_ok=False)
        return part

    def place(self, part: Path, name: str, replaces: str | None = None) -> str:
        """Move a whole upload to its place; return its name there. Nothing is overwritten unawares.

        `replaces` is the digest of the file that it may take the place of. Raises CorpusError, and leaves everything as it was, for a name
        that is taken, or when another person has changed the file since.
        """
        target = self.folder / safe_name(name)
        with self._lock:
            if replaces is None and target.exists():
                raise CorpusError(
                    f"there is a file “{target.name}” already", "use “Replace” beside that document (“Read again” lists it when it is not), or rename yours"
                )
            if replaces is not None and (not target.is_file() or digest_of(target) != replaces):
                raise CorpusError(f"“{target.name}” has been changed or removed by somebody else meanwhile", "reload the page, and look at it first")
            try:
                target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            except (FileExistsError, NotADirectoryError) as error:
                raise CorpusError(f"there is a file already where the folder of “{target.name}” would be", "rename the folder, or remove that file") from error
            with part.open("rb") as file:
                os.fsync(file.fileno())
            os.replace(part, target)
        return target.relative_to(self.folder).as_posix()

    def may_change(self, entry: Entry) -> bool:
        """Is this a document that was put in here? Files of other folders belong to whoever keeps those."""
        return Path(entry.path).resolve().is_relative_to(self.folder.resolve())

    def upload_name(self, entry: Entry) -> str:
        """The name under which a file that was put in here can be replaced."""
        return Path(entry.path).relative_to(self.folder).as_posix()

    def unread(self) -> dict[str, Path]:
        """The files that were put in here and could not be read, by the id that each has as a document or would have."""
        home = self.folder.resolve()
        with self.catalog.reading() as view:
            names, problems = [source.name for source in view.sources() if source.path == home], view.problems()
        files = {id: home / id.partition("/")[2] for id in problems if id.partition("/")[0] in names}
        return {id: path for id, path in files.items() if os.path.isfile(path) and path.resolve().is_relative_to(home)}

    def remove(self, document: str) -> None:
        """Delete a file that was put in here, read or not, and begin to take its document out.

        Raises CorpusError for any other document, IndexUnavailable when the system does not let this user delete it.
        """
        entry = self.entry(document)
        path = Path(entry.path) if entry is not None and self.may_change(entry) else self.unread().get(document)
        if path is None:
            raise CorpusError(f"{document} is not a file that was put in here", "remove it from its folder, then press “Read again”")
        with self._lock, usable(self.folder):
            path.unlink(missing_ok=True)
        self.start([self.folder])

    def forget(self, source: str) -> None:
        """Take a source folder out of the index; its files stay where they are. Raises CorpusError for one that is not a source.

        That is then the newest progress there is, unless an ingestion runs.
        """
        with self.catalog.reading() as view:
            known = {found.name: found.path for found in view.sources()}
        if source not in known:
            raise CorpusError(f"{source} is not a source folder", "reload the page")
        self._forget(known[source])
        with self._lock:
            if not self._progress.running:
                self._progress = Progress(rows=(Row(source, "removed"),))

    def entry(self, document: str) -> Entry | None:
        """What the catalog knows of a document; None when it is not in it."""
        with self.catalog.reading() as view:
            return next((entry for entry in view.entries() if entry.id == document), None)

    def original(self, entry: Entry) -> bytes:
        """The bytes of the file that a document was read from, just as they were then.

        Raises CorpusError when the file is not there any more, or is another one by now.
        """
        path = Path(entry.path)
        try:
            data = path.read_bytes() if path.stat().st_size <= MAX_FILE else b""
        except OSError as error:
            raise CorpusError(f"the file of {entry.id} cannot be opened ({error.strerror})", "look for it in its folder, or press “Read again”") from error
        if hashlib.sha256(data).hexdigest() != entry.file_digest:
            raise CorpusError(f"the file of {entry.id} has changed since it was read", "press “Read again” on the Sources page, then open it")
        return data


def safe_name(name: str) -> str:
    """The relative path for an uploaded file: its own name and folders, without what could lead elsewhere or be hidden.

    Raises CorpusError when nothing is left, or it is too long or too deep.
    """
    line = unicodedata.normalize("NFC", one_line(name.replace("\\", "/")))
    pieces = [_UNFIT.sub("_", piece).strip().strip(".").strip() for piece in line.split("/")]
    pieces = [piece for piece in pieces if piece]
    if not pieces or len(pieces) > MAX_DEPTH + 1 or any(len(piece) > MAX_NAME or len(piece.encode()) > 250 for piece in pieces):
        raise CorpusError(f"“{line[:60]}” is no name for a file here", f"give it a name of at most {MAX_NAME} characters, at most {MAX_DEPTH} folders deep")
    return "/".join(pieces)


def in_words(row: Row) -> str:
    """What happened to a file, as one would tell a colleague."""
    size = (f"{plural(row.pages, 'page')}, " if row.pages else "") + plural(row.passages, "passage")
    match row.status:
        case "added":
            return f"Added: {size}."
        case "replaced":
            return f"Read again, because it had changed: {size}."
        case "unchanged":
            return f"As before: {size}."
        case "removed":
            return "Taken out."
        case "failed":
            return f"Not read: {row.reason}."
