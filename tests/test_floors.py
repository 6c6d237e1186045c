"""The floors of the house: imports only point down, and importing the packages loads nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import HOUSE, KPO, outside

FLOORS = ("corpus", "index", "assistant", "evals", "app")  # from the ground up
HEAVY = {"torch", "gradio", "chromadb", "llama_index", "transformers", "sentence_transformers"}
FILES = sorted(path for floor in FLOORS[:-1] for path in (HOUSE / floor).rglob("*.py")) + [HOUSE / "app.py"]
# The adapters: modules whose whole purpose is one heavy library. Nothing imports them but a function that needs them.
ADAPTERS = {
    "assistant.llama", "assistant.web.area", "assistant.web.chat", "assistant.web.glossary", "assistant.web.page", "assistant.web.server",
    "assistant.web.sources", "evals.web",
}


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(HOUSE).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """The modules that a file imports, wherever in it, and whether that happens as soon as it is imported itself."""

    def visit(node: ast.AST, at_once: bool) -> Iterator[tuple[str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((name.name, at_once) for name in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path} has a relative import"
                yield str(child.module), at_once
            elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                yield from visit(child, False)
            else:
                yield from visit(child, at_once and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef))

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), True)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_only_point_down(path: Path) -> None:
    height = FLOORS.index(module_of(path).partition(".")[0])
    above = {name for name, _ in imported(path) if name.partition(".")[0] in FLOORS[height + 1 :]}
    assert not above, f"{path.relative_to(HOUSE)} reaches up to {sorted(above)}"


def test_only_the_pages_import_gradio() -> None:
    pages = {module_of(path) for path in FILES if any(name.partition(".")[0] == "gradio" for name, _ in imported(path))}
    assert pages
    assert all(page.startswith("assistant.web.") or page == "evals.web" for page in pages)


def test_only_adapters_import_heavy_libraries_when_they_are_imported() -> None:
    found = {module_of(path) for path in FILES if any(name.partition(".")[0] in HEAVY and at_once for name, at_once in imported(path))}
    assert found <= ADAPTERS


def in_a_new_process(code: str) -> list[str]:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=outside(), cwd="/", timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def test_importing_every_module_but_the_adapters_loads_nothing_heavy() -> None:
    modules = sorted({module_of(path) for path in FILES} - ADAPTERS - {"evals.bench"})
    loaded = in_a_new_process(f"import sys, importlib\nfor name in {modules}: importlib.import_module(name)\nprint(*sys.modules)")
    assert {"corpus", "index", "assistant", "evals", "app"} <= set(loaded)
    assert not HEAVY & set(loaded)


def test_importing_the_four_packages_loads_nothing_heavy() -> None:
    assert not HEAVY & set(in_a_new_process("import corpus, index, assistant, evals, sys; print(*sys.modules)"))


@pytest.mark.parametrize("name", FLOORS)
def test_each_name_resolves_inside_the_checkout(name: str) -> None:
    (found,) = in_a_new_process(f"import {name}; print({name}.__file__)")
    assert Path(found).is_relative_to(HOUSE)


@pytest.mark.parametrize("command", [[], ["ask"], ["serve"], ["ingest"]], ids=" ".join)
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", KPO, *command, "--help"], capture_output=True, text=True, env=outside(), timeout=60
    )
    assert ran.returncode == 0
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "typer" in loaded
    assert not (HEAVY | {"onnxruntime", "numpy"}) & loaded
