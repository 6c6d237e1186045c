"""What several tests share: an environment without settings, the real console command, and one data folder with the shipped documents."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from playwright.sync_api import Browser

import browser
import forks

pytest.register_assert_rewrite("visits")
HOUSE = Path(__file__).resolve().parent.parent
KPO = Path(sys.executable).with_name("kpo")


# These take longest, and begin first: a worker that is left with one of them at the end would keep the others waiting.
LONGEST = ("test_sets", "test_patience", "test_guides", "test_page", "test_commands", "test_shelves")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long before the others; otherwise in the order they were found."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))


def outside(**settings: object) -> dict[str, str]:
    """The environment for a subprocess: this one, with these settings."""
    return {**os.environ, **{name: str(value) for name, value in settings.items()}}


def run_kpo(*arguments: object, text: str | bytes = b"", **settings: object) -> "subprocess.CompletedProcess[str]":
    """Run the real `kpo` with these arguments, `text` on its standard input, and these settings."""
    ran = forks.run([*map(str, arguments)], text.encode() if isinstance(text, str) else text, outside(**settings), 120)
    return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition; fail when it does not come true in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        threading.Event().wait(0.05)


class Served:
    """A running `kpo serve`: its address, its process, and what it has printed so far. A `command` is started for it, else it is forked."""

    def __init__(self, command: tuple[object, ...], folder: Path, settings: dict[str, object]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder.with_name(f"{folder.name}-serve-{self.port}.log")
        environment = outside(**settings, KPO_DATA_DIR=folder, KPO_PORT=self.port)
        self.process: subprocess.Popen[bytes] | forks.Running
        with self._log.open("wb") as log:
            if command:
                self.process = subprocess.Popen([*map(str, command)], stdout=log, stderr=log, env=environment)
            else:
                self.process = forks.Running(["serve"], environment, self._log)

    def answers(self) -> bool:
        """Does GET /health answer? Fails when the process has ended instead."""
        assert self.process.poll() is None, self.printed()
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def printed(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to stop, as a system does; return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Headless, for the tests of one file, which are skipped where there is none."""
    if browser.find() is None:
        pytest.skip("no Chromium found: install the system package `chromium`")
    with browser.chromium() as opened:
        yield opened


@contextmanager
def serving(folder: Path, command: tuple[object, ...] = (), **settings: object) -> Iterator[Served]:
    """A real server over this data folder, with these settings, for as long as the block runs."""
    served = Served(command, folder, settings)
    try:
        wait_until(served.answers)
        yield served
    finally:
        if served.process.poll() is None:
            served.stop()


@pytest.fixture(scope="session", autouse=True)
def no_settings() -> Iterator[None]:
    """The settings of whoever runs the tests must not change them. KPO_ACCEPT belongs to the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KPO_") and name != "KPO_ACCEPT"]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped documents, ingested once for all workers of a run. Only to be copied."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine) / "indexed"
    with FileLock(f"{folder}.lock"):
        if not (folder / "done").is_file():
            ran = run_kpo("ingest", "--data-dir", folder)
            assert ran.returncode == 0, ran.stderr
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def shipped(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped documents, this worker's own. Documents are only to be read; chats and runs may be kept in it."""
    folder = tmp_path_factory.mktemp("shipped") / "data"
    shutil.copytree(indexed, folder)
    return folder


@pytest.fixture(scope="session")
def served(shipped: Path) -> Iterator[Served]:
    """A server over the shipped documents."""
    with serving(shipped) as running:
        yield running
