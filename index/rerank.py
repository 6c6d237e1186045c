"""Pairs of a question and a text get a relevance score from a cross-encoder."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from corpus.errors import ModelError
from corpus.sources import expanded
from index.adapter import ENTAILMENT, RANKING, Adapter, shipped_adapter
from index.compile import compile_adapted, manifest_of
from index.models import RERANKER, feeds, load, sha256_of

if TYPE_CHECKING:
    from tokenizers import Encoding

REMEDY = f"set KPO_RERANKER_MODEL to {RERANKER.name!r} or to a folder with model.onnx and tokenizer.json, or model.safetensors"
WINDOW = 384  # tokens of a pair: room for the longest question and passage; those of most are fewer than 150, and cost grows with length
QUESTION_TOKENS = 128  # of them at most for the question
THREADS = 2
KEPT = 256  # pairs whose impression is kept from when they were scored: some questions' worth


class Reranker(Protocol):
    """The seam for a cross-encoder. Scores are logits: unbounded, higher is better, comparable between questions."""

    identity: str  # name and hash of the weights: calibrated constants are kept by it

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """A score for each text, in their order, the same whatever else is in the list. No texts give an empty list."""

    def impression(self, question: str, text: str) -> tuple[float, ...]:
        """What the model makes of the question after reading the text, always as many numbers; () from one that does not tell.

        A score says whether the two belong together; an impression also tells an answer from the right company with the wrong fact.
        """


class OnnxReranker:
    """A cross-encoder as ONNX file, one pair a run on one core, two runs at a time.

    One pair at a time because dynamic int8 makes scores depend on the batch (see index.embed).
    """

    def __init__(self, folder: Path, identity: str = "") -> None:
        from tokenizers import Tokenizer

        self.identity = identity or f"{folder.name}-{sha256_of(folder / 'model.onnx', REMEDY)[:12]}"
        remedy = "run `make install` again" if identity else REMEDY
        self._session, self._tokenizer = load(folder / "model.onnx", folder / "tokenizer.json", f"the reranker {folder}", remedy)
        self._questions = Tokenizer.from_str(self._tokenizer.to_str())  # counts a question's tokens without cutting it
        self._questions.no_truncation()
        self._questions.no_padding()
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW, strategy="only_second")
        given = [entry.name for entry in self._session.get_outputs()]
        self._outputs = [given[0], *(name for name in given if name == "states")]  # see index.compile
        self._impressions: dict[tuple[str, str], tuple[float, ...]] = {}
        self._lock = threading.Lock()

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        question = self._shortened(question)
        if len(texts) < 2:
            return [self._read(question, text)[0] for text in texts]
        longest_first = sorted(range(len(texts)), key=lambda at: -len(texts[at]))  # so that no core waits for a long one at the end
        with ThreadPoolExecutor(THREADS) as pool:
            scores = dict(zip(longest_first, pool.map(lambda at: self._read(question, texts[at])[0], longest_first), strict=True))
        return [scores[at] for at in range(len(texts))]

    def _shortened(self, question: str) -> str:
        """The question's first tokens, so that a pair has room for its text; a question without spaces can be all tokens."""
        tokens = self._questions.encode(question, add_special_tokens=False).offsets
        return question[: tokens[QUESTION_TOKENS - 1][1]] if len(tokens) > QUESTION_TOKENS else question

    def _read(self, question: str, text: str) -> tuple[float, tuple[float, ...]]:
        """The score of a pair and its impression, which is kept for when it is asked for: one run gives both."""
        encoded = self.encode(question, text)
        logits, *states = self._session.run(self._outputs, self.feeds(encoded))
        impression: tuple[float, ...] = ()
        if states:
            asked = [at for at, sequence in enumerate(encoded.sequence_ids) if sequence == 0]
            impression = tuple(states[0][0, asked].mean(axis=0).tolist()) if asked else (0.0,) * states[0].shape[2]
            with self._lock:
                while len(self._impressions) >= KEPT:
                    del self._impressions[next(iter(self._impressions))]
                self._impressions[question, text] = impression
        return float(np.ravel(logits)[0]), impression

    def impression(self, question: str, text: str) -> tuple[float, ...]:
        pair = self._shortened(question), text
        with self._lock:
            kept = self._impressions.get(pair)
        return self._read(*pair)[1] if kept is None else kept

    def encode(self, question: str, text: str) -> "Encoding":
        """The tokens of a pair, the text cut so that they fit."""
        return self._tokenizer.encode(question, text)

    def feeds(self, encoded: "Encoding") -> dict[str, np.ndarray]:
        """The tokens of a pair as the model takes them."""
        return feeds(self._session, encoded)


class TorchReranker:
    """Any other sentence-transformers CrossEncoder with one output, on torch."""

    def __init__(self, folder: Path) -> None:
        self.identity = f"{folder.name}-{sha256_of(folder / 'model.safetensors', REMEDY)[:12]}"
        self._model = cross_encoder(folder, WINDOW, REMEDY)

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float(self._model.predict([(question, text)], show_progress_bar=False)[0]) for text in texts]

    def impression(self, question: str, text: str) -> tuple[float, ...]:
        return ()


def cross_encoder(folder: Path, window: int, remedy: str) -> Any:
    """The CrossEncoder of sentence-transformers in a folder, which gives logits. Raises ModelError when there is none."""
    from sentence_transformers import CrossEncoder
    from torch.nn import Identity

    try:
        return CrossEncoder(
            str(folder), device="cpu", trust_remote_code=False, local_files_only=True, max_length=window, activation_fn=Identity(),
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # whatever a damaged or unknown model raises, it is this setting that cannot work
        raise ModelError(f"sentence-transformers cannot load {folder} ({error})", remedy) from error


def open_reranker(name: str, models_dir: Path) -> Reranker:
    """The shipped reranker by its name, compiled first when it is not yet; or one in a folder: `model.onnx` with `tokenizer.json`, else on torch."""
    if name == RERANKER.name:
        return open_adapted(shipped_adapter(RANKING), RERANKER.name, models_dir)
    folder = expanded(name)
    if not folder.is_dir():
        raise ModelError(f"the reranker {name!r} is neither shipped nor a folder", REMEDY)
    return OnnxReranker(folder) if (folder / "model.onnx").is_file() else TorchReranker(folder)


def open_entailment(models_dir: Path) -> Reranker:
    """The shipped cross-encoder that scores whether a text bears a sentence out, compiled first when it is not yet."""
    return open_adapted(shipped_adapter(ENTAILMENT), f"{RERANKER.name}-entailment", models_dir)


def open_adapted(adapter: Adapter, name: str, models_dir: Path) -> OnnxReranker:
    """The shipped cross-encoder with an adapter, compiled first under this name when it is not yet."""
    folder = compile_adapted(adapter, name, models_dir)
    manifest_of(folder)
    return OnnxReranker(folder, folder.name)
