"""Selection: how probable is it that a sentence belongs to the answer, and which sentences make the best one together?

A relevance score orders sentences, but does not tell how many of them to quote. So each gets a probability, from its score, its place and the
reranker's impression of it, and those are quoted together whose F-measure is expected to be the highest: another one is worth its words
when it is more probable than that measure over 1 + beta squared (Lipton et al. 2014, arXiv 1402.1892, for beta = 1). The weights are fitted
by `kpo eval fit-selection`, and kept by reranker.
"""

import json
import math
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.evidence import Evidence
from assistant.floor import logistic
from corpus.errors import ConfigError

CONSTANTS = Path(__file__).parent / "selection.json"
FEATURES = ("score", "behind", "passage", "best", "leads", "at", "length")
Place = tuple[str, int]  # of a unit: its passage's id, and which of the passage's units it is


@dataclass(frozen=True, slots=True)
class Worth:
    """What the units that were read are worth to an answer: for each place its words, and the probability in 0..1 that it belongs."""

    units: dict[Place, tuple[int, float]]
    beta: float

    def of(self, place: Place) -> float:
        """The probability that the unit belongs; 0 for one that was not read."""
        return self.units.get(place, (0, 0.0))[1]

    @property
    def best(self) -> float:
        """The F-measure, in 0..1, that the best choice of units is expected to reach; 0 when nothing was read."""
        order = sorted(self.units, key=self.of, reverse=True)
        return max((self.expected(set(order[:n])) for n in range(1, len(order) + 1)), default=0.0)

    def expected(self, places: Set[Place]) -> float:
        """The F-measure, in 0..1, that these units together are expected to reach, in words; 0 for none, or none that were read.

        It is (1 + beta²) m / (n + beta² t): m are the words of theirs that are expected to belong, n all their words, t those of all units that
        are expected to belong.
        """
        chosen = [self.units[place] for place in places if place in self.units]
        matched, said = sum(n * p for n, p in chosen), sum(n for n, _ in chosen)
        wanted = sum(n * p for n, p in self.units.values())
        return (1 + self.beta**2) * matched / (said + self.beta**2 * wanted) if matched else 0.0


@dataclass(frozen=True, slots=True)
class Selection:
    """A fitted logistic model of what belongs to an answer, and how much more it matters to miss nothing than to say nothing besides: `beta` times.

    `impression` are the weights of the reranker's impression, () where it gives none.
    """

    intercept: float
    weights: tuple[float, ...]
    impression: tuple[float, ...]
    beta: float

    @classmethod
    def even(cls) -> "Selection":
        """Everything that was read is as worth quoting."""
        return cls(0.0, (0.0,) * len(FEATURES), (), 1.0)

    @classmethod
    def stored(cls, entry: dict[str, Any]) -> "Selection":
        """The selection as it stands in the file of selections."""
        return cls(entry["intercept"], tuple(entry["weights"][name] for name in FEATURES), tuple(map(float, entry["impression"].split())), entry["beta"])

    def weighed(self, evidence: Sequence[Evidence]) -> Worth:
        """What each unit is worth."""
        weights = (*self.weights, *self.impression)
        units: dict[Place, tuple[int, float]] = {}
        for e, row in zip(evidence, features(evidence), strict=True):
            z = self.intercept + sum(w * x for w, x in zip(weights, row, strict=False))
            units[e.passage.id, e.at] = len(e.text.split()), logistic(z)
        return Worth(units, self.beta)


def features(evidence: Sequence[Evidence]) -> list[tuple[float, ...]]:
    """What is seen of each unit, in the order of FEATURES, then the reranker's impression of it.

    score: its logit divided by 10. behind: how far it is behind the best one's, divided by 10. passage: its passage's logit divided by 10.
    best: 1 for the best of all. leads: 1 for the best of its passage. at: its place in its passage, from 0, divided by 10.
    length: the logarithm of its words, divided by 4.
    """
    best = max((e.score for e in evidence), default=0.0)
    leading: dict[str, float] = {}
    for e in evidence:
        leading[e.passage.id] = max(e.score, leading.get(e.passage.id, e.score))
    return [
        (
            e.score / 10, (best - e.score) / 10, e.passage_score / 10, float(e.score == best), float(e.score == leading[e.passage.id]), e.at / 10,
            math.log(1 + len(e.text.split())) / 4, *e.impression,
        )
        for e in evidence
    ]


@lru_cache(maxsize=4)
def selection_for(reranker: str) -> Selection:
    """The selection fitted for this reranker. Raises ConfigError, naming the command, without."""
    stored: dict[str, Any] = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    if reranker not in stored:
        raise ConfigError(f"no selection of sentences for the reranker {reranker}", "run `kpo eval fit-selection`, or set KPO_RERANKER_MODEL back")
    return Selection.stored(stored[reranker])
