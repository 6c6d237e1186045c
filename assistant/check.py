"""The check of drafted sentences: what a language model has written is shown only when a sentence of its sources says it.

Rules (assistant.claims) look for what can be named: numbers, names, negations, strength. A model tells how probable it is that what a sentence
rests on bears it out; that must be above a floor, and above a far higher one where a rule finds what free wording does as well. A sentence that
passes becomes a Support, which goes through the rules again when it is built: an unchecked sentence cannot be put into an answer.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from assistant.claims import DOUBTS, content, faults
from assistant.floor import logistic
from corpus.document import Passage, Unit, header_of
from corpus.errors import ConfigError
from index.rerank import Reranker

FLOORS = Path(__file__).parent / "check.json"
MOST_UNITS = 8  # sentences or list items of its sources that one drafted sentence may rest on
LONGEST = 600  # characters of a sentence; what is longer is no sentence
SHORTEST = 3  # words of a sentence that claims something
ENTAILED = 0.5  # probability of entailment that an NLI model must give, where one is configured


class Nli(Protocol):
    """The seam for a natural language inference model."""

    def entails(self, premise: str, hypothesis: str) -> float:
        """The probability, in 0..1, that the hypothesis follows from the premise."""


@dataclass(frozen=True, slots=True)
class Source:
    """A passage as it was given to the model: under a number, with its document's title, and the words that nearly every passage is about."""

    number: int
    passage: Passage
    title: str
    common: str = ""

    @property
    def about(self) -> str:
        """Where the passage stands: title, headings, lead-in or header row, and what all the documents are about."""
        return "\n".join(part for part in (self.title, self.passage.heading, self.passage.context, self.common) if part)

    @property
    def said(self) -> str:
        """What the passage says, without the numbers of its list items."""
        return " ".join(self.passage.quote(unit) for unit in self.passage.units)


@dataclass(frozen=True, slots=True)
class Span:
    """The part of a source that a sentence rests on: `start` and `end` are offsets into the document."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The part, verbatim."""
        return self.source.passage.text[self.start - self.source.passage.start : self.end - self.source.passage.start]

    @property
    def units(self) -> list[str]:
        """The sentences or list items of the part."""
        return [self.source.passage.quote(unit) for unit in self._units]

    @property
    def placed(self) -> str:
        """The part behind where it stands, which is what the models read."""
        where = dict.fromkeys((self.source.title, *self.source.passage.context.split(" > ")))
        return f"{' > '.join(part for part in where if part)}: {' '.join(self.units)}"

    @property
    def places(self) -> str:
        """The places of the part's items in a numbered list, each as a number that `assistant.claims` takes for a place ("2th 3th"); "" for other text."""
        return " ".join(f"{unit.marker[:-1]}th" for unit in self._units if unit.marker[:-1].isdigit())

    @property
    def _units(self) -> list[Unit]:
        return [unit for unit in self.source.passage.units if self.start <= unit.start and unit.end <= self.end]


@dataclass(frozen=True, slots=True)
class Floors:
    """How probable, in 0..1, it must be that a sentence is borne out: where the rules find nothing, and where they doubt it."""

    plain: float
    doubted: float

    @classmethod
    def open(cls) -> "Floors":
        """What the rules do not doubt passes, and nothing else."""
        return cls(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Support:
    """A drafted sentence with the spans that say it: what is in an answer has been checked.

    `floor` is the probability that it needs, `doubted` the one that it needs where the rules doubt it. Raises ValueError for a sentence with a
    fault that is beyond doubt, and for one whose probability is lower.
    """

    sentence: str
    spans: tuple[Span, ...]
    probability: float
    floor: float
    doubted: float = 1.0  # as in answers that were kept when there was no second floor

    def __post_init__(self) -> None:
        found = against(self.sentence, self.spans)
        why = unfit(self.sentence) or why_dropped(found, self.probability, Floors(self.floor, self.doubted))
        if why or self.probability > 1.0:
            raise ValueError(f"the sentence {self.sentence[:60]!r} is not supported: {why} (probability {self.probability})")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A drafted sentence that must not be shown, and why."""

    sentence: str
    why: str


@lru_cache(maxsize=8)
def floors_for(models: str) -> Floors:
    """The floors chosen for these models. Raises ConfigError, naming the command, when there are none."""
    stored: dict[str, Any] = json.loads(FLOORS.read_text(encoding="utf-8"))
    if models not in stored:
        raise ConfigError(f"no calibration of the check for the models {models}", "run `kpo eval calibrate-check`, or set the models back")
    return Floors(float(stored[models]["plain"]), float(stored[models]["doubted"]))


def models_of(reranker: Reranker, entailment: Reranker) -> str:
    """The name under which the floors of these models are kept."""
    return f"{entailment.identity}+{reranker.identity}"


_NUMBERS = r"\[\s*(\d{1,4}(?:\s*[,;]\s*\d{1,4})*)\s*\]"
_MARKER = re.compile(rf"(?<!\s)\s*+{_NUMBERS}")
# Each blank can be matched in one way only: in two ways, a long row of markers would take for ever.
_ROW = rf"{_NUMBERS}(?:\s*+,?+\s*+(?:and)?+\s*+{_NUMBERS})*"
_MARKERS = rf"\s*+{_ROW}"
# Words about the passages themselves, which go with their markers: "According to [1], …", "As passage [1] says, …", "… (see [1])".
_LEAD = re.compile(
    rf"^(?:according to|as|in|per|from)(?: the)?(?: passages?| sources?)?{_MARKERS}(?: (?:says?|states?|notes?|explains?|shows?|puts? it))?,\s+", re.I
)
_ASIDE = re.compile(rf"(?<!\s)\s*+\((?:see|cf\.|from|passages?|sources?|[:,\s])*{_ROW}\)", re.I)
# Words that a marker must follow for the sentence to be one.
_LEANING = re.compile(
    rf"\b(?:(?:according to|see|and|or){_MARKERS}|(?:to|in|by|of|from|per|with|on|at|for|as|passages?|sources?){_MARKERS},?\s+\w)", re.I
)
_BULLET = re.compile(r"^\s*(?:[-*•·–]\s+|#{1,6}\s+|\(?\d{1,2}[.)]\s+|>\s*)+")
_EMPHASIS = re.compile(r"\*\*|__|`+|(?<!\w)[*_](?=[\w\[\"“])|(?<=[\w.!?,\]\"”])[*_](?!\w)")
_STOPS = re.compile(rf"([.!?][\"”’')]*){_MARKERS}\s*\.\s*$")
_HIDDEN = ("Cc", "Cf", "Co", "Cs", "Cn")  # Unicode categories of what is not seen, or turns round what follows
# "The passage is about choosing a provider.", "The passage is not allowed to name the client.": the reader has asked for what it says.
_OF_PASSAGES = re.compile(
    r"(?:this|these|the) (?:\w+ )?(?:passages?|texts?) (?:is|are|was|were|has|have|can|may|must|should|will)(?! (?:silent|unclear|no)\b)", re.I
)
_WHOLE = re.compile(r"[.!][\"”’')]*$")
_LINK = re.compile(
    r"~~|https?:|www\.|\b[\w.+-]+@[\w-]+\.\w|\]\(|!\[|<\s*/?\s*[a-z!]|&#?\w+;|javascript:|data:\w+/|"
    r"\b[\w-]+\.(?:com|net|org|io|example|dev|info|biz|xyz|ru|cn|co\.\w\w)\b", re.I
)


def parsed(drafted: str) -> tuple[str, tuple[int, ...]]:
    """A drafted sentence as plain text, and the numbers it cites, in the order they come. No text and no numbers for a blank one."""
    cited = [int(number) for match in _MARKER.finditer(drafted) for number in re.findall(r"\d+", match[1])]
    plain = _told(drafted)
    spaced = " ".join(_MARKER.sub("", _STOPS.sub(r"\1", plain)).split())
    return re.sub(r"\s+(?=[.,;:!?](?:\s|$))", "", spaced), tuple(dict.fromkeys(cited))


def _told(drafted: str) -> str:
    """A drafted sentence with the markers that stand for nothing, and without decoration and words about the passages themselves."""
    plain = _EMPHASIS.sub("", _BULLET.sub("", drafted))
    told = _LEAD.sub("", _ASIDE.sub("", plain))
    return told if told[:1] == plain[:1] else told[:1].upper() + told[1:]


def unfit(sentence: str) -> str:
    """Why a text is no sentence to be shown at all; "" when it may be."""
    if len(sentence) > LONGEST:
        return "too long for one sentence"
    if _LINK.search(sentence):
        return "it holds a link, an address or markup"
    if any(unicodedata.category(c) in _HIDDEN for c in sentence):
        return "it holds a character that is not seen"
    if "[" in sentence or "]" in sentence:
        return "it holds a marker that is none"
    if len(sentence.split()) < SHORTEST or not content(sentence) or _OF_PASSAGES.match(sentence):
        return "it claims nothing"
    if sentence.endswith("?"):
        return "it is a question"
    return "" if _WHOLE.search(sentence) else "it is not a whole sentence"


def against(sentence: str, spans: Sequence[Span]) -> list[str]:
    """The faults that the rules find in a sentence that rests on these spans; "no source" for no spans."""
    if not spans:
        return ["it names no source"]
    sources = list(dict.fromkeys(span.source.number for span in spans))
    by_number = {span.source.number: span.source for span in spans}
    about = "\n".join((*(by_number[number].about for number in sources), *(span.places for span in spans)))
    given = "\n".join(f"{by_number[number].about}\n{by_number[number].said}" for number in sources)
    return list(faults(sentence, [unit for span in spans for unit in span.units], about, given))


def beyond_doubt(found: Sequence[str]) -> str:
    """The first of the faults that no model overrules; "" for none."""
    return next((why for why in found if why not in DOUBTS), "")


def why_dropped(found: Sequence[str], probability: float, floors: Floors) -> str:
    """Why a sentence with these faults must be dropped; "" when it may be shown: nothing is beyond doubt, and it is as probable as its floor asks for."""
    if (fault := beyond_doubt(found)) or probability >= (floors.doubted if found else floors.plain):
        return fault
    return found[0] if found else "no sentence of its sources says it"


class Judge:
    """Checks sentences against their sources. Safe for threads.

    `reranker` finds what a sentence rests on; `entailment` scores whether a text bears a sentence out, as a logit.
    """

    def __init__(self, reranker: Reranker, entailment: Reranker, *, floors: Floors | None = None, nli: Nli | None = None) -> None:
        self._reranker = reranker
        self._entailment = entailment
        self._floors = floors or floors_for(models_of(reranker, entailment))
        self._nli = nli

    def check(self, drafted: str, sources: Sequence[Source]) -> Support | Dropped:
        """A drafted sentence with its markers: the Support that proves it, or why it must be dropped."""
        sentence, cited = parsed(drafted)
        why = unfit(sentence)
        if why:
            return Dropped(sentence, why)
        known = {source.number: source for source in sources}
        if not cited:
            return Dropped(sentence, "it names no source")
        if _LEANING.search(_told(drafted)):
            return Dropped(sentence, "it does not read on without its marker")
        if any(number not in known for number in cited):
            return Dropped(sentence, "it names a source that was not given")
        spans = self.rests_on(sentence, [known[number] for number in cited])
        found = against(sentence, spans)
        probability = 0.0 if beyond_doubt(found) else self.probability(sentence, spans)
        why = why_dropped(found, probability, self._floors)
        if why:
            return Dropped(sentence, why)
        if self._nli is not None and self._nli.entails(" ".join(span.text for span in spans), sentence) < ENTAILED:
            return Dropped(sentence, "it does not follow from its sources")
        return Support(sentence, spans, probability, self._floors.plain, self._floors.doubted)

    def rests_on(self, sentence: str, sources: Sequence[Source]) -> tuple[Span, ...]:
        """The best span of each source that adds something, in the order of the sources; empty only for no sources.

        It begins with the unit that the cross-encoder and the shared words like best; others join while they say more of the sentence's words.
        """
        units = [(source, at, unit) for source in sources for at, unit in enumerate(source.passage.units)]
        if not units:
            return ()
        wanted = set(content(sentence))
        said = [set(content(source.passage.quote(unit))) for source, _, unit in units]
        scores = self._reranker.score(sentence, [_in_place(source, unit) for source, _, unit in units])
        worth = [score / 10 + 1.5 * len(wanted & words) / max(1, len(wanted)) for score, words in zip(scores, said, strict=True)]
        best = max(range(len(units)), key=lambda at: (worth[at], -at))
        chosen = [best]
        told = said[best] | set(content(units[best][0].about))
        while len(chosen) < MOST_UNITS and wanted - told:
            left = [at for at in range(len(units)) if at not in chosen]
            more = max(left, key=lambda at: (len((wanted - told) & said[at]), worth[at], -at), default=None)
            if more is None or not self._adds(units, chosen, more, (wanted - told) & said[more]):
                break
            chosen.append(more)
            told |= said[more]
        spans = []
        for source in sources:
            mine = [units[at][2] for at in sorted(chosen) if units[at][0] is source]
            if mine:
                spans.append(Span(source, min(unit.start for unit in mine), max(unit.end for unit in mine)))
        return tuple(spans)

    @staticmethod
    def _adds(units: Sequence[tuple[Source, int, Unit]], chosen: Sequence[int], more: int, new: set[str]) -> bool:
        """Is a further unit worth taking: two new words, or one from a neighbour in a list?"""
        source, at, unit = units[more]
        near = any(units[c][0] is source and abs(units[c][1] - at) == 1 for c in chosen)
        return len(new) >= (1 if unit.marker or near else 2)

    def probability(self, sentence: str, spans: Sequence[Span]) -> float:
        """How probable it is, in 0..1, that the spans bear the sentence out."""
        return logistic(self._entailment.score(sentence, [" ".join(span.placed for span in spans)])[0])


def _in_place(source: Source, unit: Unit) -> str:
    """What the cross-encoder reads of a unit: the nearest heading, or a table's header row, in front of it."""
    lead = header_of(source.passage) or source.passage.heading
    text = source.passage.quote(unit)
    return f"{lead}: {text}" if lead else text
