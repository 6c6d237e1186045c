"""Two runs, or a baseline and a run, side by side: which cases fell and rose, and whether that is more than chance.

Only outcomes are compared (verdict, facts said, documents cited), never scores, which differ in their last digits between machines.

The rule of the verdict, over the share of passed cases, paired case by case:

    worse                        the test says more than chance (p at most 0.05), fewer pass, and the drop may exceed the margin; or the same
                                 of one slice (a tag, or what is expected), its p corrected for the number of slices looked at
    better                       the test says more than chance, and more pass
    no worse than the margin     the whole 95% interval of the difference lies above -margin, and there are enough cases (`statistics.enough`)
    too few cases to tell        anything else

What it can see is told by `statistics.power`: 50 cases notice a drop of 5 points 6% of the time, 400 cases 92%. So "too few cases to tell" is no all-clear.
Simulated on a set of 307 cases, slices included, 67 of 80 builds with a true drop of 5 points were called worse (`power` says 83%), and 2 of 250
builds in which as many cases rose as fell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assistant.plain import plural
from corpus.errors import EvalError
from evals.baseline import Baseline, Seen, check_usable
from evals.labels import called
from evals.run import RATES, EvalRun, Outcome
from evals.statistics import ALPHA, DROP, enough, interval, permutation_p, power

MARGIN = 0.02  # a drop of two points is what a team lives with between two releases
SMALLEST_SLICE = 6  # a two-sided test of five cases cannot go below p = 2 / 2^5 = 0.0625, whatever they say

Verdict = Literal["better", "no worse than the margin", "worse", "too few cases to tell"]

_LESS_IS_BETTER = ("false_refusal_rate", "forbidden_said", "calibration_error")
_NEITHER = ("words",)


def direction(metric: str) -> int:
    """1 when more of the metric is better, -1 when less is, 0 for neither."""
    return -1 if metric in _LESS_IS_BETTER else 0 if metric in _NEITHER else 1


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
            "power": {"drop": DROP, "noticed": round(power(len(self.pairs)), 3)},
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
            check_usable(side)
    if before.set_digest != after.set_digest and not different_sets:
        raise EvalError(
            f"these are runs of different sets: {before.set_name} ({before.set_digest}) and {after.set_name} ({after.set_digest})",
            "run the same set again and bless it, or ask for a comparison of the shared cases alone",
        )
    old = before.cases if isinstance(before, Baseline) else {outcome.case: Seen.of(outcome) for outcome in before.outcomes}
    new = {outcome.case: Seen.of(outcome) for outcome in after.outcomes}
    shared = [o for o in after.outcomes if o.case in old and old[o.case].asked in ("", new[o.case].asked)]
    if not shared:
        raise EvalError(f"{called(before.name)} and {called(after.name)} share no case", "compare runs of the same set")
    pairs = tuple(Pair(o.case, o.question, o.expect, o.tags, o.protected or old[o.case].protected, old[o.case], new[o.case]) for o in shared)
    found = {pair.case for pair in pairs}
    missing, added = (tuple(sorted(id for id in ids if id not in found)) for ids in (old, new))
    guarded = frozenset(id for id in missing if old[id].protected)
    return Comparison(before, after, margin, pairs, differences(pairs), missing, added, guarded)


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


def corrected(found: Sequence[Difference]) -> list[Difference]:
    """The differences of one metric's slices with `q`, the p-value corrected for how many of them were tested (false discovery rate)."""
    tested = [one for one in found if one.p is not None]
    if not tested:
        return list(found)
    from scipy.stats import false_discovery_control

    q = dict(zip((one.slice for one in tested), false_discovery_control([one.p for one in tested], method="bh"), strict=True))
    return [replace(one, q=float(q[one.slice])) if one.slice in q else one for one in found]


def described(one: Difference) -> str:
    """A difference of rates in words, in points of a hundred."""
    p = one.q if one.slice and one.q is not None else one.p
    chance = "not tested" if p is None else f"{'corrected ' if one.slice else ''}p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"
    return f"{one.before:.1%} to {one.after:.1%} of {one.cases} ({100 * one.change:+.1f} points, 95% {100 * one.low:+.1f} to {100 * one.high:+.1f}, {chance})"


def cautions(comparison: Comparison, *, beside_verdict: bool = False) -> list[str]:
    """What a reader of the verdict should know; shown as warnings, never a reason to fail. `beside_verdict` leaves out what the verdict itself says."""
    said = []
    n = len(comparison.pairs)
    if comparison.verdict == "too few cases to tell":
        noticed = f"{plural(n, 'case')} would notice a drop of 5 points {_share(power(n))} of the time (400 cases: {_share(power(400))})"
        said.append(noticed if beside_verdict else f"too few cases to tell: {noticed}")
    crashed = sum(bool(pair.before.error or pair.after.error) for pair in comparison.pairs)
    if crashed:
        said.append(f"{plural(crashed, 'case')} crashed or timed out in one of the runs: not passed there, and left out of every other figure")
    if comparison.only_before:
        ids = sorted(comparison.only_before, key=lambda id: id not in comparison.guarded)
        missing = listed((f"{id} (protected)" if id in comparison.guarded else id for id in ids), max(8, len(comparison.guarded)))
        said.append(f"{plural(len(ids), 'case')} of {called(comparison.before.name)} did not run and cannot have fallen: {missing}; compared on {n}")
    otherwise = [id for id in comparison.only_before if id in comparison.only_after]
    if otherwise:
        said.append(f"{plural(len(otherwise), 'case')} of these ran with another question or expectation: {listed(otherwise)}")
    if comparison.only_after:
        said.append(f"{plural(len(comparison.only_after), 'case')} had nothing to be compared with: {listed(comparison.only_after)}")
    if comparison.before.set_digest != comparison.after.set_digest:
        said.append("the runs are of different sets; only their shared cases are compared")
    return said


def _share(value: float) -> str:
    return "less than 1%" if 0 <= value < 0.005 else f"{value:.0%}"


def listed(ids: Iterable[str], most: int = 8) -> str:
    """The first ids, and how many more there are."""
    ids = list(ids)
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")
