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
    "app", "assistant.ask", "assistant.commands", "chromadb", "evals.commands", "evals.session", "evals.terminal", "index.chroma", "index.commands",
    "index.ingest", "onnxruntime", "rich.progress", "tokenizers",
]
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


def _kpo(arguments: list[str], env: dict[str, str], streams: list[str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, (path, how) in enumerate(zip(streams, (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT), strict=True)):
        opened = os.open(path, how)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8", errors="surrogateescape")
    sys.argv = ["kpo", *arguments]
    import app

    app.main()
