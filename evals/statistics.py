"""What chance explains: the interval and the p-value of paired changes, and how many cases it takes to tell."""

import math
import warnings
from collections.abc import Sequence

import numpy as np

ALPHA = 0.05  # chance of calling a difference real when there is none
# Of the bootstrap and, above 13 changed cases, of the permutations; below, all 2^n of them are counted.
RESAMPLES = 9_999
SEED = 7  # the same two runs give the same figures
DROP = 0.05  # share of cases by which fewer pass, that a set should notice
RISING = 0.018  # share of cases that rise by chance while 5 points fall; between builds of this house it is 1 to 3 in a hundred


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


def enough(margin: float) -> float:
    """The fewest cases that can show "no worse than the margin": with n cases and none fallen, the share that falls may still be
    1 - 0.025^(1/n) at 97.5% confidence (Hanley and Lippman-Hand, JAMA 1983). 183 cases for a margin of 0.02; infinite for 0.
    """
    return math.ceil(math.log(ALPHA / 2) / math.log(1 - margin)) if margin > 0 else math.inf


def power(cases: int) -> float:
    """The chance that a set of this many cases notices a true DROP, when RISING of the cases rise and DROP + RISING fall.

    Exact, for the sign test at 5% (what the permutation test of passed or failed comes to): the number of changed cases is binomial, and of
    them the number of fallen ones. power(50) = 0.06, power(400) = 0.92. No cases: 0.0.
    """
    from scipy.stats import binom

    falling = DROP + RISING
    changed = np.arange(1, cases + 1)
    # The fewest falls among m changed cases that the test calls more than chance; above m when no number does.
    least = binom.isf(ALPHA / 2, changed, 0.5) + 1
    return float(np.sum(binom.pmf(changed, cases, falling + RISING) * binom.sf(least - 1, changed, falling / (falling + RISING))))
