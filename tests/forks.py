"""The real `kpo` in a process of its own, forked from one that has imported the house already: an import costs more than most commands.

A fork runs as the console command does, with its own arguments, environment, folder and streams; what it may not share, such as models and
databases, it opens itself.
"""

import io
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired

PRELOADED = [
    "app", "assistant.ask", "assistant.commands", "assistant.web.server", "chromadb", "evals.commands", "evals.session", "evals.terminal",
    "index.chroma", "index.commands", "index.ingest", "onnxruntime", "rich.progress", "tokenizers",
]
WRITTEN = os.O_WRONLY | os.O_CREAT | os.O_APPEND  # two streams may go into one file
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(PRELOADED)


def run(arguments: Sequence[str], typed: bytes, env: Mapping[str, str], seconds: float) -> "CompletedProcess[bytes]":
    """What `kpo` with these arguments, standard input and environment exits with and prints. Raises TimeoutExpired."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [Path(folder) / name for name in ("in", "out", "err")]
        streams[0].write_bytes(typed)
        process = _context.Process(target=_kpo, args=(list(arguments), dict(env), [str(path) for path in streams], os.getcwd()))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutExpired(["kpo", *arguments], seconds)
        return CompletedProcess(["kpo", *arguments], process.exitcode, streams[1].read_bytes(), streams[2].read_bytes())


class Running:
    """A `kpo` that goes on beside the test, with the few methods of `subprocess.Popen` that are asked of it."""

    def __init__(self, arguments: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        streams = [os.devnull, str(log), str(log)]
        self._process = _context.Process(target=_kpo, args=([*arguments], dict(env), streams, os.getcwd()))
        self._process.start()

    def poll(self) -> int | None:
        """What it exited with; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self, seconds: float) -> int:
        """What it exits with. Raises TimeoutExpired."""
        self._process.join(seconds)
        if self._process.exitcode is None:
            raise TimeoutExpired("kpo", seconds)
        return self._process.exitcode


def _kpo(arguments: list[str], env: dict[str, str], streams: list[str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, (path, how) in enumerate(zip(streams, (os.O_RDONLY, WRITTEN, WRITTEN), strict=True)):
        opened = os.open(path, how)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8", errors="surrogateescape")
    sys.argv = ["kpo", *arguments]
    import app

    app.main()
