"""The gate: whether a run, or its comparison with another, is let through, and why not."""

import math
from collections.abc import Mapping, Sequence

from assistant.plain import plural
from corpus.errors import EvalError
from evals.compare import Comparison, described
from evals.run import EvalRun

# Figures of a whole run, as `--min` and `--max` name them; the mean of each per-case metric has the metric's own name.
FIGURES = ("pass_rate", "facts_complete", "refusal_rate", "false_refusal_rate", "auroc", "calibration_error", "right_at_0.8")
CASE_METRICS = (
    "citation_precision", "citation_recall", "facts_said", "forbidden_said", "mrr", "ndcg@10", "recall@10", "recall@5", "rouge_l", "success@3", "token_f1",
    "words",
)


def figure(run: EvalRun, name: str) -> float | None:
    """A run's figure by the name that `--min` and `--max` use; None when this set cannot measure it.

    Raises EvalError for an unknown name, listing the known ones.
    """
    found = run.figures
    every = {**found, **found["refusal"], **found["confidence"]}
    figures: dict[str, float | None] = {name: every[name] for name in FIGURES}
    known: dict[str, float | None] = {**dict.fromkeys(CASE_METRICS), **found["metrics"], **figures}
    if name not in known:
        raise EvalError(f"there is no metric {name!r}", f"the metrics are {', '.join(sorted(known))}")
    return known[name]


def gate(
    given: Comparison | EvalRun, *, fail_on_regression: bool = False, minimums: Mapping[str, float] | None = None, maximums: Mapping[str, float] | None = None
) -> list[str]:
    """Why the gate trips, a sentence each; an empty list lets it through. A protected case that fell, or is gone from the set, always trips it.

    A figure that the set cannot measure trips too, and so do cases that crashed or timed out where a figure is asked for: a gate must not pass
    unseen. Raises EvalError for an unknown metric, and when `fail_on_regression` has nothing to compare with.
    """
    run = given.after if isinstance(given, Comparison) else given
    reasons: list[str] = []
    if isinstance(given, Comparison):
        fallen = given.protected_fell
        if fallen:
            reasons.append(f"{plural(len(fallen), 'protected case')} fell: {', '.join(pair.case for pair in fallen)}")
        gone = given.protected_gone
        if gone:
            reasons.append(f"{plural(len(gone), 'protected case')} cannot be compared, renamed, removed or asked otherwise: {', '.join(gone)}")
        if fail_on_regression and given.verdict == "worse":
            reasons.append(_regression(given))
    elif fail_on_regression:
        raise EvalError("there is nothing to find a regression against", "name a baseline or a run to compare with, as in --against baseline")
    crashed = sum(bool(outcome.error) for outcome in run.outcomes)
    if crashed and (minimums or maximums):
        reasons.append(f"{plural(crashed, 'case')} crashed or timed out, and the gate asks for figures of all")
    for limits, least in ((minimums or {}, True), (maximums or {}, False)):
        for name, limit in sorted(limits.items()):
            value = figure(run, name)
            if value is None:
                reasons.append(f"{name} cannot be measured by these cases, and the gate asks for it")
            elif math.isnan(limit) or (value < limit if least else value > limit):
                reasons.append(f"{name} is {value:.4g}, {'below the least' if least else 'above the most'} allowed, {limit:.4g}")
    return reasons


def _regression(comparison: Comparison) -> str:
    parts = []
    if comparison.overall.sign < 0 and comparison.overall.low < -comparison.margin:
        parts.append(described(comparison.overall))
    parts += [f"{one.slice}: {described(one)}" for one in comparison.worse_slices]
    return f"worse: {'; '.join(parts)}. {plural(len(comparison.fell), 'case')} fell: {', '.join(pair.case for pair in comparison.fell)}"


def exit_code(reasons: Sequence[str]) -> int:
    """0: the gate lets it through; 1: it trips. An EvalError ends the program with 2, on the roof."""
    return 1 if reasons else 0
