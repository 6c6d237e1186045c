"""Reports of a run, and of its comparison with another: one HTML page, JUnit XML for CI, Markdown for a pull request, JSON.

Questions, answers and passages are untrusted text everywhere here: the page escapes them, allows no script but its own (by its hash) and
loads nothing; Markdown gets them as plain characters.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from evals.baseline import Seen
from evals.charts import Line, bar, plot, ticks, whisker
from evals.compare import Comparison, Difference, Pair, cautions, described, direction, slices_of
from evals.gate import figure
from evals.metrics import parts
from evals.run import EvalRun, Outcome
from evals.statistics import power

TEMPLATES = Path(__file__).parent
MOST_IN_MARKDOWN = 20  # cases shown in full; GitHub cuts a comment at 65,536 characters
LONGEST_IN_MARKDOWN = 600  # characters of an answer there
CURVE_POINTS = 200  # more than this many points of a curve cannot be seen

LABELS = {
    "pass_rate": ("Passed", "cases whose every expectation held"),
    "facts_complete": ("All facts said", "answerable questions whose answer says every key fact"),
    "refusal_rate": ("Rightly refused", "unanswerable questions that were not answered"),
    "false_refusal_rate": ("Wrongly refused", "answerable questions that were refused"),
    "auroc": ("Told apart", "chance that an answerable question gets the higher confidence (AUROC)"),
    "calibration_error": ("Calibration error", "how far stated confidence is from the share of right answers"),
    "right_at_0.8": ("Right when sure", "answers right among those with a confidence of 0.8 or more"),
    "facts_said": ("Facts said", "mean share of key facts said"),
    "forbidden_said": ("Forbidden said", "mean number of forbidden phrases said"),
    "citation_precision": ("Citation precision", "share of citations that stand where they should"),
    "citation_recall": ("Citation recall", "answers with a citation that stands where it should"),
    "recall@5": ("Recall at 5", "share of the expected places among the first five passages"),
    "recall@10": ("Recall at 10", "share of the expected places among the first ten passages"),
    "success@3": ("Success at 3", "questions with an expected place among the first three passages"),
    "mrr": ("Reciprocal rank", "mean of 1 / rank of the first expected place"),
    "ndcg@10": ("nDCG at 10", "ranking quality of the first ten passages"),
    "token_f1": ("Token F1", "overlap of words with the reference answer (SQuAD)"),
    "rouge_l": ("ROUGE-L", "longest common word sequence with the reference answer"),
    "words": ("Words", "mean length of the answers"),
}
_OWN_UNIT = ("words", "forbidden_said")  # counts; everything else is a share
_TILES = ("facts_complete", "refusal_rate", "false_refusal_rate", "right_at_0.8", "auroc", "calibration_error")
_STAGES = {
    "error": "crashed or timed out",
    "not indexed": "the document is gone",
    "not retrieved": "the right passage was not found",
    "wrongly refused": "refused, though it was found",
    "not cited": "another place was cited",
    "not selected": "a key fact is missing",
    "forbidden": "something forbidden was said",
    "wrongly answered": "answered, though nothing answers it",
    "not conversation": "small talk was not recognised",
}


def label(metric: str) -> str:
    """A metric's name for people; one that is not known here keeps its own."""
    return LABELS.get(metric, (metric, ""))[0]


def number(metric: str, value: float | None) -> str:
    """A metric's value for people: rates in percent, the rest with two decimals; a dash for what cannot be measured."""
    if value is None:
        return "–"
    if metric == "words":
        return f"{value:.0f}"
    return f"{value:.1%}" if metric.endswith(("_rate", "_complete", "_0.8")) else f"{value:.3f}"


def readable(text: str) -> str:
    """Text without what no document may hold: control characters and lone surrogates become U+FFFD."""
    return re.sub(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)


# ---- HTML


def html(run: EvalRun, comparison: Comparison | None = None) -> str:
    """The report of a run as one self-contained page; with the comparison, when there is one. A run without cases says so."""
    fell = {pair.case for pair in comparison.fell} if comparison else set()
    rose = {pair.case for pair in comparison.rose} if comparison else set()
    ordered = sorted(run.outcomes, key=lambda o: (o.case not in fell, o.passed, o.case))
    return _render(
        "report.html.j2", title=f"{run.set_name}: {run.name or f'run {run.id}'}", run=run, figures=run.figures, tiles=_tiles(run, comparison),
        stages=_stages(run), reliability=_reliability(run), coverage=_coverage(run), speed=_speed(run), slices=_slices(run, comparison),
        cases=[_case(at, outcome, outcome.case in fell, outcome.case in rose) for at, outcome in enumerate(ordered, 1)],
        tags=sorted({tag for outcome in run.outcomes for tag in outcome.tags}), comparison=_compared(comparison) if comparison else None,
        metrics=[(label(name), LABELS.get(name, ("", ""))[1], number(name, value)) for name, value in run.figures["metrics"].items()],
    )


def _render(template: str, **values: Any) -> str:
    found: str = _environment().get_template(template).render(**values, **_inline())
    return readable(found)


@lru_cache(maxsize=1)
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["drawn"] = Markup  # charts escape what they show
    environment.filters["minus"] = lambda text: re.sub(r"(?<![\w.])-(?=\d)", "−", text)
    environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.1%}"
    environment.filters["ms"] = lambda value: f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
    return environment


@lru_cache(maxsize=1)
def _inline() -> dict[str, Any]:
    """The page's style and script, and the policy that allows these two and nothing else."""
    from markupsafe import Markup

    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))

    def allowed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    policy = f"default-src 'none'; style-src {allowed(style)}; script-src {allowed(script)}; base-uri 'none'; form-action 'none'"
    return {"style": Markup(style), "script": Markup(script), "policy": policy}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure at the top of the page."""

    name: str
    value: str
    about: str
    change: str = ""
    kind: str = ""


def _tiles(run: EvalRun, comparison: Comparison | None) -> list[Tile]:
    changes = {one.metric: one for one in comparison.differences if not one.slice} if comparison else {}
    found = run.figures
    tiles = [
        Tile(
            "Passed", number("pass_rate", found["pass_rate"]),
            f"{found['passed']} of {found['cases']} cases" + (f"; {_errors(run)}" if found["errors"] else ""), *_moved(changes.get("pass_rate")),
        )
    ]
    for name in _TILES:
        value = figure(run, name)
        about = LABELS[name][1] if value is not None else f"this set cannot measure it: {LABELS[name][1]}"
        tiles.append(Tile(label(name), number(name, value), about, *_moved(changes.get(name))))
    total = found["speed_ms"]["total"]
    tiles.append(Tile("Time", f"{total['median']:,.0f} ms", f"median for a question; 95% within {total['p95']:,.0f} ms"))
    return tiles


def _errors(run: EvalRun) -> str:
    return f"{run.figures['errors']} crashed or timed out: left out of every other figure"


def _moved(one: Difference | None) -> tuple[str, str]:
    return (f"{100 * one.change:+.1f} points", _kind(one)) if one is not None and abs(one.change) >= 0.0005 else ("", "")


def _kind(one: Difference) -> str:
    return {1: "better", -1: "worse", 0: "even"}[one.sign]


def _stages(run: EvalRun) -> list[dict[str, Any]]:
    failed = run.figures["failed_at"]
    most = max(failed.values(), default=1)
    return [
        {"name": stage, "about": about, "count": failed[stage], "bar": bar(failed[stage] / most, f"{failed[stage]} cases", "bad")}
        for stage, about in _STAGES.items()
        if failed.get(stage)
    ]


def _reliability(run: EvalRun) -> str:
    points = run.figures["confidence"]["reliability"]
    if not points:
        return ""
    most = max(n for _, _, n in points)
    line = Line(
        "answers", [(mean, share) for mean, share, _ in points], [f"confidence {mean:.2f}: {share:.0%} right of {n}" for mean, share, n in points],
        [n / most for _, _, n in points],
    )
    return plot(
        [line], label="Reliability: share of right answers at each confidence", x="stated confidence", y="share right", diagonal=True,
        x_ticks=ticks(0, 1, 5, "{:.1f}"), y_ticks=ticks(0, 1, 5),
    )


def _coverage(run: EvalRun) -> str:
    curve = run.figures["confidence"]["coverage_risk"]
    if not curve:
        return ""
    every = max(1, len(curve) // CURVE_POINTS)
    points = [point for at, point in enumerate(curve) if at % every == 0 or at == len(curve) - 1]
    top = max(0.2, -(-max(risk for _, risk in points) // 0.2) * 0.2)
    return plot(
        [Line("answers", points)], label="Coverage and risk: share of wrong answers among the most confident", dots=False,
        x="share of answers kept, most confident first", y="share wrong", x_ticks=ticks(0, 1, 5), y_ticks=ticks(0, top, 4),
    )


def _speed(run: EvalRun) -> list[dict[str, Any]]:
    speed = run.figures["speed_ms"]
    most = max([stage["p95"] for stage in speed.values()], default=0) or 1
    return [{"name": name, **times, "bar": bar(times["median"] / most, f"median {times['median']:.0f} ms", "s1")} for name, times in speed.items()]


def _slices(run: EvalRun, comparison: Comparison | None) -> list[dict[str, Any]]:
    """The share passed of each tag and of each expectation, the worst first, with its change when there is a comparison."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in run.outcomes:
        for name in slices_of(outcome):
            groups.setdefault(name, []).append(outcome)
    changes = {one.slice: one for one in comparison.differences if one.slice and one.metric == "pass_rate"} if comparison else {}
    reach = _reach(list(changes.values()))
    rows = []
    for name, outcomes in groups.items():
        passed = sum(outcome.passed for outcome in outcomes)
        share = passed / len(outcomes)
        rows.append({
            "name": name,
            "passed": passed,
            "cases": len(outcomes),
            "share": share,
            "bar": bar(share, f"{share:.0%} passed", "good"),
            "difference": _row(changes[name], comparison, reach) if comparison and name in changes else None,
        })
    return sorted(rows, key=lambda row: (not str(row["name"]).startswith("expects "), row["share"], row["name"]))


def _case(at: int, outcome: Outcome, fell: bool, rose: bool) -> dict[str, Any]:
    return {
        "at": at,
        "outcome": outcome,
        "fell": fell,
        "rose": rose,
        "parts": parts(outcome.text),
        "about": _STAGES.get(outcome.failed_at, ""),
        "hits": [{**hit, "split": _marked(hit, outcome)} for hit in outcome.hits],
        "metrics": [(label(name), number(name, value)) for name, value in outcome.metrics.items()],
        "searched": outcome.standalone if outcome.standalone not in ("", outcome.question) else "",
    }


def _marked(hit: dict[str, Any], outcome: Outcome) -> tuple[str, str, str]:
    """A passage's text before, within and after the first quote that the answer took from it."""
    text = str(hit["text"])
    for citation in outcome.citations:
        quote = str(citation["quote"])
        if citation["document"] == hit["document"] and quote and quote in text:
            before, _, after = text.partition(quote)
            return before, quote, after
    return text, "", ""


def _compared(comparison: Comparison) -> dict[str, Any]:
    overall = [one for one in comparison.differences if not one.slice]
    return {
        "it": comparison,
        "verdict": comparison.verdict,
        "kind": _VERDICTS[comparison.verdict],
        "cautions": cautions(comparison),
        "overall": described(comparison.overall),
        "power": power(len(comparison.pairs)),
        "rows": [_row(one, comparison, _reach(overall)) for one in overall],
        "fell": [_side_by_side(pair) for pair in comparison.fell],
        "rose": [_side_by_side(pair) for pair in comparison.rose],
        "changes": comparison.changes,
        "worse_slices": [(one.slice, described(one)) for one in comparison.worse_slices],
    }


_VERDICTS = {"better": "good", "no worse than the margin": "good", "worse": "bad", "too few cases to tell": "warn"}


def _reach(found: Sequence[Difference]) -> float:
    """Where the axis of the drawn intervals of one table ends: at the widest of them, but not before 5 points."""
    return max([0.05, *(max(-one.low, one.high) for one in found if one.metric not in _OWN_UNIT)])


def _row(one: Difference, comparison: Comparison, reach: float) -> dict[str, Any]:
    """A difference as a table row: in points where the metric is a share, in its own unit where it is not."""
    own = one.metric in _OWN_UNIT
    scale = 1.0 if own else 100.0
    p = one.q if one.slice else one.p
    still = one.low == one.high == 0.0
    said = f"{scale * one.low:+.1f} to {scale * one.high:+.1f}"
    return {
        "name": label(one.metric),
        "about": LABELS.get(one.metric, ("", ""))[1],
        "cases": one.cases,
        "before": number(one.metric, one.before),
        "after": number(one.metric, one.after),
        "change": "0" if still else f"{scale * one.change:+.1f}",
        "interval": "–" if still else said,
        "p": "–" if p is None or still else "< 0.001" if p < 0.001 else f"{p:.3f}",
        "kind": "same" if still else _kind(one),
        "less": direction(one.metric) < 0,
        "drawn": whisker(
            one.change, one.low, one.high, max(-one.low, one.high, 20.0) if own else reach, comparison.margin if one.metric == "pass_rate" else 0.0,
            f"{scale * one.change:+.1f}, 95% {said}", _kind(one),
        ),
    }


def _side_by_side(pair: Pair) -> dict[str, Any]:
    return {"pair": pair, "sides": [("before", pair.before, _said(pair.before)), ("after", pair.after, _said(pair.after))]}


def _said(seen: Seen) -> str:
    """A side's answer as text, or why there is none."""
    if seen.error:
        return seen.error
    if seen.text:
        return re.sub(r"\\([\[\]])", r"\1", seen.text)
    return f"(the baseline keeps no text; its digest is {seen.digest})" if seen.digest else "(no text)"


# ---- History

_HISTORY = (("pass_rate", "facts_complete", "refusal_rate", "right_at_0.8"), ("false_refusal_rate", "calibration_error"))


def history_html(runs: Sequence[EvalRun]) -> str:
    """The metrics of finished runs over time, oldest first, a section for each set, and for each part of it. No runs: a page that says so."""
    groups: dict[tuple[str, str], list[EvalRun]] = {}
    for run in runs:
        groups.setdefault((run.set_name, run.fingerprint.get("cases", "")), []).append(run)
    sections = [
        {
            "name": f"{name}: {part}" if part else name,
            "rows": [_history_row(run, before) for run, before in zip(mine, [None, *mine], strict=False)][::-1],
            "charts": [_history_chart(mine, metrics) for metrics in _HISTORY] + [_history_speed(mine)],
        }
        for (name, part), mine in sorted(groups.items())
    ]
    columns = [label(metric) for metrics in _HISTORY for metric in metrics]
    return _render("history.html.j2", title="History of the eval runs", sections=sections, columns=columns)


def _history_row(run: EvalRun, before: EvalRun | None) -> dict[str, Any]:
    values = [number(metric, figure(run, metric)) for metrics in _HISTORY for metric in metrics]
    old = {} if before is None else before.fingerprint
    changed = [key for key in sorted({*run.fingerprint, *old}) if before is not None and run.fingerprint.get(key) != old.get(key)]
    if before is not None and before.set_digest != run.set_digest:
        changed.append("questions")
    found = run.figures
    return {
        "run": run,
        "errors": found["errors"],
        "values": values,
        "median": found["speed_ms"]["total"]["median"],
        "changed": ", ".join(changed) or ("nothing" if before else "–"),
    }


def _history_chart(runs: Sequence[EvalRun], metrics: Sequence[str]) -> dict[str, Any]:
    figures = {metric: [figure(run, metric) for run in runs] for metric in metrics}
    seen = {metric: values for metric, values in figures.items() if any(value is not None for value in values)}
    every = [value for values in seen.values() for value in values if value is not None]
    low = min(0.8, int(min(every, default=0.0) * 5) / 5) if metrics[0] == "pass_rate" else 0.0
    high = 1.0 if metrics[0] == "pass_rate" else max(0.2, -(-max(every, default=0.0) // 0.2) * 0.2)
    lines = [_history_line(label(metric), runs, values, lambda value: f"{value:.1%}") for metric, values in seen.items()]
    drawn = plot(
        lines, label=f"{', '.join(line.name for line in lines)} over {len(runs)} runs", x="run", y="share", x_ticks=_run_ticks(runs),
        y_ticks=ticks(low, high, 4),
    )
    title = "More is better" if metrics[0] == "pass_rate" else "Less is better"
    return {"title": title, "drawn": drawn, "legend": [line.name for line in lines]}


def _history_speed(runs: Sequence[EvalRun]) -> dict[str, Any]:
    speeds = [run.figures["speed_ms"]["total"] for run in runs]
    top = _round_up(max([speed["p95"] for speed in speeds], default=0))
    lines = [
        _history_line(name, runs, [speed[key] for speed in speeds], lambda value: f"{value:,.0f} ms")
        for name, key in (("median", "median"), ("95th percentile", "p95"))
    ]
    drawn = plot(lines, label="Time for a question over the runs", x="run", y="milliseconds", x_ticks=_run_ticks(runs), y_ticks=ticks(0, top, 4, "{:,.0f}"))
    return {"title": "Time for a question", "drawn": drawn, "legend": [line.name for line in lines]}


def _history_line(name: str, runs: Sequence[EvalRun], values: Sequence[float | None], form: Any) -> Line:
    known = [(at, run, value) for at, (run, value) in enumerate(zip(runs, values, strict=True)) if value is not None]
    notes = [f"{name}, run {run.id} of {run.started[:10]}: {form(value)}" for _, run, value in known]
    return Line(name, [(float(at), value) for at, _, value in known], notes)


def _run_ticks(runs: Sequence[EvalRun]) -> list[tuple[float, str]]:
    """The ids of about eight runs, evenly apart, the first and the last among them."""
    last = len(runs) - 1
    step = max(1, -(-last // 7))
    chosen = [at for at in range(0, last, step) if last - at > step / 2] + [last]
    return [(float(at), str(runs[at].id)) for at in chosen]


def _round_up(value: float) -> float:
    """The next number that quarters well: 1, 2, 4 or 8 times a power of ten. 1.0 for nothing."""
    if value <= 0:
        return 1.0
    power_of_ten = 10.0 ** math.floor(math.log10(value))
    return next(step * power_of_ten for step in (1, 2, 4, 8, 10) if step * power_of_ten >= value)


# ---- JUnit XML, Markdown, JSON


def junit(run: EvalRun, comparison: Comparison | None = None) -> str:
    """JUnit XML: a test case for each case, a failure with the stage and the answer, an error for a crash; figures as properties."""
    from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

    fell = {pair.case for pair in comparison.fell} if comparison else set()
    suite = TestSuite(readable(run.set_name))
    suite.timestamp = run.started
    for key, value in sorted(run.fingerprint.items()):
        suite.add_property(f"fingerprint.{key}", readable(value))
    suite.add_property("pass_rate", f"{run.figures['pass_rate'] or 0.0:.4f}")
    if comparison:
        suite.add_property("verdict", comparison.verdict)
    for outcome in run.outcomes:
        case = TestCase(readable(outcome.case), readable(run.set_name), round(outcome.timings_ms.get("total", 0.0) / 1000, 3))
        if not outcome.passed:
            kind = Error if outcome.error else Failure
            why = outcome.error or _STAGES.get(outcome.failed_at, outcome.failed_at)
            result = kind(readable(f"{'fell: ' if outcome.case in fell else ''}{outcome.failed_at}: {why}"), outcome.failed_at.replace(" ", "-"))
            cited = ", ".join(sorted({str(citation["document"]) for citation in outcome.citations})) or "nothing"
            result.text = readable(f"question: {outcome.question}\nverdict: {outcome.verdict or 'none'}\ncited: {cited}\nanswer: {outcome.text}")
            case.result = [result]
        suite.add_testcase(case)
    xml: Any = JUnitXml(readable(run.set_name))
    xml.add_testsuite(suite)
    xml.update_statistics()
    text = xml.tostring()
    return text.decode() if isinstance(text, bytes) else str(text)


def markdown(run: EvalRun, comparison: Comparison | None = None) -> str:
    """Markdown for a pull request: the verdict, the figures, the cases that fell and rose with both answers (the first ones in full)."""
    found = run.figures
    said = [f"## {plain(run.set_name)}: {found['passed']} of {found['cases']} cases passed", ""]
    if found["errors"]:
        said += [f"Of them {_errors(run)}.", ""]
    if comparison:
        joined = " than" if comparison.verdict in ("better", "worse") else ", against"
        said += [f"**{comparison.verdict.capitalize()}**{joined} {plain(comparison.before.name)}: {plain(described(comparison.overall))}.", ""]
        said += [f"- {plain(f'{one.slice}: {described(one)}')}" for one in comparison.worse_slices]
        said += [f"- {plain(caution)}" for caution in cautions(comparison)]
        said += [*([""] if said[-1] else []), "| | before | after | change | 95% | p |", "|---|--:|--:|--:|:-:|--:|"]
        rows = [_row(one, comparison, 1.0) for one in comparison.differences if not one.slice]
        said += [f"| {plain(row['name'])} | {row['before']} | {row['after']} | {row['change']} | {row['interval']} | {plain(row['p'])} |" for row in rows]
        said += ["", *_markdown_pairs("fell", comparison.fell), *_markdown_pairs("rose", comparison.rose)]
    else:
        said += ["| | |", "|---|--:|"]
        said += [f"| {tile.name} | {tile.value} |" for tile in _tiles(run, None)]
        said.append("")
    stages = _stages(run)
    if stages:
        said += ["| failed at | cases |", "|---|--:|", *[f"| {stage['name']}: {stage['about']} | {stage['count']} |" for stage in stages], ""]
    return "\n".join(said)


def _markdown_pairs(word: str, pairs: Sequence[Pair]) -> list[str]:
    if not pairs:
        return [f"No case {word}.", ""]
    said = [f"### {len(pairs)} case{'s' if len(pairs) > 1 else ''} {word}", ""]
    for pair in pairs[:MOST_IN_MARKDOWN]:
        said += [f"<details><summary>{plain(pair.case)}{' (protected)' if pair.protected else ''}: {plain(_short(pair.question))}</summary>", ""]
        for name, seen in (("Before", pair.before), ("After", pair.after)):
            cited = f" Cited: {plain(', '.join(seen.cited))}." if seen.cited else ""
            stage = f", {seen.failed_at}" if seen.failed_at else ""
            said += [f"{name} ({seen.verdict or 'no verdict'}{stage}): {plain(_short(_said(seen)))}{cited}", ""]
        said += ["</details>", ""]
    if len(pairs) > MOST_IN_MARKDOWN:
        said += [f"And {len(pairs) - MOST_IN_MARKDOWN} more: {plain(', '.join(pair.case for pair in pairs[MOST_IN_MARKDOWN:]))}", ""]
    return said


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_IN_MARKDOWN else text[:LONGEST_IN_MARKDOWN] + "…"


def plain(text: str) -> str:
    """Text for Markdown in which nothing is markup, a link, a mention or a reference: on one line, odd characters as entities."""
    line = " ".join(readable(text).split())
    # GitHub looks for mentions, references and bare links in the finished text: an invisible space breaks these.
    line = re.sub(r"(@|#|https?|ftp|www)(?=[\w:.])", "\\1\u200b", line, flags=re.IGNORECASE)
    return re.sub(r"[^\w\s.,;?'\"()%+/–…\u200b-]", lambda found: f"&#{ord(found[0])};", line).replace("_", "&#95;")


def as_json(run: EvalRun, comparison: Comparison | None = None) -> dict[str, Any]:
    """The whole report as one JSON object; fields are only ever added."""
    return {
        "run": run.id,
        "name": run.name,
        "set": run.set_name,
        "set_digest": run.set_digest,
        "started": run.started,
        "finished": run.finished,
        "fingerprint": run.fingerprint,
        "figures": run.figures,
        "comparison": comparison.as_dict() if comparison else None,
        "outcomes": [outcome.as_dict() for outcome in run.outcomes],
    }


def json_text(run: EvalRun, comparison: Comparison | None = None) -> str:
    """`as_json` as text."""
    return readable(json.dumps(as_json(run, comparison), indent=2, ensure_ascii=False)) + "\n"
