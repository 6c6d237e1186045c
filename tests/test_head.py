"""The reranker's head is fitted to what the whole model scores."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app import open_house
from evals.cases import Case, CaseSet
from evals.commands import commands
from evals.head import CORRECTION, Reading, agreement, entry, fit, targets
from index.head import FITTED, Head, shipped_head


def readings(n: int, weights: np.ndarray, intercept: float) -> list[Reading]:
    states = np.random.default_rng(3).normal(1.0, 2.0, size=(n, len(weights))).astype(np.float32)
    return [Reading(float(row @ weights + intercept), row) for row in states]


def test_a_fitted_head_finds_the_weights_that_made_the_scores() -> None:
    weights = np.array([2.0, -1.0, 0.5, 0.0])
    seen = readings(20_000, weights, -3.0)
    head = fit(seen, layers=5)
    assert head.layers == 5
    assert head.weights == pytest.approx(weights, abs=0.01)
    assert head.intercept == pytest.approx(-3.0, abs=0.02)
    correlation, apart = agreement(head, seen)
    assert correlation > 0.9999
    assert apart < 0.02


def test_a_target_is_the_score_corrected_by_what_the_case_knows() -> None:
    state = np.zeros(2, dtype=np.float32)
    known = [Reading(float(score), state, unit, says) for unit in (False, True) for score in (-5, 0, 5) for says in (True, False)]
    silent = Reading(1.5, state)
    moved = targets([*known, silent]) - np.array([one.score for one in (*known, silent)])
    assert moved[-1] == 0.0
    for one, by in zip(known, moved[:-1], strict=True):
        assert by == pytest.approx(CORRECTION * (bool(one.says) - 0.5), abs=0.2)  # here a score tells nothing: half of each say it


def test_a_target_is_hardly_moved_where_the_score_tells_it_already() -> None:
    state = np.zeros(2, dtype=np.float32)
    seen = [Reading(score, state, False, score > 0) for score in (-9.0, -8.0, 8.0, 9.0) for _ in range(50)]
    assert np.abs(targets(seen) - [one.score for one in seen]).max() < 0.5


def test_without_both_kinds_of_labels_the_targets_are_the_scores() -> None:
    seen = [Reading(score, np.zeros(2, dtype=np.float32), False, True) for score in (1.0, 2.0)]
    assert targets(seen).tolist() == [1.0, 2.0]


def test_agreement_is_the_correlation_and_the_root_mean_square() -> None:
    seen = [Reading(score, np.array([state], dtype=np.float32)) for score, state in ((1.0, 0.0), (2.0, 1.0), (6.0, 2.0))]
    correlation, apart = agreement(Head(1, 1.0, (2.0,)), seen)  # it says 1, 3 and 5
    assert correlation == pytest.approx(np.corrcoef([1, 2, 6], [1, 3, 5])[0, 1])
    assert apart == pytest.approx((2 / 3) ** 0.5)


def test_what_is_stored_is_the_head_again() -> None:
    head = Head(9, 0.5, (0.25, -1e-07, 123456.0))
    stored = entry(head, CaseSet("few", "", (Case(id="a", question="Why?"),)), 12, 3, (0.99, 0.5))
    assert Head(stored["layers"], stored["intercept"], tuple(map(float, stored["weights"].split()))) == head
    assert stored["provenance"]["pairs"] == 12


def test_the_shipped_head_says_how_well_it_follows_the_whole_model() -> None:
    told = json.loads(FITTED.read_text(encoding="utf-8"))["provenance"]
    assert len(shipped_head().weights) == 768
    assert told["command"] == "kpo eval fit-head"
    assert told["correlation"] > 0.98


def test_the_command_fits_a_head_and_leaves_the_shipped_one_alone_when_asked(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["What is attrition?", "Why do people leave?", "What is an SLA?", "Which pricing models are there?", "What is maker-checker?", "What is LPO?"]
    few = CaseSet("few", "", tuple(Case(id=f"q{at}", question=question, must_say=("people",)) for at, question in enumerate(asked)))
    for name in ("practice", "development"):
        monkeypatch.setattr(f"evals.calibrate.{name}", lambda: few)
    before = FITTED.read_bytes()
    ran = CliRunner().invoke(commands, ["fit-head", "--sample", "4", "--dry-run"], obj=lambda _: open_house(shipped))
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["pairs"] > told["other_pairs"] > 10
    assert told["correlation"] > 0.8
    assert FITTED.read_bytes() == before
