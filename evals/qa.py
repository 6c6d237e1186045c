"""Public question-answer sets with the passage given: how good is what is quoted, and is the unanswerable refused?

There is no retrieval: the given passage is cut, read, weighed and quoted from by the same parts as in the product. The constants of the
floor are fitted on the half of the set whose ids are even (see `evals.run.parity`), so that the odd half can be reported. The floor is
chosen on that half too, each question held out of the fit: either it may cost a share of the answerable questions, or it must catch a
share of the unanswerable ones.
"""

import hashlib
import json
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.evidence import Evidence, read
from assistant.extractive import compose
from assistant.floor import FEATURES, Constants, features
from assistant.question import kind_of
from assistant.selection import Selection
from assistant.vocabulary import Vocabulary
from corpus.cut import cut
from corpus.document import Block, Contents, Document, Passage
from corpus.errors import EvalError
from corpus.normalise import normalise, one_line
from corpus.sources import Source
from corpus.terms import Term, harvest
from evals.calibrate import fit, with_floor
from evals.metrics import auroc, quantile, rouge_l, rouge_l_precision, squad_tokens, token_f1
from evals.run import Half, by_hash, parity
from evals.selection import FACTS, WHOLE, Told
from evals.selection import fit as fit_selection
from index.catalog import Catalog, View
from index.embed import Embedder
from index.rerank import Reranker
from index.search import RERANKED, Hit, Lexicon, Retrieval, Retrieved

Format = Literal["clapnq", "squad"]
ENDINGS: dict[str, Format] = {".jsonl": "clapnq", ".json": "squad"}
# Share of the answerable questions that the floor may cost on the half it is chosen on: 0.15, less two standard errors of some 700 questions,
# so that the other half keeps to 0.15 as well.
REFUSED = 0.12
SOURCE = "given"
BELONGS = 0.7  # share of a sentence's words that a reference answer has in the same order, from which it counts as one of the answer's
CLAPNQ = "a ClapNQ file has one object a line with id, input, passages and output; see the evaluator's guide"
SQUAD = 'a SQuAD file is {"data": [{"title", "paragraphs": [{"context", "qas"}]}]}; see the evaluator\'s guide'
FIGURES = {
    "rouge_l": "ROUGE-L over the answerable (a refusal is 0)",
    "rouge_l_unrefused": "ROUGE-L if nothing were refused",
    "token_f1": "token F1 over the answerable (a refusal is 0)",
    "contains": "answered: the quotes contain the answer",
    "contains_unrefused": "the same if nothing were refused",
    "answered": "answerable questions answered",
    "refused": "unanswerable questions refused",
    "auroc": "answer or refuse: area under the ROC curve",
    "words": "words of an answer, mean",
    "median_ms": "milliseconds a question, median",
    "p95_ms": "milliseconds a question, 95th percentile",
}


@dataclass(frozen=True, slots=True)
class Item:
    """A question with its passage. No `answers`: the passage does not answer it. `spans`: the answers are words of the passage."""

    id: str
    question: str
    title: str
    passage: str
    answers: tuple[str, ...]
    spans: bool


@dataclass(frozen=True, slots=True)
class Read:
    """Some questions' passages have been read."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Studied:
    """A question of which the passage was read: the evidence, the terms in it, the features, the milliseconds."""

    item: Item
    evidence: tuple[Evidence, ...]
    terms: tuple[Term, ...]
    features: tuple[float, ...]
    ms: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one question before the floor: what would be quoted ("" for nothing), the features, the milliseconds.

    `worth` is the F-measure, in 0..1, that the best choice of its sentences is expected to reach.
    """

    item: Item
    quoted: str
    features: tuple[float, ...]
    ms: float
    worth: float

    def confidence(self, constants: Constants) -> float:
        """How sure it is, in 0..1, that the passage answers the question and the quotation does; 0 when nothing can be quoted."""
        return discounted(constants.probability(self.features), self.worth) if self.quoted else 0.0


def discounted(probability: float, worth: float) -> float:
    """The probability with its odds multiplied by what the answer is worth: of two that are as probable, the one that is worth less is refused.

    So the most is gained over the answerable questions for the same number of others that are answered.
    """
    good = probability * worth
    return good / (good + 1 - probability) if good else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a set, shares in 0..1; None is what the set cannot measure. The last event of `run`."""

    half: Half
    answerable: int
    unanswerable: int
    rouge_l: float | None
    rouge_l_unrefused: float | None
    token_f1: float | None
    contains: float | None
    contains_unrefused: float | None
    answered: float | None
    refused: float | None
    auroc: float | None
    words: float | None
    median_ms: float
    p95_ms: float
    fitted_on: int
    constants: Constants

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        data = asdict(self)
        data["constants"]["weights"] = dict(zip(FEATURES, self.constants.weights, strict=True))
        return data


Event = Read | Report


def load(files: Sequence[Path], *, format: Format | None = None, limit: int | None = None) -> list[Item]:
    """The questions of the files together. Raises EvalError for whatever is wrong in them.

    `limit` keeps those with the smallest sha256 of their id, so that the sample is spread over the set and always the same.
    """
    found: dict[str, Item] = {}
    for path in files:
        kind = format or ENDINGS.get(path.suffix.lower())
        if kind is None:
            raise EvalError(f"the format of {path} cannot be told from its name", "say --format clapnq or --format squad")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise EvalError(f"the question file {path} cannot be read: {error}", "check the path, and save it as UTF-8") from error
        for item in _clapnq(path, text) if kind == "clapnq" else _squad(path, text):
            if item.id in found:
                raise EvalError(f"{path}: the question {item.id!r} comes twice", "give each file once, with an id of its own for each question")
            if not item.question.strip() or not item.passage.strip():
                raise EvalError(f"{path}: the question {item.id!r} has no text, or its passage has none", "take it out, or complete it")
            found[item.id] = item
    if not found:
        raise EvalError(f"no question in {', '.join(map(str, files)) or 'no file'}", f"{CLAPNQ}; {SQUAD}")
    chosen = set(sorted(found, key=by_hash)[:limit])
    return [item for id, item in found.items() if id in chosen]


def _clapnq(path: Path, text: str) -> Iterator[Item]:
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines: U+2028 may stand within a JSON text
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            given = row["passages"][0]
            answers = tuple(str(one["answer"]) for one in row["output"] if one["answer"])
            yield Item(str(row["id"]), str(row["input"]), str(given["title"]), str(given["text"]), answers, spans=False)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise EvalError(f"{path}:{number} is not a question of ClapNQ ({_reason(error)})", CLAPNQ) from error


def _squad(path: Path, text: str) -> Iterator[Item]:
    at = "its beginning"
    try:
        for article in json.loads(text)["data"]:
            for paragraph in article["paragraphs"]:
                for row in paragraph["qas"]:
                    at = f"the question {row['id']}"
                    answers = tuple(dict.fromkeys(str(one["text"]) for one in row["answers"]))
                    title = str(article["title"]).replace("_", " ")
                    yield Item(str(row["id"]), str(row["question"]), title, str(paragraph["context"]), answers, spans=True)
    except (ValueError, KeyError, TypeError) as error:
        raise EvalError(f"{path}, at {at}, is not SQuAD ({_reason(error)})", SQUAD) from error


def _reason(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def run(
    items: Sequence[Item], embedder: Embedder, reranker: Reranker, *, half: Half = "odd", refused: float = REFUSED, caught: float | None = None
) -> Iterator[Event]:
    """Read every question's passage, fit the constants on the even half, and report `half` ("all": both). The Report comes last.

    The floor refuses at most the share `refused` of the answerable questions; where `caught` is given, at least that share of the others.

    A set with only one kind of question cannot be fitted: then everything is answered, and what cannot be measured is None.
    Of the embedder only the counting of tokens is used, for cutting.
    """
    attempts = yield from attempted(items, embedder, reranker)
    develop = [a for a in attempts if parity(a.item.id) == "even"]
    answerable = [bool(a.item.answers) for a in develop]
    fitted = fit([a.features for a in develop], answerable, [_name(a.item) for a in develop])
    held_out = [discounted(probability, a.worth) for probability, a in zip(fitted.held_out, develop, strict=True)]
    constants = with_floor(fitted.constants, held_out, answerable, refused=refused, caught=caught)
    reported = [a for a in attempts if half in ("all", parity(a.item.id))]
    yield report(reported, constants, half=half, fitted_on=len(develop))


def attempted(items: Sequence[Item], embedder: Embedder, reranker: Reranker) -> Generator[Read, None, list[Attempt]]:
    """What comes of each question, in order, with what belongs to an answer fitted on the even half.

    All passages stand in one catalog, in a folder that is deleted at the end.
    """
    with tempfile.TemporaryDirectory(prefix="kpo-qa-") as folder:
        catalog = Catalog(Path(folder))
        passages = _shelved(items, catalog, embedder)
        retrieval = Retrieval(catalog, embedder, reranker)
        studied: list[Studied] = []
        with catalog.reading() as view:
            vocabulary = Vocabulary.of(view.vocabulary())
            for item in items:
                studied.append(_studied(item, passages[_name(item)], retrieval, view, vocabulary))
                yield Read(len(studied), len(items))
            selection = _selection([one for one in studied if parity(one.item.id) == "even"])
            return [_attempt(one, view, selection) for one in studied]


def _name(item: Item) -> str:
    return f"{SOURCE}/{hashlib.sha256(json.dumps([item.title, item.passage]).encode()).hexdigest()[:24]}"


def _shelved(items: Sequence[Item], catalog: Catalog, embedder: Embedder) -> dict[str, list[Passage]]:
    """Each given passage as a document of the catalog, cut into passages; their vectors stay empty, nothing looks for them."""
    shelf: dict[str, list[Passage]] = {}
    with catalog.writing() as edit:
        edit.add_source(Source(SOURCE, catalog.path.parent))
        for item in items:
            id = _name(item)
            if id in shelf:
                continue
            lines = [line for line in normalise(item.passage).split("\n") if line]
            document = Document.compose(id, Contents(tuple(Block("prose", line) for line in lines), "given", title=one_line(item.title)))
            shelf[id] = cut(document, embedder.count, embedder.window)
            edit.replace(
                document, source=SOURCE, path="", file_digest="", passages=shelf[id], embedded=[""] * len(shelf[id]), vectors=[b""] * len(shelf[id]),
                terms=harvest(document, shelf[id]),
            )
    return shelf


def _studied(item: Item, passages: Sequence[Passage], retrieval: Retrieval, view: View, vocabulary: Vocabulary) -> Studied:
    """The stages of `assistant.ask` after the search, with the given passages as what was found."""
    question = one_line(item.question)
    document = view.document(passages[0].document)
    assert document is not None  # it was put there by _shelved
    clock = time.perf_counter()
    hits = retrieval.reranked(question, [Hit(passage, 0.0, ("given",), False) for passage in passages])[:RERANKED]
    evidence = read(question, hits, retrieval.reranker)
    terms = Lexicon.of(harvest(document, list(passages))).recognise(question)
    seen = features(question, Retrieved(question, tuple(hits), (), tuple(terms), {}), evidence, vocabulary, retrieval.reranker)
    return Studied(item, tuple(evidence), tuple(terms), seen, (time.perf_counter() - clock) * 1000)


def _selection(studied: Sequence[Studied]) -> Selection:
    """The selection fitted to the answerable of these questions: a sentence belongs that holds the answer, or that the reference answer holds."""
    questions = [one for one in studied if one.item.answers]
    spans = any(one.item.spans for one in questions)
    return fit_selection([Told.of(one.evidence, [_belongs(e.text, one.item) for e in one.evidence]) for one in questions], FACTS if spans else WHOLE)


def _belongs(text: str, item: Item) -> bool:
    return contains(text, item.answers) if item.spans else max(rouge_l_precision(text, answer) for answer in item.answers) >= BELONGS


def _attempt(studied: Studied, view: View, selection: Selection) -> Attempt:
    clock = time.perf_counter()
    question = one_line(studied.item.question)
    kind = kind_of(question)
    quoted = ""
    if kind != "small-talk":
        segments, _ = compose(question, kind, studied.evidence, studied.terms, view, selection)
        quoted = " ".join(segment.text for segment in segments if segment.marker is not None)
    worth = selection.weighed(studied.evidence).best
    return Attempt(studied.item, quoted, studied.features, studied.ms + (time.perf_counter() - clock) * 1000, worth)


def report(attempts: Sequence[Attempt], constants: Constants, *, half: Half, fitted_on: int) -> Report:
    """The figures of these attempts under these constants. No attempts give None for every share."""
    answerable = [a for a in attempts if a.item.answers]
    unanswerable = [a for a in attempts if not a.item.answers]
    given = {a.item.id: bool(a.quoted) and a.confidence(constants) >= constants.floor for a in attempts}
    spans = [a for a in answerable if a.item.spans]
    rouge = {a.item.id: max(rouge_l(a.quoted, answer) for answer in a.item.answers) for a in answerable}
    f1 = {a.item.id: max(token_f1(a.quoted, answer) for answer in a.item.answers) for a in answerable}

    def mean(values: Sequence[float]) -> float | None:
        return sum(values) / len(values) if values else None

    return Report(
        half=half, answerable=len(answerable), unanswerable=len(unanswerable), rouge_l=mean([rouge[a.item.id] * given[a.item.id] for a in answerable]),
        rouge_l_unrefused=mean(list(rouge.values())), token_f1=mean([f1[a.item.id] * given[a.item.id] for a in answerable]),
        contains=mean([float(contains(a.quoted, a.item.answers)) for a in spans if given[a.item.id]]),
        contains_unrefused=mean([float(contains(a.quoted, a.item.answers)) for a in spans]), answered=mean([float(given[a.item.id]) for a in answerable]),
        refused=mean([float(not given[a.item.id]) for a in unanswerable]),
        auroc=auroc([a.confidence(constants) for a in attempts], [bool(a.item.answers) for a in attempts]),
        words=mean([float(len(a.quoted.split())) for a in attempts if given[a.item.id]]), median_ms=quantile([a.ms for a in attempts], 0.5),
        p95_ms=quantile([a.ms for a in attempts], 0.95), fitted_on=fitted_on, constants=constants,
    )


def contains(quoted: str, answers: Sequence[str]) -> bool:
    """Does the text hold one of the answers, after SQuAD's normalisation? False for no answers."""
    said = " ".join(squad_tokens(quoted))
    return any(" ".join(squad_tokens(answer)) in said for answer in answers)
