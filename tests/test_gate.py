"""The gate, with the real models over a few shipped documents: a broken build trips it and is told which cases fell, an identical one passes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app import SHIPPED_DOCUMENTS, House, open_house
from assistant.ask import Assistant, Extractive
from assistant.floor import constants_for
from assistant.selection import selection_for
from evals.cases import Case, CaseSet, Place, dump
from evals.commands import commands
from index.search import Retrieval

TOLD = {
    "contracts.md": {
        "nda": ("What is a non-disclosure agreement?", "confidential"), "msa": ("What is a master services agreement?", "framework"),
        "exit": ("What is an exit clause?", "handover"), "dispute": ("How are contract disputes handled?", "senior managers"),
        "vague": ("Why do vague contracts cause disputes?", "vague contracts cause disputes"),
        "made-of": ("Which agreements make up a KPO contract?", "before sensitive talks"),
        "clauses": ("Which clauses need most care in a KPO contract?", "subcontracting"),
        "consent": ("What is a subcontracting clause for?", "consent"), "owner": ("Who owns the work product?", "ownership clause"),
        "outsourced": ("Can contract work itself be outsourced?", "kpo service"),
    },
    "pricing-models.md": {
        "fte": ("What is FTE pricing?", "full-time equivalent"), "transaction": ("What is transaction-based pricing?", "completed"),
        "gain-share": ("What is gain share?", "share"), "fixed": ("What is fixed-price work?", "project"),
        "drives": ("What drives the price of a KPO engagement?", "qualifications"),
    },
}
NOT_TOLD = {
    "mongolia": "What is the capital of Mongolia?", "goulash": "How long must goulash simmer?", "world-cup": "Who won the football world cup in 1998?",
    "octopus": "How many hearts does an octopus have?", "guitar": "How do I tune a guitar?", "everest": "How high is Mount Everest?",
    "tulips": "When should tulips be planted?", "marathon": "How long is a marathon?",
    "bees": "How do bees find their way home?", "violin": "How many strings has a violin?", "rome": "In which year was Rome founded?",
    "yeast": "At what temperature does yeast die?",
}


class Broken(House):
    """A house in which one thing is not as it should be."""

    broken: Callable[["Broken"], Assistant]

    def assistant(self, *_: object) -> Assistant:
        return type(self).broken(self)


def without_reranker(home: House) -> Assistant:
    found = home.retrieval()
    assert found.reranker is not None
    return Assistant(Retrieval(found.catalog, found.embedder, None), Extractive(selection_for(found.reranker.identity)), constants_for(found.reranker.identity))


def with_a_lowered_floor(home: House) -> Assistant:
    found = home.retrieval()
    assert found.reranker is not None
    return Assistant(found, Extractive(selection_for(found.reranker.identity)), replace(constants_for(found.reranker.identity), floor=0.0))


def kpo_eval(folder: Path, arguments: Sequence[object], broken: Callable[[House], Assistant] | None = None) -> Result:
    """`kpo eval run` on the set of `folder`, in the house as it is or broken, with its baselines beside the set."""

    def house(data_dir: Path | None) -> House:
        settings = open_house(data_dir or folder / "data").settings
        return type("Other", (Broken,), {"broken": staticmethod(broken)})(settings) if broken else House(settings)

    command = ["run", folder / "gate.yaml", "--baselines", folder / "baselines", *arguments]
    return CliRunner().invoke(commands, [str(argument) for argument in command], obj=house)


GATED = ("--against", "baseline", "--fail-on", "regression")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of a few shipped documents, a set of questions about them, and its blessed baseline."""
    folder = tmp_path_factory.mktemp("gate")
    (folder / "shelf").mkdir()
    for name in TOLD:
        (folder / "shelf" / name).write_bytes((SHIPPED_DOCUMENTS / name).read_bytes())
    list(open_house(folder / "data").ingest([folder / "shelf"], with_shipped=False))
    cases = [
        Case(id=id, question=question, tags=(document,), must_say=(fact,), must_cite=(Place(document=f"shelf/{document}"),))
        for document, facts in TOLD.items() for id, (question, fact) in facts.items()
    ]
    cases += [Case(id=id, question=question, tags=("not-told",), expect="refusal", protected=id == "mongolia") for id, question in NOT_TOLD.items()]
    (folder / "gate.yaml").write_text(dump(CaseSet("gate", "", tuple(cases)), ".yaml"), encoding="utf-8")
    ran = kpo_eval(folder, [])
    assert ran.exit_code == 0, ran.output
    blessed = CliRunner().invoke(commands, ["bless", "--baselines", str(folder / "baselines")], obj=lambda _: open_house(folder / "data"))
    assert blessed.exit_code == 0, blessed.output
    return folder


def fallen(ran: Result) -> set[str]:
    """The cases that the gate names."""
    reasons = [line for line in ran.stderr.splitlines() if line.startswith("Gate: worse: ")]
    assert len(reasons) == 1, ran.output
    return set(reasons[0].rpartition(" fell: ")[2].split(", "))


def test_an_identical_build_passes(folder: Path) -> None:
    ran = kpo_eval(folder, ["--sample", 12, "--seed", 7, *GATED])
    assert ran.exit_code == 0, ran.output
    assert "fell" not in ran.stdout
    assert "Gate:" not in ran.stderr


def test_a_deleted_document_trips_the_gate(folder: Path) -> None:
    document = folder / "shelf" / "contracts.md"
    text = document.read_bytes()
    document.unlink()
    try:
        list(open_house(folder / "data").ingest([]))
        ran = kpo_eval(folder, ["--tag", "contracts.md", *GATED])
    finally:
        document.write_bytes(text)
        list(open_house(folder / "data").ingest([]))
    assert ran.exit_code == 1, ran.output
    assert len(fallen(ran)) >= 6
    assert fallen(ran) <= set(TOLD["contracts.md"])
    assert "corpus differs" in ran.stdout


def test_a_lowered_floor_trips_the_gate(folder: Path) -> None:
    ran = kpo_eval(folder, ["--tag", "not-told", *GATED], with_a_lowered_floor)
    assert ran.exit_code == 1, ran.output
    assert len(fallen(ran)) >= 6
    assert fallen(ran) <= set(NOT_TOLD)
    assert "Gate: 1 protected case fell: mongolia" in ran.stderr
    assert "wrongly answered" in ran.stdout


def test_a_reranker_that_is_off_trips_the_gate(folder: Path) -> None:
    ran = kpo_eval(folder, GATED, without_reranker)
    assert ran.exit_code == 1, ran.output
    assert len(fallen(ran)) >= 6
    assert "reranker differs" in ran.stdout
