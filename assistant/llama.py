"""The house for users of llama-index: our retrieval as a BaseRetriever, our assistant as a query engine."""

from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.response.schema import Response
from llama_index.core.callbacks import CallbackManager
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from assistant.ask import Assistant
from assistant.question import Question
from index.search import Hit, Retrieval


class KpoRetriever(BaseRetriever):
    """Ranked passages as nodes, best first; none for a blank question. Metadata: document, heading, page, start, end, found_by."""

    def __init__(self, retrieval: Retrieval, k: int = 5) -> None:
        self._retrieval = retrieval
        self._k = k
        super().__init__(callback_manager=CallbackManager([]))

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        with self._retrieval.reading() as view:
            found = self._retrieval.search(view, query_bundle.query_str, k=self._k)
        return [_node(hit) for hit in found.hits]


class KpoQueryEngine(BaseQueryEngine):
    """Cited answers. The response's text has [n] markers, its metadata is the object of `kpo ask --json`, its source nodes are the quotes;
    a refusal has none."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        super().__init__(callback_manager=CallbackManager([]))

    def _get_prompt_modules(self) -> dict[str, Any]:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        answer = self._assistant.answer(Question(query_bundle.query_str))
        nodes = [
            NodeWithScore(
                node=TextNode(id_=f"{c.passage}:{c.start}", text=c.quote, metadata={"document": c.document, "heading": c.heading, "page": c.page}),
                score=c.score,
            )
            for c in answer.citations
        ]
        return Response(response=answer.text, source_nodes=nodes, metadata=answer.as_json())

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return self._query(query_bundle)


def _node(hit: Hit) -> NodeWithScore:
    passage = hit.passage
    about = {
        "document": passage.document, "heading": passage.heading, "page": passage.page, "start": passage.start, "end": passage.end,
        "found_by": ", ".join(hit.found_by),
    }
    return NodeWithScore(node=TextNode(id_=passage.id, text=passage.text, metadata=about), score=hit.score)
