"""Retrieval: lists are fused as on paper, what says the same is folded, opinion ranks behind, and any text is a valid question."""

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus.cut import cut
from corpus.document import Block, Contents, Document, embedded_text
from corpus.errors import IndexMismatch, IndexMissing
from corpus.sources import Source
from corpus.terms import Term
from fakes import FakeEmbedder, FakeReranker, put
from index.catalog import Catalog
from index.search import (
    ALIKE,
    FIRST,
    LENGTH,
    NEAR,
    RERANKED,
    RRF_K,
    Lexicon,
    Retrieval,
    Retrieved,
    central,
    focused,
    fold_same,
    fuse,
    is_defined,
    is_spelled_out,
    nearest,
)

GENPACT = "Genpact runs finance work from Gurugram."
INFOSYS = "Infosys writes software in Bengaluru."
COFFEE = "Coffee is grown on hills."
SLA = "Service level agreement (SLA): the promise of a provider to answer within a time that both have set."


class Always:
    """A reranker that gives every text the same score, so that only ties decide."""

    identity = "always"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [1.0] * len(texts)

    def impression(self, question: str, text: str) -> tuple[float, ...]:
        return ()


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    made = Catalog(tmp_path / "data")
    put(made, "notes/genpact.md", "# Genpact", GENPACT)
    put(made, "notes/infosys.md", "# Infosys", INFOSYS)
    put(made, "notes/coffee.md", "# Coffee", COFFEE)
    put(made, "notes/terms.md", "# Terms", SLA)
    return made


def found(catalog: Catalog, question: str, reranker: object = None, **wishes: object) -> Retrieved:
    retrieval = Retrieval(catalog, FakeEmbedder(), reranker)  # type: ignore[arg-type]
    with retrieval.reading() as view:
        return retrieval.search(view, question, **wishes)  # type: ignore[arg-type]


def texts(result: Retrieved) -> list[str]:
    return [hit.passage.text for hit in result.hits]


def test_fusion_adds_reciprocal_ranks() -> None:
    fused = fuse([("dense", ["a", "b", "c"]), ("lexical", ["c", "a"]), ("terms", ["d"])], 60)
    # a: 1/61 + 1/62 = .03252, c: 1/63 + 1/61 = .03227, d: 1/61 = .01639, b: 1/62 = .01613
    assert [(id, found_by) for id, _, found_by in fused] == [
        ("a", ("dense", "lexical")), ("c", ("dense", "lexical")), ("d", ("terms",)), ("b", ("dense",)),
    ]
    assert [score for _, score, _ in fused] == pytest.approx([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 61, 1 / 62])


def test_fusion_breaks_ties_by_id_and_counts_what_comes_twice_once() -> None:
    assert [id for id, _, _ in fuse([("dense", ["b", "a"]), ("lexical", ["a", "b"])])] == ["a", "b"]
    assert fuse([("terms", ["a", "a", "b"])], 60) == [("a", 1 / 61, ("terms",)), ("b", 1 / 62, ("terms",))]
    assert fuse([("dense", []), ("lexical", [])]) == []
    assert fuse([("dense", ["a"]), ("dense", ["a"])], 0) == [("a", 2.0, ("dense",))]


def test_the_nearest_vectors_come_first_ties_by_id() -> None:
    rows = np.array([[1, 0], [0, 1], [0.6, 0.8], [0, 1]], dtype=np.float32)
    assert nearest(["d", "c", "b", "a"], rows, np.array([0, 1], dtype=np.float32), 3) == ["a", "c", "b"]
    assert nearest([], np.zeros((0, 2), dtype=np.float32), np.array([0, 1], dtype=np.float32), 3) == []


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_nearest_vectors_are_those_that_sorting_all_of_them_gives(kind: type[np.floating]) -> None:
    numbers = np.random.default_rng(7)
    for noise in (0.0, 1e-10, 1e-9, 1e-8, 1e-7, 1.0):  # most rows are as near as others, to the ninth digit or a little beside it
        for rows in (1, 2, 49, 50, 51, 700):
            vectors = numbers.standard_normal((5, 24))[numbers.integers(5, size=rows)] + noise * numbers.standard_normal((rows, 24))
            vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(kind)
            ids = [f"{n:x}" for n in numbers.permutation(10**4)[:rows]]
            vector = vectors[0].astype(np.float32)
            scores = np.einsum("ij,j->i", vectors.astype(np.float64), vector.astype(np.float64))
            order = sorted(range(rows), key=lambda at: (-round(float(scores[at]), 9), ids[at]))
            for n in (1, 3, 50, 200):
                assert nearest(ids, vectors, vector, n) == [ids[at] for at in order[:n]]


def test_each_hit_says_which_searchers_found_it(catalog: Catalog) -> None:
    result = found(catalog, "Where does Genpact run finance work?")
    assert texts(result)[0] == GENPACT
    assert result.hits[0].found_by == ("dense", "lexical")
    assert result.hits[0].score == pytest.approx(2 / (RRF_K + 1) + LENGTH * math.log(len(GENPACT)))
    assert not result.hits[0].reranked
    assert result.searched == ("genpact", "run", "finance", "work")
    assert set(result.timings_ms) == {"embed", "search", "rerank"}


def test_all_searches_of_a_question_are_timed(catalog: Catalog) -> None:
    class Slow(FakeEmbedder):
        def embed_question(self, text: str) -> np.ndarray:
            time.sleep(0.02)
            return super().embed_question(text)

    with catalog.reading() as view:
        result = Retrieval(catalog, Slow(), None).search(view, "finance work", also=("software", "", "cities"))
    assert result.timings_ms["embed"] >= 60


def test_the_reranker_decides_the_order_of_what_was_found(catalog: Catalog) -> None:
    result = found(catalog, "Infosys software", FakeReranker())
    assert texts(result)[0] == INFOSYS
    assert [hit.score for hit in result.hits] == [5.0, -5.0, -5.0, -5.0]
    assert all(hit.reranked for hit in result.hits)
    behind = [hit.passage.id for hit in result.hits[1:]]
    assert behind == sorted(behind)


def test_equal_scores_are_ordered_by_id(catalog: Catalog) -> None:
    ids = [hit.passage.id for hit in found(catalog, "Genpact or coffee", Always()).hits]
    assert len(ids) == 4
    assert ids == sorted(ids)


def test_k_is_how_many_come_back_at_most(catalog: Catalog) -> None:
    assert [len(found(catalog, "Genpact", FakeReranker(), k=k).hits) for k in (0, 1, 2, 50)] == [0, 1, 2, 4]
    assert texts(found(catalog, "Infosys", FakeReranker(), k=1)) == [INFOSYS]


def test_a_question_near_one_that_a_section_answers_finds_its_passages(catalog: Catalog) -> None:
    put(
        catalog, "notes/wages.md", "# Wages", "Analysts earn more than clerks.", "? How dear is the staff", "# Rules", "Gloves are worn.",
        "? Is the staff dear",
    )
    hits = found(catalog, "how dear is our staff", FakeReranker()).hits
    assert [(hit.passage.text, hit.asked) for hit in hits[:2]] == [
        ("Analysts earn more than clerks.", "How dear is the staff"), ("Gloves are worn.", "Is the staff dear")
    ]
    assert all("questions" in hit.found_by and ALIKE <= hit.near < 1 for hit in hits[:2])
    assert hits[0].near > hits[1].near
    assert hits[0].score == 5.0  # the words are in the question alone, which the reranker reads first
    assert hits[0].read == "How dear is the staff\nNotes > Wages\nAnalysts earn more than clerks."
    others = [hit for hit in hits if hit.passage.document != "notes/wages.md"]
    assert {(hit.asked, hit.near) for hit in others} == {("", 0.0)}
    assert others[0].read == embedded_text(others[0].passage.context, others[0].passage.text)
    assert all(hit.passage.document == "notes/coffee.md" for hit in found(catalog, "how dear is our staff", documents=frozenset({"notes/coffee.md"})).hits)
    assert all(hit.asked == "" for hit in found(catalog, "violin").hits)


def test_before_the_reranker_reads_a_nearer_question_and_a_longer_text_come_first(catalog: Catalog) -> None:
    put(catalog, "notes/wages.md", "# Wages", "Gloves are worn.", "? How dear is the staff", "# Rules", "Hats are worn.", "? How dear is staff")
    hits = [hit for hit in found(catalog, "how dear is the staff").hits if hit.asked]
    assert [hit.passage.text for hit in hits] == ["Gloves are worn.", "Hats are worn."]
    ranks = [hit.score - NEAR * hit.near - LENGTH * math.log(len(hit.passage.text)) for hit in hits]
    assert all(2 / (RRF_K + 9) < rank <= 2 / (RRF_K + 1) for rank in ranks)  # two searchers found both, among six passages
    put(catalog, "notes/storks.md", "# Storks", "Storks nest.")
    put(catalog, "notes/nests.md", "# Nests", "Storks nest on roofs, on chimneys, in tall trees and, where nobody minds them, on the poles that carry wires.")
    assert texts(found(catalog, "storks nest"))[0].endswith("wires.")


def test_a_document_without_questions_is_read_however_many_have_them(tmp_path: Path) -> None:
    catalog, salary = Catalog(tmp_path), "Salary day is the 28th."
    for n in range(3 * RERANKED):
        put(catalog, f"handbook/{n}.md", f"# Pay {n}", f"Pay {chr(97 + n % 26) * (n + 2)} day of salary and {'wages ' * 40}.", "? When is the salary day")
    put(catalog, "notes/faq.md", "# Pay", salary)
    question = "When is the salary day?"
    with (retrieval := Retrieval(catalog, FakeEmbedder(), FakeReranker())).reading() as view:
        listed = retrieval.listed(view, question)
        assert salary not in [hit.passage.text for hit in retrieval.fused(view, listed, RERANKED)]  # crowded out
        assert [hit.passage.text for hit in retrieval.beside(view, [listed], [])] == [salary]
    read = found(catalog, question, FakeReranker(), enough=4.0)
    assert (len(read.hits), texts(read).count(salary)) == (FIRST + 1, 1)  # among the first that are read
    assert (len(found(catalog, question).hits), texts(found(catalog, question)).count(salary)) == (RERANKED + 1, 1)
    assert salary not in texts(found(catalog, question, documents=frozenset({"handbook/0.md"})))


def test_the_terms_of_a_question_are_recognised_and_their_places_searched(catalog: Catalog) -> None:
    result = found(catalog, "What is an SLA?")
    assert [term.name for term in result.terms] == ["Service level agreement"]
    assert "terms" in result.hits[0].found_by
    assert texts(result)[0] == SLA
    assert result.searched == ("sla", "service", "level", "agreement")  # the long name is looked for as well


def term(name: str, *abbreviations: str, document: str = "notes/a.md", defines: bool = True) -> Term:
    return Term(name, abbreviations, "a thing", document, 0, len("a thing"), "passage", defines)


def test_long_names_win_over_the_short_ones_within_them_and_definitions_over_mentions() -> None:
    mention = term("Service level agreement", "SLA", defines=False)
    definition = term("service level agreement", "SLA", document="notes/b.md")
    level = term("Level")
    lexicon = Lexicon.of([level, mention, definition])
    assert lexicon.recognise("which service level agreement?") == [definition, mention]
    assert lexicon.recognise("the level of an SLA") == [level, definition, mention]
    assert lexicon.recognise("the service") == lexicon.recognise("") == []


def test_a_short_word_is_an_abbreviation_only_in_capitals() -> None:
    lexicon = Lexicon.of([term("Information technology", "IT"), term("Service level agreement", "SLA")])
    assert [found.name for found in lexicon.recognise("what is IT?")] == ["Information technology"]
    assert lexicon.recognise("what is it?") == []
    assert [found.name for found in lexicon.recognise("what is an sla?")] == ["Service level agreement"]


def test_an_abbreviation_is_recognised_as_a_plural_too() -> None:
    terms = [term("Information technology", "IT"), term("Service level agreement", "SLA"), term("Key performance indicator", "KPI", "KPIs")]
    lexicon = Lexicon.of(terms)
    assert lexicon.recognise("What are SLAs and its kpis?") == terms[1:]
    assert central(terms, ["slas"]) == [terms[1]]
    assert is_defined(terms, ["slas"])
    assert is_spelled_out(terms, ["slas"])
    assert not is_defined(terms, ["slas", "kpis"])


@pytest.mark.parametrize(("question", "recognised"), [
    ("What does the Service Bench do?", False), ("Who leads the Bench Office?", False), ("Is the Service Bench on the bench?", True),
    ("What is the bench?", True), ("what is the Bench?", True), ("Bench costs", True), ("What Is The Bench Cost?", True), ("THE SERVICE BENCH", True),
    ("Has Genpact a KPO Bench?", True), ("Is the “Service Bench” open?", False), ("", False),
])
def test_a_word_is_no_term_as_a_part_of_a_longer_name(question: str, recognised: bool) -> None:
    lexicon = Lexicon.of([term("Bench"), term("Service level agreement", "SLA")])
    assert [found.name for found in lexicon.recognise(question)] == ["Bench"] * recognised


def test_what_defines_a_word_says_nothing_of_a_name_with_that_word(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    bench = "The bench is the group of people without a client."
    put(catalog, "notes/words.md", "# Bench", bench)
    put(catalog, "notes/firm.md", "# Accounts", "The Service Bench opens accounts.")
    assert texts(found(catalog, "What does the Service Bench do?")) == ["The Service Bench opens accounts."]
    assert bench in texts(found(catalog, "What does the bench do?"))
    assert bench in texts(found(catalog, "Is the Service Bench on the bench?"))


def test_what_says_the_same_as_a_better_hit_is_folded_into_it(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    words = "Knowledge process outsourcing gives work that needs judgement to another firm which sells its experts by the hour."
    put(catalog, "notes/a.md", "# One", words)
    put(catalog, "notes/b.md", "# Two", words.replace("sells", "SELLS"))
    put(catalog, "notes/c.md", "# Three", words.replace("experts by the hour", "lawyers for one year at a time, and nobody knows more"))
    result = found(catalog, "judgement of another firm", FakeReranker())
    assert len(result.hits) == 2
    assert fold_same([]) == []


def test_opinion_ranks_behind_however_well_it_fits(tmp_path: Path) -> None:
    catalog, embedder = Catalog(tmp_path), FakeEmbedder()
    put(catalog, "notes/a.md", "# Pay", "Analysts have pay that rises with skill.")
    blocks = (Block("prose", "An article."), Block("comment", "Genpact pay is bad, bad pay at Genpact!"))
    comment = Document.compose("notes/b.html", Contents(blocks, "html"))
    passages = cut(comment, embedder.count, embedder.window)
    assert [passage.kind for passage in passages] == ["prose", "comment"]
    with catalog.writing() as edit:
        edit.add_source(Source("notes", Path("/sources/notes")))
        edit.replace(
            comment, source="notes", path="/sources/notes/b.html", file_digest="1", passages=passages, embedded=["1", "2"], terms=[],
            vectors=[row.tobytes() for row in embedder.embed_passages([embedded_text(p.context, p.text) for p in passages])],
        )
    for reranker in (FakeReranker(), None):
        hits = found(catalog, "bad pay at Genpact", reranker).hits
        assert [hit.passage.kind for hit in hits] == ["prose", "prose", "comment"]
        assert hits[-1].score > hits[0].score


def test_who_wants_to_look_through_more_hits_gets_the_best_of_twice_as_many(tmp_path: Path) -> None:
    catalog, read = Catalog(tmp_path), list[int]()

    class Counting(Always):
        def score(self, question: str, texts: Sequence[str]) -> list[float]:
            read.append(len(texts))
            return [float(text.rpartition(" ")[2][:-1]) for text in texts]

    for n in range(40):
        put(catalog, f"notes/{n}.md", f"# Stork {n}", f"A stork of nest {chr(97 + n % 26) * (n + 2)} is no. {n}.")
    for k, candidates, hits in ((None, RERANKED, RERANKED), (3, RERANKED, 3), (10, 20, 10), (30, 40, 30)):
        read.clear()
        result = found(catalog, "stork", Counting(), k=k)
        assert (sum(read), len(result.hits)) == (candidates, hits)
        assert [hit.score for hit in result.hits] == sorted((hit.score for hit in result.hits), reverse=True)


def test_a_search_can_be_narrowed_to_documents(catalog: Catalog) -> None:
    question = "Genpact, Infosys, coffee, SLA"
    assert texts(found(catalog, question, documents=frozenset({"notes/coffee.md"}))) == [COFFEE]
    assert set(texts(found(catalog, question, documents=frozenset({"notes/coffee.md", "notes/infosys.md"})))) == {COFFEE, INFOSYS}
    assert texts(found(catalog, question, documents=frozenset({"notes/none.md"}))) == []
    assert texts(found(catalog, question, documents=frozenset())) == []
    assert len(found(catalog, question).hits) == 4


@pytest.mark.parametrize("question", ["", "   ", "?!", "\x00\x1b", "\ud800", "…"])
def test_a_question_without_words_finds_nothing(question: str, catalog: Catalog) -> None:
    assert found(catalog, question).hits == ()


def test_an_index_without_documents_finds_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    with catalog.writing():
        pass
    assert found(catalog, "What is KPO?", FakeReranker()).hits == ()


class Tokenizing(FakeEmbedder):
    """As a real model's tokenizer, it takes only what can be written as UTF-8."""

    def embed_question(self, text: str) -> np.ndarray:
        return super().embed_question(text.encode().decode())


@given(st.text(st.characters(exclude_categories=()), max_size=200))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_a_valid_question(catalog: Catalog, question: str) -> None:
    retrieval = Retrieval(catalog, Tokenizing(), FakeReranker())
    with retrieval.reading() as view:
        result = retrieval.search(view, question)
        assert len(result.hits) <= 4
        assert result.hits == retrieval.search(view, question).hits
        assert retrieval.search(view, f"\ud83d Genpact {question}").hits


@pytest.mark.parametrize(
    "question",
    ["KPO's", '"quoted', "a AND NOT b", "col:x", "R&D*", "NEAR(a b)", "-x", "(", "a^2", "'; DROP TABLE passages; --", "\ud83d?"],
)
def test_no_question_is_read_as_a_query_language(question: str, catalog: Catalog) -> None:
    found(catalog, f"{question} Genpact")
    assert texts(found(catalog, f"{question} Genpact"))[0] == GENPACT


def test_another_embedding_model_or_scheme_is_refused_with_the_command_that_rebuilds(catalog: Catalog) -> None:
    other = Retrieval(catalog, FakeEmbedder("another model"), None)
    with pytest.raises(IndexMismatch, match="another embedding model") as caught, other.reading():
        pass
    assert "kpo ingest --rebuild" in caught.value.remedy
    with catalog.writing() as edit:
        edit.set_meta("scheme", "0")
    with pytest.raises(IndexMismatch, match="another way of cutting") as caught, Retrieval(catalog, FakeEmbedder(), None).reading():
        pass
    assert "kpo ingest --rebuild" in caught.value.remedy


def test_no_index_is_an_error_that_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing) as caught, Retrieval(Catalog(tmp_path), FakeEmbedder(), None).reading():
        pass
    assert "kpo ingest" in caught.value.remedy


class Remembered:
    """A store that answers from a fixed list at one generation, and None at any other, as Chroma does while it catches up."""

    def __init__(self, generation: int, ids: list[str]) -> None:
        self._generation, self._ids = generation, ids
        self.asked = 0

    def search(self, generation: int, vector: np.ndarray, n: int) -> list[str] | None:
        self.asked += 1
        return self._ids if generation == self._generation else None

    def catch_up(self) -> None:
        pass


def test_chroma_proposes_and_the_catalogs_vectors_decide(catalog: Catalog) -> None:
    exact = found(catalog, "Genpact runs finance")
    with catalog.reading() as view:
        ids, generation = view.matrix().ids, view.generation
    for stands in (generation, generation - 1):  # up to date, and behind
        store = Remembered(stands, [*reversed(ids), "an id that is gone"])
        retrieval = Retrieval(catalog, FakeEmbedder(), None, store)
        with retrieval.reading() as view:
            assert retrieval.search(view, "Genpact runs finance").hits == exact.hits
        assert store.asked == 1


def test_a_change_is_seen_by_the_next_question(catalog: Catalog) -> None:
    retrieval = Retrieval(catalog, FakeEmbedder(), FakeReranker())

    def ask() -> list[str]:
        with retrieval.reading() as view:
            return texts(retrieval.search(view, "coffee and tea on hills"))

    assert ask()[0] == COFFEE
    put(catalog, "notes/tea.md", "# Tea", "Coffee and tea on hills.")
    assert ask()[0] == "Coffee and tea on hills."
    with catalog.writing() as edit:
        edit.remove("notes/tea.md")
        edit.remove("notes/coffee.md")
    assert not {COFFEE, "Coffee and tea on hills."} & set(ask())


def test_a_catalog_made_anew_is_not_mistaken_for_the_one_before(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path)
    put(catalog, "notes/a.md", "# A", GENPACT)
    retrieval = Retrieval(catalog, FakeEmbedder(), None)
    with retrieval.reading() as view:
        assert texts(retrieval.search(view, "runs")) == [GENPACT]
        before = view.generation
    for file in tmp_path.iterdir():
        file.unlink()
    put(catalog, "notes/b.md", "# B", INFOSYS)
    with retrieval.reading() as view:
        assert view.generation == before
        assert texts(retrieval.search(view, "runs")) == [INFOSYS]


@pytest.mark.parametrize(("question", "searched"), [
    ("What are the drawbacks of KPO projects abroad?", "What are the drawbacks of projects abroad?"),
    ("How should a KPO provider handle complaints?", "How should a provider handle complaints?"),
    ("What drawbacks and costs are there in KPO?", "What drawbacks and costs are there?"),
    ("What do people often get wrong about KPO?", "What do people often get wrong about KPO?"),
    ("How does KPO differ from BPO in price?", "How does KPO differ from BPO in price?"),
    ("What are the drawbacks of KPO?", "What are the drawbacks of KPO?"),
    ("What are the costs of KPO and of BPO abroad?", "What are the costs of KPO and of BPO abroad?"),
])
def test_a_word_that_every_passage_shares_is_searched_for_only_where_it_is_asked_about(question: str, searched: str) -> None:
    assert focused(question, frozenset({"kpo"})) == searched
    assert focused(question, frozenset()) == question
