"""The report of a run, and of its comparison with another: one HTML page, or JSON.

Questions, answers and passages are untrusted text everywhere here: the page escapes them, allows no script but its own (by its hash) and
loads nothing.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from assistant.plain import plural
from evals.baseline import Seen
from evals.charts import Line, bar, plot, ticks, whisker
from evals.compare import Comparison, Difference, Pair, cautions, described, direction, slices_of
from evals.gate import figure
from evals.labels import LABELS, STAGES, called, label, number, readable
from evals.metrics import parts
from evals.run import EvalRun, Outcome

TEMPLATES = Path(__file__).parent
MOST_NAMED = 10  # cases that the verdict names before it says how many more
CURVE_POINTS = 200  # more than this many points of a curve cannot be seen
_OWN_UNIT = ("words", "forbidden_said")  # counts; everything else is a share
_TILES = ("facts_complete", "refusal_rate", "false_refusal_rate", "right_at_0.8", "auroc", "calibration_error")


def report_html(run: EvalRun, comparison: Comparison | None = None) -> str:
    """The report of a run as one self-contained page; with the comparison, when there is one. A run without cases says so."""
    fell = {pair.case for pair in comparison.fell} if comparison else set()
    rose = {pair.case for pair in comparison.rose} if comparison else set()
    ordered = sorted(run.outcomes, key=lambda o: (o.case not in fell, o.passed, o.case))
    places = {outcome.case: at for at, outcome in enumerate(ordered, 1)}
    return render(
        "report.html.j2", title=f"{run.set_name}: run {run.id}", run=run, figures=run.figures, tiles=tiles(run, comparison),
        stages=stages(run), reliability=_reliability(run), coverage=_coverage(run), speed=_speed(run), slices=_slices(run, comparison),
        cases=[_case(at, outcome, outcome.case in fell, outcome.case in rose) for at, outcome in enumerate(ordered, 1)],
        tags=sorted({tag for outcome in run.outcomes for tag in outcome.tags}), comparison=_compared(comparison, places) if comparison else None,
        metrics=[(label(name), LABELS.get(name, ("", ""))[1], number(name, value)) for name, value in run.figures["metrics"].items()],
    )


def render(template: str, **values: Any) -> str:
    """A page from a template beside this file, with the style and the script in it."""
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
    environment.filters["called"] = called
    environment.filters["plural"] = plural
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


def tiles(run: EvalRun, comparison: Comparison | None) -> list[Tile]:
    """The figures of a run for the top of a report, with their change when there is a comparison."""
    changes = {one.metric: one for one in comparison.differences if not one.slice} if comparison else {}
    found = run.figures
    made = [
        Tile(
            "Passed", number("pass_rate", found["pass_rate"]),
            f"{found['passed']} of {found['cases']} cases" + (f"; {crashed(run)}" if found["errors"] else ""), *_moved(changes.get("pass_rate")),
        )
    ]
    for name in _TILES:
        value = figure(run, name)
        about = LABELS[name][1] if value is not None else f"this set cannot measure it: {LABELS[name][1]}"
        made.append(Tile(label(name), number(name, value), about, *_moved(changes.get(name))))
    total = found["speed_ms"]["total"]
    made.append(Tile("Time", f"{total['median']:,.0f} ms", f"median for a question; 95% within {total['p95']:,.0f} ms"))
    return made


def crashed(run: EvalRun) -> str:
    """How many cases crashed or timed out, and what that means for the figures."""
    return f"{run.figures['errors']} crashed or timed out: left out of every other figure"


def _moved(one: Difference | None) -> tuple[str, str]:
    return (f"{100 * one.change:+.1f} points", _kind(one)) if one is not None and abs(one.change) >= 0.0005 else ("", "")


def _kind(one: Difference) -> str:
    return {1: "better", -1: "worse", 0: "even"}[one.sign]


def stages(run: EvalRun) -> list[dict[str, Any]]:
    """The stages at which cases failed, in the order of STAGES, with how many did; empty when none failed."""
    failed = run.figures["failed_at"]
    most = max(failed.values(), default=1)
    return [
        {"name": stage, "about": about, "count": failed[stage], "bar": bar(failed[stage] / most, f"{failed[stage]} cases", "bad")}
        for stage, about in STAGES.items()
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
            "difference": difference_row(changes[name], comparison, reach) if comparison and name in changes else None,
        })
    return sorted(rows, key=lambda row: (not str(row["name"]).startswith("expects "), row["share"], row["name"]))


def _case(at: int, outcome: Outcome, fell: bool, rose: bool) -> dict[str, Any]:
    return {
        "at": at,
        "outcome": outcome,
        "fell": fell,
        "rose": rose,
        "parts": parts(outcome.text),
        "about": STAGES.get(outcome.failed_at, ""),
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


def _compared(comparison: Comparison, places: Mapping[str, int]) -> dict[str, Any]:
    overall = [one for one in comparison.differences if not one.slice]
    return {
        "it": comparison,
        "verdict": comparison.verdict,
        "kind": _VERDICTS[comparison.verdict],
        "cautions": cautions(comparison, beside_verdict=True),
        "overall": described(comparison.overall),
        "rows": [difference_row(one, comparison, _reach(overall)) for one in overall],
        "fell": [_side_by_side(pair, places) for pair in comparison.fell],
        "rose": [_side_by_side(pair, places) for pair in comparison.rose],
        "most": MOST_NAMED,
        "changes": comparison.changes,
        "worse_slices": [(one.slice, described(one)) for one in comparison.worse_slices],
    }


_VERDICTS = {"better": "good", "no worse than the margin": "good", "worse": "bad", "too few cases to tell": "warn"}


def _reach(found: Sequence[Difference]) -> float:
    """Where the axis of the drawn intervals of one table ends: at the widest of them, but not before 5 points."""
    return max([0.05, *(max(-one.low, one.high) for one in found if one.metric not in _OWN_UNIT)])


def difference_row(one: Difference, comparison: Comparison, reach: float) -> dict[str, Any]:
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


def _side_by_side(pair: Pair, places: Mapping[str, int]) -> dict[str, Any]:
    return {"pair": pair, "at": places[pair.case], "sides": [("before", pair.before, said_by(pair.before)), ("after", pair.after, said_by(pair.after))]}


def said_by(seen: Seen) -> str:
    """A side's answer as text, or why there is none."""
    if seen.error:
        return seen.error
    if seen.text:
        return re.sub(r"\\([\[\]])", r"\1", seen.text)
    return f"(the baseline keeps no text; its digest is {seen.digest})" if seen.digest else "(no text)"


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
