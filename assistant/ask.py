"""The Assistant: a question becomes a cited answer or a refusal. The page, the terminal and the evals all ask this one."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.answer import MAX_QUESTION, Answer, Citation, Segment
from assistant.conversation import standalone
from assistant.evidence import Evidence, read
from assistant.extractive import compose
from assistant.floor import Constants, constants_for, features
from assistant.question import Kind, Question, kind_of
from assistant.spelling import correct
from assistant.vocabulary import Vocabulary
from corpus.normalise import one_line
from corpus.terms import Term
from index.catalog import View
from index.search import Hit, Retrieval

MAX_TURNS = 8  # earlier questions that a follow-up may refer to; the newest are kept
NEAREST = 3  # topics offered with a refusal
GREETING = (
    "I answer questions about knowledge process outsourcing (KPO) from the indexed documents. Every sentence I show is quoted "
    "from them, with its source. Ask me what a term means, how things compare, which steps to take, or for a figure."
)
REFUSAL = "I could not find an answer to this in the documents."


@dataclass(frozen=True, slots=True)
class Searching:
    """The question is understood; this is what will be searched."""

    standalone: str
    corrections: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """Passages were found and are being read."""

    passages: int
    documents: int


Event = Searching | Reading | Answer


class Answerer(Protocol):
    """The seam for what writes an answer from evidence that is above the floor."""

    name: str

    def __call__(
        self, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        """Segments and their citations; no evidence gives neither, and the assistant refuses."""


class Extractive:
    """Composes answers of verbatim quotations."""

    name = "extractive"

    def __call__(
        self, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        return compose(kind, evidence, terms, view)


class Assistant:
    """Asks one index. Safe for threads; holds no conversation: a question brings its earlier turns along."""

    def __init__(self, retrieval: Retrieval, answerer: Answerer, constants: Constants | None = None) -> None:
        self.retrieval = retrieval
        self._answerer = answerer
        self._constants = constants
        self._vocabulary: tuple[tuple[str | None, int], Vocabulary] = ((None, -1), Vocabulary.of(-1, {}))
        self._lock = threading.Lock()

    def answer(self, question: Question) -> Answer:
        """The answer to one question. Blank text gets the refusal of an empty search."""
        for event in self.ask(question):
            if isinstance(event, Answer):
                return event
        raise AssertionError("ask ends with an Answer")

    def ask(self, question: Question) -> Iterator[Event]:
        """The stages of answering, the Answer last. Raises IndexMissing, IndexMismatch and their kin as KpoError."""
        start = time.perf_counter()
        text = one_line(question.text[:MAX_QUESTION])
        if kind_of(text) == "small-talk":
            yield Answer(text, text, "conversation", (Segment("own", GREETING),), kind="small-talk", confidence=1.0, timings_ms=_total({}, start))
            return
        with self.retrieval.reading() as view:
            corrected, corrections = correct(text, self.vocabulary(view).words)
            after = tuple(one_line(turn[:MAX_QUESTION]) for turn in question.after[-MAX_TURNS:])
            alone = standalone(corrected, after, self.retrieval.lexicon(view))
            yield Searching(alone, corrections)
            found = self.retrieval.search(view, alone, documents=question.documents)
            yield Reading(len(found.hits), len({hit.passage.document for hit in found.hits}))
            clock = time.perf_counter()
            reranker = self.retrieval.reranker
            evidence = read(alone, found.hits, reranker)
            seen = features(alone, found.hits, evidence, found.terms, self.vocabulary(view), reranker)
            timings = dict(found.timings_ms)
            timings["rerank"] = round(timings.get("rerank", 0.0) + (time.perf_counter() - clock) * 1000, 3)
            clock = time.perf_counter()
            kind = kind_of(alone)
            constants = self._constants or constants_for(reranker.identity if reranker else "none")
            answerable = constants.probability(seen)
            segments: tuple[Segment, ...] = ()
            citations: tuple[Citation, ...] = ()
            if answerable >= constants.floor:
                segments, citations = self._answerer(kind, evidence, found.terms, view)
            answer = Answer(
                text, alone, "answered" if citations else "refused", segments if citations else (Segment("own", REFUSAL),), citations,
                confidence=constants.confidence(answerable), nearest=() if citations else nearest_topics(found.hits), kind=kind, writer=self._answerer.name,
                corrections=corrections, searched=found.searched, generation=view.generation, hits=found.hits, features=seen,
                notes=() if question.documents is None else (narrowed(len(question.documents)),),
            )
        timings["compose"] = round((time.perf_counter() - clock) * 1000, 3)
        yield replace(answer, timings_ms=_total(timings, start))

    def vocabulary(self, view: View) -> Vocabulary:
        """The words of the view's generation."""
        stamp = view.meta("id"), view.generation
        with self._lock:
            if self._vocabulary[0] != stamp:
                self._vocabulary = (stamp, Vocabulary.of(view.generation, view.vocabulary()))
            return self._vocabulary[1]


def narrowed(documents: int) -> str:
    """The note of an answer that was looked for in chosen documents only."""
    return f"searched only in {documents} chosen document{'s' if documents != 1 else ''}"


def nearest_topics(hits: Sequence[Hit]) -> tuple[str, ...]:
    """What the documents do say something about, near what was asked: a heading with its document's title."""
    topics = []
    for hit in hits:
        title = hit.passage.context.partition("\n")[0].split(" > ")[0]
        heading = hit.passage.heading
        topics.append(heading if heading.endswith("?") or heading == title or not title else f"{heading} ({title})")
    return tuple(dict.fromkeys(topic for topic in topics if topic))[:NEAREST]


def _total(timings: dict[str, float], start: float) -> dict[str, float]:
    stages = {name: timings.get(name, 0.0) for name in ("embed", "search", "rerank", "compose")}
    return {**stages, "total": round((time.perf_counter() - start) * 1000, 3)}
