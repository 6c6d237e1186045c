"""The floor: how probable is it that the documents hold the answer? Below the floor the assistant refuses.

A relevance score alone does not tell the right company with the wrong fact from a real answer, so it is weighed together with what can
be seen without a further model: sixteen named features, and the reranker's impressions of the two best sentences and the best passage
(`index.rerank`), which tell whether they hold what the question asks for. The weights are fitted by `kpo eval calibrate` and kept, with their provenance, by
reranker: once for documents whose sections list the questions that they answer, as the shipped ones do, and once for all others.
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.evidence import Evidence, in_context
from assistant.opposites import is_negated, says_opposite
from assistant.question import head_of, holds, kind_of, names_in, term_of, thing_of
from assistant.vocabulary import Vocabulary, stem, stems_in
from corpus.document import embedded_text
from corpus.errors import ConfigError
from index.lexical import content_words, words
from index.rerank import Reranker
from index.search import Retrieved

CONSTANTS = Path(__file__).parent / "calibration.json"
FEATURES = (
    "sentence", "passage", "second", "mean", "covered", "unknown", "thing", "head", "named", "missing", "defined", "length", "yes_no", "negated", "opposite",
    "asked",
)
NEAR = 2.0  # logits below the best sentence within which others are looked at as well


@dataclass(frozen=True, slots=True)
class Constants:
    """A fitted logistic model: P = 1 / (1 + exp(-z)), z = intercept + sum of weight * feature + sum of impression * impression.

    P is how probable it is that the documents answer a question. `impression` are the weights of the reranker's impressions, () where it gives
    none. `sure` is the slope and the intercept of a second logistic (Platt, 1999) over z: how probable it is that an answer is also right.
    """

    intercept: float
    weights: tuple[float, ...]
    floor: float
    impression: tuple[float, ...] = ()
    sure: tuple[float, float] = (1.0, 0.0)

    @classmethod
    def open(cls) -> "Constants":
        """A floor that everything is above."""
        return cls(0.0, (0.0,) * len(FEATURES), 0.0)

    @classmethod
    def stored(cls, entry: dict[str, Any]) -> "Constants":
        """The constants as they stand in the file of calibrations."""
        weights = tuple(entry["weights"][name] for name in FEATURES)
        return cls(entry["intercept"], weights, entry["floor"], tuple(map(float, entry["impression"].split())), tuple(entry["sure"]))

    def probability(self, features: Sequence[float]) -> float:
        """P, in 0..1, for the named features and then the impressions; 0 without the impression that the constants weigh."""
        named, impression = features[: len(self.weights)], features[len(self.weights) :]
        if self.impression and not impression:
            return 0.0
        z = self.intercept + sum(w * x for w, x in zip(self.weights, named, strict=True))
        return logistic(z + (sum(w * x for w, x in zip(self.impression, impression, strict=True)) if self.impression else 0.0))

    def confidence(self, probability: float) -> float:
        """The probability, in 0..1, that the answer is right: what is quoted says it, from a place that is held for its source."""
        return logistic(self.sure[0] * logit(probability) + self.sure[1])


def logistic(z: float) -> float:
    """1 / (1 + exp(-z)), for any z."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


def logit(probability: float) -> float:
    """The z of `logistic`, within -30..30."""
    p = min(1 - 1e-13, max(1e-13, probability))
    return math.log(p / (1 - p))


@lru_cache(maxsize=8)
def constants_for(reranker: str, *, lists_questions: bool = True) -> Constants:
    """The constants fitted for this reranker and documents that list questions, or that list none. Raises ConfigError, naming the command, without."""
    stored: dict[str, Any] = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    if (key := key_of(reranker, lists_questions=lists_questions)) not in stored:
        raise ConfigError(f"no calibration for the reranker {reranker}", "run `kpo eval calibrate`, or set KPO_RERANKER_MODEL back")
    return Constants.stored(stored[key])


def key_of(reranker: str, *, lists_questions: bool) -> str:
    """By what constants are kept.

    A question that a document answers is nearly always near one that it lists, which counts for much: by the same floor every fourth question
    would be refused that is answered by documents which list none.
    """
    return reranker if lists_questions else f"{reranker} without questions"


def features(
    question: str, found: Retrieved, evidence: Sequence[Evidence], vocabulary: Vocabulary, reranker: Reranker | None
) -> tuple[float, ...]:
    """What is seen of a question and its evidence, in the order of FEATURES, each about -1..1 for a usual question; then the impressions.

    sentence, passage, second: the best cross-encoder logit over sentences, the best and the second best over passages, divided by 10.
    mean: the mean of the three best sentences' logits, divided by 10.
    covered: share of the question's subject words that stand in the best passages or their headings, weighed by rarity.
    unknown: share of the subject words that stand in no document at all.
    thing: 1 when the kind of thing asked for (a date, an amount, a person, another name) stands in the best sentences, -1 when not, 0 when none is asked.
    head: 1 when the noun asked for ("which universities") stands in the best sentence, 0.5 in its passage, -1 in neither, 0 when none is asked.
    named: 1 when the question has a proper name or abbreviation; missing: share of those that the best passages do not hold.
    defined: 1 when a definition is asked of a term that the documents define.
    length: subject words divided by 10. yes_no: 1 for a yes-or-no question.
    negated: 1 when one of the question and its best sentence is negated and the other is not.
    opposite: 1 when the best passage has the opposite of a word of the question ("lowest") in place of that word.
    asked: how near the question is to one that the section of the best passage says it answers, as a cosine; 0 when none is near.

    The reranker's impressions of the best sentence, the second best (or the best again) and the best passage follow, which it has had when
    it scored them. Without evidence, or a reranker that gives any, there are none; nor for a question of which no word stands in any document, or
    in a question that one says it answers, nor for the meaning of a term that no passage uses: whatever was found for that, it is not what was asked.
    """
    subject = list(dict.fromkeys(content_words(question)))
    unknown = sum(stem(word) not in vocabulary.stems for word in subject) / max(1, len(subject))
    told = stems_in(" ".join(hit.asked for hit in found.hits))
    if not evidence or not found.hits or (unknown == 1.0 and not told & set(map(stem, subject))) or not _uses(evidence, term_of(question)):
        return (-1.2, -1.2, -1.2, -1.2, 0.0, 1.0, *(0.0,) * (len(FEATURES) - 6))
    best = evidence[0]
    near = [e for e in evidence if e.score >= best.score - NEAR][:3]
    said = stems_in(" ".join(embedded_text(e.passage.context, e.passage.text) for e in near))
    sentences = " ".join(e.text for e in near)
    rarity = {word: 1 / math.log(2.0 + vocabulary.stems.get(stem(word), 0)) for word in subject}
    thing, head, names, kind = thing_of(question), head_of(question), names_in(question), kind_of(question)
    scores = sorted((hit.score for hit in found.hits), reverse=True)
    return (
        best.score / 10,
        scores[0] / 10,
        scores[min(1, len(scores) - 1)] / 10,
        sum(e.score for e in evidence[:3]) / len(evidence[:3]) / 10,
        sum(rarity[word] for word in subject if stem(word) in said) / max(1e-9, sum(rarity.values())),
        unknown,
        0.0 if not thing else 1.0 if holds(thing, question, sentences) else -1.0,
        0.0 if not head else 1.0 if stem(head) in stems_in(in_context(best.passage, best.unit)) else 0.5 if stem(head) in said else -1.0,
        float(bool(names)),
        sum(not stems_in(name) <= said for name in names) / max(1, len(names)),
        float(kind in ("definition", "abbreviation") and any(term.defines for term in found.terms)),
        len(subject) / 10,
        float(kind == "yes-no"),
        float(is_negated(question) != is_negated(best.text)),
        float(says_opposite(question, embedded_text(best.passage.context, best.passage.text))),
        next((hit.near for hit in found.hits if hit.passage == best.passage), 0.0),
        *(_impressions(question, found, evidence, reranker) if reranker else ()),
    )


def _uses(evidence: Sequence[Evidence], term: str) -> bool:
    """Does one of the passages hold all words of the term, be they written as one word or as several?"""
    wanted, whole = {stem(word) for word in content_words(term)}, "".join(words(term))
    texts = (embedded_text(e.passage.context, e.passage.text) for e in evidence)
    return any(wanted <= stems_in(text) or whole in "".join(words(text)) for text in texts)


def _impressions(question: str, found: Retrieved, evidence: Sequence[Evidence], reranker: Reranker) -> Iterator[float]:
    for e in (evidence[0], evidence[min(1, len(evidence) - 1)]):
        yield from e.impression
    yield from reranker.impression(found.question, found.hits[0].read)
