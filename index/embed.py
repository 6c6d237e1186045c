"""Texts become vectors: the Embedder seam, the compiled model that serves it, and sentence-transformers for all others."""

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np

from corpus.errors import ModelError
from index.compile import compile_embedding, compiled_folder, manifest_of
from index.models import EmbeddingSource, feeds, load

THREADS = 2  # texts embedded at the same time; each on one core, one text a run (see OnnxEncoder)

_IDENTITY = ("weights_sha256", "precision", "pooling", "query_prefix", "passage_prefix", "window", "recipe")

Vectors = np.ndarray  # float32, shape (number of texts, dimension), rows of length 1


class Embedder(Protocol):
    """The seam for an embedding model. The same text gives the same bytes, whatever else is embedded beside it."""

    identity: str  # changes whenever the vectors would: hash of weights, precision, pooling, prefixes, window
    window: int  # tokens of a passage that the model reads, special ones and its prefix apart

    def count(self, text: str) -> int:
        """The tokens of `text` as the model counts them, special ones apart; 0 for an empty text."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """A row for each text. No texts give shape (0, dimension)."""

    def embed_question(self, text: str) -> np.ndarray:
        """One vector of shape (dimension,)."""


class OnnxEncoder:
    """One text in, one vector out, on one core.

    Dynamic int8 scales activations over the whole batch, so a text's vector would depend on what stands beside it: texts
    run one at a time, and threads use the other cores.
    """

    def __init__(self, model: Path, tokenizer: Path, window: int) -> None:
        self._session, self.tokenizer = load(model, tokenizer, f"the model {model.parent}", "delete that folder and run `kpo models`")
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(window)
        self.dimension = int(self._session.get_outputs()[0].shape[-1])

    def __call__(self, text: str) -> np.ndarray:
        (vectors,) = self._session.run(None, feeds(self._session, self.tokenizer.encode(text)))
        return np.asarray(vectors[0], dtype=np.float32)


class CompiledEmbedder:
    """A model compiled by `kpo models`. Imports neither torch nor transformers."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.about = about = manifest_of(folder)
        try:
            self.identity = _identity(*(about[key] for key in _IDENTITY))  # part of the index: vectors of another identity are not comparable
        except KeyError as error:
            raise ModelError(f"the compiled model {folder} is damaged", "delete that folder and run `kpo models`") from error
        self._folder = folder
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self.window = int(about["window"]) - 2 - self.count(about["passage_prefix"])
        self._encoder: OnnxEncoder | None = None

    def _encode(self) -> OnnxEncoder:
        if self._encoder is None:
            self._encoder = OnnxEncoder(self._folder / "model.onnx", self._folder / "tokenizer.json", self.about["window"])
        return self._encoder

    def count(self, text: str) -> int:
        return len(self._counter.encode(text, add_special_tokens=False).ids)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        encode = self._encode()
        prefix = self.about["passage_prefix"]
        with ThreadPoolExecutor(THREADS) as pool:
            rows = list(pool.map(lambda text: encode(prefix + text), texts))
        return np.stack(rows) if rows else np.zeros((0, encode.dimension), dtype=np.float32)

    def embed_question(self, text: str) -> np.ndarray:
        return self._encode()(self.about["query_prefix"] + text)


class TorchEmbedder:
    """Any other sentence-transformers model, one text at a time on torch."""

    def __init__(self, source: EmbeddingSource) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model = SentenceTransformer(
                str(source.folder), device="cpu", trust_remote_code=False, local_files_only=True, model_kwargs={"use_safetensors": True}
            )
        except Exception as error:  # whatever a damaged or unknown model raises, it is this setting that cannot work
            raise ModelError(f"sentence-transformers cannot load {source.name} ({error})", "check KPO_EMBEDDING_MODEL") from error
        self._source = source
        self.identity = _identity(source.weights_sha256, "torch", source.pooling, source.query_prefix, source.passage_prefix, source.window)
        self.window = int(self._model.max_seq_length or source.window) - 2 - self.count(source.passage_prefix)

    def count(self, text: str) -> int:
        return len(self._model.tokenizer.encode(text, add_special_tokens=False))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        rows = [self._embed(self._source.passage_prefix + text) for text in texts]
        return np.stack(rows) if rows else np.zeros((0, int(self._model.get_embedding_dimension() or 0)), dtype=np.float32)

    def embed_question(self, text: str) -> np.ndarray:
        return self._embed(self._source.query_prefix + text)

    def _embed(self, text: str) -> np.ndarray:
        vector = self._model.encode(text, normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(vector, dtype=np.float32)


def embed_questions(embedder: Embedder, texts: Sequence[str]) -> list[np.ndarray]:
    """The vector of each question, as `Embedder.embed_question` makes it. No texts give an empty list."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(embedder.embed_question, texts))


def _identity(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]


def open_embedder(name: str, models_dir: Path) -> Embedder:
    """The embedder for a model's name or folder, compiled first when it can be and is not yet.

    Raises ModelError when the model is not to be had.
    """
    source = EmbeddingSource.find(name)
    if not source.compiles:
        return TorchEmbedder(source)
    folder = compiled_folder(source, models_dir)
    if not os.path.isfile(folder / "manifest.json"):  # without the right to look, compiling tells
        compile_embedding(source, models_dir)
    return CompiledEmbedder(folder)
