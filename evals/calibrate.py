"""Calibration: the floor's constants are fitted on labelled questions and stored with where they came from."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from assistant.ask import Assistant
from assistant.floor import FEATURES, Constants, logit
from assistant.question import Question
from corpus.sources import Source
from evals.cases import SETS, Case, CaseSet, load, merged
from evals.logistic import as_stored, regressed
from evals.metrics import facts_said
from evals.run import by_hash, planned, score
from index.catalog import Catalog
from index.ingest import add_documents
from index.search import Retrieval

REFUSED = 0.06  # share of the answerable development questions, each held out, that the floor may refuse: of others it is then fewer
FOLDS = 5  # a question's held-out probability comes from a model fitted on the other four fifths


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of a question. `right`: its case passed. `besides`: it is only fitted on, and no floor is chosen by it."""

    case: str
    features: tuple[float, ...]
    answerable: bool
    right: bool
    besides: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """Constants with a floor of 0, and for each question its probability by a model that saw neither it nor its group."""

    constants: Constants
    held_out: tuple[float, ...]


def development() -> CaseSet:
    """What constants are fitted on, and the floor is chosen by: the even halves of the sets whose odd ones are reported."""
    whole = (load(SETS / f"{name}.yaml") for name in ("advice", "sources", "staff"))
    return merged([replace(found, cases=tuple(planned(found, half="even"))) for found in whole])


def calibration() -> CaseSet:
    """What constants are fitted on besides: questions that have taught the reranker, of which it knows too much to choose a floor by."""
    return load(SETS / "calibration.yaml")


def practice() -> CaseSet:
    """More of them, which are harder than those that people ask."""
    return load(SETS / "practice.yaml")


def entry(constants: Constants, found: CaseSet, seen: Sequence[Observed]) -> dict[str, Any]:
    """The constants as they are stored, with where they came from."""
    return as_stored(constants, FEATURES) | {
        "floor": constants.floor,
        "sure": list(constants.sure),
        "provenance": {
            "command": "kpo eval calibrate",
            "set": f"{found.name} {found.digest}",
            "answerable": sum(one.answerable and not one.besides for one in seen),
            "unanswerable": sum(not one.answerable and not one.besides for one in seen),
            "besides": sum(one.besides for one in seen),
            "rule": f"the highest floor that refuses at most {REFUSED:.1%} of the answerable questions, each held out of the fit",
        },
    }


def store(file: Path, constants: dict[str, dict[str, Any]]) -> None:
    """Keep constants by their keys, which name models, beside those of other models."""
    stored = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    file.write_text(json.dumps(stored | constants, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def without_questions(retrieval: Retrieval, folder: Path) -> Retrieval:
    """The same documents and models, over a catalog in `folder`, without the questions that their sections list: as most documents are."""
    with retrieval.reading() as view:
        documents = [replace(found, asked=()) for entry in view.entries() if (found := view.document(entry.id))]
    catalog = Catalog(folder)
    for _ in add_documents(catalog, retrieval.embedder, Source("calibration", folder), documents):
        pass
    return Retrieval(catalog, retrieval.embedder, retrieval.reranker)


def observed(assistant: Assistant, cases: Iterable[Case], *, besides: bool = False, again: bool = True) -> list[Observed]:
    """What an assistant with an open floor sees of each case that expects an answer or a refusal.

    Every case with an answer is asked `again` with the documents of its `must_cite` left out. The same words then have no answer, so
    that the constants cannot learn from the wording alone which questions to refuse; unless what is quoted still says it, which counts
    for nothing.
    """
    with assistant.retrieval.reading() as view:
        documents = {entry.id for entry in view.entries()}
    seen: list[Observed] = []
    for case in cases:
        answer = assistant.answer(Question(case.question, case.after))
        if case.expect == "conversation" or answer.verdict == "conversation":
            continue
        good = case.expect == "answer"
        seen.append(Observed(case.id, answer.features, good, good and score(case, answer, documents).passed, besides))
        if good and case.must_cite and again:
            seen += _left_out(assistant, case, documents)
    return seen


def _left_out(assistant: Assistant, case: Case, documents: set[str]) -> list[Observed]:
    others = frozenset(documents - {place.document for place in case.must_cite})
    answer = assistant.answer(Question(case.question, case.after, others))
    if not answer.citations or (case.must_say and facts_said(answer.text, case.must_say) == 1.0):
        return []
    return [Observed(case.id, answer.features, answerable=False, right=False, besides=True)]


def calibrated(seen: Sequence[Observed]) -> Constants:
    """Constants for the product: the floor and the confidence are chosen by the questions as they were asked, each held out of the fit."""
    fitted = fit([one.features for one in seen], [one.answerable for one in seen], [one.case for one in seen])
    asked = [(one, held) for one, held in zip(seen, fitted.held_out, strict=True) if not one.besides]
    constants = with_floor(fitted.constants, [held for _, held in asked], [one.answerable for one, _ in asked], refused=REFUSED)
    answered = [(held, one.right) for one, held in asked if held >= constants.floor]
    return replace(constants, sure=_sure([held for held, _ in answered], [right for _, right in answered]))


def fit(features: Sequence[Sequence[float]], answerable: Sequence[bool], groups: Sequence[str]) -> Fitted:
    """Constants fitted to labelled questions: logistic regression.

    Questions of one group (one passage, one case) are held out together. Those without an impression, where others have one, found nothing:
    they are no part of the fit, and their probability is 0. With labels of only one kind nothing can be fitted: the constants then answer
    everything.
    """
    width = max(map(len, features), default=0)
    full = [at for at, row in enumerate(features) if len(row) == width]
    if len({answerable[at] for at in full}) < 2:
        return Fitted(Constants.open(), (0.5,) * len(features))
    rows, labels = [features[at] for at in full], [answerable[at] for at in full]
    folds = [int(by_hash(groups[at]), 16) // 2 % FOLDS for at in full]  # the last bit is a set's half, see evals.run
    held_out = [0.0] * len(features)
    for fold in range(FOLDS):
        rest = [n for n, one in enumerate(folds) if one != fold]
        model = _logistic([rows[n] for n in rest], [labels[n] for n in rest])
        for n, one in enumerate(folds):
            if one == fold:
                held_out[full[n]] = model.probability(rows[n])
    return Fitted(_logistic(rows, labels), tuple(held_out))


def _logistic(features: Sequence[Sequence[float]], answerable: Sequence[bool]) -> Constants:
    model = regressed(features, answerable, named=len(FEATURES))
    return Constants(model.intercept, model.weights[: len(FEATURES)], 0.0, model.weights[len(FEATURES) :]) if model else Constants.open()


def with_floor(
    constants: Constants, probabilities: Sequence[float], answerable: Sequence[bool], *, refused: float, caught: float | None = None
) -> Constants:
    """The constants with a floor chosen on labelled probabilities.

    It is the highest that refuses at most the share `refused` of the answerable questions; or, where `caught` is given, the lowest that
    refuses at least that share of the unanswerable ones, whatever it costs. Without questions of the kind that decides, it stays.
    """
    ordered = sorted(p for p, good in zip(probabilities, answerable, strict=True) if good == (caught is None))
    if not ordered:
        return constants
    if caught is None:
        at = min(int(refused * len(ordered)), len(ordered) - 1)
        return replace(constants, floor=math.floor(ordered[at] * 1e4) / 1e4)
    at = math.ceil(caught * len(ordered)) - 1
    return replace(constants, floor=math.floor(ordered[at] * 1e4 + 1) / 1e4 if at >= 0 else 0.0)


def _sure(probabilities: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """Slope and intercept that turn the z of these answers into how probable it is that they are right; (1, 0) with only one kind."""
    if len(set(right)) < 2:
        return 1.0, 0.0
    from sklearn.linear_model import LogisticRegression

    z = np.array([[logit(p)] for p in probabilities])
    model = LogisticRegression(max_iter=1000).fit(z, np.array(right))
    return round(float(model.coef_[0][0]), 4), round(float(model.intercept_[0]), 4)
