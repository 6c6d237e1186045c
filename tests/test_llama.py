"""The house as llama-index sees it: our passages as nodes, our answers as responses."""

from pathlib import Path
from types import ModuleType

import pytest

from assistant.ask import Assistant, Extractive
from assistant.floor import FEATURES, Constants
from assistant.question import Question
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval

QUESTION = "Where does Genpact run finance work?"


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    catalog = Catalog(tmp_path)
    put(catalog, "notes/genpact.md", "# Genpact", "Genpact runs finance work from Gurugram.")
    put(catalog, "notes/coffee.md", "# Coffee", "Coffee is grown on hills.")
    return Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.5))


@pytest.fixture(scope="module")
def llama() -> ModuleType:
    """Imported where it is used: llama-index takes seconds, and each worker collects every file of tests."""
    import assistant.llama

    return assistant.llama


def test_retrieved_nodes_are_the_hits_of_a_search(assistant: Assistant, llama: ModuleType) -> None:
    nodes = llama.KpoRetriever(assistant.retrieval, k=2).retrieve(QUESTION)
    with assistant.retrieval.reading() as view:
        hits = assistant.retrieval.search(view, QUESTION, k=2).hits
    assert [(node.node_id, node.text, node.score) for node in nodes] == [(hit.passage.id, hit.passage.text, hit.score) for hit in hits]
    assert nodes[0].metadata["document"] == "notes/genpact.md"
    assert set(nodes[0].metadata) == {"document", "heading", "page", "start", "end", "found_by"}
    with assistant.retrieval.reading() as view:
        document = view.document(nodes[0].metadata["document"])
    assert document is not None
    assert document.text[nodes[0].metadata["start"] : nodes[0].metadata["end"]] == nodes[0].text


def test_a_blank_question_retrieves_nothing(assistant: Assistant, llama: ModuleType) -> None:
    assert llama.KpoRetriever(assistant.retrieval).retrieve(" ?! ") == []
    assert len(llama.KpoRetriever(assistant.retrieval, k=1).retrieve(QUESTION)) == 1


def test_a_response_is_the_assistants_answer_with_its_quotes(assistant: Assistant, llama: ModuleType) -> None:
    response = llama.KpoQueryEngine(assistant).query(QUESTION)
    answer = assistant.answer(Question(QUESTION))
    assert str(response) == answer.text
    assert [node.text for node in response.source_nodes] == [citation.quote for citation in answer.citations]
    assert len({node.node_id for node in response.source_nodes}) == len(answer.citations) > 0
    told = {**answer.as_json(), "timings_ms": None}
    assert {**response.metadata, "timings_ms": None} == told


def test_a_refusal_has_no_source_nodes(assistant: Assistant, llama: ModuleType) -> None:
    strict = Assistant(assistant.retrieval, Extractive(), Constants(0.0, (0.0,) * len(FEATURES), 0.9))
    response = llama.KpoQueryEngine(strict).query(QUESTION)
    assert response.source_nodes == []
    assert response.metadata["verdict"] == "refused"


def test_it_answers_asynchronously_too(assistant: Assistant, llama: ModuleType) -> None:
    import asyncio

    from llama_index.core.schema import QueryBundle

    engine = llama.KpoQueryEngine(assistant)
    assert str(asyncio.run(engine.aquery(QueryBundle(QUESTION)))) == str(engine.query(QUESTION))
