"""Every command of the guides and the README runs as it is printed, in a temporary copy of the house, and prints what stands below it there.

A ```console block holds commands, each after "$ ", with its further lines behind backslashes; other lines are what it prints, in which "…" or
"[…]" stands for anything, and white space for any white space. Below a command of which nothing is shown stands nothing. Directly above
a block an HTML comment may stand: `not run: reason`, `exits: 2` for commands that are meant to fail, or `file: name` above a block of any kind
that the reader saves under that name.
"""

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from conftest import HOUSE, outside

GUIDES = [path for path in (HOUSE / "README.md", *sorted((HOUSE / "docs").glob("guide-*.md"))) if path.is_file()]
COPIED = ("app.py", "pyproject.toml", "Makefile", "assistant", "corpus", "evals", "index")
SECONDS = 300  # for one command on a busy machine
_BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
_COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.M)


@dataclass(frozen=True)
class Step:
    """What a reader does: runs a command that exits so, and prints this if anything is shown; or (with a name) saves a file."""

    text: str
    exits: int = 0
    name: str = ""
    prints: str = ""


def steps(text: str) -> Iterator[Step]:
    """What a guide tells its reader to do, in order. Raises ValueError for a mark that means nothing."""
    for block in _BLOCK.finditer(text):
        word, _, value = (block["mark"] or "").partition(": ")
        if word not in ("", "not run", "exits", "file") or (word == "not run" and not value):
            raise ValueError(f"<!-- {block['mark']} --> means nothing here")
        if word == "file":
            yield Step(block["body"], name=value)
        elif block["kind"] == "console" and word != "not run":
            joined = block["body"].replace("\\\n", "")
            yield from (Step(text, int(value or 0), prints=printed) for text, printed in _COMMAND.findall(joined))


def prints(shown: str, printed: str) -> bool:
    """Is this what a guide shows of an output?"""
    pieces = [re.escape(" ".join(piece.split())) for piece in re.split(r"\[…\]|…", shown)]
    return re.fullmatch(".*".join(pieces), " ".join(printed.split())) is not None


def to_paste(printed: str) -> str:
    """An output in lines short enough for a guide."""
    return "\n".join(
        textwrap.fill(line, 140, subsequent_indent=re.match(" *", line)[0], break_long_words=False, break_on_hyphens=False) for line in printed.splitlines()
    )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, shipped: Path) -> Path:
    """A copy of the code and the shipped documents, with an index of its own, in which commands may write what they like."""
    folder = tmp_path_factory.mktemp("house")
    for name in COPIED:
        source = HOUSE / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    (folder / "data").mkdir()
    shutil.copy(shipped / "catalog.sqlite", folder / "data")
    (folder / "data" / "models").symlink_to(HOUSE / "data" / "models")
    return folder


@pytest.mark.parametrize("guide", GUIDES, ids=[path.name for path in GUIDES])
def test_every_command_runs_as_it_is_printed(house: Path, guide: Path) -> None:
    env = outside()
    env |= {"PYTHONPATH": str(house), "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"}
    where = subprocess.run([sys.executable, "-c", "import app; print(app.__file__)"], cwd=house, env=env, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()) == house / "app.py"
    did = 0
    others = []  # outputs that are not what the guide shows, each as it could be pasted there
    for step in steps(guide.read_text(encoding="utf-8")):
        if step.name:
            (house / step.name).write_text(step.text, encoding="utf-8")
            continue
        ran = subprocess.run(["bash", "-c", step.text], cwd=house, env=env, capture_output=True, text=True, timeout=SECONDS, stdin=subprocess.DEVNULL)
        assert ran.returncode == step.exits, f"$ {step.text}\n{ran.stdout}{ran.stderr}"
        assert "Traceback" not in ran.stderr
        if step.prints and not prints(step.prints, ran.stdout):
            others.append(f"$ {step.text}\n{to_paste(ran.stdout)}")
        did += 1
    assert did or guide.name == "README.md"
    if others:
        pytest.fail(f"{guide.name} shows other outputs than these:\n\n" + "\n\n".join(others), pytrace=False)


def test_steps_are_read_as_a_reader_reads_them() -> None:
    text = (
        "```console\n$ one \\\n    --more\nprinted\n$ two\n```\n\n<!-- not run: it serves -->\n```console\n$ serve\n```\n"
        "<!-- exits: 2 -->\n```console\n$ three\n```\n<!-- file: a.csv -->\n```csv\nid\n```\n```text\n$ no\n```\n"
    )
    assert list(steps(text)) == [Step("one     --more", prints="printed\n"), Step("two"), Step("three", 2), Step("id\n", name="a.csv")]
    with pytest.raises(ValueError):
        list(steps("<!-- not run -->\n```console\n$ a\n```\n"))


def test_what_is_shown_of_an_output_is_compared() -> None:
    assert prints("one two\n  three\n", "one\ntwo three\n")
    assert prints("one […]\n", "one two\n") and prints("in … s\n[…]\n", "in 0.2 s\n") and prints("a\n[…]\nz\n", "a\nb\nz\n")
    assert not prints("one\n", "one two\n") and not prints("[1:20]\n", "[1:21]\n") and not prints("one … three\n", "one two\n")
    assert prints(f"{'  word' * 90}\n", to_paste("  word" * 90)) and max(map(len, to_paste("  word" * 90).splitlines())) <= 140
