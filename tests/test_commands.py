"""Every command through the real console script: what it prints where, its exit code, and the remedy when it cannot work."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from filelock import FileLock, Timeout

from app import VERSION
from assistant.settings import named
from conftest import HOUSE, KPO, free_port, outside, run_kpo, serving, wait_until
from corpus.sources import Source
from index.catalog import Catalog
from samples import SAMPLES, pdf

Ran = subprocess.CompletedProcess[str]
ASK_FIELDS = {
    "question", "standalone", "verdict", "text", "confidence", "citations", "nearest", "timings_ms", "kind", "writer", "corrections",
    "searched", "generation", "notes", "draft",
}


@pytest.fixture(scope="module")
def every(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one document of every format, in the source `trade`. Only to be read."""
    folder = tmp_path_factory.mktemp("every")
    sources = folder / "trade"
    sources.mkdir()
    for name, made in SAMPLES.items():
        (sources / name).write_bytes(made())
    data = folder / "data"
    ran = run_kpo("ingest", sources, "--no-shipped", "--json", "--data-dir", data)
    assert ran.returncode == 0, ran.stderr
    assert {row["id"]: row["status"] for row in json.loads(ran.stdout)} == {f"trade/{name}": "added" for name in SAMPLES}
    return data


def reports(ran: Ran) -> dict[str, tuple[str, str]]:
    """The rows of `kpo ingest --json`: status and reason by document."""
    return {row["id"]: (row["status"], row["reason"]) for row in json.loads(ran.stdout)}


def failed(ran: Ran, message: str, remedy: str) -> None:
    """It ended with an error: exit code 2, nothing on stdout, a message and a remedy on stderr, no traceback."""
    assert (ran.returncode, ran.stdout) == (2, ""), ran.stderr
    assert message in ran.stderr
    assert f"To mend it: {remedy}" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_version_and_help_answer_on_stdout() -> None:
    version = run_kpo("--version")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"kpo {VERSION}\n", "")
    overview = run_kpo("--help")
    assert (overview.returncode, overview.stderr) == (0, "")
    for command in ("serve", "ingest", "sources", "show", "search", "ask", "models", "status", "terms"):
        assert command in overview.stdout


@pytest.mark.parametrize(
    "arguments", [["aks", "What?"], ["ask"], ["ask", "x", "--no-such"], ["search", "x", "-k", "0"], ["serve", "--port", "99999"]]
)
def test_a_command_that_is_mistyped_is_an_error(arguments: list[str]) -> None:
    ran = run_kpo(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "kpo" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "What is KPO?"], ["ask", "-", "--json"], ["search", "KPO"], ["show", "handbook/x.md"], ["sources"], ["terms"], ["status"],
        ["sources", "--remove", "x"],
    ],
    ids=" ".join,
)
def test_an_empty_data_folder_is_an_error_with_the_command_to_run(arguments: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "none"
    failed(run_kpo(*arguments, "--data-dir", folder), f"there is no index in {folder} yet", f"run `kpo ingest --data-dir {folder}`")
    failed(run_kpo(*arguments, KPO_DATA_DIR=folder), f"there is no index in {folder} yet", "run `kpo ingest`\n")
    assert not folder.exists()


def test_an_unknown_setting_suggests_the_right_one(tmp_path: Path) -> None:
    failed(run_kpo("status", KPO_DATADIR=tmp_path), "there is no setting KPO_DATADIR", "did you mean KPO_DATA_DIR?")
    failed(run_kpo("status", KPO_PORT="many"), "KPO_PORT is 'many'", "it is the port")


# ask


def test_ask_prints_the_answer_with_its_sources(every: Path) -> None:
    ran = run_kpo("ask", "What is knowledge process outsourcing?", "--data-dir", every)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "[1]" in ran.stdout
    assert "\nSources\n  [1] " in ran.stdout


def test_ask_prints_one_object_with_quotes_that_show_proves(every: Path) -> None:
    ran = run_kpo("ask", "What is knowledge process outsourcing?", "--json", "--data-dir", every)
    assert (ran.returncode, ran.stderr) == (0, "")
    answer = json.loads(ran.stdout)
    assert set(answer) == ASK_FIELDS
    assert answer["verdict"] == "answered"
    for citation in answer["citations"]:
        text = run_kpo("show", citation["document"], "--data-dir", every).stdout
        assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_refusal_is_well(every: Path) -> None:
    ran = run_kpo("ask", "Who won the football match in Lima yesterday?", "--data-dir", every)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Searched for: " in ran.stdout
    assert "[1]" not in ran.stdout


def test_ask_after_earlier_questions_tells_what_was_searched(every: Path) -> None:
    ran = run_kpo("ask", "And what are its risks?", "--after", "Hello", "--after", "What is KPO?", "--data-dir", every)
    assert ran.returncode == 0
    assert ran.stdout.startswith("(searched for: ")
    assert "KPO" in ran.stdout.splitlines()[0]


def test_ask_reads_lines_and_a_bad_one_does_not_stop_the_rest(every: Path) -> None:
    lines = [
        b"What is KPO?", b"", b'{"question": "And why?", "after": ["What is KPO?"]}', b"thanks", b'{"question": 5}',
        b'{"question": "x", "after": "y"}', b"{not json", b"\xff\xfe not text", b'{"question": "What is \\ud800 KPO?"}', b"[" * 20_000,
        b'{"question": ' + b"[" * 20_000, b'{"question": "' + b"x" * 2_001 + b'"}', b"What is BPO?",
        b'\xef\xbb\xbf{"question": "What is LPO?"}',
    ]
    ran = run_kpo("ask", "-", "--json", "--data-dir", every, text=b"\n".join(lines))
    assert ran.returncode == 1, ran.stderr
    said = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ["error" in line for line in said] == [False, False, False, True, True, True, True, False, True, True, True, False, False]
    assert all(set(line) == {"error", "remedy"} and line["error"] and line["remedy"] for line in said if "error" in line)
    assert all(set(line) == ASK_FIELDS for line in said if "error" not in line)
    assert said[1]["standalone"] != "And why?"
    assert (said[2]["verdict"], *(line["question"] for line in said[-2:])) == ("conversation", "What is BPO?", "What is LPO?")
    assert run_kpo("ask", "-", "--json", "--data-dir", every, text="What is KPO?\n").returncode == 0


def test_ask_answers_each_line_before_the_next_is_typed(every: Path) -> None:
    with subprocess.Popen(
        [KPO, "ask", "-", "--json", "--data-dir", every], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=outside()
    ) as process:
        assert process.stdin and process.stdout
        for question in ("What is KPO?", "What is LPO?"):
            process.stdin.write(question + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["question"] == question
        process.stdin.close()
        assert process.wait(30) == 0


def test_streams_that_are_closed_or_full_are_errors(every: Path) -> None:
    without_input = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", KPO, "ask", "-", "--data-dir", every], capture_output=True, text=True, env=outside())
    failed(without_input, "standard input is closed", "name a file of questions with `< FILE`")
    with Path("/dev/full").open("w") as full:
        no_room = subprocess.run([KPO, "terms", "--data-dir", every], stdout=full, stderr=subprocess.PIPE, text=True, env=outside())
    assert no_room.returncode == 2
    assert no_room.stderr.startswith("Error: nothing more can be written: No space left on device\nTo mend it: make room on the disk")
    assert no_room.stderr.count("\n") == 2


def test_a_question_that_is_too_long_is_an_error_and_not_cut(every: Path) -> None:
    ran = run_kpo("ask", "background " * 500 + "What is a service level agreement?", "--data-dir", every)
    failed(ran, "a question may have 2,000 characters, and this one has 5,534", "keep what you want to know")
    assert run_kpo("ask", "What is " + "\n" * 3_000 + "KPO?", "--data-dir", every).returncode == 0  # line breaks count as one space


@pytest.mark.parametrize("question", ["", "-1", "\x1b[31m", b"\xff KPO"])
def test_ask_takes_whatever_is_typed(question: str | bytes, every: Path) -> None:
    arguments: list[Any] = [KPO, "ask", "--data-dir", every, "--", question]
    ran = subprocess.run(arguments, capture_output=True, env=outside(), timeout=60)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"\x1b" not in ran.stdout


def test_a_cold_ask_imports_no_torch_and_leaves_nothing_in_the_home_folder(every: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", KPO, "ask", "What is KPO?", "--data-dir", every]
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}  # onnxruntime also keeps still where CI is set
    ran = subprocess.run([*map(str, command)], capture_output=True, text=True, env=bare, timeout=60)
    assert ran.returncode == 0
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.stderr.splitlines()}
    assert "onnxruntime" in loaded
    assert not {"torch", "transformers", "sentence_transformers", "gradio", "chromadb", "llama_index"} & loaded
    assert [*tmp_path.iterdir()] == []  # where onnxruntime would keep what it reports to its makers


# show, search, terms, sources


def test_offsets_point_into_what_show_prints_in_every_format(every: Path) -> None:
    wanted = "Which kinds of work are given away most, KPO, BPO or research into markets and patents?"
    rows = json.loads(run_kpo("search", wanted, "-k", "100", "--json", "--data-dir", every).stdout)
    defined = json.loads(run_kpo("terms", "--json", "--data-dir", every).stdout)
    texts = {f"trade/{name}": run_kpo("show", f"trade/{name}", "--data-dir", every).stdout for name in SAMPLES}
    with Catalog(every).reading() as view:
        for document, text in texts.items():
            passages = view.passages_of(document)
            assert passages, document
            for passage in passages:
                assert text[passage.start : passage.end] == passage.text
                assert all(text[unit.start : unit.end] == passage.quote(unit) for unit in passage.units)
    for row in rows:
        assert texts[row["document"]][row["start"] : row["end"]] == row["text"]
    for entry in defined:
        for said in entry["definitions"]:
            assert texts[said["document"]][said["start"] : said["end"]] == said["text"]
    assert rows
    assert defined


def test_show_prints_the_text_and_as_json_what_is_known_of_the_document(every: Path) -> None:
    plain = run_kpo("show", "trade/trade.pdf", "--data-dir", every)
    known = json.loads(run_kpo("show", "trade/trade.pdf", "--json", "--data-dir", every).stdout)
    assert (plain.returncode, plain.stderr, known["text"]) == (0, "", plain.stdout)
    assert (known["id"], known["format"], known["pages"]) == ("trade/trade.pdf", "pdf", 3)
    assert {"title", "date", "digest", "summary", "tags", "sources"} < set(known)


def test_show_of_an_unknown_document_suggests_one(every: Path) -> None:
    ran = run_kpo("show", "trade/trad.pdf", "--data-dir", every)
    failed(ran, "there is no document 'trade/trad.pdf'", "did you mean 'trade/trade.pdf'?")
    ran = run_kpo("show", "trade/\udcff.pdf", "--data-dir", every)
    failed(ran, r"there is no document 'trade/\udcff.pdf'", "did you mean 'trade/")


def test_show_ends_quietly_when_its_reader_goes_away(shipped: Path) -> None:
    process = subprocess.Popen(
        [KPO, "show", "handbook/glossary.md", "--data-dir", shipped], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=outside()
    )
    assert process.stdout and process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 141


def test_search_ranks_passages_without_an_answer(every: Path) -> None:
    rows = json.loads(run_kpo("search", "knowledge process outsourcing", "-k", "3", "--json", "--data-dir", every).stdout)
    assert 1 <= len(rows) <= 3
    assert all(set(row) == {"document", "title", "page", "heading", "text", "start", "end", "score", "found_by"} for row in rows)
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)
    assert all(set(row["found_by"]) <= {"dense", "lexical", "terms"} and row["found_by"] for row in rows)
    plain = run_kpo("search", "knowledge process outsourcing", "-k", "1", "--data-dir", every)
    assert plain.stdout.startswith("1. ")
    assert rows[0]["text"].splitlines()[0] in plain.stdout
    nothing = run_kpo("search", "?!", "--data-dir", every)
    assert (nothing.returncode, nothing.stdout, nothing.stderr) == (0, "", "nothing found\n")


def test_terms_are_listed_and_searched(every: Path) -> None:
    names = [entry["name"] for entry in json.loads(run_kpo("terms", "--json", "--data-dir", every).stdout)]
    assert len(names) == len({name.lower() for name in names})
    (found,) = json.loads(run_kpo("terms", "kpo", "--json", "--data-dir", every).stdout)
    assert "KPO" in (found["name"], *found["abbreviations"])
    assert "\n  Term: BPO\n  Meaning: Business process outsourcing\n" in run_kpo("terms", "BPO", "--data-dir", every).stdout
    mended = run_kpo("terms", "knowlege process", "--data-dir", every)
    assert "nowledge process outsourcing" in mended.stdout and mended.stderr == "read 'knowlege' as 'knowledge'\n"
    missing = run_kpo("terms", "zebra", "--data-dir", every)
    assert (missing.returncode, missing.stdout) == (0, "")
    assert "no document defines 'zebra'" in missing.stderr


def test_sources_lists_folders_and_documents(every: Path) -> None:
    listed = json.loads(run_kpo("sources", "--json", "--data-dir", every).stdout)
    assert listed["sources"] == [{"name": "trade", "path": str(every.parent / "trade")}]
    assert [entry["id"] for entry in listed["documents"]] == sorted(f"trade/{name}" for name in SAMPLES)
    plain = run_kpo("sources", "--data-dir", every)
    assert (plain.returncode, plain.stderr) == (0, "")
    for name in SAMPLES:  # in a pipe every id stands on one line, however long
        assert f"trade/{name} " in plain.stdout


def test_status_tells_settings_index_and_models(every: Path) -> None:
    facts = json.loads(run_kpo("status", "--json", "--data-dir", every, KPO_PORT=4321).stdout)
    assert facts["version"] == VERSION
    told = {row["name"]: (row["value"], row["from"]) for row in facts["settings"]}
    assert set(told) == {variable for variable, _, _ in named()}
    assert told["KPO_DATA_DIR"] == (str(every), "--data-dir")
    assert told["KPO_PORT"] == ("4321", "environment")
    assert told["KPO_HOST"] == ("127.0.0.1", "default")
    assert facts["index"]["documents"] == len(SAMPLES)
    assert (facts["index"]["problems"], facts["index"]["chroma"]) == ("none", "up to date")
    assert [row["use"] for row in facts["models"]] == ["embedding", "reranking", "checking drafts"]
    assert all(len(row["sha256"]) == 64 for row in facts["models"])
    assert facts["index"]["terms"] == len(json.loads(run_kpo("terms", "--json", "--data-dir", every).stdout))
    plain = run_kpo("status", "--data-dir", every)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert "KPO_EMBEDDING_MODEL" in plain.stdout


def test_models_are_listed_with_source_licence_and_hash() -> None:
    rows = json.loads(run_kpo("models", "--json").stdout)
    assert [row["use"] for row in rows] == ["embedding", "reranking", "checking drafts"]
    assert all(row["source"] and row["licence"] and len(row["sha256"]) == 64 for row in rows)
    assert rows[0]["precision"] == "int8"


# ingest


def test_ingest_reports_each_file_and_exits_1_when_one_failed(tmp_path: Path) -> None:
    data, notes = tmp_path / "data", tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n\nKPO is work that needs judgement.\n")
    (notes / "[red]b.md").write_text("# B\n\nBPO follows rules.\n")
    (notes / "empty.md").write_text("")
    (notes / "broken.pdf").write_bytes(b"%PDF-1.4 no")
    (notes / "locked.pdf").write_bytes(pdf([["KPO"]], password="secret"))
    first = run_kpo("ingest", notes, "--no-shipped", "--json", "--data-dir", data)
    assert first.returncode == 1
    assert {id: status for id, (status, _) in reports(first).items()} == {
        "notes/a.md": "added", "notes/[red]b.md": "added", "notes/empty.md": "failed", "notes/broken.pdf": "failed",
        "notes/locked.pdf": "failed",
    }
    assert all(reason for status, reason in reports(first).values() if status == "failed")
    shown = run_kpo("ingest", "--data-dir", data)
    assert shown.returncode == 1
    assert shown.stdout.endswith("0 added, 0 replaced, 2 unchanged, 0 removed, 3 failed\n")
    for name in ("empty.md", "broken.pdf", "locked.pdf"):
        (notes / name).unlink()
    (notes / "a.md").write_text("# A\n\nKPO is work that needs much judgement.\n")
    (notes / "[red]b.md").rename(notes / "c.md")
    last = run_kpo("ingest", "--data-dir", data)
    assert last.returncode == 0
    assert "[red]b.md" in last.stdout
    assert last.stdout.endswith("1 added, 1 replaced, 0 unchanged, 1 removed, 0 failed\n")


def test_no_name_of_a_file_or_folder_drives_the_terminal(tmp_path: Path) -> None:
    data, notes = tmp_path / "data", tmp_path / "no\x1b[41mtes"
    notes.mkdir()
    (notes / "\x1b[42m\x9b2J\n.md").write_text("Zebra desk (ZD) is the desk that looks after zebras. It opens at nine.\n")
    (notes / "\x1b[43mbroken.pdf").write_bytes(b"%PDF-1.4 no")
    first = run_kpo("ingest", notes, "--no-shipped", "--data-dir", data, FORCE_COLOR=1, COLUMNS=200)  # as into a terminal
    assert first.returncode == 1
    printed = {
        " ".join(command): run_kpo(*command, "--data-dir", data).stdout
        for command in (["sources"], ["search", "zebra desk"], ["terms", "zebra desk"], ["ask", "What is the zebra desk?"])
    } | {"ingest": first.stdout, "progress": first.stderr}
    for command, text in printed.items():
        assert not any(code in text for code in ("\x1b[41m", "\x1b[42m", "\x1b[43m", "\x9b")), command
    for command in ("ingest", "sources", "search zebra desk", "terms zebra desk"):
        assert r"no\x1b[41mtes/\x1b[42m\x9b2J\n.md" in printed[command], command
    assert "zebras. [1]" in printed["ask What is the zebra desk?"]
    listed = json.loads(run_kpo("sources", "--json", "--data-dir", data).stdout)
    assert [entry["id"] for entry in listed["documents"]] == ["no\x1b[41mtes/\x1b[42m\x9b2J\n.md"]
    assert r"source no\x1b[41mtes and" in run_kpo("sources", "--remove", notes, "--data-dir", data).stderr


def test_ingest_of_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    ran = run_kpo("ingest", tmp_path / "none", "--data-dir", tmp_path / "data")
    failed(ran, f"there is no file or folder {tmp_path / 'none'}", "check the path")
    failed(run_kpo("ingest", tmp_path / "data", "--data-dir", tmp_path / "data"), "belongs to the index itself", "name a folder with documents")


@pytest.mark.parametrize("arguments", [["ingest", ""], ["ingest", ".", ""], ["sources", "--remove", ""], ["sources", "--data-dir", ""]], ids=" ".join)
def test_an_empty_path_is_not_the_folder_that_a_command_runs_in(arguments: list[str], tmp_path: Path) -> None:
    failed(run_kpo(*arguments, KPO_DATA_DIR=tmp_path / "data"), "a path is empty", "name a file or folder")
    assert not (tmp_path / "data").exists()


def test_ingest_into_a_folder_that_cannot_be_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = tmp_path / "data"
    (data / "ingest.lock").mkdir(parents=True)
    for folder in (tmp_path / "file", Path("/proc/none"), data):
        failed(run_kpo("ingest", "--data-dir", folder), f"the data folder {folder} cannot be used: ", "give this user the right to read and write there")


def test_the_shipped_documents_stay_out_once_they_were_left_out(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.md").write_text("# A\n\nKPO is work that needs judgement.\n")

    def names() -> list[str]:
        return [source["name"] for source in json.loads(run_kpo("sources", "--json", "--data-dir", tmp_path / "data").stdout)["sources"]]

    assert run_kpo("ingest", tmp_path / "notes", "--no-shipped", "--data-dir", tmp_path / "data").returncode == 0
    assert run_kpo("ingest", "--data-dir", tmp_path / "data").returncode == 0
    assert names() == ["notes"]


def two_sources(folder: Path) -> tuple[Path, Path]:
    """Ingest the folder `notes` and the file other.md beside it; return the data folder and the first source."""
    data, notes = folder / "data", folder / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# Zebras\n\nA zebra is a horse with stripes.\n")
    (folder / "other.md").write_text("# Bees\n\nA bee is an insect that makes honey.\n")
    assert run_kpo("ingest", notes, folder / "other.md", "--no-shipped", "--data-dir", data).returncode == 0
    return data, notes


def test_a_source_that_has_become_a_link_to_itself_is_a_failed_row_and_can_be_removed(tmp_path: Path) -> None:
    data, loop = two_sources(tmp_path)
    (loop / "a.md").unlink()
    loop.rmdir()
    loop.symlink_to(loop.name)
    assert "missing or not mounted" in run_kpo("ingest", "--data-dir", data).stdout
    removed = run_kpo("sources", "--remove", loop, "--json", "--data-dir", data)
    assert [source["path"] for source in json.loads(removed.stdout)["sources"]] == [str(tmp_path / "other.md")]


def test_a_source_is_removed_with_all_that_came_from_it(tmp_path: Path) -> None:
    data, notes = two_sources(tmp_path)
    failed(run_kpo("sources", "--remove", "~nobody/x", "--data-dir", data), "~nobody/x is not a source", "the sources are: ")
    removed = run_kpo("sources", "--remove", notes, "--json", "--data-dir", data)
    assert removed.returncode == 0
    assert "removed the source notes" in removed.stderr
    left = json.loads(removed.stdout)
    assert [source["path"] for source in left["sources"]] == [str(tmp_path / "other.md")]
    assert not any("zebra" in entry["id"] or entry["source"] == "notes" for entry in left["documents"])
    hits = json.loads(run_kpo("search", "a horse with stripes", "--json", "--data-dir", data).stdout)
    assert not any("zebra" in row["text"] for row in hits)
    assert notes.is_dir()


def test_a_data_folder_of_another_model_is_refused_with_the_command_that_rebuilds_it(every: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(every, data)
    with Catalog(data).writing() as edit:
        edit.set_meta("embedder", "another")
    for command in (["ask", "What is KPO?"], ["serve", "--port", free_port()]):
        failed(run_kpo(*command, "--data-dir", data), "built with another embedding model", f"run `kpo ingest --rebuild --data-dir {data}`")


# serve


def test_serve_says_where_and_holds_chroma_until_it_is_stopped(every: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(every, data)
    with serving(data, (KPO, "serve")) as served:
        assert served.printed() == f"KPO Assistant is at {served.url} (stop it with Ctrl+C)\n"
        with pytest.raises(Timeout):
            FileLock(data / "chroma.lock").acquire(timeout=0)
        assert not (data / "chroma.json").exists()
        status = json.loads(run_kpo("status", "--json", "--data-dir", data).stdout)
        assert status["index"]["chroma"] == "held by a running process"
        failed(
            run_kpo("serve", "--port", served.port, "--data-dir", data), f"cannot listen on 127.0.0.1:{served.port}",
            f"is it running already? Else choose another port: `kpo serve --port {served.port + 1} --data-dir {data}`",
        )
        assert served.stop() == 0
        assert "Traceback" not in served.printed()
    with FileLock(data / "chroma.lock").acquire(timeout=0):
        pass
    with Catalog(data).reading() as view:
        assert json.loads((data / "chroma.json").read_text())["generation"] == view.generation


def test_an_address_of_another_machine_is_an_error_with_a_remedy(every: Path) -> None:
    ran = run_kpo("serve", "--host", "192.0.2.1", "--data-dir", every)
    failed(ran, "cannot listen on 192.0.2.1:7860", "choose an address of this machine")


@pytest.mark.parametrize("loading", ["typer", "onnxruntime"])
def test_ctrl_c_while_libraries_load_ends_quietly(loading: str, every: Path, tmp_path: Path) -> None:
    (tmp_path / f"{loading}.py").write_text("import signal\n\nsignal.raise_signal(signal.SIGINT)\n")
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # tests that a shell runs in the background have it ignored
    command = [str(KPO), "ask", "What is KPO?", "--data-dir", str(every)]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    ran = subprocess.run(command, capture_output=True, text=True, env=outside(PYTHONPATH=path), timeout=90, preexec_fn=heeds)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_app_py_serves_finishes_a_build_that_was_killed_and_says_when_the_index_is_gone(tmp_path: Path) -> None:
    data, notes = tmp_path / "data", tmp_path / "notes"
    notes.mkdir()
    (notes / "a.md").write_text("# A\n\nKPO is work that needs judgement.\n")
    with Catalog(data).writing() as edit:  # a first ingestion killed before it had read anything
        edit.set_meta("shipped", "no")
        edit.add_source(Source("notes", notes))
    with serving(data, (sys.executable, HOUSE / "app.py")) as served:
        assert served.printed().startswith("Building the index")
        assert httpx.get(f"{served.url}/health").json()["documents"] == 1
        for file in data.glob("catalog.sqlite*"):
            file.unlink()
        gone = httpx.get(f"{served.url}/health")
        assert gone.status_code == 503
        assert (gone.json()["status"], gone.json()["remedy"]) == ("unavailable", "run `kpo ingest`")
        served.process.send_signal(2)  # Ctrl+C
        wait_until(lambda: served.process.poll() is not None, 30)
        assert served.process.poll() == 0
        assert "Traceback" not in served.printed()


# no network


def without_network() -> list[str]:
    """The beginning of a command that runs the rest in a network namespace of its own. Skips the test where that is not permitted."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no `unshare` here")
    prefix = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-r", "-n"]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True)
    if tried.returncode:
        pytest.skip(f"`unshare -n` is not permitted: {tried.stderr.strip()}")
    return prefix


LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
with socket.socket() as any:
    fcntl.ioctl(any, 0x8914, struct.pack("16sh", b"lo", 1 | 64))  # SIOCSIFFLAGS: up and running
try:
    socket.create_connection(("192.0.2.1", 80), timeout=1)
except OSError:
    os.execv(sys.argv[1], sys.argv[1:])
sys.exit("the network is still there")
"""


@pytest.fixture
def alone() -> Callable[..., tuple[object, ...]]:
    """Makes a command run with no network but loopback."""
    prefix = without_network()
    return lambda *command: (*prefix, sys.executable, "-c", LOOPBACK_UP, *command)


def test_ingest_and_ask_need_no_network(alone: Callable[..., tuple[object, ...]], tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# A\n\nKnowledge process outsourcing (KPO) is work that needs judgement, done by another firm.\n")
    data = tmp_path / "data"
    for command in ([KPO, "ingest", tmp_path / "a.md", "--no-shipped"], [KPO, "models"], [KPO, "ask", "What is KPO?"]):
        ran = subprocess.run([*map(str, alone(*command, "--data-dir", data))], capture_output=True, text=True, env=outside(), timeout=90)
        assert ran.returncode == 0, ran.stderr
    assert "[1]" in ran.stdout


def test_serve_needs_no_network(alone: Callable[..., tuple[object, ...]], every: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(HOUSE / "tests")!r})
from pathlib import Path
from conftest import KPO, serving
with serving(Path({str(every)!r}), (KPO, "serve")) as served:
    print(served.printed())
"""
    ran = subprocess.run([*map(str, alone(sys.executable, "-c", code))], capture_output=True, text=True, env=outside(), timeout=90)
    assert ran.returncode == 0, ran.stderr
    assert "KPO Assistant is at http://127.0.0.1:" in ran.stdout
