"""The models become the ONNX files that are run, once. The only module of the house that needs torch to make something.

Embedding: the recipe (tracing exporter, dynamic int8 per channel) is the one that was seen to work with these versions: the newer exporter
gave a model that onnxruntime refuses, and optimum pins a transformers that cannot live beside gradio 6. Reranking: the shipped
cross-encoder without its upper layers, with the adapter that was trained to do without them (`kpo eval train-reranker`).
"""

import hashlib
import json
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from corpus.errors import ModelError
from index.adapter import Adapter
from index.head import Head
from index.models import RERANKER, EmbeddingSource, check, sha256_of

RECIPE = 4  # part of the folders' keys and of an index's: a new recipe, or another way of running it, compiles and embeds anew
MIN_COSINE = 0.99  # mean over SAMPLE between the torch and the int8 vectors; below it the fp32 graph is kept
# Layers of the reranker of which impressions are taken (see index.rerank): higher ones know little more than the score, lower ones little of the text.
IMPRESSION = 8
ATTENTION_HEADS = 12  # of each layer of the reranker
SAMPLE = (
    "Knowledge process outsourcing hands work that needs judgement to an outside firm.",
    "What is the difference between KPO and BPO?",
    "The service level agreement measures turnaround time and accuracy every month.",
    "Attrition is highest in the first year after hiring.",
    "India provides most of the services; the Philippines is growing.",
    "A non-disclosure agreement protects confidential information.",
    "Roughly 48% of legal tasks are exposed to automation.",
    "yes",
    "Contract review, document review, and intellectual property services are legal process outsourcing.",
    "How long does knowledge transfer take, and who signs it off at the end of the period of shadowing?",
    "Pharmacovigilance monitors the safety of medicines after they reach the market, and reports side effects to the regulator.",
    "Pricing models: full-time equivalent, transaction, fixed price, time and materials, outcome based.",
)


def compiled_folder(source: EmbeddingSource, models_dir: Path) -> Path:
    """Where the compiled form of these weights, used in this way, lives, whether or not it is there yet."""
    use = json.dumps([source.weights_sha256, source.pooling, source.window, source.query_prefix, source.passage_prefix, RECIPE])
    return models_dir / f"{Path(source.name).name}-{hashlib.sha256(use.encode()).hexdigest()[:12]}"


def compile_embedding(source: EmbeddingSource, models_dir: Path) -> Path:
    """Compile `source` into `models_dir` and return its folder; one that is there already is returned as it is.

    Built aside and moved into place, so that another process never sees half a model; one process builds, others wait for it.
    """
    target = compiled_folder(source, models_dir)

    def build(folder: Path) -> dict[str, Any]:
        precision, cosine = _build(source, folder)
        shutil.copyfile(source.folder / "tokenizer.json", folder / "tokenizer.json")
        return {
            "name": source.name,
            "weights_sha256": source.weights_sha256,
            "precision": precision,
            "pooling": source.pooling,
            "window": source.window,
            "query_prefix": source.query_prefix,
            "passage_prefix": source.passage_prefix,
            "cosine_to_torch": round(cosine, 4),
            "recipe": RECIPE,
        }

    return _once(target, build)


def compile_adapted(adapter: Adapter, name: str, models_dir: Path) -> Path:
    """Put `adapter` on the shipped cross-encoder, in `models_dir` under this name, and return its folder; one that is there already is returned."""
    use = json.dumps([RERANKER.sha256, adapter.digest, IMPRESSION, RECIPE])
    target = models_dir / f"{name}-{hashlib.sha256(use.encode()).hexdigest()[:12]}"
    if os.path.isfile(target / "manifest.json"):
        return target
    shipped = RERANKER.locate()
    check(shipped / RERANKER.weights, RERANKER.sha256)

    def build(folder: Path) -> dict[str, Any]:
        changed = folder / "changed.onnx"
        _with_changes(shipped / RERANKER.weights, adapter.changes, changed)
        _under_head(changed, adapter.head, folder / "model.onnx")
        changed.unlink()
        shutil.copyfile(shipped / "tokenizer.json", folder / "tokenizer.json")
        return {"name": name, "weights_sha256": RERANKER.sha256, "layers": adapter.head.layers, "precision": "int8"}

    return _once(target, build)


def manifest_of(folder: Path) -> dict[str, Any]:
    """What a compiled model says of itself. Raises ModelError unless its files are those that it was compiled to."""
    try:
        about: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        promised = {name: about["sha256"][name] for name in ("model.onnx", "tokenizer.json")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"the compiled model {folder} is damaged", "delete that folder and run `kpo models`") from error
    for name, sha256 in promised.items():
        check(folder / name, sha256)
    return about


def _once(target: Path, build: Callable[[Path], dict[str, Any]]) -> Path:
    """Have `build` fill a folder and say what it holds, unless `target` is there; aside and moved into place, one process at a time.

    Raises ModelError when the folder of models cannot be made, written or locked, or the disk is full.
    """
    models_dir = target.parent
    try:
        models_dir.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # the data folder, by default: for its owner only
        models_dir.mkdir(exist_ok=True, mode=0o700)
        with FileLock(models_dir / "compile.lock"):
            for left in models_dir.glob(".building-*"):  # by a process that was killed
                shutil.rmtree(left, ignore_errors=True)
            if os.path.isfile(target / "manifest.json"):
                return target
            aside = Path(tempfile.mkdtemp(prefix=".building-", dir=models_dir))
            try:
                manifest = build(aside)
                manifest["sha256"] = {name: sha256_of(aside / name) for name in ("model.onnx", "tokenizer.json")}
                (aside / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
                shutil.rmtree(target, ignore_errors=True)
                aside.rename(target)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        remedy = "set KPO_MODELS_DIR to a folder this user can write, with room in it"
        raise ModelError(f"no model can be compiled into {models_dir}: {error}", remedy) from error
    return target


def with_states(model: Path, layers: int, to: Path) -> None:
    """Write a BERT classifier that also gives, as `states`, what the lowest `layers` make of each token."""
    import onnx
    from onnx import helper

    whole = onnx.load(str(model))
    whole.graph.node.append(helper.make_node("Identity", [_top(layers)], ["states"]))
    whole.graph.output.append(helper.make_tensor_value_info("states", onnx.TensorProto.FLOAT, None))
    onnx.save(whole, str(to))


def _top(layers: int) -> str:
    """What the highest of the lowest `layers` gives, by the name that exporting a BERT model gives it."""
    return f"/bert/encoder/layer.{layers - 1}/output/LayerNorm/Add_1_output_0"


def _fused(model: Path, heads: int, outputs: Sequence[str] = ()) -> Any:
    """A BERT graph up to these outputs, or to its own, with each layer's attention as one operator of onnxruntime.

    Exporting spreads it over forty operators, which take longer to run and to load. Without a mask: what is run is one text without padding.
    """
    import onnx
    from onnx import helper
    from onnx.utils import Extractor

    whole = onnx.load(str(model))
    for node in whole.graph.node:
        place, _, last = node.name.rpartition("/")
        if place.endswith("/attention/self") and last == "Reshape_3":  # by the names that exporting a BERT model gives
            read = [f"{place}/{part}/Add_output_0" for part in ("query", "key", "value")]
            node.CopyFrom(helper.make_node("MultiHeadAttention", read, node.output, domain="com.microsoft", num_heads=heads))
    whole.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    outputs = outputs or [entry.name for entry in whole.graph.output]
    return Extractor(whole).extract_model([entry.name for entry in whole.graph.input], list(outputs))  # without what nothing reads any more


def matrices(graph: Any) -> dict[str, str]:
    """The int8 matrices of a BERT graph's layers, such as "layer.0.output.dense", and what each is held as (by the names that exporting gives)."""
    places = {node.name: node.input[1] for node in graph.node if node.op_type == "MatMulInteger" and node.name.startswith("/bert/encoder/")}
    return {
        place.removeprefix("/bert/encoder/").removesuffix("/MatMul_quant").replace("/", "."): held.removesuffix("_quantized")
        for place, held in places.items()
    }


def real(held: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """An int8 array of a graph as the numbers that it stands for; a matrix has a row for each input."""
    told: np.ndarray = (held[f"{name}_quantized"].astype(np.float32) - held[f"{name}_zero_point"]) * held[f"{name}_scale"]
    return told


def _with_changes(model: Path, changes: Mapping[str, tuple[np.ndarray, np.ndarray]], to: Path) -> None:
    """Write an int8 BERT model with these products added to its matrices, which are made int8 again, each output with a scale of its own."""
    import onnx
    from onnx import numpy_helper

    whole = onnx.load(str(model))
    held = {entry.name: entry for entry in whole.graph.initializer}
    names = matrices(whole.graph)
    for place, (up, down) in changes.items():
        parts = [held[f"{names[place]}_{part}"] for part in ("quantized", "scale", "zero_point")]
        weights = real({part.name: numpy_helper.to_array(part) for part in parts}, names[place]) + (up @ down).T
        scales = (np.abs(weights).max(axis=0) / 127).astype(np.float32)
        for part, value in zip(parts, (np.rint(weights / scales).astype(np.int8), scales, np.zeros(len(scales), dtype=np.int8)), strict=True):
            part.CopyFrom(numpy_helper.from_array(value, part.name))
    onnx.save(whole, str(to))


def _under_head(model: Path, head: Head, to: Path) -> None:
    """Write the layers of a BERT classifier that `head` reads, with its score as `logits`, and as `states` what the IMPRESSION layers make of each token."""
    import onnx
    from onnx import helper, numpy_helper

    top = _top(head.layers)
    part = _fused(model, ATTENTION_HEADS, [top])
    constants: dict[str, Any] = {
        "head.weights": np.array(head.weights, dtype=np.float32).reshape(-1, 1), "head.intercept": np.array([head.intercept], dtype=np.float32),
        "head.first": np.array(0, dtype=np.int64),
    }
    part.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    part.graph.node.extend([
        helper.make_node("Identity", [_top(IMPRESSION)], ["states"]),
        helper.make_node("Gather", [top, "head.first"], ["head.token"], axis=1),
        helper.make_node("ReduceMean", [top], ["head.mean"], axes=[1], keepdims=0),
        helper.make_node("Concat", ["head.token", "head.mean"], ["head.read"], axis=1),
        helper.make_node("Gemm", ["head.read", "head.weights", "head.intercept"], ["logits"]),
    ])
    del part.graph.output[:]
    part.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("logits", "states"))
    onnx.save(part, str(to))


def _build(source: EmbeddingSource, folder: Path) -> tuple[str, float]:
    """Write model.onnx; return its precision and the mean cosine to the torch vectors."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import AutoModel
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    model = AutoModel.from_pretrained(source.folder, use_safetensors=True, attn_implementation="eager", trust_remote_code=False).eval()
    graph = _Pooled(model, source.pooling)
    reference = np.stack([_run_torch(graph, source, text) for text in SAMPLE])
    one = torch.ones((1, 8), dtype=torch.int64)
    axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask", "token_type_ids")}
    exact = folder / "fp32.onnx"
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            graph, (one, one, torch.zeros_like(one)), str(exact), dynamo=False, opset_version=17,
            input_names=list(axes), output_names=["embedding"], dynamic_axes={**axes, "embedding": {0: "batch"}},
        )
    final = folder / "model.onnx"
    logging.disable(logging.WARNING)  # onnxruntime advises a preprocessing that changes nothing here
    try:
        quantize_dynamic(str(exact), str(final), per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.disable(logging.NOTSET)
    for graph_file in (exact, final):
        onnx.save(_fused(graph_file, model.config.num_attention_heads), str(graph_file))
    cosine = _cosine(final, source, reference)
    precision = "int8"
    if cosine < MIN_COSINE:
        precision = "fp32"
        shutil.copyfile(exact, final)
        cosine = _cosine(final, source, reference)
    exact.unlink()
    return precision, cosine


def _Pooled(model: Any, pooling: str) -> Any:
    """A torch module from token ids to one unit-length vector a text."""
    import torch

    class Pooled(torch.nn.Module):  # type: ignore[misc]  # torch is not read by mypy
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):  # type: ignore[no-untyped-def]
            tokens = self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).last_hidden_state
            if pooling == "cls":
                vector = tokens[:, 0]
            else:
                mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
                vector = (tokens * mask).sum(1) / mask.sum(1)
            return torch.nn.functional.normalize(vector, dim=1)

    return Pooled()


def _run_torch(graph, source: EmbeddingSource, text: str):  # type: ignore[no-untyped-def]
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source.folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(source.window)
    encoded = tokenizer.encode(text)
    with torch.no_grad():
        vector = graph(*(torch.tensor([ids]) for ids in (encoded.ids, encoded.attention_mask, encoded.type_ids)))
    return vector[0].numpy()


def _cosine(model: Path, source: EmbeddingSource, reference: np.ndarray) -> float:
    from index.embed import OnnxEncoder

    encoder = OnnxEncoder(model, source.folder / "tokenizer.json", source.window)
    return float(np.mean([encoder(text) @ vector for text, vector in zip(SAMPLE, reference, strict=True)]))
