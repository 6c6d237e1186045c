"""What to ask next: each question is one that the documents answer, and none was asked before."""

from pathlib import Path

import pytest

from assistant.ask import Assistant, Extractive
from assistant.floor import Constants
from assistant.question import Question
from assistant.suggest import candidates, follow_ups, topics, what_is
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval
from index.terms import entries

PARTS = (
    "# What is a zebra desk?", "A zebra desk is a team of analysts (ZD). It reads contracts.",
    "# Who leads a zebra desk?", "A senior lawyer leads every zebra desk.",
    "# When does a zebra desk meet?", "The zebra desk meets on Mondays at noon.",  # is quoted too
    "# Where does a zebra desk work?", "The zebra desk works in an office in Pune.",
    "# How many has a zebra desk?", "The zebra desk has nine people.",  # this one, too
)


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    catalog = Catalog(tmp_path)
    put(catalog, "notes/zebra.md", *PARTS)
    return Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants.open())


def test_neighbouring_headings_that_are_questions_are_offered_once_they_are_answered(assistant: Assistant) -> None:
    answer = assistant.answer(Question("What is a zebra desk?"))
    offered = list(follow_ups(assistant, answer, [answer.question]))
    assert set(offered) == {"Who leads a zebra desk?", "Where does a zebra desk work?"}
    for question in offered:
        assert assistant.answer(Question(question)).verdict == "answered"


def test_the_heading_that_a_quotation_stands_under_is_answered_already(assistant: Assistant) -> None:
    put(assistant.retrieval.catalog, "notes/yak.md", "# What is the main use of a yak desk?", "A yak desk is used for patents.", "# Who leads it?", "A yak.")
    answer = assistant.answer(Question("What is a yak desk?"))
    assert "What is the main use of a yak desk?" in {citation.heading for citation in answer.citations}
    with assistant.retrieval.reading() as view:
        assert "What is the main use of a yak desk?" not in candidates(assistant, view, answer, [answer.question])


def test_only_what_the_chosen_documents_answer_is_offered(assistant: Assistant) -> None:
    answer = assistant.answer(Question("What is a zebra desk?"))
    assert list(follow_ups(assistant, answer, [answer.question], frozenset({"notes/other.md"}))) == []


def test_nothing_that_was_asked_is_offered_again(assistant: Assistant) -> None:
    answer = assistant.answer(Question("What is a zebra desk?"))
    asked = ["who leads the zebra desk", answer.question]
    with assistant.retrieval.reading() as view:
        assert candidates(assistant, view, answer, asked) == ["Where does a zebra desk work?"]


def test_a_term_is_offered_as_the_quotation_has_it_unless_it_was_asked_about(assistant: Assistant) -> None:
    put(
        assistant.retrieval.catalog, "notes/terms.md", "# Yak desk", "A yak desk works with gnu rates, contracts and the GPM and the Act.",
        "# Gnu rates", "Gnu rates are the shares of gnus in a herd.", "# Gnus per month (GPM)", "Gnus per month (GPM) is how many gnus come in a month.",
        "# Act", "An act is a part of a play.",
    )
    answer = assistant.answer(Question("What does a yak desk work with?", documents=frozenset({"notes/terms.md"})))
    with assistant.retrieval.reading() as view:
        offered = candidates(assistant, view, answer, [answer.question])
        assert offered == ["What does gnu rates mean?", "What does GPM mean?", "What does Act mean?"]
        assert candidates(assistant, view, answer, ["What is GPM?"]) == ["What does gnu rates mean?", "What does Act mean?"]


def test_a_phrase_that_opened_a_sentence_loses_its_capital_in_a_question(assistant: Assistant) -> None:
    put(
        assistant.retrieval.catalog, "notes/terms.md", "# Yak desk", "Gnu rates and Attrition are what a yak desk works with.",
        "# Gnu rates", "Gnu rates are the shares of gnus in a herd.", "# Attrition", "Attrition is a loss.",
    )
    answer = assistant.answer(Question("What does a yak desk work with?", documents=frozenset({"notes/terms.md"})))
    with assistant.retrieval.reading() as view:
        assert candidates(assistant, view, answer, [answer.question]) == ["What does gnu rates mean?", "What does Attrition mean?"]


def test_what_a_term_is_is_asked_as_its_definition_names_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    put(
        catalog, "notes/a.md", "# Gnu desk", "A gnu desk is a team.", "# Attrition", "Attrition is a loss of gnus.", "# Herd care",
        "Herd care is the work of keepers.", "# Act", "The Act is a law of 1990.", "# Zoo", "Zoo means a park.",
    )
    put(catalog, "notes/z.md", "# Zoo", "A zoo is a park with animals.")
    with catalog.reading() as view:
        asked = [what_is(entry.places) for entry in entries(view.terms())]
    assert asked == ["What is the Act?", "What is Attrition?", "What is a gnu desk?", "What is herd care?", "What is a zoo?"]


def test_a_document_that_changed_since_suggests_nothing(assistant: Assistant) -> None:
    answer = assistant.answer(Question("What is a zebra desk?"))
    put(assistant.retrieval.catalog, "notes/zebra.md", *PARTS, "# Why a zebra?", "Nobody knows why.")
    with assistant.retrieval.reading() as view:
        assert not [question for question in candidates(assistant, view, answer, []) if question.startswith(("Who", "When", "Where", "Why"))]


def test_a_refusal_is_followed_by_places_instead(assistant: Assistant) -> None:
    strict = Assistant(assistant.retrieval, Extractive(), Constants(-30.0, Constants.open().weights, 0.5))
    refusal = strict.answer(Question("What does a zebra desk cost?"))
    assert refusal.verdict == "refused"
    assert list(follow_ups(strict, refusal, [])) == []
    with strict.retrieval.reading() as view:
        found = topics(view, refusal)
        document = view.document("notes/zebra.md")
    assert document is not None
    assert [topic.label for topic in found] == list(refusal.nearest)
    assert {(topic.document, topic.digest) for topic in found} == {(document.id, document.digest)}
    assert all(document.text[topic.start :].startswith(("A ", "It ", "The ")) for topic in found)


def test_whether_a_question_is_answered_is_kept_until_the_documents_change(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = assistant.ask
    monkeypatch.setattr(assistant, "ask", lambda question, **more: (asked.append(question.text), ask(question, **more))[1])
    assert [assistant.answers("When does a zebra desk meet?") for _ in range(3)] == [True] * 3
    assert not assistant.answers("When does a zebra desk meet?", frozenset({"notes/other.md"}))
    assert asked == ["When does a zebra desk meet?"] * 2
    put(assistant.retrieval.catalog, "notes/zebra.md", "# Bees", "Bees fly.")
    assistant.answers("When does a zebra desk meet?")
    assert len(asked) == 3
