"""Reading: which of the passages that were found are read sentence by sentence."""

import pytest

from assistant.evidence import READ_MARGIN, READ_PASSAGES, READ_UNITS, WIDE_MARGIN, in_context, read
from corpus.document import Passage, Unit
from fakes import FakeReranker
from index.search import Hit

BEHIND = (READ_MARGIN + WIDE_MARGIN) / 2


def hit(number: int, score: float, *sentences: str, kind: str = "prose") -> Hit:
    """A passage of these sentences in a document of its own, found with this score."""
    text, units = " ".join(sentences), list[Unit]()
    for sentence in sentences:
        start = units[-1].end + 1 if units else 0
        units.append(Unit(start, start + len(sentence)))
    return Hit(Passage(f"notes/{number}.md", 0, len(text), text, "Notes", "", None, kind, tuple(units)), score, ("dense",), True)  # type: ignore[arg-type]


def documents(question: str, hits: list[Hit], depth: int = 1) -> list[str]:
    return sorted({e.passage.document for e in read(question, hits, FakeReranker(), depth=depth)})


def test_a_passage_far_behind_the_best_is_read_only_for_a_list_and_for_what_is_said_further() -> None:
    hits = [hit(1, 5.0, "Six models are common."), hit(2, 5.0 - BEHIND, "Fixed price."), hit(3, 4.9 - WIDE_MARGIN, "Storks nest.")]
    assert documents("What are the common models?", hits) == ["notes/1.md", "notes/2.md"]
    assert documents("Who likes models?", hits) == ["notes/1.md"]
    assert documents("Who likes models?", hits, depth=2) == ["notes/1.md", "notes/2.md"]


def test_the_best_passages_are_read_and_a_named_term_and_a_list_from_behind_them() -> None:
    hits = [hit(n, 5.0, f"Sentence {n}.") for n in range(READ_PASSAGES + 2)] + [hit(9, 4.0, "An item.", kind="list")]
    best = [f"notes/{n}.md" for n in range(READ_PASSAGES)]
    assert documents("Who wrote a sentence?", hits) == best
    assert documents("What are the main items?", hits) == [*best, "notes/9.md"]


def test_no_more_units_are_scored_than_there_is_room_for_and_those_with_words_of_the_question_come_first() -> None:
    plain = [f"Item {n}." for n in range(READ_UNITS + 5)]
    [*_, last] = found = read("Who has a stork?", [hit(1, 5.0, *plain, "A stork.")], FakeReranker())
    assert len(found) == READ_UNITS
    assert found[0].text == "A stork."
    assert last.score == -5.0
    assert read("Who has a stork?", [], FakeReranker()) == []


@pytest.mark.parametrize(("row", "header", "told"), [
    ("R-3 | Patent search | 1250", "Code | Service | Price", "Code is R-3. Service is Patent search. Price is 1250."),
    ("Research desk |  | 98%", " | Measure | Target", "Research desk. Target is 98%."),
])
def test_the_reranker_reads_a_row_as_sentences_with_the_names_of_its_columns(row: str, header: str, told: str) -> None:
    passage = Passage("prices.xlsx", 0, len(row), row, f"Prices > Services\n{header}", "Services", None, "row", (Unit(0, len(row)),))
    assert in_context(passage, passage.units[0]) == told
    assert Hit(passage, 0.0, ("dense",), False, asked="How dear is it?").read == f"How dear is it?\nPrices > Services\n{told}"


@pytest.mark.parametrize(("row", "context", "read_as"), [
    ("All prices exclude VAT.", "Services\nCode | Service | Price", "Code | Service | Price: All prices exclude VAT."),
    ("KPO | Knowledge work", "Services", "Services: KPO | Knowledge work"),
])
def test_the_reranker_reads_a_row_that_its_header_does_not_fit_as_it_stands(row: str, context: str, read_as: str) -> None:
    passage = Passage("prices.xlsx", 0, len(row), row, context, "Services", None, "row", (Unit(0, len(row)),))
    assert in_context(passage, passage.units[0]) == read_as
    assert Hit(passage, 0.0, ("dense",), False).read == f"{context}\n{row}"
