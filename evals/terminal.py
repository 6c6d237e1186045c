"""Runs as the terminal shows them: a live bar on stderr with failures as they come, then a summary and the failed cases on stdout."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from evals.cases import Case, Phrase
from evals.compare import Comparison, Pair, cautions, described
from evals.labels import called
from evals.metrics import says
from evals.records import Feedback
from evals.run import EvalRun, Outcome

Item = TypeVar("Item")
SHOWN = 160  # characters of an answer in a list of cases; the reports show the whole


def follow(outcomes: Iterable[Outcome], *, title: str, total: int, cases: dict[str, Case], passed: int = 0, failed: int = 0) -> list[Outcome]:
    """Show outcomes as they come, on stderr; return them. `passed` and `failed` count those of an earlier, interrupted part of the run."""
    seen: list[Outcome] = []
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.fields[failed]} failed"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(title, total=total, completed=passed + failed, failed=failed)
        for outcome in outcomes:
            seen.append(outcome)
            failed += not outcome.passed
            if not outcome.passed:
                line = Text.assemble((f"{outcome.failed_at:>15}  ", "red"), (outcome.case, "bold"), f"  {reason(outcome, cases.get(outcome.case))}")
                console.print(line, soft_wrap=True)
            progress.update(task, advance=1, failed=failed)
    return seen


def counted(items: Sequence[Item], title: str) -> Iterator[Item]:
    """The items, with a bar on stderr of how many have been taken and how long the others will take; without one where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield from progress.track(items, description=title)


def reason(outcome: Outcome, case: Case | None = None) -> str:
    """Why a case failed, in a sentence; "" for one that passed. Without the case it is said in general what was missing."""
    match outcome.failed_at:
        case "":
            return ""
        case "error":
            return outcome.error
        case "not indexed":
            return f"the index has none of {_places(case)}"
        case "not retrieved":
            found = list(dict.fromkeys(hit["document"] for hit in outcome.hits))
            return f"no passage of {_places(case)} was found" + (f"; found were {', '.join(found[:3])}" if found else "")
        case "wrongly refused":
            return f"refused at a confidence of {outcome.confidence:.2f}"
        case "not cited":
            cited = list(dict.fromkeys(citation["document"] for citation in outcome.citations))
            return f"cited {', '.join(cited[:3])}, not {_places(case)}"
        case "not selected":
            missing = [phrase for phrase in case.must_say if not says(outcome.text, phrase)] if case else []
            return f"did not say {', '.join(map(_quoted, missing)) or 'all that must be said'}"
        case "forbidden":
            said = [phrase for phrase in case.must_not_say if says(outcome.text, phrase)] if case else []
            return f"said {', '.join(map(_quoted, said)) or 'what must not be said'}"
        case "wrongly answered":
            return f"answered at a confidence of {outcome.confidence:.2f}: {shortened(outcome.text)}"
        case _:
            return f"took it for a question: {shortened(outcome.text)}"


def _places(case: Case | None) -> str:
    return " / ".join(map(str, case.must_cite)) if case else "the places that must be cited"


def _quoted(phrase: Phrase) -> str:
    return f"“{phrase}”" if isinstance(phrase, str) else " or ".join(f"“{one}”" for one in phrase)


def shortened(text: str) -> str:
    """The beginning of a text, on one line."""
    plain = " ".join(text.split())
    return plain if len(plain) <= SHOWN else plain[:SHOWN].rpartition(" ")[0] + " …"


def summary(run: EvalRun) -> str:
    """A run's figures for reading. What the set cannot measure is said to be so."""
    return "\n".join(_summary(run))


def _summary(run: EvalRun) -> Iterable[str]:
    found = run.figures
    yield f"{run.set_name}: {found['passed']} of {found['cases']} passed ({_percent(found['pass_rate'])})" + (f"  run {run.id}" if run.id else "")
    means, refusal = found["metrics"], found["refusal"]
    if found["errors"]:
        rest = found["cases"] - found["errors"]
        yield f"  errors      {found['errors']} crashed or timed out: not passed, and left out of every other figure, which is of {rest}"
    if found["facts_complete"] is not None:
        facts = f"all said in {_percent(found['facts_complete'])} of the answerable cases"
        yield f"  facts       {facts}, {_percent(means.get('facts_said'))} of them on average"
    if "recall@5" in means:
        yield f"  retrieval   recall@5 {means['recall@5']:.3f}, MRR {means['mrr']:.3f}, nDCG@10 {means['ndcg@10']:.3f}"
        yield f"  citations   precision {means['citation_precision']:.3f}, recall {means['citation_recall']:.3f}"
    yield f"  refusal     {'':14}{'answered':>10}{'refused':>10}"
    for kind in ("answerable", "unanswerable"):
        yield f"  {'':12}{kind:14}{refusal[f'answered_{kind}']:>10}{refusal[f'refused_{kind}']:>10}"
    if not refusal["measurable"]:
        yield "              the set has only one kind of question: it cannot measure refusing"
    stages = ", ".join(f"{stage} {n}" for stage, n in found["failed_at"].items())
    yield f"  failures    {stages or 'none'}" + (f" ({found['stale']} stale)" if found["stale"] else "")
    speed = found["speed_ms"]
    parts = ", ".join(f"{stage} {speed[stage]['median']:.0f}" for stage in ("embed", "search", "rerank", "compose"))
    yield f"  speed       median {speed['total']['median']:.0f} ms, 95th percentile {speed['total']['p95']:.0f} ms (medians: {parts})"


def failures(outcomes: Sequence[Outcome], cases: dict[str, Case]) -> str:
    """The failed cases with stage and reason, a block each, those of one stage together; "" when none failed."""
    failed = sorted((outcome for outcome in outcomes if not outcome.passed), key=lambda outcome: outcome.failed_at)
    blocks = [
        f"{one.case}{' (protected)' if one.protected else ''}: {one.failed_at}\n    {one.question}\n    {reason(one, cases.get(one.case))}" for one in failed
    ]
    return "\n".join([f"Failed cases ({len(blocks)})", *blocks]) if blocks else ""


def _percent(share: float | None) -> str:
    return "not measured" if share is None else f"{share:.1%}"


def comparison(found: Comparison) -> str:
    """A comparison for reading: the verdict, the cases that fell and rose with both answers, the slices that got worse."""
    lines = [f"{found.after.set_name} against {called(found.before.name)}: {found.verdict}", f"  passed  {described(found.overall)}"]
    lines += [f"  {part} differs: {old or 'unknown'} before, {new or 'unknown'} after" for part, (old, new) in found.changes.items()]
    for word, pairs in (("fell", found.fell), ("rose", found.rose)):
        if pairs:
            lines.append(f"  {len(pairs)} {'case' if len(pairs) == 1 else 'cases'} {word}")
            lines += [line for pair in pairs for line in _pair(pair)]
    lines += [f"  worse in {one.slice}: {described(one)}" for one in found.worse_slices]
    if found.reworded:
        n = len(found.reworded)
        lines.append(f"  {n} {'case was' if n == 1 else 'cases were'} answered otherwise, with the same result")
    return "\n".join(lines)


def _pair(pair: Pair) -> Iterable[str]:
    yield f"    {pair.case}{' (protected)' if pair.protected else ''}: {pair.question}"
    for label, seen in (("before", pair.before), ("after", pair.after)):
        result = "passed" if seen.passed else seen.failed_at
        said = shortened(seen.text or seen.error) or (f"from {', '.join(seen.cited)}" if seen.cited else "")
        yield f"      {label:7} {seen.verdict or 'no answer'}, {result}" + (f": {said}" if said else "")


def warn(found: Comparison) -> None:
    """What a reader of the verdict should know, on stderr."""
    for caution in cautions(found):
        typer.secho(f"Warning: {caution}", fg="yellow", err=True)


def tripped(reasons: Sequence[str]) -> None:
    """Why the gate trips, on stderr; nothing when it does not."""
    for one in reasons:
        typer.secho(f"Gate: {one}", fg="red", err=True)


def history_row(run: EvalRun) -> dict[str, str | int]:
    """A run in the list of `kpo eval history`."""
    found = run.figures
    return {
        "run": run.id, "set": run.set_name, "started": run.started, "cases": found["cases"], "passed": found["passed"], "errors": found["errors"],
        "share": _percent(found["pass_rate"]),
        "false refusals": _percent(found["refusal"]["false_refusal_rate"]), "right refusals": _percent(found["refusal"]["refusal_rate"]),
        "median ms": round(found["speed_ms"]["total"]["median"]), "code": run.fingerprint.get("code", ""), "corpus": run.fingerprint.get("corpus", "")[:8],
        "chosen": run.fingerprint.get("cases", "all"),
    }


def waiting(feedback: Sequence[Feedback]) -> str:
    """The open feedback, a block each."""
    return "\n".join(line for one in feedback for line in _waiting(one)) or "the inbox is empty"


def _waiting(one: Feedback) -> Iterable[str]:
    yield f"{one.id}: {one.question}"
    yield from (f"    after: {earlier}" for earlier in one.after)
    kind = f"thumb {one.thumb}" if one.thumb else "unanswered"
    yield f"    {one.received[:16]}  {', '.join(filter(None, [kind, one.verdict, one.reason]))}"
    if one.words:
        yield f"    “{one.words}”"
    if one.citations:
        yield f"    cited {', '.join(dict.fromkeys(one.citations))}"
