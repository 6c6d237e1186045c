"""An ingestion killed with SIGKILL at any moment loses nothing and doubles nothing.

This file is also the program that is killed: `python tests/test_kill.py DATA_FOLDER SOURCE_FOLDER`.
"""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import numpy as np
import pytest

from fakes import FakeEmbedder
from index.catalog import Catalog, View
from index.chroma import hold
from index.ingest import Row, ingest
from index.search import nearest

HOUSE = Path(__file__).resolve().parent.parent
KILLS = 50 if os.environ.get("KPO_ACCEPT") == "1" else 5
SLOWNESS = 0.01  # seconds an embedding takes in the process that is killed, so that kills fall into embedding as well
WORDS = [f"word{n}" for n in range(200)]


class SlowEmbedder(FakeEmbedder):
    """As slow as a small model."""

    def embed_passages(self, texts: Sequence[str]) -> np.ndarray:
        time.sleep(SLOWNESS * len(texts))
        return super().embed_passages(texts)


def run(data: Path, sources: Path) -> None:
    """Ingest with Chroma held, and bring Chroma up to date after each document; says on standard output what it is at."""
    import chromadb  # noqa: F401  # its import takes most of a second, in which there is nothing to be killed

    catalog = Catalog(data)
    print("imported", flush=True)
    with hold(data, catalog) as store:
        assert store is not None
        for event in ingest(catalog, SlowEmbedder, [sources], shipped=data / "none", with_shipped=False):
            print(event.status if isinstance(event, Row) else type(event).__name__.lower(), flush=True)
            if isinstance(event, Row) and event.status in ("added", "replaced", "removed"):
                store.catch_up()
                print("chroma", flush=True)
        store.catch_up()
        print("closing", flush=True)
    print("done", flush=True)


def write(path: Path, random: Random) -> None:
    def some(k: int) -> str:
        return " ".join(random.choices(WORDS, k=k))

    parts = (f"# Part {n}\n\n{some(40)}.\n\n<!-- questions:\n- {some(5)}?\n-->\n" for n in range(random.randint(1, 6)))
    path.write_text("\n".join(parts), encoding="utf-8")


def disturb(sources: Path, random: Random) -> None:
    """Add, change, rename and delete some of the files."""
    files = sorted(sources.iterdir())
    random.shuffle(files)
    for path in files[:4]:
        write(path, random)
    for path in files[4:7]:
        path.unlink()
    files[7].rename(sources / f"renamed-{random.randrange(10**9)}.md")
    for _ in range(4):
        write(sources / f"new-{random.randrange(10**9)}.md", random)


def start(data: Path, sources: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, __file__, data, sources], stdout=subprocess.PIPE, text=True, cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": f"{HOUSE}{os.pathsep}{HOUSE / 'tests'}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "imported\n"
    return process


def kill_after(process: "subprocess.Popen[str]", seconds: float) -> str:
    """Let it run for a while, kill it, and return the last thing it said."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    process.send_signal(signal.SIGKILL)
    said, _ = process.communicate()
    return said.split()[-1] if said else "imported"


def contents(catalog: Catalog) -> dict[str, object]:
    """All that a question can find: ids, texts, vectors and words of passages, with the documents that hold them."""
    with catalog.reading() as view:
        documents = [(entry.id, entry.digest, entry.passages) for entry in view.entries()]
        passages = [(passage.id, passage.text) for id, _, _ in documents for passage in view.passages_of(id)]
        matrix = view.matrix()
        assert len(passages) == len(set(passages)) == view.count_passages() == len(matrix.ids)
        return {
            "documents": documents, "passages": passages, "vectors": (matrix.ids, matrix.documents, matrix.vectors.tobytes()),
            "terms": view.terms(), "vocabulary": view.vocabulary(), "problems": view.problems(), "questions": asked(view),
        }


def asked(view: View) -> list[tuple[object, ...]]:
    """What sections say they answer."""
    known = view.questions()
    assert len(known.texts) > 0
    return [(*row, known.vectors[at].tobytes()) for at, row in enumerate(zip(known.texts, known.documents, known.passages, strict=True))]


def assert_chroma_finds_what_the_exact_search_finds(catalog: Catalog, random: Random) -> None:
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        store.catch_up()
        with catalog.reading() as view:
            matrix = view.matrix()
            for _ in range(10):
                vector = FakeEmbedder().embed_question(" ".join(random.choices(WORDS, k=6)))
                found = store.search(view.generation, vector, 40)
                assert found is not None
                known = view.vectors(found)
                assert set(known) == set(found)
                top = nearest(list(known), np.stack(list(known.values())), vector, 10)
                assert top == nearest(matrix.ids, matrix.vectors, vector, 10)
                assert len(top) == 10


def bring_up_to_date(catalog: Catalog, sources: Path) -> None:
    events = list(ingest(catalog, FakeEmbedder, [sources], shipped=sources / "none", with_shipped=False))
    assert not [event for event in events if isinstance(event, Row) and event.status == "failed"]


def test_kills_at_random_moments_lose_nothing_and_double_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = Random(7)
    sources = tmp_path / "notes"
    sources.mkdir()
    for n in range(24):
        write(sources / f"{n}.md", random)
    catalog = Catalog(tmp_path / "data")
    bring_up_to_date(catalog, sources)

    disturb(sources, random)
    with start(catalog.path.parent, sources) as whole:
        began = time.monotonic()
        assert whole.stdout is not None
        assert "done\n" in iter(whole.stdout.readline, "")
        duration = time.monotonic() - began  # of the work in a run that nobody kills

    fell_at: Counter[str] = Counter()
    while (kills := fell_at.total()) < KILLS:
        disturb(sources, random)
        with start(catalog.path.parent, sources) as process:
            # One kill in each KILLS-th part of the run, at a random moment of it, so that they hit everywhere.
            last = kill_after(process, duration * (kills + random.random()) / KILLS)
        if last == "done":  # the machine has become faster meanwhile
            duration *= 0.9
            continue
        fell_at[last] += 1
        bring_up_to_date(catalog, sources)
        clean = Catalog(tmp_path / f"clean-{kills}")
        bring_up_to_date(clean, sources)
        assert contents(catalog) == contents(clean)
        assert_chroma_finds_what_the_exact_search_finds(catalog, random)
    with capsys.disabled():
        print(f"\n{KILLS} kills in runs of {duration:.1f} s; the last thing done before each: {dict(fell_at)}")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
