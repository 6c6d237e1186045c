"""Words: texts and questions are folded alike."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.lexical import STOPWORDS, content_words, fts_query, singular, words

ALIKE = [
    ("organisation", "organization"),
    ("organising", "organizing"),
    ("analyse", "analyze"),
    ("colour", "color"),
    ("labour", "labor"),
    ("centre", "center"),
    ("centres", "centers"),
    ("programme", "program"),
    ("licence", "license"),
    ("defence", "defense"),
    ("practise", "practice"),
    ("judgement", "judgment"),
    ("catalogue", "catalog"),
    ("modelling", "modeling"),
    ("fulfilment", "fulfillment"),
    ("café", "cafe"),
    ("KPO’s", "KPO's"),
    ("ﬁnance", "finance"),
    ("𝐊𝐏𝐎", "kpo"),
    ("STRASSE", "straße"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_two_spellings_are_one_word(one: str, other: str) -> None:
    assert words(one) == words(other) != []


@pytest.mark.parametrize("word", ["hour", "four", "your", "size", "prize", "model", "tree", "extreme", "pour", "travel", "level"])
def test_a_word_that_only_looks_like_a_spelling_stays_apart_from_others(word: str) -> None:
    assert words(word) not in [words(other) for other in ("hor", "for", "yor", "sise", "mode", "ter", "extereme", "por", "trave", "leve")]


def test_a_possessive_is_the_word_itself_and_a_quotation_mark_takes_nothing_away() -> None:
    assert words("The client's data") == ["the", "client", "data"]
    assert words("the 'service level' it's said") == ["the", "service", "level", "it", "said"]


@pytest.mark.parametrize(
    ("contracted", "whole"),
    [
        ("Don't firms lose data?", "Do not firms lose data?"), ("Why shouldn’t I?", "Why should not I?"), ("You can't share it", "You can not share it"),
        ("It won't and ain't", "It not and not"), ("I'm new, we've lost it", "I new, we lost it"),
        ("They’re late; I'd ask, she'll know", "They late; I ask, she know"), ("Let's see what's lost", "Let see what lost"),
        ("It shouldn't've ended", "It should not ended"),
    ],
)
def test_a_contraction_leaves_no_word_of_its_own(contracted: str, whole: str) -> None:
    assert words(contracted) == words(contracted.upper()) == words(whole)


def test_a_contraction_is_no_subject_and_a_negation_stays_one() -> None:
    assert content_words("Don't KPO firms lose data? I'm new, we've, they'll and it'd; why shouldn't and won't I?") == ["kpo", "firms", "lose", "data", "new"]
    assert words("You can't share it") != words("You can share it")


def test_an_abbreviation_with_an_ampersand_is_one_word() -> None:
    assert words("R&D, M&A and F&A") == ["rd", "ma", "and", "fa"]


def test_capitals_that_hide_in_a_sign_are_found() -> None:
    assert words("Six Sigma™ ℋ") == ["six", "sigmatm", "h"]


def test_the_words_of_a_questions_form_do_not_count_unless_there_are_no_others() -> None:
    assert content_words("What is the price of a KPO?") == ["price", "kpo"]
    assert content_words("Who are you?") == ["who", "are", "you"]
    assert content_words("?!") == []


def test_a_query_quotes_each_word_once() -> None:
    assert fts_query(["not", "kpo", "not"]) == '"not" OR "kpo"'
    assert fts_query([]) == ""


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text())
def test_words_are_plain_letters_and_digits_whatever_is_typed(text: str) -> None:
    assert all(re.fullmatch("[a-z0-9]+", word) for word in words(text))


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.text())
def test_capitals_do_not_matter(text: str) -> None:
    assert words(text.casefold()) == words(text) == words(text.casefold().casefold())


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(st.text(), st.text())
def test_a_text_has_the_words_of_its_lines(one: str, other: str) -> None:
    assert words(f"{one}\n{other}") == words(one) + words(other)


def test_stopwords_are_written_as_the_index_keeps_words() -> None:
    assert all(words(word) == [word] for word in STOPWORDS)


@pytest.mark.parametrize(("word", "one"), [
    ("SLAs", "sla"), ("agencies", "agency"), ("Risks", "risk"), ("pies", "pie"), ("process", "process"), ("MS", "ms"), ("", ""),
])
def test_the_ending_of_a_plural_is_taken_off(word: str, one: str) -> None:
    assert singular(word) == one
