"""An NLI cross-encoder of one's own: does a hypothesis follow from a premise? None is shipped; KPO_NLI_MODEL names a folder with one."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.check import Nli
from corpus.errors import ModelError
from corpus.sources import expanded
from index.models import feeds, load
from index.rerank import cross_encoder

WINDOW = 512  # tokens of a pair
REMEDY = "set KPO_NLI_MODEL to a folder with config.json (which names the label entailment) and model.onnx with tokenizer.json, or model.safetensors"


class OnnxNli:
    """An NLI model as ONNX file, one pair a run on one core, as the reranker runs."""

    def __init__(self, folder: Path) -> None:
        self._entailment = entailment_of(folder)
        self._session, self._tokenizer = load(folder / "model.onnx", folder / "tokenizer.json", f"the NLI model {folder}", REMEDY)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW, strategy="longest_first")

    def entails(self, premise: str, hypothesis: str) -> float:
        logits = self._session.run(None, feeds(self._session, self._tokenizer.encode(premise, hypothesis)))[0]
        return softmax(np.ravel(logits).tolist())[self._entailment]


class TorchNli:
    """Any other sentence-transformers CrossEncoder with NLI labels, on torch."""

    def __init__(self, folder: Path) -> None:
        self._entailment = entailment_of(folder)
        self._model = cross_encoder(folder, WINDOW, REMEDY)

    def entails(self, premise: str, hypothesis: str) -> float:
        logits = self._model.predict([(premise, hypothesis)], show_progress_bar=False)[0]
        return softmax([float(logit) for logit in np.ravel(logits)])[self._entailment]


def entailment_of(folder: Path) -> int:
    """Which of the model's outputs means entailment, by its config.json. Raises ModelError when that does not say."""
    try:
        labels = json.loads((folder / "config.json").read_text(encoding="utf-8"))["id2label"]
        return next(int(at) for at, label in labels.items() if str(label).lower().startswith("entail"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise ModelError(f"{folder} does not say which of its labels is entailment", REMEDY) from error


def softmax(logits: Sequence[float]) -> list[float]:
    """Logits as probabilities, in their order."""
    powers = [math.exp(logit - max(logits)) for logit in logits]
    return [power / sum(powers) for power in powers]


def open_nli(name: str) -> Nli:
    """The NLI model in a folder: `model.onnx` with `tokenizer.json`, else safetensors on torch. Raises ModelError when there is none."""
    folder = expanded(name)
    if not folder.is_dir():
        raise ModelError(f"there is no folder {name!r}", REMEDY)
    return OnnxNli(folder) if (folder / "model.onnx").is_file() else TorchNli(folder)
