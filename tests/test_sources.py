"""Which files of a folder become documents, what they are called, and what is said of the rest."""

import errno
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.sources import SHIPPED, Found, Source, files_of, name_for, shown
from corpus.worker import Failure


def write(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("KPO is a trade.")


def found(source: Source, others: list[Path] | None = None) -> list[Found]:
    files = files_of(source, others or [])
    assert not isinstance(files, Failure)
    return files


def test_files_are_met_in_the_order_of_their_ids(tmp_path: Path) -> None:
    write(tmp_path, "b.md", "a/z.md", "a.md", "a/b/c.txt")
    files = found(Source("docs", tmp_path))
    assert files == [
        Found("docs/a.md", tmp_path / "a.md"), Found("docs/a/b/c.txt", tmp_path / "a/b/c.txt"), Found("docs/a/z.md", tmp_path / "a/z.md"),
        Found("docs/b.md", tmp_path / "b.md"),
    ]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, ".hidden.md", ".git/config", "a/.b/c.md", "a/seen.md")
    assert [file.id for file in found(Source("docs", tmp_path))] == ["docs/a/seen.md"]


def test_an_empty_folder_has_no_files_and_a_missing_one_is_a_failure(tmp_path: Path) -> None:
    assert found(Source("docs", tmp_path)) == []
    missing = files_of(Source("docs", tmp_path / "gone"))
    assert isinstance(missing, Failure) and "missing" in missing.reason and "kept" in missing.reason


def test_a_file_alone_is_a_source(tmp_path: Path) -> None:
    write(tmp_path, "notes.md", "other.md")
    source = Source("docs", tmp_path / "notes.md")
    assert found(source) == [Found("docs/notes.md", tmp_path / "notes.md")]
    assert source.root == tmp_path
    (tmp_path / "notes.md").unlink()
    assert isinstance(files_of(source), Failure)


def test_links_that_lead_out_are_failures_and_are_not_followed(tmp_path: Path) -> None:
    write(tmp_path, "outside/secret.md", "docs/a.md")
    docs = tmp_path / "docs"
    (docs / "file.md").symlink_to(tmp_path / "outside/secret.md")
    (docs / "folder").symlink_to(tmp_path / "outside")
    (docs / "up").symlink_to("..")
    (docs / "hop.md").symlink_to("file.md")
    (docs / "gone-out.md").symlink_to(tmp_path / "nothing.md")
    files = {file.id: file.failure for file in found(Source("docs", docs))}
    out = Failure("a link that leads out of its source folder; not followed")
    assert files == {f"docs/{name}": out for name in ("file.md", "folder", "gone-out.md", "hop.md", "up")} | {"docs/a.md": None}


def test_a_folder_beside_whose_name_only_begins_alike_is_outside(tmp_path: Path) -> None:
    write(tmp_path, "docs-secret/a.md", "docs/b.md")
    (tmp_path / "docs/c.md").symlink_to(tmp_path / "docs-secret/a.md")
    assert [bool(file.failure) for file in found(Source("docs", tmp_path / "docs"))] == [False, True]


def test_links_within_a_folder_are_read_once_for_each_name(tmp_path: Path) -> None:
    write(tmp_path, "a/b.md")
    (tmp_path / "again.md").symlink_to("a/b.md")
    (tmp_path / "folder").symlink_to("a")
    assert [(file.id, file.failure) for file in found(Source("docs", tmp_path))] == [("docs/a/b.md", None), ("docs/again.md", None)]


def test_links_that_lead_nowhere_or_to_themselves_are_failures(tmp_path: Path) -> None:
    write(tmp_path, "a.md")
    (tmp_path / "gone.md").symlink_to("nothing.md")
    (tmp_path / "self").symlink_to("self")
    assert [(file.id, file.failure) for file in found(Source("docs", tmp_path))] == [
        ("docs/a.md", None), ("docs/gone.md", Failure("a broken link")), ("docs/self", Failure("a broken link")),
    ]


def test_a_source_that_is_reached_through_a_link_is_read(tmp_path: Path) -> None:
    write(tmp_path, "real/a.md")
    (tmp_path / "link").symlink_to("real")
    assert [(file.id, file.failure) for file in found(Source("docs", tmp_path / "link"))] == [("docs/a.md", None)]


def test_a_source_that_has_become_a_link_to_itself_is_a_failure_and_harms_no_other(tmp_path: Path) -> None:
    write(tmp_path, "docs/a.md")
    (tmp_path / "loop").symlink_to("loop")
    assert files_of(Source("loop", tmp_path / "loop")) == Failure("the source folder is missing or not mounted; its documents are kept")
    assert files_of(Source("docs", tmp_path / "docs"), [tmp_path / "loop"]) == [Found("docs/a.md", tmp_path / "docs/a.md")]


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert found(Source("docs", tmp_path)) == [Found("docs/pipe.md", tmp_path / "pipe.md", Failure("not a regular file"))]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for the superuser")
def test_a_folder_that_cannot_be_read_is_a_failure(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "closed/b.md")
    (tmp_path / "closed").chmod(0)
    try:
        files = found(Source("docs", tmp_path))
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert [(file.id, bool(file.failure)) for file in files] == [("docs/a.md", False), ("docs/closed", True)]


def test_what_may_not_be_looked_at_is_a_failure_and_the_rest_is_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a.md", "closed/b.md", "closed/deep/c.md")
    (tmp_path / "link.md").symlink_to("a.md")
    whole = Source("docs", tmp_path), Source("deep", tmp_path / "closed/deep"), Source("c", tmp_path / "closed/deep/c.md")

    def denying(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Any, *args: Any, **options: Any) -> Any:
            if "/closed/" in os.fspath(path) or ask is os_readlink:
                raise PermissionError(errno.EACCES, "Permission denied", path)
            return ask(path, *args, **options)

        return asked

    os_readlink = os.readlink
    for name in ("stat", "lstat", "scandir", "readlink"):
        monkeypatch.setattr(os, name, denying(getattr(os, name)))
    closed = Failure("it cannot be looked at (Permission denied)")
    assert [(file.id, file.failure) for file in found(whole[0])] == [
        ("docs/a.md", None), ("docs/closed/b.md", closed), ("docs/closed/deep", closed),
        ("docs/link.md", Failure("a link that leads out of its source folder; not followed")),
    ]
    assert all(isinstance(files_of(source), Failure) and source.root and name_for(source.path, []) for source in whole[1:])


def test_a_source_inside_another_is_not_read_twice(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "inner/b.md", "inner/deep/c.md")
    inner = tmp_path / "inner"
    assert [file.id for file in found(Source("outer", tmp_path), [tmp_path, inner])] == ["outer/a.md"]
    assert [file.id for file in found(Source("inner", inner), [tmp_path, inner])] == ["inner/b.md", "inner/deep/c.md"]


def test_ids_are_in_one_unicode_form(tmp_path: Path) -> None:
    write(tmp_path, unicodedata.normalize("NFD", "caf\u00e9/r\u00e9sum\u00e9.md"))
    (file,) = found(Source("d\u00e9p\u00f4t", tmp_path))
    assert file.id == "d\u00e9p\u00f4t/caf\u00e9/r\u00e9sum\u00e9.md" and file.path.exists()
    assert name_for(file.path.parent, []) == "caf\u00e9"


def test_two_spellings_of_one_name_are_a_failure_each_time_after_the_first(tmp_path: Path) -> None:
    write(tmp_path, *(unicodedata.normalize(form, "\u1e69.md") for form in ("NFC", "NFD")), "s\u0307\u0323.md")
    files = found(Source("docs", tmp_path))
    assert [(file.id, bool(file.failure)) for file in files] == [
        ("docs/\u1e69.md", False), ("docs/\u1e69.md (2)", True), ("docs/\u1e69.md (2) (2)", True),
    ]
    assert len({file.path for file in files}) == 3


def test_a_name_that_is_not_unicode_is_a_failure_that_can_be_written_down(tmp_path: Path) -> None:
    write(tmp_path, os.fsdecode(b"caf\xe9.md"), os.fsdecode(b"caf\xe8.md"))
    files = found(Source("docs", tmp_path))
    assert [file.failure for file in files] == [Failure("its name is not valid Unicode; rename it")] * 2
    assert len({file.id for file in files}) == 2 and all(file.id.encode() for file in files)


def test_a_source_is_called_like_its_folder_with_a_number_on_a_clash(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    write(folder, "a.md")
    assert name_for(folder, []) == "docs"
    assert name_for(folder / "a.md", []) == "docs"
    assert name_for(folder, ["docs"]) == "docs-2"
    assert name_for(folder, ["docs", "docs-2", "other"]) == "docs-3"
    assert name_for(folder, ["docs", "docs-3"]) == "docs-2"
    assert name_for(Path("/"), []) == "root"


def test_a_name_that_is_shown_drives_no_terminal() -> None:
    assert shown("a\x1b[2J\x7f\x9b\n\u00e9") == r"a\x1b[2J\x7f\x9b\n" + "\u00e9"


def test_only_the_shipped_documents_are_called_handbook(tmp_path: Path) -> None:
    folder = tmp_path / SHIPPED
    folder.mkdir()
    assert name_for(folder, []) == f"{SHIPPED}-2"
