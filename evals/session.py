"""A session of runs: the sets that one command names, each run whole or in part, kept case by case, and taken up again after an interruption."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.ask import Assistant
from corpus.errors import EvalError
from evals.cases import ENDINGS, Case, CaseSet, load, merged
from evals.compare import Baseline
from evals.records import Records
from evals.run import EvalRun, Outcome, fingerprint, planned, run

SHIPPED = Path(__file__).parent / "sets"
LEFT_OUT = ("calibration.yaml",)  # what the constants are fitted on tells nothing of how well they fit


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases of each set to run; the default is all of them."""

    tags: tuple[str, ...] = ()
    sample: int | None = None
    seed: int = 0
    half: str | None = None

    def of(self, found: CaseSet) -> list[Case]:
        """The chosen cases in the set's order; empty when none fits."""
        return planned(found, tags=self.tags, sample=self.sample, seed=self.seed, half=self.half)

    def __str__(self) -> str:
        parts = [f"tag {', '.join(self.tags)}" if self.tags else "", f"{self.half} half" if self.half else ""]
        return "; ".join(filter(None, [*parts, f"sample {self.sample}, seed {self.seed}" if self.sample is not None else ""]))


@dataclass(frozen=True, slots=True)
class Job:
    """One set's run: its id in the records, the cases to ask, and the outcomes that an interrupted run has left."""

    id: int
    found: CaseSet
    cases: tuple[Case, ...]
    done: tuple[Outcome, ...]

    @property
    def rest(self) -> list[Case]:
        """The cases that are still to be asked."""
        had = {outcome.case for outcome in self.done}
        return [case for case in self.cases if case.id not in had]


def sets_named(names: Sequence[str]) -> list[CaseSet]:
    """The sets in these files, or of these names among the shipped ones; all shipped sets for no names.

    Raises EvalError for a name that is neither, for mistakes in a file, and for two sets of one name.
    """
    shipped = {path.stem: path for path in sorted(SHIPPED.iterdir()) if path.suffix in ENDINGS} if SHIPPED.is_dir() else {}
    paths = [Path(name) for name in names] or [path for path in shipped.values() if path.name not in LEFT_OUT]
    if not paths:
        raise EvalError("there are no shipped question sets", "name the file of a set")
    sets = []
    for path in paths:
        if not path.is_file() and str(path) not in shipped:
            raise EvalError(f"there is no question set {path}", f"give a file, or one of the shipped sets: {', '.join(shipped) or 'none'}")
        sets.append(load(path if path.is_file() else shipped[str(path)]))
    merged(sets)  # raises for equal names
    return sets


def prepare(records: Records, assistant: Assistant, sets: Sequence[CaseSet], choice: Choice, *, fresh: bool = False) -> list[Job]:
    """A job for each set in which the choice finds cases; an interrupted run of the same cases and fingerprint is taken up again unless `fresh`.

    All jobs of a session begin together and end together (see `finish`), so that an interruption in the second set loses nothing of the first.
    Raises EvalError when no set has such cases.
    """
    whole = fingerprint(assistant)
    name = f"{'+'.join(found.name for found in sets)} of {datetime.now(UTC).isoformat(sep=' ', timespec='milliseconds')[:-6]}"
    jobs = []
    for found in sets:
        cases = choice.of(found)
        if not cases:
            continue
        mark = whole if len(cases) == len(found.cases) else {**whole, "cases": f"{len(cases)} of {len(found.cases)} ({choice})"}
        ids = [case.id for case in cases]
        left = None if fresh else records.unfinished(found.digest, mark, ids)
        id = left.id if left else records.start(name, found.name, found.digest, mark, ids)
        jobs.append(Job(id, found, tuple(cases), left.outcomes if left else ()))
    if not jobs:
        raise EvalError(f"no case fits ({choice})", f"the tags are: {', '.join(sorted({tag for s in sets for c in s.cases for tag in c.tags})) or 'none'}")
    return jobs


def outcomes(records: Records, assistant: Assistant, job: Job, *, jobs: int = 1, seconds: float | None = None) -> Iterator[Outcome]:
    """Ask what is left of a job; each outcome is kept before it is handed on."""
    limit = {} if seconds is None else {"seconds": seconds}
    for outcome in run(assistant, job.rest, jobs=jobs, **limit):
        records.add(job.id, outcome)
        yield outcome


def finish(records: Records, jobs: Sequence[Job]) -> list[EvalRun]:
    """The whole runs, marked as such."""
    for job in jobs:
        records.finish(job.id)
    return [records.run(job.id) for job in jobs]


def joined(runs: Sequence[EvalRun]) -> EvalRun:
    """Several runs as one, for figures and reports: ids and tags as `cases.merged` makes them. One run is itself."""
    if len(runs) == 1:
        return runs[0]
    together = tuple(replace(o, case=f"{one.set_name}.{o.case}", tags=(*o.tags, one.set_name)) for one in runs for o in one.outcomes)
    first = runs[0]
    digest = "+".join(one.set_digest for one in runs)
    return EvalRun(first.id, first.name, "+".join(one.set_name for one in runs), digest, first.started, first.fingerprint, together)


def joined_baseline(baselines: Sequence[Baseline]) -> Baseline:
    """Several baselines as one, in the manner of `joined`, in the order of its runs."""
    if len(baselines) == 1:
        return baselines[0]
    first = baselines[0]
    return Baseline(
        "+".join(one.set_name for one in baselines), "+".join(one.set_digest for one in baselines), first.blessed, first.fingerprint,
        {f"{one.set_name}.{id}": seen for one in baselines for id, seen in one.cases.items()},
    )
