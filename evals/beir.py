"""Public retrieval benchmarks: a folder in the BEIR format is indexed and searched by the house's own parts, and measured by ir-measures.

The format (Thakur et al., NeurIPS 2021): `corpus.jsonl` with `_id`, `title`, `text`; `queries.jsonl` with `_id`, `text`; `qrels/*.tsv` with
query id, document id, relevance. The index stands in a data folder of its own and is used again while the corpus is the same.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from corpus.cut import SCHEME
from corpus.document import Block, Contents, Document
from corpus.errors import EvalError
from corpus.normalise import normalise, one_line
from corpus.sources import Source, digest_of
from evals.run import Half, by_hash, parity
from index.catalog import Catalog, View
from index.embed import Embedder
from index.ingest import add_documents
from index.search import RERANKED, Retrieval

SOURCE = "beir"  # the source name that the documents' ids begin with
DEEP = 200  # passages asked of each searcher: documents are cut into passages, and recall is measured over 100 documents
SYSTEMS = ("lexical", "dense", "fused", "reranked")
MEASURES = ("nDCG@10", "R@10", "R@100", "RR@10")  # as ir-measures names them; R is recall, RR the reciprocal rank
FORMAT = "a BEIR folder holds corpus.jsonl, queries.jsonl and qrels/test.tsv; the evaluator's guide says where public ones come from"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A BEIR folder: documents as (id, title, text), the judged questions, and their judgements (relevance 0 is "not relevant")."""

    name: str
    digest: str
    corpus: tuple[tuple[str, str, str], ...]
    questions: dict[str, str]
    relevant: dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Indexed:
    """Some documents of the corpus are in the index."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Some questions have been searched for."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Built:
    """What is indexed, and how long making it took; `reused` when it stood there already."""

    documents: int
    passages: int
    seconds: float
    reused: bool

    @property
    def documents_per_second(self) -> float:
        """The indexing speed; 0.0 when nothing was indexed."""
        return self.documents / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """One way of searching: its measures by their ir-measures names, and the questions it searches for in a second."""

    system: str
    measures: dict[str, float]
    questions_per_second: float


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a benchmark. The last event of `run`."""

    name: str
    questions: int
    built: Built
    results: tuple[Result, ...]

    def as_json(self) -> dict[str, Any]:
        """The report for `--json`."""
        data = asdict(self)
        data["built"]["documents_per_second"] = self.built.documents_per_second
        return data


Event = Indexed | Asked | Report


def load(folder: Path, *, split: str | None = None, limit: int | None = None, half: Half = "all") -> Benchmark:
    """The benchmark in `folder`. Raises EvalError for whatever is missing or wrong in it.

    `split` names the file in qrels/ (None: "test", or the only one there). `half` keeps the questions of one parity (see `evals.run.parity`),
    `limit` a sample of them: those with the smallest sha256 of their id, so that the sample is spread over the set and always the same.
    The corpus is always whole.
    """
    if not folder.is_dir():
        raise EvalError(f"there is no folder {folder}", FORMAT)
    corpus: dict[str, tuple[str, str, str]] = {}
    for where, row in _rows(folder / "corpus.jsonl"):
        id = _text(row, "_id", where)
        if id in corpus:
            raise EvalError(f"{where}: another document has the id {id!r}", "give each document an id of its own")
        corpus[id] = (id, one_line(_text(row, "title", where, default="")), normalise(_text(row, "text", where)))
    asked = {_text(row, "_id", where): _text(row, "text", where) for where, row in _rows(folder / "queries.jsonl")}
    judged = _judgements(_split_file(folder, split), asked)
    chosen = sorted((id for id in judged if half in ("all", parity(id))), key=by_hash)[:limit]
    kept = {id: judged[id] for id in asked if id in set(chosen)}
    if not any(document in corpus for found in kept.values() for document in found):
        raise EvalError(f"no question of {folder} is judged with a document of its corpus", FORMAT)
    return Benchmark(folder.resolve().name, digest_of(folder / "corpus.jsonl"), tuple(corpus.values()), {id: asked[id] for id in kept}, kept)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSONL file, each with "file:line"."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise EvalError(f"{path}:{number} is not valid JSON: {error}", "write one JSON object a line") from error
                if not isinstance(row, dict):
                    raise EvalError(f"{path}:{number} is not a JSON object", "write one JSON object a line")
                yield f"{path}:{number}", row
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"{path} cannot be read: {error}", FORMAT) from error


def _text(row: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = row.get(name, default)
    if not isinstance(value, str) or (name == "_id" and not value):
        raise EvalError(f"{where}: {name!r} is {value!r}, not a text", FORMAT)
    return value


def _split_file(folder: Path, split: str | None) -> Path:
    files = {path.stem: path for path in sorted((folder / "qrels").glob("*.tsv"))}
    if split is None:
        split = "test" if "test" in files else next(iter(files)) if len(files) == 1 else None
    if split is None or split not in files:
        wanted = f"no qrels/{split}.tsv" if split else "no qrels/test.tsv"
        raise EvalError(f"{folder} has {wanted}", f"choose with --split one of: {', '.join(files)}" if files else FORMAT)
    return files[split]


def _judgements(path: Path, asked: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Relevance by question and document; the heading line is passed over."""
    judged: dict[str, dict[str, int]] = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvalError(f"{path} cannot be read: {error}", FORMAT) from error
    for number, line in enumerate(lines, 1):
        cells = line.rstrip("\r").split("\t")
        if not line.strip() or (number == 1 and cells[-1] == "score"):
            continue
        if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
            raise EvalError(f"{path}:{number} is {line!r}", "a line has a query id, a document id and a whole number, with tabs between them")
        if cells[0] not in asked:
            raise EvalError(f"{path}:{number} judges the question {cells[0]!r}, which is not in queries.jsonl", "use files of one benchmark")
        judged.setdefault(cells[0], {})[cells[1]] = int(cells[2])
    if not judged:
        raise EvalError(f"{path} holds no judgement", FORMAT)
    return judged


def folder_for(benchmark: Path, data_dir: Path) -> Path:
    """Where the index of this BEIR folder stands, below the data folder; another folder of the same name gets another place."""
    place = benchmark.resolve()
    return data_dir / "benchmarks" / f"{place.name}-{by_hash(place.as_posix())[:8]}"


def build(benchmark: Benchmark, catalog: Catalog, embedder: Embedder) -> Iterator[Indexed]:
    """Bring the catalog's index up to the benchmark's corpus; an interrupted one goes on, one of another corpus or model makes room.

    Raises EvalError when the catalog holds an index that is not a benchmark's: nobody's own documents are ever touched.
    """
    folder = catalog.path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(folder / "ingest.lock", thread_local=False):
        with catalog.writing() as edit:
            if edit.meta("benchmark") is None and (edit.sources() or edit.meta("shipped")):
                raise EvalError(f"{folder} holds an index of other documents", "give the benchmark a data folder of its own with --data-dir")
            made = {"benchmark": benchmark.digest, "embedder": embedder.identity, "scheme": str(SCHEME)}
            if any(edit.meta(key) != value for key, value in made.items()):
                edit.remove_source(SOURCE)
                for key, value in {**made, "seconds": "0", "complete": "no"}.items():
                    edit.set_meta(key, value)
            if edit.meta("complete") == "yes":
                return
            there = {entry.id for entry in edit.entries()}
            before = float(edit.meta("seconds") or 0)
        started = time.perf_counter()
        documents = [_document(*row) for row in benchmark.corpus if f"{SOURCE}/{row[0]}" not in there and (row[1] or row[2].strip())]
        for done in add_documents(catalog, embedder, Source(SOURCE, folder / "benchmark"), documents):
            with catalog.writing() as edit:
                edit.set_meta("seconds", str(before + time.perf_counter() - started))
            yield Indexed(len(there) + done, len(there) + len(documents))
        with catalog.writing() as edit:
            edit.set_meta("complete", "yes")


def _document(id: str, title: str, text: str) -> Document:
    """A corpus entry as a document of paragraphs, its title in every passage's context; the title alone when there is no text."""
    paragraphs = [line for line in text.split("\n") if line] or [title]
    return Document.compose(f"{SOURCE}/{id}", Contents(tuple(Block("prose", line) for line in paragraphs), "beir", title=title))


def run(benchmark: Benchmark, catalog: Catalog, embedder: Embedder, open_retrieval: Callable[[], Retrieval]) -> Iterator[Event]:
    """Index the corpus if need be, search for every question in each way, and measure. The Report comes last.

    `open_retrieval` searches the same catalog; it is called when the index stands.
    """
    fresh = False
    for event in build(benchmark, catalog, embedder):
        fresh = True
        yield event
    retrieval = open_retrieval()
    ranked: dict[str, dict[str, list[str]]] = {system: {} for system in SYSTEMS}
    spent = dict.fromkeys(SYSTEMS, 0.0)
    asked = len(benchmark.questions)
    with retrieval.reading() as view:
        built = Built(len(view.entries()), view.count_passages(), float(view.meta("seconds") or 0), reused=not fresh)
        for done, (id, question) in enumerate(benchmark.questions.items(), 1):
            for system, (documents, seconds) in _search(retrieval, view, question).items():
                ranked[system][id] = documents
                spent[system] += seconds
            yield Asked(done, asked)
    results = tuple(Result(system, measures(benchmark.relevant, ranked[system]), asked / max(spent[system], 1e-9)) for system in SYSTEMS)
    yield Report(benchmark.name, asked, built, results)


def _search(retrieval: Retrieval, view: View, question: str) -> dict[str, tuple[list[str], float]]:
    """For each system the ranked corpus ids, best first, and the seconds it took.

    Fused and reranked are what the product makes of its lists: fusion reads DEPTH of each, the cross-encoder RERANKED of the fused ones,
    and what it does not read follows in the fused order. A document stands where its best passage stands.
    """
    listed = retrieval.listed(view, question, depth=DEEP)
    clock = time.perf_counter()
    fused = retrieval.fused(view, listed, RERANKED)
    fuse = time.perf_counter() - clock
    clock = time.perf_counter()
    reranked = retrieval.reranked(listed.question, fused)
    rerank = time.perf_counter() - clock
    tail = [hit.passage.document for hit in retrieval.fused(view, listed, DEEP)]
    passages = view.passages([*listed.lexical, *listed.dense])
    lexical = listed.timings_ms.get("lexical", 0.0) / 1000
    dense = (listed.timings_ms.get("embed", 0.0) + listed.timings_ms.get("dense", 0.0)) / 1000
    return {
        "lexical": (_ids([passages[id].document for id in listed.lexical]), lexical),
        "dense": (_ids([passages[id].document for id in listed.dense]), dense),
        "fused": (_ids([*(hit.passage.document for hit in fused), *tail]), lexical + dense + fuse),
        "reranked": (_ids([*(hit.passage.document for hit in reranked), *tail]), lexical + dense + fuse + rerank),
    }


def _ids(documents: Sequence[str]) -> list[str]:
    return [id.removeprefix(f"{SOURCE}/") for id in dict.fromkeys(documents)]


def measures(relevant: Mapping[str, Mapping[str, int]], ranked: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """MEASURES by ir-measures, each the mean over all questions of `relevant`; a question without a ranked list counts as 0."""
    import ir_measures

    wanted = [ir_measures.parse_measure(name) for name in MEASURES]
    qrels = [ir_measures.Qrel(question, id, grade) for question, grades in relevant.items() for id, grade in grades.items()]
    scored = [ir_measures.ScoredDoc(question, id, float(len(ids) - at)) for question, ids in ranked.items() for at, id in enumerate(ids)]
    totals = dict.fromkeys(MEASURES, 0.0)
    for metric in ir_measures.iter_calc(wanted, qrels, scored) if scored else ():
        totals[str(metric.measure)] += metric.value
    return {name: total / len(relevant) for name, total in totals.items()}
