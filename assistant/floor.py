"""The floor: how probable is it that the documents hold the answer? Below the floor the assistant refuses.

A relevance score alone does not tell the right company with the wrong fact from a real answer, so it is weighed together with what can
be seen without a further model. The weights are fitted by `kpo eval calibrate` and kept, with their provenance, by reranker.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.evidence import Evidence
from assistant.question import holds, names_in, thing_of
from corpus.document import embedded_text
from corpus.errors import ConfigError
from index.lexical import content_words, words
from index.search import Hit

CONSTANTS = Path(__file__).parent / "calibration.json"
FEATURES = ("sentence", "passage", "gap", "covered", "rarest", "thing", "names")


@dataclass(frozen=True, slots=True)
class Constants:
    """A fitted logistic model: P(answerable) = 1 / (1 + exp(-(intercept + sum of weight * feature)))."""

    intercept: float
    weights: tuple[float, ...]
    floor: float

    def probability(self, features: Sequence[float]) -> float:
        """The probability, in 0..1, that the documents answer the question."""
        z = self.intercept + sum(w * x for w, x in zip(self.weights, features, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, z))))


@lru_cache(maxsize=8)
def constants_for(reranker: str) -> Constants:
    """The constants fitted for this reranker. Raises ConfigError, naming the command, when there are none."""
    stored: dict[str, Any] = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    if reranker not in stored:
        raise ConfigError(f"no calibration for the reranker {reranker}", "run `kpo eval calibrate`, or set KPO_RERANKER_MODEL back")
    entry = stored[reranker]
    return Constants(entry["intercept"], tuple(entry["weights"][name] for name in FEATURES), entry["floor"])


def features(question: str, hits: Sequence[Hit], evidence: Sequence[Evidence], vocabulary: dict[str, int]) -> tuple[float, ...]:
    """What is seen of a question and its evidence, in the order of FEATURES. Each is about -1..1 for a usual question.

    sentence, passage: the best cross-encoder logit over sentences and over passages, divided by 10.
    gap: the best sentence's lead over the median of the others, divided by 10.
    covered: share of the question's subject words that stand in the best passage or its headings, weighed by rarity.
    rarest: 1 when the question's rarest subject word stands there, 0 when not.
    thing: 1 when the kind of thing asked for (a date, an amount, a person) stands in the best sentences, -1 when not, 0 when none is asked.
    names: 0 when every name of the question stands in the best passage, -1 for none of them.
    """
    if not evidence or not hits:
        return (-1.2, -1.2, 0.0, 0.0, 0.0, 0.0, 0.0)
    best = evidence[0]
    others = sorted((e.score for e in evidence[1:]), reverse=True)
    median = others[len(others) // 2] if others else best.score
    near = [e for e in evidence if e.score >= best.score - 2.0][:3]
    shown = " ".join(embedded_text(e.passage.context, e.passage.text) for e in near)
    said = {_stem(word) for word in words(shown)}
    subject = list(dict.fromkeys(content_words(question)))
    rarity = {word: 1 / math.log(2.0 + vocabulary.get(word, 0)) for word in subject}
    covered = sum(rarity[w] for w in subject if _stem(w) in said) / max(1e-9, sum(rarity.values()))
    rarest = max(subject, key=lambda w: (rarity[w], len(w)), default="")
    thing = thing_of(question)
    sentences = " ".join(e.text for e in near)
    found = 0.0 if not thing else 1.0 if holds(thing, question, sentences) else -1.0
    names = names_in(question)
    missing = [name for name in names if not {_stem(w) for w in words(name)} <= said]
    return (
        best.score / 10, max(hit.score for hit in hits) / 10, (best.score - median) / 10, covered, float(_stem(rarest) in said), found,
        -len(missing) / len(names) if names else 0.0,
    )


def _stem(word: str) -> str:
    """A light stem, so that "providers" covers "provider": enough to compare words, not to rank by."""
    for end in ("ations", "ation", "ingly", "ments", "ment", "ings", "ing", "ies", "ied", "ers", "er", "ed", "es", "ly", "s", "e", "y"):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return word[: -len(end)]
    return word
