"""A plain llama-index pipeline with its own defaults, for `evals.bench` to measure beside this system. No part of the product.

`python -m evals.plain index DOCUMENTS STORE` reads a folder, cuts, embeds and keeps an in-memory vector index on disk;
`python -m evals.plain ask STORE` loads it and answers each line of standard input with a line of JSON: what it retrieved.
The embedding model is the same all-MiniLM-L6-v2, on torch, from the same package.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from index.models import EMBEDDING


def embedding() -> Any:
    """The model as llama-index's BaseEmbedding, read by sentence-transformers as its own users would."""
    from llama_index.core.embeddings import BaseEmbedding
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(EMBEDDING.locate()), device="cpu", local_files_only=True)

    class MiniLM(BaseEmbedding):
        def _get_text_embedding(self, text: str) -> list[float]:
            return self._get_text_embeddings([text])[0]

        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            vectors: list[list[float]] = model.encode(texts, show_progress_bar=False).tolist()
            return vectors

        def _get_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

        async def _aget_query_embedding(self, query: str) -> list[float]:
            return self._get_text_embedding(query)

    return MiniLM(model_name=EMBEDDING.name)


def index(documents: Path, store: Path) -> None:
    """Index a folder and keep the index in `store`."""
    from llama_index.core import SimpleDirectoryReader, VectorStoreIndex

    read = SimpleDirectoryReader(str(documents), recursive=True).load_data()
    VectorStoreIndex.from_documents(read, embed_model=embedding()).storage_context.persist(str(store))


def ask(store: Path) -> None:
    """Retrieve for each line of standard input, a question or an object with one, until it ends."""
    from llama_index.core import StorageContext, load_index_from_storage

    loaded = load_index_from_storage(StorageContext.from_defaults(persist_dir=str(store)), embed_model=embedding())
    retriever = loaded.as_retriever()
    for line in sys.stdin:
        question = json.loads(line)["question"]
        clock = time.perf_counter()
        nodes = retriever.retrieve(question)
        total = (time.perf_counter() - clock) * 1000
        found = [{"document": node.metadata["file_name"]} for node in nodes]
        print(json.dumps({"citations": found, "timings_ms": {"total": total}}), flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["index", documents, store]:
            index(Path(documents), Path(store))
        case ["ask", store]:
            ask(Path(store))
        case _:
            sys.exit(__doc__)
