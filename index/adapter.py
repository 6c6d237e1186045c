"""The adapters that make two models of the shipped cross-encoder: the reranker, and the one that tells whether a text bears a sentence out.

They are LoRA (Hu et al. 2021, arXiv 2106.09685): to each weight matrix of a layer, the product of two narrow matrices is added. Trained by
`kpo eval train-reranker` and by `kpo eval train-check`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpus.errors import ModelError
from index.head import Head

RANKING, ENTAILMENT = (Path(__file__).with_name(f"{name}.safetensors") for name in ("reranker", "entailment"))
MATRICES = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")


@dataclass(frozen=True, slots=True)
class Adapter:
    """What is added to the cross-encoder's matrices, named "layer.0.output.dense" and so on, and the head that reads the top one of its layers.

    A change is a pair of float32 arrays, of shape (outputs, rank) and (rank, inputs). Raises ValueError for pairs that do not fit together.
    """

    head: Head
    changes: Mapping[str, tuple[np.ndarray, np.ndarray]]

    def __post_init__(self) -> None:
        for name, (up, down) in self.changes.items():
            if up.ndim != 2 or down.ndim != 2 or up.shape[1] != down.shape[0]:
                raise ValueError(f"the change of {name} is of shapes {up.shape} and {down.shape}")

    @property
    def digest(self) -> str:
        """Tells this adapter from others; part of the model's identity."""
        parts = [self.head.digest.encode(), *(part.tobytes() for name in sorted(self.changes) for part in self.changes[name])]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def save(adapter: Adapter, provenance: Mapping[str, Any], file: Path) -> None:
    """Keep an adapter, in half precision, with where it came from."""
    from safetensors.numpy import save_file

    tensors = {"head.weights": np.array(adapter.head.weights, dtype=np.float32), "head.intercept": np.array([adapter.head.intercept], dtype=np.float32)}
    for name, (up, down) in adapter.changes.items():
        tensors |= {f"{name}.up": up.astype(np.float16), f"{name}.down": down.astype(np.float16)}
    save_file(tensors, file, metadata={"layers": str(adapter.head.layers), "provenance": json.dumps(provenance)})


def shipped_adapter(file: Path) -> Adapter:
    """The adapter of a file: of RANKING or of ENTAILMENT those in use. Raises ModelError when its file is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as stored:
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # it is no mapping
            layers = int((stored.metadata() or {})["layers"])
        head = Head(layers, float(tensors["head.intercept"][0]), tuple(tensors["head.weights"].tolist()))
        names = [name.removesuffix(".up") for name in tensors if name.endswith(".up")]
        return Adapter(head, {name: (tensors[f"{name}.up"].astype(np.float32), tensors[f"{name}.down"].astype(np.float32)) for name in names})
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ModelError(f"{file} is not an adapter of the cross-encoder ({error})", "take it from the repository again") from error
