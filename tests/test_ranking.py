"""The reranker's examples: what is hard to tell apart, on the scale that its scores had before."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import open_house
from assistant.floor import logistic
from conftest import HOUSE
from evals.cases import Case, CaseSet
from evals.commands import commands
from evals.ranking import PARTLY, SPREAD, Candidates, Pair, candidates, examples, rescaled, untrained
from index.adapter import RANKING, Adapter, shipped_adapter
from index.head import Head, shipped_head
from index.models import RERANKER
from index.rerank import open_reranker


def pairs(kind: str, *told: tuple[float, float]) -> tuple[Pair, ...]:
    return tuple(Pair("Who?", f"{kind} {at}", score, says) for at, (score, says) in enumerate(told))


def test_of_an_answerable_question_what_says_it_and_the_hardest_of_the_rest_are_taught() -> None:
    passages = pairs("passage", (9.0, 1.0), (8.0, 0.5), (7.0, 1.0), (6.0, 0.0), (5.0, 1.0), (4.0, 1.0), (3.0, 0.0), (2.0, 0.0), (1.0, 0.0))
    units = pairs("unit", (9.0, 0.0), (8.0, 0.5), (7.0, 0.0), (6.0, 0.0), (5.0, 0.0), (4.0, 0.0), (3.0, 1.0))
    taught = {one.text: one.label for one in examples([Candidates(True, passages, units)])}
    other = (taught.keys() & {"passage 7", "passage 8"}).pop()
    assert taught == {
        "passage 0": 1.0, "passage 2": 1.0, "passage 4": 1.0, "passage 1": PARTLY * 0.5, "passage 3": 0.0, "passage 6": 0.0, other: 0.0,
        "unit 0": 0.0, "unit 1": 1.0, "unit 2": 0.0, "unit 3": 0.0, "unit 4": 0.0, "unit 6": 1.0,
    }


def test_of_a_question_without_answer_the_best_are_taught_as_wrong() -> None:
    some = [(float(-at), 0.0) for at in range(6)]
    taught = examples([Candidates(False, pairs("passage", *some), pairs("unit", *some))])
    assert sorted(one.text for one in taught) == ["passage 0", "passage 1", "unit 0", "unit 1", "unit 2"]
    assert {(one.label, one.slope, one.intercept) for one in taught} == {(0.0, 1.0, 0.0)}, "there is nothing to tell a scale by"


def test_the_scale_is_how_often_a_score_was_right_for_passages_and_units_apart() -> None:
    passages = pairs("passage", *[(4.0, 1.0)] * 9, (4.0, 0.0), *[(-4.0, 0.0)] * 9, (-4.0, 1.0))
    units = pairs("unit", *[(2.0, 0.5)] * 6, *[(2.0, 0.0)] * 4, *[(-2.0, 0.0)] * 6, *[(-2.0, 0.5)] * 4)
    taught = examples([Candidates(True, passages, units)])
    scales = {one.text.split()[0]: (one.slope, one.intercept) for one in taught}
    for kind, score, right in (("passage", 4.0, 0.9), ("passage", -4.0, 0.1), ("unit", 2.0, 0.6), ("unit", -2.0, 0.4)):
        slope, intercept = scales[kind]
        assert logistic(slope * score + intercept) == pytest.approx(right, abs=0.05)


def test_scores_are_brought_to_the_scale_of_before() -> None:
    adapter = Adapter(Head(9, 3.0, (1.5, -0.3)), {})
    assert rescaled(adapter).head == Head(9, 3.0 / SPREAD, pytest.approx((1.5 / SPREAD, -0.3 / SPREAD)))


def test_candidates_are_what_the_product_reads_and_what_they_say(shipped: Path, tmp_path: Path) -> None:
    cases = (
        Case(id="a", question="What is attrition?", must_say=("loss of employees",)), Case(id="b", question="Is there a canteen?", expect="refusal"),
        Case(id="c", question="Hello", expect="conversation"), Case(id="d", question="What is an SLA?"),
    )
    retrieval = untrained(open_house(shipped).retrieval(), tmp_path)
    assert "untrained" in (retrieval.reranker.identity if retrieval.reranker else "")
    answered, refused = candidates(retrieval, cases)  # nothing is known of the other two
    assert answered.answerable and not refused.answerable
    assert any(pair.says == 1.0 and "loss of employees" in pair.text for pair in answered.passages)
    assert any(pair.says == 1.0 and "loss of employees" in pair.text for pair in answered.units)
    assert all(pair.says == 0.0 for pair in (*refused.passages, *refused.units))
    for read in (answered.passages, refused.units):
        assert [pair.score for pair in read] == sorted((pair.score for pair in read), reverse=True)


@pytest.mark.parametrize(("question", "right", "wrong"), [
    ("What is a good accuracy target?", "Targets of 98 to 99 per cent are usual for data work.", "Accuracy is measured by a second analyst."),
    ("Who pays for overruns?", "Under time and materials the client bears overruns.", "An overrun is reported in the weekly meeting."),
])
def test_the_shipped_reranker_prefers_what_answers_to_what_is_merely_near(question: str, right: str, wrong: str) -> None:
    first, second = open_reranker(RERANKER.name, HOUSE / "data" / "models").score(question, [right, wrong])
    assert first > second


def test_the_shipped_reranker_says_what_it_was_trained_on() -> None:
    from safetensors import safe_open

    with safe_open(RANKING, framework="numpy") as stored:
        told = json.loads((stored.metadata() or {})["provenance"])
    assert told["command"] == "kpo eval train-reranker" and told["set"].startswith("calibration+practice ")
    assert told["head"] == shipped_head().digest
    assert shipped_adapter(RANKING).head.layers == shipped_head().layers == told["layers"]


def test_the_command_trains_a_reranker_and_leaves_the_shipped_one_alone_when_asked(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["What is attrition?", "Why do people leave?", "What is an SLA?", "Which pricing models are there?", "What is maker-checker?", "What is LPO?"]
    few = CaseSet("few", "", tuple(Case(id=f"q{at}", question=question, must_say=("people",)) for at, question in enumerate(asked)))
    monkeypatch.setattr("evals.selection.labelled", lambda: few)
    before = RANKING.read_bytes()
    ran = CliRunner().invoke(commands, ["train-reranker", "--sample", "4", "--dry-run"], obj=lambda _: open_house(shipped))
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["questions"] == 4 and told["pairs"] > 20
    assert told["digest"] != shipped_adapter(RANKING).digest
    assert RANKING.read_bytes() == before
