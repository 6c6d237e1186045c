"""What of the evidence is worth quoting: probabilities and the expected F-measure on paper, and how they are fitted."""

import json
import math
from itertools import chain, combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app import open_house
from assistant.evidence import Evidence, read
from assistant.selection import CONSTANTS, FEATURES, Place, Selection, Worth, features, selection_for
from corpus.errors import ConfigError
from evals import selection as fitting
from evals.cases import Case, CaseSet
from evals.commands import commands
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Hit, Retrieval

TRUSTING = Selection(0.0, (10.0, *(0.0,) * (len(FEATURES) - 1)), (), 1.0)  # P is the logistic of the score


def evidence(tmp_path: Path, *paragraphs: str, question: str = "Which ferry leaves pier four?") -> list[Evidence]:
    catalog = Catalog(tmp_path)
    document = put(catalog, "notes/quays.md", *paragraphs)
    with catalog.reading() as view:
        hits = [Hit(passage, 2.0, ("dense",), True) for passage in view.passages_of(document.id)]
    return read(question, hits, FakeReranker())


def test_a_unit_is_seen_by_its_score_its_place_and_its_length(tmp_path: Path) -> None:
    found = evidence(tmp_path, "# Quays", "The ferry leaves pier four. Gulls are noisy.")
    assert [e.score for e in found] == [5.0, -5.0]
    best, other = features(found)
    assert best == pytest.approx((0.5, 0.0, 0.2, 1.0, 1.0, 0.0, math.log(6) / 4))
    assert other == pytest.approx((-0.5, 1.0, 0.2, 0.0, 0.0, 0.1, math.log(4) / 4))
    assert features([]) == []


def test_what_a_unit_is_worth_is_its_words_and_its_probability(tmp_path: Path) -> None:
    found = evidence(tmp_path, "# Quays", "The ferry leaves pier four. Gulls are noisy.")
    worth = TRUSTING.weighed(found)
    id = found[0].passage.id
    assert worth.units[id, 0] == (5, pytest.approx(1 / (1 + math.exp(-5))))
    assert worth.of((id, 1)) == pytest.approx(1 / (1 + math.exp(5)))
    assert worth.of((id, 2)) == 0.0  # it was not read
    assert Selection.even().weighed(found).of((id, 1)) == 0.5


def test_the_expected_measure_is_the_one_worked_out_on_paper() -> None:
    worth = Worth({("a", 0): (10, 0.9), ("a", 1): (20, 0.1)}, beta=1.0)  # 11 words are expected to belong
    assert worth.expected({("a", 0)}) == pytest.approx(2 * 9 / (10 + 11))
    assert worth.expected({("a", 0), ("a", 1)}) == pytest.approx(2 * 11 / (30 + 11))
    assert worth.expected(set()) == worth.expected({("b", 0)}) == 0.0
    keen = Worth(worth.units, beta=6.0)  # misses nothing
    assert keen.expected({("a", 0), ("a", 1)}) == pytest.approx(37 * 11 / (30 + 36 * 11))
    assert keen.best == keen.expected({("a", 0), ("a", 1)}) > keen.expected({("a", 0)})
    assert worth.best == worth.expected({("a", 0)})
    assert Worth({}, 1.0).best == 0.0


@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0.01, 0.99)), min_size=1, max_size=7), st.sampled_from([0.5, 1.0, 6.0]))
def test_no_choice_of_units_is_expected_to_be_better_than_the_best(units: list[tuple[int, float]], beta: float) -> None:
    worth = Worth({("a", at): unit for at, unit in enumerate(units)}, beta)
    every: list[tuple[Place, ...]] = list(chain.from_iterable(combinations(worth.units, n) for n in range(1, len(units) + 1)))
    assert worth.best == pytest.approx(max(worth.expected(set(places)) for places in every))
    assert 0.0 <= worth.best <= 1.0


def test_the_selection_in_use_came_from_its_command_and_another_reranker_has_none() -> None:
    stored = json.loads(CONSTANTS.read_text(encoding="utf-8"))
    for name, one in stored.items():
        assert one["provenance"]["command"] == "kpo eval fit-selection" and one["provenance"]["questions"] > 1_000
        assert selection_for(name).beta == fitting.FACTS
    with pytest.raises(ConfigError) as caught:
        selection_for("another")
    assert "kpo eval fit-selection" in caught.value.remedy


def cases(word: str = "ferry") -> list[Case]:
    """Questions each answered by the one sentence of a passage that has most of their words."""
    return [Case(id=f"{word}{n}", question=f"Which {word} leaves pier number{n}?", must_say=(f"{word} leaves pier number{n}",)) for n in range(8)]


def learned(tmp_path: Path) -> list[fitting.Told]:
    catalog = Catalog(tmp_path / "catalog")
    for n in range(8):
        put(catalog, f"notes/{n}.md", f"# Quay {n}", f"The ferry leaves pier number{n}. Gulls are noisy there. Pies are sold.")
    retrieval = Retrieval(catalog, FakeEmbedder(), FakeReranker())
    refusals = [Case(id="no", question="Who sails?", expect="refusal")]
    return list(fitting.observed(retrieval, [*cases(), *refusals]))


def test_what_belongs_is_fitted_to_the_key_facts_of_cases(tmp_path: Path) -> None:
    told = learned(tmp_path)
    assert len(told) == 8  # a question to be refused tells nothing of what belongs
    assert all(sum(one.belongs) == 1 for one in told)
    found = fitting.fit(told, fitting.FACTS)
    assert found.beta == fitting.FACTS and found.impression == ()
    first, *others = evidence(tmp_path / "more", "# Quay", "The ferry leaves pier number9. Gulls are noisy there.", question="Which ferry leaves pier number9?")
    worth = found.weighed([first, *others])
    assert worth.of((first.passage.id, 0)) > 100 * max(worth.of((e.passage.id, e.at)) for e in others)
    assert Selection.stored(json.loads(json.dumps(fitting.entry(found, CaseSet("s", "", tuple(cases())), told)))) == found


def test_nothing_to_tell_apart_gives_an_even_selection() -> None:
    assert fitting.fit([], fitting.FACTS) == fitting.fit([fitting.Told(((0.0,) * len(FEATURES),), (True,))], 1.0) == Selection.even()


def test_the_command_fits_a_selection_and_leaves_the_shipped_one_alone_when_asked(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"What is attrition?": "leave", "What is an SLA?": "service", "What is maker-checker?": "second"}
    few = CaseSet("few", "", tuple(Case(id=f"q{at}", question=question, must_say=(fact,)) for at, (question, fact) in enumerate(asked.items())))
    monkeypatch.setattr("evals.selection.labelled", lambda: few)
    before = CONSTANTS.read_bytes()
    ran = CliRunner().invoke(commands, ["fit-selection", "--dry-run"], obj=lambda _: open_house(shipped))
    assert ran.exit_code == 0, ran.output
    (name, told), = json.loads(ran.stdout).items()
    assert name in json.loads(before)
    assert told["provenance"]["questions"] == 3 < told["provenance"]["units"]
    assert len(told["impression"].split()) == 384
    assert CONSTANTS.read_bytes() == before
