"""An NLI cross-encoder of one's own: does a hypothesis follow from a premise? None is shipped; KPO_NLI_MODEL names a folder with one."""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.check import Nli
from corpus.errors import ModelError
from corpus.sources import expanded
from index.models import one_core_session

WINDOW = 512  # tokens of a pair
REMEDY = "set KPO_NLI_MODEL to a folder with config.json (which names the label entailment) and model.onnx with tokenizer.json, or model.safetensors"


class OnnxNli:
    """An NLI model as ONNX file, one pair a run on one core, as the reranker runs."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._entailment = entailment_of(folder)
        try:
            self._session = one_core_session(folder / "model.onnx")
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # onnxruntime and tokenizers raise classes of their own for a damaged file
            raise ModelError(f"the NLI model {folder} cannot be loaded ({error})", REMEDY) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(WINDOW, strategy="longest_first")
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def entails(self, premise: str, hypothesis: str) -> float:
        encoded = self._tokenizer.encode(premise, hypothesis)
        feeds = {"input_ids": encoded.ids, "attention_mask": encoded.attention_mask, "token_type_ids": encoded.type_ids}
        arrays = {name: np.array([ids], dtype=np.int64) for name, ids in feeds.items() if name in self._inputs}
        return softmax(np.ravel(self._session.run(None, arrays)[0]).tolist())[self._entailment]


class TorchNli:
    """Any other sentence-transformers CrossEncoder with NLI labels, on torch."""

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import CrossEncoder
        from torch.nn import Identity

        self._entailment = entailment_of(folder)
        try:
            self._model = CrossEncoder(
                str(folder), device="cpu", trust_remote_code=False, local_files_only=True, max_length=WINDOW, activation_fn=Identity(),
                model_kwargs={"use_safetensors": True},
            )
        except Exception as error:  # whatever a damaged or unknown model raises, it is this setting that cannot work
            raise ModelError(f"sentence-transformers cannot load {folder} ({error})", REMEDY) from error

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
