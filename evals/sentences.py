"""Labelled sentences: how often the check of drafts drops what its passage says, and how often it lets through what its passage does not say.

The even half (see evals.run.parity) is what the floors are chosen on, the odd half is what the error rates are reported on.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from assistant.check import Dropped, Floors, Judge, Source, Span, Support, against, beyond_doubt, parsed, unfit
from corpus.cut import cut
from corpus.document import Block, Contents, Document
from corpus.errors import EvalError
from evals.run import parity
from index.catalog import View
from index.search import common_words

DRAFTS = Path(__file__).parent / "drafts"
DEVELOPMENT = tuple(DRAFTS / f"{name}.yaml" for name in ("sentences", "free", "answers", "elsewhere"))  # their even halves choose the floors
PRACTICE = tuple(  # the adapter is trained on (evals.adapter)
    DRAFTS / f"{name}.yaml" for name in ("practice", "answers-practice", "passages-practice", "elsewhere-practice", "babble-practice")
)
APART = tuple(DRAFTS / f"{name}.yaml" for name in ("apart", "answers-apart", "elsewhere-apart"))  # neither chosen by nor looked at when rules are mended
LONGEST_TEXT = 254  # words of a text that a sentence carries: one passage
EATEN = 0.03  # share of the supported development sentences that the model may drop, of those that the rules do not doubt
LEAKED = 0.03  # share of the unsupported ones that the rules doubt, and that the model may let through nevertheless


@dataclass(frozen=True, slots=True)
class Labelled:
    """A sentence over passages, each told by its document and by how one of its units begins; `fault` is "" for a supported one.

    It cites the passages by their places, the first as [1]; without a marker it is over the first. A sentence over a text that no document of
    the handbook has carries that text: its title, its heading and its sentences.
    """

    places: tuple[tuple[str, str], ...]
    sentence: str
    fault: str
    given: tuple[str, str, str] | None = None

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
    """What was seen of a sentence: the `fault` that the rules find, "" for none, whether they doubt it, and how probable the model finds it."""

    labelled: Labelled
    fault: str
    doubted: bool
    probability: float


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
        groups = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        found = [
            Labelled(places, sentence, fault, given)
            for group in groups
            for given in [(group["title"], group["heading"], group["text"]) if "text" in group else None]
            for places in [() if given else tuple((place["document"], place["says"]) for place in group.get("passages", [group]))]
            for fault, sentence in (*(("", text) for text in group["good"]), *(pair for entry in group["bad"] for pair in entry.items()))
        ]
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise EvalError(f"{path} cannot be read: {error}", f"lay it out as {DEVELOPMENT[0]}") from error
    if not all(isinstance(value, str) and value for one in found for value in (*sum(one.places, one.given or ()), one.sentence)):
        raise EvalError(f"{path} has an entry that is not a text", f"lay it out as {DEVELOPMENT[0]}")
    return found


def sources_of(view: View, one: Labelled, common: str = "") -> list[Source]:
    """The passages that a sentence was written over, numbered from 1, `common` as for a Source. Raises EvalError when a document no longer has one."""
    if one.given:
        title, heading, text = one.given
        blocks = Block("heading", title, 1), Block("heading", heading, 2), Block("prose", text)
        document = Document.compose(f"given/{title}.md", Contents(blocks, "markdown", title=title))
        return [Source(number, passage, title, common) for number, passage in enumerate(cut(document, lambda part: len(part.split()), LONGEST_TEXT), 1)]
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


def resting(judge: Judge, view: View, found: Iterable[Labelled]) -> Iterator[tuple[Labelled, str, tuple[Span, ...]]]:
    """Each one, its sentence as the check reads it, and what that rests on."""
    common = _common(view)
    for one in found:
        sentence, cited = parsed(one.drafted)
        yield one, sentence, judge.rests_on(sentence, [source for source in sources_of(view, one, common) if source.number in cited])


def observed(judge: Judge, view: View, found: Iterable[Labelled]) -> Iterator[Observed]:
    """What is seen of each sentence of the development half."""
    for one, sentence, spans in resting(judge, view, (one for one in found if one.half == "even")):
        faults = against(sentence, spans)
        yield Observed(one, unfit(sentence) or beyond_doubt(faults), bool(faults), judge.probability(sentence, spans))


def choose(seen: Sequence[Observed], *, eaten: float = EATEN, leaked: float = LEAKED) -> Floors:
    """The floors that labelled sentences ask for, of those without a fault.

    The plain one is the highest that drops at most the share `eaten` of the supported sentences that the rules do not doubt; the other is the
    lowest that lets at most the share `leaked` of the unsupported ones that they doubt through. Raises EvalError when there are not both kinds.
    """
    passed = [one for one in seen if not one.fault]
    good = sorted(one.probability for one in passed if one.labelled.supported and not one.doubted)
    bad = sorted((one.probability for one in passed if not one.labelled.supported and one.doubted), reverse=True)
    if not good or not bad:
        raise EvalError("the labelled sentences are all of one kind", "write supported ones, and unsupported ones that the rules doubt")
    plain, doubted = good[min(int(eaten * len(good)), len(good) - 1)], bad[min(int(leaked * len(bad)), len(bad) - 1)]
    return Floors(math.floor(plain * 1e4) / 1e4, math.floor(doubted * 1e4 + 1) / 1e4)


def entry(floors: Floors, seen: Sequence[Observed], files: Sequence[Path]) -> dict[str, Any]:
    """The floors as they are stored, with where they came from."""
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    return {
        "plain": floors.plain,
        "doubted": floors.doubted,
        "provenance": {
            "command": "kpo eval calibrate-check",
            "set": f"{'+'.join(file.stem for file in files)} {digest}",
            "supported": sum(one.labelled.supported for one in seen),
            "unsupported": sum(not one.labelled.supported for one in seen),
            "rule": f"plain: the highest that drops at most {EATEN:.0%} of the supported sentences that the rules do not doubt; "
            f"doubted: the lowest that lets at most {LEAKED:.0%} of the unsupported ones that they doubt through",
        },
    }
