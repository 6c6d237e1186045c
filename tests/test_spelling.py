"""Misspelt words are read as words of the documents; known words, names and abbreviations are left as they are typed."""

import pytest

from index.spelling import correct

VOCABULARY = {
    "companies": 9, "offer": 4, "legal": 8, "research": 9, "knowledge": 20, "playback": 1, "attrition": 5, "committee": 2, "steering": 2, "organise": 3,
    "outsource": 7, "outsourcing": 30, "pricing": 6, "genpact": 3, "hipaa": 3, "met": 4, "sit": 1, "cloud": 6, "meets": 2, "dishonour": 1, "realised": 2,
}


@pytest.mark.parametrize(("typed", "read"), [
    ("wich compnies ofer leagal reserch", "which companies offer legal research"),
    ("an analyst dont know what he shud offer", "an analyst don't know what he should offer"),
    ("what is knowlege", "what is knowledge"),
    ("what is atrition", "what is attrition"),
    ("steering comittee", "steering committee"),
    ("WHAT IS OUTSORCING ABOUT", "WHAT IS outsourcing ABOUT"),
    ("tell me of gepact", "tell me of genpact"),
    ("what is HIPPA", "what is HIPAA"),
    ("what is the HPIAA rule", "what is the HIPAA rule"),
])
def test_misspelt_words_are_read_as_the_nearest_word_of_the_documents(typed: str, read: str) -> None:
    mended, pairs = correct(typed, VOCABULARY)
    assert mended == read
    assert all(one in typed and other in read and one != other for one, other in pairs)
    assert len(pairs) == sum(a != b for a, b in zip(typed.split(), read.split(), strict=True))


@pytest.mark.parametrize("typed", [
    "what is a clawback",  # two letters away from "playback", and begins otherwise
    "who is Knowleg",  # a name, as far as can be told
    "what is ATRITION",  # an abbreviation, as far as can be told
    "how do we organize and price",  # known in another spelling, and to a dictionary
    "what colour is it, what honour, who finalised it",  # a dictionary knows them in American spelling alone
    "how many square metres, and kilometres",  # not "meets"; the same
    "what of the xyzzyplugh",  # near nothing
    "dolor sit amet",  # a short word lacks letters at most
    "ofr",  # too short to tell
    "",
])
def test_what_is_known_or_near_nothing_stays_as_it_is_typed(typed: str) -> None:
    assert correct(typed, VOCABULARY) == (typed, ())


def test_no_documents_mend_only_question_words() -> None:
    assert correct("wat is atrition", {}) == ("what is atrition", (("wat", "what"),))
