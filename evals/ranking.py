"""The reranker is trained: on questions that are never reported on it learns which passages and sentences say what their cases expect.

It learns from what the product would read without its adapter: so it is taught to tell apart what is hard to tell. By the questions that have
taught it no floor is chosen, because a model knows its own examples too well (see evals.calibrate).
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.evidence import in_context, read
from corpus.document import embedded_text
from evals.adapter import RANK, SEED, Example, Recipe, final_loss
from evals.cases import Case, CaseSet
from evals.metrics import facts_said
from index.adapter import Adapter
from index.catalog import View
from index.head import Head, shipped_head
from index.models import RERANKER
from index.rerank import open_adapted
from index.search import RERANKED, Retrieval

RATE = 4e-4
PAIRS = 16_000  # that a training takes, of all that there are: twenty minutes
SPREAD = 1.5  # times as far as before its scores spread when it was taught so, measured over passages and units of questions that taught it and of others
PARTLY = 0.5  # of the share of the key facts that a passage says is its label when it says not all of them
RIGHT, BEST, OTHERS = 3, 3, 1  # passages of a question with answer: that say it all, the best of the rest, and others
UNITS = 4  # units of a question with answer that say no key fact; of those that say one all
REFUSED = 2, 3  # passages and units of a question without answer


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with a passage or a unit as the reranker reads them, its score, and the share of the case's key facts that the text says."""

    question: str
    text: str
    score: float
    says: float


@dataclass(frozen=True, slots=True)
class Candidates:
    """What was ranked for one case, best first."""

    answerable: bool
    passages: tuple[Pair, ...]
    units: tuple[Pair, ...]


def untrained(retrieval: Retrieval, models_dir: Path) -> Retrieval:
    """The same documents with the reranker that training begins with."""
    return Retrieval(retrieval.catalog, retrieval.embedder, open_adapted(Adapter(shipped_head(), {}), f"{RERANKER.name}-untrained", models_dir))


def candidates(retrieval: Retrieval, cases: Iterable[Case]) -> Iterator[Candidates]:
    """What would be read for each case that expects an answer with key facts, or a refusal."""
    with retrieval.reading() as view:
        for case in cases:
            if case.expect == "refusal" or case.expect == "answer" and case.must_say:
                yield _candidates(retrieval, view, case)


def _candidates(retrieval: Retrieval, view: View, case: Case) -> Candidates:
    listed = retrieval.listed(view, case.question)
    hits = retrieval.reranked(listed.question, retrieval.fused(view, listed, RERANKED))
    told = case.must_say if case.expect == "answer" else ()

    def says(text: str) -> float:
        return facts_said(text, told) if told else 0.0

    return Candidates(
        bool(told),
        tuple(Pair(listed.question, hit.read, hit.score, says(embedded_text(hit.passage.context, hit.passage.text))) for hit in hits),
        tuple(Pair(case.question, in_context(one.passage, one.unit), one.score, says(one.text)) for one in read(case.question, hits, retrieval.reranker)),
    )


def examples(found: Sequence[Candidates]) -> list[Example]:
    """What the reranker is taught, at most PAIRS, which is left to chance as are the others of a question's passages.

    A score stands for how probable it makes it that a text says what is asked, by logistic regression for passages and for units.
    """
    chance = random.Random(SEED)
    answered = [one for one in found if one.answerable]
    passages = _scale([(pair.score, pair.says == 1.0) for one in answered for pair in one.passages])
    units = _scale([(pair.score, pair.says > 0.0) for one in answered for pair in one.units])
    taught: list[Example] = []
    for one in found:
        if one.answerable:
            right = [pair for pair in one.passages if pair.says == 1.0][:RIGHT]
            wrong = [pair for pair in one.passages if pair.says < 1.0]
            wrong = wrong[:BEST] + chance.sample(wrong[BEST:], min(OTHERS, len(wrong[BEST:])))
            read = [pair for pair in one.units if pair.says] + [pair for pair in one.units if not pair.says][:UNITS]
        else:
            right, wrong, read = [], list(one.passages[: REFUSED[0]]), list(one.units[: REFUSED[1]])
        taught += [Example(pair.question, pair.text, 1.0, *passages) for pair in right]
        taught += [Example(pair.question, pair.text, PARTLY * pair.says, *passages) for pair in wrong]
        taught += [Example(pair.question, pair.text, float(pair.says > 0.0), *units) for pair in read]
    return chance.sample(taught, min(PAIRS, len(taught)))


def _scale(known: Sequence[tuple[float, bool]]) -> tuple[float, float]:
    """The slope and the intercept by which scores stand for the probability of what is known; (1, 0) with labels of one kind only."""
    if len({right for _, right in known}) < 2:
        return 1.0, 0.0
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(np.array([[score] for score, _ in known]), np.array([right for _, right in known]))
    return round(float(model.coef_[0][0]), 4), round(float(model.intercept_[0]), 4)


def recipe() -> Recipe:
    """One look at each example, beginning with the head that does without the upper layers."""
    return Recipe(epochs=1, rate=RATE, head=shipped_head())


def rescaled(adapter: Adapter) -> Adapter:
    """The adapter with scores that spread as far as before it was taught: what lies near the best is told by margins in logits."""
    weights = tuple(float(f"{weight / SPREAD:g}") for weight in adapter.head.weights)
    return Adapter(Head(adapter.head.layers, round(adapter.head.intercept / SPREAD, 4), weights), adapter.changes)


def provenance(taught: Sequence[Example], cases: CaseSet, losses: Sequence[float]) -> dict[str, Any]:
    """Where the reranker's adapter came from: what it was trained on, and its loss."""
    return {
        "command": "kpo eval train-reranker", "model": f"{RERANKER.source} {RERANKER.sha256[:12]}", "head": shipped_head().digest,
        "set": f"{cases.name} {cases.digest}", "questions": len(cases.cases), "pairs": len(taught), "layers": shipped_head().layers, "rank": RANK,
        "loss": final_loss(losses),
    }
