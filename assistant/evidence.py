"""Reading: the sentences, list items and table rows of the best passages are scored one by one against the question."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assistant.question import kind_of
from corpus.document import Passage, Unit, header_of, told_by_columns
from index.lexical import content_words, words
from index.rerank import Reranker
from index.search import Hit

READ_PASSAGES = 4  # the best passages are read sentence by sentence
READ_UNITS = 16  # pairs that the cross-encoder scores; its time grows with them
READ_MARGIN = 4.0  # logits below the best passage from which a passage is not worth reading
WIDE_MARGIN = 7.0  # the same where a list is asked for, which may stand far behind the passage that announces it, and for what is said further
_DANGLING = re.compile(
    r"^(this|that|these|those|it|its|they|their|them|he|she|his|her|such|here|there|however|therefore|thus|hence|moreover|furthermore|also|"
    r"instead|otherwise|then|but|and|or|so|yet|still|both|each one|the (former|latter|same|other|second|third|(two|three|four)(?! .*\bare:$))|another|"
    r"for (example|instance)|in (contrast|addition|that case|practical terms)|"
    r"as a result|for (this|that) reason|because of (this|that)|by contrast|on the other hand)\b", re.I
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of a passage with what the cross-encoder says of it; `rank` is its passage's place among the hits, `impression` () where none is given."""

    passage: Passage
    unit: Unit
    at: int
    rank: int
    score: float
    passage_score: float
    impression: tuple[float, ...] = ()

    @property
    def text(self) -> str:
        """The unit, verbatim."""
        return self.passage.quote(self.unit)

    @property
    def dangles(self) -> bool:
        """Does it open with a word that points back ("This", "However")? Then it means nothing without what stands before it."""
        return self.passage.kind in ("prose", "definition", "comment") and dangles(self.text)


def dangles(sentence: str) -> bool:
    """Does a sentence open with a word that points back?"""
    return _DANGLING.match(sentence) is not None


def read(question: str, hits: Sequence[Hit], reranker: Reranker | None, *, depth: int = 1) -> list[Evidence]:
    """The units of the best hits with their scores, best first. No hits give an empty list.

    A greater `depth` reads that many times as much, for what an answer has to say further.
    Without a reranker the share of the question's words that a unit holds stands in for its score.
    """
    if not hits:
        return []
    best, room = hits[: READ_PASSAGES * depth], READ_UNITS * depth
    named = [hit for hit in hits[len(best) :] if "terms" in hit.found_by][:1]
    lists = kind_of(question) in ("list", "steps")
    listed = [hit for hit in hits[len(best) :] if hit.passage.kind == "list" and hit not in named][:1] if lists else []
    margin = WIDE_MARGIN if lists or depth > 1 else READ_MARGIN
    worth = [hit for hit in [*best, *named, *listed] if hit.score >= hits[0].score - margin]
    subject = set(content_words(question))
    chosen: list[tuple[Hit, int, int, Unit]] = []
    for rank, hit in enumerate(worth):
        units = list(enumerate(hit.passage.units))
        if len(units) > room - len(chosen):  # a long list: the items with the most words of the question
            units.sort(key=lambda entry: (-len(subject & set(words(hit.passage.quote(entry[1])))), entry[0]))
        chosen += [(hit, rank, at, unit) for at, unit in sorted(units[: max(0, room - len(chosen))])]
    texts = [in_context(hit.passage, unit) for hit, _, _, unit in chosen]
    scores = reranker.score(question, texts) if reranker else [len(subject & set(words(text))) / max(1, len(subject)) for text in texts]
    impressions = [reranker.impression(question, text) if reranker else () for text in texts]
    found = [
        Evidence(hit.passage, unit, at, rank, score, hit.score, impression)
        for (hit, rank, at, unit), score, impression in zip(chosen, scores, impressions, strict=True)
    ]
    return sorted(found, key=lambda e: (e.passage.kind == "comment", -e.score, e.rank, e.at))


def in_context(passage: Passage, unit: Unit) -> str:
    """What the cross-encoder reads of a unit: a table's row as sentences, else with its header row or the nearest heading in front."""
    lead = header_of(passage) or passage.heading
    return told_by_columns(passage) or (f"{lead}: {passage.quote(unit)}" if lead else passage.quote(unit))
