"""The fusion is fitted on what cases expect."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app import open_house
from corpus.errors import EvalError
from evals.cases import Case, CaseSet
from evals.commands import commands
from evals.fusion import TRIED_K, WITHIN, Candidates, candidates, fit


def told_by(weights: tuple[float, float, float], n: int = 200) -> list[Candidates]:
    """Questions with 40 passages each, of which those say it that score high by these weights of rank, nearness and length."""
    numbers, made = np.random.default_rng(5), []
    for _ in range(n):
        seen = numbers.normal(size=(40, 3))
        scores = seen @ np.array(weights) + numbers.logistic(scale=0.5, size=40)
        made.append(Candidates(np.tile(seen[:, 0], (len(TRIED_K), 1)), seen[:, 1], seen[:, 2], scores > np.quantile(scores, 0.9)))
    return made


def test_the_weights_that_made_the_labels_are_found_beside_the_rank() -> None:
    found = fit(told_by((2.0, 1.0, -0.5)), 10)
    assert found.k == 10
    assert found.near == pytest.approx(0.5, abs=0.05)
    assert found.length == pytest.approx(-0.25, abs=0.05)
    assert len(found.early) == len(found.by_rank) == len(WITHIN)
    assert list(found.early) == sorted(found.early)


def test_what_tells_more_than_the_rank_brings_passages_forward() -> None:
    found = fit(told_by((1.0, 3.0, 0.0)), 10)
    assert found.early[0] > found.by_rank[0] + 0.1
    assert found.early[0] > 0.9


def test_too_few_questions_are_an_error() -> None:
    with pytest.raises(EvalError, match="too few"):
        fit(told_by((1.0, 0.0, 0.0), n=4), 10)


def test_only_cases_with_a_passage_that_says_it_are_learned_from(shipped: Path) -> None:
    cases = (
        Case(id="said", question="What is attrition?", must_say=("attrition",)),
        Case(id="not-said", question="What is attrition?", must_say=("hippopotamus",)),
        Case(id="refusal", question="What is the capital of Mongolia?", expect="refusal"),
    )
    [one] = candidates(open_house(shipped).retrieval(), cases)
    assert one.ranks.shape == (len(TRIED_K), len(one.near)) == (len(TRIED_K), len(one.says))
    assert one.says.any() and not one.says.all()
    assert (one.near > 0).any() and (one.length > 0).all()
    assert (np.diff(one.ranks, axis=0) < 0).all()  # a greater K makes every reciprocal rank smaller


def test_the_command_prints_weights_for_each_k(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("attrition", "escalation", "governance", "backfill", "audit")
    few = CaseSet("few", "", tuple(Case(id=word, question=f"What does {word} mean for a client?", must_say=(word,)) for word in words))
    monkeypatch.setattr("evals.calibrate.practice", lambda: few)
    ran = CliRunner().invoke(commands, ["fit-fusion"], obj=lambda _: open_house(shipped))
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["questions"] == 5
    assert [one["k"] for one in told["weights"]] == list(TRIED_K)
    assert all(0 <= share <= 1 for one in told["weights"] for share in (*one["by_rank"], *one["early"]))
