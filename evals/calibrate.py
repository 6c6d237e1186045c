"""Calibration: the floor's constants are fitted on labelled questions and stored with where they came from."""

import json
import math
from collections.abc import Sequence
from typing import Any

from assistant.ask import Assistant
from assistant.floor import CONSTANTS, FEATURES, Constants
from assistant.question import Question
from evals.cases import CaseSet

REFUSED = 0.1  # share of the answerable development questions that the floor may refuse
STEADY = 1e-9  # standard deviation below which a feature does not vary: that of equal numbers is not exactly 0
def entry(constants: Constants, found: CaseSet, answerable: Sequence[bool]) -> dict[str, Any]:
    """The constants as they are stored, with where they came from."""
    return {
        "intercept": constants.intercept,
        "weights": dict(zip(FEATURES, constants.weights, strict=True)),
        "floor": constants.floor,
        "provenance": {
            "command": "kpo eval calibrate",
            "set": f"{found.name} {found.digest}",
            "answerable": sum(answerable),
            "unanswerable": len(answerable) - sum(answerable),
            "rule": f"the highest floor that refuses at most {REFUSED:.0%} of the answerable questions",
        },
    }


def store(reranker: str, constants: dict[str, Any]) -> None:
    """Keep the constants of one reranker beside those of others."""
    stored = json.loads(CONSTANTS.read_text(encoding="utf-8")) | {reranker: constants}
    CONSTANTS.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def observed(assistant: Assistant, found: CaseSet) -> tuple[list[tuple[float, ...]], list[bool]]:
    """The features of each case that expects an answer or a refusal, and whether it expects an answer."""
    seen, answerable = [], []
    for case in found.cases:
        answer = assistant.answer(Question(case.question, case.after))
        if case.expect != "conversation" and answer.verdict != "conversation":
            seen.append(answer.features)
            answerable.append(case.expect == "answer")
    return seen, answerable


def fit(features: Sequence[Sequence[float]], answerable: Sequence[bool], *, refused: float = REFUSED) -> Constants:
    """Constants fitted to labelled questions: logistic regression (scikit-learn, L2, C = 1, features brought to unit variance).

    The floor is the highest that refuses at most the share `refused` of the answerable ones. With labels of only one kind nothing can
    be fitted: the constants then answer everything.
    """
    if len(set(answerable)) < 2:
        return Constants.open()
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    seen = np.array(features, dtype=np.float64)
    spread = seen.std(axis=0)
    spread[spread < STEADY] = 1.0  # a feature that never varies gets no weight
    model = LogisticRegression(max_iter=1000).fit(seen / spread, np.array(answerable))
    weights = tuple(round(float(weight), 4) for weight in model.coef_[0] / spread)
    fitted = Constants(round(float(model.intercept_[0]), 4), weights, 0.0)
    ordered = sorted(fitted.probability(row) for row, good in zip(features, answerable, strict=True) if good)
    at = min(int(refused * len(ordered)), len(ordered) - 1)
    return Constants(fitted.intercept, weights, math.floor(ordered[at] * 1e4) / 1e4)
