"""Chroma, the index of vectors: disposable, held by one process, and never waited for.

Embedded Chroma cannot be shared by processes, and was seen to be unusable after a kill -9 of its writer; so exactly one process
opens it, under a lock, and trusts it only with the mark of a clean close. Without the mark it is deleted and filled again from the
catalog, whose vectors need no embedding. While it is behind, `search` says so with None, and the caller searches exactly.
"""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlparse

import numpy as np
from filelock import FileLock, Timeout

from corpus.errors import IndexUnavailable
from index.catalog import Catalog

# With these settings recall@10 on 5,000 random vectors (the worst case) was 1.0 at 3.5 ms; with the defaults 0.71.
HNSW = {"space": "cosine", "ef_search": 1000, "ef_construction": 200, "max_neighbors": 32}
BATCH = 1_000  # Chroma takes at most 5,461 records a call; a server must answer each within SERVER_SECONDS
SERVER_SECONDS = 10.0  # after so long a Chroma server is taken for hanging, and the exact search goes on without it
LOOK_SECONDS = 0.2  # how long a holder waits for one that only looks whether Chroma is held (see `state`)
CATCH_UP_SECONDS = 1.0  # how often a holder looks for a new generation


class Store(Protocol):
    """The seam for an approximate index of vectors."""

    def search(self, generation: int, vector: np.ndarray, n: int) -> list[str] | None:
        """The ids of about the `n` nearest passages, in no promised order; None when it does not stand at this generation.

        Empty when there are no passages. Never blocks.
        """

    def catch_up(self) -> None:
        """Bring it to the catalog's newest generation. At that generation already: nothing happens."""


class ChromaStore:
    """A Chroma collection that follows the catalog. Made by `hold`, which sees to the lock and the mark."""

    def __init__(self, client: Any, catalog: Catalog, stamp: dict[str, Any] | None) -> None:
        with catalog.reading() as view:
            self._name = f"passages-{view.meta('id')}"
            self._model = view.meta("embedder")
        self._client = client
        self._catalog = catalog
        self._lock = threading.Lock()
        self._generation: int | None = None
        self._damaged = False
        self._proven = stamp is None
        self._collection = self._open(fresh=stamp is None)

    def _open(self, *, fresh: bool) -> Any:
        """The collection; made anew when it is not to be trusted."""
        from chromadb.errors import ChromaError, NotFoundError

        try:
            found = self._client.get_collection(self._name, embedding_function=None)
            # A collection that names an embedding function makes Chroma load code for it (CVE-2026-45829): not ours.
            foreign = (found.configuration_json.get("embedding_function") or {}).get("name") is not None
            if not fresh and not foreign:
                return found
            self._client.delete_collection(self._name)
        except NotFoundError:
            pass
        except ChromaError:
            self._client.delete_collection(self._name)
        return self._client.create_collection(self._name, embedding_function=None, configuration={"hnsw": HNSW})

    def search(self, generation: int, vector: np.ndarray, n: int) -> list[str] | None:
        if not self._lock.acquire(blocking=False):
            return None
        try:
            if self._generation != generation:
                return None
            try:
                found = self._collection.query(query_embeddings=[vector], n_results=n, include=[])
            except Exception:  # Chroma, its server and httpx raise many classes; none of them is a reason not to answer
                self._generation, self._damaged = None, True  # the next catch-up makes it anew
                return None
            return list(found["ids"][0])
        finally:
            self._lock.release()

    def catch_up(self) -> None:
        with self._catalog.reading() as view:
            if view.generation == self._generation:
                return
            matrix = view.matrix()
            model = view.meta("embedder")
        with self._lock:
            self._generation = None
            if model != self._model or self._damaged:
                self._collection = self._open(fresh=True)
                self._model, self._damaged = model, False
            try:
                self._follow(matrix.ids, matrix.vectors)
                sound = self._proven or self._holds(matrix.ids, matrix.vectors)
            except Exception:  # Chroma raises many classes for a damaged index; it is disposable, so once more from nothing
                sound = False
            if not sound:
                self._collection = self._open(fresh=True)
                self._follow(matrix.ids, matrix.vectors)
            self._proven, self._generation = True, matrix.generation

    def _follow(self, ids: list[str], vectors: np.ndarray) -> None:
        """Make the collection hold exactly these. An id stands for one text at one place, so equal ids have equal vectors."""
        there = set(self._collection.get(include=[])["ids"])
        rows = {id: at for at, id in enumerate(ids)}
        gone = sorted(there - rows.keys())
        new = [id for id in ids if id not in there]
        for at in range(0, len(gone), BATCH):
            self._collection.delete(ids=gone[at : at + BATCH])
        for at in range(0, len(new), BATCH):
            part = new[at : at + BATCH]
            self._collection.upsert(ids=part, embeddings=vectors[[rows[id] for id in part]])

    def _holds(self, ids: list[str], vectors: np.ndarray) -> bool:
        """Are these the vectors it has? Without its HNSW files Chroma 1.5.9 opens, knows all ids, and silently finds next to nothing."""
        rows = {id: at for at, id in enumerate(ids)}
        for at in range(0, len(ids), BATCH):
            found = self._collection.get(ids=ids[at : at + BATCH], include=["embeddings"])
            if not np.allclose(found["embeddings"], vectors[[rows[id] for id in found["ids"]]], atol=1e-4):
                return False
        return True

    def stamp(self) -> dict[str, Any] | None:
        """What a clean close may promise about the collection; None when it is between two generations."""
        if self._generation is None:
            return None
        return {"collection": self._name, "generation": self._generation, "embedder": self._model, "hnsw": HNSW}


@contextmanager
def hold(folder: Path, catalog: Catalog, url: str | None = None) -> Iterator[ChromaStore | None]:
    """Chroma for as long as the block runs, or None when another process holds it.

    Embedded in `folder`/chroma, or the server at `url`. The lock is freed by the system when the process dies. Raises
    IndexUnavailable when the server does not answer.
    """
    lock = FileLock(folder / "chroma.lock", thread_local=False)
    try:
        lock.acquire(timeout=LOOK_SECONDS)
    except Timeout:
        yield None
        return
    try:
        mark = folder / "chroma.json"
        stamp = _trusted(mark, catalog, url)
        mark.unlink(missing_ok=True)  # from here on a kill leaves no mark, and so no trust
        client, store = _open_store(folder / "chroma", catalog, url, stamp)
        try:
            yield store
        finally:
            promise = store.stamp()
            _close(client)
            if promise is not None:
                _write(mark, {**promise, "url": url})
    finally:
        lock.release()


def is_current(folder: Path, catalog: Catalog) -> bool:
    """Was the Chroma embedded in this folder closed cleanly with all that the catalog holds today? Then there is no need to open it."""
    stamp = _trusted(folder / "chroma.json", catalog, None) if (folder / "chroma").is_dir() else None
    with catalog.reading() as view:
        return stamp is not None and bool(stamp["generation"] == view.generation)


def state(folder: Path, catalog: Catalog, url: str | None = None) -> str:
    """In plain words, for `kpo status`: where Chroma stands, by the mark that `hold` would trust."""
    try:
        with FileLock(folder / "chroma.lock", timeout=0):
            stamp = _trusted(folder / "chroma.json", catalog, url)
    except Timeout:
        return "held by a running process"
    if stamp is None:
        return "will be built from the catalog at the next start; exact search answers meanwhile"
    with catalog.reading() as view:
        current = stamp["generation"] == view.generation
    return "up to date" if current else f"at generation {stamp['generation']}, follows at the next start"


@contextmanager
def following(store: ChromaStore) -> Iterator[Callable[[], None]]:
    """A thread that brings the store up to date whenever the catalog has moved; gives a call that wakes it at once."""
    wake, stop = threading.Event(), threading.Event()

    def follow() -> None:
        while not stop.is_set():
            try:
                store.catch_up()
            except Exception:  # the exact search answers meanwhile; the next round tries again
                stop.wait(5 * CATCH_UP_SECONDS)
            wake.wait(CATCH_UP_SECONDS)
            wake.clear()

    thread = threading.Thread(target=follow, name="chroma", daemon=True)
    thread.start()
    try:
        yield wake.set
    finally:
        stop.set()
        wake.set()
        thread.join(30)


def _trusted(mark: Path, catalog: Catalog, url: str | None) -> dict[str, Any] | None:
    """The mark of a clean close for this catalog, model and place; None for none."""
    try:
        stamp: dict[str, Any] = json.loads(mark.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(stamp, dict):
        return None
    with catalog.reading() as view:
        same = stamp.get("collection") == f"passages-{view.meta('id')}" and stamp.get("embedder") == view.meta("embedder")
        known = isinstance(stamp.get("generation"), int) and stamp["generation"] <= view.generation
    return stamp if same and known and stamp.get("url") == url and stamp.get("hnsw") == HNSW else None


def _write(path: Path, content: dict[str, Any]) -> None:
    aside = path.with_suffix(".tmp")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(content, file, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _open_store(folder: Path, catalog: Catalog, url: str | None, stamp: dict[str, Any] | None) -> tuple[Any, ChromaStore]:
    """A client and the store on it. An embedded Chroma that is not trusted, or does not open, is deleted first."""
    if url is None and stamp is not None:
        try:
            return _store_at(folder, catalog, None, stamp)
        except Exception:  # damaged, in whatever way
            stamp = None
    if url is None:
        shutil.rmtree(folder, ignore_errors=True)
    return _store_at(folder, catalog, url, stamp)


def _store_at(folder: Path, catalog: Catalog, url: str | None, stamp: dict[str, Any] | None) -> tuple[Any, ChromaStore]:
    client = _connect(folder, url)
    try:
        return client, ChromaStore(client, catalog, stamp)
    except BaseException:
        _close(client)
        raise


def _close(client: Any) -> None:
    client.close()
    for part in (client, client._admin_client):  # chromadb 1.5.9 leaves the connections of an HttpClient open
        if hasattr(part._server, "_session"):
            part._server._session.close()


def _connect(folder: Path, url: str | None) -> Any:
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if url is None:
        try:
            return chromadb.PersistentClient(str(folder), settings=settings)
        except BaseException:
            SharedSystemClient.clear_system_cache()  # it would hand out the half-opened one for this folder again
            raise
    where = urlparse(url)
    try:
        client = chromadb.HttpClient(
            host=where.hostname or "", port=where.port or (443 if where.scheme == "https" else 8000), ssl=where.scheme == "https",
            settings=settings,
        )
    except Exception as error:  # httpx and chromadb raise many classes for a server that is not there
        raise IndexUnavailable(f"the Chroma server at {url} does not answer", "start it (`chroma run`), or unset KPO_CHROMA_URL") from error
    # chromadb 1.5.9 waits for ever and has no setting for it; its own session is reached until it has one.
    client._server._session.timeout = SERVER_SECONDS  # type: ignore[attr-defined]
    return client
