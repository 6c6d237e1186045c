"""Question sets: the same cases in YAML, CSV and JSONL, every mistake at once with file, line and id, and what the index has to say of them."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.cut import cut
from corpus.document import Document
from corpus.errors import EvalError
from corpus.readers.markdown import read_markdown
from corpus.terms import harvest
from evals.cases import ENDINGS, FIELDS, Case, CaseSet, Place, checked, doubts, dump, load, merged, read, stale
from evals.cases import SETS as SHIPPED_SETS
from evals.draft import draft, slug
from evals.metrics import says
from evals.run import planned
from evals.session import sets_named
from evals.starter import write
from fakes import FakeEmbedder, put
from index.catalog import Catalog
from samples import markdown_sample

# Any text that a file can hold; signs that formats give a meaning to come often.
TEXT = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("\n\r\t ;|,\"'[]{}>@/#:-\\\u2028\x85")), min_size=1, max_size=40)
WORDS = TEXT.map(str.strip).filter(bool)
PLAIN = WORDS.filter(lambda text: not (text.startswith("/") and text.endswith("/")))
PHRASES = st.lists(st.one_of(PLAIN, st.lists(PLAIN, min_size=1, max_size=3).map(tuple), st.just("/4[08] ?%/")), max_size=3).map(tuple)
PLACES = st.lists(
    st.builds(Place, document=WORDS, heading=st.none() | WORDS, page=st.none() | st.integers(1, 999)), max_size=3
).map(tuple)
CASES = st.builds(
    Case, id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True), question=WORDS, after=st.lists(WORDS, max_size=3).map(tuple),
    tags=st.lists(WORDS, max_size=3).map(tuple), expect=st.sampled_from(["answer", "refusal", "conversation"]), must_say=PHRASES, must_not_say=PHRASES,
    must_cite=PLACES, reference=st.none() | WORDS, protected=st.booleans(), notes=st.just("") | WORDS,
)
SETS = st.lists(CASES, min_size=1, max_size=4, unique_by=lambda case: case.id)


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def reasons(path: Path) -> list[str]:
    return [str(mistake).removeprefix(f"{path}:") for mistake in read(path)[1]]


@pytest.mark.parametrize("ending", [".yaml", ".csv", ".jsonl"])
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases=SETS)
def test_what_is_written_is_read_back(tmp_path: Path, ending: str, cases: Sequence[Case]) -> None:
    found = CaseSet("numbers", "", tuple(cases))
    assert load(saved(tmp_path, f"numbers{ending}", dump(found, ending))) == found


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases=SETS)
def test_the_digest_is_the_same_in_every_format_and_order(tmp_path: Path, cases: Sequence[Case]) -> None:
    found = CaseSet("numbers", "", tuple(cases))
    turned = CaseSet("other", "with a description", tuple(reversed(cases)))
    digests = {load(saved(tmp_path, f"numbers{ending}", dump(one, ending))).digest for one in (found, turned) for ending in (".yaml", ".csv", ".jsonl")}
    assert digests == {found.digest}


@given(case=CASES)
def test_the_digest_changes_with_what_can_change_an_outcome_and_not_with_notes(case: Case) -> None:
    def digest(**changes: object) -> str:
        return CaseSet("", "", (case.model_copy(update=changes),)).digest

    assert digest() == digest(notes="looked at again")
    assert digest() != digest(question=case.question + " now")
    assert digest() != digest(protected=not case.protected)
    assert digest() != digest(must_say=(*case.must_say, "more"))


YAML = """\
name: broken
cases:
  - id: fine
    question: What is KPO?
  - id: two words
    question: What is KPO?
  - question: Who is nameless?
  - id: colours
    question: What is KPO?
    expect: green
    colour: red
  - id: fine
    question: Is it there twice?
  - just text
  - id: regex
    question: What is KPO?
    must_say: ["/(/"]
  - id: nothing
    question: What is KPO?
    must_say: [""]
  - id: double
    question: What is KPO?
    question: What is BPO?
colour: red
"""


def test_every_mistake_of_a_yaml_file_is_told_at_once_with_its_line_and_case(tmp_path: Path) -> None:
    path = saved(tmp_path, "broken.yaml", YAML)
    found, mistakes = read(path)
    assert [case.id for case in found.cases] == ["fine"]
    told = {(mistake.line, mistake.case): mistake.reason for mistake in mistakes}
    assert {(line, case) for line, case in told} == {
        (5, "two words"), (7, ""), (8, "colours"), (12, "fine"), (14, ""), (15, "regex"), (18, "nothing"), (21, "double"), (24, "")
    }
    assert len([mistake for mistake in mistakes if mistake.case == "colours"]) == 2
    assert "another case has this id" in told[12, "fine"]
    assert "not a valid regular expression" in told[15, "regex"]
    assert "'question' is there twice" in told[21, "double"]
    with pytest.raises(EvalError) as raised:
        load(path)
    assert all(str(mistake) in raised.value.message for mistake in mistakes)
    assert f"{path}:5: two words" in raised.value.message


def test_a_merge_may_override_and_what_is_typed_twice_is_still_a_mistake(tmp_path: Path) -> None:
    text = 'cases:\n - &a {id: a, question: "What is KPO?", tags: [x]}\n - {<<: *a, id: b}\n'
    assert [(case.id, case.question, case.tags) for case in load(saved(tmp_path, "m.yaml", text)).cases] == [
        ("a", "What is KPO?", ("x",)), ("b", "What is KPO?", ("x",))
    ]
    assert reasons(saved(tmp_path, "m.yaml", text + " - {<<: *a, id: c, id: d}\n")) == ["4: d: the field 'id' is there twice"]


def test_every_mistake_of_a_csv_file_is_told_at_once_though_cells_span_lines(tmp_path: Path) -> None:
    text = (
        'id,question,must_say,expect,protected\nfine,What is KPO?,"judgement\noutside",,yes\n'
        ',Nameless?,,,\n\nodd,What?,,green,\nmore,a,b,c,d,e\nperhaps,What?,,,maybe\n'
    )
    path = saved(tmp_path, "broken.csv", text)
    found, mistakes = read(path)
    assert [(case.id, case.must_say, case.protected) for case in found.cases] == [("fine", ("judgement", "outside"), True)]
    assert [(mistake.line, mistake.case) for mistake in mistakes] == [(4, ""), (6, "odd"), (7, ""), (8, "perhaps")]
    assert "6 cells under 5 columns" in mistakes[2].reason


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("id,question,colour\nfine,What?,red\ntwo words,What?,\n,Nameless?,\n", "has the columns id, question, colour; the", "case without an id: "),
        ('id,question\nfine,What?\ntwo words,What?\n,Nameless?\nopen,"What?\n', ":3: two words: ", "broken.csv:5 is not valid CSV: unexpected end of data"),
    ],
    ids=["column", "quote"],
)
def test_what_is_wrong_with_a_whole_csv_file_hides_no_mistake_of_its_rows(tmp_path: Path, text: str, first: str, last: str) -> None:
    path = saved(tmp_path, "broken.csv", text)
    found, told = checked(path)
    assert [case.id for case in found.cases] == ["fine"]
    assert len(told) == 3 and any(f"{path}:3: two words: " in said for said in told) and any(f"{path}:4: case without an id: " in said for said in told)
    assert first in told[0] and last in told[2]
    for give_up in (read, load):
        with pytest.raises(EvalError, match="has the columns|is not valid CSV"):
            give_up(path)


def test_a_quote_that_is_not_closed_in_the_first_line_is_told_as_that(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="is not valid CSV"):
        read(saved(tmp_path, "broken.csv", 'id,"question\n'))


def test_a_case_with_a_doubled_field_is_not_valid_and_its_id_is_taken(tmp_path: Path) -> None:
    text = "cases:\n - {id: a, id: a, question: What}\n - {id: a, question: Who}\n - {id: b, question: Why, question: How, colour: red}\n"
    found, told = checked(saved(tmp_path, "n.yaml", text))
    assert [case.question for case in found.cases] == ["Who"]
    assert [said.partition("n.yaml:")[2].partition(";")[0] for said in told] == [
        "2: a: the field 'id' is there twice", "3: a: another case has this id", "4: b: there is no field 'colour'", "4: b: the field 'question' is there twice"
    ]


def test_every_mistake_of_a_jsonl_file_is_told_at_once(tmp_path: Path) -> None:
    rows = ['{"id": "fine", "question": "What is KPO?"}', "{", "", "[]", '{"id": "no-question"}', "[" * 100_000]
    found, mistakes = read(saved(tmp_path, "broken.jsonl", "\n".join(rows)))
    assert [case.id for case in found.cases] == ["fine"]
    assert [(mistake.line, mistake.case) for mistake in mistakes] == [(2, ""), (4, ""), (5, "no-question"), (6, "")]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "", "has no list of cases"), ("a.yaml", "cases: {}", "has no list of cases"), ("a.yaml", "cases: [", "not valid YAML at line"),
        ("a.yaml", "cases: [!!python/object:os.system {}]", "not valid YAML"), ("a.csv", "", "has the columns none"),
        ("a.csv", "id,question,colour\n", "has the columns id, question, colour"), ("a.csv", "question\n", "has the columns question"),
        ("a.csv", "id,question,id\n", "has the columns"),
        ("a.csv", 'id,question,notes\na,What is KPO?,\nb,"What is BPO?,\nc,What is LPO?,\n', "a.csv:3 is not valid CSV: unexpected end of data"),
        ("a.csv", 'id,question,notes\na,"What is BPO?,\nb,"What is LPO?",\n', "a.csv:2 is not valid CSV: ',' expected after"),
        ("a.txt", "x", "is not a question set"),
    ],
)
def test_a_file_that_is_no_set_is_refused_with_a_remedy(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(EvalError) as raised:
        read(saved(tmp_path, name, text))
    assert said in raised.value.message
    assert raised.value.remedy


def test_a_file_that_is_no_utf8_or_is_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes("id,question\na,Wie heißt es?".encode("latin-1"))
    for name in ("latin.csv", "missing.yaml"):
        with pytest.raises(EvalError, match="cannot be read"):
            read(tmp_path / name)


def test_a_set_without_cases_is_a_mistake(tmp_path: Path) -> None:
    assert reasons(saved(tmp_path, "empty.csv", "id,question\n")) == ["1: the set: has no cases"]


def test_spreadsheets_of_every_make_are_read(tmp_path: Path) -> None:
    text = '\ufeffID;Question;must_say;must_cite\r\nkpo;What is KPO?;"judgement ; outside | outsourced";notes/a.md > Costs @ 3\r\n'
    (case,) = load(saved(tmp_path, "sheet.csv", text)).cases
    assert case.must_say == ("judgement", ("outside", "outsourced"))
    assert case.must_cite == (Place(document="notes/a.md", heading="Costs", page=3),)


def test_a_long_cell_is_read_as_it_was_written(tmp_path: Path) -> None:
    found = CaseSet("long", "", (Case(id="a", question="What is KPO?", reference="word " * 40_000 + "end"),))
    assert load(saved(tmp_path, "long.csv", dump(found, ".csv"))) == found


def test_numbers_that_must_be_said_are_text(tmp_path: Path) -> None:
    (case,) = load(saved(tmp_path, "n.yaml", "cases:\n - {id: n, question: How many are there, must_say: [48, [1.5, two]]}\n")).cases
    assert case.must_say == ("48", ("1.5", "two"))


def test_phrases_of_yaml_stay_as_they_are_typed(tmp_path: Path) -> None:
    text = "cases:\n - {id: n, question: yes, protected: yes, must_say: [no, 12:30, 1_000, 010, 1.10, 2026-11-26], must_cite: [{document: a.md, page: 3}]}\n"
    (case,) = load(saved(tmp_path, "n.yaml", text)).cases
    assert (case.question, case.protected, case.must_cite[0].page) == ("yes", True, 3)
    assert case.must_say == ("no", "12:30", "1_000", "010", "1.10", "2026-11-26")


@pytest.mark.parametrize("row", ["must_say: [~]", "must_say: [[a, null]]", "must_not_say: [~]"])
def test_a_phrase_that_is_no_text_is_a_mistake(tmp_path: Path, row: str) -> None:
    _, mistakes = read(saved(tmp_path, "n.yaml", f"cases:\n - {{id: n, question: How many, {row}}}\n"))
    assert len(mistakes) == 1
    _, mistakes = read(saved(tmp_path, "n.jsonl", '{"id": "n", "question": "How?", "must_say": [true]}'))
    assert len(mistakes) == 1


@pytest.mark.parametrize("field", ["must_say", "must_not_say", "must_cite", "tags", "after"])
def test_a_text_where_a_list_is_wanted_says_so(tmp_path: Path, field: str) -> None:
    (said,) = reasons(saved(tmp_path, "n.yaml", f"cases:\n - {{id: n, question: How many, {field}: judgement}}\n"))
    assert said == f"2: n: {field}: write a list, in brackets or with a line and a dash for each entry (it is 'judgement')"


def test_a_long_question_is_not_told_whole(tmp_path: Path) -> None:
    (said,) = reasons(saved(tmp_path, "n.yaml", f"cases:\n - {{id: n, question: {'why ' * 3000}}}\n"))
    assert "at most 2000 characters" in said and len(said) < 200


def test_a_mistake_can_be_printed_whatever_the_file_holds(tmp_path: Path) -> None:
    _, (mistake,) = read(saved(tmp_path, "n.jsonl", '{"id": "\\ud800", "question": "How?"}'))
    assert str(mistake).encode()


def test_merged_sets_name_their_cases_after_the_set() -> None:
    one, two = (CaseSet(name, "", (Case(id="a", question="What?", tags=("x",)),)) for name in ("one", "two"))
    assert [(case.id, case.tags) for case in merged([one, two]).cases] == [("one.a", ("x", "one")), ("two.a", ("x", "two"))]
    assert merged([one]) is one
    with pytest.raises(EvalError):
        merged([one, one])


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_starter_set_is_valid_and_never_written_over(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"no{ending}"  # a name that YAML would take for a boolean
    write(path)
    found = load(path)
    assert found.name == "no"
    assert {case.expect for case in found.cases} == {"answer", "refusal"}
    assert found.digest == load_starter(tmp_path).digest
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(EvalError, match="is there already"):
        write(path)
    assert path.read_text(encoding="utf-8") == "mine"


def load_starter(folder: Path) -> CaseSet:
    path = folder / "other.jsonl"
    path.unlink(missing_ok=True)
    write(path)
    return load(path)


def test_the_starter_explains_every_field(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml")
    text = (tmp_path / "a.yaml").read_text(encoding="utf-8")
    assert [name for name in FIELDS if name not in text] == []


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "data")
    put(catalog, "notes/costs.md", "# Costs", "Research costs 40 pounds an hour.", "# Risks", "Staff may leave.")
    return catalog


def test_a_case_is_stale_when_every_document_it_may_cite_is_gone() -> None:
    case = Case.model_validate({"id": "a", "question": "What?", "must_cite": ["notes/a.md", "notes/b.md"]})
    assert not stale(case, ["notes/b.md"])
    assert stale(case, ["notes/c.md"])
    assert not stale(Case(id="a", question="What?"), [])


def test_the_index_tells_stale_cases_and_doubts(catalog: Catalog) -> None:
    cases = [
        {"id": "fine", "question": "What?", "must_say": ["40 pounds"], "must_cite": [{"document": "notes/costs.md", "heading": "costs"}]},
        {"id": "gone", "question": "What?", "must_say": ["40 pounds"], "must_cite": ["notes/gone.md"]},
        {"id": "half", "question": "What?", "must_cite": ["notes/gone.md", "notes/costs.md"]},
        {"id": "heading", "question": "What?", "must_cite": [{"document": "notes/costs.md", "heading": "Benefits"}]},
        {"id": "fact", "question": "What?", "must_say": ["41 pounds", ["leave", "stay"]], "must_cite": ["notes/costs.md"]},
    ]
    gone, unsure = doubts(CaseSet("x", "", tuple(map(Case.model_validate, cases))), catalog)
    assert [said.partition(":")[0] for said in gone] == ["gone"]
    assert [said.partition(":")[0] for said in unsure] == ["half", "heading", "fact"]
    assert "41 pounds" in unsure[2]


def test_a_regular_expression_without_end_is_a_doubt(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evals.metrics.LONGEST", 0.1)
    put(catalog, "notes/long.md", "needed " * 500)
    case = Case(id="slow", question="What?", must_say=(r"/(.*e){20}[%$]/", "not said"), must_cite=(Place(document="notes/long.md"),))
    _, unsure = doubts(CaseSet("x", "", (case,)), catalog)
    assert [said.rpartition("; ")[0] or said for said in unsure] == [
        "slow: looking for /(.*e){20}[%$]/ took longer than 0.1 s", "slow: no document that may be cited says 'not said'"
    ]


def test_drafts_ask_for_what_the_document_says(tmp_path: Path) -> None:
    document = Document.compose("notes/trade.md", read_markdown(markdown_sample(), "trade.md"))
    passages = cut(document, FakeEmbedder().count, 254)
    found = draft(document, passages, harvest(document, passages))
    assert found.cases
    assert {kind for case in found.cases for kind in case.tags} >= {"draft", "definition", "list", "table"}
    for case in found.cases:
        assert case.must_cite[0].document == "notes/trade.md"
        assert all(says(document.text, phrase) for phrase in case.must_say), case
    assert len({case.question.casefold() for case in found.cases}) == len(found.cases)
    assert load(saved(tmp_path, "trade.yaml", dump(found, ".yaml"))).cases == found.cases


def test_ids_are_made_of_questions_and_never_twice() -> None:
    assert slug("What is KPO?", ()) == "what-is-kpo"
    assert slug("What is KPO?", ["what-is-kpo", "what-is-kpo-2"]) == "what-is-kpo-3"
    assert slug("日本語?", ()) == "case"
    assert len(slug("word " * 100, ())) <= 60


def test_json_rows_hold_only_what_is_set(tmp_path: Path) -> None:
    text = dump(CaseSet("x", "", (Case(id="a", question="What?"),)), ".jsonl")
    assert json.loads(text) == {"id": "a", "question": "What?", "expect": "answer"}


def test_what_is_developed_with_is_not_reported_on() -> None:
    practice, calibration = ({case.question.casefold() for case in load(SHIPPED_SETS / f"{name}.yaml").cases} for name in ("practice", "calibration"))
    sets = [*sets_named([]), *sets_named(["advice"])]
    whole = [case for found in sets for case in found.cases]
    reported = [case for found in sets for case in planned(found, half="odd")]
    assert len(practice) > 1_500 and len(calibration) > 1_000 and len(whole) > 950 and len(reported) > 450
    assert not [case.id for case in whole if case.question.casefold() in practice]
    assert not [case.id for case in reported if case.question.casefold() in calibration]
