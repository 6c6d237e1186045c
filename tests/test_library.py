"""Documents looked after in the browser: uploads arrive whole or not at all, nobody overwrites another, ingestions run one at a time."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from assistant.library import Library, Progress, in_words, safe_name
from conftest import wait_until
from corpus.errors import CorpusError, IndexUnavailable
from corpus.sources import digest_of
from corpus.worker import MAX_FILE
from fakes import FakeEmbedder
from index.catalog import Catalog
from index.ingest import Embedded, Event, Row, Started, Waiting, ingest

ZEBRA = b"# Zebras\n\nA zebra desk is a team of four analysts.\n"
LION = b"# Lions\n\nA lion desk is a team of two analysts.\n"


class Shelf:
    """A library over a catalog of its own, with a real ingestion and a stand-in for the model."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog(folder / "data")
        self.handbook = folder / "handbook"
        self.handbook.mkdir()
        (self.handbook / "kpo.md").write_text("# KPO\n\nKPO is knowledge process outsourcing.\n")
        self.begun: list[list[Path]] = []
        self.library = Library(self.catalog, self._ingest, lambda path: path.name)
        self.settle([])

    def _ingest(self, paths: list[Path]) -> Iterator[Event]:
        self.begun.append(paths)
        yield from ingest(self.catalog, FakeEmbedder, paths, shipped=self.handbook)

    def settle(self, paths: list[Path]) -> list[Row]:
        """Ingest, wait for the end, and return what happened to each file."""
        self.library.start(paths)
        wait_until(lambda: not self.library.progress().running)
        return list(self.library.progress().rows)

    def upload(self, data: bytes, name: str, replaces: str | None = None) -> str:
        part = self.library.begin_upload()
        part.write_bytes(data)
        try:
            return self.library.place(part, name, replaces)
        finally:
            part.unlink(missing_ok=True)

    def files(self) -> list[str]:
        return sorted(path.name for path in self.library.folder.rglob("*") if path.is_file())


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_an_upload_becomes_a_document_and_leaves_when_it_is_removed(shelf: Shelf) -> None:
    shelf.upload(ZEBRA, "Animals/Zebra desk.md")
    rows = shelf.settle([shelf.library.folder])
    assert [(row.id, row.status) for row in rows] == [("uploads/Animals/Zebra desk.md", "added")]
    entry = shelf.library.entry("uploads/Animals/Zebra desk.md")
    assert entry is not None
    assert shelf.library.may_change(entry)
    assert shelf.library.upload_name(entry) == "Animals/Zebra desk.md"
    assert shelf.library.original(entry) == ZEBRA
    shelf.library.remove(entry.id)
    wait_until(lambda: not shelf.library.progress().running)
    assert shelf.library.entry(entry.id) is None
    assert shelf.files() == []
    assert shelf.library.entry("handbook/kpo.md") is not None


def test_what_was_put_in_and_never_read_is_read_with_all_sources(shelf: Shelf) -> None:
    shelf.upload(ZEBRA, "desk.md")  # and the page was closed
    for status in ("added", "unchanged"):
        shelf.library.start_all()
        wait_until(lambda: not shelf.library.progress().running)
        rows = {row.id: row.status for row in shelf.library.progress().rows}
        assert rows == {"handbook/kpo.md": "unchanged", "uploads/desk.md": status}
    assert shelf.begun[1:] == [[], [shelf.library.folder], []]


def test_a_half_written_upload_is_no_document(shelf: Shelf) -> None:
    shelf.library.begin_upload().write_bytes(ZEBRA[:20])
    assert [row for row in shelf.settle([shelf.library.folder]) if row.id.startswith("uploads")] == []


def test_a_name_that_is_taken_is_not_overwritten(shelf: Shelf) -> None:
    shelf.upload(ZEBRA, "desk.md")
    with pytest.raises(CorpusError, match="already"):
        shelf.upload(LION, "desk.md")
    assert (shelf.library.folder / "desk.md").read_bytes() == ZEBRA
    assert shelf.files() == ["desk.md"]


def test_a_folder_that_has_the_name_of_a_file_is_refused(shelf: Shelf) -> None:
    shelf.upload(ZEBRA, "desk.md")
    for name in ("desk.md/inner.md", "desk.md/deep/inner.md"):
        with pytest.raises(CorpusError, match="a file already where the folder"):
            shelf.upload(LION, name)
    assert shelf.files() == ["desk.md"]


def test_of_two_who_replace_the_same_file_the_second_is_told(shelf: Shelf) -> None:
    shelf.upload(ZEBRA, "desk.md")
    shelf.settle([shelf.library.folder])
    entry = shelf.library.entry("uploads/desk.md")
    assert entry is not None
    shelf.upload(LION, "desk.md", entry.file_digest)
    with pytest.raises(CorpusError, match="somebody else"):
        shelf.upload(ZEBRA + b"More.\n", "desk.md", entry.file_digest)
    assert (shelf.library.folder / "desk.md").read_bytes() == LION
    with pytest.raises(CorpusError, match="changed since"):
        shelf.library.original(entry)
    assert [row.status for row in shelf.settle([]) if row.id == entry.id] == ["replaced"]


def test_many_uploads_of_one_name_leave_one_whole_file(shelf: Shelf) -> None:
    placed: list[bytes] = []

    def upload(data: bytes) -> None:
        try:
            shelf.upload(data, "desk.md")
        except CorpusError:
            return
        placed.append(data)

    threads = [threading.Thread(target=upload, args=[b"%d " % n * 5_000]) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(placed) == 1
    assert (shelf.library.folder / "desk.md").read_bytes() == placed[0]
    assert shelf.files() == ["desk.md"]


def test_a_file_that_could_not_be_read_is_replaced_and_removed_like_any_other(shelf: Shelf) -> None:
    shelf.upload(b"%PDF-1.4 broken", "old/scan.pdf")
    shelf.upload(ZEBRA, "desk.md")
    (shelf.handbook / "empty.md").touch()
    shelf.settle([shelf.library.folder])
    shelf.upload(b"", "desk.md", digest_of(shelf.library.folder / "desk.md"))  # its document stays as it was
    shelf.settle([])
    unread = shelf.library.unread()
    assert list(unread) == ["uploads/desk.md", "uploads/old/scan.pdf"]
    shelf.upload(LION, "desk.md", digest_of(unread["uploads/desk.md"]))
    assert [row.status for row in shelf.settle([]) if row.id == "uploads/desk.md"] == ["replaced"]
    shelf.library.remove("uploads/old/scan.pdf")
    wait_until(lambda: not shelf.library.progress().running)
    assert (shelf.files(), shelf.library.unread()) == (["desk.md"], {})
    with pytest.raises(CorpusError, match="not a file that was put in here"):
        shelf.library.remove("handbook/empty.md")


def test_a_file_that_may_not_be_read_is_listed_and_can_only_be_removed(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.web.sources import SourcesTab

    shelf.upload(b"%PDF-1.4 broken", "scan.pdf")
    shelf.settle([shelf.library.folder])
    tab = SourcesTab.__new__(SourcesTab)
    retrieval = SimpleNamespace(catalog=shelf.catalog)
    tab._desk = SimpleNamespace(assistant=SimpleNamespace(retrieval=retrieval), library=shelf.library, may_edit=True, old_after_months=None)  # type: ignore[assignment]
    assert "Replace scan.pdf" in tab.listed()

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "Remove scan.pdf" in tab.listed() and "Replace scan.pdf" not in tab.listed()


@pytest.mark.parametrize("uploads", ["a file", "full"])
def test_an_upload_that_the_system_does_not_take_says_why(uploads: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from assistant.web.files import routes

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if uploads == "full":
        monkeypatch.setattr(os, "fsync", full)
    else:
        shelf.library.folder.touch()
    app = FastAPI()
    app.include_router(routes(SimpleNamespace(library=shelf.library, may_edit=True)))  # type: ignore[arg-type]
    answered = TestClient(app).post("/upload?name=zebra.md", content=ZEBRA)
    assert answered.status_code == 409
    assert answered.json()["error"].startswith(f"the data folder {shelf.library.folder} cannot be used") and answered.json()["remedy"]
    assert shelf.library.folder.is_file() or shelf.files() == []


def test_a_file_that_cannot_be_deleted_is_an_error_with_a_remedy(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    shelf.upload(ZEBRA, "zebra.md")
    shelf.settle([shelf.library.folder])
    monkeypatch.setattr(Path, "unlink", denied)
    with pytest.raises(IndexUnavailable, match="Permission denied"):
        shelf.library.remove("uploads/zebra.md")


def test_files_of_other_folders_are_not_deleted(shelf: Shelf) -> None:
    for document in ("handbook/kpo.md", "nowhere/kpo.md"):
        with pytest.raises(CorpusError, match="not a file that was put in here"):
            shelf.library.remove(document)
    assert (shelf.handbook / "kpo.md").is_file()
    with pytest.raises(CorpusError, match="not a source"):
        shelf.library.forget("nowhere")


def test_a_source_that_is_left_out_is_the_newest_that_happened(shelf: Shelf) -> None:
    shelf.settle([])
    shelf.library.forget("handbook")
    assert list(shelf.library.progress().rows) == [Row("handbook", "removed")]


def test_an_original_that_became_a_link_to_another_file_is_not_given_out(shelf: Shelf, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a password")
    shelf.upload(ZEBRA, "desk.md")
    shelf.settle([shelf.library.folder])
    entry = shelf.library.entry("uploads/desk.md")
    assert entry is not None
    (shelf.library.folder / "desk.md").unlink()
    with pytest.raises(CorpusError, match="cannot be opened"):
        shelf.library.original(entry)
    (shelf.library.folder / "desk.md").symlink_to(secret)
    with pytest.raises(CorpusError, match="changed since"):
        shelf.library.original(entry)


def test_an_ingestion_that_is_asked_for_during_another_follows_it(tmp_path: Path) -> None:
    go, begun = threading.Event(), []

    def slow(paths: list[Path]) -> Iterator[Event]:
        begun.append(paths)
        yield Started(1)
        assert go.wait(30)
        yield Row(f"notes/{len(begun)}", "added")

    library = Library(Catalog(tmp_path), slow, str)
    library.start([Path("/one")])
    wait_until(lambda: begun)
    library.start([Path("/two")])
    assert begun == [[Path("/one")]]
    go.set()
    wait_until(lambda: not library.progress().running)
    assert begun == [[Path("/one")], [Path("/two")]]
    assert [row.id for row in library.progress().rows] == ["notes/1", "notes/2"]


def test_an_error_of_an_ingestion_is_told_and_ends_it(tmp_path: Path) -> None:
    def broken(paths: list[Path]) -> Iterator[Event]:
        raise IndexUnavailable("the disk is full", "make room") if not paths else ZeroDivisionError
        yield

    library = Library(Catalog(tmp_path), broken, str)
    for paths, said in (([], "the disk is full. To mend it: make room."), ([Path("/x")], "ZeroDivisionError")):
        library.start(paths)
        wait_until(lambda: not library.progress().running)
        assert said in library.progress().error


@pytest.mark.parametrize(("given", "safe"), [
    ("notes.md", "notes.md"), ("../../etc/passwd", "etc/passwd"), ("/etc/passwd", "etc/passwd"), ("C:\\Users\\me\\a.pdf", "C_/Users/me/a.pdf"),
    (".hidden", "hidden"), ("a/.git/config", "a/git/config"), ("U\u0308bung 1.pdf", "Übung 1.pdf"), ("a\x00b\nc.md", "a b c.md"), ('x<y>"z".md', "x_y__z_.md"),
    ("  spaced .md ", "spaced .md"), ("a//b.md", "a/b.md"), ("\u202egpj.exe", "gpj.exe"),
])
def test_a_file_name_leads_nowhere_else(given: str, safe: str) -> None:
    assert safe_name(given) == safe


@pytest.mark.parametrize("given", ["", "   ", "..", "../..", "/", "x" * 121, "a/b/c/d/e/f.md", "é" * 130])
def test_a_name_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(CorpusError, match="no name"):
        safe_name(given)


def test_progress_counts_files_and_tells_the_time_left() -> None:
    progress = Progress(running=True, began=100.0)
    for event in (Waiting(), Started(4)):
        progress = progress.after(event)
    assert (progress.waiting, progress.files, progress.seconds_left(110.0)) == (False, 4, None)
    progress = progress.after(Row("a/1", "removed")).after(Row("a/2", "added")).after(Embedded("a/3", 5, 10))
    assert (progress.done, progress.share, progress.at) == (1, 0.5, "a/3")
    assert progress.seconds_left(103.0) == pytest.approx(5.0)  # 1.5 of 4 files in 3 seconds


@pytest.mark.parametrize(("row", "said"), [
    (Row("a", "added", 3, 100, 7), "Added: 3 pages, 7 passages."), (Row("a", "replaced", None, 9, 1), "Read again, because it had changed: 1 passage."),
    (Row("a", "unchanged", 1, 9, 2), "As before: 1 page, 2 passages."), (Row("a", "removed"), "Taken out."),
    (Row("a", "failed", reason=f"larger than {MAX_FILE // 2**20} MB; split it"), "Not read: larger than 64 MB; split it."),
])
def test_a_result_is_told_in_plain_words(row: Row, said: str) -> None:
    assert in_words(row) == said
