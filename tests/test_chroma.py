"""Chroma follows the catalog: the contract of a Store, embedded and on a server, and what makes a store untrusted."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from filelock import FileLock

from conftest import free_port, wait_until
from corpus.errors import IndexUnavailable
from fakes import FakeEmbedder, put
from index.catalog import Catalog
from index.chroma import ChromaStore, following, hold, is_current, state
from index.search import nearest

HOUSE = Path(__file__).resolve().parent.parent
WORDS = [f"word{n}" for n in range(300)]
Hold = Callable[[], AbstractContextManager[ChromaStore | None]]


class Server:
    """`chroma run` on a free loopback port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder

    def start(self) -> None:
        program = Path(sys.executable).with_name("chroma")
        self._process = subprocess.Popen(
            [program, "run", "--path", self._folder, "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "ANONYMIZED_TELEMETRY": "false"},
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as asked:
            return asked.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(tmp_path)


@pytest.fixture(params=["embedded", "server"])
def held(request: pytest.FixtureRequest, catalog: Catalog) -> Hold:
    """`hold` for this test's data folder; call it for a context manager."""
    url = request.getfixturevalue("server").url if request.param == "server" else None
    return partial(hold, catalog.path.parent, catalog, url)


def fill(catalog: Catalog, documents: int, random: Random) -> None:
    for n in range(documents):
        put(catalog, f"notes/{n}.md", *(" ".join(random.choices(WORDS, k=30)) + "." for _ in range(3)))


def generation(catalog: Catalog) -> int:
    with catalog.reading() as view:
        return view.generation


def ranked(store: ChromaStore, catalog: Catalog, question: str, n: int = 10) -> list[str]:
    """The top passages as retrieval ranks what Chroma finds."""
    vector = FakeEmbedder().embed_question(question)
    with catalog.reading() as view:
        found = store.search(view.generation, vector, 4 * n)
        assert found is not None
        known = view.vectors(found)
        assert set(known) == set(found)  # nothing that the catalog does not know
        return nearest(list(known), np.stack(list(known.values())), vector, n) if known else []


def exact(catalog: Catalog, question: str, n: int = 10) -> list[str]:
    with catalog.reading() as view:
        matrix = view.matrix()
        return nearest(matrix.ids, matrix.vectors, FakeEmbedder().embed_question(question), n)


def assert_same_as_exact(store: ChromaStore, catalog: Catalog) -> None:
    random = Random(7)
    for _ in range(10):
        question = " ".join(random.choices(WORDS, k=5))
        assert ranked(store, catalog, question) == exact(catalog, question) != []


def raw_client(catalog: Catalog) -> Any:
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(str(catalog.path.parent / "chroma"), settings=Settings(anonymized_telemetry=False))


def collection_name(catalog: Catalog) -> str:
    with catalog.reading() as view:
        return f"passages-{view.meta('id')}"


def poison(collection: Any) -> None:
    """Give every passage the vector of another one: whoever trusts this collection ranks wrongly."""
    found = collection.get(include=["embeddings"])
    collection.upsert(ids=found["ids"], embeddings=np.roll(found["embeddings"], 1, axis=0))


def test_search_equals_the_exact_search(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 40, Random(7))
    with held() as store:
        assert store is not None
        store.catch_up()
        assert_same_as_exact(store, catalog)


def test_it_follows_additions_changes_and_deletions(held: Hold, catalog: Catalog) -> None:
    random = Random(7)
    fill(catalog, 20, random)
    with held() as store:
        assert store is not None
        store.catch_up()
        put(catalog, "notes/new.md", "zebra zebra zebra.")
        store.catch_up()
        added = ranked(store, catalog, "zebra")[0]
        assert_same_as_exact(store, catalog)
        put(catalog, "notes/new.md", "giraffe giraffe giraffe.")
        store.catch_up()
        assert added not in ranked(store, catalog, "zebra", 60)
        assert_same_as_exact(store, catalog)
        with catalog.writing() as edit:
            for n in range(15):
                edit.remove(f"notes/{n}.md")
        store.catch_up()
        assert_same_as_exact(store, catalog)
        with catalog.writing() as edit:
            edit.remove_source("notes")
        store.catch_up()
        assert store.search(generation(catalog), FakeEmbedder().embed_question("zebra"), 10) == []


def test_search_is_none_until_it_has_caught_up(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 3, Random(7))
    vector = FakeEmbedder().embed_question("word1")
    with held() as store:
        assert store is not None
        assert store.search(generation(catalog), vector, 5) is None
        store.catch_up()
        before = generation(catalog)
        assert store.search(before, vector, 5) is not None
        put(catalog, "notes/new.md", "One more.")
        assert store.search(generation(catalog), vector, 5) is None
        assert store.search(before, vector, 5) is not None  # a question that began before sees what it began with
        store.catch_up()
        assert store.search(before, vector, 5) is None


def test_a_catalog_without_passages_is_an_empty_search(held: Hold, catalog: Catalog) -> None:
    with catalog.writing() as edit:
        edit.set_meta("embedder", "bag-of-words")
    with held() as store:
        assert store is not None
        store.catch_up()
        assert store.search(0, FakeEmbedder().embed_question("anything"), 10) == []


def test_more_hits_than_passages_can_be_asked_for(held: Hold, catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "One passage.")
    with held() as store:
        assert store is not None
        store.catch_up()
        assert len(store.search(generation(catalog), FakeEmbedder().embed_question("one"), 200) or []) == 1


def test_a_second_holder_in_the_same_process_gets_none_and_the_next_one_the_store(held: Hold, catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "One passage.")
    with held() as first, held() as second:
        assert first is not None
        assert second is None
    with held() as third:
        assert third is not None


def test_the_lock_is_free_when_another_thread_ends_what_one_began(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "One passage.")
    holding = hold(catalog.path.parent, catalog)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(holding.__enter__).result() is not None
        holding.__exit__(None, None, None)
        with hold(catalog.path.parent, catalog) as store:
            assert store is not None


def test_after_a_clean_close_nothing_is_written_again(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 20, Random(7))
    with held() as store:
        assert store is not None
        store.catch_up()
        kept = store._collection.id
    put(catalog, "notes/new.md", "zebra zebra.")
    with held() as store:
        assert store is not None
        assert store._collection.id == kept
        assert store._collection.count() == 20
        store.catch_up()
        assert_same_as_exact(store, catalog)


def test_another_model_gets_a_collection_of_its_own_kind(held: Hold, catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "zebra.")
    with held() as store:
        assert store is not None
        store.catch_up()
        other = FakeEmbedder("wider", dimension=48)
        put(catalog, "notes/a.md", "zebra.", embedder=other)
        store.catch_up()
        with catalog.reading() as view:
            assert store.search(view.generation, other.embed_question("zebra"), 5) == view.matrix().ids


def test_a_collection_that_breaks_under_the_holder_is_made_anew(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 10, Random(7))
    with held() as store:
        assert store is not None
        store.catch_up()
        store._client.delete_collection(collection_name(catalog))
        assert store.search(generation(catalog), FakeEmbedder().embed_question("word1"), 10) is None
        store.catch_up()
        assert_same_as_exact(store, catalog)


def test_a_follower_brings_the_store_to_each_new_generation(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 5, Random(7))
    with held() as store:
        assert store is not None
        with following(store) as wake:
            for n in range(3):
                put(catalog, "notes/new.md", f"zebra number {n}.")
                wake()
                wait_until(lambda: store.search(generation(catalog), FakeEmbedder().embed_question("zebra"), 1) is not None)
                assert_same_as_exact(store, catalog)


HOLDER = """
import sys
from pathlib import Path
import numpy as np
from index.catalog import Catalog
from index.chroma import hold
from test_chroma import poison
folder = Path(sys.argv[1])
with hold(folder, Catalog(folder), sys.argv[2] or None) as store:
    if store is None:
        print("none", flush=True)
    else:
        store.catch_up()
        poison(store._collection)
        print("held", flush=True)
        sys.stdin.read()
"""


def start_holder(catalog: Catalog, url: str | None) -> "subprocess.Popen[str]":
    """A process that holds Chroma, has put wrong vectors into it, and closes it when its standard input ends."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, catalog.path.parent, url or ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=HOUSE,
        env={**os.environ, "PYTHONPATH": f"{HOUSE}{os.pathsep}{HOUSE / 'tests'}"},
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_gets_none_and_after_a_kill_the_next_holder_rebuilds(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 20, Random(7))
    url = held.args[2]  # type: ignore[attr-defined]
    with held() as store:
        assert store is not None
        with start_holder(catalog, url) as other:
            assert first_line(other) == "none"
            other.communicate()
    with start_holder(catalog, url) as holder:
        assert first_line(holder) == "held"
        with held() as store:
            assert store is None
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    assert holder.returncode == -signal.SIGKILL
    with held() as store:
        assert store is not None
        store.catch_up()
        assert_same_as_exact(store, catalog)


def closed_well(catalog: Catalog, url: str | None = None) -> tuple[Path, Any]:
    """Hold Chroma once and close it with a mark; return the mark and the collection's own id."""
    fill(catalog, 20, Random(7))
    with hold(catalog.path.parent, catalog, url) as store:
        assert store is not None
        store.catch_up()
        collection = store._collection.id
    mark = catalog.path.parent / "chroma.json"
    assert mark.is_file()
    return mark, collection


def assert_made_anew(catalog: Catalog, collection: Any, url: str | None = None) -> None:
    with hold(catalog.path.parent, catalog, url) as store:
        assert store is not None
        assert store._collection.id != collection
        assert store._collection.count() == 0
        store.catch_up()
        assert_same_as_exact(store, catalog)


@pytest.mark.parametrize(
    "change",
    [
        {"collection": "passages-of-another-catalog"}, {"embedder": "another"}, {"generation": 10**9}, {"generation": "3"},
        {"url": "http://127.0.0.1:1"}, {"hnsw": {"space": "l2"}},
    ],
    ids=str,
)
def test_a_mark_of_another_kind_is_not_trusted(catalog: Catalog, change: dict[str, Any]) -> None:
    mark, collection = closed_well(catalog)
    assert state(catalog.path.parent, catalog) == "up to date"
    mark.write_text(json.dumps({**json.loads(mark.read_text()), **change}))
    assert state(catalog.path.parent, catalog).startswith("will be built")
    assert_made_anew(catalog, collection)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '"passages"', "\0"])
def test_a_damaged_mark_is_not_trusted(catalog: Catalog, content: str) -> None:
    mark, collection = closed_well(catalog)
    mark.write_text(content)
    assert state(catalog.path.parent, catalog).startswith("will be built")
    assert_made_anew(catalog, collection)


def test_whoever_only_looks_whether_chroma_is_held_keeps_nobody_from_holding_it(catalog: Catalog) -> None:
    fill(catalog, 5, Random(7))
    lock = FileLock(catalog.path.parent / "chroma.lock", thread_local=False)
    lock.acquire()
    threading.Timer(0.05, lock.release).start()
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        assert state(catalog.path.parent, catalog) == "held by a running process"


def test_a_catalog_that_was_built_again_does_not_trust_the_mark_of_the_old_one(catalog: Catalog) -> None:
    _, collection = closed_well(catalog)
    for path in catalog.path.parent.glob("catalog.sqlite*"):
        path.unlink()
    fill(catalog, 25, Random(8))
    assert_made_anew(catalog, collection)


def test_a_server_is_not_trusted_with_the_mark_of_the_embedded_one(catalog: Catalog, server: Server) -> None:
    _, collection = closed_well(catalog)
    assert_made_anew(catalog, collection, server.url)


def test_a_store_with_wrong_vectors_is_made_anew_in_spite_of_its_mark(held: Hold, catalog: Catalog) -> None:
    fill(catalog, 20, Random(7))
    with held() as store:
        assert store is not None
        store.catch_up()
        poison(store._collection)
        assert any(ranked(store, catalog, word, 3) != exact(catalog, word, 3) for word in WORDS[:50])
    assert (catalog.path.parent / "chroma.json").is_file()
    with held() as store:
        assert store is not None
        store.catch_up()
        assert_same_as_exact(store, catalog)


def test_the_mark_is_gone_while_the_store_is_held(catalog: Catalog) -> None:
    mark, _ = closed_well(catalog)
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        assert not mark.exists()
        put(catalog, "notes/new.md", "One more.")
    assert not mark.exists()  # it never caught up, so a clean close promises nothing


def damage(folder: Path, how: str, random: Random) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    assert files
    if how == "no files":
        for path in files:
            path.unlink()
    elif how == "no vectors":
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
    else:
        for path in files:
            if how == "noise in the vectors" and path.suffix == ".sqlite3" or how == "noise in SQLite" and path.suffix != ".sqlite3":
                continue
            content = bytearray(path.read_bytes())
            if how == "cut short":
                content = content[: len(content) // 2]
            elif how == "empty files":
                content = bytearray()
            else:
                content = bytearray(random.randbytes(len(content)))
            path.write_bytes(content)


@pytest.mark.parametrize(
    "how",
    ["no files", "no vectors", "noise in the vectors", "noise in SQLite", "noise everywhere", "cut short", "empty files"],
)
def test_a_damaged_folder_heals_while_questions_are_answered(catalog: Catalog, how: str) -> None:
    random = Random(7)
    for n in range(4):  # more than the thousand passages that Chroma keeps in its log alone
        parts = ((f"# Part {at}", " ".join(random.choices(WORDS, k=30)) + ".") for at in range(300))
        put(catalog, f"notes/{n}.md", *(text for part in parts for text in part))
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        store.catch_up()
    damage(catalog.path.parent / "chroma", how, Random(7))
    vector = FakeEmbedder().embed_question("word1")
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        for _ in range(3):
            store.catch_up()
            if store.search(generation(catalog), vector, 40) is not None:
                break
        assert_same_as_exact(store, catalog)


def test_a_collection_that_names_an_embedding_function_is_not_used(catalog: Catalog) -> None:
    mark, _ = closed_well(catalog)
    client = raw_client(catalog)
    client.delete_collection(collection_name(catalog))
    client.create_collection(collection_name(catalog))  # without `embedding_function=None` Chroma attaches one of its own
    client.close()
    assert mark.is_file()
    with hold(catalog.path.parent, catalog) as store:
        assert store is not None
        assert (store._collection.configuration_json.get("embedding_function") or {}).get("name") is None
        store.catch_up()
        assert_same_as_exact(store, catalog)


def test_a_server_that_is_not_there_is_an_error_with_a_remedy(catalog: Catalog) -> None:
    put(catalog, "notes/a.md", "One passage.")
    for url in (f"http://127.0.0.1:{free_port()}", "localhost:8000", "nonsense"):
        with pytest.raises(IndexUnavailable) as caught, hold(catalog.path.parent, catalog, url):
            pass
        assert "KPO_CHROMA_URL" in caught.value.remedy
    with hold(catalog.path.parent, catalog) as store:  # and the lock is free
        assert store is not None


def test_a_server_that_goes_away_costs_no_answer_and_is_used_again_when_it_is_back(catalog: Catalog, tmp_path: Path) -> None:
    fill(catalog, 10, Random(7))
    vector = FakeEmbedder().embed_question("word1")
    server = Server(tmp_path / "server")
    server.start()
    try:
        with hold(catalog.path.parent, catalog, server.url) as store:
            assert store is not None
            store.catch_up()
            server.stop()
            assert store.search(generation(catalog), vector, 10) is None
            assert store.search(generation(catalog), vector, 10) is None
            server.start()
            store.catch_up()
            assert_same_as_exact(store, catalog)
    finally:
        server.stop()


def test_what_is_up_to_date_need_not_be_opened(catalog: Catalog) -> None:
    folder = catalog.path.parent
    fill(catalog, 5, Random(9))
    assert not is_current(folder, catalog)
    closed_well(catalog)
    assert is_current(folder, catalog)
    with hold(folder, catalog):
        assert not is_current(folder, catalog)  # whoever holds it is at work
    closed_well(catalog)
    fill(catalog, 30, Random(10))
    assert not is_current(folder, catalog)
    closed_well(catalog)
    shutil.rmtree(folder / "chroma")
    assert not is_current(folder, catalog)
