"""What is said of an answer in plain words."""

from dataclasses import replace
from datetime import date

import pytest

from assistant.ask import disputed, unquoted
from assistant.plain import confidence, disagree, is_old, months_in_words, place, why_sure
from test_chats import answered


@pytest.mark.parametrize(("probability", "label"), [
    (1.0, "Confident"), (0.8, "Confident"), (0.79, "Fairly sure"), (0.6, "Fairly sure"), (0.59, "Not sure: read the source"),
])
def test_confidence_has_three_labels(probability: float, label: str) -> None:
    assert confidence(replace(answered(), confidence=probability)) == label


def test_the_reason_counts_quotations_and_names_the_words_that_they_lack() -> None:
    assert why_sure(answered("What are desks?")) == "1 quotation from 1 document; every word you asked about stands in them or in their headings"
    assert why_sure(answered("What is a zebra desk in Peru?")) == "1 quotation from 1 document; not in them: “zebra”, “peru”"


def test_of_a_comparison_only_its_sides_can_be_lacking() -> None:
    said = "A desk holds a lamp, a table holds plates."
    assert "every word" in why_sure(answered("What is the difference between a desk and a table?", said))
    assert why_sure(answered("What is the difference between a desk and a zebra?", said)).endswith("not in them: “zebra”")
    assert why_sure(answered("desk vs table vs zebra", said)).endswith("not in them: “zebra”")


def test_what_a_note_says_is_not_said_again() -> None:
    noted = replace(answered("desk vs table vs zebra", "A desk holds a lamp, a table holds plates."), notes=(unquoted("zebra"),))
    assert why_sure(noted) == "1 quotation from 1 document"
    assert why_sure(replace(noted, standalone="desk vs lion vs zebra")).endswith("; not in them: “lion”")


def test_a_denial_that_no_quotation_holds_is_lacking_and_nothing_to_be_confident_of() -> None:
    for asked in ("Which desks are not made of oak?", "Which desks aren't made of oak?"):
        affirmed, denied = (replace(answered(asked, said), confidence=0.95) for said in ("Desks are made of oak.", "Desks are not made of oak."))
        assert why_sure(affirmed).endswith("; not in them: “not”")
        assert "“not”" not in why_sure(denied)
        assert (confidence(affirmed), confidence(denied)) == ("Fairly sure", "Confident")
    assert confidence(replace(answered("Which desks are not made of oak?", "Desks are made of oak."), confidence=0.5)) == "Not sure: read the source"


@pytest.mark.parametrize(("asked", "lacking"), [
    ("Which company?", "company"), ("Is there control?", "control"), ("What do contracts say?", ""), ("How is it compared?", ""),
])
def test_words_that_only_begin_alike_are_not_the_same(asked: str, lacking: str) -> None:
    said = why_sure(answered(asked, "Compare a contract. It says more."))
    assert f"“{lacking}”" in said if lacking else "every word" in said


def test_a_place_is_told_on_one_line_and_a_heading_not_twice() -> None:
    citation = answered().citations[0]
    assert place(citation) == "Desks, 2026-01-02"
    assert place(replace(citation, heading="Teams", page=3)) == "Desks, Teams, page 3, 2026-01-02"


@pytest.mark.parametrize(("stated", "months", "old"), [
    ("2025-11-21", 12, True), ("2025-11-22", 12, False), ("2025-12", 11, False), ("2025-12", 10, True), ("2024", 24, False), ("2024", 22, True),
    (None, 1, False), ("spring", 1, False), ("2001-01-01", None, False), ("2027-01-01", 1, False),
])
def test_a_document_is_old_after_so_many_whole_months(stated: str | None, months: int | None, old: bool) -> None:
    assert is_old(stated, months, date(2026, 11, 21)) is old


@pytest.mark.parametrize(("months", "said"), [(1, "1 month"), (7, "7 months"), (12, "1 year"), (24, "2 years")])
def test_months_in_words(months: int, said: str) -> None:
    assert months_in_words(months) == said


def test_notes_of_disagreement_are_told_from_others() -> None:
    quoted = "the language model had this searched for as well: “how do [1] and [2] differ, do they disagree?”"
    assert disagree(("searched only in 1 chosen document", quoted, disputed(1, 12))) == [disputed(1, 12)]
