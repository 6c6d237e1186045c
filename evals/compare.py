"""Two runs side by side: which cases fell and rose, whether that is more than chance, and whether a gate lets it through.

Only outcomes are compared (verdict, facts said, documents cited), never scores, which differ in their last digits between machines.

The rule of the verdict, over the share of passed cases, paired case by case:

    worse                        the test says more than chance (p at most 0.05), fewer pass, and the drop may exceed the margin; or the same
                                 of one slice (a tag, or what is expected), its p corrected for the number of slices looked at
    better                       the test says more than chance, and more pass
    no worse than the margin     the whole 95% interval of the difference lies above -margin, and there are enough cases (see `enough`)
    too few cases to tell        anything else

What it can see is told by `power`: 50 cases notice a drop of 5 points 6% of the time, 400 cases 92%. So "too few cases to tell" is no all-clear.
Simulated on a set of 307 cases, slices included, 67 of 80 builds with a true drop of 5 points were called worse (`power` says 83%), and 2 of 250
builds in which as many cases rose as fell.
"""

import hashlib
import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from corpus.errors import EvalError
from evals.run import RATES, EvalRun, Outcome

MARGIN = 0.02  # a drop of two points is what a team lives with between two releases
ALPHA = 0.05  # chance of calling a difference real when there is none
# Of the bootstrap and, above 13 changed cases, of the permutations; below, all 2^n of them are counted.
RESAMPLES = 9_999
SEED = 7  # the same two runs give the same figures
RISING = 0.018  # share of cases that rise by chance while 5 points fall; between builds of this house it is 1 to 3 in a hundred
SMALLEST_SLICE = 6  # a two-sided test of five cases cannot go below p = 2 / 2^5 = 0.0625, whatever they say
BASELINES = Path(__file__).parent / "baselines"

Verdict = Literal["better", "no worse than the margin", "worse", "too few cases to tell"]

# Figures of a whole run, as `--min` and `--max` name them; the mean of each per-case metric has the metric's own name.
FIGURES = ("pass_rate", "facts_complete", "refusal_rate", "false_refusal_rate", "auroc", "calibration_error", "right_at_0.8")
CASE_METRICS = (
    "citation_precision", "citation_recall", "facts_said", "forbidden_said", "mrr", "ndcg@10", "recall@10", "recall@5", "rouge_l", "success@3", "token_f1",
    "words",
)
_LESS_IS_BETTER = ("false_refusal_rate", "forbidden_said", "calibration_error")
_NEITHER = ("words",)


def direction(metric: str) -> int:
    """1 when more of the metric is better, -1 when less is, 0 for neither."""
    return -1 if metric in _LESS_IS_BETTER else 0 if metric in _NEITHER else 1


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of one case of one run. A baseline keeps no text: `text` is "" there, and `digest` tells whether it is the same.

    `asked` is a digest of the question and of what is expected; "" where it is not known, in a baseline of old.
    """

    verdict: str
    passed: bool
    failed_at: str
    cited: tuple[str, ...]
    digest: str
    metrics: Mapping[str, float]
    text: str = ""
    error: str = ""
    asked: str = ""
    protected: bool = False

    @classmethod
    def of(cls, outcome: Outcome) -> "Seen":
        """What is compared of an outcome."""
        cited = tuple(sorted({str(citation["document"]) for citation in outcome.citations}))
        return cls(
            outcome.verdict, outcome.passed, outcome.failed_at, cited, text_digest(outcome.text), outcome.metrics, outcome.text, outcome.error,
            text_digest(f"{outcome.expect}: {outcome.question}"), outcome.protected,
        )

    def same(self, other: "Seen") -> bool:
        """Is this the same outcome: verdict, stage, facts said, documents cited, and words?"""
        mine, theirs = ((one.verdict, one.passed, one.failed_at, one.cited, one.digest, one.metrics.get("facts_said")) for one in (self, other))
        return mine == theirs


def text_digest(text: str) -> str:
    """12 hex digits of sha256, whatever the white space; "" for an empty text."""
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "replace")).hexdigest()[:12] if text.strip() else ""


# ---- Baselines: blessed outcomes in a file that a person reviews


@dataclass(frozen=True, slots=True)
class Baseline:
    """The blessed outcomes of a set, read back from their file."""

    set_name: str
    set_digest: str
    blessed: str
    fingerprint: dict[str, str]
    cases: dict[str, Seen]

    @property
    def name(self) -> str:
        """What reports call it."""
        return f"baseline of {self.blessed}"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    verdict: Literal["answered", "refused", "conversation", ""]
    passed: bool
    failed_at: str = ""
    said: float | None = None
    cited: tuple[str, ...] = ()
    text: str = ""
    asked: str = ""
    protected: bool = False


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    set: str
    set_digest: str
    blessed: str
    fingerprint: dict[str, str]
    passed: str
    cases: dict[str, _Entry]


def bless(run: EvalRun) -> str:
    """The run as the text of a baseline file: YAML, sorted, one line a case. The same run gives the same bytes.

    Raises EvalError for a run that was interrupted or has no cases.
    """
    _usable(run)
    head = {
        "set": run.set_name,
        "set_digest": run.set_digest,
        "blessed": run.started[:10],
        "fingerprint": dict(sorted(run.fingerprint.items())),
        "passed": f"{sum(o.passed for o in run.outcomes)} of {len(run.outcomes)}",
    }
    lines = [_line(outcome) for outcome in sorted(run.outcomes, key=lambda o: o.case)]
    note = "# Blessed outcomes, written by `kpo eval bless`. Review a change of this file as you review code: each line is what one question got.\n"
    top: str = yaml.safe_dump(head, sort_keys=False, allow_unicode=True, width=10_000)
    return note + top + "cases:\n" + "".join(lines)


def _line(outcome: Outcome) -> str:
    seen = Seen.of(outcome)
    entry: dict[str, Any] = {"verdict": seen.verdict, "passed": seen.passed}
    if seen.failed_at:
        entry["failed_at"] = seen.failed_at
    if "facts_said" in seen.metrics:
        entry["said"] = round(seen.metrics["facts_said"], 4)
    if seen.cited:
        entry["cited"] = list(seen.cited)
    if seen.digest:
        entry["text"] = seen.digest
    entry["asked"] = seen.asked
    if seen.protected:
        entry["protected"] = True
    # A mapping in braces, without its own braces: the library quotes what YAML would misread ("no", "1e5").
    text: str = yaml.safe_dump({outcome.case: entry}, sort_keys=False, allow_unicode=True, default_flow_style=True, width=math.inf)
    return f"  {text[1:-2]}\n"


def read_baseline(text: str, where: str = "the baseline") -> Baseline:
    """The baseline in the text of a file, YAML or JSON. Raises EvalError that names what is wrong."""
    remedy = "write it anew with `kpo eval bless`, or take it from version control"
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EvalError(f"{where} is not valid YAML: {error}", remedy) from error
    try:
        found = _File.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise EvalError(f"{where} is not a baseline: {place}: {first['msg']} (it is {first['input']!r:.80})", remedy) from error
    cases = {
        id: Seen(
            entry.verdict, entry.passed, entry.failed_at, entry.cited, entry.text, {} if entry.said is None else {"facts_said": entry.said},
            error="crashed or timed out" if entry.failed_at == "error" else "", asked=entry.asked, protected=entry.protected,
        )
        for id, entry in found.cases.items()
    }
    return Baseline(found.set, found.set_digest, found.blessed, found.fingerprint, cases)


def baseline_path(set_name: str, folder: Path = BASELINES) -> Path:
    """Where the baseline of a set lies; a name that is no file name has its odd characters replaced."""
    return folder / ((re.sub(r"[^\w+-]+", "-", set_name).strip("-") or "set") + ".yaml")


def load_baseline(set_name: str, folder: Path = BASELINES) -> Baseline:
    """The blessed baseline of a set. Raises EvalError when there is none."""
    path = baseline_path(set_name, folder)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise EvalError(f"the set {set_name} has no baseline: there is no {path}", "run the set, look at the report, then `kpo eval bless`") from error
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"the baseline {path} cannot be read: {error}", "take it from version control") from error
    return read_baseline(text, str(path))


def write_baseline(run: EvalRun, folder: Path = BASELINES) -> Path:
    """Bless a run: write its baseline file, over the one that is there; return its path.

    Raises EvalError when that is the baseline of a set with another name, or the file cannot be written.
    """
    text, path = bless(run), baseline_path(run.set_name, folder)
    try:
        if path.is_file() and (other := _set_in(path)) not in ("", run.set_name):
            raise EvalError(f"{path} is the baseline of {other}, and {run.set_name} would be written over it", "give one of the two sets another name")
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise EvalError(f"the baseline {path} cannot be written: {error}", "choose another folder with --baselines") from error
    return path


def _set_in(path: Path) -> str:
    """The name of the set whose baseline a file is; "" for what is none."""
    try:
        return read_baseline(path.read_text(encoding="utf-8")).set_name
    except (EvalError, UnicodeDecodeError):
        return ""


# ---- The comparison


@dataclass(frozen=True, slots=True)
class Pair:
    """One case in both runs."""

    case: str
    question: str
    expect: str
    tags: tuple[str, ...]
    protected: bool
    before: Seen
    after: Seen

    @property
    def fell(self) -> bool:
        """Passed before, fails now."""
        return self.before.passed and not self.after.passed

    @property
    def rose(self) -> bool:
        """Failed before, passes now."""
        return self.after.passed and not self.before.passed


@dataclass(frozen=True, slots=True)
class Difference:
    """The paired difference of one metric over one slice of the cases, `slice` "" for all of them.

    `low` and `high` bound it with 95% confidence; `p` is the permutation test's, None for a slice too small to be tested; `q` is `p` corrected for
    the number of slices (Benjamini and Hochberg 1995), None for all cases together.
    """

    metric: str
    slice: str
    cases: int
    before: float
    after: float
    low: float
    high: float
    p: float | None
    q: float | None = None

    @property
    def change(self) -> float:
        """After minus before."""
        return self.after - self.before

    @property
    def sign(self) -> int:
        """1 for a change to the better that is more than chance, -1 to the worse, 0 when chance explains it."""
        p = self.q if self.slice else self.p
        if p is None or p > ALPHA or not self.change:
            return 0
        return direction(self.metric) * (1 if self.change > 0 else -1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs, or a run and a baseline, case by case. Made by `compare`."""

    before: EvalRun | Baseline
    after: EvalRun
    margin: float
    pairs: tuple[Pair, ...]
    differences: tuple[Difference, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    guarded: frozenset[str]  # the protected ones of `only_before`

    @property
    def fell(self) -> tuple[Pair, ...]:
        """The cases that passed and now fail; protected ones first."""
        return tuple(sorted((pair for pair in self.pairs if pair.fell), key=lambda pair: (not pair.protected, pair.case)))

    @property
    def rose(self) -> tuple[Pair, ...]:
        """The cases that failed and now pass."""
        return tuple(sorted((pair for pair in self.pairs if pair.rose), key=lambda pair: (not pair.protected, pair.case)))

    @property
    def protected_fell(self) -> tuple[Pair, ...]:
        """The protected cases that fell: one is too many."""
        return tuple(pair for pair in self.fell if pair.protected)

    @property
    def protected_gone(self) -> tuple[str, ...]:
        """The protected cases that a changed set lacks or asks otherwise. Those that a run of a part did not ask are not known to be gone."""
        part = self.before.set_digest == self.after.set_digest or "cases" in self.after.fingerprint
        return tuple(id for id in self.only_before if id in self.guarded and (id in self.only_after or not part))

    @property
    def reworded(self) -> tuple[Pair, ...]:
        """The cases that pass or fail as before, but with another verdict, stage, facts, documents or words."""
        return tuple(pair for pair in self.pairs if pair.before.passed == pair.after.passed and not pair.before.same(pair.after))

    @property
    def overall(self) -> Difference:
        """The difference of the share of passed cases."""
        return next(one for one in self.differences if one.metric == "pass_rate" and not one.slice)

    @property
    def worse_slices(self) -> tuple[Difference, ...]:
        """The slices in which fewer cases pass, by more than chance and perhaps by more than the margin."""
        return tuple(one for one in self.differences if one.slice and one.metric == "pass_rate" and one.sign < 0 and one.low < -self.margin)

    @property
    def verdict(self) -> Verdict:
        """See the rule at the top of this module."""
        overall = self.overall
        if (overall.sign < 0 and overall.low < -self.margin) or self.worse_slices:
            return "worse"
        if overall.sign > 0:
            return "better"
        if overall.low >= -self.margin and overall.cases >= enough(self.margin):
            return "no worse than the margin"
        return "too few cases to tell"

    @property
    def changes(self) -> dict[str, tuple[str, str]]:
        """What differs between the fingerprints: {part: (before, after)}."""
        old, new = self.before.fingerprint, self.after.fingerprint
        return {key: (old.get(key, ""), new.get(key, "")) for key in sorted({*old, *new}) if old.get(key) != new.get(key)}

    def as_dict(self) -> dict[str, Any]:
        """The comparison for JSON; fields are only ever added."""
        return {
            "verdict": self.verdict,
            "margin": self.margin,
            "before": _called(self.before),
            "after": _called(self.after),
            "cases": len(self.pairs),
            "power": {"drop": 0.05, "noticed": round(power(len(self.pairs)), 3)},
            "fell": [asdict(pair) for pair in self.fell],
            "rose": [asdict(pair) for pair in self.rose],
            "protected_fell": [pair.case for pair in self.protected_fell],
            "reworded": [pair.case for pair in self.reworded],
            "protected_gone": list(self.protected_gone),
            "only_before": list(self.only_before),
            "only_after": list(self.only_after),
            "changes": {k: list(v) for k, v in self.changes.items()},
            "differences": [asdict(one) | {"change": one.change} for one in self.differences],
            "warnings": list(cautions(self)),
        }


def _called(side: EvalRun | Baseline) -> dict[str, Any]:
    return {"run": side.id if isinstance(side, EvalRun) else None, "name": side.name, "set": side.set_name, "set_digest": side.set_digest}


def _usable(run: EvalRun) -> None:
    if not run.finished:
        raise EvalError(f"run {run.id} was interrupted after {len(run.outcomes)} cases", "take it up again with `kpo eval run`, then compare")
    if not run.outcomes:
        raise EvalError(f"run {run.id} has no cases", "run the set again, with fewer filters")


def compare(before: EvalRun | Baseline, after: EvalRun, *, margin: float = MARGIN, different_sets: bool = False) -> Comparison:
    """The comparison of two runs, or of a baseline and a run.

    Runs of different sets are refused with EvalError unless `different_sets`; then, and when one run is of a part of the set, only the cases that
    are in both count: the same id, and the same question and expectation where both are known. Raises EvalError for an interrupted run, no shared case, or a
    margin outside 0..1.
    """
    if not 0 <= margin < 1:
        raise EvalError(f"the margin {margin} is not a share of the cases", "give one from 0 up to 1: 0.02 is two points")
    for side in (before, after):
        if isinstance(side, EvalRun):
            _usable(side)
    if before.set_digest != after.set_digest and not different_sets:
        raise EvalError(
            f"these are runs of different sets: {before.set_name} ({before.set_digest}) and {after.set_name} ({after.set_digest})",
            "run the same set again and bless it, or ask for a comparison of the shared cases alone",
        )
    old = before.cases if isinstance(before, Baseline) else {outcome.case: Seen.of(outcome) for outcome in before.outcomes}
    new = {outcome.case: Seen.of(outcome) for outcome in after.outcomes}
    shared = [o for o in after.outcomes if o.case in old and old[o.case].asked in ("", new[o.case].asked)]
    if not shared:
        raise EvalError(f"{before.name} and {after.name} share no case", "compare runs of the same set")
    pairs = tuple(Pair(o.case, o.question, o.expect, o.tags, o.protected or old[o.case].protected, old[o.case], new[o.case]) for o in shared)
    found = {pair.case for pair in pairs}
    missing, added = (tuple(sorted(id for id in ids if id not in found)) for ids in (old, new))
    guarded = frozenset(id for id in missing if old[id].protected)
    return Comparison(before, after, margin, pairs, differences(pairs), missing, added, guarded)


# ---- The statistics


def _value(metric: str, pair: Pair, seen: Seen) -> float | None:
    """A case's value of a metric, by the rules of `summary`; None where it has none."""
    return RATES[metric](pair.expect, seen) if metric in RATES else seen.metrics.get(metric)


def slices_of(pair: Pair | Outcome) -> tuple[str, ...]:
    """The slices a case belongs to: its tags, and what is expected of it."""
    return (*dict.fromkeys(pair.tags), f"expects {pair.expect}")


def differences(pairs: Sequence[Pair]) -> tuple[Difference, ...]:
    """For each metric that both runs have: its difference over all cases, then over each slice, with corrected p-values.

    A case that crashed or timed out in one of them counts for pass_rate, where it has not passed, and for nothing else.
    Sorted by metric (pass_rate first), all cases before the slices. No pairs give no differences.
    """
    names = sorted({name for pair in pairs for name in pair.before.metrics.keys() & pair.after.metrics.keys()})
    out: list[Difference] = []
    for metric in (*RATES, *names):
        values = [(pair, _value(metric, pair, pair.before), _value(metric, pair, pair.after)) for pair in pairs]
        known = [(pair, old, new) for pair, old, new in values if old is not None and new is not None]
        if not known:
            continue
        out.append(_difference(metric, "", [(old, new) for _, old, new in known]))
        groups: dict[str, list[tuple[float, float]]] = {}
        for pair, old, new in known:
            for name in slices_of(pair):
                groups.setdefault(name, []).append((old, new))
        out += corrected([_difference(metric, name, group) for name, group in sorted(groups.items())])
    return tuple(out)


def _difference(metric: str, slice: str, values: Sequence[tuple[float, float]]) -> Difference:
    changes = [new - old for old, new in values]
    low, high = interval(changes)
    p = None if slice and len(values) < SMALLEST_SLICE else permutation_p(changes)
    n = len(values)
    return Difference(metric, slice, n, sum(old for old, _ in values) / n, sum(new for _, new in values) / n, low, high, p)


def interval(changes: Sequence[float]) -> tuple[float, float]:
    """The 95% interval of the mean of paired changes: bias-corrected accelerated bootstrap (Efron 1987), by scipy.

    Where that is not defined (all resamples on one side) the percentile interval; changes that are all equal give that value twice. An interval
    of few changed cases is too narrow, which is why "no worse" asks for `enough` cases besides.
    """
    if max(changes) - min(changes) < 1e-12:
        return changes[0], changes[0]
    from scipy.stats import bootstrap

    data = (np.asarray(changes, dtype=float),)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of a degenerate BCa; it is noticed below
        for method in ("BCa", "percentile"):
            batch = max(1, 2_000_000 // len(changes))  # 16 MB at a time
            found = bootstrap(data, np.mean, n_resamples=RESAMPLES, method=method, batch=batch, rng=np.random.default_rng(SEED)).confidence_interval
            if math.isfinite(found.low) and math.isfinite(found.high):
                break
    return float(found.low), float(found.high)


def permutation_p(changes: Sequence[float]) -> float:
    """The p-value, two-sided, of paired changes if it did not matter which run is which (scipy's permutation test, which flips signs for one sample).

    Cases without a change keep their 0 under any sign, so they are left out; up to 13 changed cases the test is exact. No change gives 1.0.
    """
    changed = [change for change in changes if abs(change) > 1e-12]
    if len(changed) < 2:
        return 1.0  # a lone change is as large with either sign
    from scipy.stats import permutation_test

    found = permutation_test(
        (np.asarray(changed, dtype=float),),
        lambda x, axis: np.sum(x, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(SEED),
    )
    return float(found.pvalue)


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """The differences of one metric's slices with `q`, the p-value corrected for how many of them were tested (false discovery rate)."""
    tested = [one for one in found if one.p is not None]
    if not tested:
        return list(found)
    from scipy.stats import false_discovery_control

    q = dict(zip((one.slice for one in tested), false_discovery_control([one.p for one in tested], method="bh"), strict=True))
    return [replace(one, q=float(q[one.slice])) if one.slice in q else one for one in found]


def enough(margin: float) -> float:
    """The fewest cases that can show "no worse than the margin": with n cases and none fallen, the share that falls may still be
    1 - 0.025^(1/n) at 97.5% confidence (Hanley and Lippman-Hand, JAMA 1983). 183 cases for a margin of 0.02; infinite for 0.
    """
    return math.ceil(math.log(ALPHA / 2) / math.log(1 - margin)) if margin > 0 else math.inf


def power(cases: int, drop: float = 0.05, rising: float = RISING) -> float:
    """The chance that a set of this many cases notices a true drop, when `rising` of the cases rise and `drop + rising` fall.

    Exact, for the sign test at 5% (what the permutation test of passed or failed comes to): the number of changed cases is binomial, and of
    them the number of fallen ones. power(50) = 0.06, power(400) = 0.92. No cases: 0.0.
    """
    from scipy.stats import binom

    falling = drop + rising
    changed = np.arange(1, cases + 1)
    # The fewest falls among m changed cases that the test calls more than chance; above m when no number does.
    least = binom.isf(ALPHA / 2, changed, 0.5) + 1
    return float(np.sum(binom.pmf(changed, cases, falling + rising) * binom.sf(least - 1, changed, falling / (falling + rising))))


# ---- The gate


def figure(run: EvalRun, name: str) -> float | None:
    """A run's figure by the name that `--min` and `--max` use; None when this set cannot measure it.

    Raises EvalError for an unknown name, listing the known ones.
    """
    found = run.figures
    figures: dict[str, float | None] = {
        "pass_rate": found["pass_rate"],
        "facts_complete": found["facts_complete"],
        "refusal_rate": found["refusal"]["refusal_rate"],
        "false_refusal_rate": found["refusal"]["false_refusal_rate"],
        "auroc": found["refusal"]["auroc"],
        "calibration_error": found["confidence"]["calibration_error"],
        "right_at_0.8": found["confidence"]["right_at_0.8"],
    }
    known: dict[str, float | None] = {**dict.fromkeys(CASE_METRICS), **found["metrics"], **figures}
    if name not in known:
        raise EvalError(f"there is no metric {name!r}", f"the metrics are {', '.join(sorted(known))}")
    return known[name]


def gate(
    given: Comparison | EvalRun, *, fail_on_regression: bool = False, minimums: Mapping[str, float] | None = None, maximums: Mapping[str, float] | None = None
) -> list[str]:
    """Why the gate trips, a sentence each; an empty list lets it through. A protected case that fell, or is gone from the set, always trips it.

    A figure that the set cannot measure trips too, and so do cases that crashed or timed out where a figure is asked for: a gate must not pass
    unseen. Raises EvalError for an unknown metric, and
    when `fail_on_regression` has nothing to compare with.
    """
    run = given.after if isinstance(given, Comparison) else given
    reasons: list[str] = []
    if isinstance(given, Comparison):
        fallen = given.protected_fell
        if fallen:
            reasons.append(f"{_cases(len(fallen), 'protected case')} fell: {', '.join(pair.case for pair in fallen)}")
        gone = given.protected_gone
        if gone:
            reasons.append(f"{_cases(len(gone), 'protected case')} cannot be compared, renamed, removed or asked otherwise: {', '.join(gone)}")
        if fail_on_regression and given.verdict == "worse":
            reasons.append(_regression(given))
    elif fail_on_regression:
        raise EvalError("there is nothing to find a regression against", "name a baseline or a run to compare with, as in --against baseline")
    crashed = sum(bool(outcome.error) for outcome in run.outcomes)
    if crashed and (minimums or maximums):
        reasons.append(f"{_cases(crashed, 'case')} crashed or timed out, and the gate asks for figures of all")
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
    return f"worse: {'; '.join(parts)}. {_cases(len(comparison.fell), 'case')} fell: {', '.join(pair.case for pair in comparison.fell)}"


def described(one: Difference) -> str:
    """A difference of rates in words, in points of a hundred."""
    p = one.q if one.slice and one.q is not None else one.p
    chance = "not tested" if p is None else f"{'corrected ' if one.slice else ''}p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"
    return f"{one.before:.1%} to {one.after:.1%} of {one.cases} ({100 * one.change:+.1f} points, 95% {100 * one.low:+.1f} to {100 * one.high:+.1f}, {chance})"


def cautions(comparison: Comparison) -> list[str]:
    """What a reader of the verdict should know; shown as warnings, never a reason to fail."""
    said = []
    n = len(comparison.pairs)
    if comparison.verdict == "too few cases to tell":
        said.append(
            f"too few cases to tell: {_cases(n, 'case')} would notice a drop of 5 points {_share(power(n))} of the time (400 cases: {_share(power(400))})"
        )
    crashed = sum(bool(pair.before.error or pair.after.error) for pair in comparison.pairs)
    if crashed:
        said.append(f"{_cases(crashed, 'case')} crashed or timed out in one of the runs: not passed there, and left out of every other figure")
    if comparison.only_before:
        ids = sorted(comparison.only_before, key=lambda id: id not in comparison.guarded)
        listed = _listed((f"{id} (protected)" if id in comparison.guarded else id for id in ids), max(8, len(comparison.guarded)))
        said.append(f"{_cases(len(ids), 'case')} of {comparison.before.name} did not run and cannot have fallen: {listed}; compared on {n}")
    otherwise = [id for id in comparison.only_before if id in comparison.only_after]
    if otherwise:
        said.append(f"{_cases(len(otherwise), 'case')} of these ran with another question or expectation: {_listed(otherwise)}")
    if comparison.only_after:
        said.append(f"{_cases(len(comparison.only_after), 'case')} had nothing to be compared with: {_listed(comparison.only_after)}")
    if comparison.before.set_digest != comparison.after.set_digest:
        said.append("the runs are of different sets; only their shared cases are compared")
    return said


def exit_code(reasons: Sequence[str]) -> int:
    """0: the gate lets it through; 1: it trips. An EvalError ends the program with 2, on the roof."""
    return 1 if reasons else 0


def _share(value: float) -> str:
    return "less than 1%" if 0 <= value < 0.005 else f"{value:.0%}"


def _listed(ids: Iterable[str], most: int = 8) -> str:
    ids = list(ids)
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _cases(n: int, noun: str) -> str:
    return f"{n} {noun}{'' if n == 1 else 's'}"
