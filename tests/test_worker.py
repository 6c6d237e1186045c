"""Files are read in a process of their own: whatever one of them does to it, the next one is read."""

import io
import os
import signal
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import pytest

from corpus.document import Contents
from corpus.readers import read
from corpus.worker import MAX_FILE, Failure, FileReader
from samples import SAMPLES, saved

GOOD = "# The trade\n\nKPO is a trade that gr\u00fcws.\n"


def good(folder: Path) -> Path:
    path = folder / "good.md"
    path.write_text(GOOD, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_read_in_the_worker_gives_the_same_contents_as_in_this_process(tmp_path: Path, reader: FileReader, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SAMPLES[name]())
    assert reader.read(path) == read(path.read_bytes(), name)


@pytest.fixture(scope="module")
def reader():
    with FileReader() as reader:
        yield reader


def test_front_matter_comes_through_whole(tmp_path: Path, reader: FileReader) -> None:
    path = tmp_path / "a.md"
    path.write_text("---\ntitle: A\ntags: [x, y]\ndate: 2024-05-06\nsources:\n- title: B\n---\n\nText.\n")
    contents = reader.read(path)
    assert isinstance(contents, Contents) and contents == read(path.read_bytes(), "a.md") and contents.provenance == ({"title": "B"},)


def test_a_file_that_cannot_be_read_is_a_failure_with_its_reason(tmp_path: Path, reader: FileReader) -> None:
    empty = tmp_path / "empty.md"
    empty.write_text("")
    assert reader.read(empty) == Failure("the file is empty")
    assert reader.read(tmp_path / "not there.md") == Failure("cannot be opened: No such file or directory")
    assert reader.read(tmp_path) == Failure("cannot be opened: Is a directory")
    assert isinstance(reader.read(good(tmp_path)), Contents)


def test_a_name_that_is_not_unicode_is_read(tmp_path: Path, reader: FileReader) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\n.md")
    path.write_text(GOOD, encoding="utf-8")
    assert reader.read(path) == read(GOOD.encode(), "x.md")


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path, reader: FileReader) -> None:
    large = tmp_path / "large.md"
    with large.open("wb") as file:
        file.truncate(MAX_FILE + 1)
    assert reader.read(large) == Failure("larger than 64 MB; split it")


def end_the_worker_while_it_reads(path: Path, reader: FileReader) -> None:
    with path.open("wb"):  # opens when the worker has opened the other end, and gives it nothing
        assert reader._process is not None
        os.kill(reader._process.pid, signal.SIGSEGV)


def test_a_crash_is_a_failure_and_the_next_file_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"
    os.mkfifo(pipe)
    with FileReader() as reader:
        assert isinstance(reader.read(good(tmp_path)), Contents)
        killer = threading.Thread(target=end_the_worker_while_it_reads, args=(pipe, reader))
        killer.start()
        assert reader.read(pipe) == Failure("reading it crashed the reader or took too much memory")
        killer.join()
        assert isinstance(reader.read(good(tmp_path)), Contents)


def test_a_worker_that_died_between_two_files_is_replaced(tmp_path: Path) -> None:
    with FileReader() as reader:
        assert isinstance(reader.read(good(tmp_path)), Contents)
        assert reader._process is not None
        reader._process.kill()
        reader._process.wait()
        assert isinstance(reader.read(good(tmp_path)), Contents)


def test_a_hang_is_a_failure_and_the_next_file_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.md"  # nobody ever writes into it, so reading it never ends
    os.mkfifo(pipe)
    with FileReader(seconds=2) as reader:
        assert reader.read(pipe) == Failure("reading it took longer than 2 seconds")
        assert isinstance(reader.read(good(tmp_path)), Contents)


def heavy_word_file() -> bytes:
    """A small file whose text takes far more memory than it weighs."""
    sample = io.BytesIO(saved(docx.Document().save))
    out = io.BytesIO()
    with zipfile.ZipFile(sample) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            data = old.read(part)
            if part == "word/document.xml":
                data = data.replace(b"<w:body>", b"<w:body>" + b"<w:p><w:r><w:t>x</w:t></w:r></w:p>" * 1_000_000)
            new.writestr(part, data)
    return out.getvalue()


def heavy_text() -> bytes:
    return b"word " * 6_000_000


@pytest.mark.parametrize(("name", "make"), [("heavy.docx", heavy_word_file), ("heavy.md", heavy_text)])
def test_a_file_that_takes_too_much_memory_is_a_failure_and_the_next_one_is_read(
    tmp_path: Path, name: str, make: Callable[[], bytes]
) -> None:
    heavy = tmp_path / name
    heavy.write_bytes(make())
    with FileReader(memory=192 * 2**20) as reader:
        assert reader.read(heavy) == Failure("reading it crashed the reader or took too much memory")
        assert isinstance(reader.read(good(tmp_path)), Contents)


def test_no_worker_is_left_when_the_reader_is_closed(tmp_path: Path) -> None:
    with FileReader() as reader:
        reader.read(good(tmp_path))
        process = reader._process
    assert process is not None and process.returncode is not None
