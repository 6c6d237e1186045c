"""Labelled sentences: how often the check of drafts drops what its passage says, and how often it lets through what its passage does not say.

The even half (see evals.run.parity) is what constants are fitted on, the odd half is what the error rates are reported on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistant.check import FEATURES, Dropped, Judge, Source, Support, against, parsed, unfit
from assistant.floor import Constants
from corpus.errors import EvalError
from evals import calibrate
from evals.run import parity
from index.catalog import View
from index.search import common_words

DRAFTS = Path(__file__).parent / "drafts"
DEVELOPMENT = tuple(DRAFTS / f"{name}.yaml" for name in ("sentences", "free", "answers"))  # their even halves are fitted on, and choose the floor
PRACTICE = tuple(DRAFTS / f"{name}.yaml" for name in ("practice", "answers-practice"))  # fitted on besides
APART = tuple(DRAFTS / f"{name}.yaml" for name in ("apart", "answers-apart"))  # neither fitted on nor looked at when rules are mended
PRACTISED = 0.3  # for how many of the others one of those counts
EATEN = 0.06  # share of the supported development sentences that the models may drop, beside those that the rules drop


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
class Observed:
    """What was seen of a sentence: the `fault` that the rules find, "" for none, and the features. `besides`: it is only fitted on."""

    labelled: Labelled
    fault: str
    features: tuple[float, ...]
    besides: bool = False


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
        raise EvalError(f"{path} cannot be read: {error}", f"lay it out as {DEVELOPMENT[0]}") from error
    if not all(isinstance(value, str) and value for one in found for value in (*sum(one.places, ()), one.sentence)):
        raise EvalError(f"{path} has an entry that is not a text", f"lay it out as {DEVELOPMENT[0]}")
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
    """What the check does with the sentences of one half, or of "all"."""
    eaten: list[tuple[Labelled, str]] = []
    missed: list[Labelled] = []
    chosen = [one for one in found if half in ("all", one.half)]
    common = _common(view)
    for one in chosen:
        verdict = judge.check(one.drafted, sources_of(view, one, common))
        if one.supported and isinstance(verdict, Dropped):
            eaten.append((one, verdict.why))
        elif not one.supported and isinstance(verdict, Support):
            missed.append(one)
    return Rates(sum(one.supported for one in chosen), tuple(eaten), sum(not one.supported for one in chosen), tuple(missed))


def observed(judge: Judge, view: View, found: Iterable[Labelled], *, besides: bool = False) -> Iterator[Observed]:
    """What is seen of each sentence of the development half; with `besides` of each sentence."""
    common = _common(view)
    for one in found:
        if besides or one.half == "even":
            sentence, cited = parsed(one.drafted)
            spans = judge.rests_on(sentence, [source for source in sources_of(view, one, common) if source.number in cited])
            yield Observed(one, unfit(sentence) or next(iter(against(sentence, spans)), ""), judge.features(sentence, spans), besides)


def fit(seen: Sequence[Observed], *, eaten: float = EATEN) -> Constants:
    """Constants fitted to the labelled sentences that pass the rules, as those of the floor are (`evals.calibrate.fit`).

    The floor is the highest that drops at most the share `eaten` of the supported ones, each held out of the fit; those that are fitted on
    `besides` have no say in that. Raises EvalError when there are not both kinds.
    """
    passed = [one for one in seen if not one.fault]
    supported = [one.labelled.supported for one in passed]
    if len(set(supported)) < 2:
        raise EvalError("the labelled sentences are all of one kind", "write supported and unsupported ones")
    groups = [" ".join(says for _, says in one.labelled.places) for one in passed]
    counts = [PRACTISED if one.besides else 1.0 for one in passed]
    fitted = calibrate.fit([one.features for one in passed], supported, groups, named=len(FEATURES), counts=counts)
    own = [at for at, one in enumerate(passed) if not one.besides]
    return calibrate.with_floor(fitted.constants, [fitted.held_out[at] for at in own], [supported[at] for at in own], refused=eaten)


def entry(constants: Constants, seen: Sequence[Observed], files: Sequence[Path]) -> dict[str, Any]:
    """The constants as they are stored, with where they came from."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    return {
        "intercept": constants.intercept,
        "weights": dict(zip(FEATURES, constants.weights, strict=True)),
        "impression": " ".join(f"{weight:g}" for weight in constants.impression),
        "floor": constants.floor,
        "provenance": {
            "command": "kpo eval calibrate-check",
            "set": f"{'+'.join(file.stem for file in files)} {digest}",
            "supported": sum(one.labelled.supported and not one.besides for one in seen),
            "unsupported": sum(not one.labelled.supported and not one.besides for one in seen),
            "besides": sum(one.besides for one in seen),
            "rule": f"the highest floor that drops at most {EATEN:.0%} of the supported sentences that pass the rules, each held out of the fit",
        },
    }
