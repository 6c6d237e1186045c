"""The language model's endpoint: streams, and every way in which it can fail. Each ends in a quotation, within the time-out, without the key."""

import json
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.ask import Assistant, Extractive
from assistant.check import Floors, Judge
from assistant.drafting import Drafter, Said
from assistant.floor import Constants
from assistant.llm import MAX_CHARACTERS, BackOff, Message, OpenAiWriter, Usage, Written
from assistant.question import Question
from assistant.settings import Llm
from assistant.usage import Ledger
from conftest import free_port, run_kpo
from corpus.errors import IndexUnavailable, LlmUnavailable
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import Retrieval
from scripted import Asked, Reply, scripted, slowly

KEY = "sk-very-secret-0123456789"
SECONDS = 1.0
MESSAGES = (Message("system", "Answer."), Message("user", "Who?"))
BADGE = "New analysts collect their badge at the induction desk before nine."
DRAFT = "Analysts who are new collect their badge at the induction desk [1]."


@pytest.fixture(scope="module", autouse=True)
def loaded() -> None:
    """The adapter's import takes seconds, and belongs to no test."""
    OpenAiWriter(Llm()).load()


def writer(url: str, timeout: float = SECONDS, back_off: BackOff | None = None, **more: object) -> OpenAiWriter:
    return OpenAiWriter(Llm(base_url=url, model="m", api_key=KEY, timeout=timeout, **more), back_off)  # type: ignore[arg-type]


def cut(asked: Asked) -> None:
    asked.open()
    asked.delta(DRAFT + " And")


def wrong_json(asked: Asked) -> None:
    asked.open()
    asked.raw(b'data: {"choices": [}\n\n')


def wrong_shape(asked: Asked) -> None:
    asked.open()
    asked.raw(b'data: {"answer": 42}\n\ndata: [DONE]\n\n')


def web_page(asked: Asked) -> None:
    asked.open("text/html")
    asked.raw(b"<html><body>Please log in.</body></html>")


def slow_bytes(asked: Asked) -> None:
    asked.open()
    for _ in range(100):
        asked.raw(b"d")
        time.sleep(0.05)


def endless_line(asked: Asked) -> None:
    asked.open()
    for _ in range(60):
        asked.raw(b"x" * 100_000)


def silent(asked: Asked) -> None:
    time.sleep(2 * SECONDS)


FAULTS: dict[str, tuple[Reply, str]] = {
    "401": (lambda asked: asked.error(401, f'{{"error": {{"message": "Incorrect API key provided: {KEY}"}}}}'), "refuses the key"),
    "404": (lambda asked: asked.error(404), "does not know the model"),
    "429": (lambda asked: asked.error(429, Retry_After="7"), "left alone"),
    "500": (lambda asked: asked.error(500, f"Traceback: header Bearer {KEY}"), "error 500"),
    "slow bytes": (slow_bytes, "longer than 1 seconds"),
    "slow words": (lambda asked: slowly(["word "] * 100, 0.05), "longer than 1 seconds"),
    "silence": (silent, "longer than 1 seconds"),
    "cut stream": (cut, "cut off"),
    "wrong JSON": (wrong_json, "cannot be read"),
    "wrong shape": (wrong_shape, "cannot be read"),
    "a web page": (web_page, "cut off"),
    "an endless line": (endless_line, "far too much"),
    "no sentence": (lambda asked: [], "no sentence"),
    "2 MB in one piece": (lambda asked: ["x" * 2_000_000], "no sentence"),
    "2 MB in words": (lambda asked: ("word " * 100 for _ in range(4_000)), "no sentence"),
}


@pytest.fixture(scope="module")
def retrieval(tmp_path_factory: pytest.TempPathFactory) -> Retrieval:
    catalog = Catalog(tmp_path_factory.mktemp("desk"))
    put(catalog, "house/badges.md", "# Badges", BADGE)
    return Retrieval(catalog, FakeEmbedder(), FakeReranker())


def assistant(retrieval: Retrieval, model: OpenAiWriter, ledger: Ledger | None = None) -> Assistant:
    judge = Judge(FakeReranker(), FakeReranker(), floors=Floors.open())
    return Assistant(retrieval, Extractive(), Constants.open(), Drafter(model, judge, ledger))


ASKED = Question("Where do analysts collect their badge?")


def test_a_stream_comes_piece_by_piece_with_its_usage() -> None:
    with scripted(lambda asked: ["New ", "analysts [1]."]) as server:
        written = list(writer(server.url, price_in=2.0, price_out=10.0).write(MESSAGES))
        assert written[:2] == [Written("New "), Written("analysts [1].")]
        used = written[2]
        assert isinstance(used, Usage) and (used.prompt_tokens, used.completion_tokens, used.counted) == (100, 20, True)
        assert used.cost == pytest.approx(100 / 1000 * 2 + 20 / 1000 * 10)
        (asked,) = server.asked
        assert asked.headers["Authorization"] == f"Bearer {KEY}" and asked.body["model"] == "m"
        assert [message["role"] for message in asked.body["messages"]] == ["system", "user"] and "tools" not in asked.body


def test_a_server_that_does_not_count_is_counted_for() -> None:
    with scripted(lambda asked: ["four" * 10], usage=False) as server:
        *_, used = writer(server.url).write(MESSAGES)
        assert isinstance(used, Usage) and not used.counted and used.completion_tokens == 10


@pytest.mark.parametrize(
    ("counts", "tokens"),
    [
        ({}, (2, 10)), ({"prompt_tokens": None, "completion_tokens": None}, (2, 10)), ({"total_tokens": 120}, (2, 10)),
        ({"input_tokens": 100, "output_tokens": 20}, (2, 10)), ({"prompt_tokens": -100_000, "completion_tokens": 20}, (2, 20)),
        ({"prompt_tokens": 99_999_999_999_999_999_999_999, "completion_tokens": 20}, (2, 20)),
    ],
)
def test_what_a_server_counts_badly_is_estimated(counts: dict[str, int | None], tokens: tuple[int, int]) -> None:
    def reply(asked: Asked) -> None:
        asked.open()
        asked.delta("four" * 10, "stop")
        last = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [], "usage": counts}
        asked.raw(f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n".encode())

    with scripted(reply) as server:
        *_, used = writer(server.url, price_in=1.0, price_out=1.0).write(MESSAGES)
    assert isinstance(used, Usage) and (used.prompt_tokens, used.completion_tokens, used.counted) == (*tokens, False)
    assert used.cost == sum(tokens) / 1000


def test_what_is_too_long_is_not_read() -> None:
    with scripted(lambda asked: ["x" * 2_000_000]) as server:
        text = "".join(piece.text for piece in writer(server.url).write(MESSAGES) if isinstance(piece, Written))
        assert len(text) == MAX_CHARACTERS


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_ends_in_a_quotation(fault: str, retrieval: Retrieval, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    reply, said = FAULTS[fault]
    caplog.set_level(logging.DEBUG)
    with scripted(reply) as server:
        start = time.monotonic()
        answer = assistant(retrieval, writer(server.url)).answer(ASKED)
        took = time.monotonic() - start
    assert answer.verdict == "answered" and answer.writer == "extractive" and BADGE in answer.text
    assert said in answer.notes[-1]
    assert took < SECONDS + 5  # the time-out, and room for a busy machine
    shown = f"{answer.as_json()} {''.join(capfd.readouterr())}"
    assert KEY not in shown + caplog.text
    assert "Traceback" not in shown and not [record for record in caplog.records if record.levelno > logging.INFO]


def test_nobody_listening_ends_in_a_quotation(retrieval: Retrieval) -> None:
    answer = assistant(retrieval, writer(f"http://127.0.0.1:{free_port()}/v1")).answer(ASKED)
    assert answer.writer == "extractive" and "cannot be reached" in answer.notes[-1]


def test_the_error_itself_holds_neither_key_nor_cause() -> None:
    with scripted(FAULTS["401"][0]) as server, pytest.raises(LlmUnavailable) as caught:
        list(writer(server.url).write(MESSAGES))
    assert KEY not in f"{caught.value!r} {caught.value.remedy}" and caught.value.__cause__ is None and caught.value.__context__ is None


def test_the_next_question_tries_again(retrieval: Retrieval) -> None:
    now = [0.0]
    replies = iter([lambda asked: asked.error(500), lambda asked: [DRAFT]])

    def reply(asked: Asked) -> Iterable[str] | None:
        return next(replies)(asked)

    with scripted(reply) as server:
        one = assistant(retrieval, writer(server.url, back_off=BackOff(lambda: now[0])))
        assert "error 500" in one.answer(ASKED).notes[-1]
        assert "tried again in 1 s" in one.answer(ASKED).notes[-1] and len(server.asked) == 1
        now[0] = 1.0
        assert one.answer(ASKED).writer == "llm" and len(server.asked) == 2


def test_failures_in_a_row_are_left_alone_for_longer_and_longer() -> None:
    now = [0.0]
    back_off = BackOff(lambda: now[0])
    rests = []
    for _ in range(9):
        back_off.failed()
        rests.append(back_off.rest())
        now[0] += rests[-1]
    assert rests == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    back_off.worked()
    back_off.failed(7.0)
    assert back_off.rest() == 7.0
    back_off.failed(100_000.0)
    assert back_off.rest() == 60.0


def test_a_cut_stream_is_paid_for(retrieval: Retrieval, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with scripted(cut) as server:
        answer = assistant(retrieval, writer(server.url, price_out=1000.0), ledger).answer(ASKED)
    assert answer.writer == "extractive" and ledger.today()["cost"] == len(DRAFT + " And") // 4


def test_a_ledger_that_is_in_use_or_damaged_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = Ledger(tmp_path)
    ledger.add(Usage("small", 1, 1, 1.0, 0.0, True))
    monkeypatch.setattr("index.sqlite.BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexUnavailable, match="locked") as caught:
            ledger.add(Usage("small", 1, 1, 1.0, 0.0, True))
    assert "wait" in caught.value.remedy and "delete" not in caught.value.remedy
    ledger.path.write_bytes(b"no database" * 500)
    with pytest.raises(IndexUnavailable) as caught:
        ledger.today()
    assert "delete that file" in caught.value.remedy
    (tmp_path / "file").touch()
    with pytest.raises(IndexUnavailable, match="File exists"):
        Ledger(tmp_path / "file").add(Usage("small", 1, 1, 1.0, 0.0, True))


def test_a_request_that_times_out_is_paid_for_and_one_that_is_refused_is_not(retrieval: Retrieval, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for fault, requests in (("silence", 1), ("429", 1), ("500", 1)):
        with scripted(FAULTS[fault][0]) as server:
            assistant(retrieval, writer(server.url, price_in=1000.0), ledger).answer(ASKED)
        assert ledger.today()["requests"] == requests and ledger.today()["cost"] > 0, fault
    assistant(retrieval, writer(f"http://127.0.0.1:{free_port()}/v1"), ledger).answer(ASKED)
    assert ledger.today()["requests"] == 1


def test_a_draft_that_is_stopped_is_paid_for(retrieval: Retrieval, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    with scripted(lambda asked: slowly([DRAFT + " The"] * 5, 0.1)) as server:
        model = OpenAiWriter(Llm(base_url=server.url, model="m", price_out=1000.0), stopped=ledger.add)  # type: ignore[arg-type]
        asking = assistant(retrieval, model, ledger).ask(ASKED)
        assert any(isinstance(event, Said) for event in asking)
        asking.close()
    today = ledger.today()
    assert today["requests"] == 1 and today["cost"] >= len(DRAFT) // 4
    OpenAiWriter(Llm(), stopped=ledger.add).write(MESSAGES).close()
    assert ledger.today() == today


def test_the_first_sentence_is_there_before_the_last_one_is_written(retrieval: Retrieval) -> None:
    shown = threading.Event()

    def reply(asked: Asked) -> Iterable[str]:
        yield DRAFT + " The"
        yield f" desk is for {'induction' if shown.wait(10) else 'nothing'} [1]."

    said = []
    with scripted(reply) as server:
        for event in assistant(retrieval, writer(server.url, timeout=20)).ask(ASKED):
            if isinstance(event, Said):
                said.append(event.segment.text)
                shown.set()
    assert said == ["Analysts who are new collect their badge at the induction desk.", "The desk is for induction."]


def test_status_says_whether_it_answers() -> None:
    with scripted(lambda asked: []) as server:
        assert writer(server.url).check() == "it answers"
        wrong = OpenAiWriter(Llm(base_url=server.url, model="m", api_key="wrong"))  # type: ignore[arg-type]
        assert "refuses the key" in wrong.check()
        assert "does not know the path" in writer(f"{server.url}/v2").check()
        odd = OpenAiWriter(Llm(base_url=server.url, model="m", api_key="odd"))  # type: ignore[arg-type]
        assert odd.check() == "it answers with the error 400"
    assert "cannot be reached" in writer(f"http://127.0.0.1:{free_port()}/v1").check()


def test_a_proxy_of_the_environment_gets_neither_key_nor_question(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with scripted(lambda asked: ["New."]) as server:
        assert Written("New.") in list(writer(server.url).write(MESSAGES)) and writer(server.url).check() == "it answers"


def test_the_command_line_answers_and_never_shows_the_key(shipped: Path, tmp_path: Path) -> None:
    def obliging(asked: Asked) -> Iterable[str]:
        return ["KPO needs more trust than BPO, since the client hands over thinking as well as tasks [1]."]

    data = tmp_path / "data"
    shutil.copytree(shipped, data)
    with scripted(obliging) as server:
        setting = {"KPO_LLM__BASE_URL": server.url, "KPO_LLM__MODEL": "m", "KPO_LLM__API_KEY": KEY}
        ran = run_kpo("ask", "Why does KPO need more trust than BPO?", "--data-dir", data, **setting)
        assert ran.returncode == 0 and "since the client hands over thinking as well as tasks. [1]" in ran.stdout, ran.stderr
        assert "every sentence was checked" in ran.stdout
        status = run_kpo("status", "--data-dir", data, **setting)
        assert "it answers" in status.stdout and "1 requests, 120 tokens" in status.stdout
        told = ran.stdout + ran.stderr + status.stdout + status.stderr + "".join(str(path.read_bytes()) for path in data.rglob("*") if path.is_file())
        assert KEY not in told


def test_an_evaluation_sets_the_model_beside_quoting(shipped: Path, tmp_path: Path) -> None:
    data, report, cases = tmp_path / "data", tmp_path / "report.json", tmp_path / "few.yaml"
    shutil.copytree(shipped, data)
    cases.write_text(
        'name: few\ncases:\n  - {id: trust, question: "Why does KPO need more trust than BPO?", expect: answer, must_say: [thinking]}\n'
        '  - {id: none, question: "Who is the chief executive of Genpact?", expect: refusal}\n'
    )
    arguments = ("eval", "run", cases, "--writer", "llm", "--json", report, "--data-dir", data)
    assert "no language model is set" in run_kpo(*arguments).stderr
    with scripted(lambda asked: ["KPO needs more trust than BPO, since the client hands over thinking as well as tasks [1]."]) as server:
        setting = {"KPO_LLM__BASE_URL": server.url, "KPO_LLM__MODEL": "scripted"}
        ran = run_kpo(*arguments, **setting)
        assert ran.returncode == 0, ran.stderr
        assert len(server.asked) == 1
    told = json.loads(report.read_text())
    assert told["fingerprint"]["writer"] == "scripted" and "since the client hands over" in report.read_text()
    assert "comparison" in told and "same" in ran.stdout.lower()
    assert "leave out one" in run_kpo(*arguments, "--against", "1", **setting).stderr
