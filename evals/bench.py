"""The bench, `make bench`: this system beside a plain llama-index pipeline, its own speed by stage, and how it grows with the corpus.

Everything is measured from outside, in processes of their own, as a person at the terminal would meet it: this system as `kpo ingest` and
`kpo ask`, the other as `evals.plain`. The peak memory of a process is what the system says when it ends (`wait4`), its largest child included.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import IO, Any

from corpus.errors import EvalError
from evals.cases import SETS, Case, load
from evals.metrics import quantile
from evals.run import planned
from index.catalog import Catalog
from index.progress import table

HOUSE = Path(__file__).resolve().parent.parent
DOCUMENTS = HOUSE / "corpus" / "documents"
QUESTIONS = SETS / "staff.yaml"
STAGES = ("embed", "search", "rerank", "compose", "total")
COLD_SECONDS = 3.0  # the target of `kpo ask` in a new process
WARM_MS = 500.0  # the target of a warm question, median and 95th percentile
AIM_MS = {"median": 200.0, "p95": 400.0}  # what issue 5 aims at on a quiet machine with 2 cores
COLD_RUNS = 3
CHANGED = 0.35  # share of a copy's longer words that are others: more than `index.search.SAME` folds away
LONG = 5  # letters from which a word may be changed
# With the links of Markdown matched first, so that their addresses are left alone.
_WORD = re.compile(rf"\]\([^)]*\)|\b[a-z]{{{LONG},}}\b")
KPO = (sys.executable, str(HOUSE / "app.py"))
PLAIN = (sys.executable, "-m", "evals.plain")
# The command as it is typed, and then whether it loaded torch, which would cost seconds.
_LOADS_TORCH = "import sys, app\ntry:\n    app.main()\nfinally:\n    print('torch' in sys.modules, file=sys.stderr)"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a process took: seconds from its start to its end, and its peak memory in MB."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Answered:
    """A warm question: milliseconds from question to answer, by stage as told by the answerer, and the documents shown."""

    ms: float
    stages: dict[str, float]
    documents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Session:
    """A process that answered questions. `ready` is seconds from its start to its first answer, which is not among `answers`."""

    ready: float
    answers: tuple[Answered, ...]
    peak_mb: float

    def ms(self, share: float) -> float:
        """The time of a question, as a quantile; 0.0 for no questions."""
        return quantile([answer.ms for answer in self.answers], share)

    def stage(self, name: str, share: float) -> float:
        """A stage's time as a quantile over the questions that went through the search."""
        return quantile([a.stages[name] for a in self.answers if a.stages.get("embed", 0.0) > 0 and name in a.stages], share)


@dataclass(frozen=True, slots=True)
class Growth:
    """One size of the corpus: what indexing it and asking it took."""

    copies: int
    documents: int
    passages: int
    indexing: Spent
    asking: Session


def timed(command: Sequence[str]) -> Spent:
    """Run a command to its end. Raises EvalError, with the end of what it said, when it fails."""
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=HOUSE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        peak = _ended(process, command, said)
        return Spent(time.perf_counter() - started, peak)


def session(command: Sequence[str], cases: Sequence[Case]) -> Session:
    """Ask a process the cases, one after another: a line of JSON in, a line out. The first case is asked twice, the first time to get ready."""
    with tempfile.TemporaryFile("w+") as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=HOUSE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8")
        assert process.stdin and process.stdout
        answers: list[Answered] = []
        with process.stdin as out, process.stdout as back:
            ready = 0.0
            for at, case in enumerate([*cases[:1], *cases]):
                clock = time.perf_counter()
                line = ""
                try:
                    out.write(json.dumps({"question": case.question, "after": list(case.after)}) + "\n")
                    out.flush()
                    line = back.readline()
                except BrokenPipeError:
                    pass
                if not line:
                    break  # the process has ended: _ended says why
                now = time.perf_counter()
                if at == 0:
                    ready = now - started
                else:
                    answers.append(_answered(json.loads(line), (now - clock) * 1000))
        peak = _ended(process, command, said)
    return Session(ready, tuple(answers), peak)


def _answered(answer: dict[str, Any], ms: float) -> Answered:
    documents = frozenset(citation["document"].rpartition("/")[2] for citation in answer.get("citations", []))
    return Answered(ms, answer.get("timings_ms", {}), documents)


def _ended(process: "subprocess.Popen[Any]", command: Sequence[str], said: IO[str]) -> float:
    """Wait for the end of a process; return its peak memory in MB."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said.seek(0)
        raise EvalError(f"{' '.join(command)} ended with exit code {process.returncode}:\n{said.read()[-2000:]}", "mend that first")
    return usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, Linux KB


def cold_ask(data: Path, question: str) -> tuple[list[float], bool]:
    """Seconds of `kpo ask` in COLD_RUNS new processes, and whether it loads torch."""
    seconds = [timed([*KPO, "ask", question, "--data-dir", str(data)]).seconds for _ in range(COLD_RUNS)]
    command = [sys.executable, "-c", _LOADS_TORCH, "ask", question, "--data-dir", str(data)]
    told = subprocess.run(command, cwd=HOUSE, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8")
    if told.returncode:
        raise EvalError(f"`kpo ask` ended with exit code {told.returncode}:\n{told.stderr[-2000:]}", "mend that first")
    return seconds, told.stderr.split()[-1] == "True"


def multiplied(documents: Path, folder: Path, copies: int) -> Path:
    """A folder with `copies` of each Markdown document: the first as it is, the others with words changed so that none is folded away."""
    files = sorted(documents.glob("*.md"))
    if not files:
        raise EvalError(f"{documents} holds no Markdown documents", "name a folder with some")
    texts = {file.name: file.read_text(encoding="utf-8") for file in files}
    others = sorted({word for text in texts.values() for word in _WORD.findall(text) if word[0] != "]"})
    for copy in range(copies):
        here = folder / f"copy-{copy:02}"
        here.mkdir(parents=True)
        for name, text in texts.items():
            (here / name).write_text(changed(text, others, Random(f"{copy}/{name}")) if copy else text, encoding="utf-8")
    return folder


def changed(text: str, others: Sequence[str], random: Random) -> str:
    """The text with a share of CHANGED of its longer lower-case words replaced by `others`; front matter and links stay."""
    front, body = re.match(r"(?s)(---\n.*?\n---\n)?(.*)", text).groups(default="")  # type: ignore[union-attr]  # matches any text

    def other(found: re.Match[str]) -> str:
        return found[0] if found[0][0] == "]" or random.random() >= CHANGED else random.choice(others)

    return front + _WORD.sub(other, body)


def grow(documents: Path, folder: Path, copies: Sequence[int], cases: Sequence[Case]) -> Iterator[Growth]:
    """Index and ask the corpus in each of these sizes."""
    for times in copies:
        place = folder / f"times-{times}"
        corpus, data = multiplied(documents, place / "documents", times), place / "data"
        _say(f"growth: indexing {times} copies")
        indexing = timed([*KPO, "ingest", str(corpus), "--no-shipped", "--data-dir", str(data)])
        _say(f"growth: asking {times} copies")
        asking = session([*KPO, "ask", "-", "--json", "--data-dir", str(data)], cases)
        with Catalog(data).reading() as view:
            yield Growth(times, len(view.entries()), view.count_passages(), indexing, asking)
        shutil.rmtree(place)


def right_shown(found: Session, cases: Sequence[Case]) -> tuple[int, int]:
    """Of the cases that name documents which answer them, how many were shown one; and how many such cases there are."""
    judged = [
        ({place.document.rpartition("/")[2] for place in case.must_cite}, answer.documents)
        for case, answer in zip(cases, found.answers, strict=True)
        if case.must_cite and not case.after
    ]
    return sum(bool(wanted & shown) for wanted, shown in judged), len(judged)


def side_by_side(ours: tuple[Spent, Session], plain: tuple[Spent, Session], cases: Sequence[Case]) -> list[tuple[str, str, str, str]]:
    """Rows of measure, this system, the plain pipeline, and how many times as much the plain one takes."""

    def row(name: str, mine: float, other: float, digits: int) -> tuple[str, str, str, str]:
        return name, f"{mine:.{digits}f}", f"{other:.{digits}f}", f"{other / mine:.2f}" if mine else ""

    (made, asked), (made_plain, asked_plain) = ours, plain
    found, of = right_shown(asked, cases)
    found_plain, _ = right_shown(asked_plain, cases)
    searched = [a.stages["embed"] + a.stages["search"] for a in asked.answers if a.stages.get("embed")]
    retrieved = [a.stages["total"] for a in asked_plain.answers]
    return [
        row("indexing, s (new process, models loaded)", made.seconds, made_plain.seconds, 1),
        row("indexing, peak memory, MB", made.peak_mb, made_plain.peak_mb, 0),
        row("ready: new process to first answer, s", asked.ready, asked_plain.ready, 2),
        row("warm, retrieval without reranking, ms, median", quantile(searched, 0.5), quantile(retrieved, 0.5), 1),
        row("warm, retrieval without reranking, ms, 95th percentile", quantile(searched, 0.95), quantile(retrieved, 0.95), 1),
        row("warm, whole answer (plain: retrieval), ms, median", asked.ms(0.5), asked_plain.ms(0.5), 1),
        row("warm, whole answer (plain: retrieval), ms, 95th percentile", asked.ms(0.95), asked_plain.ms(0.95), 1),
        row("asking, peak memory, MB", asked.peak_mb, asked_plain.peak_mb, 0),
        (f"questions shown a document that answers them, of {of}", str(found), str(found_plain), ""),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print; tables on stdout, progress on stderr."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--documents", type=Path, default=DOCUMENTS, help="a folder of Markdown documents (default: the shipped ones)")
    parser.add_argument("--set", type=Path, default=QUESTIONS, help="the question set (default: evals/sets/staff.yaml)")
    parser.add_argument("--sample", type=int, default=60, help="how many of its questions (default: 60)")
    parser.add_argument("--seed", type=int, default=7, help="which of them (default: 7)")
    parser.add_argument("--copies", type=int, nargs="*", default=[1, 4, 16], help="sizes of the growing corpus (default: 1 4 16)")
    given = parser.parse_args(arguments)
    cases = [case for case in planned(load(given.set), sample=given.sample, seed=given.seed) if case.expect != "conversation"]
    with tempfile.TemporaryDirectory(prefix="kpo-bench-") as folder:
        _bench(Path(folder), given.documents.resolve(), cases, given.copies)


def _bench(folder: Path, documents: Path, cases: Sequence[Case], copies: Sequence[int]) -> None:
    _say("preparing the models, which is done once and not measured")
    timed([*KPO, "models"])
    data, store = folder / "data", folder / "store"
    _say("this system: indexing")
    made = timed([*KPO, "ingest", str(documents), *([] if documents == DOCUMENTS else ["--no-shipped"]), "--data-dir", str(data)])
    _say(f"this system: {len(cases)} questions")
    asked = session([*KPO, "ask", "-", "--json", "--data-dir", str(data)], cases)
    _say("plain llama-index: indexing")
    made_plain = timed([*PLAIN, "index", str(documents), str(store)])
    _say(f"plain llama-index: {len(cases)} questions")
    asked_plain = session([*PLAIN, "ask", str(store)], cases)
    table(
        "Side by side, same documents and questions, one run", ("measure", "this system", "plain llama-index", "times as much"),
        side_by_side((made, asked), (made_plain, asked_plain), cases),
    )
    _say(f"kpo ask in {COLD_RUNS + 1} new processes")
    seconds, torch = cold_ask(data, cases[0].question)
    middle = quantile(seconds, 0.5)
    print()
    table(
        "Cold: `kpo ask` in a new process",
        ("measure", "seconds", "target", "met"),
        [
            (f"median of {len(seconds)}", f"{middle:.2f}", f"{COLD_SECONDS:.1f}", _met(middle <= COLD_SECONDS)),
            ("torch stays unloaded", "", "", _met(not torch)),
        ],
    )
    print()
    table(
        f"Warm: a question by stage, milliseconds over {len(asked.answers)} questions", ("stage", "median", "95th percentile", "target", "met"),
        [_stage_row(asked, stage) for stage in STAGES],
    )
    aims = [asked.stage("total", 0.5) <= AIM_MS["median"], asked.stage("total", 0.95) <= AIM_MS["p95"]]
    print(f"aimed at: median {AIM_MS['median']:.0f} ms ({_met(aims[0])}), 95th percentile {AIM_MS['p95']:.0f} ms ({_met(aims[1])})")
    rows = list(grow(documents, folder, copies, cases))
    if rows:
        print()
        table(
            "Growth: copies of the documents with changed words",
            ("copies", "documents", "passages", "indexing s", "documents/s", "indexing MB", "ready s", "median ms", "95th ms", "asking MB"),
            [
                (
                    g.copies, g.documents, g.passages, f"{g.indexing.seconds:.1f}", f"{g.documents / g.indexing.seconds:.1f}", f"{g.indexing.peak_mb:.0f}",
                    f"{g.asking.ready:.2f}", f"{g.asking.ms(0.5):.0f}", f"{g.asking.ms(0.95):.0f}", f"{g.asking.peak_mb:.0f}",
                )
                for g in rows
            ],
        )


def _stage_row(asked: Session, stage: str) -> tuple[str, str, str, str, str]:
    median, late = asked.stage(stage, 0.5), asked.stage(stage, 0.95)
    row = (stage, f"{median:.1f}", f"{late:.1f}")
    return (*row, f"{WARM_MS:.0f}", _met(late <= WARM_MS)) if stage == "total" else (*row, "", "")


def _met(well: bool) -> str:
    return "yes" if well else "NO"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except EvalError as error:
        sys.exit(f"Error: {error.message}\nTo mend it: {error.remedy}")
