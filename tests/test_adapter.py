"""The adapter: what is trained in torch is what runs, it is kept whole, and the shipped one tells what is borne out from what is not."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app import open_house
from assistant.check import floors_for, models_of
from assistant.floor import logistic
from conftest import HOUSE
from corpus.errors import ModelError
from evals.adapter import CHECKING, Example, Recipe, Training
from evals.commands import commands
from index.adapter import ENTAILMENT, MATRICES, Adapter, save, shipped_adapter
from index.compile import compile_adapted
from index.head import Head
from index.models import RERANKER
from index.rerank import OnnxReranker, open_entailment, open_reranker

SUPPORTED = Example("Shadowing comes first.", "Knowledge transfer: The team begins with shadowing, and reverse shadowing follows.", 1.0)
CHANGED = Example("Reverse shadowing comes first.", SUPPORTED.text, 0.0)
LEAVE = "Leave policy > Carrying days over: Up to five unused days may be carried over into the next year, and lapse at the end of March."
OTHER = Example("A pilot costs nothing.", "Choosing a provider: A paid pilot on real work shows what a provider can do.", 0.0)


@pytest.fixture(scope="module")
def trained() -> Training:
    """A few steps, so that every matrix has a change."""
    training = Training([SUPPORTED, CHANGED, OTHER] * 6, CHECKING)
    training.losses = [training.learn(batch) for batch in training.batches]  # type: ignore[attr-defined]
    return training


def test_every_example_is_learned_as_often_as_is_said(trained: Training) -> None:
    assert sum(map(len, trained.batches)) == 18 * CHECKING.epochs
    assert len(trained.losses) == len(trained.batches)  # type: ignore[attr-defined]
    assert all(0 < loss < 5 for loss in trained.losses)  # type: ignore[attr-defined]


def test_what_is_compiled_scores_as_what_was_trained(trained: Training, tmp_path: Path) -> None:
    import torch

    adapter = trained.adapter()
    assert len(adapter.changes) == 6 * 12 and all(np.abs(up).max() > 0 for up, _ in adapter.changes.values())
    folder = compile_adapted(adapter, "some", tmp_path)
    model = OnnxReranker(folder)
    trained._bert.eval()
    pairs = [SUPPORTED, CHANGED, OTHER]
    with torch.no_grad():
        told = trained._logits([model.encode(one.asked, one.text) for one in pairs]).tolist()
    scores = [model.score(one.asked, [one.text])[0] for one in pairs]
    assert scores == pytest.approx(told, abs=0.15), "int8 costs a little"
    assert compile_adapted(adapter, "some", tmp_path) == folder
    assert compile_adapted(Adapter(adapter.head, {}), "some", tmp_path) != folder
    plain = OnnxReranker(compile_adapted(Adapter(adapter.head, {}), "some", tmp_path))
    assert [plain.score(one.asked, [one.text])[0] for one in pairs] != pytest.approx(scores, abs=0.01), "the changes count"


def test_training_goes_on_from_a_head_and_reads_as_many_layers_as_it() -> None:
    head = Head(3, -1.0, (0.01,) * 768)
    trained = Training([SUPPORTED, CHANGED], Recipe(epochs=1, rate=0.01, head=head))
    assert trained.adapter().head == Head(3, -1.0, pytest.approx(head.weights))
    for batch in trained.batches:
        trained.learn(batch)
    told = trained.adapter()
    assert told.head.layers == 3 and set(told.changes) == {f"layer.{at}.{name}" for at in range(3) for name in MATRICES}
    assert 0 < abs(told.head.intercept - head.intercept) < 0.01, "the head is learned at a quarter of the rate"


@pytest.mark.parametrize(("slope", "intercept", "label"), [(0.5, 1.0, 1.0), (2.0, -3.0, 0.0), (0.25, 0.5, 0.3)])
def test_a_score_stands_for_a_probability_on_the_scale_of_its_example(slope: float, intercept: float, label: float) -> None:
    head = Head(1, 2.0, (0.0,) * 768)  # whatever it reads, it scores 2
    trained = Training([Example(SUPPORTED.asked, SUPPORTED.text, label, slope, intercept)], Recipe(epochs=1, rate=1e-6, head=head))
    probability = logistic(slope * 2.0 + intercept)
    assert trained.learn(trained.batches[0]) == pytest.approx(-label * np.log(probability) - (1 - label) * np.log(1 - probability), abs=1e-4)


def test_an_adapter_is_kept_with_where_it_came_from(trained: Training, tmp_path: Path) -> None:
    adapter, file = trained.adapter(), tmp_path / "a.safetensors"
    save(adapter, {"command": "x"}, file)
    kept = shipped_adapter(file)
    assert kept.head == Head(adapter.head.layers, pytest.approx(adapter.head.intercept), pytest.approx(adapter.head.weights))
    assert kept.changes.keys() == adapter.changes.keys()
    for name, pair in adapter.changes.items():
        for part, other in zip(kept.changes[name], pair, strict=True):
            assert part.dtype == np.float32
            assert np.allclose(part, other, atol=1e-3)
    assert kept.digest == adapter.digest, "what training tells is what is in use"


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_damaged_adapter_is_an_error_with_a_remedy(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    file.write_bytes(content)
    with pytest.raises(ModelError, match="is not an adapter") as caught:
        shipped_adapter(file)
    assert "repository" in caught.value.remedy
    with pytest.raises(ModelError):
        shipped_adapter(tmp_path / "absent")


def test_changes_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="layer.0.output.dense"):
        Adapter(Head(1, 0.0, (1.0,)), {"layer.0.output.dense": (np.zeros((4, 2)), np.zeros((3, 4)))})


@pytest.mark.parametrize(("borne_out", "changed", "text"), [
    ("A paid pilot shows what a provider is able to do.", OTHER.asked, OTHER.text),
    ("At most five unused days can be taken along into the next year.", "Unused days are paid out.", LEAVE),
    ("Up to five days can go into the next year.", "Unused days lapse at the end of December.", LEAVE),
    ("The client pays for overruns.", "The provider pays for overruns.", "Time and materials: Under time and materials the client bears overruns."),
])
def test_the_shipped_adapter_tells_what_is_borne_out_from_what_is_changed(borne_out: str, changed: str, text: str) -> None:
    models = open_reranker(RERANKER.name, HOUSE / "data" / "models"), open_entailment(HOUSE / "data" / "models")
    probable, improbable = (logistic(models[1].score(sentence, [text])[0]) for sentence in (borne_out, changed))
    assert probable >= floors_for(models_of(*models)).plain > improbable


def test_the_command_trains_an_adapter_and_leaves_the_shipped_one_alone_when_asked(shipped: Path) -> None:
    before = ENTAILMENT.read_bytes()
    ran = CliRunner().invoke(commands, ["train-check", "--sample", "4", "--dry-run"], obj=lambda _: open_house(shipped))
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.stdout)
    assert told["supported"] + told["unsupported"] == 4
    assert told["command"] == "kpo eval train-check" and told["digest"] != shipped_adapter(ENTAILMENT).digest
    assert ENTAILMENT.read_bytes() == before
