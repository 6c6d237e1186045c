"""A session of runs: the sets that one command names, each run whole or in part, kept case by case, and taken up again after an interruption."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant.ask import Assistant
from assistant.settings import Llm
from corpus.errors import EvalError
from evals.baseline import BASELINES, Baseline, load_baseline, write_baseline
from evals.cases import ENDINGS, SETS, Case, CaseSet, load, merged
from evals.compare import Comparison
from evals.gate import figure, gate
from evals.junit import junit_xml
from evals.labels import called
from evals.markdown import markdown_text
from evals.records import Records
from evals.report import json_text, report_html
from evals.run import SECONDS, EvalRun, Outcome, fingerprint, planned, run

# Asked only by their names: what is fitted on and developed with tells nothing of how good the fit is, and `advice` nearly doubles the time.
LEFT_OUT = ("advice.yaml", "calibration.yaml", "practice.yaml")


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
    shipped = {path.stem: path for path in sorted(SETS.iterdir()) if path.suffix in ENDINGS} if SETS.is_dir() else {}
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
    """A job for each set; an interrupted run of the same cases and fingerprint is taken up again unless `fresh`.

    Of a run that is taken up, the cases that crashed or timed out are asked again: another time-out, or a machine less busy, may let them pass.
    All jobs of a session begin together and end together (see `finish`), so that an interruption in the second set loses nothing of the first.
    """
    whole = fingerprint(assistant)
    name = f"{'+'.join(found.name for found in sets)} of {datetime.now(UTC).isoformat(sep=' ', timespec='milliseconds')[:-6]}"
    jobs = []
    for found in sets:
        cases = choice.of(found)
        mark = whole if len(cases) == len(found.cases) else {**whole, "cases": f"{len(cases)} of {len(found.cases)} ({choice})"}
        ids = [case.id for case in cases]
        left = None if fresh else records.take_up(name, found.digest, mark, ids)
        id = left.id if left else records.start(name, found.name, found.digest, mark, ids)
        jobs.append(Job(id, found, tuple(cases), tuple(o for o in left.outcomes if not o.error) if left else ()))
    return jobs


def outcomes(records: Records, assistant: Assistant, job: Job, *, jobs: int = 1, seconds: float = SECONDS) -> Iterator[Outcome]:
    """Ask what is left of a job; each outcome is kept before it is handed on."""
    for outcome in run(assistant, job.rest, jobs=jobs, seconds=seconds):
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
    mark = next((one.fingerprint for one in runs if "cases" in one.fingerprint), first.fingerprint)  # a part is no whole
    return EvalRun(first.id, first.name, "+".join(one.set_name for one in runs), digest, first.started, mark, together)


def joined_baseline(baselines: Sequence[Baseline]) -> Baseline:
    """Several baselines as one, in the manner of `joined`, in the order of its runs."""
    if len(baselines) == 1:
        return baselines[0]
    first = baselines[0]
    return Baseline(
        "+".join(one.set_name for one in baselines), "+".join(one.set_digest for one in baselines), first.blessed, first.fingerprint,
        {f"{one.set_name}.{id}": seen for one in baselines for id, seen in one.cases.items()},
    )


def chosen(sets: Sequence[CaseSet], choice: Choice) -> list[CaseSet]:
    """The sets in which the choice finds cases. Raises EvalError when it finds none in any of them."""
    found = [one for one in sets if choice.of(one)]
    if not found:
        tags = sorted({tag for one in sets for case in one.cases for tag in case.tags})
        raise EvalError(f"no case fits ({choice})", f"the tags are: {', '.join(tags) or 'none'}")
    return found


def number(text: str) -> int:
    """The number of a run. Raises EvalError for what is none."""
    if not text.isdecimal():
        raise EvalError(f"{text!r} is not the number of a run", "`kpo eval history` lists the runs")
    return int(text)


def limits(given: Sequence[str]) -> dict[str, float]:
    """"pass_rate=0.9" as {"pass_rate": 0.9}. Raises EvalError for anything else."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        try:
            found[name.strip()] = float(value)
            if math.isnan(found[name.strip()]):
                raise ValueError("nothing is above or below it")
        except ValueError as error:
            raise EvalError(f"{text!r} is no limit", "write a metric and a number, such as pass_rate=0.9") from error
    return found


def before(records: Records, against: str | None, sets: Sequence[CaseSet], folder: Path | None, *, any_set: bool) -> EvalRun | Baseline | None:
    """What these sets' runs are to be compared with: their blessed baselines, or an earlier run with those that the same command made.

    Looked for before anything is asked. None for nothing to compare with. Raises EvalError when a set has no baseline, was not part of that
    session, or has changed since (unless `any_set`).
    """
    if against is None:
        return None
    found: EvalRun | Baseline
    if against == "baseline":
        blessed = [load_baseline(one.name, folder or BASELINES) for one in sets]
        found = joined_baseline(blessed)
        digests = [(one.set_name, one.set_digest) for one in blessed]
    else:
        named = records.run(number(against))
        session = {one.set_name: one for one in map(records.run, records.together(named.id))} if len(sets) > 1 else {sets[0].name: named}
        missing = [one.name for one in sets if one.name not in session]
        if missing:
            raise EvalError(f"run {named.id} and those made with it have no run of {', '.join(missing)}", "`kpo eval history` lists the runs")
        runs = [session[one.name] for one in sets]
        found = joined(runs)
        digests = [(one.set_name, one.set_digest) for one in runs]
    changed = [(one, *other) for one, other in zip(sets, digests, strict=True) if one.digest != other[1]]
    if changed and not any_set:
        one, name, digest = changed[0]
        raise EvalError(
            f"{called(found.name)} is of another set: {name} ({digest}), and this is {one.name} ({one.digest})",
            "run the set as it is now and bless it, or compare the shared cases with --any-set",
        )
    return found


def recalled(records: Records, found: Comparison) -> Comparison:
    """The comparison with the texts that its baseline does not keep, of the cases that fell and rose: from any kept run that said the same.

    Where no run of the data folder has an answer of that digest, there is no text.
    """
    changed = {pair.case: pair for pair in (*found.fell, *found.rose) if pair.before.digest and not pair.before.text}
    texts = records.texts({pair.before.digest for pair in changed.values()})
    return replace(
        found, pairs=tuple(
            replace(pair, before=replace(pair.before, text=texts.get(pair.before.digest, ""))) if pair.case in changed else pair for pair in found.pairs
        ),
    )


def check_gate(earlier: EvalRun | Baseline | None, *, fail_on: bool, limits: Sequence[dict[str, float]]) -> None:
    """Raise EvalError for a gate that could not be asked in the end, before anything is asked."""
    nothing = EvalRun(0, "", "", "", "", {}, ())
    if fail_on and earlier is None:
        gate(nothing, fail_on_regression=True)
    for names in limits:
        for name in names:
            figure(nothing, name)


def check_places(*places: Path | None) -> None:
    """Raise EvalError for reports that would be written over a question set, a baseline or a folder, or over each other, before anything is asked."""
    taken: set[str] = set()
    for place in filter(None, places):
        if os.path.isdir(place):
            raise EvalError(f"{place} is a folder", "name a file for the report")
        real = os.path.realpath(place)  # Path.resolve raises for a link that leads to itself until Python 3.13
        if place.suffix.lower() in ENDINGS or real.lower().endswith(ENDINGS):
            raise EvalError(f"{place} has the name of a question set, which a report would be written over", "choose another place for the report")
        if real in taken:
            raise EvalError(f"two reports would be written to {place}", "choose another place for one of them")
        taken.add(real)


def check_writer(llm: Llm, against: str | None) -> None:
    """Raise EvalError when a run of the language model beside quoting cannot be made, before anything is asked."""
    if llm.base_url is None:
        raise EvalError("no language model is set", "set KPO_LLM__BASE_URL and KPO_LLM__MODEL")
    if against is not None:
        raise EvalError("--writer llm compares with quoting, and --against with something else", "leave out one of them")


def bless(records: Records, number: int | None, folder: Path | None) -> list[tuple[Path, EvalRun]]:
    """Write the baselines of a run, or of all runs of quotations that the last command made.

    Raises EvalError when there is none, or it ran only a part of its set, or a case crashed or timed out: nothing can fall below that.
    """
    made = [records.run(id) for id in (records.together() if number is None else [number])]
    if not made:
        raise EvalError("no run has been finished yet", "`kpo eval run` makes one")
    runs = [one for one in made if number is not None or "writer" not in one.fingerprint]
    if not runs:
        raise EvalError("the last command ran the language model alone", "name the run to bless: `kpo eval history` lists them")
    for one in runs:
        if "cases" in one.fingerprint:
            raise EvalError(f"run {one.id} asked only a part of {one.set_name}: {one.fingerprint['cases']}", "run the whole set, then bless that")
        if errors := one.figures["errors"]:
            raise EvalError(
                f"in run {one.id} of {one.set_name} {errors} of {len(one.outcomes)} cases crashed or timed out, which a baseline could not guard",
                "see why in the run's list of failed cases, run the set again (with a longer --timeout when time was short), then bless that",
            )
    return [(write_baseline(one, folder or BASELINES), one) for one in runs]


def write_reports(
    run: EvalRun, found: Comparison | None, *, html: Path | None = None, junit: Path | None = None, markdown: Path | None = None, json: Path | None = None
) -> None:
    """Write the reports that are asked for, over those that are there. Raises EvalError when a place cannot be written."""
    for path, make in ((html, report_html), (junit, junit_xml), (markdown, markdown_text), (json, json_text)):
        if path is not None:
            write(path, make(run, found))


def write(path: Path, text: str) -> None:
    """Write a report, over one that is there. Raises EvalError when that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvalError(f"{path} cannot be written: {error}", "choose another place; runs are kept, `kpo eval history` names them") from error
