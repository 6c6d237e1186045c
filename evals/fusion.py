"""The fusion is fitted: what tells, before the cross-encoder reads them, which passages say what a case expects."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.document import embedded_text
from corpus.errors import EvalError
from evals.cases import Case
from evals.metrics import facts_said
from index.search import Retrieval, fuse

TRIED_K = (1, 2, 5, 10, 20, 60)  # in 1 / (K + rank)
POOL = 48  # the best passages of each question, which are put in order
FOLDS = 5  # a question's order comes from weights that were fitted on the other four fifths
WITHIN = (4, 10, 16)  # places among which a passage that says it is looked for


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best passages for one question: what is seen of each, and whether it says all that the case expects.

    `ranks` has a row for each of TRIED_K, a column for each passage: its reciprocal ranks together. `near` and `length` are as in index.search.
    """

    ranks: np.ndarray
    near: np.ndarray
    length: np.ndarray
    says: np.ndarray

    def seen(self, k: int) -> np.ndarray:
        """A row for each passage, with the ranks of this K."""
        return np.stack([self.ranks[TRIED_K.index(k)], self.near, self.length], axis=1)


@dataclass(frozen=True, slots=True)
class Weights:
    """What a cosine and a factor of e in length count for, beside reciprocal ranks of this K, and how often a passage that says it was then early.

    `by_rank` and `early` hold a share of the questions for each of WITHIN: ordered by the ranks alone, and with the weights, each held out.
    """

    k: int
    near: float
    length: float
    by_rank: tuple[float, ...]
    early: tuple[float, ...]


def candidates(retrieval: Retrieval, cases: Iterable[Case]) -> Iterator[Candidates]:
    """The candidates of each case of which some passage says all that is expected, and some does not."""
    with retrieval.reading() as view:
        for case in cases:
            if case.expect != "answer" or not case.must_say or case.after:
                continue
            listed = retrieval.listed(view, case.question)
            hits = retrieval.fused(view, listed, POOL)
            says = np.array([facts_said(embedded_text(hit.passage.context, hit.passage.text), case.must_say) == 1.0 for hit in hits])
            if says.any() and not says.all():
                scores = [{id: score for id, score, _ in fuse(listed.lists, k)} for k in TRIED_K]
                ranks = np.array([[of_k[hit.passage.id] for hit in hits] for of_k in scores])
                yield Candidates(ranks, np.array([hit.near for hit in hits]), np.array([math.log(len(hit.passage.text)) for hit in hits]), says)


def fit(seen: Sequence[Candidates], k: int) -> Weights:
    """Logistic regression (scikit-learn) of what a passage says on what is seen of it. Raises EvalError for fewer questions than FOLDS."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if len(seen) < FOLDS:
        raise EvalError(f"the documents answer {len(seen)} of the questions, too few to learn from", "run `kpo ingest corpus/documents` for the handbook")

    def weights(questions: Sequence[Candidates]) -> np.ndarray:
        rows, says = np.concatenate([one.seen(k) for one in questions]), np.concatenate([one.says for one in questions])
        scaler, model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, says).named_steps.values()
        found = model.coef_[0] / scaler.scale_
        return np.asarray(found / found[0])

    held_out = [weights([one for at, one in enumerate(seen) if at % FOLDS != fold]) for fold in range(FOLDS)]
    early = [_early(one.seen(k) @ held_out[at % FOLDS], one.says) for at, one in enumerate(seen)]
    by_rank = [_early(one.seen(k)[:, 0], one.says) for one in seen]
    _, near, length = weights(seen)
    shares = (tuple(np.mean(rows, axis=0).round(3).tolist()) for rows in (by_rank, early))
    return Weights(k, round(float(near), 3), round(float(length), 3), *shares)


def _early(scores: np.ndarray, says: np.ndarray) -> list[bool]:
    order = np.argsort(-scores, kind="stable")
    return [bool(says[order[:n]].any()) for n in WITHIN]
