"""An NLI model of one's own: which of its outputs counts, and what is said of a folder that holds none."""

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from assistant.nli import entailment_of, open_nli, softmax
from corpus.errors import ModelError

LABELS = {"0": "contradiction", "1": "entailment", "2": "neutral"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model whose logit for entailment is the number of tokens of the pair, and whose others are 3 and 0."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"id2label": LABELS}))
    scale, shift = np.array([[0.0, 1.0, 0.0]], dtype=np.float32), np.array([[3.0, 0.0, 0.0]], dtype=np.float32)
    nodes = [
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["mask", "axes"], ["count"], keepdims=1),
        helper.make_node("MatMul", ["count", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes, "nli", [helper.make_tensor_value_info("attention_mask", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(scale, "scale"), numpy_helper.from_array(shift, "shift"), numpy_helper.from_array(np.array([1], dtype=np.int64), "axes")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(tmp_path / "model.onnx"))
    return tmp_path


def test_the_output_that_is_named_entailment_counts(folder: Path) -> None:
    nli = open_nli(str(folder))
    assert nli.entails("a b", "c") == pytest.approx(softmax([3.0, 3.0, 0.0])[1])
    assert nli.entails("a b c d e", "f g") > 0.9
    assert nli.entails("a", "b") < 0.5


def test_softmax_sums_to_one() -> None:
    assert softmax([0.0, 0.0]) == [0.5, 0.5] and sum(softmax([1000.0, -1000.0, 3.0])) == pytest.approx(1.0)


@pytest.mark.parametrize("config", [None, "{", '{"id2label": {"0": "yes"}}', "[]", '{"id2label": 3}'])
def test_a_model_that_does_not_name_its_labels_is_refused(config: str | None, tmp_path: Path) -> None:
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    with pytest.raises(ModelError, match="which of its labels") as caught:
        entailment_of(tmp_path)
    assert "KPO_NLI_MODEL" in caught.value.remedy


def test_a_folder_that_is_not_there_or_damaged_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        open_nli(str(tmp_path / "none"))
    (folder / "model.onnx").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_nli(str(folder))
