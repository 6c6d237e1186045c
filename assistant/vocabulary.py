"""The words that the indexed documents use, with how many passages use them."""

from dataclasses import dataclass
from functools import lru_cache

from index.lexical import words

_ENDINGS = tuple("ations ation ingly ments ment ings ing ies ied ers er ed es ly s e y".split())  # noqa: SIM905
_SHORTEST = 3  # letters that a stem keeps


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The folded words of one generation, and the stems they come down to, with the number of passages that hold each."""

    words: dict[str, int]
    stems: dict[str, int]

    @classmethod
    def of(cls, counts: dict[str, int]) -> "Vocabulary":
        """From the folded words with their counts. A stem's count is the sum of its words' counts."""
        stems: dict[str, int] = {}
        for word, n in counts.items():
            stems[stem(word)] = stems.get(stem(word), 0) + n
        return cls(counts, stems)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A light stem, so that "providers" covers "provider": enough to compare words, not to rank by."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST:
            return word[: -len(ending)]
    return word


def stems_in(text: str) -> set[str]:
    """The stems of the words of a text."""
    return {stem(word) for word in words(text)}
