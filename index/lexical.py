"""Words as the lexical index keeps them: lower case, one spelling, so that any text a person can type is a valid query.

SQLite's FTS5 does the stemming (porter) and the ranking (BM25); what it cannot do is done here, to texts and questions alike.
"""

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[a-z0-9]+(?:&[a-z0-9]+)*")
_NEGATION = re.compile(r"\b(?:ai|sha|wo)n't\b|(?<=\w)(?:(?<!\bca)n)?'t\b")  # "can't" keeps its n; of "won't" no word is left
_ENDING = re.compile(r"(?<=\w)'(?:d|ll|m|re|s|ve)\b")  # of a possessive or a contraction; not the quotation mark in front of 'service level'
# British and American forms of a word become one form; which one does not matter, since texts and questions are treated alike.
_SPELLINGS = (
    (re.compile(r"(?<=[a-z]{2})([iy])z(e|ed|er|ers|es|ing|ation|ations|able)$"), r"\1s\2"),
    (re.compile(r"(?<=[a-z]{2})our(|s|ed|ing|al|able|ite|ites)$"), r"or\1"),
    (re.compile(r"(?<=[a-z]{3})tre(s?)$"), r"ter\1"),
    (re.compile(r"^judgem"), "judgm"),
    (re.compile(r"^programme(s?)$"), r"program\1"),
    (re.compile(r"^(licen|defen|offen|preten)ce(s?)$"), r"\1se\2"),
    (re.compile(r"^practis"), "practic"),
    (re.compile(r"^(catal|dial|anal)ogue(s?)$"), r"\1og\2"),
    (re.compile(r"^(model|label|travel|counsel|cancel|channel|level|fuel|signal|total|enrol|fulfil)l(ing|ed|er|ers|ment)$"), r"\1\2"),
)
# Words that carry the form of a question, not its subject.
STOPWORDS = frozenset(
    """a an the of in on at to for from by with about as into is are was were be been being am do does did doing done have has had
    can could will would shall should may might must what which who whom whose when where why how that this these those there here
    it its they them their he she his her we us our you your i me my and or but if then than so not no any some such please tell
    explain give show me say mean means meaning s t""".split()  # noqa: SIM905
)


def words(text: str) -> list[str]:
    """The words of `text` in order, folded: lower case, no accents, one spelling, "R&D" as "rd", "don't" as "do not". Empty for no words."""
    plain = text
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain.replace("’", "'"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = plain.casefold()  # after the decomposition, which can give capitals ("™" is "TM")
    if "'" in plain:
        plain = _ENDING.sub("", _NEGATION.sub(" not", plain))
    return [one_spelling(word.replace("&", "")) for word in _WORD.findall(plain)]


@lru_cache(maxsize=50_000)
def one_spelling(word: str) -> str:
    """`word` in the spelling that the index keeps."""
    for pattern, form in _SPELLINGS:
        word = pattern.sub(form, word)
    return word


def singular(word: str) -> str:
    """The word in lower case without the ending of a plural ("SLAs", "agencies"); one of two letters ("MS") as it is."""
    word = word.lower()
    if len(word) < 3 or not word.endswith("s") or word.endswith("ss"):
        return word
    return word[:-3] + "y" if len(word) > 4 and word.endswith("ies") else word[:-1]


def content_words(text: str) -> list[str]:
    """The words that carry the subject; all words when there are no others."""
    found = words(text)
    return [word for word in found if word not in STOPWORDS] or found


def fts_query(subject: list[str]) -> str:
    """An FTS5 query for any of these words; "" for none. Every word is quoted, so that none is read as an operator."""
    return " OR ".join(f'"{word}"' for word in dict.fromkeys(subject))
