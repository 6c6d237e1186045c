"""What belongs to an answer is fitted: units that were read, each with how much of it its case or its reference answer says."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.answer import Citation, Segment
from assistant.ask import Assistant, Extractive
from assistant.evidence import Evidence
from assistant.floor import Constants
from assistant.question import Kind, Question
from assistant.selection import FEATURES, Selection, features
from corpus.terms import Term
from evals.calibrate import calibration, practice
from evals.cases import Case, CaseSet, merged
from evals.logistic import as_stored, regressed
from evals.metrics import facts_said
from index.catalog import View
from index.search import Retrieval

# How many times as much it matters to miss nothing as to say nothing besides: where a fact is asked for, and where the answer should be as long as
# the reference. Of 3 to 6 for facts: of 324 even questions 282 are answered with all of theirs at 3, 283 at 4, 286 at 5 and at 6, which only says more.
FACTS, WHOLE = 5.0, 1.0


@dataclass(frozen=True, slots=True)
class Told:
    """The units read for one question: what is seen of each, and whether it belongs to the answer."""

    seen: tuple[tuple[float, ...], ...]
    belongs: tuple[bool, ...]

    @classmethod
    def of(cls, evidence: Sequence[Evidence], belongs: Sequence[bool]) -> "Told":
        """The evidence that was read for a question, and which of it belongs."""
        return cls(tuple(features(evidence)), tuple(belongs))


def labelled() -> CaseSet:
    """What the product's selection is fitted on: the sets that are never reported on."""
    return merged([calibration(), practice()])


class _Listener(Extractive):
    """Keeps what it is given to compose an answer of."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: Sequence[Evidence] = ()

    def __call__(
        self, question: str, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        self.heard = evidence
        return super().__call__(question, kind, evidence, terms, view)


def observed(retrieval: Retrieval, cases: Iterable[Case]) -> Iterator[Told]:
    """What is read for each case that expects key facts, whatever the floor says: a unit belongs when it says one of them."""
    listener = _Listener()
    assistant = Assistant(retrieval, listener, Constants.open())
    for case in cases:
        if case.expect == "answer" and case.must_say:
            listener.heard = []
            assistant.answer(Question(case.question, case.after))
            yield Told.of(listener.heard, [facts_said(e.text, case.must_say) > 0.0 for e in listener.heard])


def fit(questions: Sequence[Told], beta: float) -> Selection:
    """The selection fitted to these questions; an even one when nothing can be told apart."""
    rows = [row for one in questions for row in one.seen]
    model = regressed(rows, [belongs for one in questions for belongs in one.belongs], named=len(FEATURES))
    return Selection(model.intercept, model.weights[: len(FEATURES)], model.weights[len(FEATURES) :], beta) if model else Selection.even()


def entry(selection: Selection, found: CaseSet, questions: Sequence[Told]) -> dict[str, Any]:
    """The selection as it is stored, with where it came from."""
    return as_stored(selection, FEATURES) | {
        "beta": selection.beta,
        "provenance": {
            "command": "kpo eval fit-selection", "set": f"{found.name} {found.digest}", "questions": len(questions),
            "units": sum(len(one.seen) for one in questions),
        },
    }
