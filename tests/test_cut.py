"""Passages prove their spans, fit the model's window, lose no text, and keep together what belongs together."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cut import PROSE_TOKENS, cut
from corpus.document import Block, Contents, Document, Passage, Unit, embedded_text
from corpus.readers import Unreadable, read
from corpus.sentences import pieces, sentences
from samples import ITEMS, LEAD, PROSE, SAMPLES, TABLE


def by_words(text: str) -> int:
    """Words and signs, and two more as a BERT tokenizer adds them at the ends."""
    return len(re.findall(r"\w+|[^\w\s]", text)) + 2


def by_letters(text: str) -> int:
    return len(text) // 3 + 2


def composed(*blocks: Block, title: str = "The trade") -> Document:
    return Document.compose("s/x.md", Contents(blocks, "markdown", title=title))


def check(document: Document, passages: list[Passage], count, window: int) -> None:
    """What holds for the passages of any document."""
    for passage in passages:
        passage.prove(document)
        assert document.text[passage.start : passage.end] == passage.text == passage.text.strip()
        assert count(embedded_text(passage.context, passage.text)) <= window
        for unit in passage.units:
            assert document.text[unit.start : unit.end] == passage.quote(unit) == passage.quote(unit).strip() != ""
        assert all(before.end <= after.start for before, after in pairwise(passage.units))
    assert all(before.end <= after.start for before, after in pairwise(passages))
    assert len({passage.id for passage in passages}) == len(passages)
    covered = {at for passage in passages for unit in passage.units for at in range(unit.start, unit.end)}
    contexts = [passage.context for passage in passages]
    for block in document.blocks:
        said = document.text[block.start : block.end]
        lost = [at for at in range(block.start, block.end) if at not in covered and not document.text[at].isspace()]
        assert block.kind == "heading" or not lost or any(document.text[lost[0] : lost[-1] + 1] in context for context in contexts), said


@pytest.mark.parametrize("window", [40, 100, 256])
@pytest.mark.parametrize("name", SAMPLES)
def test_passages_of_every_format_prove_their_spans_and_lose_nothing(name: str, window: int) -> None:
    document = Document.compose(f"s/{name}", read(SAMPLES[name](), name))
    passages = cut(document, by_words, window)
    check(document, passages, by_words, window)
    said = " ".join(embedded_text(passage.context, passage.text) for passage in passages)
    expected = [row[1] for row in TABLE] if name.endswith(("xlsx", "csv")) else [PROSE[0], *ITEMS]
    for words in expected:
        assert all(word in said for word in words.split())


WORD = st.text(st.characters(categories=["Lu", "Ll", "Nd", "Lo", "Sc"]), min_size=1, max_size=12)
COMMON = st.sampled_from(["KPO", "No. 7", "Dr. Meyer", "work", "na\u00efve", "3.5", "e.g.", "x-y"])
SENTENCE = st.lists(COMMON | WORD, min_size=1, max_size=30).map(lambda words: " ".join(words) + ".")
PARAGRAPH = st.lists(SENTENCE, min_size=1, max_size=6).map(" ".join)
ITEM = st.one_of(SENTENCE, st.sampled_from(["Law", "Costs:", "Risk: it may fail."]))
ITEM_LIST = st.lists(ITEM, min_size=1, max_size=8)
MARKDOWN_PART = st.one_of(
    PARAGRAPH,
    st.builds(lambda level, words: "#" * level + f" {words}", st.integers(1, 4), SENTENCE),
    st.builds(lambda lead, items: f"{lead}:\n\n" + "\n".join(f"- {item}" for item in items), SENTENCE, ITEM_LIST),
    ITEM_LIST.map(lambda items: "\n".join(f"{n}. {item}\n   - below {item}" for n, item in enumerate(items, 1))),
    st.lists(st.tuples(ITEM, SENTENCE), min_size=1, max_size=5).map(
        lambda rows: "| " + " |\n| --- | --- |\n| ".join([" | ".join(rows[0]), " |\n| ".join(map(" | ".join, rows[1:]))]) + " |"
    ),
    SENTENCE.map(lambda code: f"```\n{code}\n  {code}\n```"),
)
WINDOW, COUNT = st.sampled_from([32, 64, 256]), st.sampled_from([by_words, by_letters])


@settings(derandomize=True, max_examples=120, deadline=None)
@given(st.lists(MARKDOWN_PART, min_size=1, max_size=8), WINDOW, COUNT)
def test_any_markdown_is_cut_into_passages_that_hold_what_they_promise(parts: list[str], window: int, count) -> None:
    text = "\n\n".join(parts)
    try:
        document = Document.compose("s/x.md", read(text.encode(), "x.md"))
    except Unreadable:
        return  # headings alone
    check(document, cut(document, count, window), count, window)


TEXT_PART = st.one_of(
    PARAGRAPH, WORD,
    PARAGRAPH.map(lambda text: re.sub(r"(.{40,60}) ", r"\1\n", text)),
    ITEM_LIST.map(lambda items: "Some kinds:\n" + "\n".join(f"  \u2022 {item}" for item in items)),
)


@settings(derandomize=True, max_examples=120, deadline=None)
@given(st.lists(TEXT_PART, min_size=1, max_size=8), WINDOW, COUNT)
def test_any_plain_text_is_cut_into_passages_that_hold_what_they_promise(parts: list[str], window: int, count) -> None:
    try:
        document = Document.compose("s/x.txt", read("\n\n".join(parts).encode(), "x.txt"))
    except Unreadable:
        return
    check(document, cut(document, count, window), count, window)


KIND = st.sampled_from(["heading", "prose", "item", "header", "row", "code", "comment"])


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.builds(Block, KIND, PARAGRAPH, st.integers(0, 2)), min_size=1, max_size=10), WINDOW)
def test_blocks_in_any_order_are_cut_without_loss(blocks: list[Block], window: int) -> None:
    document = composed(*blocks)
    check(document, cut(document, by_words, window), by_words, window)


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=300))
def test_sentences_lose_nothing(text: str) -> None:
    assert "".join(pieces(text)) == text
    spans = sentences(text, 0, len(text))
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())


def test_sentences_are_not_broken_after_abbreviations() -> None:
    text = "Dr. Meyer lives at No. 7. She earns 3.5 times more, e.g. in law. True."
    assert [text[start:end] for start, end in sentences(text, 0, len(text))] == [
        "Dr. Meyer lives at No. 7.", "She earns 3.5 times more, e.g. in law.", "True.",
    ]


def test_a_heading_leads_its_text_and_the_outer_headings_stand_in_the_context() -> None:
    document = composed(
        Block("heading", "The trade", 1), Block("prose", "It grows."), Block("heading", "Kinds", 2), Block("heading", "Law", 3),
        Block("prose", "It pays."), Block("heading", "Risks", 2), Block("prose", "There are some."),
    )
    assert [(passage.context, passage.heading, passage.text) for passage in cut(document, by_words, 256)] == [
        ("The trade", "The trade", "It grows."),
        ("The trade > Kinds > Law", "Law", "It pays."),
        ("The trade > Risks", "Risks", "There are some."),
    ]


def test_a_short_list_is_one_passage_with_its_lead_in() -> None:
    items = [Block("item", text, marker=f"{n}.") for n, text in enumerate(["Research", "Law", "Design"], 1)]
    (passage,) = cut(composed(Block("prose", "There are three:"), *items), by_words, 256)
    assert (passage.kind, passage.text) == ("list", "There are three:\n\n1. Research\n2. Law\n3. Design")
    assert [(passage.quote(unit), unit.marker) for unit in passage.units] == [
        ("There are three:", ""), ("Research", "1."), ("Law", "2."), ("Design", "3."),
    ]


def test_a_long_list_keeps_its_lead_in_beside_every_part_even_under_many_headings() -> None:
    headings = [Block("heading", f"A rather long heading of level {level} in this document", level) for level in range(1, 6)]
    items = [Block("item", f"Item {n} is a thing that is said in some words, and then in more.", marker="-") for n in range(20)]
    passages = cut(composed(*headings, Block("prose", LEAD), *items), by_words, 80)
    assert len(passages) > 3 and {passage.kind for passage in passages} == {"list"}
    assert passages[0].text.startswith(f"{LEAD}\n\n- Item 0 is a thing")
    assert all(passage.context.endswith(f"level 5 in this document\n{LEAD}") for passage in passages[1:])
    units = [passage.quote(unit) for passage in passages for unit in passage.units][1:]
    assert len(units) == 20 and all(unit.startswith("Item") and unit.endswith("more.") for unit in units)


def test_a_lead_in_too_long_for_the_context_is_a_passage_of_its_own() -> None:
    lead = "These are the kinds of work " + "that somebody somewhere gives away " * 12 + "now:"
    items = [Block("item", f"Item {n} is a thing that is said in some words.", marker="-") for n in range(12)]
    document = composed(Block("prose", lead), *items)
    passages = cut(document, by_words, 80)
    check(document, passages, by_words, 80)
    assert [passage.kind for passage in passages][:2] == ["prose", "list"] and passages[0].text == lead


def test_a_lead_in_longer_than_the_window_is_cut_and_its_list_follows() -> None:
    lead = "These are the kinds of work " + "that somebody somewhere gives away " * 40 + "now:"
    document = composed(Block("prose", lead), Block("item", "Law", marker="-"), Block("item", "Design", marker="-"))
    passages = cut(document, by_words, 80)
    check(document, passages, by_words, 80)
    assert passages[-1].text == "Law\n- Design"


def test_a_label_and_the_one_item_it_announces_are_one_unit() -> None:
    document = composed(
        Block("item", "Costs:", 0, marker="1."), Block("item", "They fall.", 1, marker="-"), Block("item", "Risks:", 0, marker="2."),
        Block("item", "Secrets leak.", 1, marker="-"), Block("item", "People leave.", 1, marker="-"),
    )
    (passage,) = cut(document, by_words, 256)
    assert [passage.quote(unit) for unit in passage.units] == ["Costs:\n  - They fall.", "Risks:", "Secrets leak.", "People leave."]


def test_a_table_row_carries_its_header_even_under_many_headings() -> None:
    headings = [Block("heading", f"A rather long heading of level {level} in this document", level) for level in range(1, 6)]
    rows = [Block("row", "KPO | knowledge work"), Block("row", "BPO | routine work")]
    document = composed(*headings, Block("header", "Term | Meaning"), *rows)
    passages = cut(document, by_words, 64)
    assert [passage.text for passage in passages] == ["KPO | knowledge work", "BPO | routine work"]
    assert {passage.kind for passage in passages} == {"row"}
    assert all(passage.context.endswith("level 5 in this document\nTerm | Meaning") for passage in passages)


def test_a_second_table_has_its_own_header() -> None:
    document = composed(
        Block("header", "Term | Meaning"), Block("row", "KPO | knowledge work"),
        Block("header", "Firm | Place"), Block("row", "Acme | Pune"),
    )
    assert [passage.context for passage in cut(document, by_words, 256)] == ["The trade\nTerm | Meaning", "The trade\nFirm | Place"]


@pytest.mark.parametrize("header", ["Only | this", "A cell that says much | " + "and then more " * 30])
def test_a_header_without_rows_or_too_long_to_be_carried_is_a_row_itself(header: str) -> None:
    rows = [Block("row", "a | b")] if len(header) > 20 else []
    document = composed(Block("header", header.strip()), *rows)
    passages = cut(document, by_words, 128)
    check(document, passages, by_words, 128)
    assert [passage.text for passage in passages] == [header.strip(), *(block.text for block in rows)]


def test_a_sentence_longer_than_the_window_is_cut_and_nothing_else_is() -> None:
    long = "It is " + ", ".join(f"thing {n}" for n in range(200)) + "."
    document = composed(Block("prose", f"Short before. {long} Short after."))
    passages = cut(document, by_words, 100)
    check(document, passages, by_words, 100)
    units = [passage.quote(unit) for passage in passages for unit in passage.units]
    assert "Short before." in units and units[-1].endswith("Short after.") and long not in units


def test_a_list_item_longer_than_the_window_is_cut_and_its_neighbours_stay_whole() -> None:
    long = " ".join(f"Sentence {n} says a thing." for n in range(60))
    items = [Block("item", text, marker=f"{n}.") for n, text in enumerate(["Before.", long, "After."], 1)]
    document = composed(Block("prose", LEAD), *items)
    passages = cut(document, by_words, 100)
    check(document, passages, by_words, 100)
    assert passages[0].text == f"{LEAD}\n\n1. Before." and passages[-1].text == "After." and {p.kind for p in passages} == {"list"}
    assert all(LEAD in passage.context for passage in passages[1:])
    assert {unit.marker for passage in passages[1:-1] for unit in passage.units} == {"2."}


def test_a_word_longer_than_the_window_is_cut_by_letters() -> None:
    document = composed(Block("prose", "x" * 3000))
    passages = cut(document, by_letters, 64)
    check(document, passages, by_letters, 64)
    assert "".join(passage.text for passage in passages) == "x" * 3000


def test_prose_is_cut_between_sentences_at_the_size_aimed_for() -> None:
    said = [f"Sentence number {n} says something of the trade." for n in range(100)]
    passages = cut(composed(Block("prose", " ".join(said))), by_words, 512)
    assert [passage.quote(unit) for passage in passages for unit in passage.units] == said
    assert all(PROSE_TOKENS / 2 < by_words(passage.text) <= PROSE_TOKENS for passage in passages[:-1])


def test_repeated_sentences_get_spans_of_their_own() -> None:
    document = composed(*[Block("prose", "The same is said again and again here.")] * 60)
    passages = cut(document, by_words, 64)
    check(document, passages, by_words, 64)
    assert sum(len(passage.units) for passage in passages) == 60


def test_comments_never_stand_in_one_passage_with_the_article() -> None:
    document = composed(Block("prose", "KPO is a trade."), Block("comment", "I doubt this."), Block("comment", "Me too."))
    assert [(passage.kind, passage.text) for passage in cut(document, by_words, 256)] == [
        ("prose", "KPO is a trade."), ("comment", "I doubt this.\n\nMe too."),
    ]


def test_every_sentence_stands_in_a_passage_of_its_page() -> None:
    blocks = [Block("prose", f"This is said on page {page}. " + "It goes on and on. " * 30, page=page) for page in (1, 2, 3)]
    passages = cut(composed(*[Block(b.kind, b.text.strip(), page=b.page) for b in blocks]), by_words, 120)
    assert len(passages) > 3 and {passage.page for passage in passages} == {1, 2, 3}
    for at, passage in enumerate(passages):
        for page in re.findall(r"said on page (\d)", passage.text):
            assert passage.page == int(page)
        assert at == 0 or passage.page >= passages[at - 1].page


def test_a_list_that_runs_over_a_page_break_keeps_its_lead_in() -> None:
    items = [Block("item", "Law", page=1, marker="-"), Block("item", "Design", page=2, marker="-")]
    document = composed(Block("prose", "There are two:", page=1), *items)
    assert [(passage.text, passage.page) for passage in cut(document, by_words, 256)] == [("There are two:\n\n- Law\n- Design", 1)]


@pytest.mark.parametrize(("heading", "sentence", "defines"), [
    ("Attrition", "Attrition is the rate at which people leave.", True),
    ("Chatbot", "Chatbots are programs that talk.", True),
    ("Service level agreement (SLA)", "A service level agreement is a promise.", True),
    ("Service level agreement (SLA)", "An SLA is a promise.", True),
    ("Attrition", "The rate at which people leave is high.", False),
    ("Attrition", "Attrition costs money.", False),
    ("Art", "Articles are words.", False),
    ("Information technology (IT)", "It is late.", False),
    ("Gain sharing", "Gain sharing, as a rule, means a split of savings.", True),
    ("Time and materials (T&M)", "Time and materials (T&M) pricing is a model of payment by the hour.", True),
    ("Genpact", "Genpact is named in both lists.", False),
    ("Risks", "Risks arise because KPO means sharing.", False),
    ("Data security", "Data security is expected to improve, because it is weak.", False),
])
def test_a_sentence_that_says_what_its_heading_names_is_a_definition(heading: str, sentence: str, defines: bool) -> None:
    (passage,) = cut(composed(Block("heading", heading, 2), Block("prose", sentence)), by_words, 256)
    assert (passage.kind == "definition") is defines


def test_the_same_document_is_cut_into_the_same_passages_twice() -> None:
    document = Document.compose("s/x.md", read(SAMPLES["trade.md"](), "x.md"))
    assert cut(document, by_words, 100) == cut(document, by_words, 100)


def test_a_passage_cannot_lie_about_its_span() -> None:
    with pytest.raises(ValueError):
        Passage("s/x", 0, 5, "four", "", "", None, "prose", (Unit(0, 5),))
    with pytest.raises(ValueError):
        Passage("s/x", 0, 4, "four", "", "", None, "prose", (Unit(2, 4), Unit(0, 2)))
    with pytest.raises(ValueError):
        Passage("s/x", 0, 4, "four", "", "", None, "prose", ())
    with pytest.raises(ValueError, match="is not in"):
        Passage("s/x.md", 0, 4, "four", "", "", None, "prose", (Unit(0, 4),)).prove(composed(Block("prose", "five words")))


def test_a_document_without_text_cannot_be_composed() -> None:
    with pytest.raises(ValueError, match="has text"):
        composed()


def test_a_document_has_another_digest_when_anything_that_a_reader_sees_changes() -> None:
    base = Contents((Block("prose", "It grows."),), "markdown", title="The trade")
    several = [
        base, Contents(base.blocks, "markdown", title="Trade"), Contents(base.blocks, "markdown", title="The trade", date="2024-01-02"),
        Contents((Block("heading", "It grows.", 1),), "markdown", title="The trade"),
        Contents((Block("prose", "It grows!"),), "markdown", title="The trade"),
    ]
    assert len({Document.compose("s/x", contents).digest for contents in several}) == len(several)
    assert Document.compose("s/x", base).digest == Document.compose("t/y", base).digest
