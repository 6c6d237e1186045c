"""The floor and its calibration, worked out on paper or with fakes for models."""

import json
from pathlib import Path
from random import Random

import pytest

from assistant.ask import Assistant, Extractive
from assistant.floor import FEATURES, Constants, constants_for, features, key_of, logistic, logit
from assistant.opposites import is_negated, opposites, says_opposite
from assistant.question import Question
from assistant.vocabulary import Vocabulary
from evals.calibrate import REFUSED, Observed, calibrated, entry, fit, observed, with_floor, without_questions
from evals.cases import Case, CaseSet, Place
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval, Retrieved

NOUGHT = (0.0,) * len(FEATURES)


def row(first: float, *impression: float) -> tuple[float, ...]:
    """Features of which only the first is not 0, and an impression."""
    return (first, *NOUGHT[1:], *impression)


def test_a_probability_weighs_features_and_impression() -> None:
    constants = Constants(0.5, (2.0, *NOUGHT[1:]), 0.5, impression=(1.0, -1.0))
    assert constants.probability(row(1.0, 0.25, 0.75)) == pytest.approx(logistic(0.5 + 2.0 - 0.5))
    assert constants.probability(row(9.0)) == 0.0  # nothing was read
    blind = Constants(0.5, (2.0, *NOUGHT[1:]), 0.5)
    assert blind.probability(row(1.0, 0.25, 0.75)) == blind.probability(row(1.0)) == pytest.approx(logistic(2.5))


def test_a_confidence_is_a_second_logistic_over_the_first() -> None:
    constants = Constants(0.0, NOUGHT, 0.5, sure=(2.0, -1.0))
    assert constants.confidence(0.5) == pytest.approx(logistic(-1.0))
    assert constants.confidence(logistic(1.5)) == pytest.approx(logistic(2.0))
    assert 0.0 <= constants.confidence(0.0) < constants.confidence(1.0) <= 1.0
    for p in (0.0, 1e-9, 0.25, 0.5, 1.0):
        assert logistic(logit(p)) == pytest.approx(p, abs=1e-12)


def test_nothing_found_has_features_without_an_impression() -> None:
    assert len(features("Who?", Retrieved("Who?", (), (), (), {}), [], Vocabulary.of({}), FakeReranker())) == len(FEATURES)


@pytest.mark.parametrize(
    ("question", "read"),
    [
        ("What is a wood worker?", False), ("What is a wood carver?", True), ("what are wood carvers", True), ("What is a paper back shop?", True),
        ("What does a wood worker cost?", True), ("What is a NATO worker?", True),
        ("What is a wood carver exactly?", True), ("What is a wood carver vs worker?", True),
    ],
)
def test_a_term_that_no_passage_uses_is_explained_by_none(tmp_path: Path, question: str, read: bool) -> None:
    catalog = Catalog(tmp_path)
    put(catalog, "notes/wood.md", "# Wood", "A wood carver needs a knife.")
    put(catalog, "notes/mill.md", "# Mills", "A worker of the mill needs boots.")
    put(catalog, "notes/shop.md", "# Shops", "A paperback shop sells cheap books.")
    retrieval = Retrieval(catalog, FakeEmbedder(), FakeReranker())
    seen = Assistant(retrieval, Extractive(), Constants.open()).answer(Question(question)).features
    assert (seen[FEATURES.index("sentence")] > -1.0) is read


@pytest.mark.parametrize(
    ("question", "passage", "opposite"),
    [
        ("Which country has the highest attrition?", "Chile has the lowest attrition.", True),
        ("Which country has the highest attrition?", "Chile has the lowest attrition, Peru the highest.", False),
        ("Which method is usual?", "An unusual method was tried.", True),
        ("Which methods are unusual?", "The usual methods were tried.", True),
        ("Who joined in 1990?", "In 1990 Ann left.", True),
        ("Is the port in use?", "The report is in.", False),
        ("Is the port in use?", "", False),
        ("", "The report is in.", False),
    ],
)
def test_an_opposite_stands_in_place_of_a_word(question: str, passage: str, opposite: bool) -> None:
    assert says_opposite(question, passage) is opposite


def test_short_words_have_no_prefix_and_opposites_are_mutual() -> None:
    assert "into" not in opposites("to")
    assert "to" not in opposites("into")
    assert "last" in opposites("first")
    assert "first" in opposites("last")


@pytest.mark.parametrize("text", ["It did not open.", "It didn't.", "It didn’t open", "No source says so.", "The plan failed."])
def test_a_denial_is_told(text: str) -> None:
    assert is_negated(text)
    assert not is_negated("It opened, as a notable source says.")


# Fitting


def some(n: int) -> tuple[list[tuple[float, ...]], list[bool]]:
    """Questions of both kinds in turn, told apart by the first feature alone, with some overlap."""
    random = Random(7)
    labels = [n % 2 == 0 for n in range(n)]
    return [(random.gauss(1.0 if good else -1.0, 1.0), random.gauss(0.0, 1.0), *NOUGHT[2:]) for good in labels], labels


def test_fitted_constants_tell_the_kinds_apart() -> None:
    seen, labels = some(400)
    fitted = fit(seen, labels, [str(n) for n in range(400)])
    assert fitted.constants.weights[0] > 5 * abs(fitted.constants.weights[1])
    assert set(fitted.constants.weights[2:]) == {0.0}  # what never varies says nothing
    assert fitted == fit(seen, labels, [str(n) for n in range(400)])
    wrong = sum((p >= 0.5) != good for p, good in zip(fitted.held_out, labels, strict=True))
    assert 20 < wrong < 120  # two bells of spread 1, 2 apart: 16 % of 400 are on the wrong side


def test_a_question_is_held_out_with_its_group() -> None:
    """A question known by heart is told by an impression of its own; held out, it is not."""
    seen = [(*NOUGHT, *(float(n == at) for at in range(20))) for n in range(20) for _ in range(2)]
    labels = [n % 2 == 0 for n in range(20) for _ in range(2)]
    fitted = fit(seen, labels, [str(n // 2) for n in range(40)])
    learned = [fitted.constants.probability(row) for row in seen]
    assert min(p for p, good in zip(learned, labels, strict=True) if good) > max(p for p, good in zip(learned, labels, strict=True) if not good)
    for n in range(0, 40, 2):
        assert fitted.held_out[n] == fitted.held_out[n + 1]
    assert len(set(fitted.held_out)) <= 5  # one for each fold, which knows nothing of the question


def test_a_question_for_which_nothing_was_found_is_no_part_of_a_fit() -> None:
    seen, labels = some(100)
    told = [(*one, one[0]) for one in seen]
    groups = [str(n) for n in range(100)]
    with_nothing = fit([*told, NOUGHT], [*labels, True], [*groups, "nothing"])
    assert with_nothing.constants == fit(told, labels, groups).constants
    assert with_nothing.held_out[-1] == 0.0


def test_with_one_kind_of_question_nothing_is_fitted_and_everything_answered() -> None:
    for labels in ([True, True], []):
        fitted = fit([(1.0,) * len(FEATURES)] * len(labels), labels, ["a"] * len(labels))
        constants = with_floor(fitted.constants, fitted.held_out, labels, refused=0.1)
        assert constants.probability((-9.0,) * len(FEATURES)) >= constants.floor


def test_a_floor_keeps_to_its_rule() -> None:
    probabilities = [n / 10 for n in range(10)]
    labels = [n % 2 == 1 for n in range(10)]  # answerable: 0.1, 0.3, 0.5, 0.7, 0.9
    base = Constants(0.0, NOUGHT, 0.0)

    def refuses(*, refused: float = 0.0, caught: float | None = None) -> tuple[int, int]:
        floor = with_floor(base, probabilities, labels, refused=refused, caught=caught).floor
        return sum(p < floor for p in probabilities[1::2]), sum(p < floor for p in probabilities[::2])

    assert refuses(refused=0.0) == (0, 1)
    assert refuses(refused=0.2) == (1, 2)
    assert refuses(refused=0.39) == (1, 2)
    assert refuses(refused=0.4) == (2, 3)
    assert refuses(caught=0.0) == (0, 0)
    assert refuses(caught=0.2) == (0, 1)
    assert refuses(caught=0.21) == (1, 2)
    assert refuses(caught=1.0) == (4, 5)
    assert with_floor(base, [0.7], [False], refused=0.1) == base  # nothing to lose, nothing to choose by


def test_confidence_is_fitted_to_right_answers() -> None:
    random = Random(7)
    seen = []
    for n in range(400):
        good = n % 2 == 0
        seen.append(Observed(str(n), row(random.gauss(2.0 if good else -2.0, 1.0)), good, right=good and n % 4 == 0))
    constants = calibrated(seen)
    sure = [constants.confidence(constants.probability(one.features)) for one in seen if constants.probability(one.features) >= constants.floor]
    assert sum(sure) / len(sure) == pytest.approx(0.5, abs=0.05)  # half of the answers are right
    stored = entry(constants, CaseSet("set", "", ()), seen)
    assert (stored["provenance"]["answerable"], stored["provenance"]["unanswerable"], stored["provenance"]["besides"]) == (200, 200, 0)


def test_a_case_is_asked_again_without_the_documents_that_answer_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    put(catalog, "notes/ferry.md", "# Ferries", "The ferry to Oban leaves at nine.")
    put(catalog, "notes/tram.md", "# Trams", "The tram to Leith leaves at seven.")
    put(catalog, "notes/copy.md", "# Copies", "Once more: the tram to Leith leaves at seven.")
    assistant = Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants.open())
    cases = (
        Case(id="ferry", question="When does the ferry to Oban leave?", must_say=("nine",), must_cite=(Place(document="notes/ferry.md"),)),
        Case(id="tram", question="When does the tram to Leith leave?", must_say=("seven",), must_cite=(Place(document="notes/tram.md"),)),
        Case(id="plane", question="When does the plane to Wick leave?", expect="refusal"),
        Case(id="thanks", question="thanks", expect="conversation"),
    )
    seen = observed(assistant, cases)
    assert [(one.case, one.answerable, one.right, one.besides) for one in seen] == [
        ("ferry", True, True, False),
        ("ferry", False, False, True),
        ("tram", True, True, False),  # a copy still says it, so that leaving the one out proves nothing
        ("plane", False, False, False),
    ]
    besides = observed(assistant, cases, besides=True, again=False)
    assert [(one.case, one.answerable, one.besides) for one in besides] == [("ferry", True, True), ("tram", True, True), ("plane", False, True)]


def test_documents_that_list_no_questions_have_a_floor_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = {"intercept": 0.0, "weights": dict.fromkeys(FEATURES, 0.0), "impression": "", "sure": [1.0, 0.0]}
    reranker = FakeReranker()
    monkeypatch.setattr("assistant.floor.CONSTANTS", tmp_path / "constants.json")
    floors = {key_of(reranker.identity, lists_questions=lists): {**stored, "floor": 1.0 if lists else 0.0} for lists in (False, True)}
    (tmp_path / "constants.json").write_text(json.dumps(floors), encoding="utf-8")
    constants_for.cache_clear()
    catalog = Catalog(tmp_path)
    put(catalog, "notes/ferry.md", "# Ferries", "The ferry to Oban leaves at nine.")
    put(catalog, "notes/tram.md", "# Trams", "The tram to Leith leaves at seven.", "? When does a boat to Leith leave?")
    retrieval = Retrieval(catalog, FakeEmbedder(), reranker)
    answered = {question: Assistant(retrieval, Extractive()).answer(Question(question)).verdict for question in ("When is the ferry?", "When is the tram?")}
    constants_for.cache_clear()
    assert answered == {"When is the ferry?": "answered", "When is the tram?": "refused"}


def test_a_catalog_without_questions_has_the_same_documents(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "whole")
    put(catalog, "notes/tram.md", "# Trams", "The tram to Leith leaves at seven.", "? When does a boat to Leith leave?")
    whole = Retrieval(catalog, FakeEmbedder(), FakeReranker())
    plain = without_questions(whole, tmp_path / "plain")
    with whole.reading() as one, plain.reading() as other:
        assert whole.asking(one) == {"notes/tram.md"}
        assert plain.asking(other) == frozenset()
        assert [(p.id, p.text) for p in one.passages_of("notes/tram.md")] == [(p.id, p.text) for p in other.passages_of("notes/tram.md")]


def test_what_is_fitted_on_besides_chooses_no_floor() -> None:
    random = Random(3)
    seen = [Observed(str(n), row(random.gauss(2.0 if n % 2 else -2.0, 1.0)), n % 2 == 1, right=n % 2 == 1) for n in range(200)]
    hard = [Observed(f"hard {n}", row(random.gauss(0.5 if n % 2 else -0.5, 1.0)), n % 2 == 1, right=False, besides=True) for n in range(200)]
    constants = calibrated([*seen, *hard])
    assert constants.weights != calibrated(seen).weights  # they are fitted on

    def refused(among: list[Observed]) -> float:
        good = [one for one in among if one.answerable]
        return sum(constants.probability(one.features) < constants.floor for one in good) / len(good)

    assert refused(seen) <= REFUSED + 0.02 < 0.15 < refused(hard)
