"""The history of finished runs as one HTML page: the figures of each set over time."""

import math
from collections.abc import Sequence
from typing import Any

from evals.charts import Line, plot, ticks
from evals.gate import figure
from evals.labels import label, number
from evals.report import render
from evals.run import EvalRun

_CHARTS = (("pass_rate", "facts_complete", "refusal_rate", "right_at_0.8"), ("false_refusal_rate", "calibration_error"))


def history_html(runs: Sequence[EvalRun]) -> str:
    """The metrics of finished runs over time, oldest first, a section for each set, and for each part of it. No runs: a page that says so."""
    groups: dict[tuple[str, str], list[EvalRun]] = {}
    for run in runs:
        groups.setdefault((run.set_name, run.fingerprint.get("cases", "")), []).append(run)
    sections = [
        {
            "name": f"{name}: {part}" if part else name,
            "rows": [_row(run, before) for run, before in zip(mine, [None, *mine], strict=False)][::-1],
            "charts": [_chart(mine, metrics) for metrics in _CHARTS] + [_speed(mine)],
        }
        for (name, part), mine in sorted(groups.items())
    ]
    columns = [label(metric) for metrics in _CHARTS for metric in metrics]
    return render("history.html.j2", title="History of the eval runs", sections=sections, columns=columns)


def _row(run: EvalRun, before: EvalRun | None) -> dict[str, Any]:
    values = [number(metric, figure(run, metric)) for metrics in _CHARTS for metric in metrics]
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


def _chart(runs: Sequence[EvalRun], metrics: Sequence[str]) -> dict[str, Any]:
    figures = {metric: [figure(run, metric) for run in runs] for metric in metrics}
    seen = {metric: values for metric, values in figures.items() if any(value is not None for value in values)}
    every = [value for values in seen.values() for value in values if value is not None]
    low = min(0.8, int(min(every, default=0.0) * 5) / 5) if metrics[0] == "pass_rate" else 0.0
    high = 1.0 if metrics[0] == "pass_rate" else max(0.2, -(-max(every, default=0.0) // 0.2) * 0.2)
    lines = [_line(label(metric), runs, values, lambda value: f"{value:.1%}") for metric, values in seen.items()]
    drawn = plot(
        lines, label=f"{', '.join(line.name for line in lines)} over {len(runs)} runs", x="run", y="share", x_ticks=_run_ticks(runs),
        y_ticks=ticks(low, high, 4),
    )
    title = "More is better" if metrics[0] == "pass_rate" else "Less is better"
    return {"title": title, "drawn": drawn, "legend": [line.name for line in lines]}


def _speed(runs: Sequence[EvalRun]) -> dict[str, Any]:
    speeds = [run.figures["speed_ms"]["total"] for run in runs]
    top = _round_up(max([speed["p95"] for speed in speeds], default=0))
    lines = [
        _line(name, runs, [speed[key] for speed in speeds], lambda value: f"{value:,.0f} ms")
        for name, key in (("median", "median"), ("95th percentile", "p95"))
    ]
    drawn = plot(lines, label="Time for a question over the runs", x="run", y="milliseconds", x_ticks=_run_ticks(runs), y_ticks=ticks(0, top, 4, "{:,.0f}"))
    return {"title": "Time for a question", "drawn": drawn, "legend": [line.name for line in lines]}


def _line(name: str, runs: Sequence[EvalRun], values: Sequence[float | None], form: Any) -> Line:
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
