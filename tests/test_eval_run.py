"""A run: an outcome for each case whatever happens, the stage that failed first, and a session that a kill does not lose.

This file is also the program that is killed: `python tests/test_eval_run.py DATA_FOLDER`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from assistant.answer import Answer, Citation, Segment
from assistant.question import Question
from corpus.errors import EvalError, IndexMissing
from evals import session, terminal
from evals.baseline import read_baseline
from evals.cases import Case, CaseSet
from evals.compare import compare
from evals.records import Records
from evals.run import EvalRun, Outcome, fingerprint, parity, planned, run, summary
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval

HOUSE = Path(__file__).resolve().parent.parent
TOPICS = ["tea", "coffee", "cocoa", "sugar", "pepper", "salt", "flour", "rice", "barley", "honey"]


class Quoter:
    """Asked as the Assistant is: quotes the first sentence of the best passage, refuses everything when told to, and greets who says "Hello!".

    A sentence with "crash" in it raises, one with "hang" waits for `release`. `asked` keeps the questions.
    """

    drafted_by: str | None = None

    def __init__(self, catalog: Catalog, *, refuses: bool = False) -> None:
        self.retrieval = Retrieval(catalog, FakeEmbedder(), FakeReranker())
        self.release = threading.Event()
        self.asked: list[str] = []
        self._refuses = refuses

    def answer(self, question: Question) -> Answer:
        text = question.text
        self.asked.append(text)
        if text == "Hello!":
            return Answer(text, text, "conversation", (Segment("own", "Hello!"),))
        with self.retrieval.reading() as view:
            found = self.retrieval.search(view, text)
            best = found.hits[0].passage
            document = view.document(best.document)
        said = best.quote(best.units[0])
        if "crash" in said:
            raise ZeroDivisionError("by nought")
        if "hang" in said:
            self.release.wait()
        if self._refuses:
            return Answer(text, text, "refused", (Segment("own", "No."),), hits=found.hits)
        citation = Citation.of(1, document, best, best.units[0].start, best.units[0].end, 1.0)
        return Answer(text, text, "answered", (Segment("quote", said, 1),), (citation,), confidence=0.5, timings_ms=found.timings_ms, hits=found.hits)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return filled(tmp_path / "data")


def filled(folder: Path) -> Catalog:
    """A document for each topic; one that crashes and one that hangs the answerer; and many about the weather."""
    catalog = Catalog(folder)
    for topic in TOPICS:
        put(catalog, f"notes/{topic}.md", f"# {topic.title()}", f"The price of {topic} is 40 pounds.")
    put(catalog, "notes/crash.md", "Glass will crash on stone.")
    put(catalog, "notes/hang.md", "Pictures hang on walls.")
    for n in range(40):
        put(catalog, f"weather/{n}.md", f"Rain falls in town number{n} on every Monday of the year, and wind{n} blows.")
    return catalog


def price(topic: str, **fields: object) -> Case:
    return Case.model_validate({
        "id": topic, "question": f"What is the price of {topic}?", "must_say": ["40 pounds"], "must_cite": [f"notes/{topic}.md"], **fields,
    })


def only(outcomes: Iterator[Outcome]) -> Outcome:
    (outcome,) = outcomes
    return outcome


def test_a_right_answer_passes_and_is_measured(catalog: Catalog) -> None:
    outcome = only(run(Quoter(catalog), [price("tea", reference="The price of tea is 40 pounds")]))
    assert (outcome.passed, outcome.failed_at, outcome.verdict) == (True, "", "answered")
    assert outcome.text == "The price of tea is 40 pounds. [1]"
    assert outcome.citations[0]["document"] == "notes/tea.md"
    assert {name: outcome.metrics[name] for name in ("recall@5", "mrr", "ndcg@10", "facts_said", "citation_precision", "citation_recall")} == dict.fromkeys(
        ("recall@5", "mrr", "ndcg@10", "facts_said", "citation_precision", "citation_recall"), 1.0
    )
    assert outcome.metrics["token_f1"] == outcome.metrics["rouge_l"] == 1.0
    assert Outcome.from_dict(outcome.as_dict()) == outcome


STAGES = [
    ("not indexed", price("tea", must_cite=["notes/gone.md"]), False),
    ("not retrieved", price("tea", question="Does rain fall every Monday?"), False),
    ("wrongly refused", price("tea"), True),
    ("not cited", price("tea", question="What is the price of tea or coffee?", must_cite=["notes/coffee.md"]), False),
    ("not selected", price("tea", must_say=["40 pounds", ["a pinch", "a spoon"]]), False),
    ("forbidden", price("tea", must_not_say=["/4\\d pounds/"]), False),
    ("forbidden", Case(id="tea", question="Hello!", expect="conversation", must_not_say=("hello",)), False),
    ("forbidden", price("tea", expect="refusal", must_not_say=["no"]), True),
    ("wrongly answered", price("tea", expect="refusal"), False),
    ("not conversation", price("tea", expect="conversation"), False),
    ("error", price("tea", question="Does glass crash on stone?", must_cite=["notes/crash.md"]), False),
]


@pytest.mark.parametrize(("stage", "case", "refuses"), STAGES, ids=[f"{stage}-{case.expect}" for stage, case, _ in STAGES])
def test_a_failed_case_names_the_first_stage_that_failed(catalog: Catalog, stage: str, case: Case, refuses: bool) -> None:
    outcome = only(run(Quoter(catalog, refuses=refuses), [case]))
    assert (outcome.passed, outcome.failed_at) == (False, stage)
    assert outcome.stale == (stage == "not indexed")


@pytest.mark.parametrize(
    ("case", "refuses"),
    [(price("tea", expect="refusal"), True), (price("tea", expect="conversation", question="Hello!"), False), (price("tea", must_cite=[]), False)],
)
def test_refusals_small_talk_and_answers_from_anywhere_pass_where_expected(catalog: Catalog, case: Case, refuses: bool) -> None:
    assert only(run(Quoter(catalog, refuses=refuses), [case])).passed


def test_a_crash_is_a_failed_row_and_the_rest_goes_on(catalog: Catalog) -> None:
    cases = [price("tea"), price("crash", question="Does glass crash on stone?"), price("rice")]
    outcomes = list(run(Quoter(catalog), cases))
    assert [outcome.failed_at for outcome in outcomes] == ["", "error", ""]
    assert outcomes[1].error == "ZeroDivisionError: by nought"
    found = summary(outcomes)
    assert (found["passed"], found["errors"], found["failed_at"]) == (2, 1, {"error": 1})
    assert (found["pass_rate"], found["facts_complete"], found["metrics"]["facts_said"]) == (pytest.approx(2 / 3), 1.0, 1.0)
    assert found["refusal"]["false_refusal_rate"] == 0.0
    assert "1 crashed or timed out: not passed, and left out of every other figure, which is of 2" in terminal.summary(
        EvalRun(1, "", "x", "", "", {}, tuple(outcomes))
    )


def test_a_crash_is_no_refusal_and_hides_no_kind_of_question(catalog: Catalog) -> None:
    found = summary(list(run(Quoter(catalog), [price("tea"), price("crash", question="Does glass crash on stone?", expect="refusal")])))
    assert (found["refusal"]["refusal_rate"], found["refusal"]["measurable"], found["refusal"]["auroc"]) == (None, True, None)


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_time_out_is_a_failed_row_and_its_worker_is_replaced(catalog: Catalog, jobs: int) -> None:
    quoter = Quoter(catalog)
    hangs = [price(f"hang{n}", question="Do pictures hang on walls?") for n in range(4)]
    try:
        outcomes = list(run(quoter, [*hangs, *map(price, TOPICS)], jobs=jobs, seconds=0.5))
    finally:
        quoter.release.set()
    assert [outcome.error for outcome in outcomes[:4]] == ["took longer than 0.5 s"] * 4
    assert [outcome.passed for outcome in outcomes] == [False] * 4 + [True] * len(TOPICS)


def test_a_regular_expression_without_end_holds_up_neither_the_clock_nor_the_next_case(catalog: Catalog) -> None:
    put(catalog, "notes/long.md", f"Bread is {'needed ' * 500}everywhere.")
    cases = [price("bread", question="Is bread needed everywhere?", must_say=[r"/(.*e){20}[%$]/"], must_cite=[]), price("tea", must_cite=[])]
    began = time.monotonic()
    outcomes = list(run(Quoter(catalog), cases, seconds=1.0))
    assert [outcome.error for outcome in outcomes] == ["took longer than 1 s", ""]
    assert time.monotonic() - began < 10


def test_jobs_change_nothing_but_the_time(catalog: Catalog) -> None:
    cases = [*map(price, TOPICS), price("crash", question="Does glass crash on stone?")]

    def seen(jobs: int) -> list[tuple[str, str, str, dict[str, float]]]:
        return [(o.case, o.failed_at, o.text, o.metrics) for o in run(Quoter(catalog), cases, jobs=jobs)]

    assert seen(1) == seen(4)


def test_no_cases_give_no_outcomes_and_no_index_is_an_error(catalog: Catalog, tmp_path: Path) -> None:
    assert list(run(Quoter(catalog), [])) == []
    with pytest.raises(IndexMissing):
        list(run(Quoter(Catalog(tmp_path / "empty")), [price("tea")]))


def test_halves_are_two_parts_of_the_whole_and_samples_are_drawn_alike() -> None:
    found = CaseSet("x", "", tuple(price(f"case-{n}", tags=["even" if n % 2 else "odd", "all"]) for n in range(100)))
    even, odd = planned(found, half="even"), planned(found, half="odd")
    assert sorted([*even, *odd], key=lambda case: case.id) == sorted(found.cases, key=lambda case: case.id)
    assert {parity(case.id) for case in even} == {"even"}
    assert 30 < len(even) < 70
    drawn = planned(found, sample=10, seed=7)
    assert len(drawn) == 10
    assert drawn == planned(found, sample=10, seed=7) != planned(found, sample=10, seed=8)
    assert drawn == [case for case in found.cases if case in drawn]  # in the set's order
    assert planned(found, sample=1000) == list(found.cases)
    assert len(planned(found, tags=["odd"])) == 50
    assert len(planned(found, tags=["odd", "even"])) == 100
    assert planned(found, tags=["other"]) == []
    assert set(planned(found, tags=["odd"], half="even", sample=5)) <= set(even)


# ---- Sessions


def prices() -> CaseSet:
    return CaseSet("prices", "", tuple(map(price, TOPICS)))


def rains() -> CaseSet:
    cases = (Case(id=f"rain-{n}", question=f"Where is town number{n}?", must_cite=({"document": f"weather/{n}.md"},)) for n in range(10))  # type: ignore[arg-type]
    return CaseSet("rains", "", tuple(cases))


def finished(records: Records, asked: Quoter, sets: Sequence[CaseSet], **options: bool) -> list[session.EvalRun]:
    jobs = session.prepare(records, asked, sets, session.Choice(), **options)
    for job in jobs:
        list(session.outcomes(records, asked, job))
    return session.finish(records, jobs)


def judged(runs: Sequence[session.EvalRun]) -> list[list[tuple[str, bool, str, str]]]:
    return [[(o.case, o.passed, o.text, o.failed_at) for o in one.outcomes] for one in runs]


def test_a_killed_session_is_taken_up_where_it_was(tmp_path: Path) -> None:
    data = tmp_path / "data"
    filled(data)
    with subprocess.Popen(
        [sys.executable, __file__, data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": f"{HOUSE}{os.pathsep}{HOUSE / 'tests'}"},
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write("go on\n" * 12)  # after the thirteenth it waits for more
        process.stdin.flush()
        told = [process.stdout.readline().strip() for _ in range(13)]  # all of the first set, and three of the second
        process.send_signal(signal.SIGKILL)
    assert told == [*TOPICS, "rain-0", "rain-1", "rain-2"]
    records, asked = Records(data), Quoter(Catalog(data))
    jobs = session.prepare(records, asked, [prices(), rains()], session.Choice())
    assert [job.id for job in jobs] == [1, 2]
    assert [len(job.done) for job in jobs] == [10, 3]
    assert records.runs() == []
    resumed = finished(records, asked, [prices(), rains()])
    assert asked.asked == [case.question for case in rains().cases[3:]]
    assert [one.id for one in resumed] == [1, 2]
    assert records.runs() == records.together() == records.together(1) == [1, 2]
    whole = finished(records, asked, [prices(), rains()])  # nothing is left to take up
    assert [one.id for one in whole] == [3, 4]
    assert judged(resumed) == judged(whole)
    assert [one.fingerprint for one in resumed] == [one.fingerprint for one in whole]
    assert records.together() == [3, 4]


def test_a_run_that_another_process_is_making_is_left_to_it(catalog: Catalog) -> None:
    folder, asked = catalog.path.parent, Quoter(catalog)
    first, second = Records(folder), Records(folder)  # locks tell two Records of one process apart as they do two processes
    (mine,) = session.prepare(first, asked, [prices()], session.Choice())
    (other,) = session.prepare(second, asked, [prices()], session.Choice())
    assert (mine.id, other.id) == (1, 2)
    for records, job in ((first, mine), (second, other)):
        assert len(list(session.outcomes(records, asked, job))) == len(TOPICS)
        session.finish(records, [job])
    assert first.runs() == [1, 2]
    assert not list((folder / "runs").iterdir())
    del first, second
    session.prepare(Records(folder), asked, [prices()], session.Choice())  # interrupted: nothing holds its lock any more
    (again,) = session.prepare(Records(folder), asked, [prices()], session.Choice())
    assert again.id == 3


def test_what_took_too_long_in_an_interrupted_run_is_asked_again(catalog: Catalog) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    found = CaseSet("hangs", "", (price("tea"), price("hang", question="Do pictures hang on walls?", must_say=[], must_cite=[])))
    (job,) = session.prepare(records, asked, [found], session.Choice())
    assert [o.failed_at for o in session.outcomes(records, asked, job, seconds=0.5)] == ["", "error"]
    asked.release.set()
    (job,) = session.prepare(records, asked, [found], session.Choice())
    assert [o.case for o in job.done] == ["tea"]
    assert [o.passed for o in session.outcomes(records, asked, job)] == [True]
    assert [o.passed for o in session.finish(records, [job])[0].outcomes] == [True, True]


def test_a_run_that_is_taken_up_belongs_to_the_command_that_ends_it(catalog: Catalog, tmp_path: Path) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    session.prepare(records, asked, [prices()], session.Choice())  # interrupted at once
    finished(records, asked, [rains()])
    assert records.together() == [2]
    finished(records, asked, [prices()])  # takes up the first
    assert records.together() == records.together(1) == [1]
    assert [path.name for path, _ in session.bless(records, None, tmp_path)] == ["prices.yaml"]
    session.prepare(records, asked, [prices()], session.Choice())
    finished(records, asked, [prices(), rains()])
    assert records.together() == [3, 4]


def test_what_a_language_model_wrote_is_blessed_only_by_its_number(catalog: Catalog, tmp_path: Path) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    asked.drafted_by = "a-model"
    (drafted,) = finished(records, asked, [prices()])
    with pytest.raises(EvalError, match="the language model alone"):
        session.bless(records, None, tmp_path)
    assert [one.id for _, one in session.bless(records, drafted.id, tmp_path)] == [drafted.id]


def test_an_interrupted_run_is_not_taken_up_by_another_corpus_set_or_choice_nor_when_fresh(catalog: Catalog) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)

    def prepared(found: CaseSet, choice: session.Choice, *, fresh: bool = False) -> int:
        (job,) = session.prepare(records, asked, [found], choice, fresh=fresh)
        return job.id

    first = prepared(prices(), session.Choice())
    assert prepared(prices(), session.Choice()) == first
    assert prepared(CaseSet("prices", "", (*prices().cases, price("more"))), session.Choice()) != first
    part = prepared(prices(), session.Choice(sample=3, seed=1))
    assert part != first
    assert prepared(prices(), session.Choice(sample=3, seed=1)) == part
    assert prepared(prices(), session.Choice(), fresh=True) > part
    newest = prepared(prices(), session.Choice())
    put(catalog, "notes/new.md", "A new document.")
    assert prepared(prices(), session.Choice()) > newest


def test_a_run_of_a_part_says_so_and_is_not_blessed(catalog: Catalog, tmp_path: Path) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    jobs = session.prepare(records, asked, [prices()], session.Choice(sample=3, seed=1))
    list(session.outcomes(records, asked, jobs[0]))
    (part,) = session.finish(records, jobs)
    assert part.fingerprint["cases"] == "3 of 10 (sample 3, seed 1)"
    with pytest.raises(EvalError, match="only a part"):
        session.bless(records, None, tmp_path)
    finished(records, asked, [prices(), rains()])
    assert [path.name for path, _ in session.bless(records, None, tmp_path)] == ["prices.yaml", "rains.yaml"]


def test_a_run_with_crashes_is_not_blessed(catalog: Catalog, tmp_path: Path) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    finished(records, asked, [CaseSet("glass", "", (price("tea"), price("crash", question="Does glass crash on stone?")))])
    with pytest.raises(EvalError, match="1 of 2 cases crashed or timed out"):
        session.bless(records, None, tmp_path / "baselines")
    assert not (tmp_path / "baselines").exists()


def test_joined_runs_keep_their_sets_apart(catalog: Catalog) -> None:
    asked = Quoter(catalog)
    runs = finished(Records(catalog.path.parent), asked, [prices(), rains()])
    whole = session.joined(runs)
    assert [o.case for o in whole.outcomes[::10]] == ["prices.tea", "rains.rain-0"]
    assert whole.outcomes[-1].tags == ("rains",)
    assert session.joined(runs[:1]) is runs[0]


def test_the_fingerprint_names_the_model_that_drafts(catalog: Catalog) -> None:
    quoting = Quoter(catalog)
    drafting = Quoter(catalog)
    drafting.drafted_by = "small"
    assert "writer" not in fingerprint(quoting)
    assert fingerprint(drafting)["writer"] == "small" and fingerprint(drafting) | fingerprint(quoting) == fingerprint(drafting)


def test_the_fingerprint_tells_corpora_and_models_apart(catalog: Catalog) -> None:
    before = fingerprint(Quoter(catalog))
    assert before == fingerprint(Quoter(catalog))
    blunt = Quoter(catalog)
    blunt.retrieval = Retrieval(catalog, FakeEmbedder(), None)
    without = fingerprint(blunt)
    assert {key for key in before if before[key] != without[key]} == {"reranker"}
    put(catalog, "notes/new.md", "A new document.")
    after = fingerprint(Quoter(catalog))
    assert {key for key in before if before[key] != after[key]} == {"corpus"}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    teller = Quoter(Catalog(folder))
    for begun in session.prepare(Records(folder), teller, [prices(), rains()], session.Choice()):
        for kept in session.outcomes(Records(folder), teller, begun):
            print(kept.case, flush=True)
            sys.stdin.readline()


def test_what_a_fallen_case_used_to_say_comes_from_a_kept_run_with_the_digest_of_the_baseline(catalog: Catalog, tmp_path: Path) -> None:
    records, asked = Records(catalog.path.parent), Quoter(catalog)
    sets = [prices(), rains()]
    whole = session.joined(finished(records, asked, sets))
    baseline = session.joined_baseline([read_baseline(path.read_text(encoding="utf-8")) for path, _ in session.bless(records, None, tmp_path / "blessed")])
    later = session.joined(finished(records, Quoter(catalog, refuses=True), sets))
    found = compare(baseline, later)
    recalled = session.recalled(records, found)
    said = {outcome.case: outcome.text for outcome in whole.outcomes}
    assert len(recalled.fell) == 20 and "prices.tea" in said
    assert {pair.case: pair.before.text for pair in recalled.fell} == said
    assert f"before  answered, passed: {said['prices.tea']}" in terminal.comparison(recalled)
    assert session.recalled(Records(tmp_path / "elsewhere"), found) == found
    assert "before  answered, passed: from " in terminal.comparison(found)
