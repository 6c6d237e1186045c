"""Teaching the embedding model: questions are turned towards the passages that answer them, and passages stay where they are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from conftest import HOUSE, run_kpo
from corpus.errors import EvalError, ModelError
from evals.cases import Case, CaseSet, load
from evals.session import SHIPPED, sets_named
from evals.teach import answers, turn
from index.catalog import Catalog
from index.embed import open_embedder
from index.models import EMBEDDING
from index.search import Retrieval
from index.turn import TURN, question_turn

MODELS = HOUSE / "data" / "models"


@pytest.fixture(scope="module")
def practice() -> CaseSet:
    return load(SHIPPED / "practice.yaml")


@pytest.fixture(scope="module")
def retrieval(shipped: Path) -> Retrieval:
    return Retrieval(Catalog(shipped), open_embedder(EMBEDDING.name, MODELS, taught=False), None)


def test_questions_are_turned_towards_what_answers_them(retrieval: Retrieval, practice: CaseSet) -> None:
    some = replace(practice, cases=tuple(case for case in practice.cases if case.expect == "answer")[:60])
    learned = turn(retrieval, some).astype(np.float32)
    with retrieval.reading() as view:
        matrix = view.matrix()
        passages = view.passages(matrix.ids)

    def ahead(case: Case, vector: np.ndarray) -> int:
        """How many passages are nearer to the question than the first that answers it."""
        right = [at for at, id in enumerate(matrix.ids) if answers(case, passages[id])]
        near = matrix.vectors @ vector
        return int(np.sum(near > max(near[right]))) if right else 0

    before = after = 0
    for case, vector in zip(some.cases, retrieval.embedder.embed_passages([case.question for case in some.cases]), strict=True):
        turned = vector + learned @ vector
        before += ahead(case, vector)
        after += ahead(case, turned / np.linalg.norm(turned))
    assert after < before / 2


def test_the_served_model_turns_questions_and_not_passages() -> None:
    plain, taught = (open_embedder(EMBEDDING.name, MODELS, taught=taught) for taught in (False, True))
    text = "How is a deliverable signed off?"
    assert plain.identity == taught.identity  # an index is good with both
    assert np.array_equal(plain.embed_passages([text]), taught.embed_passages([text]))
    turned = taught.embed_question(text)
    assert abs(float(np.linalg.norm(turned)) - 1) < 1e-5
    assert 0.5 < float(turned @ plain.embed_question(text)) < 0.999


def test_a_set_that_no_passage_answers_is_an_error_with_a_remedy(retrieval: Retrieval, practice: CaseSet) -> None:
    refusals = replace(practice, cases=tuple(case for case in practice.cases if case.expect == "refusal")[:3])
    with pytest.raises(EvalError, match="no passage says") as caught:
        turn(retrieval, refusals)
    assert "must_cite" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"nothing that numpy reads", None])
def test_a_damaged_file_is_an_error_with_a_remedy(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "turn.npy").write_bytes(content)
    with pytest.raises(ModelError) as caught:
        question_turn(tmp_path / "turn.npy")
    assert "kpo eval teach" in caught.value.remedy


def test_the_command_writes_what_is_served(shipped: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.yaml"
    few.write_text(
        "name: few\ncases:\n  - id: one\n    question: Who may approve what somebody has made?\n    must_say: [a different person must approve]\n"
        "    must_cite: [{document: handbook/glossary.md, heading: Maker-checker}]\n", encoding="utf-8",
    )
    ran = run_kpo("eval", "teach", few, "--into", tmp_path / "turn.npy", "--data-dir", shipped, KPO_MODELS_DIR=MODELS)
    assert ran.returncode == 0, ran.stderr
    assert "kpo eval calibrate" in ran.stderr
    assert question_turn(tmp_path / "turn.npy").shape == question_turn(TURN).shape == (384, 384)


def test_practice_questions_are_never_reported_on(practice: CaseSet) -> None:
    asked = {case.question.casefold() for case in practice.cases}
    reported = [case for found in sets_named([]) for case in found.cases]
    assert len(asked) > 1_500 and len(reported) > 500
    assert not [case.id for case in reported if case.question.casefold() in asked]
