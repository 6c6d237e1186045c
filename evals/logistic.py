"""Logistic regression over named features and, behind them, the reranker's impressions: what the floor and the selection are fitted by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.floor import Constants
from assistant.selection import Selection

STEADY = 1e-9  # standard deviation below which a feature does not vary: that of equal numbers is not exactly 0
# What the numbers of an impression are shrunk to, in standard deviations, beside the named features' 1: several hundred numbers that say
# little each are held back by the same penalty (C = 1). Half or twice as much gave the same on the development questions.
SHRUNK = 0.1


@dataclass(frozen=True, slots=True)
class Logistic:
    """P = 1 / (1 + exp(-(intercept + sum of weight * feature)))."""

    intercept: float
    weights: tuple[float, ...]


def regressed(rows: Sequence[Sequence[float]], labels: Sequence[bool], *, named: int) -> Logistic | None:
    """The model (scikit-learn, L2, C = 1) for rows of features, the first `named` brought to unit variance; None for labels of one kind only."""
    if len(set(labels)) < 2:
        return None
    from sklearn.linear_model import LogisticRegression

    seen = np.array(rows, dtype=np.float64)
    spread = seen.std(axis=0)
    spread[spread < STEADY] = math.inf  # a feature that never varies gets no weight
    spread[named:] /= SHRUNK
    middle = seen.mean(axis=0)
    model = LogisticRegression(max_iter=1000).fit((seen - middle) / spread, np.array(labels))
    weights = [round(float(weight), 4) for weight in model.coef_[0] / spread]
    return Logistic(round(float(model.intercept_[0] - np.dot(weights, middle)), 4), tuple(weights))


def as_stored(fitted: Constants | Selection, names: Sequence[str]) -> dict[str, Any]:
    """What both keep in their files: the intercept, the weights of the named features, and those of the impression in one line."""
    return {
        "intercept": fitted.intercept,
        "weights": dict(zip(names, fitted.weights, strict=True)),
        "impression": " ".join(f"{weight:g}" for weight in fitted.impression),
    }
