"""The head of a model made of the shipped cross-encoder: how many of its layers are read, and how a score is made of what the last of them says."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corpus.errors import ModelError

FITTED = Path(__file__).with_name("head.json")


@dataclass(frozen=True, slots=True)
class Head:
    """A score is `intercept` plus `weights` times what the top one of the lower `layers` makes of a pair: of its first token, then the mean of all.

    The score is on the scale of the whole model's logit, which it stands for.
    """

    layers: int
    intercept: float
    weights: tuple[float, ...]

    @property
    def digest(self) -> str:
        """Tells this head from others; part of the reranker's identity."""
        parts = [str(self.layers), f"{self.intercept:g}", *(f"{weight:g}" for weight in self.weights)]
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:12]

    def as_json(self) -> dict[str, Any]:
        return {"layers": self.layers, "intercept": self.intercept, "weights": " ".join(f"{weight:g}" for weight in self.weights)}


def shipped_head() -> Head:
    """The head that the reranker's training begins with (`kpo eval fit-head`). Raises ModelError when its file is damaged."""
    try:
        stored = json.loads(FITTED.read_text(encoding="utf-8"))
        return Head(stored["layers"], stored["intercept"], tuple(map(float, stored["weights"].split())))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{FITTED} is not a head of the reranker ({error})", "take it from the repository again") from error
