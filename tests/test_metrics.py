"""Metrics: the values of the public references on the same inputs, and the edges."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import EvalError
from evals import metrics

WORDS = [
    "the",
    "a",
    "an",
    "KPO",
    "risk",
    "client's",
    "cost-saving",
    "analysts",
    "analysis",
    "outsourcing,",
    "(2010)",
    "48%",
    "is",
    "are",
]


def sentences(number: int) -> list[str]:
    """`number` texts of 1 to 12 of the WORDS."""
    random = Random(7)
    return [" ".join(random.choices(WORDS, k=random.randint(1, 12))) for _ in range(number)]


# ---- Retrieval: ir-measures


def test_retrieval_measures_of_many_rankings_equal_those_of_ir_measures_over_all_queries_at_once() -> None:
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    random = Random(7)
    ids = [f"d{n}" for n in range(30)]
    queries = {
        str(q): (random.sample(ids, random.randint(1, 6)), random.sample(ids, random.randint(1, 25))) for q in range(40)
    }
    qrels = [ir_measures.Qrel(q, id, 1) for q, (relevant, _) in queries.items() for id in relevant]
    run = [
        ir_measures.ScoredDoc(q, id, 100.0 - at) for q, (_, ranked) in queries.items() for at, id in enumerate(ranked)
    ]
    names = {R @ 5: "recall@5", R @ 10: "recall@10", Success @ 3: "success@3", RR: "mrr", nDCG @ 10: "ndcg@10"}
    ours = {q: metrics.retrieval(relevant, ranked) for q, (relevant, ranked) in queries.items()}
    seen = 0
    for found in ir_measures.iter_calc(list(names), qrels, run):
        assert ours[found.query_id][names[found.measure]] == pytest.approx(found.value, abs=1e-9)
        seen += 1
    assert seen == len(queries) * len(names)


def test_retrieval_of_a_ranking_worked_out_on_paper() -> None:
    found = metrics.retrieval(["a", "b"], ["x", "a", "y", "b"])
    assert found["mrr"] == 1 / 2
    assert found["recall@5"] == found["recall@10"] == found["success@3"] == 1.0
    ideal = 1 + 1 / math.log2(3)
    assert found["ndcg@10"] == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / ideal)


def test_an_empty_ranking_scores_nothing_and_nothing_to_find_has_no_measures() -> None:
    assert metrics.retrieval(["a"], []) == {
        "recall@5": 0.0,
        "recall@10": 0.0,
        "success@3": 0.0,
        "mrr": 0.0,
        "ndcg@10": 0.0,
    }
    assert metrics.retrieval([], ["a"]) == {}


def test_an_id_that_comes_twice_counts_at_its_first_place() -> None:
    assert metrics.retrieval(["a", "a"], ["x", "a", "a", "x"]) == metrics.retrieval(["a"], ["x", "a"])


def test_a_ranking_is_cut_before_what_comes_twice_is_taken_out() -> None:
    found = metrics.retrieval(["a", "b"], ["a"] * 5 + ["b"])
    assert (found["recall@5"], found["recall@10"]) == (0.5, 1.0)


@settings(deadline=None)  # the first example imports libraries
@given(
    st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5),
    st.lists(st.sampled_from("abcdefghijklmnop"), max_size=20),
)
def test_retrieval_measures_lie_within_0_and_1_and_deeper_recall_is_no_smaller(
    relevant: list[str], ranked: list[str]
) -> None:
    found = metrics.retrieval(relevant, ranked)
    assert all(0.0 <= value <= 1.0 for value in found.values())
    assert found["recall@5"] <= found["recall@10"]
    assert (found["mrr"] > 0) == bool(set(relevant) & set(ranked))


# ---- Text: the SQuAD rules and rouge-score


def test_token_f1_equals_the_published_implementation_of_the_squad_rules() -> None:
    from llama_index.core.evaluation.benchmarks.hotpotqa import (
        f1_score,
    )  # HotpotQA's script, which took these rules over from SQuAD's

    texts = sentences(200)
    for said, wanted in zip(texts, reversed(texts), strict=True):
        assert metrics.token_f1(said, wanted) == pytest.approx(f1_score(said, wanted)[0])


@pytest.mark.parametrize(
    ("said", "wanted", "f1"),
    [
        ("The Cat sat.", "a cat sat", 1.0),  # articles, case and punctuation do not count
        ("cat cat dog", "cat dog dog", 2 / 3),  # words count as often as they stand in both: two of three, both ways
        ("one two three four", "one", 2 * (1 / 4 * 1) / (1 / 4 + 1)),
        ("no", "yes", 0.0),
        ("", "", 1.0),  # SQuAD 2.0: an empty answer is right when nothing is the answer
        ("the", "", 1.0),  # nothing is left of an article
        ("word", "", 0.0),
        ("", "word", 0.0),
        ("cost-saving", "costsaving", 1.0),  # punctuation goes without leaving a space
        ("theatre", "atre", 0.0),  # an article within a word is none
    ],
)
def test_token_f1_follows_the_rules_case_by_case(said: str, wanted: str, f1: float) -> None:
    assert metrics.token_f1(said, wanted) == pytest.approx(f1)


def test_rouge_l_equals_rouge_score_with_stemming() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    texts = sentences(100)
    values = [metrics.rouge_l(said, wanted) for said, wanted in zip(texts, reversed(texts), strict=True)]
    assert values == [
        scorer.score(wanted, said)["rougeL"].fmeasure for said, wanted in zip(texts, reversed(texts), strict=True)
    ]
    assert len(set(values)) > 20


def test_rouge_l_of_a_common_subsequence_worked_out_on_paper() -> None:
    # In common, in order: police, the gunman. Precision 3/4, recall 3/4 (Lin 2004, section 3).
    assert (
        metrics.rouge_l("police kill the gunman", "police killed the gunman") == 1.0
    )  # "kill" is the stem of "killed"
    assert metrics.rouge_l("police ended the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert metrics.rouge_l("", "police killed the gunman") == 0.0


@settings(deadline=None)  # the first example imports libraries
@given(st.text(max_size=60), st.text(max_size=60))
def test_overlap_of_texts_is_symmetric_within_0_and_1_and_1_for_the_same_text(one: str, other: str) -> None:
    for measure in (metrics.token_f1, metrics.rouge_l):
        assert 0.0 <= measure(one, other) <= 1.0
        assert measure(one, other) == pytest.approx(measure(other, one))
    assert metrics.token_f1(one, one) == 1.0


# ---- Facts


@pytest.mark.parametrize(
    ("phrase", "said"),
    [
        ("knowledge  PROCESS", True),
        (("attrition", "judgement"), True),
        (("attrition", "salary"), False),
        ("/4[0-9]%/", True),
        ("/process OUT/", True),
        ("/^outsourcing/", False),
        ("needs\njudgement", True),
        ("4.%", False),  # without slashes a dot is a dot
    ],
)
def test_a_phrase_is_said_whatever_its_case_and_spaces(phrase: str | tuple[str, ...], said: bool) -> None:
    assert metrics.says("Knowledge process\noutsourcing needs judgement; 48% do.", phrase) is said


@pytest.mark.parametrize(
    ("text", "phrase", "said"),
    [
        ("Some 140 hours.", "40 hours", False),
        ("Some 40 hours.", "40 hours", True),
        ("The share is 48%.", "8%", False),
        ("It is 1.40 here.", "40", False),
        ("It took 40,000 people.", "40", False),
        ("It took 40, or more.", "40", True),
        ("In 2003.", "2003", True),
        ("It is outsourcing. [1] It needs judgement. [12]", "1", False),
        ("It is outsourcing. [1] It needs judgement. [12]", "outsourcing. It needs", True),
        ("So it was \\[sic\\] in 1999. [1]", "[sic] in", True),
    ],
)
def test_a_figure_is_said_whole_and_a_marker_says_nothing(text: str, phrase: str, said: bool) -> None:
    assert metrics.says(text, phrase) is said


def test_a_regular_expression_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LONGEST", 0.1)
    with pytest.raises(EvalError, match="took longer than 0.1 s"):
        metrics.says("needed " * 500, r"/(.*e){20}[%$]/")


def test_facts_and_forbidden_phrases_are_counted() -> None:
    assert metrics.facts_said("one two", ["one", "three", ("x", "two")]) == pytest.approx(2 / 3)
    assert metrics.facts_said("", []) == 1.0
    assert metrics.forbidden_said("one two", ["two", "four", "/o.e/"]) == 2
    assert metrics.forbidden_said("one two", []) == 0


# ---- Confidence


def test_auroc_equals_that_of_scikit_learn_ties_included() -> None:
    from sklearn.metrics import roc_auc_score

    random = Random(7)
    for _ in range(20):
        scores = [random.choice([0.1, 0.3, 0.5, 0.9]) for _ in range(30)]
        positive = [True, False, *(random.random() < 0.4 for _ in range(28))]
        assert metrics.auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_auroc_of_one_kind_cannot_be_measured() -> None:
    assert metrics.auroc([0.1, 0.9], [True, True]) is None
    assert metrics.auroc([], []) is None


def test_coverage_and_risk_keep_the_most_confident_first() -> None:
    assert metrics.coverage_risk([0.2, 0.9, 0.6], [False, True, False]) == [(1 / 3, 0.0), (2 / 3, 1 / 2), (1.0, 2 / 3)]
    assert metrics.coverage_risk([], []) == []


def test_calibration_error_worked_out_on_paper() -> None:
    # Two bins: 0.95 with all right (off by 0.05), 0.25 and 0.25 with one of two right (off by 0.25).
    assert metrics.calibration_error([0.95, 0.95, 0.25, 0.25], [True, True, True, False]) == pytest.approx(
        (2 * 0.05 + 2 * 0.25) / 4
    )
    assert metrics.calibration_error([], []) == 0.0
    assert metrics.calibration_error([1.0], [True]) == 0.0


@settings(deadline=None)  # the first example imports libraries
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_answer_is_in_one_bin_of_the_reliability_curve_and_the_curve_ends_at_the_share_of_wrong_answers(
    answers: list[tuple[float, bool]],
) -> None:
    confidences, right = [c for c, _ in answers], [r for _, r in answers]
    assert sum(n for _, _, n in metrics.reliability(confidences, right)) == len(answers)
    assert 0.0 <= metrics.calibration_error(confidences, right) <= 1.0
    curve = metrics.coverage_risk(confidences, right)
    assert curve[-1] == (1.0, pytest.approx(1 - sum(right) / len(right)))
    assert [kept for kept, _ in curve] == sorted(kept for kept, _ in curve)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.25, 1.75), (0.5, 2.5), (0.95, 8.95), (1.0, 10.0)])
def test_a_quantile_lies_between_its_neighbours(share: float, value: float) -> None:
    assert metrics.quantile([10.0, 1.0, 3.0, 2.0], share) == pytest.approx(value)


def test_the_quantile_of_nothing_is_0() -> None:
    assert metrics.quantile([], 0.5) == 0.0
