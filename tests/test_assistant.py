"""The assistant over the shipped documents, with the real models: what holds for every answer, whatever the tuning."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import open_house
from assistant.answer import MAX_QUESTION, Answer
from assistant.ask import MAX_TURNS, Assistant, Extractive, Reading, Searching, named_first
from assistant.floor import FEATURES, Constants
from assistant.question import Question
from conftest import run_kpo
from corpus.document import Passage, Unit
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Hit, Retrieval

AI = "How exposed are legal occupations to AI?"
CEO = "Who is the chief executive of Genpact?"
QUESTIONS = [  # of every kind; what is answered or refused is the evals' business
    "What is the difference between KPO and BPO?", AI, "What does SLA stand for?", "What are the risks of KPO?", CEO,
    "Why do companies use KPO?", "What are the steps of knowledge transfer?", "Is KPO part of BPO?", "which pricing models are there",
    "attrition", "What is the capital of Peru?", "wat is a stering comittee", "Compare LPO with RPO", "How much does an analyst earn?",
]


@pytest.fixture(scope="module")
def assistant(shipped: Path) -> Assistant:
    return open_house(shipped).assistant()


@pytest.fixture(scope="module")
def answers(assistant: Assistant) -> dict[str, Answer]:
    return {question: assistant.answer(Question(question)) for question in QUESTIONS}


def told(answer: Answer) -> str:
    """What `kpo ask --json` prints of an answer, the timings apart."""
    return without_timings(answer.as_json())


def without_timings(said: dict[str, Any]) -> str:
    return json.dumps({name: value for name, value in said.items() if name != "timings_ms"}, ensure_ascii=False)


def test_every_quote_stands_verbatim_at_its_offsets_in_what_kpo_show_prints(shipped: Path, answers: dict[str, Answer]) -> None:
    citations = [citation for answer in answers.values() for citation in answer.citations]
    assert len({citation.document for citation in citations}) > 3
    for document in sorted({citation.document for citation in citations})[:3]:
        text = run_kpo("show", document, "--data-dir", shipped).stdout
        for citation in citations:
            if citation.document == document:
                assert text[citation.start : citation.end] == citation.quote


def test_every_quote_stands_verbatim_in_the_catalog(assistant: Assistant, answers: dict[str, Answer]) -> None:
    with assistant.retrieval.reading() as view:
        for answer in answers.values():
            for citation in answer.citations:
                document = view.document(citation.document)
                assert document is not None
                assert document.text[citation.start : citation.end] == citation.quote
                assert (document.title, document.digest, document.date) == (citation.title, citation.digest, citation.date)


def test_an_answer_has_citations_and_a_refusal_has_none_but_topics(answers: dict[str, Answer]) -> None:
    assert {answer.verdict for answer in answers.values()} == {"answered", "refused"}
    for answer in answers.values():
        assert bool(answer.citations) == (answer.verdict == "answered") == (not answer.nearest)
        assert [citation.marker for citation in answer.citations] == list(range(1, len(answer.citations) + 1))
        assert set(answer.timings_ms) == {"embed", "search", "rerank", "compose", "total"}


def test_a_question_about_a_person_nobody_names_is_refused_with_the_nearest_topics(answers: dict[str, Answer]) -> None:
    refused = answers[CEO]
    assert (refused.verdict, refused.citations) == ("refused", ())
    assert 1 <= len(refused.nearest) <= 3
    assert any("Genpact" in topic for topic in refused.nearest)
    assert {"chief", "executive", "genpact"} <= set(refused.searched)
    assert "[1]" not in refused.text


def test_a_question_for_a_figure_quotes_the_figure(answers: dict[str, Answer]) -> None:
    answer = answers[AI]
    assert answer.verdict == "answered"
    assert any("48%" in citation.quote and "legal" in citation.quote.lower() for citation in answer.citations)


@pytest.mark.parametrize("text", ["hi", "Hello!", "thanks", "Thank you very much", "what can you do?", "who are you?", "bye"])
def test_greetings_and_thanks_are_conversation(text: str, assistant: Assistant) -> None:
    answer = assistant.answer(Question(text))
    assert (answer.verdict, answer.citations, answer.kind) == ("conversation", (), "small-talk")
    assert answer.text


@pytest.mark.parametrize(
    "text",
    [
        "", "   \n\t ", "?", "\x00", "\x1b[31mred\x1b[0m", "\ud800 KPO", "KPO" * 3_334, "why " * 2_500, "a" * 10_000, "語" * 10_000,
        "\u202eOPK si tahW", "\U0001f642",
    ],
    ids=["empty", "blank", "mark", "nul", "escape", "half", "long", "words", "one-word", "han", "bidi", "picture"],
)
def test_whatever_is_typed_gets_an_answer_or_a_refusal(text: str, assistant: Assistant) -> None:
    answer = assistant.answer(Question(text))
    assert answer.verdict in ("answered", "refused")
    assert len(answer.question) <= MAX_QUESTION
    assert answer.question.isprintable()
    json.dumps(answer.as_json(), ensure_ascii=False).encode()


@given(st.text(max_size=60), st.lists(st.text(max_size=30), max_size=2))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_after_any_texts_is_a_valid_question(small: Assistant, text: str, after: list[str]) -> None:
    answer = small.answer(Question(text, tuple(after)))
    assert answer == small.answer(Question(text, tuple(after)))
    json.dumps(answer.as_json(), ensure_ascii=False).encode()


def test_a_question_without_words_is_refused(assistant: Assistant) -> None:
    answer = assistant.answer(Question(" ?! "))
    assert (answer.verdict, answer.searched, answer.nearest) == ("refused", (), ())


def test_the_same_question_gives_the_same_bytes(assistant: Assistant, answers: dict[str, Answer]) -> None:
    for question in reversed(QUESTIONS[:6]):
        assert told(assistant.answer(Question(question))) == told(answers[question])


def test_the_same_question_gives_the_same_bytes_in_another_process(shipped: Path, answers: dict[str, Answer]) -> None:
    ran = run_kpo("ask", "-", "--json", "--data-dir", shipped, text="\n".join(QUESTIONS[:6]))
    assert ran.returncode == 0, ran.stderr
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [without_timings(line) for line in said] == [told(answers[question]) for question in QUESTIONS[:6]]


def test_the_stages_come_before_the_answer(assistant: Assistant) -> None:
    assert [type(event) for event in assistant.ask(Question(AI))] == [Searching, Reading, Answer]
    assert [type(event) for event in assistant.ask(Question("hello"))] == [Answer]


def test_each_stage_may_run_on_another_thread_as_a_server_does(small: Assistant) -> None:
    stages = small.ask(Question("Does KPO cost less than a department?"))
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as other:
        steps = [pool.submit(next, stages).result() for pool in (one, other, one)]
        left = other.submit(small.ask, Question("Genpact?")).result()
        assert isinstance(one.submit(next, left).result(), Searching)
        other.submit(left.close).result()  # a person stops the answer
    assert isinstance(steps[-1], Answer)


def test_a_follow_up_shows_the_question_that_was_searched(assistant: Assistant) -> None:
    answer = assistant.answer(Question("And what are its risks?", ("What is KPO?",)))
    assert answer.question == "And what are its risks?"
    assert answer.standalone != answer.question
    assert "KPO" in answer.standalone
    assert "risks" in answer.standalone
    alone = assistant.answer(Question(answer.standalone))
    assert [citation.quote for citation in answer.citations] == [citation.quote for citation in alone.citations]


def test_a_question_that_stands_alone_is_searched_as_it_is(assistant: Assistant) -> None:
    assert assistant.answer(Question(AI, ("What is KPO?", "Who are its providers?"))).standalone == AI


def test_only_the_newest_turns_are_looked_at(small: Assistant) -> None:
    turns = ("What is attrition?", *["And why?"] * MAX_TURNS)
    assert small.answer(Question("And why?", turns)) == small.answer(Question("And why?", turns[1:]))


def test_a_misspelling_is_mended_and_told(answers: dict[str, Answer]) -> None:
    answer = answers["wat is a stering comittee"]
    assert ("comittee", "committee") in answer.corrections
    assert answer.question == "wat is a stering comittee"
    assert "committee" in answer.standalone


def test_narrowing_is_noted_and_kept_to(assistant: Assistant) -> None:
    narrowed = assistant.answer(Question(AI, documents=frozenset({"handbook/generative-ai.md"})))
    assert narrowed.notes == ("searched only in 1 chosen document",)
    assert {citation.document for citation in narrowed.citations} == {"handbook/generative-ai.md"}
    elsewhere = assistant.answer(Question(AI, documents=frozenset({"handbook/glossary.md", "handbook/first-week.md"})))
    assert elsewhere.notes == ("searched only in 2 chosen documents",)
    assert {citation.document for citation in elsewhere.citations} <= {"handbook/glossary.md", "handbook/first-week.md"}
    nowhere = assistant.answer(Question(AI, documents=frozenset()))
    assert (nowhere.verdict, nowhere.notes) == ("refused", ("searched only in 0 chosen documents",))
    assert assistant.answer(Question(AI)).notes == ()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over one small document and with fakes for models; it answers everything that it finds."""
    catalog = Catalog(tmp_path_factory.mktemp("small"))
    said = "KPO costs less than a department [of one's own]. Genpact is a provider. It works from Gurugram."
    put(catalog, "notes/kpo.md", "# Costs", said)
    yield Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.5))


def test_the_floor_decides_between_answering_and_refusing(small: Assistant) -> None:
    strict = Assistant(small.retrieval, Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.51))
    question = Question("Does KPO cost less than a department?")
    assert (small.answer(question).verdict, small.answer(question).confidence) == ("answered", 0.5)
    assert (strict.answer(question).verdict, strict.answer(question).confidence) == ("refused", 0.5)


def test_a_term_that_the_documents_define_is_never_refused(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    said = "Root cause analysis (RCA) is a search for what made a fault possible."
    put(catalog, "notes/terms.md", "# Root cause analysis (RCA)", said, "# Faults", "A fault costs time.")
    strict = Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.51))
    for question in ("What do the letters RCA stand for?", "what is root cause analysis", "rca meaning"):
        answer = strict.answer(Question(question))
        assert answer.verdict == "answered", question
        assert answer.citations[0].quote == said
    for question in ("What is the price of an RCA?", "Who invented root cause analysis?", "What is a fault?", "What does it mean?"):
        assert strict.answer(Question(question)).verdict != "answered", question


def test_an_abbreviation_that_the_documents_only_spell_out_is_not_refused_to_who_asks_for_its_long_form(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    said = "Outsourcing helps Information Technology Enabled Services (ITES) firms to grow."
    put(catalog, "notes/growth.md", "# Growth", said, "# Faults", "A fault costs time.")
    strict = Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.51))
    for question in ("What does ITES stand for?", "What is the full form of ITES?", "the long form of ITES", "What does ITES mean?"):
        answer = strict.answer(Question(question))
        assert answer.verdict == "answered", question
        assert answer.citations[0].quote == said
    for question in ("What is ITES?", "What does RPO stand for?", "What does an ITES firm mean to grow?", "What do information services mean?"):
        assert strict.answer(Question(question)).verdict != "answered", question


def test_each_of_two_terms_asked_for_is_defined_within_the_documents_chosen(assistant: Assistant) -> None:
    glossary = frozenset({"handbook/glossary.md"})
    for question, documents in (("Explain CSAT and NPS", None), ("SLAs and KPIs", None), ("What are KPO, BPO and LPO?", glossary)):
        answer = assistant.answer(Question(question, documents=documents))
        assert all(re.search(rf"\((?:abbreviated )?{short}\) is (?:an?|the|one) ", answer.text) for short in re.findall(r"[A-Z]{3,}", question))
        assert documents is None or {citation.document for citation in answer.citations} <= documents


def test_brackets_of_a_document_are_no_markers(small: Assistant) -> None:
    answer = small.answer(Question("Does KPO cost less than a department?"))
    assert answer.citations[0].quote.startswith("KPO costs less than a department [of one's own].")
    assert r"\[of one's own\]" in answer.text


def test_a_writer_that_finds_nothing_to_quote_makes_a_refusal(small: Assistant) -> None:
    class Silent:
        name = "silent"

        def __call__(self, *given: object) -> tuple[tuple[()], tuple[()]]:
            return (), ()

    silent = Assistant(small.retrieval, Silent(), Constants(0.0, (0.0,) * len(FEATURES), 0.0))  # type: ignore[arg-type]
    answer = silent.answer(Question("What does KPO cost?"))
    assert (answer.verdict, answer.writer, answer.citations) == ("refused", "silent", ())
    assert answer.nearest == ("Costs (Notes)",)


def test_the_topics_nearest_to_a_refusal_begin_with_those_that_name_what_was_asked_about() -> None:
    passages = [
        Passage("notes/a.md", 0, len(text), text, context, context, None, "prose", (Unit(0, len(text)),))
        for text, context in (("Clerks work.", "Clerks"), ("Genpact has clerks.", "Clerks of firms"), ("It has clerks.", "Genpact"))
    ]
    hits = [Hit(passage, 1.0, ("dense",), True) for passage in passages]
    assert [hit.passage.context for hit in named_first("Who leads Genpact?", hits)] == ["Genpact", "Clerks of firms", "Clerks"]
    assert named_first("who leads", hits) == hits
