"""Files are read in a process of their own, so that a hostile or damaged one cannot take the house down.

A request and its answer are one line of JSON each, over the worker's standard input and output: nothing is unpickled.
A worker that dies, hangs or asks for too much memory is replaced; the file it was reading is a failure with a reason.
"""

import json
import os
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from corpus.document import Block, Contents

MAX_FILE = 64 * 2**20  # bytes; larger files are almost always pictures or dumps, and are named in the report
MAX_MEMORY = 2 * 2**30  # bytes of address space; a 0.8 MB DOCX was seen to take 2 GB in python-docx
MAX_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file did not become a document, in words for the person who owns it."""

    reason: str


class FileReader:
    """Reads files one after another in a worker process, started at the first file. Use as a context manager."""

    def __init__(self, *, seconds: float = MAX_SECONDS, memory: int = MAX_MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, path: Path) -> Contents | Failure:
        """The contents of one file, or the reason why there are none. Never raises for what a file holds."""
        try:
            if path.stat().st_size > MAX_FILE:
                return Failure(f"larger than {MAX_FILE // 2**20} MB; split it")
        except OSError as error:
            return Failure(f"cannot be opened: {error.strerror}")
        process = self._running()
        late = threading.Event()  # set before the kill: whether the timer's thread has ended yet says nothing

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, stop)
        timer.start()
        try:
            assert process.stdin and process.stdout
            process.stdin.write(json.dumps(os.fspath(path)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line.endswith("\n"):  # nothing, or the beginning of an answer
            self._end()
            return Failure(
                f"reading it took longer than {self._seconds:.0f} seconds" if late.is_set()
                else "reading it crashed the reader or took too much memory"
            )
        answer: dict[str, Any] = json.loads(line)
        return Failure(answer["failure"]) if "failure" in answer else _contents(answer)

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is not None and self._process.poll() is not None:
            self._end()  # it died on its own; its pipes are closed
        if self._process is None:
            house = str(Path(__file__).resolve().parent.parent)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "corpus.worker", str(self._memory)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8",
                cwd=house, env={**os.environ, "PYTHONPATH": house, "PYTHONIOENCODING": "utf-8"},
            )
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def _contents(answer: dict[str, Any]) -> Contents:
    blocks = tuple(Block(**block) for block in answer.pop("blocks"))
    tags, provenance = tuple(answer.pop("tags")), tuple(answer.pop("provenance"))
    asked = tuple((before, question) for before, question in answer.pop("asked"))
    return Contents(blocks=blocks, tags=tags, provenance=provenance, asked=asked, **answer)


def limit_memory(limit: int) -> None:
    """Let this process have at most `limit` bytes of address space, where the system can see to that."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    except (ImportError, ValueError, OSError):
        pass  # macOS refuses this limit; the limits on time and file size still hold there


def main() -> None:
    """Answer requests until standard input ends."""
    from corpus.readers import Unreadable, read

    limit_memory(int(sys.argv[1]))
    out, sys.stdout = sys.stdout, sys.stderr  # a library that prints must not speak into the answers
    for line in sys.stdin:
        path = Path(json.loads(line))
        try:
            answer = asdict(read(path.read_bytes(), path.name))
        except Unreadable as error:
            answer = {"failure": str(error)}
        except OSError as error:
            answer = {"failure": f"cannot be opened: {error.strerror}"}
        except MemoryError:
            os._exit(1)
        except Exception as error:  # a file that breaks a library must not stop the rest
            answer = {"failure": f"its contents broke the reader ({type(error).__name__})"}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main()
