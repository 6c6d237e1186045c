"""Labelled sentences: how often the check of drafts drops what its passage says, and how often it lets through what its passage does not say.

The even half (see evals.run.parity) is what constants are fitted on, the odd half is what the error rates are reported on.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from assistant.check import FEATURES, Constants, Dropped, Judge, Source, Support, against, parsed, unfit
from corpus.errors import EvalError
from evals.calibrate import STEADY
from evals.run import parity
from index.catalog import View
from index.search import common_words

SHIPPED = Path(__file__).parent / "drafts" / "sentences.yaml"
EATEN = 0.01  # share of the supported development sentences that the models may drop, beside those that the rules drop


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence over passages, each told by its document and by how one of its units begins; `fault` is "" for a supported one.

    It cites the passages by their places, the first as [1]; without a marker it is over the first.
    """

    places: tuple[tuple[str, str], ...]
    sentence: str
    fault: str

    @property
    def drafted(self) -> str:
        return self.sentence if "[" in self.sentence else f"{self.sentence} [1]"

    @property
    def supported(self) -> bool:
        return not self.fault

    @property
    def half(self) -> str:
        """"even" is for development, "odd" is kept apart."""
        return parity(self.sentence)


@dataclass(frozen=True, slots=True)
class Rates:
    """What the check did with one half: `eaten` of `good` sentences dropped, `missed` of `bad` ones let through."""

    good: int
    eaten: tuple[tuple[Labelled, str], ...]
    bad: int
    missed: tuple[Labelled, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.eaten)} of {self.good} supported sentences dropped ({len(self.eaten) / max(1, self.good):.1%}), "
            f"{len(self.missed)} of {self.bad} unsupported let through ({len(self.missed) / max(1, self.bad):.1%})"
        )


def load(path: Path) -> list[Labelled]:
    """The sentences of a file. Raises EvalError when it cannot be read or is not laid out as the shipped one."""
    try:
        groups = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = [
            Labelled(tuple((place["document"], place["says"]) for place in group.get("passages", [group])), sentence, fault)
            for group in groups
            for fault, sentence in (*(("", text) for text in group["good"]), *(pair for entry in group["bad"] for pair in entry.items()))
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise EvalError(f"{path} cannot be read: {error}", f"lay it out as {SHIPPED}") from error
    if not all(isinstance(value, str) and value for one in found for value in (*sum(one.places, ()), one.sentence)):
        raise EvalError(f"{path} has an entry that is not a text", f"lay it out as {SHIPPED}")
    return found


def sources_of(view: View, one: Labelled, common: str = "") -> list[Source]:
    """The passages that a sentence was written over, numbered from 1, `common` as for a Source. Raises EvalError when a document no longer has one."""
    return [_source(view, number, document, says, common) for number, (document, says) in enumerate(one.places, 1)]


def _source(view: View, number: int, document: str, says: str, common: str) -> Source:
    for passage in view.passages_of(document):
        if any(passage.quote(unit).startswith(says) for unit in passage.units):
            whole = view.document(document)
            return Source(number, passage, whole.title if whole else "", common)
    raise EvalError(f"{document} has no sentence that begins with {says!r}", "bring the labelled sentences up to date with the documents")


def _common(view: View) -> str:
    return " ".join(sorted(common_words(view)))


def rates(judge: Judge, view: View, found: Sequence[Labelled], half: str) -> Rates:
    """What the check does with the sentences of one half."""
    eaten: list[tuple[Labelled, str]] = []
    missed: list[Labelled] = []
    chosen = [one for one in found if one.half == half]
    common = _common(view)
    for one in chosen:
        verdict = judge.check(one.drafted, sources_of(view, one, common))
        if one.supported and isinstance(verdict, Dropped):
            eaten.append((one, verdict.why))
        elif not one.supported and isinstance(verdict, Support):
            missed.append(one)
    return Rates(sum(one.supported for one in chosen), tuple(eaten), sum(not one.supported for one in chosen), tuple(missed))


def observed(judge: Judge, view: View, found: Iterable[Labelled]) -> Iterator[tuple[Labelled, str, tuple[float, ...]]]:
    """Each sentence of the development half with what the rules say of it ("" for nothing) and its features."""
    common = _common(view)
    for one in found:
        if one.half == "even":
            sentence, cited = parsed(one.drafted)
            spans = judge.rests_on(sentence, [source for source in sources_of(view, one, common) if source.number in cited])
            yield one, unfit(sentence) or next(iter(against(sentence, spans)), ""), judge.features(sentence, spans)


def fit(seen: Sequence[tuple[Labelled, str, tuple[float, ...]]], *, eaten: float = EATEN) -> Constants:
    """Constants fitted to labelled sentences: logistic regression (scikit-learn, L2, C = 1, features brought to unit variance).

    The floor is the highest that drops at most the share `eaten` of the supported sentences that pass the rules. All sentences are fitted on,
    those that the rules catch too. Raises EvalError when there are not both kinds.
    """
    if len({one.supported for one, _, _ in seen}) < 2:
        raise EvalError("the labelled sentences are all of one kind", "write supported and unsupported ones")
    from sklearn.linear_model import LogisticRegression

    features = np.array([row for _, _, row in seen], dtype=np.float64)
    spread = features.std(axis=0)
    spread[spread < STEADY] = 1.0  # a feature that never varies gets no weight
    model = LogisticRegression(max_iter=1000).fit(features / spread, np.array([one.supported for one, _, _ in seen]))
    weights = tuple(round(float(weight), 4) for weight in model.coef_[0] / spread)
    fitted = Constants(round(float(model.intercept_[0]), 4), weights, 0.0)
    ordered = sorted(fitted.probability(row) for one, fault, row in seen if one.supported and not fault)
    return Constants(fitted.intercept, weights, math.floor(ordered[int(eaten * len(ordered))] * 1e4) / 1e4)


def entry(constants: Constants, seen: Sequence[tuple[Labelled, str, tuple[float, ...]]], file: Path, digest: str) -> dict[str, Any]:
    """The constants as they are stored, with where they came from."""
    return {
        "intercept": constants.intercept,
        "weights": dict(zip(FEATURES, constants.weights, strict=True)),
        "floor": constants.floor,
        "provenance": {
            "command": "kpo eval calibrate-check",
            "set": f"{file.stem} {digest}",
            "supported": sum(one.supported for one, _, _ in seen),
            "unsupported": sum(not one.supported for one, _, _ in seen),
            "rule": f"the highest floor that drops at most {EATEN:.0%} of the supported sentences of the even half that pass the rules",
        },
    }
