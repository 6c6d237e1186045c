"""The catalog: one transaction, one document, one generation."""

import errno
import hashlib
import os
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cut import cut
from corpus.document import Block, Contents, Document, embedded_text
from corpus.errors import IndexMismatch, IndexMissing, IndexUnavailable
from corpus.sources import Source
from corpus.terms import harvest
from fakes import FakeEmbedder, put
from index.catalog import SCHEMA_VERSION, Catalog
from index.lexical import content_words
from index.records import RecordsFile
from index.sqlite import DENIED, NO_ROOM, usable
from index.terms import cells, look_up, matching

LPO = "Legal process outsourcing (LPO) is the hiring of outside lawyers for contract review."
PRICES = "A fixed price is agreed before the work starts. Time and materials are paid by the hour."
TABLES = ("documents", "passages", "lexicon", "terms", "questions", "problems", "sources")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


def rows_of(catalog: Catalog, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(catalog.path)) as db:
        return db.execute(f"SELECT * FROM {table}").fetchall()


def texts_of(catalog: Catalog, document: str) -> list[str]:
    with catalog.reading() as view:
        return [passage.text for passage in view.passages_of(document)]


def test_a_folder_without_a_catalog_says_how_to_make_one(catalog: Catalog) -> None:
    with pytest.raises(IndexMissing) as caught, catalog.reading():
        pass
    assert "kpo ingest" in caught.value.remedy


def test_a_first_ingestion_that_was_killed_at_once_leaves_a_missing_index_and_not_a_damaged_one(catalog: Catalog) -> None:
    with closing(sqlite3.connect(catalog.path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    with pytest.raises(IndexMissing), catalog.reading():
        pass
    put(catalog, "notes/a.md", PRICES)
    assert texts_of(catalog, "notes/a.md") == [PRICES]


def test_the_strongest_definition_of_a_term_comes_first(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Countries", "Knowledge process outsourcing (KPO) is mostly done in India.")
    put(catalog, "notes/b.md", "# Jobs", "Knowledge process outsourcing (KPO) is a danger to some jobs.")
    put(catalog, "notes/_.md", "# Costs", "Firms buy knowledge process outsourcing (KPO) to save.")
    put(catalog, "notes/d.md", "# Knowledge process outsourcing (KPO)", "Knowledge process outsourcing (KPO) is work that needs judgement.")
    blocks = (Block("header", "Kind | Use"), Block("row", "Knowledge process outsourcing (KPO) | What is bought dearly"))
    document = Document.compose("notes/A.md", Contents(blocks, "markdown"))
    with catalog.writing() as edit:
        passages = cut(document, len, 512)
        edit.replace(
            document, source="notes", path="", file_digest="", passages=passages, embedded=["x"] * len(passages), vectors=[b""] * len(passages),
            terms=harvest(document, passages),
        )
    with catalog.reading() as view:
        (entry,) = matching(view.terms(), "KPO")
        in_rows = cells(view, entry.places)
    assert [(term.document, told) for term, told in in_rows.items()] == [
        ("notes/A.md", [("Kind", "Knowledge process outsourcing (KPO)"), ("Use", "What is bought dearly")])
    ]
    assert [(term.document[6:7], term.defines) for term in entry.places] == [("d", True), ("b", True), ("A", True), ("a", True), ("_", False)]


@pytest.mark.parametrize(("typed", "found", "pairs"), [
    ("atrition", "Attrition", (("atrition", "attrition"),)),
    ("what is attrition", "Attrition", ()),
    ("wat is atrition?", "Attrition", (("wat", "what"), ("atrition", "attrition"))),
    ("churn", "Attrition", (("churn", "Attrition"),)),
    ("turnover", "Attrition", (("turnover", "Attrition"),)),
    ("turn around times", "Turnaround time", (("turn around times", "Turnaround time"),)),
    ("taat", "Turnaround time", (("taat", "TAT"),)),
    ("attraction", "", ()),  # another word of the language
    ("staff", "", ()),  # of another name only its last words
    ("wat is a zebra", "", ()),
    ("?!", "", ()),
])
def test_a_term_is_found_by_its_misspellings_and_its_other_names(catalog: Catalog, typed: str, found: str, pairs: tuple[tuple[str, str], ...]) -> None:
    put(catalog, "notes/a.md", "# Attrition", "Attrition is the rate at which people leave. Staff turnover and churn are other names for attrition.")
    put(catalog, "notes/b.md", "# Turnaround time (TAT)", "Turnaround time (TAT) is the time that a piece of work takes.")
    with catalog.reading() as view:
        entries, read_as = look_up(view, typed)
    assert ([entry.name for entry in entries], read_as) == ([found] if found else [], pairs)


def test_what_is_put_in_comes_out(catalog: Catalog) -> None:
    document = put(catalog, "notes/a.md", "# Law", LPO, "# Money", PRICES)
    with catalog.reading() as view:
        assert view.document("notes/a.md") == document
        passages = view.passages_of("notes/a.md")
        for passage in passages:
            passage.prove(document)
        ids = [passage.id for passage in passages]
        assert view.passages([*ids, "unknown"]) == dict(zip(ids, passages, strict=True))
        assert [(term.name, term.abbreviations, term.definition) for term in view.terms()] == [("Legal process outsourcing", ("LPO",), LPO)]
        (entry,) = view.entries()
        assert (entry.id, entry.source, entry.passages, entry.characters) == ("notes/a.md", "notes", len(passages), len(document.text))
        assert view.count_passages() == len(passages) == len(view.matrix().ids)
        assert view.document("notes/b.md") is None
        assert view.document("notes/\udcff.md") is None
        assert view.passages_of("notes/b.md") == []
        assert view.passages([]) == {} == view.vectors([])


def test_questions_belong_to_the_section_that_they_stand_in(catalog: Catalog) -> None:
    embedder = FakeEmbedder()
    document = put(
        catalog, "notes/a.md", "# Law", LPO, "? Who drafts for a lawyer", "# Nothing", "? What is in an empty section", "# Money", PRICES,
        "? How dear is it", "? What does it cost", embedder=embedder,
    )
    put(catalog, "notes/b.md", PRICES, "? What is the price")
    with catalog.reading() as view:
        assert view.document("notes/a.md") == document
        assert [one.question for one in document.asked] == ["Who drafts for a lawyer", "What is in an empty section", "How dear is it", "What does it cost"]
        law, money = (passage.id for passage in view.passages_of("notes/a.md"))
        (price,) = (passage.id for passage in view.passages_of("notes/b.md"))
        known = view.questions()
        assert known.texts == [*(one.question for one in document.asked), "What is the price"]
        assert known.documents == ["notes/a.md"] * 4 + ["notes/b.md"]
        assert known.passages == [(law,), (), (money,), (money,), (price,)]
        assert np.array_equal(known.vectors[2], embedder.embed_question("How dear is it"))
    with catalog.writing() as edit:
        edit.remove("notes/a.md")
        assert edit.questions().texts == ["What is the price"]
        edit.remove("notes/b.md")
        assert edit.questions().vectors.shape[0] == len(edit.questions().texts) == 0


def test_a_document_with_signs_of_all_planes_comes_out_as_it_went_in(catalog: Catalog) -> None:
    text = "Emoji 👩‍💻 and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 before the sentence. Then e\u0301, 中文 and עברית after it."
    document = put(catalog, "notes/a.md", text)
    assert texts_of(catalog, "notes/a.md") == [document.text]


def test_a_replacement_leaves_nothing_of_the_old_document(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Law", LPO)
    put(catalog, "notes/b.md", PRICES)
    put(catalog, "notes/a.md", "# Places", "Manila answers calls.", "# People", "Attrition is high.")
    with catalog.reading() as view:
        assert sorted(passage.text for passage in view.passages_of("notes/a.md")) == ["Attrition is high.", "Manila answers calls."]
        assert view.terms() == []
        assert view.lexical(["lawyers"], 10) == []
        assert len(view.lexical(["manila"], 10)) == 1
        assert view.count_passages() == 3
    assert [len(rows_of(catalog, table)) for table in ("documents", "passages", "lexicon", "terms")] == [2, 3, 3, 0]


def test_a_replacement_that_fails_leaves_the_old_document_whole(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Law", LPO)
    before = {table: rows_of(catalog, table) for table in (*TABLES, "meta")}
    with pytest.raises(ZeroDivisionError), catalog.writing() as edit:
        edit.remove("notes/a.md")
        edit.set_meta("embedder", "another")
        edit.add_source(Source("other", Path("/other")))
        raise ZeroDivisionError
    assert {table: rows_of(catalog, table) for table in (*TABLES, "meta")} == before


def test_vectors_that_do_not_fit_the_passages_are_refused_and_change_nothing(catalog: Catalog) -> None:
    document = put(catalog, "notes/a.md", PRICES)
    with catalog.reading() as view:
        passages = view.passages_of("notes/a.md")
    with pytest.raises(ValueError, match="shorter"), catalog.writing() as edit:
        edit.replace(document, source="notes", path="", file_digest="", passages=passages, embedded=["x"], vectors=[], terms=[])
    assert texts_of(catalog, "notes/a.md") == [PRICES]


def test_a_removal_leaves_nothing_in_any_table(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Law", LPO, "? Who drafts for a lawyer", "# Money", PRICES)
    with catalog.writing() as edit:
        edit.remove("notes/a.md")
    assert [rows_of(catalog, table) for table in ("documents", "passages", "lexicon", "terms", "questions")] == [[], [], [], [], []]
    with catalog.reading() as view:
        assert view.lexical(["price"], 10) == []
        assert view.matrix().ids == []
        assert view.vocabulary() == {}


def test_a_forgotten_source_takes_all_that_came_from_it(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Law", LPO)
    put(catalog, "other/b.md", PRICES)
    with catalog.writing() as edit:
        edit.set_problem("notes/broken.pdf", "notes", "damaged")
        edit.set_problem("other/broken.pdf", "other", "damaged")
        edit.remove_source("notes")
    with catalog.reading() as view:
        assert view.sources() == [Source("other", Path("/sources/other"))]
        assert [entry.id for entry in view.entries()] == ["other/b.md"]
        assert view.problems() == {"other/broken.pdf": "damaged"}
        assert view.terms() == []


def test_a_source_that_has_moved_keeps_its_name_and_documents(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", PRICES)
    with catalog.writing() as edit:
        edit.add_source(Source("notes", Path("/elsewhere")))
        assert edit.sources() == [Source("notes", Path("/elsewhere"))]
        assert len(edit.entries()) == 1


def test_deleted_text_is_not_left_in_the_file(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "The secret word is xylophonist.", *(f"Paragraph {n} about nothing at all." for n in range(50)))
    with catalog.writing() as edit:
        edit.remove("notes/a.md")
    assert b"secret word is xylophonist" not in catalog.path.read_bytes()


def test_the_generation_grows_with_every_change_of_documents_and_with_nothing_else(catalog: Catalog) -> None:
    def generation() -> int:
        with catalog.reading() as view:
            return view.generation

    put(catalog, "notes/a.md", PRICES)
    first = generation()
    put(catalog, "notes/a.md", LPO)
    assert generation() > first
    second = generation()
    with catalog.writing() as edit:
        edit.remove("notes/unknown.md")
        edit.set_problem("notes/b.md", "notes", "damaged")
        edit.touch("notes/a.md", "digest", "/sources/notes/a.md")
        edit.clear_problems("notes")
    assert generation() == second
    with catalog.writing() as edit:
        edit.remove("notes/a.md")
    assert generation() > second
    with catalog.reading() as view:
        assert view.stamp == (view.meta("id"), view.generation) and view.meta("id")  # what is kept of a view ends with it


def test_a_reader_sees_one_generation_whatever_is_written_meanwhile(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", PRICES)
    with catalog.reading() as view:
        before = (view.generation, view.matrix().ids)
        put(catalog, "notes/a.md", LPO)
        put(catalog, "notes/b.md", "Something new.")
        assert (view.generation, view.matrix().ids) == before
        assert [passage.text for passage in view.passages_of("notes/a.md")] == [PRICES]
        assert len(view.lexical(["price"], 5)) == 1
        assert view.lexical(["lawyers"], 5) == []
    with catalog.reading() as view:
        assert view.generation == before[0] + 2
        assert len(view.matrix().ids) == 2


def test_writers_wait_for_each_other_and_lose_nothing(catalog: Catalog) -> None:
    threads = [
        threading.Thread(target=lambda who=who: [put(catalog, f"notes/{who}-{n}.md", f"Text {n} of writer {who}.") for n in range(8)])
        for who in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.reading() as view:
        assert len(view.entries()) == 32
        assert view.generation == 32


def test_a_vector_is_known_by_the_text_that_was_embedded(catalog: Catalog) -> None:
    embedder = FakeEmbedder()
    put(catalog, "notes/a.md", "# Law", LPO, embedder=embedder)
    with catalog.reading() as view:
        (passage,) = view.passages_of("notes/a.md")
        text = embedded_text(passage.context, passage.text)
        digest = hashlib.sha256(text.encode()).hexdigest()
        many = [hashlib.sha256(b"%d" % n).hexdigest() for n in range(1_200)]
        assert view.known_vectors([*many, digest, digest]) == {digest: embedder.embed_question(text).tobytes()}
        assert np.array_equal(view.vectors([passage.id])[passage.id], embedder.embed_question(text))
        assert view.known_vectors([]) == {}


def test_the_matrix_is_sorted_and_narrows_to_documents(catalog: Catalog) -> None:
    put(catalog, "notes/b.md", PRICES)
    put(catalog, "notes/a.md", "# Law", LPO, "# Places", "Manila.")
    with catalog.reading() as view:
        matrix = view.matrix()
        assert matrix.ids == sorted(matrix.ids)
        assert matrix.vectors.dtype == np.float32
        law = matrix.within(frozenset({"notes/a.md"}))
        assert (law.documents, law.ids) == (["notes/a.md"] * 2, [id for id, name in zip(matrix.ids, matrix.documents, strict=True) if name == "notes/a.md"])
        assert matrix.within(frozenset()).ids == []
        assert matrix.within(frozenset(matrix.documents)).ids == matrix.ids and len(matrix.ids) == 3
        for id, vector in (*zip(matrix.ids, matrix.vectors, strict=True), *zip(law.ids, law.vectors, strict=True)):
            assert np.array_equal(view.vectors([id])[id], vector)


def test_lexical_search_stems_weighs_headings_and_narrows(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Pricing", "What is paid for is agreed at the start of everything here.")
    put(catalog, "notes/b.md", "# Other", "Pricing is agreed here, at the start of all that is said.")
    with catalog.reading() as view:
        (in_heading,), (in_text,) = view.passages_of("notes/a.md"), view.passages_of("notes/b.md")
        assert view.lexical(["priced"], 5) == [in_heading.id, in_text.id]
        assert view.lexical(["priced"], 1) == [in_heading.id]
        assert view.lexical(["priced"], 5, frozenset({"notes/b.md"})) == [in_text.id]
        assert view.lexical(["priced"], 5, frozenset()) == []
        assert view.lexical([], 5) == []


def test_equal_passages_rank_by_id(catalog: Catalog) -> None:
    for n in range(6):
        put(catalog, f"notes/{n}.md", PRICES)
    with catalog.reading() as view:
        found = view.lexical(["price"], 6)
        assert found == sorted(found)
        assert len(found) == 6


@pytest.fixture(scope="module")
def typed_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    catalog = Catalog(tmp_path_factory.mktemp("typed"))
    put(catalog, "notes/a.md", "# Law", LPO, "# Money", PRICES)
    yield catalog


HOSTILE = [
    "NOT", "AND OR NOT", '"', "''", "a:b", "heading:price", "price*", "^price", "(price", "NEAR(a b)", "-price", "{a b}:c", "\0", "price\0hour", "R&D?",
    "%", "; DROP TABLE passages; --", "\ud800", "💥", "+", "price + hour", "x" * 100_000, " ".join(f"w{n}" for n in range(5_000)),
]


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
def test_what_fts5_takes_for_an_operator_is_a_valid_query(typed_at: Catalog, question: str) -> None:
    with typed_at.reading() as view:
        found = view.lexical(content_words(question), 5)
        assert len(found) == ("price" in question or "AND" in question)  # the only ones of these words in the text


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.one_of(st.text(), st.text('abNOTR&"\'*^:()-+{}~ .,\0price')))
def test_any_text_a_person_can_type_is_a_valid_query(typed_at: Catalog, question: str) -> None:
    with typed_at.reading() as view:
        found = view.lexical(content_words(question), 5)
        assert set(found) <= set(view.matrix().ids)


def test_the_vocabulary_counts_passages(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "# Price", "The price of a price.", "# Other", "Another price.")
    with catalog.reading() as view:
        assert view.vocabulary() == {"notes": 2, "price": 2, "the": 1, "of": 1, "a": 1, "other": 1, "another": 1}


def test_a_file_that_is_no_database_is_an_error_with_a_remedy(catalog: Catalog) -> None:
    catalog.path.write_bytes(bytes(Random(7).randbytes(5_000)))
    for transaction in (catalog.reading, catalog.writing):
        with pytest.raises(IndexUnavailable) as caught, transaction():
            pass
        assert "delete it" in caught.value.remedy


def test_a_data_folder_that_cannot_be_one_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    nameless = Catalog(tmp_path / ("x" * 300))
    for transaction in (Catalog(tmp_path / "file").writing, nameless.reading, nameless.writing):
        with pytest.raises(IndexUnavailable, match="cannot be used: File") as caught, transaction():
            pass
        assert caught.value.remedy == DENIED


def test_a_file_that_this_user_may_not_write_is_an_error_that_advises_to_delete_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_catalog() -> None:
        with catalog.writing() as edit:
            edit.clear_problems("notes")

    def write_records() -> None:
        with RecordsFile(catalog.path.parent).transaction() as db:
            db.execute("DELETE FROM inbox")

    def refused(write: Callable[[], None], said: str) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(sqlite3, "connect", lambda path, connect=sqlite3.connect, **options: connect(f"file:{path}?mode=ro", uri=True, **options))
            with pytest.raises(IndexUnavailable, match=said) as caught:
                write()
        assert caught.value.remedy == DENIED

    for write in (write_catalog, write_records):
        refused(write, "unable to open")
        write()
        refused(write, "readonly")


def test_a_disk_without_room_is_an_error_that_advises_to_delete_nothing(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 100_000

    def write_catalog() -> None:
        with catalog.writing() as edit:
            edit.set_meta("long", long)

    def write_records() -> None:
        with RecordsFile(catalog.path.parent).transaction() as db:
            db.execute("INSERT INTO meta VALUES ('long', ?)", [long])

    def full(path: Path, connect: Callable[..., sqlite3.Connection] = sqlite3.connect, **options: Any) -> sqlite3.Connection:
        db = connect(path, **options)
        db.execute("PRAGMA max_page_count = 1")
        return db

    for write in (write_catalog, write_records):
        with monkeypatch.context() as patch, pytest.raises(IndexUnavailable, match="disk is full") as caught:
            patch.setattr(sqlite3, "connect", full)
            write()
        assert caught.value.remedy == NO_ROOM
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
        try:
            with pytest.raises(IndexUnavailable, match="disk I/O error") as caught:
                write()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert caught.value.remedy == NO_ROOM
        write()
    with pytest.raises(IndexUnavailable, match="No space left") as caught, usable(catalog.path.parent):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert caught.value.remedy == NO_ROOM


@pytest.mark.parametrize("version", [SCHEMA_VERSION + 1, SCHEMA_VERSION - 1])
def test_a_catalog_of_another_version_is_refused_with_a_remedy_that_works(catalog: Catalog, version: int) -> None:
    put(catalog, "notes/a.md", PRICES)
    with catalog.writing() as edit:
        edit.set_meta("schema", str(version))
    for transaction in (catalog.reading, catalog.writing):
        with pytest.raises(IndexMismatch, match=f"schema {version}") as caught, transaction():
            pass
        assert "--rebuild" not in caught.value.remedy  # it would be refused the same
