"""A set is run: each case is asked of the same Assistant that the page uses, and scored; a crash is an outcome with its reason."""

import hashlib
import json
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from random import Random
from threading import Condition, Thread
from typing import Any, Literal, Protocol

from assistant.answer import Answer
from assistant.ask import Assistant
from assistant.check import FLOORS
from assistant.floor import CONSTANTS
from assistant.question import Question
from evals.cases import Case, CaseSet, stale
from evals.metrics import (
    auroc,
    calibration_error,
    coverage_risk,
    facts_said,
    forbidden_said,
    quantile,
    reliability,
    retrieval,
    rouge_l,
    token_f1,
    unmarked,
)
from index.catalog import View

KEPT_HITS = 5  # passages that an outcome keeps, for a reader of the report to see what there was to choose from
SECONDS = 60.0  # for one case; a question takes a fraction of a second
Half = Literal["even", "odd", "all"]  # the questions of a public set by their parity
Stage = Literal[
    "", "error", "not indexed", "not retrieved", "wrongly refused", "not cited", "not selected", "forbidden", "wrongly answered", "not conversation"
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one case. `failed_at` names the first stage that failed, "" for a passed case."""

    case: str
    question: str
    expect: str
    tags: tuple[str, ...]
    protected: bool
    passed: bool
    failed_at: Stage
    verdict: str = ""
    standalone: str = ""
    text: str = ""
    confidence: float = 0.0
    citations: tuple[dict[str, Any], ...] = ()
    hits: tuple[dict[str, Any], ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    timings_ms: dict[str, float] = field(default_factory=dict)
    error: str = ""
    stale: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The outcome for JSON; `from_dict` gives it back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Outcome":
        """An outcome as `as_dict` wrote it."""
        return cls(**{**data, "tags": tuple(data["tags"]), "citations": tuple(data["citations"]), "hits": tuple(data["hits"])})


def run(assistant: Assistant, cases: Sequence[Case], *, jobs: int = 1, seconds: float = SECONDS) -> Iterator[Outcome]:
    """An outcome for each case, in the order of the cases. A case that raises or takes longer than `seconds` is a failed outcome.

    A thread cannot be killed: a case that hangs keeps its thread, another one takes the thread's place, and the process may end without it.
    Raises IndexMissing or IndexMismatch before the first case.
    """
    with assistant.retrieval.reading() as view:
        documents = {entry.id for entry in view.entries()}
    waiting = deque(range(len(cases)))
    begun: dict[int, float] = {}
    done: dict[int, Outcome] = {}
    changed = Condition()

    def work() -> None:
        while True:
            with changed:
                if not waiting:
                    return
                at = waiting.popleft()
                begun[at] = time.monotonic()
                changed.notify_all()
            try:
                outcome = _outcome(assistant, cases[at], documents)
            except Exception as error:  # one case must not stop the others
                outcome = _failed(cases[at], f"{type(error).__name__}: {error}")
            with changed:
                if at in done:  # given up meanwhile, and replaced
                    return
                done[at] = outcome
                changed.notify_all()

    def hire() -> None:
        Thread(target=work, name="kpo-eval", daemon=True).start()

    try:
        for _ in range(min(max(1, jobs), len(cases))):
            hire()
        for at, case in enumerate(cases):
            with changed:
                while at not in done:
                    left = begun[at] + seconds - time.monotonic() if at in begun else None
                    if left is not None and left <= 0:
                        done[at] = _failed(case, f"took longer than {seconds:g} s")
                        hire()
                    else:
                        changed.wait(left)
            yield done[at]
    finally:
        with changed:
            waiting.clear()


def _failed(case: Case, reason: str) -> Outcome:
    return Outcome(case.id, case.question, case.expect, case.tags, case.protected, False, "error", error=reason)


def _outcome(assistant: Assistant, case: Case, documents: set[str]) -> Outcome:
    answer = assistant.answer(Question(case.question, case.after))
    return score(case, answer, documents)


def score(case: Case, answer: Answer, documents: set[str]) -> Outcome:
    """An answer held against its case."""
    cited = [any(place.matches(c.document, c.heading, c.page) for place in case.must_cite) for c in answer.citations]
    found = [next((str(p) for p in case.must_cite if p.matches(h.passage.document, h.passage.heading, h.passage.page)), h.passage.id) for h in answer.hits]
    words = unmarked(answer.text)
    metrics: dict[str, float] = {"words": float(len(words.split()))}
    if answer.draft is not None:
        metrics["drafted"] = float(answer.writer == "llm")
        metrics["dropped"] = float(len(answer.draft.dropped))
    if case.expect == "answer":
        metrics |= retrieval([str(place) for place in case.must_cite], found)
        metrics["facts_said"] = facts_said(answer.text, case.must_say) if answer.verdict == "answered" else 0.0
        metrics["forbidden_said"] = float(forbidden_said(answer.text, case.must_not_say))
        if case.must_cite:
            metrics["citation_precision"] = sum(cited) / len(cited) if cited else 0.0
            metrics["citation_recall"] = float(any(cited))
        if case.reference:
            metrics["token_f1"] = token_f1(words, case.reference) if answer.verdict == "answered" else 0.0
            metrics["rouge_l"] = rouge_l(words, case.reference) if answer.verdict == "answered" else 0.0
    failed_at = _first_failure(case, answer, documents, found, cited)
    return Outcome(
        case.id, case.question, case.expect, case.tags, case.protected, not failed_at, failed_at, answer.verdict, answer.standalone, answer.text,
        round(answer.confidence, 4),
        tuple(
            {"marker": c.marker, "document": c.document, "heading": c.heading, "page": c.page, "quote": c.quote, "start": c.start, "end": c.end}
            for c in answer.citations
        ),
        tuple(
            {"document": hit.passage.document, "heading": hit.passage.heading, "page": hit.passage.page, "text": hit.passage.text, "score": round(hit.score, 3)}
            for hit in answer.hits[:KEPT_HITS]
        ),
        {name: round(value, 4) for name, value in metrics.items()}, answer.timings_ms, stale=stale(case, documents),
    )


def _first_failure(case: Case, answer: Answer, documents: set[str], found: list[str], cited: list[bool]) -> Stage:
    if case.expect == "conversation" and answer.verdict != "conversation":
        return "not conversation"
    if case.expect == "refusal" and answer.verdict == "answered":
        return "wrongly answered"
    if case.expect == "answer" and (failure := _missed(case, answer, documents, found, cited)):
        return failure
    return "forbidden" if forbidden_said(answer.text, case.must_not_say) else ""


def _missed(case: Case, answer: Answer, documents: set[str], found: list[str], cited: list[bool]) -> Stage:
    if case.must_cite:
        if stale(case, documents):
            return "not indexed"
        if not any(cited) and not set(found) & {str(place) for place in case.must_cite}:
            return "not retrieved"
    if answer.verdict != "answered":
        return "wrongly refused"
    if case.must_cite and not any(cited):
        return "not cited"
    return "not selected" if facts_said(answer.text, case.must_say) < 1.0 else ""


def fingerprint(assistant: Assistant) -> dict[str, str]:
    """What a run depends on: code, corpus, models, constants. Equal fingerprints and sets give equal outcomes."""
    with assistant.retrieval.reading() as view:
        corpus = _corpus_digest(view)
    reranker = assistant.retrieval.reranker
    drafted = {} if assistant.drafted_by is None else {"writer": assistant.drafted_by, "check": hashlib.sha256(FLOORS.read_bytes()).hexdigest()[:16]}
    return {
        "version": metadata.version("kpo-assistant"), "code": _code(), "corpus": corpus, "embedder": assistant.retrieval.embedder.identity,
        "reranker": reranker.identity if reranker else "none", "constants": hashlib.sha256(CONSTANTS.read_bytes()).hexdigest()[:16],
        **drafted,
    }


def _corpus_digest(view: View) -> str:
    rows = [[entry.id, entry.digest] for entry in view.entries()]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def _code() -> str:
    """The commit that is checked out, with "+" and a digest of the differences when files differ from it; "unknown" outside a git checkout."""
    house = Path(__file__).resolve().parent.parent
    try:
        commit = subprocess.run(["git", "-C", str(house), "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "-C", str(house), "diff", "HEAD", "--", "*.py", "*.json"], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" + hashlib.sha256(changed).hexdigest()[:8] if changed else "")


def parity(id: str) -> Literal["even", "odd"]:
    """The half of a set that a case belongs to, by sha256(id): even is for development, odd is what numbers are reported on."""
    return "odd" if int(by_hash(id), 16) % 2 else "even"


def by_hash(id: str) -> str:
    """sha256 of an id. The ids with the smallest are a sample that is spread over a set and always the same."""
    return hashlib.sha256(id.encode()).hexdigest()


class Ran(Protocol):
    """What rates look at: an outcome, or what a comparison keeps of one."""

    @property
    def verdict(self) -> str: ...
    @property
    def passed(self) -> bool: ...
    @property
    def metrics(self) -> Mapping[str, float]: ...
    @property
    def error(self) -> str: ...


# Rates of a whole run as a value for each case, given what was expected; None for a case that the rate does not speak of.
# A case that crashed or timed out has not passed, and no other rate speaks of it.
RATES: dict[str, Callable[[str, Ran], float | None]] = {
    "pass_rate": lambda expect, one: float(one.passed),
    "facts_complete": lambda expect, one: float(one.metrics["facts_said"] == 1.0) if "facts_said" in one.metrics and not one.error else None,
    "refusal_rate": lambda expect, one: float(one.verdict != "answered") if expect == "refusal" and not one.error else None,
    "false_refusal_rate": lambda expect, one: float(one.verdict == "refused") if expect == "answer" and not one.error else None,
}


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The run's figures. What the set cannot measure is None, never 0: a set with only answerable questions says nothing of refusals.

    A case that crashed or timed out has not passed, and counts among the errors; every other figure is of the cases that ran.
    """
    answerable = [o for o in outcomes if o.expect == "answer"]
    unanswerable = [o for o in outcomes if o.expect == "refusal"]
    answered = [o for o in outcomes if o.verdict == "answered"]
    right = [o.passed for o in answered]

    def mean(values: Sequence[float]) -> float | None:
        return sum(values) / len(values) if values else None

    def rate(name: str) -> float | None:
        return mean([value for o in outcomes if (value := RATES[name](o.expect, o)) is not None])

    judged = [o for o in (*answerable, *unanswerable) if not o.error]
    sure = [o.passed for o in answered if o.confidence >= 0.8]
    return {
        "cases": len(outcomes), "passed": sum(o.passed for o in outcomes),
        "errors": sum(bool(o.error) for o in outcomes), "stale": sum(o.stale for o in outcomes),
        "pass_rate": rate("pass_rate"),
        "metrics": {name: mean([o.metrics[name] for o in outcomes if name in o.metrics]) for name in sorted({name for o in outcomes for name in o.metrics})},
        "facts_complete": rate("facts_complete"),
        "refusal": {
            "answered_answerable": sum(o.verdict == "answered" for o in answerable),
            "refused_answerable": sum(o.verdict == "refused" for o in answerable),
            "answered_unanswerable": sum(o.verdict == "answered" for o in unanswerable),
            "refused_unanswerable": sum(o.verdict == "refused" for o in unanswerable),
            "false_refusal_rate": rate("false_refusal_rate"),
            "refusal_rate": rate("refusal_rate"),
            "auroc": auroc([o.confidence for o in judged], [o.expect == "answer" for o in judged]),
            "measurable": bool(answerable and unanswerable),
        },
        "confidence": {
            "right_at_0.8": mean(sure), "answers_at_0.8": len(sure),
            "calibration_error": calibration_error([o.confidence for o in answered], right) if answered else None,
            "reliability": reliability([o.confidence for o in answered], right), "coverage_risk": coverage_risk([o.confidence for o in answered], right),
        },
        "failed_at": dict(sorted({stage: sum(o.failed_at == stage for o in outcomes) for stage in {o.failed_at for o in outcomes if o.failed_at}}.items())),
        "speed_ms": {
            stage: {name: quantile([o.timings_ms[stage] for o in outcomes if stage in o.timings_ms], share) for name, share in (("median", 0.5), ("p95", 0.95))}
            for stage in ("embed", "search", "rerank", "compose", "total")
        },
    }


@dataclass(frozen=True, slots=True)
class EvalRun:
    """A whole run: the set it ran, what it depended on, and its outcomes."""

    id: int
    name: str
    set_name: str
    set_digest: str
    started: str
    fingerprint: dict[str, str]
    outcomes: tuple[Outcome, ...]
    finished: bool = True

    @property
    def figures(self) -> dict[str, Any]:
        """See `summary`."""
        return summary(self.outcomes)


def planned(found: CaseSet, *, tags: Sequence[str] = (), sample: int | None = None, seed: int = 0, half: str | None = None) -> list[Case]:
    """The cases to run: those with one of `tags`, of one half (see `parity`), and a random sample of them, in the set's order."""
    cases = [case for case in found.cases if (not tags or set(tags) & set(case.tags)) and (half is None or parity(case.id.rpartition(".")[2]) == half)]
    if sample is not None and sample < len(cases):
        chosen = set(Random(seed).sample([case.id for case in cases], sample))
        cases = [case for case in cases if case.id in chosen]
    return cases
