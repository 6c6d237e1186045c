"""Misspelt words of a question are read as words of the indexed documents; the person is shown which."""

import re
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from index.lexical import STOPWORDS, one_spelling

MIN_LENGTH = 4  # shorter words have too many neighbours to tell which was meant
RARITY = 50  # the count that the dictionary gives to words that it has hardly met
QUESTION_WORDS = {
    "wich": "which", "wat": "what", "waht": "what", "hwo": "how", "wen": "when", "teh": "the", "whihc": "which", "wht": "what",
    "meening": "meaning", "meanin": "meaning", "meanning": "meaning", "shud": "should", "shoud": "should", "cud": "could", "wud": "would",
    **{f"{verb}nt": f"{verb}n't" for verb in ("ca", "could", "did", "do", "does", "had", "has", "have", "is", "are", "should", "was", "were", "wo", "would")},
}
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*[A-Za-z]")
_BRITISH = re.compile(r"([iy])s(e|ed|er|ers|es|ing|ation|ations)$")  # what `one_spelling` leaves: "organise", "analyse"
_METRE = re.compile(r"tre(s?)$")


@lru_cache(maxsize=1)
def _english() -> object:
    from spellchecker import SpellChecker

    return SpellChecker(language="en")


def correct(text: str, vocabulary: dict[str, int]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`text` with its misspellings mended, and the pairs (typed, read as). Nothing misspelt: `text` itself and no pairs.

    `vocabulary` has the folded words of the indexed documents with the number of passages that hold them. A word is misspelt when neither
    the documents nor an English dictionary know it. It is read as the closest word of the documents within one edit, from 6 letters on within
    two when both begin with the same letter ("clawback" is no "playback"); one of 4 letters as a word that has a letter more ("ofer", "offer");
    an abbreviation ("HIPPA") as one that differs by a letter.
    """
    pairs: list[tuple[str, str]] = []
    shouting = is_shouted(text)

    def mend(found: re.Match[str]) -> str:
        typed = found.group()
        word = typed.lower()
        if word in QUESTION_WORDS:
            pairs.append((typed, QUESTION_WORDS[word]))
            return QUESTION_WORDS[word]
        is_name = typed[0].isupper() and found.start() > 0 and not typed.isupper()
        is_abbreviation = typed.isupper() and not shouting
        if len(word) < MIN_LENGTH or is_name or _known(word, vocabulary):
            return typed
        best = abbreviated(word, vocabulary) if is_abbreviation else closest(word, vocabulary)
        if best is None:
            return typed
        pairs.append((typed, best))
        return best

    mended = _WORD.sub(mend, text)
    return mended, tuple(pairs)


def is_english(word: str, more_than: int = RARITY) -> bool:
    """Does an English dictionary hold the word, in lower case, and not only as a rarity, as it holds names of firms?"""
    return bool(_english()[word.lower()] > more_than)  # type: ignore[index]


def is_shouted(text: str) -> bool:
    """Is most of a text of several words in capitals, so that capitals mean nothing?"""
    letters = [c for c in text if c.isalpha()]
    return len(text.split()) > 3 and sum(c.isupper() for c in letters) > 0.6 * len(letters)


def _known(word: str, vocabulary: dict[str, int]) -> bool:
    parts = re.split(r"['’-]", word)
    folded = [one_spelling(part) for part in parts if len(part) > 1]
    if all(part in vocabulary or part in STOPWORDS or part.rstrip("s") in vocabulary for part in folded):
        return True
    return all(_english().known([part, _american(part)]) for part in parts if part)  # type: ignore[attr-defined]


def _american(word: str) -> str:
    """The word in the spelling of the dictionary, which knows no "colour" and no "metres"."""
    return _METRE.sub(r"ter\1", _BRITISH.sub(r"\1z\2", one_spelling(word)))


def closest(word: str, vocabulary: dict[str, int]) -> str | None:
    """The word of the documents that was most likely meant; None when none is near.

    Among equally near words one that only has letters more ("ofer", "offer"), then one with the same first letter, then the most
    frequent one.
    """
    reach = 1 if len(word) < 6 else 2
    candidates = [w for w in vocabulary if abs(len(w) - len(word)) <= reach and w.isalpha() and len(w) >= 3]
    found = process.extract(word, candidates, scorer=DamerauLevenshtein.distance, score_cutoff=reach, limit=12)
    near = [entry for entry in found if (entry[1] < 2 or entry[0][0] == word[0]) and (len(word) > MIN_LENGTH or _holds(entry[0], word))]
    if not near:
        return None
    return min(near, key=lambda entry: (entry[1], not _holds(entry[0], word), entry[0][0] != word[0], -vocabulary[entry[0]], entry[0]))[0]


def abbreviated(word: str, vocabulary: dict[str, int]) -> str | None:
    """The abbreviation of the documents that was meant by `word`, in capitals: of its length, at least 5, with one letter otherwise or two exchanged."""
    near = [w for w in vocabulary if len(w) == len(word) > MIN_LENGTH and w[0] == word[0] and DamerauLevenshtein.distance(w, word) == 1]
    return min((w.upper() for w in near if not is_english(w)), default=None)


def shortened_to(typed: str, names: Iterable[str]) -> str:
    """The abbreviation that was meant by `typed`, with a letter more, a letter less or two exchanged ("slla"); "" when none or several may be.

    What an English dictionary knows is no misspelling.
    """
    short = typed.lower()
    if len(short) < 3 or is_english(short, 0):
        return ""
    near = {
        name for name in names
        if name.isupper() and len(name) > 2 and name[0].lower() == short[0] and DamerauLevenshtein.distance(name.lower(), short) == 1
        and (len(name) != len(short) or sorted(name.lower()) == sorted(short))
    }
    return near.pop() if len(near) == 1 else ""


def _holds(longer: str, word: str) -> bool:
    """Do the letters of `word` stand in `longer` in their order?"""
    letters = iter(longer)
    return all(letter in letters for letter in word)
