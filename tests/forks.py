"""The real `kpo` in a process of its own, forked from one that has imported the house already: an import costs more than most commands.

A fork runs as the console command does, with its own arguments, environment, folder and streams; what it may not share, such as models and
databases, it opens itself.
"""

import importlib
import io
import json
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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


# What stands on PATH as `kpo` for a shell: it hands its arguments, folder, environment and streams to `served` and exits as that does.
SHIM = """#!{python} -ISB
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({where!r})
    told = json.dumps([sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(asked, [len(told).to_bytes(4, "big")], [0, 1, 2])
    asked.sendall(told)
    sys.exit(asked.recv(1)[0])
"""


@contextmanager
def on_path(env: Mapping[str, str], folder: Path) -> Iterator[Path]:
    """A folder with a `kpo` for shells, which is run by forks of one process with this environment for as long as the block runs."""
    where = folder / "socket"
    serving = subprocess.Popen([sys.executable, __file__, str(where)], env={**env})
    try:
        for _ in range(600):
            if where.exists():
                break
            assert serving.poll() is None, "it has ended"
            time.sleep(0.1)
        (folder / "bin").mkdir()
        shim = folder / "bin" / "kpo"
        shim.write_text(SHIM.format(python=sys.executable, where=str(where)), encoding="utf-8")
        shim.chmod(0o755)
        yield shim.parent
    finally:
        serving.kill()
        serving.wait()


def _serve(where: str) -> None:
    """Run what each shim asks for, in forks, until killed."""
    for name in PRELOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{where}.new")
        listening.listen()
        os.rename(f"{where}.new", where)  # it is there when it answers
        while True:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(asked)
            asked.close()


def _answer(asked: socket.socket) -> None:
    """Run what one shim asks for in a fork of its own, tell what it exits with, and end."""
    size, streams, _, _ = socket.recv_fds(asked, 4, 3)
    told = asked.makefile("rb").read(int.from_bytes(size, "big"))
    arguments, env, folder = json.loads(told)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    running = os.fork()
    if running == 0:
        asked.close()
        _end(_exit_code_of(arguments, env, folder, streams))
    _, status = os.waitpid(running, 0)
    asked.sendall(bytes([os.waitstatus_to_exitcode(status) % 256]))
    os._exit(0)


def _exit_code_of(arguments: list[str], env: dict[str, str], folder: str, streams: Sequence[int]) -> int:
    try:
        _as_kpo(arguments, env, folder, streams)
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> None:
    """End a fork without what a process does at its end: threads that were not forked with it would be waited for in vain."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _kpo(arguments: list[str], env: dict[str, str], streams: list[str], folder: str) -> None:
    _as_kpo(arguments, env, folder, [os.open(path, how) for path, how in zip(streams, (os.O_RDONLY, WRITTEN, WRITTEN), strict=True)])


def _as_kpo(arguments: list[str], env: dict[str, str], folder: str, streams: Sequence[int]) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    for number, opened in enumerate(streams):
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8", errors="surrogateescape")
    sys.argv = ["kpo", *arguments]
    import app

    app.main()


if __name__ == "__main__":
    _serve(sys.argv[1])
