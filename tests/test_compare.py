"""Comparisons, baselines and the gate: what fell, what is more than chance, and what is let through."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import EvalError
from evals import statistics
from evals.baseline import Seen, bless, load_baseline, read_baseline, write_baseline
from evals.compare import Comparison, Verdict, cautions, compare, direction
from evals.gate import CASE_METRICS, FIGURES, exit_code, figure, gate
from evals.run import EvalRun, Outcome
from evals.statistics import enough, interval, permutation_p, power

FINGERPRINT = {"code": "abc", "corpus": "123", "reranker": "fake"}


def outcome(
    id: str,
    *,
    passed: bool = True,
    expect: str = "answer",
    tags: tuple[str, ...] = (),
    protected: bool = False,
    text: str = "Yes. [1]",
) -> Outcome:
    """A case that was answered, or rightly refused when `expect` is "refusal" and it passed."""
    refused = (expect == "refusal") == passed
    cited = (
        ()
        if refused
        else (
            {"marker": 1, "document": "notes/a.md", "heading": "", "page": None, "quote": "Yes.", "start": 0, "end": 4},
        )
    )
    failed_at = "" if passed else "wrongly answered" if expect == "refusal" else "wrongly refused"
    measures = {"facts_said": float(passed), "recall@10": 1.0, "words": 2.0} if expect == "answer" else {"words": 2.0}
    return Outcome(
        id,
        f"What is {id}?",
        expect,
        tags,
        protected,
        passed,
        failed_at,
        "refused" if refused else "answered",
        f"What is {id}?",
        "None found." if refused else text,
        0.3 if refused else 0.9,
        cited,
        (),
        measures,
        {"total": 5.0},
    )


def eval_run(
    outcomes: list[Outcome], *, id: int = 1, name: str = "earlier", digest: str = "d1", **fingerprint: str
) -> EvalRun:
    return EvalRun(
        id, name, "notes", digest, "2026-03-01T10:00:00+00:00", {**FINGERPRINT, **fingerprint}, tuple(outcomes)
    )


def of(number: int, failed: set[int] | range = range(0), **settings: object) -> EvalRun:
    """A run of `number` cases in which these failed."""
    return eval_run([outcome(f"c{n:03}", passed=n not in failed) for n in range(number)], **settings)  # type: ignore[arg-type]


# ---- What fell and rose


def test_cases_that_fell_and_rose_are_named_with_both_answers() -> None:
    found = compare(of(10, {1, 2}), of(10, {2, 3}, id=2))
    assert [(pair.case, pair.before.text, pair.after.text) for pair in found.fell] == [
        ("c003", "Yes. [1]", "None found.")
    ]
    assert [(pair.case, pair.before.text, pair.after.text) for pair in found.rose] == [
        ("c001", "None found.", "Yes. [1]")
    ]
    assert (found.overall.before, found.overall.after, found.overall.change) == (0.8, 0.8, 0.0)


def test_a_case_with_other_words_neither_fell_nor_rose_but_is_named() -> None:
    before = of(3)
    after = replace(before, outcomes=(replace(before.outcomes[0], text="Indeed. [1]"), *before.outcomes[1:]))
    found = compare(before, after)
    assert not found.fell and not found.rose
    assert [pair.case for pair in found.reworded] == ["c000"]


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "refused"}, {"passed": False}, {"failed_at": "not quoted"}, {"text": "Indeed. [1]"}, {"metrics": {"facts_said": 0.5}},
        {"citations": ({"document": "notes/b.md"},)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_outcome_is_another_when_one_thing_of_it_is(changed: dict[str, object]) -> None:
    one = outcome("c")
    assert Seen.of(one).same(Seen.of(replace(one, text=" Yes.\n[1]", confidence=0.5)))
    assert not Seen.of(one).same(Seen.of(replace(one, **changed)))  # type: ignore[arg-type]


def test_scores_and_times_do_not_count_as_differences() -> None:
    before = of(3)
    after = replace(
        before,
        outcomes=tuple(
            replace(o, confidence=0.5, timings_ms={"total": 99.0}, hits=({"score": 1.0},)) for o in before.outcomes
        ),
    )
    found = compare(before, after)
    assert not found.fell and not found.rose and not found.reworded
    assert all(one.change == 0 for one in found.differences)


def test_what_differs_between_the_fingerprints_is_told() -> None:
    assert compare(of(2), of(2, reranker="none")).changes == {"reranker": ("fake", "none")}


def test_a_crash_has_not_passed_and_is_left_out_of_every_other_figure_as_in_the_run_itself() -> None:
    before = of(4)
    crashed = Outcome("c000", "What is c000?", "answer", (), False, False, "error", error="RuntimeError: gone")
    after = replace(before, outcomes=(crashed, *before.outcomes[1:]))
    found = compare(before, after)
    by_name = {one.metric: one for one in found.differences if not one.slice}
    assert (by_name["pass_rate"].cases, by_name["pass_rate"].after) == (4, 0.75)
    for name in ("recall@10", "facts_complete", "facts_said", "words", "false_refusal_rate"):
        assert (by_name[name].cases, by_name[name].after) == (3, figure(after, name))
    assert any("1 case crashed or timed out" in caution for caution in cautions(found))


# ---- Statistics


@settings(deadline=None)
@given(st.integers(0, 12), st.integers(0, 12))
def test_the_permutation_test_of_passes_and_falls_equals_the_exact_sign_test(falls: int, rises: int) -> None:
    from scipy.stats import binomtest

    exact = binomtest(falls, falls + rises).pvalue if falls + rises else 1.0
    tolerance = 1e-9 if falls + rises <= 13 else 0.02  # beyond 13 changed cases the permutations are sampled
    assert permutation_p([-1.0] * falls + [1.0] * rises + [0.0] * 30) == pytest.approx(exact, abs=tolerance)


def test_the_same_changes_give_the_same_figures_each_time() -> None:
    random = Random(7)
    changes = [random.choice([-1.0, 0.0, 0.0, 0.5, 1.0]) for _ in range(60)]
    assert (interval(changes), permutation_p(changes)) == (interval(changes), permutation_p(changes))


def test_the_interval_holds_the_mean_and_narrows_with_more_cases() -> None:
    few, many = interval([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0] * 5), interval([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0] * 50)
    assert few[0] < many[0] < 0.0 < many[1] < few[1]


def test_the_interval_covers_the_true_difference_about_95_times_in_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "RESAMPLES", 499)
    random = Random(7)
    covered = 0
    for _ in range(200):
        low, high = interval(random.choices([-1.0, 0.0, 1.0], [0.15, 0.8, 0.05], k=120))
        covered += low <= -0.1 <= high
    assert 180 <= covered <= 199


def test_changes_that_are_all_equal_have_an_interval_without_width() -> None:
    assert interval([0.0] * 9) == (0.0, 0.0)
    assert interval([-1.0, -1.0]) == (-1.0, -1.0)


def test_an_interval_that_bca_cannot_give_falls_back_to_percentiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """A single resample lies on one side of the mean, which leaves the correction for bias without a value."""
    monkeypatch.setattr(statistics, "RESAMPLES", 1)
    low, high = interval([0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0])
    assert 0.0 <= low <= high <= 1.0


def test_p_values_of_slices_are_corrected_for_their_number() -> None:
    """With 20 slices of noise and one that fell, only the fallen one stays."""
    random = Random(7)
    before = [
        outcome(f"n{n}-{k}", tags=(f"noise-{n}",), passed=random.random() < 0.5) for n in range(20) for k in range(12)
    ]
    after = [outcome(o.case, tags=o.tags, passed=random.random() < 0.5) for o in before]
    fallen = [outcome(f"f{k}", tags=("fell",)) for k in range(20)]
    found = compare(
        eval_run(before + fallen), eval_run(after + [outcome(o.case, tags=o.tags, passed=False) for o in fallen])
    )
    tested = [one for one in found.differences if one.slice and one.metric == "pass_rate"]
    assert all(one.q is not None and one.p is not None and one.q >= one.p for one in tested)
    assert [one.slice for one in found.worse_slices] == ["fell"]


def test_a_slice_of_five_cases_is_not_tested_and_one_of_six_is() -> None:
    before = [outcome(f"c{n}", tags=("few",) if n < 5 else ("more",) if n < 11 else ()) for n in range(30)]
    after = [outcome(f"c{n}", tags=o.tags, passed=n >= 11) for n, o in enumerate(before)]
    found = compare(eval_run(before), eval_run(after)).differences
    few, more = (next(one for one in found if one.slice == name and one.metric == "pass_rate") for name in ("few", "more"))
    assert (few.change, few.p, few.q, few.sign) == (-1.0, None, None, 0)
    assert (more.change, more.p, more.sign) == (-1.0, 2 / 2**6, -1)


def test_less_is_better_for_wrong_refusals() -> None:
    found = compare(of(40), of(40, range(10)))
    by_name = {one.metric: one for one in found.differences if not one.slice}
    assert by_name["false_refusal_rate"].change == 0.25
    assert by_name["false_refusal_rate"].sign == by_name["pass_rate"].sign == -1
    assert by_name["words"].sign == 0
    assert [direction(name) for name in ("pass_rate", "false_refusal_rate", "forbidden_said", "calibration_error", "words")] == [1, -1, -1, -1, 0]


# ---- The verdict


@pytest.mark.parametrize(
    ("number", "before", "after", "verdict"),
    [
        (400, range(0), range(20), "worse"),  # the 5-point drop that 400 cases see
        (50, range(0), range(3), "too few cases to tell"),  # and 50 do not
        (400, range(20), range(0), "better"),
        (400, range(20), range(20), "no worse than the margin"),
        (183, range(0), range(0), "no worse than the margin"),
        (182, range(0), range(0), "too few cases to tell"),  # none of them fell, and still 2% of the questions may
        (
            400,
            range(0),
            range(200, 206),
            "worse",
        ),  # 1.5 points down, by more than chance, and perhaps by more than the margin
        (10, range(0), range(6), "worse"),  # a landslide is seen in few
    ],
)
def test_the_verdict_follows_its_rule(number: int, before: range, after: range, verdict: Verdict) -> None:
    assert compare(of(number, before), of(number, after)).verdict == verdict


def test_a_certain_drop_within_the_margin_is_no_worse_than_the_margin() -> None:
    found = compare(of(1000), of(1000, range(6)))
    assert found.overall.sign == -1 and found.overall.low > -0.02
    assert found.verdict == "no worse than the margin"
    assert compare(of(1000), of(1000, range(6)), margin=0.001).verdict == "worse"


def test_a_slice_that_falls_while_another_rises_is_worse() -> None:
    """The floor lowered: more questions are answered, and more of those that nothing answers."""
    answerable = [outcome(f"a{n}", passed=n >= 30) for n in range(200)]
    unanswerable = [outcome(f"u{n}", expect="refusal") for n in range(60)]
    after = [outcome(o.case) for o in answerable] + [
        outcome(o.case, expect="refusal", passed=n >= 25) for n, o in enumerate(unanswerable)
    ]
    found = compare(eval_run(answerable + unanswerable), eval_run(after))
    assert found.overall.change > 0
    assert [one.slice for one in found.worse_slices] == ["expects refusal"]
    assert found.verdict == "worse"
    assert gate(found, fail_on_regression=True) and not gate(found)


def test_a_set_of_50_sees_a_drop_of_five_points_6_times_in_a_hundred_and_one_of_400_sees_it_92_times() -> None:
    assert power(50) == pytest.approx(0.06, abs=0.005)
    assert power(400) == pytest.approx(0.92, abs=0.005)
    assert power(0) == 0.0


def test_the_power_is_what_a_simulation_finds() -> None:
    from scipy.stats import binomtest

    random = Random(7)
    noticed = 0
    for _ in range(2000):
        falls, rises = 0, 0
        for _ in range(150):
            at = random.random()
            falls, rises = falls + (at < 0.068), rises + (at > 1 - 0.018)
        noticed += falls > rises and binomtest(falls, falls + rises).pvalue <= 0.05
    assert noticed / 2000 == pytest.approx(power(150), abs=0.03)


def test_enough_cases_are_those_of_which_none_may_fall_at_the_margin() -> None:
    least = int(enough(0.02))
    assert 0.98**least <= 0.025 < 0.98 ** (least - 1)
    assert enough(0.0) == float("inf")


# ---- Which runs may be compared


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (of(3), of(3, digest="d2"), "different sets"),
        (of(3), eval_run([]), "no cases"),
        (replace(of(3), finished=False), of(3), "interrupted"),
        (of(3), eval_run([outcome("other")]), "share no case"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(before: EvalRun, after: EvalRun, said: str) -> None:
    with pytest.raises(EvalError, match=said):
        compare(before, after)


@pytest.mark.parametrize("margin", [-0.1, 1.0, float("nan")])
def test_a_margin_that_is_no_share_is_refused(margin: float) -> None:
    with pytest.raises(EvalError, match="margin"):
        compare(of(3), of(3), margin=margin)


def test_different_sets_are_compared_on_their_shared_questions_when_told() -> None:
    before = eval_run([outcome("a"), outcome("b"), outcome("c")])
    changed = [replace(outcome("b"), question="What is b now?"), outcome("c", expect="refusal")]
    found = compare(
        before, eval_run([outcome("a", passed=False), *changed, outcome("d")], digest="d2"), different_sets=True
    )
    assert [pair.case for pair in found.pairs] == ["a"]
    assert (found.only_before, found.only_after) == (("b", "c"), ("b", "c", "d"))
    assert not gate(found)  # none of them is protected
    assert any("different sets" in caution for caution in cautions(found))


@pytest.mark.parametrize("blessed", [False, True])
def test_a_protected_case_that_is_renamed_removed_or_reworded_trips_by_name(blessed: bool) -> None:
    run = eval_run([outcome("a"), *(outcome(id, protected=True) for id in ("renamed", "removed", "reworded", "kept"))])
    before = read_baseline(bless(run)) if blessed else run
    changed = [outcome("a"), outcome("renamed-2"), replace(outcome("reworded", passed=False), question="What else?"), outcome("kept")]
    found = compare(before, eval_run(changed, digest="d2"), different_sets=True)
    assert [(pair.case, pair.protected) for pair in found.pairs] == [("a", False), ("kept", True)]
    assert gate(found) == ["3 protected cases cannot be compared, renamed, removed or asked otherwise: removed, renamed, reworded"]
    assert any("removed (protected), renamed (protected), reworded (protected)" in caution for caution in cautions(found))
    assert any("1 case of these ran with another question or expectation: reworded" in caution for caution in cautions(found))
    part = compare(before, eval_run(changed, digest="d2", cases="4 of 5"), different_sets=True)
    assert part.protected_gone == ("reworded",)  # the others may just not have been asked
    assert gate(part) == ["1 protected case cannot be compared, renamed, removed or asked otherwise: reworded"]
    assert not gate(compare(before, replace(run, outcomes=run.outcomes[:2])))


def test_a_baseline_of_old_that_knows_no_questions_compares_by_id() -> None:
    old = re.sub(r", asked: [^,}\n]+", "", bless(of(3)))
    assert "asked" not in old
    changed = [replace(o, question="What else?") for o in of(3).outcomes]
    assert len(compare(read_baseline(old), eval_run(changed, digest="d2"), different_sets=True).pairs) == 3


def test_a_run_of_a_part_of_the_set_says_what_did_not_run() -> None:
    found = compare(of(200), of(150))
    assert len(found.pairs) == 150
    assert any("50 cases of earlier did not run" in caution for caution in cautions(found))


# ---- Baselines


def mixed() -> EvalRun:
    """A run with ids that YAML would misread, refusals, a crash and a text that looks like YAML."""
    ids = ["no", "1e5", "2024.10", "c-1", "null"]
    crashed = Outcome("a-crash", "What?", "answer", (), False, False, "error", error="RuntimeError: {}")
    return eval_run(
        [
            *(outcome(id, text="- a: {b} #c [1]") for id in ids),
            outcome("r", expect="refusal"),
            outcome("f", passed=False),
            crashed,
        ]
    )


def test_a_baseline_read_back_compares_as_the_run_itself() -> None:
    run = mixed()
    found = compare(read_baseline(bless(run)), run)
    assert len(found.pairs) == len(run.outcomes)
    assert not found.fell and not found.rose and not found.reworded
    assert {one.metric for one in found.differences} >= {"pass_rate", "facts_said", "refusal_rate"}
    assert found.before.fingerprint == run.fingerprint


def test_a_baseline_tells_another_answer_by_its_digest_and_a_fallen_one_by_its_line() -> None:
    run = mixed()
    later = replace(
        run,
        outcomes=tuple(replace(o, text="Other.") if o.case == "no" else o for o in run.outcomes if o.case != "c-1")
        + (outcome("c-1", passed=False),),
    )
    found = compare(read_baseline(bless(run)), later)
    assert [pair.case for pair in found.reworded] == ["no"]
    assert [pair.case for pair in found.fell] == ["c-1"]


def test_a_baseline_has_a_sorted_line_for_each_case_and_is_the_same_whatever_the_order() -> None:
    run = mixed()
    text = bless(run)
    assert text == bless(replace(run, outcomes=run.outcomes[::-1]))
    lines = text.partition("cases:\n")[2].splitlines()
    assert len(lines) == len(run.outcomes)
    assert [line.split(":")[0].strip(" '") for line in lines] == sorted(o.case for o in run.outcomes)
    assert "blessed: '2026-03-01'" in text and "passed: 6 of 8" in text


def test_a_long_line_of_a_baseline_is_not_folded() -> None:
    cited = tuple({"marker": n, "document": f"notes/a rather long name of a document {n}.md"} for n in range(30))
    run = eval_run([replace(outcome("c"), citations=cited)])
    assert len(bless(run).partition("cases:\n")[2].splitlines()) == 1
    assert read_baseline(bless(run)).cases["c"].cited == tuple(sorted(str(citation["document"]) for citation in cited))


def test_a_baseline_may_be_json() -> None:
    entry = {"verdict": "answered", "passed": True}
    data = {
        "set": "notes",
        "set_digest": "d1",
        "blessed": "2026-03-01",
        "fingerprint": {},
        "passed": "1 of 1",
        "cases": {"c000": entry},
    }
    assert read_baseline(json.dumps(data)).cases["c000"].passed


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda text: text.replace("set_digest: d1\n", ""), "set_digest"),
        (lambda text: text.replace("passed: true", "passed: perhaps", 1), "passed"),
        (lambda text: text + "  - [", "not valid YAML"),
        (lambda text: "", "not a baseline"),
        (lambda text: text.replace("verdict: answered", "verdict: maybe", 1), "verdict"),
    ],
)
def test_a_damaged_baseline_is_an_error_that_says_where(break_it: Callable[[str], str], said: str) -> None:
    with pytest.raises(EvalError, match=said):
        read_baseline(break_it(bless(mixed())), "notes.yaml")


def test_a_baseline_is_written_and_found_by_the_name_of_its_set(tmp_path: Path) -> None:
    folder = tmp_path / "baselines"
    path = write_baseline(of(3), folder)
    assert path == folder / "notes.yaml"
    assert load_baseline("notes", folder).cases.keys() == {"c000", "c001", "c002"}
    outside = write_baseline(replace(of(3), set_name="../../etc/pass wd"), folder)
    assert outside.parent == folder
    with pytest.raises(EvalError, match="has no baseline"):
        load_baseline("another", folder)


def test_a_baseline_is_not_written_over_that_of_another_set(tmp_path: Path) -> None:
    path = write_baseline(replace(of(3), set_name="v1.2"), tmp_path)
    stands = path.read_bytes()
    with pytest.raises(EvalError, match=r"the baseline of v1\.2"):
        write_baseline(replace(of(3), set_name="v1-2"), tmp_path)
    assert path.read_bytes() == stands
    path.write_text("damaged", encoding="utf-8")
    assert write_baseline(replace(of(3), set_name="v1-2"), tmp_path) == path
    (tmp_path / "file").touch()
    with pytest.raises(EvalError, match="cannot be written"):
        write_baseline(of(3), tmp_path / "file")


def test_an_interrupted_run_cannot_be_blessed() -> None:
    with pytest.raises(EvalError, match="interrupted"):
        bless(replace(of(3), finished=False))


# ---- The gate


def code(found: Comparison | EvalRun, **asked: object) -> int:
    return exit_code(gate(found, **asked))  # type: ignore[arg-type]


def test_a_run_with_failed_cases_passes_when_no_gate_is_asked_for() -> None:
    assert code(of(50, range(40))) == 0
    assert code(compare(of(400), of(400, range(40)))) == 0


def test_a_regression_trips_the_gate_and_every_fallen_case_is_named() -> None:
    reasons = gate(compare(of(400), of(400, range(40))), fail_on_regression=True)
    assert len(reasons) == 1 and "40 cases fell" in reasons[0]
    assert all(f"c{n:03}" in reasons[0] for n in range(40)) and "c040" not in reasons[0]


def test_an_identical_run_passes_the_gate_however_small_the_set() -> None:
    for number in (1, 5, 50, 400):
        assert code(compare(of(number, {0}), of(number, {0})), fail_on_regression=True) == 0


def test_too_few_cases_to_tell_pass_with_a_warning_that_says_how_little_they_see() -> None:
    found = compare(of(50), of(50, range(2)))
    assert found.verdict == "too few cases to tell"
    assert code(found, fail_on_regression=True) == 0
    assert any("50 cases" in caution and "6%" in caution for caution in cautions(found))


def test_a_protected_case_that_falls_trips_even_when_no_gate_is_asked_for() -> None:
    before, after = of(400), of(400, {7})
    guarded = replace(after, outcomes=tuple(replace(o, protected=o.case == "c007") for o in after.outcomes))
    assert gate(compare(before, guarded)) == ["1 protected case fell: c007"]
    assert not gate(compare(guarded, guarded))  # it failed before as well
    two = compare(of(9), eval_run([outcome(f"c{n:03}", passed=n not in (3, 7), protected=n == 7) for n in range(9)]))
    assert [pair.case for pair in two.fell] == ["c007", "c003"]  # protected ones first
    assert gate(
        compare(replace(before, outcomes=tuple(replace(o, protected=True) for o in before.outcomes)), after)
    )  # no longer marked, still guarded


def test_limits_trip_beyond_their_value_and_not_at_it() -> None:
    run = of(10, {0})
    assert figure(run, "pass_rate") == 0.9
    assert code(run, minimums={"pass_rate": 0.9}, maximums={"false_refusal_rate": 0.1}) == 0
    assert gate(run, minimums={"pass_rate": 0.91}) == ["pass_rate is 0.9, below the least allowed, 0.91"]
    assert gate(run, maximums={"false_refusal_rate": 0.09}) == [
        "false_refusal_rate is 0.1, above the most allowed, 0.09"
    ]
    assert code(compare(run, run), minimums={"recall@10": 1.0}) == 0


def test_a_limit_on_what_the_set_cannot_measure_trips() -> None:
    assert gate(of(10), minimums={"refusal_rate": 0.5}) == [
        "refusal_rate cannot be measured by these cases, and the gate asks for it"
    ]
    assert gate(of(10), minimums={"token_f1": 0.0})
    assert gate(of(10), minimums={"pass_rate": float("nan")})


def test_a_crash_trips_a_gate_that_asks_for_a_figure() -> None:
    run = of(10)
    crashed = replace(run, outcomes=(*run.outcomes[:9], replace(run.outcomes[9], passed=False, failed_at="error", error="by nought")))
    assert gate(crashed, minimums={"pass_rate": 0.5}) == ["1 case crashed or timed out, and the gate asks for figures of all"]
    assert gate(crashed, maximums={"words": 9.0}) == ["1 case crashed or timed out, and the gate asks for figures of all"]
    assert not gate(crashed)


@pytest.mark.parametrize("name", [*FIGURES, *CASE_METRICS])
def test_every_metric_has_its_name_for_the_gate(name: str) -> None:
    figure(of(3), name)


def test_an_unknown_metric_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(EvalError) as caught:
        gate(of(3), minimums={"recal@10": 0.5})
    assert "recall@10" in caught.value.remedy and "pass_rate" in caught.value.remedy


def test_a_regression_gate_without_anything_to_compare_with_is_an_error() -> None:
    with pytest.raises(EvalError, match="nothing to find a regression against"):
        gate(of(3), fail_on_regression=True)


def test_a_comparison_is_json_with_its_verdict_and_its_warnings() -> None:
    data = json.loads(json.dumps(compare(read_baseline(bless(of(50))), of(50, {1})).as_dict()))
    assert data["verdict"] == "too few cases to tell" and data["warnings"]
    assert [pair["case"] for pair in data["fell"]] == ["c001"]
    assert {"metric", "slice", "low", "high", "p", "q", "change"} <= data["differences"][0].keys()
