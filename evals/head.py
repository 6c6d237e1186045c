"""The head that the reranker's training begins with: the whole cross-encoder's score is told from its lower layers, corrected where a case knows better.

The upper layers change little: the score of nine of twelve layers under a linear head follows that of all twelve (see docs/decisions.md).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from assistant.evidence import READ_PASSAGES, READ_UNITS, in_context
from corpus.document import embedded_text
from evals.cases import Case, CaseSet
from evals.metrics import facts_said
from index.compile import with_states
from index.head import FITTED, Head
from index.models import RERANKER, one_core_session
from index.rerank import THREADS, OnnxReranker
from index.search import RERANKED, Retrieval

LAYERS = 9  # of twelve: the right passage comes first for one fewer of 215 development questions; with eight layers for eleven fewer
CORRECTION = 8.0  # logits between a pair that surely says what its case expects and one that surely does not; 4 and 16 were tried as well
PENALTY = 30.0  # ridge; three times as much or as little makes no difference that can be told


@dataclass(frozen=True, slots=True)
class Reading:
    """A pair was read by the whole model: its score, and what the head has to tell it from.

    `says`: does the text say what its case expects, a passage all of it, a unit some of it? None when the case expects no words.
    """

    score: float
    states: np.ndarray  # float32, twice the model's width: of the first token, then the mean of all
    unit: bool = False
    says: bool | None = None


class Whole:
    """The shipped cross-encoder with all its layers, which also tells what the lower LAYERS say."""

    def __init__(self) -> None:
        with TemporaryDirectory() as folder:
            model = Path(folder) / "model.onnx"
            with_states(RERANKER.locate() / RERANKER.weights, LAYERS, model)
            self._session = one_core_session(model)
        self._pairs = OnnxReranker(RERANKER.locate())

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """What it makes of the question with each text, in their order."""

        def one(text: str) -> Reading:
            logits, states = self._session.run(["logits", "states"], self._pairs.feeds(self._pairs.encode(question, text)))
            return Reading(float(np.ravel(logits)[0]), np.concatenate([states[0, 0], states[0].mean(axis=0)]))

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, texts))


def readings(retrieval: Retrieval, cases: Iterable[Case], whole: Whole) -> Iterator[Reading]:
    """For each question the passages that would be reranked, and the units of the best of these, read by the whole model."""
    with retrieval.reading() as view:
        for case in cases:
            listed = retrieval.listed(view, case.question)
            hits = retrieval.fused(view, listed, RERANKED)
            passages = whole.read(listed.question, [hit.read for hit in hits])
            best = sorted(range(len(hits)), key=lambda at: -passages[at].score)[:READ_PASSAGES]
            units = [in_context(hits[at].passage, unit) for at in best for unit in hits[at].passage.units][:READ_UNITS]
            told = case.must_say if case.expect == "answer" else ()
            for one, hit in zip(passages, hits, strict=True):
                yield replace(one, says=facts_said(embedded_text(hit.passage.context, hit.passage.text), told) == 1.0 if told else None)
            for one, text in zip(whole.read(case.question, units), units, strict=True):
                yield replace(one, unit=True, says=facts_said(text, told) > 0.0 if told else None)


def targets(seen: Sequence[Reading]) -> np.ndarray:
    """What the head should score: the whole model's score, and CORRECTION times what a case knows that the score does not tell.

    That is whether the pair says what is expected, less how probable its score makes it (logistic regression, for passages and units apart).
    """
    from sklearn.linear_model import LogisticRegression

    wanted = np.array([one.score for one in seen], dtype=np.float64)
    for unit in (False, True):
        known = [at for at, one in enumerate(seen) if one.unit == unit and one.says is not None]
        says = np.array([bool(seen[at].says) for at in known])
        if len(set(says.tolist())) == 2:
            scores = wanted[known].reshape(-1, 1)
            expected = LogisticRegression().fit(scores, says).predict_proba(scores)[:, 1]
            wanted[known] += CORRECTION * (says - expected)
    return wanted


def fit(seen: Sequence[Reading], layers: int = LAYERS) -> Head:
    """Ridge regression (scikit-learn) of the `targets` on the states, each brought to unit variance. Raises ValueError for nothing seen."""
    from sklearn.linear_model import Ridge

    states = np.stack([one.states for one in seen]).astype(np.float64)
    middle, spread = states.mean(axis=0), np.maximum(states.std(axis=0), 1e-9)
    model = Ridge(alpha=PENALTY).fit((states - middle) / spread, targets(seen))
    weights = tuple(float(f"{weight:g}") for weight in model.coef_ / spread)
    return Head(layers, round(float(model.intercept_ - np.dot(weights, middle)), 4), weights)


def agreement(head: Head, seen: Sequence[Reading]) -> tuple[float, float]:
    """How well the head follows the whole model: Pearson's correlation, and the root mean square of the differences in logits."""
    told = np.stack([one.states for one in seen]).astype(np.float64) @ np.array(head.weights) + head.intercept
    scores = np.array([one.score for one in seen])
    return float(np.corrcoef(told, scores)[0, 1]), float(np.sqrt(np.mean((told - scores) ** 2)))


def entry(head: Head, fitted_on: CaseSet, pairs: int, others: int, agreed: tuple[float, float]) -> dict[str, Any]:
    """The head as it is stored, with where it came from."""
    provenance = {
        "command": "kpo eval fit-head", "model": f"{RERANKER.source} {RERANKER.sha256[:12]}", "set": f"{fitted_on.name} {fitted_on.digest}",
        "pairs": pairs, "other_pairs": others, "correlation": round(agreed[0], 4), "rms_logits": round(agreed[1], 3),
    }
    return head.as_json() | {"provenance": provenance}


def store(stored: dict[str, Any]) -> None:
    """Keep the head for `kpo eval train-reranker`."""
    FITTED.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
