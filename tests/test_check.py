"""The check with its real models, over labelled sentences: it does not eat the truth, and lets little else through."""

import os
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

import pytest

from assistant.answer import Answer, Citation, Segment
from assistant.check import FLOORS, Judge, Source, floors_for, models_of
from assistant.drafting import Drafter, Material, Said
from assistant.llm import OpenAiWriter
from assistant.settings import Llm
from conftest import HOUSE
from corpus.errors import ConfigError, EvalError
from evals import sentences
from index.catalog import Catalog, View
from index.embed import open_embedder
from index.models import EMBEDDING, RERANKER
from index.rerank import open_entailment, open_reranker
from index.search import Retrieval
from scripted import Asked, scripted

ACCEPT = bool(os.environ.get("KPO_ACCEPT"))
EVERY = 1 if ACCEPT else 9  # of the labelled sentences
SLACK = 1 if ACCEPT else 2  # sentences: shares of a small sample are coarse
DRAFTS = HOUSE / "evals" / "drafts"
# What may be eaten, and what may slip through. Free prose loses much, and texts that the model has never seen more: see docs/llm.md.
SETS = {
    "development": (DRAFTS / "sentences.yaml", 0.06, 0.04), "apart": (DRAFTS / "apart.yaml", 0.06, 0.06), "free": (DRAFTS / "free.yaml", 0.20, 0.06),
    "answers": (DRAFTS / "answers.yaml", 0.12, 0.08), "answers apart": (DRAFTS / "answers-apart.yaml", 0.14, 0.09),
    "elsewhere": (DRAFTS / "elsewhere.yaml", 0.58, 0.15), "elsewhere apart": (DRAFTS / "elsewhere-apart.yaml", 0.50, 0.25),
}


@pytest.fixture(scope="module")
def retrieval(shipped: Path) -> Retrieval:
    return Retrieval(Catalog(shipped), open_embedder(EMBEDDING.name, HOUSE / "data" / "models"), open_reranker(RERANKER.name, HOUSE / "data" / "models"))


@pytest.fixture(scope="module")
def judge(retrieval: Retrieval) -> Judge:
    assert retrieval.reranker
    return Judge(retrieval.reranker, open_entailment(HOUSE / "data" / "models"))


@pytest.mark.parametrize("name", SETS)
def test_both_error_rates_are_low(name: str, judge: Judge, retrieval: Retrieval) -> None:
    path, eaten, missed = SETS[name]
    found = sentences.load(path)[::EVERY]
    with retrieval.reading() as view:
        for half in ("even", "odd"):
            rates = sentences.rates(judge, view, found, half)
            assert len(rates.eaten) <= SLACK + eaten * rates.good, rates.eaten
            assert len(rates.missed) <= SLACK + missed * rates.bad, rates.missed


def test_the_labelled_sentences_fit_the_documents(retrieval: Retrieval) -> None:
    sets = [sentences.load(path) for path, _, _ in SETS.values()]
    assert all(len({one.sentence for one in one_set}) == len(one_set) for one_set in sets)
    found = [one for one_set in (*sets, *map(sentences.load, sentences.PRACTICE)) for one in one_set]
    assert len(found) >= 31_000
    with retrieval.reading() as view:
        for one in {(one.places, one.given): one for one in found}.values():  # several sentences are over the same
            sources = sentences.sources_of(view, one)
            if one.given:
                assert [source.passage.text for source in sources] == [one.given[2]]
            else:
                assert [source.passage.document for source in sources] == [document for document, _ in one.places]
        with pytest.raises(EvalError, match="no sentence that begins with"):
            sentences.sources_of(view, sentences.Labelled((("handbook/risks.md", "No such sentence"),), "x", ""))


def test_the_practice_sentences_are_of_both_kinds_and_in_no_other_set() -> None:
    practice = [one for path in sentences.PRACTICE for one in sentences.load(path)]
    others = {one.sentence for path, _, _ in SETS.values() for one in sentences.load(path)}
    assert sum(one.supported for one in practice) > 5_000 and sum(not one.supported for one in practice) > 5_000
    assert not others & {one.sentence for one in practice}


def quoted(view: View, source: Source) -> tuple[Answer, Material]:
    """An extractive answer that quotes a passage, and the material of a draft over it."""
    document = view.document(source.passage.document)
    assert document
    unit = source.passage.units[0]
    citation = Citation.of(1, document, source.passage, unit.start, unit.end, 1.0)
    answer = Answer("What?", "What?", "answered", (Segment("quote", citation.quote, 1),), (citation,))
    return answer, Material((source,), {document.id: document})


def test_an_honest_model_is_believed(judge: Judge, retrieval: Retrieval) -> None:
    prose = [one for name in ("development", "apart") for one in sentences.load(SETS[name][0]) if one.supported]
    groups = [list(group) for _, group in groupby(prose, key=lambda one: one.places)][:: 1 if ACCEPT else 8]
    written: list[str] = []
    shown: list[str] = []

    def honest(asked: Asked) -> Iterable[str]:
        return [f"{sentence} [1] " for sentence in written]

    with scripted(honest) as server, retrieval.reading() as view:
        drafter = Drafter(OpenAiWriter(Llm(base_url=server.url, model="m")), judge)  # type: ignore[arg-type]
        for group in groups:
            written[:] = [one.sentence for one in group]
            answer, material = quoted(view, sentences.sources_of(view, group[0])[0])
            shown += [event.segment.text for event in drafter.draft(answer, (), material) if isinstance(event, Said)]
    total = sum(map(len, groups))
    assert len(shown) >= (0.95 if ACCEPT else 0.9) * total, f"{len(shown)} of {total}"


def test_the_floors_are_those_of_the_models(retrieval: Retrieval) -> None:
    assert retrieval.reranker
    floors = floors_for(models_of(retrieval.reranker, open_entailment(HOUSE / "data" / "models")))
    assert 0 < floors.plain < 0.5 < floors.doubted < 1
    with pytest.raises(ConfigError, match="no calibration of the check") as caught:
        floors_for("some+other")
    assert "calibrate-check" in caught.value.remedy and FLOORS.is_file()


def test_the_floors_keep_what_is_supported_and_stop_what_is_not() -> None:
    def seen(supported: bool, probability: float, fault: str = "", *, doubted: bool = False) -> sentences.Observed:
        return sentences.Observed(sentences.Labelled((("d", "p"),), "x", "" if supported else "wrong"), fault, doubted, probability)

    rows = [
        *(seen(True, 0.5 + n / 100) for n in range(20)), seen(True, 0.1, "a number"), *(seen(False, n / 100) for n in range(20)),
        *(seen(False, 0.3 + n / 100, doubted=True) for n in range(20)), seen(True, 0.2, doubted=True), seen(False, 0.99, "a name", doubted=True),
    ]
    strict, loose = sentences.choose(rows, eaten=0.0, leaked=0.0), sentences.choose(rows, eaten=0.1, leaked=0.1)
    assert strict.plain == 0.5 and 0.49 < strict.doubted < 0.5001
    assert loose.plain == 0.52 and 0.47 < loose.doubted < 0.4702
    assert sentences.choose(rows, eaten=1.0).plain == pytest.approx(0.69, abs=1e-4)
    for one_kind in (rows[:21], rows[21:]):
        with pytest.raises(EvalError, match="all of one kind"):
            sentences.choose(one_kind)


@pytest.mark.parametrize("content", ["- document: a", "[", "- {document: a, says: b, good: [[]], bad: []}", "5"])
def test_a_file_that_is_laid_out_otherwise_is_an_error(content: str, tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(content)
    with pytest.raises(EvalError):
        sentences.load(file)
