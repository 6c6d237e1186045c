"""Sources that say different things: two sentences about the same subject, with another figure, or one against the other.

Rules that would rather miss a disagreement than see one where there is none: a reader is told to look, not who is right.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations

from assistant.answer import Citation
from assistant.claims import content, numbers, opposed
from assistant.vocabulary import stem
from corpus.sentences import pieces
from index.lexical import words

FEWEST = 3  # content words that two sentences must share, to be about the same
FURTHER = 0.5  # share of the words of the shorter one that the longer may have besides them
ODD = 1  # words that each may have for itself where only an opposite or a negation tells them apart
_PROVISO = re.compile(r", (?:unless|except|if|provided)\b[^,;:\d]*$", re.I)  # "…, unless the contract says otherwise."
_YEAR = re.compile(r"\b(?:1[89]|20)\d\d\b")
_SHARE = re.compile(r"\s*(?:%|per ?cent\b)", re.I)
_TOKEN = re.compile(r"[$€£₹]?\d[\d,.]*\d|[$€£₹]?\d|[a-z]+(?:-[a-z]+)*", re.I)


def disagree(a: str, b: str) -> bool:
    """Do two sentences speak of the same thing and give another figure for it, or say the opposite? Never of different years.

    A proviso without a figure, at the end, does not make it another thing of which the figure is.
    """
    if set(_YEAR.findall(a)) != set(_YEAR.findall(b)):
        return False
    one, two = sorted((_subject(_PROVISO.sub("", a)), _subject(_PROVISO.sub("", b))), key=len)
    mine, theirs = figures(a), figures(b)
    other = any(not mine[unit] & theirs[unit] for unit in mine.keys() & theirs.keys())
    if other and len(one) >= FEWEST and one <= two and len(two - one) <= FURTHER * len(one):
        return True
    one, two = _subject(a), _subject(b)
    return len(one & two) >= FEWEST and max(len(one - two), len(two - one)) <= ODD and (any(opposed(a, [b])) or any(opposed(b, [a])))


def _subject(sentence: str) -> set[str]:
    return {word for word in content(_SHARE.sub(" ", sentence)) if not numbers(word)}


def figures(sentence: str) -> dict[str, set[float | str]]:
    """The numbers of a sentence by what they count: a share, a currency, or the stem of the word behind. None without numbers."""
    found: dict[str, set[float | str]] = {}
    for match in _TOKEN.finditer(sentence):
        rest = sentence[match.end() :]
        for number in numbers(match.group()):
            following = words(rest)[:1]
            unit = "%" if _SHARE.match(rest) else number.money or (stem(following[0]) if following else "")
            found.setdefault(unit, set()).add(number.value)
    return found


def disputes(citations: Sequence[Citation]) -> Iterator[tuple[int, int]]:
    """The markers of quotations of different documents in which a sentence disagrees with one of the other."""
    told = [(citation, pieces(citation.quote)) for citation in citations]
    for (one, mine), (two, theirs) in combinations(told, 2):
        if one.document != two.document and any(disagree(a, b) for a in mine for b in theirs):
            yield one.marker, two.marker
