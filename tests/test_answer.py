"""An ungrounded answer cannot be constructed; what an answer says is rendered from its segments, and nothing parses it back."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Segment, render
from corpus.cut import cut
from corpus.document import Block, Contents, Document

SENTENCE = "KPO is the outsourcing of work that needs judgement."
DOCUMENT = Document.compose(
    "notes/kpo.md",
    Contents(
        (Block("heading", "What KPO is", 1, 3), Block("prose", f"{SENTENCE} It is not cheap.", page=3)), "markdown",
        title="Notes", date="2026-01-02",
    ),
)
(PASSAGE,) = cut(DOCUMENT, lambda text: len(text.split()), 100)
AT = DOCUMENT.text.index(SENTENCE)
FIELDS = [
    "question", "standalone", "verdict", "text", "confidence", "citations", "nearest", "timings_ms", "kind", "writer", "corrections",
    "searched", "generation", "notes", "draft",
]
CITATION_FIELDS = ["marker", "document", "title", "page", "heading", "quote", "start", "end", "score", "date", "digest"]


def citation(marker: int = 1, **changed: Any) -> Citation:
    return replace(Citation.of(marker, DOCUMENT, PASSAGE, AT, AT + len(SENTENCE), 7.123456), **changed)


def answered(**changed: Any) -> Answer:
    given = {
        "question": "what is it", "standalone": "What is KPO?", "verdict": "answered", "segments": (Segment("quote", SENTENCE, 1),),
        "citations": (citation(),), "confidence": 0.91234, **changed,
    }
    return Answer(**given)


def test_a_citation_is_the_documents_own_words_at_its_offsets() -> None:
    made = citation()
    assert made.quote == DOCUMENT.text[made.start : made.end] == SENTENCE
    assert (made.document, made.title, made.heading, made.date) == (DOCUMENT.id, "Notes", "What KPO is", "2026-01-02")
    assert (made.digest, made.passage, made.score) == (DOCUMENT.digest, PASSAGE.id, 7.1235)


@pytest.mark.parametrize(
    ("start", "end"), [(AT - 1, AT + 5), (AT, PASSAGE.end + 1), (AT, AT), (AT + 5, AT), (-5, AT)],
    ids=["before", "behind", "nothing", "backwards", "below"],
)
def test_a_citation_outside_its_passage_cannot_be_made(start: int, end: int) -> None:
    assert PASSAGE.start == AT
    with pytest.raises(ValueError, match="leaves the passage"):
        Citation.of(1, DOCUMENT, PASSAGE, start, end, 1.0)


def test_a_citation_of_another_text_than_the_documents_cannot_be_made() -> None:
    forged = replace(PASSAGE, text=PASSAGE.text.replace("not cheap", "so cheap!"))
    assert len(forged.text) == len(PASSAGE.text)
    with pytest.raises(ValueError, match="is not in notes/kpo.md"):
        Citation.of(1, DOCUMENT, forged, AT, AT + 5, 1.0)
    with pytest.raises(ValueError, match="is not in other/kpo.md"):
        Citation.of(1, Document.compose("other/kpo.md", Contents((Block("prose", DOCUMENT.text),), "text")), PASSAGE, AT, AT + 5, 1.0)


@pytest.mark.parametrize(
    "changed",
    [
        {"marker": 0}, {"quote": SENTENCE + " And cheap."}, {"quote": " " * len(SENTENCE)}, {"start": AT + 1},
        {"start": -1, "end": len(SENTENCE) - 1},
    ],
)
def test_a_citation_whose_span_its_quote_does_not_fill_cannot_be_constructed(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"markers count from 1|does not fill its span"):
        citation(**changed)


@pytest.mark.parametrize(("kind", "text", "marker"), [("quote", "x", None), ("item", "x", None), ("row", "x", None), ("own", "x", 1)])
def test_a_segment_has_a_marker_if_and_only_if_it_is_quoted(kind: Any, text: str, marker: int | None) -> None:
    with pytest.raises(ValueError, match="marker"):
        Segment(kind, text, marker)


def test_only_a_drafted_sentence_has_further_markers() -> None:
    with pytest.raises(ValueError, match="nothing else has"):
        Segment("quote", "x", 1, also=(2,))


def test_a_segment_says_something() -> None:
    with pytest.raises(ValueError, match="says something"):
        Segment("quote", " \n", 1)


OWN = (Segment("own", "I could not find it."),)
UNGROUNDED: dict[str, dict[str, Any]] = {
    "answered without a citation": {"segments": OWN, "citations": ()},
    "a marker without its citation": {"segments": (Segment("quote", SENTENCE, 1), Segment("quote", SENTENCE, 2))},
    "a citation that no segment uses": {"citations": (citation(1), citation(2))},
    "a citation for own words": {"segments": OWN},
    "two citations with one marker": {"citations": (citation(1), citation(1))},
    "citations out of order": {
        "segments": (Segment("quote", SENTENCE, 2), Segment("quote", SENTENCE, 1)), "citations": (citation(2), citation(1)),
    },
    "a refusal with citations": {"verdict": "refused"},
    "small talk with citations": {"verdict": "conversation"},
    "a quote of words that are not cited": {"segments": (Segment("quote", "KPO is cheap.", 1),)},
    "a quote of more than is cited": {"segments": (Segment("quote", SENTENCE + " It is not cheap.", 1),)},
    "a confidence above 1": {"confidence": 1.01},
    "a confidence below 0": {"confidence": -0.01},
    "a confidence that is no number": {"confidence": float("nan")},
}


@pytest.mark.parametrize("changed", UNGROUNDED.values(), ids=UNGROUNDED)
def test_an_ungrounded_answer_cannot_be_constructed(changed: dict[str, Any]) -> None:
    assert answered()
    with pytest.raises(ValueError, match=r"markers and citations|an answer has citations|is not in the quote|is not within 0\.\.1"):
        answered(**changed)


def test_an_answer_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        answered().verdict = "refused"  # type: ignore[misc]
    with pytest.raises(ValueError, match="markers and citations"):
        replace(answered(), citations=())


def test_brackets_of_the_sources_are_escaped_so_that_only_markers_are_bare() -> None:
    said = render([Segment("quote", "See [1] and [note].", 2)])
    assert said == r"See \[1\] and \[note\]. [2]"


@given(st.lists(st.text(alphabet="[]0123456789\\ a", min_size=1).filter(str.strip), min_size=1, max_size=4))
def test_no_text_of_a_source_can_forge_a_marker(texts: list[str]) -> None:
    said = render([Segment("quote", text, 7) for text in texts])
    bare = [at for at, c in enumerate(said) if c == "[" and said[at - 1 : at] != "\\"]
    assert [said[at : at + 3] for at in bare] == ["[7]"] * len(texts)


def test_sentences_run_on_and_items_and_rows_stand_on_lines_of_their_own() -> None:
    segments = [
        Segment("quote", "Two kinds:", 1), Segment("item", "Research.", 2, "1."), Segment("item", "Law.", 3, ""),
        Segment("own", "Term | Meaning"),
        Segment("row", "KPO | knowledge", 4), Segment("row", "BPO | business", 5), Segment("quote", "One.", 6), Segment("quote", "Two.", 7),
    ]
    assert render(segments) == (
        "Two kinds: [1]\n\n1. Research. [2]\n- Law. [3]\n\nTerm | Meaning\n\nKPO | knowledge [4]\nBPO | business [5]\n\nOne. [6] Two. [7]"
    )
    assert render([]) == ""


def test_the_json_object_has_exactly_the_documented_fields() -> None:
    told = answered(corrections=(("kop", "kpo"),), nearest=("a",), notes=("b",), searched=("kpo",), generation=4).as_json()
    assert list(told) == FIELDS
    assert [list(c) for c in told["citations"]] == [CITATION_FIELDS]
    assert told["corrections"] == [{"typed": "kop", "read_as": "kpo"}]
    assert (told["confidence"], told["verdict"], told["writer"], told["generation"]) == (0.912, "answered", "extractive", 4)
    assert told["text"] == f"{SENTENCE} [1]"
    assert json.loads(json.dumps(told)) == told


def test_a_refusal_is_told_with_the_same_fields() -> None:
    told = Answer("q", "q", "refused", OWN, nearest=("Costs",)).as_json()
    assert list(told) == FIELDS
    assert (told["citations"], told["nearest"], told["text"]) == ([], ["Costs"], "I could not find it.")


def test_two_answers_are_equal_whatever_time_they_took() -> None:
    assert answered(timings_ms={"total": 1.0}) == answered(timings_ms={"total": 2.0})
