"""Ingestion: a row for every file, nothing done twice, nothing lost."""

import errno
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import CorpusError, IndexMismatch
from corpus.sources import Source
from fakes import FakeEmbedder, put
from index.catalog import Catalog, Edit
from index.ingest import Embedded, Event, Row, Started, Waiting, add_documents, ingest

ALPHA = "# Alpha\n\nAlpha is the first letter of the Greek alphabet.\n\n# More\n\nIt comes before beta."
BETA = "# Beta\n\nBeta is the second letter of the Greek alphabet."
GAMMA = "# Gamma\n\nGamma is the third letter."


class House:
    """A data folder, the shipped documents, a source folder, and what opening an embedder costs."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog(folder / "data")
        self.shipped = folder / "corpus" / "documents"
        self.notes = folder / "notes"
        self.shipped.mkdir(parents=True)
        self.notes.mkdir()
        self.embedder = FakeEmbedder()
        self.opened = 0

    def open(self) -> FakeEmbedder:
        self.opened += 1
        return self.embedder

    def events(self, *paths: Path, shipped: bool | None = None, rebuild: bool = False) -> list[Event]:
        return list(ingest(self.catalog, self.open, list(paths), shipped=self.shipped, with_shipped=shipped, rebuild=rebuild))

    def ingest(self, *paths: Path, shipped: bool | None = None, rebuild: bool = False) -> dict[str, str]:
        """Ingest and return the status of each document, or the reason of a failure."""
        rows = [event for event in self.events(*paths, shipped=shipped, rebuild=rebuild) if isinstance(event, Row)]
        assert len(rows) == len({row.id for row in rows})
        return {row.id: row.reason or row.status for row in rows}

    def write(self, name: str, text: str, folder: Path | None = None) -> Path:
        path = (folder or self.notes) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def documents(self) -> list[str]:
        with self.catalog.reading() as view:
            return [entry.id for entry in view.entries()]

    def text(self, id: str) -> str:
        with self.catalog.reading() as view:
            return " ".join(passage.text for passage in view.passages_of(id))

    def sources(self) -> dict[str, Path]:
        with self.catalog.reading() as view:
            return {source.name: source.path for source in view.sources()}

    def generation(self) -> int:
        with self.catalog.reading() as view:
            return view.generation

    def contents(self) -> tuple[object, ...]:
        with self.catalog.reading() as view:
            matrix = view.matrix()
            return view.entries(), matrix.ids, matrix.vectors.tobytes(), view.terms(), view.vocabulary()


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.write("a.md", ALPHA)
    house.write("b.md", BETA)
    return house


def test_every_file_has_a_row_that_says_what_happened_to_it(house: House) -> None:
    house.write("empty.txt", "")
    first = house.ingest(house.notes, shipped=False)
    assert first == {"notes/a.md": "added", "notes/b.md": "added", "notes/empty.txt": "the file is empty"}
    house.write("a.md", ALPHA.replace("Greek", "old Greek"))
    (house.notes / "b.md").unlink()
    house.write("c.md", GAMMA)
    house.write("empty.txt", "No longer empty.")
    house.write("d.md", BETA)
    assert house.ingest() == {
        "notes/a.md": "replaced", "notes/b.md": "removed", "notes/c.md": "added", "notes/d.md": "added", "notes/empty.txt": "added",
    }
    assert house.ingest() == dict.fromkeys(["notes/a.md", "notes/c.md", "notes/d.md", "notes/empty.txt"], "unchanged")


def test_a_row_counts_pages_characters_and_passages(house: House) -> None:
    first = [event for event in house.events(house.notes, shipped=False) if isinstance(event, Row)]
    again = [event for event in house.events() if isinstance(event, Row)]
    with house.catalog.reading() as view:
        document = view.document("notes/a.md")
        assert document is not None
        for row in (first[0], again[0]):
            assert (row.id, row.pages, row.characters) == ("notes/a.md", None, len(document.text))
            assert row.passages == len(view.passages_of("notes/a.md")) == 2
    assert asdict(again[0]) == {
        "id": "notes/a.md", "status": "unchanged", "pages": None, "characters": len(document.text), "passages": 2, "reason": "",
    }


def test_progress_is_reported_before_the_rows_it_leads_to(house: House) -> None:
    house.write("long.md", "\n\n".join(f"# Part {n}\n\nText number {n}." for n in range(70)))
    events = house.events(house.notes, shipped=False)
    assert events[0] == Started(3)
    long = [event for event in events if isinstance(event, Embedded) and event.id == "notes/long.md"]
    assert [event.done for event in long] == [32, 64, 70]
    assert events.index(long[-1]) < [getattr(event, "status", "") and event.id for event in events].index("notes/long.md")


def test_unchanged_files_open_no_embedder_and_change_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    before, generation = house.contents(), house.generation()
    house.opened = 0
    os.utime(house.notes / "a.md")
    assert set(house.ingest().values()) == {"unchanged"}
    assert house.opened == 0
    assert (house.contents(), house.generation()) == (before, generation)


def test_a_file_whose_bytes_changed_but_not_its_text_is_unchanged(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    generation = house.generation()
    house.write("a.md", ALPHA.replace("\n\n", "\n\n\n"))
    assert house.ingest()["notes/a.md"] == "unchanged"
    assert house.generation() == generation
    house.embedder.embedded.clear()
    house.opened = 0
    assert house.ingest()["notes/a.md"] == "unchanged"
    assert (house.opened, house.embedder.embedded) == (0, [])  # the new bytes are remembered


def test_a_change_embeds_only_the_passages_that_are_new(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    house.embedder.embedded.clear()
    house.write("a.md", ALPHA.replace("It comes before beta.", "It comes before all others."))
    house.ingest()
    (embedded,) = house.embedder.embedded
    assert embedded.endswith("It comes before all others.")


def test_a_change_of_a_question_embeds_that_question_alone(house: House) -> None:
    house.write("a.md", f"{ALPHA}\n<!-- questions:\n- Which letter is first?\n- Where does it begin?\n-->\n")
    house.ingest(house.notes, shipped=False)
    assert sorted(house.embedder.asked) == ["Where does it begin?", "Which letter is first?"]
    house.embedder.embedded.clear()
    house.embedder.asked.clear()
    house.write("a.md", f"{ALPHA}\n<!-- questions:\n- Which letter is first?\n- What opens the row?\n-->\n")
    assert house.ingest() == {"notes/a.md": "replaced", "notes/b.md": "unchanged"}
    assert (house.embedder.embedded, house.embedder.asked) == ([], ["What opens the row?"])
    with house.catalog.reading() as view:
        assert view.questions().texts == ["Which letter is first?", "What opens the row?"]


def test_a_renamed_file_embeds_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    house.embedder.embedded.clear()
    (house.notes / "deeper").mkdir()
    (house.notes / "a.md").rename(house.notes / "deeper" / "z.md")
    assert house.ingest() == {"notes/a.md": "removed", "notes/b.md": "unchanged", "notes/deeper/z.md": "added"}
    assert house.embedder.embedded == []
    assert house.documents() == ["notes/b.md", "notes/deeper/z.md"]
    with house.catalog.reading() as view:
        for passage in view.passages_of("notes/deeper/z.md"):
            expected = house.embedder.embed_question(f"{passage.context}\n{passage.text}")
            assert np.array_equal(view.vectors([passage.id])[passage.id], expected)


def test_a_file_that_becomes_unreadable_keeps_its_old_passages_and_says_so(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    (house.notes / "a.md").write_bytes(b"\0\1\2\3" * 100)
    reason = house.ingest()["notes/a.md"]
    assert "not a text" in reason
    assert "read of it before is kept" in reason
    assert "first letter" in house.text("notes/a.md")
    with house.catalog.reading() as view:
        assert view.problems() == {"notes/a.md": reason}
    house.write("a.md", ALPHA)
    assert house.ingest()["notes/a.md"] == "unchanged"
    with house.catalog.reading() as view:
        assert view.problems() == {}


def test_a_value_that_refuses_to_be_built_costs_one_file_and_not_the_rest(house: House) -> None:
    class Miscounting(FakeEmbedder):
        def count(self, text: str) -> int:
            if "first letter" in text:
                raise ValueError("no such token")
            return super().count(text)

    house.embedder = Miscounting()
    rows = house.ingest(house.notes, shipped=False)
    assert "no such token" in rows["notes/a.md"]
    assert rows["notes/b.md"] == "added"


def test_a_file_never_seen_that_cannot_be_read_claims_to_keep_nothing(house: House) -> None:
    house.write("broken.pdf", "%PDF-1.7 and then nothing of the kind")
    assert "kept" not in house.ingest(house.notes, shipped=False)["notes/broken.pdf"]


def test_a_missing_source_folder_is_a_failed_row_and_removes_nothing(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    house.write("c.md", GAMMA, other)
    house.ingest(house.notes, other, shipped=False)
    house.notes.rename(tmp_path / "unmounted")
    rows = house.ingest()
    assert "missing" in rows["notes"]
    assert rows["other/c.md"] == "unchanged"
    assert house.documents() == ["notes/a.md", "notes/b.md", "other/c.md"]
    (tmp_path / "unmounted").rename(house.notes)
    assert set(house.ingest().values()) == {"unchanged"}
    with house.catalog.reading() as view:
        assert view.problems() == {}


@pytest.mark.parametrize("rebuild", [False, True])
def test_a_folder_in_a_source_that_cannot_be_read_is_a_failed_row_and_removes_nothing(
    rebuild: bool, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def denying(path: Path) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("/deep"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scandir(path)

    house.write("sub/deep/c.md", GAMMA)
    house.write("subs.md", BETA)
    house.ingest(house.notes, shipped=False)
    monkeypatch.setattr(os, "scandir", denying)
    kept = "; what was read of it before is kept"
    rows = house.ingest(rebuild=rebuild)
    assert rows["notes/sub/deep"] == f"the folder cannot be read, nor what is in it{kept}"
    (house.notes / "sub").rename(house.notes.parent / "unmounted")
    (house.notes / "sub").symlink_to(house.notes.parent / "mount")
    (house.notes / "subs.md").unlink()
    rows = house.ingest(rebuild=rebuild)
    assert rows["notes/sub"] == f"a link that leads out of its source folder; not followed{kept}"
    assert rows["notes/subs.md"] == "removed"
    assert house.documents() == ["notes/a.md", "notes/b.md", "notes/sub/deep/c.md"]
    assert "third letter" in house.text("notes/sub/deep/c.md")
    (house.notes / "sub").unlink()
    assert house.ingest()["notes/sub/deep/c.md"] == "removed"


def test_sources_are_remembered_and_each_call_adds_to_them(house: House, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "notes"
    house.write("c.md", GAMMA, other)
    house.ingest(house.notes, shipped=False)
    assert house.ingest(other) == {"notes-2/c.md": "added"}
    assert house.sources() == {"notes": house.notes, "notes-2": other}
    assert house.ingest() == dict.fromkeys(["notes/a.md", "notes/b.md", "notes-2/c.md"], "unchanged")
    assert house.ingest(house.notes) == dict.fromkeys(["notes/a.md", "notes/b.md"], "unchanged")
    assert house.ingest(house.notes, house.notes / ".." / "notes") == dict.fromkeys(["notes/a.md", "notes/b.md"], "unchanged")
    assert house.sources() == {"notes": house.notes, "notes-2": other}


def test_a_path_that_is_not_there_is_an_error_and_changes_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    with pytest.raises(CorpusError, match="nowhere"):
        house.ingest(house.shipped, house.notes / "nowhere")
    assert house.sources() == {"notes": house.notes}


def test_a_device_or_a_pipe_is_an_error_and_changes_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    os.mkfifo(house.notes.parent / "pipe.md")
    for path in (Path("/dev/null"), house.notes.parent / "pipe.md"):
        with pytest.raises(CorpusError, match="is not a regular file or a folder"):
            house.ingest(house.shipped, path)
    assert house.sources() == {"notes": house.notes}


def test_a_path_that_may_not_be_looked_at_is_an_error_and_changes_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    (house.notes / "loop").symlink_to("loop")  # as a closed folder on the way would do, for the superuser as well
    for path in (house.notes / "loop", house.notes / ("long" * 100)):
        with pytest.raises(CorpusError, match="cannot be looked at: "):
            house.ingest(house.shipped, path)
    assert house.sources() == {"notes": house.notes}


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no name that is not Unicode")
def test_a_path_that_is_not_unicode_is_an_error_and_changes_nothing(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    odd = house.notes.parent / os.fsdecode(b"caf\xe9")
    odd.mkdir()
    with pytest.raises(CorpusError, match="is not valid Unicode"):
        house.ingest(house.shipped, odd)
    assert house.sources() == {"notes": house.notes}


def test_the_shipped_documents_are_a_source_from_the_start(house: House) -> None:
    house.write("guide.md", GAMMA, house.shipped)
    assert house.ingest() == {"handbook/guide.md": "added"}
    assert house.ingest(house.notes) == dict.fromkeys(["notes/a.md", "notes/b.md"], "added")


def test_the_shipped_documents_come_with_the_first_folder(house: House) -> None:
    house.write("guide.md", GAMMA, house.shipped)
    assert house.ingest(house.notes) == dict.fromkeys(["handbook/guide.md", "notes/a.md", "notes/b.md"], "added")


def test_no_shipped_is_remembered_and_undone_by_naming_their_folder(house: House) -> None:
    house.write("guide.md", GAMMA, house.shipped)
    house.ingest(house.notes)
    assert house.ingest(shipped=False) == {"handbook/guide.md": "removed", "notes/a.md": "unchanged", "notes/b.md": "unchanged"}
    assert house.documents() == ["notes/a.md", "notes/b.md"]
    house.ingest()
    house.ingest(house.notes)
    assert house.sources() == {"notes": house.notes}
    assert house.ingest(house.shipped) == {"handbook/guide.md": "added"}
    assert "handbook/guide.md" in house.ingest()


def test_a_checkout_that_was_moved_keeps_its_shipped_documents(house: House, tmp_path: Path) -> None:
    house.write("guide.md", GAMMA, house.shipped)
    house.ingest()
    moved = tmp_path / "moved"
    house.shipped.rename(moved)
    house.shipped = moved
    generation = house.generation()
    assert house.ingest() == {"handbook/guide.md": "unchanged"}
    assert house.generation() == generation
    with house.catalog.reading() as view:
        assert [entry.path for entry in view.entries()] == [str(moved / "guide.md")]


def test_a_source_inside_a_source_has_its_files_once(house: House) -> None:
    house.write("inner/c.md", GAMMA)
    house.ingest(house.notes, shipped=False)
    house.embedder.embedded.clear()
    rows = house.ingest(house.notes / "inner")
    assert rows == {"inner/c.md": "added", "notes/a.md": "unchanged", "notes/b.md": "unchanged", "notes/inner/c.md": "removed"}
    assert house.embedder.embedded == []
    assert house.documents() == ["inner/c.md", "notes/a.md", "notes/b.md"]
    assert set(house.ingest().values()) == {"unchanged"}


def test_a_source_around_a_source_leaves_it_its_files(house: House, tmp_path: Path) -> None:
    inner = house.notes / "inner"
    house.write("inner/c.md", GAMMA)
    house.ingest(inner, shipped=False)
    house.ingest(house.notes)
    assert house.documents() == ["inner/c.md", "notes/a.md", "notes/b.md"]


def test_a_data_folder_inside_a_source_is_passed_over_but_for_sources_in_it(house: House) -> None:
    data = house.notes / "data"
    house.catalog = Catalog(data)
    house.write("c.md", GAMMA, data / "uploads")
    for status in ("added", "unchanged"):
        assert house.ingest(house.notes, shipped=False) == dict.fromkeys(["notes/a.md", "notes/b.md"], status)
    assert house.ingest(data / "uploads")["uploads/c.md"] == "added"
    assert set(house.ingest()) == {"notes/a.md", "notes/b.md", "uploads/c.md"}


def test_a_data_folder_is_no_source_of_its_own_index(house: House) -> None:
    data = house.catalog.path.parent
    house.ingest(house.notes, shipped=False)
    house.write("header.bin", "vectors", data / "chroma" / "1")
    house.write("c.md", GAMMA, data / "uploads")
    (house.notes.parent / "link").symlink_to(data)
    for path in (data, house.notes.parent / "link", data / "catalog.sqlite", data / "chroma", data / "chroma" / "1"):
        with pytest.raises(CorpusError, match="belongs to the index itself"):
            house.ingest(house.shipped, path)
    assert house.sources() == {"notes": house.notes}
    assert house.ingest(data / "uploads") == {"uploads/c.md": "added"}
    assert house.ingest(data / "uploads" / "c.md") == {"uploads/c.md": "unchanged"}


def test_a_single_file_is_a_source(house: House) -> None:
    path = house.notes / "a.md"
    assert house.ingest(path, shipped=False) == {"notes/a.md": "added"}
    assert house.ingest() == {"notes/a.md": "unchanged"}
    assert house.sources() == {"notes": path}
    path.unlink()
    assert "missing" in house.ingest()["notes"]
    assert house.documents() == ["notes/a.md"]


def test_a_single_file_joins_its_folder_when_that_becomes_a_source(house: House) -> None:
    house.ingest(house.notes / "a.md", shipped=False)
    assert set(house.ingest(house.notes)) == {"notes/a.md", "notes/b.md"}
    assert house.sources() == {"notes": house.notes}
    assert house.documents() == ["notes/a.md", "notes/b.md"]


def test_a_file_of_a_known_folder_brings_that_folder_up_to_date(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    path = house.write("c.md", GAMMA)
    assert house.ingest(path) == {"notes/a.md": "unchanged", "notes/b.md": "unchanged", "notes/c.md": "added"}
    assert house.sources() == {"notes": house.notes}


def test_a_hidden_file_that_is_named_outright_is_read(house: House) -> None:
    path = house.write(".drafts/c.md", GAMMA)
    house.ingest(house.notes, shipped=False)
    assert house.documents() == ["notes/a.md", "notes/b.md"]
    assert house.ingest(path) == {".drafts/c.md": "added"}


def test_a_removed_source_comes_back_when_it_is_named_again(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    with house.catalog.writing() as edit:
        edit.remove_source("notes")
    assert house.ingest() == {}
    assert house.ingest(house.notes) == dict.fromkeys(["notes/a.md", "notes/b.md"], "added")


def test_a_rebuild_makes_the_same_index_anew(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    before = house.contents()
    house.embedder.embedded.clear()
    assert set(house.ingest(rebuild=True).values()) == {"replaced"}
    assert house.contents() == before
    assert len(house.embedder.embedded) == 3
    other = house.write("c.md", GAMMA, house.notes.parent / "other").parent
    assert set(house.ingest(other, rebuild=True)) == {"notes/a.md", "notes/b.md", "other/c.md"}  # all, whatever is named


class WatchedCatalog(Catalog):
    """Keeps which documents had vectors of which length after each write transaction."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.states: list[dict[str, set[int]]] = []

    @contextmanager
    def writing(self) -> Iterator[Edit]:
        with super().writing() as edit:
            yield edit
        with self.reading() as view:
            ids = {entry.id: [passage.id for passage in view.passages_of(entry.id)] for entry in view.entries()}
            self.states.append({id: {len(vector) for vector in view.vectors(inside).values()} for id, inside in ids.items()})


def test_a_rebuild_is_one_transaction(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    (house.notes / "b.md").unlink()
    house.write("c.md", GAMMA)
    house.embedder = FakeEmbedder("wider", dimension=48)
    house.catalog = watched = WatchedCatalog(house.catalog.path.parent)
    assert house.ingest(rebuild=True) == {"notes/a.md": "replaced", "notes/b.md": "removed", "notes/c.md": "added"}
    old, new = {"notes/a.md": {32}, "notes/b.md": {32}}, {"notes/a.md": {48}, "notes/c.md": {48}}
    assert [state for at, state in enumerate(watched.states) if at == 0 or state != watched.states[at - 1]] == [old, new]
    with house.catalog.reading() as view:
        assert view.meta("embedder") == "wider"
        assert view.matrix().vectors.shape == (3, 48)


def test_a_rebuild_that_is_broken_off_leaves_the_old_index(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    before = house.contents()
    house.embedder = FakeEmbedder("wider", dimension=48)
    run = ingest(house.catalog, house.open, [], shipped=house.shipped, rebuild=True)
    while not isinstance(next(run), Embedded):
        pass
    run.close()  # type: ignore[attr-defined]
    assert house.contents() == before
    house.embedder = FakeEmbedder()
    assert set(house.ingest().values()) == {"unchanged"}


def test_a_rebuild_keeps_what_cannot_be_read_now(house: House, tmp_path: Path) -> None:
    other = tmp_path / "other"
    house.write("c.md", GAMMA, other)
    house.ingest(house.notes, other, shipped=False)
    (house.notes / "a.md").write_bytes(b"\0")
    other.rename(tmp_path / "unmounted")
    house.embedder = FakeEmbedder("wider", dimension=48)
    rows = house.ingest(rebuild=True)
    assert "kept" in rows["notes/a.md"]
    assert "kept" in rows["other"]
    assert house.documents() == ["notes/a.md", "notes/b.md", "other/c.md"]
    with house.catalog.reading() as view:
        assert view.matrix().vectors.shape == (4, 48)
    (tmp_path / "unmounted").rename(other)
    house.write("a.md", ALPHA)
    assert set(house.ingest().values()) == {"unchanged"}


def test_an_index_of_another_embedder_is_refused_until_it_is_rebuilt(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    before = house.contents()
    house.write("c.md", GAMMA)
    house.embedder = FakeEmbedder("wider", dimension=48)
    with pytest.raises(IndexMismatch) as caught:
        house.ingest()
    assert "--rebuild" in caught.value.remedy
    assert house.contents() == before
    house.ingest(rebuild=True)
    assert house.documents() == ["notes/a.md", "notes/b.md", "notes/c.md"]


def test_an_index_of_another_passage_scheme_is_refused_until_it_is_rebuilt(house: House) -> None:
    house.ingest(house.notes, shipped=False)
    with house.catalog.writing() as edit:
        edit.set_meta("scheme", "0")
    with pytest.raises(IndexMismatch) as caught:
        house.ingest()
    assert "--rebuild" in caught.value.remedy
    house.ingest(rebuild=True)
    assert set(house.ingest().values()) == {"unchanged"}


def test_a_rebuild_of_nothing_is_well(house: House) -> None:
    assert house.ingest(shipped=False, rebuild=True) == {}
    assert house.documents() == []


def test_an_ingestion_waits_for_another_one_and_frees_its_lock_whichever_thread_ends_it(house: House) -> None:
    first = ingest(house.catalog, house.open, [house.notes], shipped=house.shipped, with_shipped=False)
    assert isinstance(next(first), Started)
    second = ingest(house.catalog, house.open, [], shipped=house.shipped)
    assert next(second) == Waiting()
    with ThreadPoolExecutor(1) as pool:  # as a web server runs each step of a generator on any of its threads
        assert pool.submit(list, first).result()
        rows = [event for event in second if isinstance(event, Row)]
    assert {row.status for row in rows} == {"unchanged"}


def test_documents_without_files_go_in_with_the_questions_that_they_answer(house: House, tmp_path: Path) -> None:
    documents = [put(house.catalog, f"notes/{letter}.md", "# Costs", f"The {letter} is dear.", f"? How dear is {letter}") for letter in "xyz"]
    other = Catalog(tmp_path / "other")
    assert list(add_documents(other, house.embedder, Source("notes", Path("/sources/notes")), documents)) == [3]
    with house.catalog.reading() as view, other.reading() as added:
        assert [added.document(document.id) for document in documents] == documents
        assert np.array_equal(added.matrix().vectors, view.matrix().vectors)
        assert added.questions().passages == view.questions().passages
        assert np.array_equal(added.questions().vectors, view.questions().vectors)
