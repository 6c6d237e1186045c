"""Chats on the server: kept whole, found again, named and deleted; records.sqlite migrates forward and is refused when it is too new."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from assistant.answer import Answer, Citation, Segment
from assistant.chats import MAX_TITLE, Chats, Topic, Turn, earlier, restored, stored
from corpus.cut import cut
from corpus.document import Block, Contents, Document
from corpus.errors import CorpusError, IndexMismatch
from evals.records import Records
from index.records import SCHEMA_VERSION, RecordsFile

OF_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE runs (id INTEGER PRIMARY KEY, name TEXT NOT NULL, set_name TEXT NOT NULL, set_digest TEXT NOT NULL, started TEXT NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0, fingerprint TEXT NOT NULL, cases TEXT NOT NULL);
CREATE TABLE outcomes (run INTEGER NOT NULL REFERENCES runs (id), case_id TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, case_id));
CREATE TABLE inbox (id INTEGER PRIMARY KEY, received TEXT NOT NULL, question TEXT NOT NULL, after TEXT NOT NULL, verdict TEXT NOT NULL,
    thumb TEXT NOT NULL, reason TEXT NOT NULL, words TEXT NOT NULL, citations TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'open');
INSERT INTO meta VALUES ('schema', '1');
INSERT INTO inbox VALUES (7, '2026-01-01', 'What is KPO?', '[]', 'answered', 'down', 'Incomplete', '', '[]', 'open');
"""


def answered(question: str = "What is a desk?", text: str = "A desk is a team. It has four analysts.") -> Answer:
    document = Document.compose("notes/desk.md", Contents((Block("heading", "Desks", 1), Block("prose", text)), "markdown", title="Desks", date="2026-01-02"))
    passage = cut(document, lambda said: len(said.split()), 1_000)[0]
    first = Citation.of(1, document, passage, passage.start, passage.start + text.index(".") + 1, 3.25)
    return Answer(
        question, question, "answered", (Segment("own", "In short:"), Segment("quote", first.quote, 1)), (first,), confidence=0.9, kind="definition",
        corrections=(("dsk", "desk"),), searched=("desk",), generation=3, notes=("a note",), timings_ms={"total": 1.5},
    )


def refused(question: str) -> Answer:
    return Answer(question, question, "refused", (Segment("own", "I could not find it."),), nearest=("Desks",))


@pytest.fixture
def chats(tmp_path: Path) -> Chats:
    return Chats(tmp_path)


def test_an_answer_comes_back_as_it_was() -> None:
    for answer in (answered(), refused("Who?")):
        assert restored(stored(answer)) == answer
        assert restored(stored(answer)).timings_ms == answer.timings_ms


@pytest.mark.parametrize("path", [("citations", 0, "quote"), ("segments", 1, "text"), ("segments", 1, "marker"), ("citations", 0, "marker"), ("verdict",)])
def test_an_answer_that_was_tampered_with_does_not_come_back(path: tuple[str | int, ...]) -> None:
    told = json.loads(stored(answered()))
    place = told
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = {"quote": "A desk is a lie.", "text": "A desk is a lie.", "marker": 2, "verdict": "refused"}[str(path[-1])]
    with pytest.raises(ValueError):
        restored(json.dumps(told))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"segments": [], "citations": [], "nonsense": 1}', '{"segments": 1, "citations": 2}'])
def test_what_was_never_an_answer_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        restored(text)


def test_a_chat_survives_and_keeps_its_order_citations_and_topics(chats: Chats, tmp_path: Path) -> None:
    first = chats.keep(None, answered(), narrowed=["Folder notes"])
    second = chats.keep(first.chat, refused("Who runs it?"), topics=[Topic("Desks", "notes/desk.md", 0, "d")])
    kept = Chats(tmp_path).turns(first.chat)
    assert [turn.question for turn in kept] == ["What is a desk?", "Who runs it?"]
    assert kept[0].answer == answered()
    assert kept[0].narrowed == ("Folder notes",)
    assert kept[1].topics == (Topic("Desks", "notes/desk.md", 0, "d"),)
    assert Chats(tmp_path).turn(second.id) == kept[1]
    assert [(chat.title, chat.turns) for chat in chats.listed()] == [("What is a desk?", 2)]


def test_a_damaged_answer_costs_itself_and_not_the_chat(chats: Chats, tmp_path: Path) -> None:
    chat = chats.keep(None, answered()).chat
    chats.keep(chat, refused("Who runs it?"))
    with RecordsFile(tmp_path).transaction() as db:
        db.execute("UPDATE turns SET answer = replace(answer, '\"start\":', '\"start\":9') WHERE id = 1")
    damaged, whole = chats.turns(chat)
    assert (damaged.answer, damaged.question) == (None, "What is a desk?")
    assert whole.answer == refused("Who runs it?")


def test_a_question_asked_again_takes_the_place_of_the_last(chats: Chats) -> None:
    first = chats.keep(None, answered("One?"))
    second = chats.keep(first.chat, answered("Two?"))
    chats.keep(None, answered("Newer, in another chat?"))
    chats.keep(first.chat, answered("Two, differently?"), instead_of=second.id)
    assert [turn.question for turn in chats.turns(first.chat)] == ["One?", "Two, differently?"]


def test_what_another_window_has_added_since_makes_no_room(chats: Chats) -> None:
    first = chats.keep(None, answered("One?"))
    chats.keep(first.chat, answered("Two, from elsewhere?"))
    chats.keep(first.chat, answered("One, differently?"), instead_of=first.id)
    assert [turn.question for turn in chats.turns(first.chat)] == ["One?", "Two, from elsewhere?", "One, differently?"]


def test_nothing_of_another_chat_makes_room(chats: Chats) -> None:
    other = chats.keep(None, answered("Mine?"))
    mine = chats.keep(None, answered("Yours?"))
    chats.keep(mine.chat, answered("Again?"), instead_of=other.id)
    assert [turn.question for turn in chats.turns(other.chat)] == ["Mine?"]


def test_a_search_finds_names_questions_and_answers_and_takes_no_wildcards(chats: Chats) -> None:
    chats.keep(None, answered("What is a desk?"))
    chats.keep(None, answered("100% of what?", "A share_of is 100% of a whole thing. More."))
    assert [chat.title for chat in chats.listed("DESK")] == ["What is a desk?"]
    assert [chat.title for chat in chats.listed("is a TEAM")] == ["What is a desk?"]
    assert [chat.title for chat in chats.listed("%")] == ["100% of what?"]
    assert [chat.title for chat in chats.listed("share_of")] == ["100% of what?"]
    assert [chats.listed(search) for search in ("nothing holds this", "s_are", "\\")] == [[], [], []]
    assert len(chats.listed("  ")) == 2
    assert len(chats.listed(limit=1)) == 1
    chats.rename(chats.keep(None, answered("Who sits at a\\b?")).chat, "Seating")
    assert [[chat.title for chat in chats.listed(search)] for search in ("seating", "WHO SITS", "a\\b")] == [["Seating"]] * 3
    chats.delete(chats.listed("seating")[0].id)
    assert [chats.count(search) for search in ("", "DESK", "is a TEAM", "%", "share_of", "nothing holds this")] == [2, 1, 1, 1, 1, 0]


def test_the_chat_with_the_newest_question_is_listed_first(chats: Chats, tmp_path: Path) -> None:
    older, newer = (chats.keep(None, answered(question)).chat for question in ("Old?", "New?"))
    assert [chat.id for chat in chats.listed()] == [newer, older]
    with RecordsFile(tmp_path).transaction() as db:
        db.execute("UPDATE chats SET changed = '2020-01-01T00:00:00+00:00'")
    chats.keep(older, answered("Again?"))
    assert [chat.id for chat in chats.listed()] == [older, newer]


def test_a_chat_is_renamed_and_deleted_for_good(chats: Chats, tmp_path: Path) -> None:
    turn = chats.keep(None, answered())
    chats.rename(turn.chat, "  Desks\n and teams ")
    assert chats.title(turn.chat) == "Desks and teams"
    chats.rename(turn.chat, " ")
    assert chats.title(turn.chat) == "Desks and teams"
    chats.rename(turn.chat, "x" * 500)
    assert len(chats.title(turn.chat) or "") == MAX_TITLE
    chats.delete(turn.chat)
    chats.delete(turn.chat)
    assert (chats.title(turn.chat), chats.turns(turn.chat), chats.turn(turn.id), chats.listed()) == (None, [], None, [])
    with pytest.raises(CorpusError, match="no chat"):
        chats.rename(turn.chat, "again")
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"four analysts" not in (tmp_path / "records.sqlite").read_bytes()


def test_a_question_to_a_chat_that_was_deleted_meanwhile_begins_another(chats: Chats) -> None:
    gone = chats.keep(None, answered()).chat
    chats.delete(gone)
    turn = chats.keep(gone, answered("Again?"))
    assert turn.chat != gone
    assert [chat.title for chat in chats.listed()] == ["Again?"]


def test_earlier_questions_leave_small_talk_out(chats: Chats) -> None:
    chat = chats.keep(None, answered("One?")).chat
    chats.keep(chat, Answer("Thanks", "Thanks", "conversation", (Segment("own", "You are welcome."),)))
    chats.keep(chat, refused("Two?"))
    assert earlier(chats.turns(chat)) == ("One?", "Two?")
    assert earlier([Turn(1, 1, "", "Three?", None)]) == ("Three?",)  # its answer is damaged, it was asked all the same


def test_records_of_version_1_are_brought_forward_with_all_they_hold(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as db:
        db.executescript(OF_VERSION_1)
    assert [feedback.id for feedback in Records(tmp_path).inbox()] == [7]
    Chats(tmp_path).keep(None, answered())
    assert [feedback.question for feedback in Records(tmp_path).inbox()] == ["What is KPO?"]
    with RecordsFile(tmp_path).transaction() as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == (str(SCHEMA_VERSION),)


def test_records_of_a_newer_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    with RecordsFile(tmp_path).transaction() as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(IndexMismatch, match="schema 99"):
        Chats(tmp_path).listed()
    with closing(sqlite3.connect(tmp_path / "records.sqlite")) as db:
        assert db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() == ("99",)
