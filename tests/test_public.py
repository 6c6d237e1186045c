"""Public benchmarks and the bench, over sets small enough to work the figures out on paper."""

import json
import math
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from assistant.floor import FEATURES, Constants
from corpus.errors import EvalError
from evals import beir, bench, qa
from evals.cases import Case
from evals.public_commands import commands
from evals.run import parity
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.lexical import words
from index.search import SAME, Retrieval

FRUIT = {
    "apple": "The orchard by the long river grows apples and cherries in spring and keeps them in barrels.",
    "pear": "The orchard grows pears.",
    "plum": "Plums are purple.",
    "fig": "Figs love warm walls.",
    "nut": "Nuts fall late.",
    "salt": "Salt is no fruit.",
}
# plum is the only one with its words; the shorter text about an orchard ranks before the longer one; nothing holds the third's words.
ASKED = {"q1": "purple plums", "q2": "orchard", "q3": "quartz"}
JUDGED = {"q1": {"plum": 1}, "q2": {"apple": 1}, "q3": {"salt": 1}}


def beir_folder(
    folder: Path,
    corpus: dict[str, str] = FRUIT,
    asked: dict[str, str] = ASKED,
    judged: dict[str, dict[str, int]] = JUDGED,
) -> Path:
    """A BEIR folder with these documents, questions and judgements."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    lines(folder / "corpus.jsonl", [{"_id": id, "title": "", "text": text} for id, text in corpus.items()])
    lines(folder / "queries.jsonl", [{"_id": id, "text": text} for id, text in asked.items()])
    rows = [f"{question}\t{id}\t{grade}" for question, grades in judged.items() for id, grade in grades.items()]
    (folder / "qrels" / "test.tsv").write_text("\n".join(["query-id\tcorpus-id\tscore", *rows]) + "\n")
    return folder


def lines(path: Path, rows: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def measured(benchmark: beir.Benchmark, data: Path, embedder: FakeEmbedder | None = None) -> beir.Report:
    """The report of a benchmark with the fake models."""
    catalog, embedder = Catalog(data), embedder or FakeEmbedder()
    events = list(beir.run(benchmark, catalog, embedder, lambda: Retrieval(catalog, embedder, FakeReranker())))
    report = events[-1]
    assert isinstance(report, beir.Report)
    return report


def test_the_measures_of_six_documents_are_those_worked_out_on_paper(tmp_path: Path) -> None:
    report = measured(beir.load(beir_folder(tmp_path / "fruit")), tmp_path / "data")
    lexical = {result.system: result.measures for result in report.results}["lexical"]
    # q1 finds plum first, q2 apple second, q3 nothing
    assert lexical["RR@10"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert lexical["nDCG@10"] == pytest.approx((1 + 1 / math.log2(3) + 0) / 3)
    assert lexical["R@10"] == lexical["R@100"] == pytest.approx(2 / 3)
    assert (report.questions, report.built.documents, report.built.passages) == (3, 6, 6)


def test_every_way_of_searching_finds_the_one_document_with_the_words(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path / "fruit", asked={"q1": "purple plums"}, judged={"q1": {"plum": 1}})
    report = measured(beir.load(folder), tmp_path / "data")
    assert [result.system for result in report.results] == ["lexical", "dense", "fused", "reranked"]
    assert all(set(result.measures.values()) == {1.0} for result in report.results)
    assert all(result.questions_per_second > 0 for result in report.results)


def test_dense_search_finds_a_document_without_any_of_the_words(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path / "fruit", asked={"q3": "quartz"}, judged={"q3": {"salt": 1}})
    found = {result.system: result.measures for result in measured(beir.load(folder), tmp_path / "data").results}
    assert found["lexical"]["R@10"] == 0.0
    assert (
        found["dense"]["R@10"] == found["fused"]["R@10"] == found["reranked"]["R@10"] == 1.0
    )  # six documents are all among the first ten


def test_the_cross_encoder_puts_first_what_holds_all_the_words(tmp_path: Path) -> None:
    corpus = {
        "often": "Spring, spring, spring, spring and spring.",
        "both": FRUIT["apple"],
        **{f"x{n}": f"Other {n}." for n in range(4)},
    }
    folder = beir_folder(tmp_path / "fruit", corpus, {"q": "orchard spring"}, {"q": {"both": 1}})
    found = {result.system: result.measures for result in measured(beir.load(folder), tmp_path / "data").results}
    assert found["reranked"]["RR@10"] == 1.0


def test_a_document_of_several_passages_stands_where_its_best_one_stands(tmp_path: Path) -> None:
    long = "\n".join(
        f"Paragraph {n} speaks of the harvest and of nothing else at all, as others do." for n in range(40)
    )
    corpus = {"long": f"{long}\nOnly here are medlars named.", **FRUIT}
    folder = beir_folder(tmp_path / "fruit", corpus, {"q": "medlars"}, {"q": {"long": 1}})
    report = measured(beir.load(folder), tmp_path / "data")
    assert report.built.passages > report.built.documents == 7
    assert {result.system: result.measures["RR@10"] for result in report.results}["lexical"] == 1.0


def test_a_question_without_a_ranked_list_counts_as_nothing() -> None:
    relevant = {"q1": {"a": 1}, "q2": {"a": 2, "b": 1}, "q3": {"c": 1}}
    found = beir.measures(relevant, {"q1": ["a"], "q2": ["b", "a"], "q3": []})
    # q2: (1 + 2 / log2 3) over the best order (2 + 1 / log2 3)
    assert found["nDCG@10"] == pytest.approx((1 + (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3)) + 0) / 3)
    assert found["RR@10"] == found["R@10"] == pytest.approx(2 / 3)
    assert set(beir.measures(relevant, {}).values()) == {0.0}


def test_an_index_is_used_again_while_the_corpus_is_the_same(tmp_path: Path) -> None:
    folder, embedder = beir_folder(tmp_path / "fruit"), FakeEmbedder()
    first = measured(beir.load(folder), tmp_path / "data", embedder)
    second = measured(beir.load(folder), tmp_path / "data", embedder)
    assert len(embedder.embedded) == 6
    assert (first.built.reused, second.built.reused) == (False, True)
    assert first.built.seconds == second.built.seconds > 0
    assert [result.measures for result in first.results] == [result.measures for result in second.results]


def test_another_corpus_in_the_same_folder_replaces_the_index(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path / "fruit")
    measured(beir.load(folder), tmp_path / "data")
    beir_folder(folder, {"plum": "Plums are yellow.", "salt": FRUIT["salt"]}, {"q": "yellow"}, {"q": {"plum": 1}})
    report = measured(beir.load(folder), tmp_path / "data")
    assert report.built.documents == 2
    assert not report.built.reused
    assert {result.measures["RR@10"] for result in report.results} == {1.0}


def test_another_model_replaces_the_index(tmp_path: Path) -> None:
    folder, other = beir_folder(tmp_path / "fruit"), FakeEmbedder("another", dimension=16)
    measured(beir.load(folder), tmp_path / "data")
    assert not measured(beir.load(folder), tmp_path / "data", other).built.reused
    assert len(other.embedded) == 6


def test_an_interrupted_index_goes_on_where_it_stopped(tmp_path: Path) -> None:
    corpus = {f"d{n:02}": f"Document {n} is about number {n}." for n in range(40)}
    benchmark = beir.load(beir_folder(tmp_path / "many", corpus, {"q": "number 7"}, {"q": {"d07": 1}}))
    embedder = FakeEmbedder()
    building = beir.build(benchmark, Catalog(tmp_path / "data"), embedder)
    begun = next(building)
    building.close()
    assert 0 < begun.done < begun.total == 40
    report = measured(benchmark, tmp_path / "data", embedder)
    assert (report.built.documents, len(embedder.embedded)) == (40, 40)


def test_an_index_of_other_documents_is_never_touched(tmp_path: Path) -> None:
    mine = Catalog(tmp_path / "data")
    put(mine, "notes/mine.md", "These are my own notes.")
    with pytest.raises(EvalError, match="holds an index of other documents"):
        measured(beir.load(beir_folder(tmp_path / "fruit")), tmp_path / "data")
    with mine.reading() as view:
        assert [entry.id for entry in view.entries()] == ["notes/mine.md"]
        assert view.meta("benchmark") is None


def test_an_entry_with_a_title_alone_is_found_by_it_and_an_empty_one_is_left_out(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path / "fruit", asked={"q": "quinces"}, judged={"q": {"quince": 1}})
    with (folder / "corpus.jsonl").open("a") as file:
        file.write('{"_id": "quince", "title": "Quinces", "text": ""}\n{"_id": "void", "text": ""}\n')
    report = measured(beir.load(folder), tmp_path / "data")
    assert report.built.documents == 7
    assert {result.measures["RR@10"] for result in report.results} == {1.0}


def test_a_limit_gives_the_same_questions_each_time_and_halves_share_none(tmp_path: Path) -> None:
    asked = {f"q{n}": "purple plums" for n in range(30)}
    folder = beir_folder(tmp_path / "fruit", asked=asked, judged={id: {"plum": 1} for id in asked})
    few, more = (set(beir.load(folder, limit=n).questions) for n in (5, 10))
    assert few == set(beir.load(folder, limit=5).questions)
    assert few < more
    even, odd = (set(beir.load(folder, half=half).questions) for half in ("even", "odd"))
    assert even | odd == set(asked)
    assert not even & odd
    assert len(beir.load(folder, limit=5).corpus) == 6


def test_two_folders_of_one_name_have_an_index_each(tmp_path: Path) -> None:
    one, two = (beir.folder_for(tmp_path / name / "beir", tmp_path / "data") for name in ("one", "two"))
    assert one != two
    assert one.parent == two.parent == tmp_path / "data" / "benchmarks"
    assert one.name.startswith("beir-")


def spoil(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


WRONG: list[tuple[Callable[[Path], object], str]] = [
    (lambda folder: (folder / "queries.jsonl").unlink(), r"queries\.jsonl cannot be read"),
    (lambda folder: (folder / "corpus.jsonl").unlink(), r"corpus\.jsonl cannot be read"),
    (lambda folder: (folder / "qrels" / "test.tsv").unlink(), r"no qrels/test\.tsv"),
    (spoil("corpus.jsonl", '{"_id": "a", "text": "A."}\n{"_id": '), r"corpus\.jsonl:2 is not valid JSON"),
    (spoil("corpus.jsonl", '["a"]\n'), r"corpus\.jsonl:1 is not a JSON object"),
    (spoil("corpus.jsonl", '{"_id": "a", "text": "A."}\n' * 2), r"corpus\.jsonl:2: another document has the id 'a'"),
    (spoil("corpus.jsonl", '{"_id": 7, "text": "A."}\n'), r"corpus\.jsonl:1: '_id' is 7, not a text"),
    (
        spoil("corpus.jsonl", '{"_id": "a", "text": "A."}\n'),
        "no question of .* is judged with a document of its corpus",
    ),
    (spoil("queries.jsonl", '{"_id": "q1"}\n'), r"queries\.jsonl:1: 'text' is None"),
    (spoil("qrels/test.tsv", "q1\tplum\n"), r"test\.tsv:1 is 'q1\\tplum'"),
    (spoil("qrels/test.tsv", "q1\tplum\tvery\n"), r"test\.tsv:1"),
    (spoil("qrels/test.tsv", "q9\tplum\t1\n"), "judges the question 'q9'"),
    (spoil("qrels/test.tsv", "query-id\tcorpus-id\tscore\n"), "holds no judgement"),
]


@pytest.mark.parametrize(("spoiled", "said"), WRONG)
def test_whatever_is_wrong_in_a_folder_is_an_error_with_a_remedy(
    tmp_path: Path, spoiled: Callable[[Path], object], said: str
) -> None:
    folder = beir_folder(tmp_path / "fruit")
    spoiled(folder)
    with pytest.raises(EvalError, match=said) as raised:
        beir.load(folder)
    assert raised.value.remedy


def test_a_folder_that_is_not_there_and_a_split_that_must_be_chosen_are_said(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="there is no folder"):
        beir.load(tmp_path / "nowhere")
    folder = beir_folder(tmp_path / "fruit")
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "dev.tsv")
    assert len(beir.load(folder).questions) == 3  # the only one there is
    (folder / "qrels" / "train.tsv").write_text("q1\tplum\t1\n")
    with pytest.raises(EvalError) as raised:
        beir.load(folder)
    assert "dev, train" in raised.value.remedy
    assert set(beir.load(folder, split="train").questions) == {"q1"}


# Question-answer sets


def clapnq(path: Path, rows: Sequence[tuple[str, str, str, list[str]]]) -> Path:
    """A ClapNQ file of (id, question, passage, answers)."""
    return lines(
        path,
        [
            {
                "id": id,
                "input": question,
                "passages": [{"title": "Ships", "text": passage, "sentences": []}],
                "output": [{"answer": answer} for answer in answers or [""]],
            }
            for id, question, passage, answers in rows
        ],
    )


def squad(path: Path, context: str, rows: Sequence[tuple[str, str, list[str]]]) -> Path:
    """A SQuAD file with one paragraph and (id, question, answers); no answers make a question impossible."""
    asked = [
        {
            "id": id,
            "question": q,
            "answers": [{"text": a, "answer_start": 0} for a in answers],
            "is_impossible": not answers,
        }
        for id, q, answers in rows
    ]
    path.write_text(
        json.dumps(
            {"version": "v2.0", "data": [{"title": "Tall_ships", "paragraphs": [{"context": context, "qas": asked}]}]}
        )
    )
    return path


CONTEXT = "The Cutty Sark was built in 1869 in Dumbarton. Her masts were made of iron and teak."


def test_both_formats_are_read_by_their_endings_and_files_come_together(tmp_path: Path) -> None:
    one = clapnq(tmp_path / "yes.jsonl", [("1", "when was it built", CONTEXT, ["In 1869 .", ""])])
    one.write_text(one.read_text(encoding="utf-8").replace("when was", "when\u2028was"), encoding="utf-8")  # such a line end may stand in JSON
    two = clapnq(tmp_path / "no.jsonl", [("2", "who owns it", CONTEXT, [])])
    three = squad(tmp_path / "dev.json", CONTEXT, [("3", "When?", ["1869", "1869", "in 1869"]), ("4", "Who?", [])])
    items = qa.load([one, two, three])
    assert [(item.id, item.answers, item.spans) for item in items] == [
        ("1", ("In 1869 .",), False),
        ("2", (), False),
        ("3", ("1869", "in 1869"), True),
        ("4", (), True),
    ]
    assert items[3].title == "Tall ships"
    renamed = three.rename(tmp_path / "dev.txt")
    assert len(qa.load([renamed], format="squad")) == 2


def test_a_limited_question_file_gives_the_same_questions_each_time(tmp_path: Path) -> None:
    file = squad(tmp_path / "dev.json", CONTEXT, [(f"q{n}", f"Question {n}?", []) for n in range(30)])
    few, more = ({item.id for item in qa.load([file], limit=n)} for n in (5, 10))
    assert few < more
    assert len(few) == 5


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.txt", "", "format of .* cannot be told"),
        ("a.jsonl", "", "no question in"),
        ("a.jsonl", '{"id": "1"}\n', r"a\.jsonl:1 is not a question of ClapNQ \(there is no 'passages'\)"),
        ("a.jsonl", '\n{"id"\n', r"a\.jsonl:2 is not a question of ClapNQ"),
        (
            "a.jsonl",
            '{"id": "1", "input": "x", "passages": [], "output": []}\n',
            r"a\.jsonl:1 is not a question of ClapNQ",
        ),
        ("a.json", "{", "not SQuAD"),
        (
            "a.json",
            '{"data": [{"title": "T", "paragraphs": [{"context": "C", "qas": [{"id": "7", "question": "Q?"}]}]}]}',
            "at the question 7, is not SQuAD",
        ),
        (
            "a.json",
            '{"data": [{"title": "T", "paragraphs": [{"context": " ", "qas": [{"id": "7", "question": "Q?", "answers": []}]}]}]}',
            "has no text",
        ),
    ],
)
def test_whatever_is_wrong_in_a_question_file_is_an_error_with_a_remedy(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(EvalError, match=said) as raised:
        qa.load([tmp_path / name])
    assert raised.value.remedy


def test_a_file_given_twice_or_not_there_is_an_error(tmp_path: Path) -> None:
    file = squad(tmp_path / "dev.json", CONTEXT, [("3", "When?", ["1869"])])
    with pytest.raises(EvalError, match="comes twice"):
        qa.load([file, file])
    with pytest.raises(EvalError, match="cannot be read"):
        qa.load([tmp_path / "nothing.json"])


def attempt(
    id: str, answers: tuple[str, ...], quoted: str, seen: float, ms: float = 10.0, spans: bool = True, worth: float = 1.0
) -> qa.Attempt:
    """An attempt whose confidence is above the floor of JUDGE when `seen` is above 0."""
    return qa.Attempt(qa.Item(id, "Q?", "T", "P", answers, spans), quoted, (seen, *(0.0,) * (len(FEATURES) - 1)), ms, worth)


JUDGE = Constants(0.0, (1.0, *(0.0,) * (len(FEATURES) - 1)), 0.5)


def test_the_figures_of_four_attempts_are_those_worked_out_on_paper() -> None:
    attempts = [
        attempt("right", ("1869",), "built in 1869", 1.0, ms=10),
        attempt("refused", ("1869",), "built in 1869", -1.0, ms=20),  # a refusal scores 0
        attempt("wrong", (), "built in 1869", 2.0, ms=30),
        attempt("well", (), "built in 1869", -2.0, ms=40),
    ]
    found = qa.report(attempts, JUDGE, half="all", fitted_on=0)
    f1 = 2 * 1 / (3 + 1)  # one token of three, against one of one
    assert found.token_f1 == found.rouge_l == pytest.approx(f1 / 2)
    assert found.rouge_l_unrefused == pytest.approx(f1)
    assert (found.contains, found.contains_unrefused) == (1.0, 1.0)
    assert (found.answered, found.refused) == (0.5, 0.5)
    assert found.auroc == 0.5  # of the four pairs, each answerable one stands above "well" alone
    assert (found.answerable, found.unanswerable, found.words, found.median_ms) == (2, 2, 3.0, 25.0)


def test_what_a_set_cannot_measure_is_none() -> None:
    only = qa.report([attempt("a", ("yes",), "yes", 1.0, spans=False)], JUDGE, half="all", fitted_on=0)
    assert (only.refused, only.auroc, only.contains) == (None, None, None)
    nothing = qa.report([], JUDGE, half="all", fitted_on=0)
    assert (nothing.rouge_l, nothing.answered, nothing.median_ms) == (None, None, 0.0)


def test_the_best_of_several_answers_counts() -> None:
    found = qa.report([attempt("a", ("nothing like it", "in 1869"), "in 1869", 1.0)], JUDGE, half="all", fitted_on=0)
    assert found.rouge_l == found.token_f1 == 1.0


def test_nothing_to_quote_is_a_refusal_however_likely_an_answer_looks() -> None:
    found = qa.report([attempt("a", ("x",), "", 9.0), attempt("b", (), "x", 1.0)], JUDGE, half="all", fitted_on=0)
    assert (found.answered, found.refused, found.auroc) == (0.0, 0.0, 0.0)


def test_of_two_that_are_as_probable_the_one_worth_less_is_refused() -> None:
    assert qa.discounted(0.5, 1.0) == 0.5
    assert qa.discounted(0.5, 0.25) == pytest.approx(0.2)  # odds of 1 to 1 become 1 to 4
    assert qa.discounted(0.0, 0.0) == qa.discounted(1.0, 0.0) == 0.0
    given = [attempt("much", ("x",), "x", 1.0, worth=0.9), attempt("little", ("x",), "x", 1.0, worth=0.1), attempt("not", (), "x", -1.0, worth=0.9)]
    found = qa.report(given, JUDGE, half="all", fitted_on=0)
    assert (found.answered, found.refused, found.rouge_l) == (0.5, 1.0, 0.5)


def test_an_answer_is_contained_after_squads_normalisation() -> None:
    assert qa.contains("It was, in the end, a $12 barrel.", ["the $12 Barrel!"])
    assert not qa.contains("It rose.", ["fell", "sank"])
    assert not qa.contains("It rose.", [])


def some_of_each_half() -> list[tuple[str, str, list[str]]]:
    rows: list[tuple[str, str, list[str]]] = []
    for n in range(24):
        rows.append((f"yes{n}", "In which year was the Cutty Sark built?", ["1869"]))
        rows.append((f"no{n}", "Which admiral sank near Lisbon?", []))
    return rows


def test_a_set_is_read_fitted_on_one_half_and_reported_on_the_other(tmp_path: Path) -> None:
    items = qa.load([squad(tmp_path / "dev.json", CONTEXT, some_of_each_half())])
    events = list(qa.run(items, FakeEmbedder(), FakeReranker()))
    found = events[-1]
    assert isinstance(found, qa.Report)
    assert events[:-1] == [qa.Read(n, 48) for n in range(1, 49)]
    odd = [item for item in items if parity(item.id) == "odd"]
    assert found.fitted_on == 48 - len(odd)
    assert (found.answerable, found.unanswerable) == (
        sum(bool(i.answers) for i in odd),
        sum(not i.answers for i in odd),
    )
    assert (found.contains_unrefused, found.auroc) == (1.0, 1.0)  # the two questions could not be easier to tell apart
    assert (found.answered, found.refused) == (1.0, 1.0)
    everything = list(qa.run(items, FakeEmbedder(), FakeReranker(), half="all"))[-1]
    assert isinstance(everything, qa.Report)
    assert everything.answerable + everything.unanswerable == 48
    assert everything.constants == found.constants


def test_the_floor_can_be_chosen_to_catch_the_unanswerable(tmp_path: Path) -> None:
    items = qa.load([squad(tmp_path / "dev.json", CONTEXT, some_of_each_half())])
    floors = {}
    for caught in (None, 0.0, 1.0):
        found = list(qa.run(items, FakeEmbedder(), FakeReranker(), half="even", caught=caught))[-1]
        assert isinstance(found, qa.Report)
        floors[caught] = found.constants.floor
        assert caught != 1.0 or found.refused == 1.0
    assert floors[0.0] == 0.0 < floors[1.0]


def test_what_is_quoted_stands_verbatim_in_the_passage(tmp_path: Path) -> None:
    items = qa.load(
        [
            clapnq(
                tmp_path / "a.jsonl",
                [("1", "what were the masts of the cutty sark made of", CONTEXT, ["Iron and teak"])],
            )
        ]
    )
    steps = qa.attempted(items, FakeEmbedder(), FakeReranker())
    assert next(steps) == qa.Read(1, 1)
    with pytest.raises(StopIteration) as ended:
        next(steps)
    (found,) = ended.value.value
    assert found.quoted
    assert found.quoted in CONTEXT
    assert len(found.features) == len(FEATURES)


# The commands


@dataclass
class FakeSettings:
    data_dir: Path


class FakeHouse:
    """The house of one data folder with the fake models."""

    def __init__(self, folder: Path) -> None:
        self.settings = FakeSettings(folder)

    def catalog(self) -> Catalog:
        return Catalog(self.settings.data_dir)

    def embedder(self) -> FakeEmbedder:
        return FakeEmbedder()

    def reranker(self) -> FakeReranker:
        return FakeReranker()

    def retrieval(self) -> Retrieval:
        return Retrieval(self.catalog(), self.embedder(), self.reranker())


def typed(folder: Path, *arguments: str) -> "tuple[int, str, str]":
    """Exit code, stdout and stderr of a command in a house whose data folder is `folder`."""

    def make(data_dir: Path | None) -> FakeHouse:
        return FakeHouse(data_dir or folder)

    app = typer.Typer()
    app.registered_commands += commands.registered_commands
    ran = CliRunner().invoke(app, list(arguments), obj=make)
    if ran.exception and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran.exit_code, ran.stdout, ran.stderr


def test_the_command_beir_prints_figures_and_leaves_the_users_index_alone(tmp_path: Path) -> None:
    folder = beir_folder(tmp_path / "fruit")
    code, out, _ = typed(tmp_path / "data", "beir", str(folder), "--json")
    found = json.loads(out)
    assert code == 0
    assert [row["system"] for row in found["results"]] == list(beir.SYSTEMS)
    assert found["results"][0]["measures"]["RR@10"] == pytest.approx(0.5)
    assert found["built"]["documents_per_second"] > 0
    assert not (tmp_path / "data" / "catalog.sqlite").exists()
    code, out, _ = typed(tmp_path / "data", "beir", str(folder), "--limit", "2")
    assert code == 0
    assert all(
        word in out
        for word in (
            "lexical",
            "dense",
            "fused",
            "reranked",
            "nDCG@10",
            "questions/s",
            "documents/s",
            "when it was built",
        )
    )
    typed(tmp_path / "data", "beir", str(folder), "--data-dir", str(tmp_path / "own"))
    assert (tmp_path / "own" / "catalog.sqlite").exists()


def test_the_command_qa_takes_several_files_and_says_what_it_cannot_measure(tmp_path: Path) -> None:
    yes = clapnq(
        tmp_path / "yes.jsonl", [(f"y{n}", "when was the cutty sark built", CONTEXT, ["In 1869"]) for n in range(12)]
    )
    no = clapnq(tmp_path / "no.jsonl", [(f"n{n}", "which admiral sank near lisbon", CONTEXT, []) for n in range(12)])
    code, out, _ = typed(tmp_path / "data", "qa", str(yes), str(no), "--half", "all", "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["answerable"], found["unanswerable"], found["contains"]) == (12, 12, None)
    assert set(found["constants"]["weights"]) == set(FEATURES)
    code, out, _ = typed(tmp_path / "data", "qa", str(yes), "--half", "all")
    assert code == 0
    assert "not measurable here" in out
    assert "ROUGE-L" in out


# The bench


def test_a_changed_copy_is_no_duplicate_and_keeps_its_front_matter_and_links(tmp_path: Path) -> None:
    text = (bench.DOCUMENTS / "quality.md").read_text(encoding="utf-8")
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "quality.md").write_text(text, encoding="utf-8")
    folder = bench.multiplied(tmp_path / "from", tmp_path / "to", 3)
    first, second, third = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md")))
    assert first == text
    for one, other in ((first, second), (second, third)):
        assert one.split("---\n")[1] == other.split("---\n")[1]
        a, b = (set(words(re.sub(r"(?s)<!--.*?-->", "", text))) for text in (one, other))  # what passages are made of
        assert len(a & b) < SAME * len(a | b)
    assert second.count("](") == first.count("](")
    assert [part.partition(")")[0] for part in second.split("](")[1:]] == [
        part.partition(")")[0] for part in first.split("](")[1:]
    ]


def test_copies_of_no_documents_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(EvalError, match="holds no Markdown"):
        bench.multiplied(tmp_path, tmp_path / "to", 2)


ECHO = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)["question"]
    print(json.dumps({"timings_ms": {"embed": 1.0, "total": len(asked)}, "citations": [{"document": "h/" + asked + ".md"}]}), flush=True)
"""
CASES = [
    Case(id="a", question="quality", must_cite=["handbook/quality.md"]),
    Case(id="b", question="risks", must_cite=["handbook/exit.md"]),
]


def test_a_session_asks_a_process_every_case_and_tells_its_stages() -> None:
    found = bench.session([sys.executable, "-c", ECHO], CASES)
    assert len(found.answers) == 2
    assert found.ready > 0
    assert found.peak_mb > 1
    assert found.stage("total", 0.5) == 6.0  # between "risks" and "quality"
    assert found.stage("rerank", 0.5) == 0.0
    assert bench.right_shown(found, CASES) == (1, 2)


def test_a_process_that_dies_is_an_error_with_its_last_words() -> None:
    dying = [sys.executable, "-c", "import sys; sys.exit('the disk is full')"]
    with pytest.raises(EvalError, match="the disk is full"):
        bench.session(dying, CASES)
    with pytest.raises(EvalError, match="the disk is full"):
        bench.timed(dying)


PLAIN = """
import json, sys
for line in sys.stdin if sys.argv[1] == "ask" else ():
    print(json.dumps({"citations": [{"document": "quality.md"}], "timings_ms": {"total": 1.0}}), flush=True)
"""


def test_the_bench_measures_both_systems_on_a_tiny_corpus(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plain pipeline takes most of a minute to load; but for KPO_ACCEPT=1 something that answers like it stands in."""
    monkeypatch.setattr(bench, "COLD_RUNS", 1)
    if not os.environ.get("KPO_ACCEPT"):
        monkeypatch.setattr(bench, "PLAIN", (sys.executable, "-c", PLAIN))
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "quality.md").write_text(
        "# Quality\n\nQuality is measured by accuracy and by turnaround time.\n"
    )
    asked = [
        {"id": "a", "question": "What is quality measured by?", "must_cite": ["handbook/quality.md"]},
        {"id": "b", "question": "Who is the pope?", "expect": "refusal"},
    ]
    lines(tmp_path / "set.jsonl", asked)
    bench.main(["--documents", str(tmp_path / "documents"), "--set", str(tmp_path / "set.jsonl"), "--copies", "1"])
    out, err = capfd.readouterr()
    for said in (
        "this system",
        "plain llama-index",
        "times as much",
        "peak memory",
        "torch stays unloaded",
        "rerank",
        "compose",
        "Growth",
    ):
        assert said in out
    assert "indexing" in err
