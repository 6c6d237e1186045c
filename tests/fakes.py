"""Stand-ins for the models, small enough to work out their results on paper, and a short way to fill a catalog."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np

from corpus.cut import cut
from corpus.document import Block, Contents, Document, embedded_text
from corpus.sources import Source
from corpus.terms import harvest
from index.catalog import Catalog
from index.lexical import content_words, words


class FakeEmbedder:
    """A bag of words: each word adds one at `crc32(word) % dimension`, then the vector is brought to length 1.

    The last axis belongs to texts without any word. `embedded` keeps every passage that was ever embedded, in order, `asked` every question.
    """

    def __init__(self, identity: str = "bag-of-words", *, dimension: int = 32, window: int = 254) -> None:
        self.identity = identity
        self.window = window
        self.embedded: list[str] = []
        self.asked: list[str] = []
        self._dimension = dimension

    def count(self, text: str) -> int:
        return len(text.split())

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        self.embedded += texts
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, self._dimension), dtype=np.float32)

    def embed_question(self, text: str) -> np.ndarray:
        self.asked.append(text)
        return self._vector(text)

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(self._dimension, dtype=np.float32)
        for word in words(text):
            vector[crc32(word.encode()) % (self._dimension - 1)] += 1
        if not vector.any():
            vector[-1] = 1
        return vector / np.linalg.norm(vector)


class FakeReranker:
    """Word overlap: 5 when a text holds all content words of the question, -5 when it holds none, in between by their share."""

    identity = "word-overlap"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        asked = set(content_words(question))
        return [10 * len(asked & set(words(text))) / max(len(asked), 1) - 5 for text in texts]

    def impression(self, question: str, text: str) -> tuple[float, ...]:
        return ()


def put(catalog: Catalog, id: str, *paragraphs: str, embedder: FakeEmbedder | None = None) -> Document:
    """Put a document of these paragraphs into the catalog, as an ingestion does; `id` is source/path.

    "# Costs" makes a heading, "? How dear is it" a question that the section before it answers.
    """
    embedder = embedder or FakeEmbedder()
    told = [text for text in paragraphs if not text.startswith("? ")]
    asked = tuple((sum(not one.startswith("? ") for one in paragraphs[:at]), text[2:]) for at, text in enumerate(paragraphs) if text.startswith("? "))
    blocks = tuple(Block("heading", text[2:], 1) if text.startswith("# ") else Block("prose", text) for text in told)
    document = Document.compose(id, Contents(blocks, "markdown", title="Notes", asked=asked))
    passages = cut(document, embedder.count, embedder.window)
    texts = [embedded_text(passage.context, passage.text) for passage in passages]
    source = id.partition("/")[0]
    with catalog.writing() as edit:
        edit.set_meta("embedder", embedder.identity)
        edit.add_source(Source(source, Path("/sources") / source))
        edit.replace(
            document, source=source, path=f"/sources/{id}", file_digest=hashlib.sha256("".join(paragraphs).encode()).hexdigest(),
            passages=passages, embedded=[hashlib.sha256(text.encode()).hexdigest() for text in (*texts, *(text for _, text in asked))],
            vectors=[vector.tobytes() for vector in (*embedder.embed_passages(texts), *(embedder.embed_question(text) for _, text in asked))],
            terms=harvest(document, passages),
        )
    return document
