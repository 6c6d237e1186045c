"""More of an answer and less of it: what is new of a quotation, and the shortest that still answers; every part stays verbatim."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from assistant.answer import Answer, Citation, Segment
from assistant.continuation import fresh, further_kind, items_of, shortened, spans_of, unsaid
from assistant.evidence import Evidence
from corpus.cut import cut
from corpus.document import Block, Contents, Document, Passage

FIRST, SECOND, THIRD = "Attrition is the loss of staff.", "Pay is its first cause.", "Analysts who leave take knowledge along."
ITEMS = ("Pay: a rival offers more.", "Hours: late shifts wear people out.", "Study: some go back to school.")
DOCUMENT = Document.compose(
    "notes/attrition.md",
    Contents(
        (
            Block("heading", "Attrition", 1), Block("prose", f"{FIRST} {SECOND} {THIRD}"), Block("heading", "Causes", 2), Block("prose", "The causes are:"),
            *(Block("item", item, marker="-") for item in ITEMS),
        ),
        "markdown", title="Notes",
    ),
)
PASSAGES = cut(DOCUMENT, lambda text: len(text.split()), 100)


def quoted(*texts: str) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """An answer that quotes these texts, each with its own marker; items of the list as items."""
    citations = []
    for marker, text in enumerate(texts, 1):
        at = DOCUMENT.text.index(text)
        passage = next(p for p in PASSAGES if p.start <= at < p.end)
        citations.append(Citation.of(marker, DOCUMENT, passage, at, at + len(text), 5.0))
    segments = [
        Segment("item", citation.quote, citation.marker, "-") if citation.quote in ITEMS else Segment("quote", citation.quote, citation.marker)
        for citation in citations
    ]
    return tuple(segments), tuple(citations)


def found(*scores: float, passage: Passage = PASSAGES[0]) -> list[Evidence]:
    """The passage's units with these scores, the best first."""
    units = [Evidence(passage, unit, at, 0, score, max(scores)) for at, (unit, score) in enumerate(zip(passage.units, scores, strict=False))]
    return sorted(units, key=lambda e: -e.score)


def proven(segments: Sequence[Segment], citations: Sequence[Citation]) -> list[str]:
    """What is quoted, once an Answer of it has proved itself and each quotation stands in the document."""
    Answer("q", "q", "answered", tuple(segments), tuple(citations))
    assert all(DOCUMENT.text[c.start : c.end] == c.quote for c in citations)
    return [segment.text for segment in segments]


def test_a_quotation_is_cut_to_what_is_new() -> None:
    for shown, left in (((FIRST,), f"{SECOND} {THIRD}"), ((THIRD,), f"{FIRST} {SECOND}")):
        assert proven(*fresh(*quoted(f"{FIRST} {SECOND} {THIRD}"), spans_of(quoted(*shown)[1]))) == [left]
    assert proven(*fresh(*quoted(f"{FIRST} {SECOND} {THIRD}"), spans_of(quoted(SECOND)[1]))) == [FIRST, THIRD]


def test_what_was_said_is_left_out_and_the_rest_numbered_anew() -> None:
    segments, citations = fresh(*quoted(FIRST, *ITEMS), spans_of(quoted(FIRST, ITEMS[1])[1]))
    assert proven(segments, citations) == [ITEMS[0], ITEMS[2]]
    assert [citation.marker for citation in citations] == [1, 2]


def test_nothing_new_is_no_answer_and_nothing_said_changes_nothing() -> None:
    given = quoted(FIRST, *ITEMS)
    assert fresh(*given, spans_of(given[1])) == ((), ())
    at = DOCUMENT.text.index(FIRST)
    assert fresh(*quoted(FIRST), frozenset({(DOCUMENT.id, at, at + len(FIRST) - 1)})) == ((), ())  # a full stop alone is nothing new
    assert fresh(*given, frozenset()) == given
    assert fresh(*given, frozenset({("notes/other.md", 0, 10_000)})) == given


def test_a_header_goes_with_its_last_row() -> None:
    segments, citations = quoted(FIRST, *ITEMS)
    headed = (segments[0], Segment("own", "Cause | Why"), *segments[1:])
    assert proven(*fresh(headed, citations, spans_of(quoted(FIRST)[1]))) == ["Cause | Why", *ITEMS]
    assert proven(*fresh(headed, citations, spans_of(quoted(*ITEMS)[1]))) == [FIRST]


def test_what_is_left_to_say_is_near_the_question_and_was_not_said() -> None:
    evidence = found(9.0, 8.0, 3.0)
    assert unsaid(evidence, frozenset()) == evidence
    said = spans_of(quoted(FIRST)[1])
    assert [e.text for e in unsaid(evidence, said)] == [SECOND, THIRD]
    assert [e.text for e in unsaid(found(5.0, 4.0, -0.5), said)] == [SECOND]  # a logit below 0 says no, however near the best
    assert [e.text for e in unsaid(found(9.0, 1.0, 8.0), said)] == [THIRD]  # too far behind the best
    elsewhere = frozenset({("notes/other.md", 0, 10_000)})
    assert [e.text for e in unsaid(evidence, elsewhere)] == [FIRST, SECOND]  # of a document not quoted yet, nearer ones only
    assert unsaid([], said) == []


def test_a_sentence_that_one_quotation_holds_most_words_of_says_nothing_new() -> None:
    again, partly = "The loss of staff is attrition.", "Attrition, the loss of staff, wears out tired managers."
    back = "However, nobody counts its price."  # means nothing by itself
    prose = Block("prose", f"{FIRST} {again} {partly} {back}")
    document = Document.compose("notes/more.md", Contents((Block("heading", "More", 1), prose), "markdown", title="More"))
    passage = cut(document, lambda text: len(text.split()), 100)[0]
    said = frozenset({(document.id, passage.units[0].start, passage.units[0].end)})
    assert [e.text for e in unsaid(found(9.0, 8.0, 7.0, 6.0, passage=passage), said)] == [partly]


def test_a_list_that_is_left_is_shown_as_a_list() -> None:
    listed = PASSAGES[1]
    assert listed.kind == "list"
    assert further_kind("why", found(9.0, passage=listed)) == "list"
    assert further_kind("why", found(9.0, passage=replace(listed, kind="row"))) == "list"
    assert further_kind("why", found(9.0)) == "why"
    item = Evidence(listed, listed.units[0], 0, 0, -1.0, 5.0)  # judged as its list is
    assert unsaid([item], spans_of(quoted(FIRST)[1])) == [item]
    assert further_kind("why", []) == "why"


def test_a_list_is_shortened_to_the_names_of_its_items() -> None:
    assert proven(*shortened(*quoted(FIRST, *ITEMS), found(9.0, 8.0, 3.0))) == [FIRST, "Pay", "Hours", "Study"]
    long = "What a rival may offer to those who are good: more."
    document = Document.compose("notes/long.md", Contents((Block("item", long, marker="-"), Block("item", "Hours: all", marker="-")), "markdown", title="L"))
    passage = cut(document, lambda text: len(text.split()), 100)[0]
    cited = [Citation.of(n, document, passage, unit.start, unit.end, 5.0) for n, unit in enumerate(passage.units, 1)]
    segments, _ = shortened([Segment("item", one.quote, one.marker, "-") for one in cited], cited, [])
    assert [segment.text for segment in segments] == [long, "Hours"]  # what is as long as a sentence is no name


def test_an_answer_is_shortened_to_its_best_sentence() -> None:
    assert proven(*shortened(*quoted(f"{FIRST} {SECOND} {THIRD}"), found(4.0, 5.0, 6.0))) == [THIRD]
    assert proven(*shortened(*quoted(SECOND), found(9.0))) == [SECOND]  # none of the evidence lies in it: as it is
    assert shortened((), (), found(9.0)) == ((), ())


def test_a_sentence_of_several_that_belong_together_is_no_short_answer() -> None:
    sentences = ("Reviews have two levels.", "Level 1 is a colleague.", "Level 2 is a manager.")
    document = Document.compose("notes/levels.md", Contents((Block("heading", "Levels", 1), Block("prose", " ".join(sentences))), "markdown", title="Levels"))
    passage = cut(document, lambda text: len(text.split()), 100)[0]
    whole = Citation.of(1, document, passage, document.text.index(sentences[0]), document.text.index(sentences[2]) + len(sentences[2]), 5.0)
    levels = Segment("quote", whole.quote, 1)
    assert [segment.text for segment in shortened([levels], [whole], found(4.0, 5.0, 6.0, passage=passage))[0]] == [sentences[0]]
    assert items_of([levels]) == ("Level 1", "Level 2")
    for none in (" ".join(sentences[2:0:-1]), sentences[1], f"{sentences[1]} Stage 2 is a manager."):
        assert items_of([Segment("quote", none, 1)]) == ()
    assert items_of([Segment("item", "One.", 1, "-")]) == ()


def test_what_stands_below_a_numbered_item_is_not_counted() -> None:
    security, leaks, quality = (Segment("item", text, n, label) for n, (text, label) in enumerate([("Security", "1."), ("Leaks", "-"), ("Quality", "2.")], 1))
    assert items_of([security, leaks, quality]) == ("Security", "Quality")
    assert items_of([security, leaks]) == ("Security", "Leaks")
    assert items_of([leaks, security, quality]) == ("Leaks", "Security", "Quality")


@pytest.mark.parametrize(
    ("said", "items"),
    [
        ("The models are fixed price, time and materials, and gain share.", ("fixed price", "time and materials", "gain share")),
        ("LPO covers work such as research, drafting and review.", ("research", "drafting", "review")),
        ("The risks are leaks and loss.", ()),
        ("Attrition is the loss of staff who leave, and costs money.", ()),
    ],
)
def test_a_sentence_that_lists_has_items_too(said: str, items: tuple[str, ...]) -> None:
    assert items_of([Segment("quote", said, 1)]) == items
    assert items_of([Segment("quote", said, 1), Segment("item", "One.", 2, "-"), Segment("item", "Two.", 3, "-")]) == ("One.", "Two.")
