"""An adapter is trained: the shipped cross-encoder learns to tell whether a text bears a sentence out, or whether it answers a question.

What the check's was trained on, the constants of the check are not fitted on: a model knows its own examples too well (see evals.sentences).
The reranker's examples are in evals.ranking.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assistant.check import Judge
from evals.sentences import PRACTICE, Labelled, resting
from index.adapter import MATRICES, Adapter
from index.catalog import View
from index.compile import ATTENTION_HEADS, matrices, real
from index.head import Head
from index.models import RERANKER
from index.rerank import OnnxReranker

LAYERS = 12  # all of them
RANK = 16  # of the product that is added to a matrix
SCALE = 2.0  # by which the product counts
BATCH = 16
WARM = 0.06  # share of the steps after which the learning rate is at its highest; it then falls to 0 evenly
LONGEST = 256  # tokens of a pair
SEED = 0


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence or a question, a text as the models read it, and how probable it is, in 0..1, that this bears it out or answers it.

    The probability that a score stands for is the logistic of `slope` * score + `intercept`.
    """

    asked: str
    text: str
    label: float
    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How often each example is learned, the highest learning rate, and the head to begin with, which says how many layers are read.

    A head is learned at a quarter of the rate; without one, one over all LAYERS is begun at random.
    """

    epochs: int
    rate: float
    head: Head | None = None


CHECKING = Recipe(epochs=2, rate=6e-4)


def examples(judge: Judge, view: View, found: Iterable[Labelled]) -> Iterator[Example]:
    """What the entailment model would be asked of each labelled sentence."""
    for one, sentence, spans in resting(judge, view, found):
        yield Example(sentence, " ".join(span.placed for span in spans), float(one.supported))


class Training:
    """LoRA (Hu et al. 2021) on every matrix of the layers, with a head over the first token and the mean of all, by AdamW."""

    def __init__(self, found: Sequence[Example], recipe: Recipe) -> None:
        import torch

        torch.manual_seed(SEED)
        self._order = random.Random(SEED)
        self._torch = torch
        pairs = OnnxReranker(RERANKER.locate())
        self._pairs = [(pairs.encode(one.asked, one.text), one) for one in found]
        self._bert = _bert(recipe.head.layers if recipe.head else LAYERS)
        self._bert.requires_grad_(False)
        layers = enumerate(self._bert.encoder.layer)
        self._changes = {f"layer.{at}.{name}": _adapted(layer, name) for at, layer in layers for name in MATRICES}
        self._head = torch.nn.Linear(2 * self._bert.config.hidden_size, 1)
        if recipe.head:
            with torch.no_grad():
                self._head.weight[0] = torch.tensor(recipe.head.weights)
                self._head.bias[0] = recipe.head.intercept
        else:
            torch.nn.init.normal_(self._head.weight, std=0.02)
            torch.nn.init.zeros_(self._head.bias)
        self.batches = [batch for _ in range(recipe.epochs) for batch in self._mixed()]  # every example so often, with others about as long
        head, changes = list(self._head.parameters()), [part for pair in self._changes.values() for part in pair]
        self._learned = [*head, *changes]
        groups = [{"params": head, "lr": recipe.rate / 4 if recipe.head else recipe.rate}, {"params": changes, "lr": recipe.rate}]
        self._optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
        total = len(self.batches)
        self._rate = torch.optim.lr_scheduler.LambdaLR(self._optimiser, lambda step: min(1.0, (step + 1) / (WARM * total)) * (1 - step / total))
        self._bert.train()

    def learn(self, batch: Sequence[Any]) -> float:
        """Learn the next of the batches; its loss before (binary cross-entropy, in nats)."""
        torch = self._torch
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = self._logits([encoded for encoded, _ in batch])
        slopes, intercepts, labels = torch.tensor([(one.slope, one.intercept, one.label) for _, one in batch]).T
        loss = torch.nn.functional.binary_cross_entropy_with_logits(slopes * logits.float() + intercepts, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._learned, 1.0)
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._rate.step()
        return float(loss.item())

    def _mixed(self) -> list[list[Any]]:
        mixed = self._order.sample(self._pairs, len(self._pairs))
        batches = []
        for start in range(0, len(mixed), 20 * BATCH):
            alike = sorted(mixed[start : start + 20 * BATCH], key=lambda pair: len(pair[0].ids))
            batches += [alike[at : at + BATCH] for at in range(0, len(alike), BATCH)]
        return self._order.sample(batches, len(batches))

    def _logits(self, batch: Sequence[Any]) -> Any:
        torch = self._torch
        longest = min(LONGEST, max(len(encoded.ids) for encoded in batch))
        ids, types, mask = (
            torch.tensor([(part + [0] * longest)[:longest] for part in parts])
            for parts in zip(*((encoded.ids, encoded.type_ids, encoded.attention_mask) for encoded in batch), strict=True)
        )
        states = self._bert(input_ids=ids, token_type_ids=types, attention_mask=mask).last_hidden_state
        shown = mask.unsqueeze(-1).to(states.dtype)
        return self._head(torch.cat([states[:, 0], (states * shown).sum(1) / shown.sum(1)], 1)).squeeze(-1)

    def adapter(self) -> Adapter:
        """What has been learned so far."""
        weights = tuple(float(f"{weight:g}") for weight in self._head.weight[0].tolist())
        changes = {name: (_half(SCALE * up), _half(down)) for name, (up, down) in self._changes.items()}
        return Adapter(Head(len(self._bert.encoder.layer), round(self._head.bias.item(), 4), weights), changes)


def _half(part: Any) -> np.ndarray:
    """A matrix as its file will give it back: else its digest would not be that of the adapter in use."""
    return part.detach().numpy().astype(np.float16).astype(np.float32)  # type: ignore[no-any-return]


def _bert(layers: int) -> Any:
    """The lowest layers of the shipped cross-encoder in torch: its int8 matrices as the numbers that they stand for."""
    import onnx
    import torch
    from onnx import numpy_helper
    from transformers import BertConfig, BertModel

    graph = onnx.load(str(RERANKER.locate() / RERANKER.weights)).graph
    held = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    weights = {name: value for name, value in held.items() if name.endswith((".bias", "LayerNorm.weight"))}
    weights |= {f"bert.encoder.{place}.weight": real(held, name).T for place, name in matrices(graph).items()}
    for kind in ("word", "position", "token_type"):
        name = f"bert.embeddings.{kind}_embeddings.weight"
        weights[name] = real(held, name)
    words, width = weights["bert.embeddings.word_embeddings.weight"].shape
    inner = len(weights["bert.encoder.layer.0.intermediate.dense.weight"])
    about = BertConfig(vocab_size=words, hidden_size=width, num_hidden_layers=LAYERS, num_attention_heads=ATTENTION_HEADS, intermediate_size=inner)
    model = BertModel(about, add_pooling_layer=False)
    body = {name.removeprefix("bert."): value for name, value in weights.items() if name.startswith(("bert.embeddings.", "bert.encoder."))}
    model.load_state_dict({name: torch.tensor(np.ascontiguousarray(value)) for name, value in body.items()})
    model.encoder.layer = model.encoder.layer[:layers]
    return model


def _adapted(layer: Any, name: str) -> tuple[Any, Any]:
    """Put a product of two narrow matrices beside one of a layer's; the two, of which the first is 0 and the second random."""
    import torch

    linear = layer.get_submodule(name)
    up = torch.nn.Parameter(torch.zeros(linear.out_features, RANK))
    down = torch.nn.Parameter(torch.randn(RANK, linear.in_features) / linear.in_features**0.5)

    def beside(_: Any, given: tuple[Any], told: Any) -> Any:
        functional = torch.nn.functional
        return told + SCALE * functional.linear(functional.linear(given[0], down), up)

    linear.register_forward_hook(beside)
    return up, down


def final_loss(losses: Sequence[float]) -> float:
    """The mean loss of the last fifth of the batches."""
    last = losses[-max(1, len(losses) // 5) :]
    return round(sum(last) / len(last), 4)


def provenance(found: Sequence[Labelled], losses: Sequence[float]) -> dict[str, Any]:
    """Where the check's adapter came from: what it was trained on, and its loss."""
    return {
        "command": "kpo eval train-check", "model": f"{RERANKER.source} {RERANKER.sha256[:12]}",
        "set": f"{'+'.join(file.stem for file in PRACTICE)} {hashlib.sha256(' '.join(sorted(one.sentence for one in found)).encode()).hexdigest()[:16]}",
        "supported": sum(one.supported for one in found), "unsupported": sum(not one.supported for one in found),
        "layers": LAYERS, "rank": RANK, "epochs": CHECKING.epochs, "loss": final_loss(losses),
    }
