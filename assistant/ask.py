"""The Assistant: a question becomes a cited answer or a refusal. The page, the terminal and the evals all ask this one."""

import threading
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

from assistant.answer import MAX_QUESTION, Answer, Citation, Segment, Verdict
from assistant.continuation import Span, fresh, further_kind, items_of, shortened, spans_of, unsaid
from assistant.conversation import understand
from assistant.disagreement import disputes
from assistant.drafting import Drafter, Material, Said
from assistant.evidence import Evidence, read
from assistant.extractive import compose, cut_lists, is_headed, labelled
from assistant.floor import Constants, constants_for, features
from assistant.question import Kind, Question, kind_of, names_in
from assistant.selection import Selection
from assistant.topic import is_named, names_of, sides_of, terms_beside
from assistant.turns import Understood
from assistant.vocabulary import Vocabulary, stems_in
from assistant.wishes import wish_of
from corpus.document import embedded_text
from corpus.errors import QuestionError
from corpus.normalise import one_line
from corpus.terms import Term
from index.catalog import Kept, Stamp, View
from index.lexical import content_words
from index.search import CLEAR, Hit, Retrieval, Retrieved, is_defined, is_spelled_out
from index.spelling import correct

MAX_TURNS = 8  # earlier questions that a follow-up may refer to; the newest are kept
KEPT_ANSWERED = 2_000  # questions of which is known whether they are answered, so that offering them again costs nothing
KEPT_LISTS = 200  # lists that earlier questions were answered with, so that "the second one" need not search for them at every turn
NEAREST = 3  # topics offered with a refusal
VOUCHED = 0.9  # cosine from which a question with no word that is not in it is the very one that a section says it answers
GREETING = (
    "I answer questions about knowledge process outsourcing (KPO) from the indexed documents. Every sentence I show is quoted "
    "from them, with its source. Ask me what a term means, how things compare, which steps to take, or for a figure."
)
REFUSAL = "I could not find an answer to this in the documents."
NOTHING_FURTHER = "The documents say nothing further on this that I have not shown. Ask about a part of it to read more."
NOTHING_BEFORE = "There is no earlier answer to go on from. Ask a question first."
SOURCED = "every sentence is a quotation, and the source that its number leads to is the one that says so"
VERBATIM = "answers are quotations, which are not reworded: these are other sentences on the same question"
NARROWED = "searched only in"  # how the note of an answer begins that was looked for in chosen documents only


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


@dataclass(frozen=True, slots=True)
class Writing:
    """A language model has been given the passages, and writes; what it writes is checked."""

    model: str


Event = Searching | Reading | Writing | Said | Answer
_Asked = tuple[Stamp, str, frozenset[str] | None]  # a question with what its answer depends on: state of the catalog, chosen documents


@dataclass(frozen=True, slots=True)
class _Sought:
    """A question as it is searched for: its words mended, the earlier ones, what it is as a turn of its own, and `queries` that a model proposes."""

    text: str
    corrected: str
    corrections: tuple[tuple[str, str], ...]
    after: tuple[str, ...]
    turn: Understood
    queries: tuple[str, ...] = ()

    def rewritten(self, drafter: Drafter) -> "_Sought":
        """The same as the language model puts it; as it is when it wishes for another form of the last answer."""
        if self.turn.wish:
            return self
        alone = drafter.standalone(self.corrected, self.after, self.turn.standalone)
        return replace(self, turn=replace(self.turn, standalone=alone, before=""), queries=drafter.queries(alone))

    def of_what_was_before(self) -> "_Sought":
        """The same with what was spoken of before in brackets: "Who notifies the authorities (a data breach)?"."""
        alone = self.turn.standalone.rstrip("?.!,;: ")
        return replace(self, turn=replace(self.turn, standalone=f"{alone[:1].upper()}{alone[1:]} ({self.turn.before})?", before=""))


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one search for a question came to: an answer or a refusal, and what it is made of."""

    evidence: Sequence[Evidence]
    answer: Answer
    timings: dict[str, float]


class Answerer(Protocol):
    """The seam for what writes an answer from evidence that is above the floor."""

    name: str

    def __call__(
        self, question: str, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        """Segments and their citations; no evidence gives neither, and the assistant refuses."""


class Extractive:
    """Composes answers of verbatim quotations, of the sentences that the `selection` holds worth quoting."""

    name = "extractive"

    def __init__(self, selection: Selection | None = None) -> None:
        self._selection = selection or Selection.even()

    def __call__(
        self, question: str, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        return compose(question, kind, evidence, terms, view, self._selection)


class Assistant:
    """Asks one index. Safe for threads; holds no conversation: a question brings its earlier turns along."""

    def __init__(self, retrieval: Retrieval, answerer: Answerer, constants: Constants | None = None, drafter: Drafter | None = None) -> None:
        self.retrieval = retrieval
        self._answerer = answerer
        self._drafter = drafter
        self._constants = constants
        self._vocabulary = Kept(lambda view: Vocabulary.of(view.vocabulary()))
        self._lists: dict[_Asked, tuple[str, ...]] = {}
        self._answered: dict[_Asked, bool] = {}
        self._lock = threading.Lock()

    @property
    def drafted_by(self) -> str | None:
        """The language model that drafts the answers; None when they are quotations."""
        return self._drafter.model if self._drafter else None

    def answer(self, question: Question) -> Answer:
        """The answer to one question. Blank text gets the refusal of an empty search."""
        for event in self.ask(question):
            if isinstance(event, Answer):
                return event
        raise AssertionError("ask ends with an Answer")

    def ask(self, question: Question, *, drafts: bool = True) -> Iterator[Event]:
        """The stages of answering, the Answer last. Without `drafts` no language model is asked, even when one is set.

        Raises IndexMissing, IndexMismatch and their kin as KpoError.
        """
        start = time.perf_counter()
        drafter = self._drafter if drafts else None
        text = one_line(question.text)[:MAX_QUESTION]
        if kind_of(text) == "small-talk":
            yield _remark(text, GREETING, start)
            return
        asked = None
        if drafter is not None and drafter.rewrites:
            with self.retrieval.reading() as view:
                asked = self._understood(view, text, question)
            asked = asked.rewritten(drafter)  # between two transactions, as the draft comes after them: a model may take its time
        with self.retrieval.reading() as view:
            asked = asked or self._understood(view, text, question)
            turn = asked.turn
            alone = turn.standalone
            if not alone and turn.wish:
                yield _remark(text, NOTHING_BEFORE, start)
                return
            looked = yield from self._looked(view, question, asked)
            timings = looked.timings
            if looked.answer.verdict == "refused" and turn.before:
                again = yield from self._looked(view, question, asked.of_what_was_before())
                timings = {stage: spent + timings.get(stage, 0.0) for stage, spent in again.timings.items()}
                looked = again if again.answer.verdict != "refused" and _holds(again.evidence[:1], alone) else looked
            answer = looked.answer
            drafted = drafter is not None and answer.verdict == "answered" and not turn.wish  # "shorter" and its like choose among quotations
            material = Material.of(answer, looked.evidence, view, self.retrieval.lexicon(view).common) if drafted else None
        if drafter is not None and material is not None:
            clock = time.perf_counter()
            yield Writing(drafter.model)
            reranker = self.retrieval.reranker
            answer = yield from drafter.draft(answer, asked.after, material, reranker.score if reranker else None)
            timings["draft"] = round((time.perf_counter() - clock) * 1000, 3)
        disagreeing = tuple(disputed(*markers) for markers in disputes(answer.citations))
        yield replace(answer, notes=(*answer.notes, *disagreeing), timings_ms=_total(timings, start))

    def _looked(self, view: View, question: Question, asked: _Sought) -> Generator[Event, None, _Looked]:
        """Search, read and quote, with the stages of it."""
        turn, alone = asked.turn, asked.turn.standalone
        yield Searching(alone, asked.corrections)
        found = self.retrieval.search(view, alone, documents=question.documents, enough=inf if turn.further else _enough(alone), also=asked.queries)
        yield Reading(len(found.hits), len({hit.passage.document for hit in found.hits}))
        clock = time.perf_counter()
        evidence = read(alone, found.hits, self.retrieval.reranker, depth=1 + turn.further)
        weighed = self._weighed(view, alone, found, evidence)
        timings = dict(found.timings_ms)
        timings["rerank"] = round(timings.get("rerank", 0.0) + (time.perf_counter() - clock) * 1000, 3)
        clock = time.perf_counter()
        answer = self._quoted(view, question, asked, found, evidence, weighed)
        timings["compose"] = round((time.perf_counter() - clock) * 1000, 3)
        return _Looked(evidence, answer, timings)

    def answers(self, question: str, documents: frozenset[str] | None = None) -> bool:
        """Do the documents answer a question that stands alone? Kept for when it is asked again, until the documents change."""
        with self.retrieval.reading() as view:
            key = (view.stamp, question, documents)
        with self._lock:
            known = self._answered.get(key)
        if known is not None:
            return known
        *_, answer = self.ask(Question(question, documents=documents), drafts=False)
        found = isinstance(answer, Answer) and answer.verdict == "answered"
        with self._lock:
            if len(self._answered) >= KEPT_ANSWERED:
                self._answered.clear()
            self._answered[key] = found
        return found

    def _understood(self, view: View, text: str, question: Question) -> _Sought:
        """The question by rules alone, its words mended by those of the documents."""
        words = self.vocabulary(view).words
        corrected, corrections = (text, ()) if wish_of(text) else correct(text, words)
        after = tuple(correct(one_line(turn[:MAX_QUESTION]), words)[0] for turn in question.after[-MAX_TURNS:])
        turn = understand(corrected, after, self.retrieval.lexicon(view), lambda earlier: self._items(view, earlier, question.documents))
        return _Sought(text, corrected, corrections, after, turn)

    def _quoted(
        self, view: View, question: Question, asked: _Sought, found: Retrieved, evidence: Sequence[Evidence], weighed: tuple[tuple[float, ...], float, bool]
    ) -> Answer:
        """The answer in quotations, or the refusal."""
        turn, alone = asked.turn, asked.turn.standalone
        seen, confidence, is_enough = weighed
        kind = kind_of(alone)
        segments: tuple[Segment, ...] = ()
        citations: tuple[Citation, ...] = ()
        verdict: Verdict = "refused"
        if is_enough:
            terms = [term for term in found.terms if question.documents is None or term.document in question.documents]
            segments, citations = self._composed(turn, kind, evidence, terms, view)
            verdict = "answered" if citations else "conversation" if turn.further else "refused"
        if not citations:
            segments = (Segment("own", REFUSAL if verdict == "refused" else NOTHING_FURTHER),)
        nearest = nearest_topics(named_first(alone, found.hits)) if verdict == "refused" else ()
        return Answer(
            asked.text, alone, verdict, segments, citations, confidence=confidence, nearest=nearest,
            kind=kind, writer=self._answerer.name, corrections=asked.corrections, searched=found.searched, generation=view.generation, hits=found.hits,
            features=seen,
            notes=(
                *_notes(turn, question, verdict, asked.queries), *_one_sided(turn, kind, citations, found.terms), *_cut(turn, kind, segments, citations, view)
            ),
        )

    def _composed(
        self, turn: Understood, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View
    ) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
        """What is shown of the evidence at this turn: what the turns before showed is composed first, so that it is known."""
        said: frozenset[Span] = frozenset()
        segments: tuple[Segment, ...] = ()
        citations: tuple[Citation, ...] = ()
        for _ in range(turn.further + 1):
            rest = unsaid(evidence, said)
            for shape in dict.fromkeys((further_kind(kind, rest) if said else kind, kind)):
                composed = self._answerer(turn.standalone, shape, rest, terms, view)
                segments, citations = fresh(*(_all_defined(turn.standalone, *composed, terms, view) if kind == "definition" else composed), said)
                if citations:
                    break
            said |= spans_of(citations)
        if turn.wish != "shorter":
            return segments, citations
        short = shortened(segments, citations, evidence)
        return _all_defined(turn.standalone, *short, terms, view) if kind == "definition" else short

    def _weighed(self, view: View, alone: str, found: Retrieved, evidence: Sequence[Evidence]) -> tuple[tuple[float, ...], float, bool]:
        """What is seen of the evidence, how probable that makes a right answer, and whether it is enough: above the floor, or just what is asked for,
        as a definition, the long form of an abbreviation, the section that says it answers this very question, or the list under this very heading.
        """
        reranker = self.retrieval.reranker
        lists_questions = any(hit.passage.document in self.retrieval.asking(view) for hit in found.hits[:1])
        constants = self._constants or constants_for(reranker.identity if reranker else "none", lists_questions=lists_questions)
        seen = features(alone, found, evidence, self.vocabulary(view), reranker)
        answerable = constants.probability(seen)
        read_in = {e.passage.id for e in evidence}
        terms = [term for term in found.terms if term.passage in read_in]
        kind, subject = kind_of(alone), content_words(alone)
        is_enough = (
            answerable >= constants.floor
            or kind in ("definition", "abbreviation") and is_defined(terms, subject)
            or bool(labelled(alone, kind, evidence))
            or (kind == "abbreviation" or "mean" in alone.lower()) and is_spelled_out(terms, subject)
            or any(hit.near >= VOUCHED and stems_in(alone) <= stems_in(hit.asked) for hit in found.hits[:1])
            or is_headed(alone, kind, evidence)
        )
        return seen, constants.confidence(answerable), is_enough

    def _items(self, view: View, earlier: str, documents: frozenset[str] | None) -> tuple[str, ...]:
        """The items of the list that answers an earlier question; none when it was refused or is no list. Kept for the turns to come."""
        key = (view.stamp, earlier, documents)
        with self._lock:
            if key in self._lists:
                return self._lists[key]
        found = self.retrieval.search(view, earlier, documents=documents, enough=_enough(earlier))
        evidence = read(earlier, found.hits, self.retrieval.reranker)
        _, _, is_enough = self._weighed(view, earlier, found, evidence)
        items = items_of(self._composed(Understood(earlier), kind_of(earlier), evidence, found.terms, view)[0]) if is_enough else ()
        with self._lock:
            if len(self._lists) >= KEPT_LISTS:
                self._lists.clear()
            self._lists[key] = items
        return items

    def vocabulary(self, view: View) -> Vocabulary:
        """The words of the view's generation."""
        return self._vocabulary.of(view)


def _remark(text: str, said: str, start: float) -> Answer:
    """What is said to small talk, and to a wish that has no answer before it."""
    return Answer(text, text, "conversation", (Segment("own", said),), kind="small-talk", confidence=1.0, timings_ms=_total({}, start))


def _all_defined(
    question: str, segments: tuple[Segment, ...], citations: tuple[Citation, ...], terms: Sequence[Term], view: View
) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """The same with the definition of each term that the question asks for and none of the quotations defines, a glossary's if there is one.

    Nothing is added to nothing.
    """
    for asked in terms_beside(question, terms) if citations else ():
        alike = [term for term in terms if term.defines and {asked.name.lower(), *asked.abbreviations} & {term.name.lower(), *term.abbreviations}]
        if any(cited.document == term.document and cited.start <= term.start < cited.end for cited in citations for term in alike):
            continue
        passages = view.passages([term.passage for term in alike])
        term = min((term for term in alike if term.passage in passages), key=lambda term: passages[term.passage].kind != "definition", default=None)
        document = view.document(term.document) if term else None
        if term and document:
            marker = len(citations) + 1
            citations = (*citations, Citation.of(marker, document, passages[term.passage], term.start, term.end, 0.0))
            segments = (*segments, Segment("quote", term.definition, marker))
    return segments, citations


def _holds(evidence: Sequence[Evidence], text: str) -> bool:
    """Does a passage hold, with its heading, each word that carries the subject of `text`? A new question must not be answered out of the old topic."""
    asked = stems_in(" ".join(content_words(text)))
    return bool(asked) and any(asked <= stems_in(f"{e.passage.heading} {e.passage.text}") for e in evidence)


def _enough(question: str) -> float:
    """The score that ends the search early; a list may stand behind a passage that only speaks of it."""
    return inf if kind_of(question) in ("list", "steps", "comparison") else CLEAR


def _notes(turn: Understood, question: Question, verdict: Verdict, queries: Sequence[str]) -> tuple[str, ...]:
    notes = [] if question.documents is None else [narrowed(len(question.documents))]
    if queries:
        notes.append("the language model had this searched for as well: " + "; ".join(f"“{query}”" for query in queries))
    if verdict == "answered" and turn.wish in ("again", "source"):
        notes.append(VERBATIM if turn.wish == "again" else SOURCED)
    return tuple(notes)


def _one_sided(turn: Understood, kind: Kind, citations: Sequence[Citation], terms: Sequence[Term]) -> list[str]:
    """A note for each side of a comparison that no quotation names."""
    if kind != "comparison" or not citations or turn.further:
        return []
    quoted = " ".join(citation.quote for citation in citations)
    return [unquoted(side) for side in sides_of(turn.standalone) if not is_named(names_of(side, terms), quoted)]


def _cut(turn: Understood, kind: Kind, segments: Sequence[Segment], citations: Sequence[Citation], view: View) -> list[str]:
    """A note for each list that is not shown whole."""
    cut = [] if turn.further or turn.wish else cut_lists(kind, segments, citations, view)
    return [f"{shown} of the {of} points of the list {'is' if shown == 1 else 'are'} shown; the source has them all" for shown, of in cut]


def unquoted(side: str) -> str:
    """The note of a comparison one side of which no quotation names."""
    return f"nothing that is quoted names “{side}”"


def disputed(one: int, two: int) -> str:
    """The note of an answer whose quotations disagree."""
    return f"[{one}] and [{two}] disagree: compare what they say"


def narrowed(documents: int) -> str:
    """The note of an answer that was looked for in chosen documents only."""
    return f"{NARROWED} {documents} chosen document{'s' if documents != 1 else ''}"


def named_first(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The hits whose headings hold each name of the question, then those that hold it elsewhere, then the others, otherwise in their order."""
    names = [stems_in(name) for name in names_in(question)]

    def lacks(text: str) -> bool:
        return not all(name <= stems_in(text) for name in names)

    return sorted(hits, key=lambda hit: (lacks(hit.passage.context), lacks(embedded_text(hit.passage.context, hit.passage.text))))


def nearest_topics(hits: Sequence[Hit]) -> tuple[str, ...]:
    """What the documents do say something about, near what was asked: a heading with its document's title."""
    topics = []
    for hit in hits:
        title = hit.passage.context.partition("\n")[0].split(" > ")[0]
        heading = hit.passage.heading
        topics.append(heading if heading.endswith("?") or heading == title or not title else f"{heading} ({title})")
    return tuple(dict.fromkeys(topic for topic in topics if topic))[:NEAREST]


def whole(text: str) -> str:
    """A question on one line. Raises QuestionError for one that is too long: cut, it would lose what is asked at its end."""
    line = one_line(text)
    if len(line) > MAX_QUESTION:
        raise QuestionError(
            f"a question may have {MAX_QUESTION:,} characters, and this one has {len(line):,}", "keep what you want to know, and leave out what led to it"
        )
    return line


def _total(timings: dict[str, float], start: float) -> dict[str, float]:
    stages = {name: timings.get(name, 0.0) for name in ("embed", "search", "rerank", "compose")}
    return {**stages, **{name: timings[name] for name in ("draft",) if name in timings}, "total": round((time.perf_counter() - start) * 1000, 3)}
