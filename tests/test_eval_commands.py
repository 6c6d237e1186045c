"""`kpo eval` as people type it: the real console command over a small data folder."""

import json
import re
import signal
import subprocess
import xml.etree.ElementTree as ElementTree
from functools import partial
from pathlib import Path

import pytest

from conftest import KPO, outside, run_kpo
from corpus.errors import EvalError
from evals import inbox
from evals.cases import Case, CaseSet, Place, dump, load
from evals.records import Records
from evals.session import number, write
from evals.starter import save_new
from evals.terminal import counted

NOTES = """\
# Tea

Tea is a drink that is made of leaves. Tea was carried to Europe by ships of the East India Company.

## Kinds of tea

The main kinds of tea are:

- **Green tea:** its leaves are heated soon after the harvest.
- **Black tea:** its leaves are left to oxidise.
- **White tea:** its leaves are young buds.

## Prices

| Tea | Price |
| --- | --- |
| Green tea | 40 pounds a kilogram |
| Black tea | 25 pounds a kilogram |
"""
SET = """\
name: tea
cases:
  - id: what-is-tea
    question: What is tea?
    tags: [definition]
    must_say: [leaves]
    must_cite: [notes/tea.md]
  - id: europe
    question: How did tea come to Europe?
    tags: [fact]
    must_say: [a camel]
    must_cite: [notes/tea.md]
  - id: greeting
    question: Hello!
    tags: [talk]
    expect: conversation
  - id: gone
    question: What is coffee?
    tags: [fact]
    must_cite: [notes/coffee.md]
  - id: mongolia
    question: What is the capital of Mongolia?
    tags: [refusal]
    expect: refusal
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one document."""
    folder = tmp_path_factory.mktemp("tea")
    (folder / "notes").mkdir()
    (folder / "notes" / "tea.md").write_text(NOTES, encoding="utf-8")
    ran = run_kpo("ingest", folder / "notes", "--no-shipped", "--data-dir", folder / "data")
    assert ran.returncode == 0, ran.stderr
    return folder / "data"


@pytest.fixture
def tea(tmp_path: Path) -> Path:
    path = tmp_path / "tea.yaml"
    path.write_text(SET, encoding="utf-8")
    return path


def test_all_files_are_checked_at_once_and_a_mistake_is_exit_code_2(tmp_path: Path, data: Path, tea: Path) -> None:
    broken = tmp_path / "broken.csv"
    broken.write_text("id,question\ntwo words,What?\n,Nameless?\n", encoding="utf-8")
    worse = tmp_path / "worse.txt"
    doubled = tmp_path / "doubled.yaml"
    doubled.write_text("cases:\n - {id: a, question: What, question: Who}\n - {id: b, question: Why}\n", encoding="utf-8")
    ran = run_kpo("eval", "check", worse, broken, doubled, tea, "--data-dir", data)
    assert ran.returncode == 2
    assert f"{doubled}: 1 valid case; 1 mistake\n" in ran.stdout
    assert f"{broken}:2: two words: " in ran.stdout
    assert f"{broken}:3: case without an id: " in ran.stdout
    assert f"{tea}: gone: stale" in ran.stdout
    assert f"{tea}: 5 valid cases; 1 stale, 1 doubt\n" in ran.stdout
    assert "europe: no document that may be cited says 'a camel'" in ran.stdout
    assert "worse.txt cannot be read" in ran.stdout
    assert "Traceback" not in ran.stderr
    alone = run_kpo("eval", "check", tea, "--json", "--data-dir", tmp_path / "none")
    assert alone.returncode == 0
    assert json.loads(alone.stdout)[0] | {"digest": ""} == {
        "file": str(tea), "name": "tea", "digest": "", "cases": 5, "mistakes": [], "stale": [], "doubts": []
    }
    assert "No index yet" in alone.stderr


def test_sets_are_begun_converted_and_never_written_over(tmp_path: Path) -> None:
    started = tmp_path / "mine.csv"
    assert run_kpo("eval", "new", started).returncode == 0
    assert run_kpo("eval", "convert", started, tmp_path / "mine.yaml").returncode == 0
    assert run_kpo("eval", "convert", tmp_path / "mine.yaml", tmp_path / "mine.jsonl").returncode == 0
    assert load(started).cases == load(tmp_path / "mine.yaml").cases == load(tmp_path / "mine.jsonl").cases
    for command in (["new", started], ["convert", tmp_path / "mine.yaml", started], ["convert", started, tmp_path / "mine.txt"]):
        ran = run_kpo("eval", *command)
        assert ran.returncode == 2
        assert "To mend it:" in ran.stderr


def test_cases_are_drafted_from_a_document(tmp_path: Path, data: Path) -> None:
    ran = run_kpo("eval", "draft", "--from", "notes/tea.md", "-o", tmp_path / "draft.yaml", "--data-dir", data)
    assert ran.returncode == 0, ran.stderr
    cases = {case.question: case for case in load(tmp_path / "draft.yaml").cases}
    assert cases["What are the main kinds of tea?"].must_say == ("Green tea", "Black tea", "White tea")
    assert cases["What is the price of green tea?"].must_say == ("40 pounds a kilogram",)
    assert all(case.must_cite[0].document == "notes/tea.md" for case in cases.values())
    checked = run_kpo("eval", "check", tmp_path / "draft.yaml", "--json", "--data-dir", data)
    assert json.loads(checked.stdout)[0]["doubts"] == []
    assert run_kpo("eval", "draft", "--from", "notes/coffee.md", "--data-dir", data).returncode == 2


def test_a_set_is_run_blessed_gated_compared_and_remembered(tmp_path: Path, data: Path, tea: Path) -> None:
    reports = {name: tmp_path / f"report.{name}" for name in ("html", "junit", "markdown", "json")}
    written = [argument for name, path in reports.items() for argument in (f"--{name}", path)]
    blessed = ["--baselines", tmp_path / "baselines"]
    first = run_kpo("eval", "run", tea, *written, "--data-dir", data)
    assert first.returncode == 0, first.stderr  # failed cases trip no gate
    assert re.search(r"tea: \d of 5 passed \(\d+\.0%\)  run 1\n", first.stdout)
    assert "not indexed" in first.stdout
    assert "the index has none of notes/coffee.md" in first.stdout
    assert "gone" in first.stderr  # as it came
    assert re.search(r"answered +refused\n +answerable +\d +\d\n +unanswerable +\d +\d\n", first.stdout)
    found = json.loads(reports["json"].read_text(encoding="utf-8"))
    assert [outcome["case"] for outcome in found["outcomes"]] == ["what-is-tea", "europe", "greeting", "gone", "mongolia"]
    assert found["outcomes"][3]["stale"]
    assert len(ElementTree.fromstring(reports["junit"].read_bytes()).findall(".//testcase")) == 5
    assert "What is coffee?" in reports["html"].read_text(encoding="utf-8")
    assert reports["markdown"].read_text(encoding="utf-8").startswith("## tea")

    missing = run_kpo("eval", "run", tea, "--against", "baseline", *blessed, "--data-dir", data)
    assert (missing.returncode, "has no baseline" in missing.stderr) == (2, True)
    assert run_kpo("eval", "bless", *blessed, "--data-dir", data).returncode == 0
    assert (tmp_path / "baselines" / "tea.yaml").is_file()
    gated = run_kpo("eval", "run", tea, "--against", "baseline", *blessed, "--fail-on", "regression", "--min", "pass_rate=0.2", "--data-dir", data)
    assert gated.returncode == 0, gated.stderr
    assert "too few cases to tell" in gated.stdout
    assert "Warning: too few cases to tell" in gated.stderr
    part = run_kpo("eval", "run", tea, "--tag", "talk", "--against", "1", "--min", "pass_rate=1.5", "--data-dir", data)
    assert part.returncode == 1
    assert "Gate: pass_rate is 1, below the least allowed, 1.5" in part.stderr

    compared = run_kpo("eval", "compare", "1", "2", "--json", "--data-dir", data)
    assert compared.returncode == 0
    assert json.loads(compared.stdout)["fell"] == []
    tea.write_text(SET.replace("a camel", "a ship"), encoding="utf-8")
    changed = run_kpo("eval", "run", tea, "--against", "baseline", *blessed, "--data-dir", data)
    assert (changed.returncode, "is of another set" in changed.stderr) == (2, True)
    history = run_kpo("eval", "history", "--html", tmp_path / "history.html", "--json", "--data-dir", data)
    assert [(row["run"], row["chosen"].partition(" (")[0]) for row in json.loads(history.stdout)] == [(1, "all"), (2, "all"), (3, "1 of 5")]
    assert "tea" in (tmp_path / "history.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere.yaml"], "there is no question set nowhere.yaml"),
        (["run", "TEA", "--tag", "colour"], "the tags are: definition, fact, refusal, talk"),
        (["run", "TEA", "--min", "pass_rate"], "is no limit"),
        (["run", "TEA", "--min", "pass_rate=nan"], "is no limit"),
        (["run", "TEA", "--html", "/"], "/ is a folder"),
        (["run", "TEA", "--max", "colour=1"], "there is no metric 'colour'"),
        (["run", "TEA", "--fail-on", "regression"], "nothing to find a regression against"),
        (["run", "TEA", "--against", "99"], "there is no run 99"),
        (["run", "TEA", "--against", "yesterday"], "is not the number of a run"),
        (["bless", "99"], "there is no run 99"),
        (["compare", "98", "99"], "there is no run 99"),
        (["run", "TEA", "--markdown", "TEA"], "tea.yaml has the name of a question set"),
        (["run", "TEA", "--junit", "no-such.CSV"], "no-such.CSV has the name of a question set"),
        (["run", "TEA", "--json", "no-such/../r.x", "--html", "r.x"], "two reports would be written to no-such/../r.x"),
        (["compare", "1", "2", "--html", "TEA"], "tea.yaml has the name of a question set"),
        (["history", "--html", "TEA"], "tea.yaml has the name of a question set"),
        (["inbox", "--dismiss", "99"], "there is no open feedback 99"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_asked(tmp_path: Path, tea: Path, arguments: list[str], said: str) -> None:
    ran = run_kpo("eval", *(str(tea) if argument == "TEA" else argument for argument in arguments), "--data-dir", tmp_path / "empty")
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not re.search(r"`kpo eval (history|inbox)`", ran.stderr)  # it would list what is in the default folder
    assert tea.read_text(encoding="utf-8") == SET


def test_a_run_that_is_interrupted_says_how_to_go_on_and_goes_on(tmp_path: Path, data: Path) -> None:
    path = tmp_path / "many.yaml"
    cases = [Case(id="first", question="Hello!", expect="answer")]  # fails at once, and is told at once
    cases += [Case(id=f"tea-{n}", question=f"What is the price of tea number {n}?") for n in range(60)]
    path.write_text(dump(CaseSet("many", "", tuple(cases)), ".yaml"), encoding="utf-8")
    command = [KPO, "eval", "run", path, "--data-dir", data]
    heeds = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # tests that a shell runs in the background have it ignored
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=outside(), preexec_fn=heeds) as process:
        assert process.stderr is not None
        assert "first" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == 130
    assert "the same command takes the run up again" in said
    assert "Traceback" not in said
    again = run_kpo("eval", "run", path, "--data-dir", data)
    assert again.returncode == 0
    assert re.search(r"taking up run \d+ of many again: \d+ of 61 cases are done", again.stderr)
    assert "of 61 passed" in again.stdout


# ---- The inbox


def test_feedback_becomes_a_case_by_command(tmp_path: Path) -> None:
    records, into = Records(tmp_path), tmp_path / "use.yaml"
    records.receive("What is oolong?", verdict="refused", after=["What is tea?"])
    records.receive("Who sells tea?", verdict="answered", thumb="down", reason="wrong", words="It is Mr Tee", citations=["notes/tea.md"])
    records.receive("What is tea?", verdict="answered", thumb="up", citations=["notes/tea.md", "notes/tea.md"])
    listed = run_kpo("eval", "inbox", "--data-dir", tmp_path)
    assert [line[:2] for line in listed.stdout.splitlines() if not line.startswith(" ")] == ["1:", "2:", "3:"]
    accepted = run_kpo(
        "eval", "inbox", "--accept", "2", "--into", into, "--expect", "refusal", "--must-say", "Mr Tee | Mrs Tee", "--must-say", "/T.e/", "--data-dir", tmp_path
    )
    assert accepted.returncode == 0, accepted.stderr
    (case,) = load(into).cases
    assert (case.id, case.expect, case.must_say, case.must_cite) == ("who-sells-tea", "refusal", (("Mr Tee", "Mrs Tee"), "/T.e/"), ())
    assert "It is Mr Tee" in case.notes and "notes/tea.md" in case.notes
    assert run_kpo("eval", "inbox", "--dismiss", "3", "--data-dir", tmp_path).returncode == 0
    assert [one.id for one in records.inbox()] == [1]
    assert run_kpo("eval", "inbox", "--accept", "2", "--into", into, "--data-dir", tmp_path).returncode == 2
    assert run_kpo("eval", "inbox", "--accept", "1", "--data-dir", tmp_path).returncode == 2


def feedback(records: Records, question: str = "What is tea?", **fields: object) -> int:
    return records.receive(question, **fields)  # type: ignore[arg-type]


def test_what_is_known_is_filled_in(tmp_path: Path) -> None:
    records = Records(tmp_path)
    feedback(records, verdict="answered", thumb="up", citations=["notes/tea.md"])
    feedback(records, verdict="refused", thumb="up")
    feedback(records, verdict="refused", after=["Hello!"])
    feedback(records, verdict="answered", thumb="down", citations=["notes/tea.md"])
    cases = [inbox.as_case(one) for one in records.inbox()]
    assert [case.expect for case in cases] == ["answer", "refusal", "answer", "answer"]
    assert [case.must_cite for case in cases] == [(Place(document="notes/tea.md"),), (), (), ()]
    assert cases[2].after == ("Hello!",)


LAYOUTS = {
    "set.yaml": "# about tea\nname: tea\ncases:\n    # the first\n    - id: old   # kept\n      question: What is old?",
    "flat.yaml": "cases:\n- id: old\n  question: What is old?\n",
    "empty.yaml": "name: tea\ncases: []\n",
    "set.csv": "notes;question;id;after;expect;tags;must_say\n;What is old?;old;;;;\n",
    "set.jsonl": '{"id": "old", "question": "What is old?"}',
}


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "empty.yaml"])
def test_a_case_is_added_and_nothing_else_is_touched(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(LAYOUTS[name], encoding="utf-8")
    before = load(path).cases
    case = Case(id="new", question="What; is\nnew?", after=("What is old?",), must_say=("a ; b", ("c", "d")), tags=("x",))
    inbox.append(path, case)
    assert load(path).cases == (*before, case)
    assert path.read_text(encoding="utf-8").startswith(LAYOUTS[name])
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_case_for_a_place_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(EvalError, match="cannot be written"):
        inbox.append(tmp_path / "file.txt" / "set.yaml", Case(id="new", question="What is new?"))


@pytest.mark.parametrize("name", [name for name in LAYOUTS if name != "empty.yaml"])
def test_a_file_from_windows_keeps_its_bytes_and_its_line_ends(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    stands = b"\xef\xbb\xbf" + LAYOUTS[name].replace("\n", "\r\n").encode() + b"\r\n"
    path.write_bytes(stands)
    linked = tmp_path / f"link-{name}"
    linked.symlink_to(path)
    case = Case(id="new", question="What is new?", tags=("x",))
    inbox.append(linked, case)
    assert linked.is_symlink()
    assert path.read_bytes().startswith(stands)
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert load(path).cases[-1] == case


@pytest.mark.parametrize("phrase", ["/(/", " "])
def test_a_phrase_that_cannot_be_is_an_error_with_a_remedy(tmp_path: Path, phrase: str) -> None:
    records = Records(tmp_path)
    feedback(records)
    with pytest.raises(EvalError, match="no case can be made"):
        inbox.accept(records, 1, tmp_path / "set.jsonl", must_say=[phrase])


def test_a_number_that_no_row_can_have_is_an_error(tmp_path: Path) -> None:
    records = Records(tmp_path)
    for ask in (lambda: records.run(10**30), lambda: records.settle(10**30, "dismissed"), lambda: number("²")):
        with pytest.raises(EvalError):
            ask()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "h.html", tmp_path):
        with pytest.raises(EvalError, match="cannot be written"):
            write(path, "text")
    with pytest.raises(EvalError, match="cannot be written"):
        save_new(tmp_path / "file" / "new.yaml", "text")


def test_a_layout_that_nothing_can_be_added_to_is_left_alone(tmp_path: Path) -> None:
    records = Records(tmp_path / "data")
    feedback(records)
    for name, text in {"empty.yaml": LAYOUTS["empty.yaml"], "broken.yaml": "cases:\n - id: a b\n", "flow.yaml": "cases: [{id: a, question: b}]\n"}.items():
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        with pytest.raises(EvalError):
            inbox.accept(records, 1, path)
        assert path.read_text(encoding="utf-8") == text
    with pytest.raises(EvalError):
        inbox.accept(records, 1, tmp_path / "set.txt")
    assert [one.id for one in records.inbox()] == [1]


def test_a_question_is_not_put_into_a_set_twice(tmp_path: Path) -> None:
    records = Records(tmp_path)
    feedback(records)
    feedback(records, "what is tea?")
    path = tmp_path / "set.jsonl"
    assert inbox.accept(records, 1, path).id == "what-is-tea"
    with pytest.raises(EvalError, match="asks this already, in the case what-is-tea"):
        inbox.accept(records, 2, path)


def test_a_long_command_shows_how_far_it_is_and_says_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert list(counted(["a", "b", "c"], "practice")) == ["a", "b", "c"]
    shown = capsys.readouterr()
    assert "practice" in shown.err and "3/3" in shown.err and not shown.out
    monkeypatch.setenv("TTY_COMPATIBLE", "0")
    assert list(counted(["a"], "practice")) == ["a"]
    assert capsys.readouterr() == ("", "")
