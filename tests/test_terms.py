"""What documents define is harvested with the verbatim sentence that says so."""

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cut import cut
from corpus.document import Block, Contents, Document
from corpus.readers import Unreadable, read
from corpus.terms import Term, harvest, split_name
from index.terms import matching
from samples import SAMPLES


def count(text: str) -> int:
    return len(text.split())


def terms(text: str, name: str = "x.md") -> list[Term]:
    return of(Document.compose(f"s/{name}", read(text.encode(), name)))


def of(document: Document) -> list[Term]:
    passages = cut(document, count, 256)
    found = harvest(document, passages)
    spans = {passage.id: passage for passage in passages}
    for term in found:
        assert document.text[term.start : term.end] == term.definition
        assert spans[term.passage].start <= term.start < term.end <= spans[term.passage].end
    assert len({term.name.lower() for term in found}) == len(found)
    return found


def said(text: str, name: str = "x.md") -> list[tuple[str, tuple[str, ...], bool]]:
    return [(term.name, term.abbreviations, term.defines) for term in terms(text, name)]


def prose(sentence: str) -> list[tuple[str, tuple[str, ...], bool]]:
    document = Document.compose("s/x", Contents((Block("prose", sentence),), "text", title="A note"))
    return [(term.name, term.abbreviations, term.defines) for term in of(document)]


def test_a_heading_and_its_first_sentence_are_a_definition() -> None:
    (first, second) = terms(
        "# Glossary\n\nThese are the words.\n\n## Attrition\n\nAttrition is the rate at which people leave. It costs money.\n\n"
        "## Service level agreement (SLA)\n\nA service level agreement is a promise.\n\n## Risks\n\nPeople leave.\n"
    )
    assert (first.name, first.abbreviations, first.definition, first.defines) == (
        "Attrition", (), "Attrition is the rate at which people leave.", True,
    )
    assert (second.name, second.abbreviations, second.definition) == (
        "Service level agreement", ("SLA",), "A service level agreement is a promise.",
    )


def test_a_question_as_a_heading_is_no_term() -> None:
    assert said("# What is KPO?\n\nWhat is KPO? is a question.\n") == []


@pytest.mark.parametrize(("heading", "sentence", "defines"), [
    ("Passwords", "Passwords are changed every 90 days.", False),
    ("Passwords", "Passwords are no longer changed at fixed intervals.", False),
    ("Overtime", "Overtime is paid at 1.5 times the rate.", False),
    ("Research", "Research is organised work to gain knowledge.", True),
    ("Passwords", "Passwords are words that are changed every 90 days.", True),
    ("Dashboards", "Dashboards are used to show figures.", True),
])
def test_a_rule_about_what_its_heading_names_is_no_definition(heading: str, sentence: str, defines: bool) -> None:
    assert said(f"# {heading}\n\n{sentence}\n") == ([(heading, (), True)] if defines else [])


@pytest.mark.parametrize(("sentence", "name", "short", "defines"), [
    ("Knowledge process outsourcing (KPO) is a trade.", "Knowledge process outsourcing", "KPO", True),
    ("A knowledge process outsourcing (KPO) business is a service.", "knowledge process outsourcing", "KPO", True),
    ("It is a part of the business process outsourcing (BPO) industry.", "business process outsourcing", "BPO", False),
    ("Firms sell Information Technology Enabled Services (ITES) abroad.", "Information Technology Enabled Services", "ITES", False),
    ("Firms sell IT-enabled services (ITES) abroad.", "IT-enabled services", "ITES", False),
    ("Robotic process automation (RPA) means that software does it.", "Robotic process automation", "RPA", True),
    ("Work in research and development (R&D) pays well.", "research and development", "R&D", False),
    ("They rent software as a service (SaaS) by the month.", "software as a service", "SaaS", False),
    ("Many service level agreements (SLAs) are promises.", "service level agreements", "SLA", False),
    ("KPO, an acronym for knowledge processing outsourcing, is the outsourcing of work.", "knowledge processing outsourcing", "KPO", True),
    ("LPO stands for legal process outsourcing.", "legal process outsourcing", "LPO", False),
    ("LPO stands for legal process outsourcing and covers contracts.", "legal process outsourcing", "LPO", False),
    ("BPO is short for business process outsourcing (an older trade).", "business process outsourcing", "BPO", False),
    ("In this trade, BPO means \u201cbusiness process outsourcing\u201d", "business process outsourcing", "BPO", False),
    ("KPO (knowledge process outsourcing) is a trade.", "knowledge process outsourcing", "KPO", True),
    ("They sell KPO (knowledge process outsourcing) abroad.", "knowledge process outsourcing", "KPO", False),
])
def test_a_sentence_that_expands_an_abbreviation_gives_a_term(sentence: str, name: str, short: str, defines: bool) -> None:
    assert prose(sentence) == [(name, (short,), defines)]


@pytest.mark.parametrize("sentence", [
    "The company (Acme) is large.", "It was sold (TWICE) in a year.", "AI means a lot to us.", "The work (see below) is hard.",
    "He met the chief of the firm (CEO) there.", "KPO (see below) is a trade.", "BPO stands for many things.",
])
def test_a_bracket_that_no_words_spell_gives_no_term(sentence: str) -> None:
    assert prose(sentence) == []


MEANINGS = (
    "A work package (WP) is the least that is invoiced. A scope sheet is a list of what is included. Shadowing means that analysts watch. It is a start. "
    "The pilots are the first items. “Client” means any firm that pays. Sheets are kept for a year. The following is a note. KPO means work."
)


@pytest.mark.parametrize("heading", [
    "Definitions", "7. Definitions", "Terms", "Key terms", "Terms and definitions", "Glossary of terms", "Terms used in this policy",
])
def test_a_section_of_definitions_defines_what_its_sentences_open_with(heading: str) -> None:
    assert said(f"# Rules\n\n## {heading}\n\n{MEANINGS}\n") == [
        ("work package", ("WP",), True), ("scope sheet", (), True), ("Shadowing", (), True), ("pilots", (), True), ("Client", (), True),
    ]
    assert said(f"# Rules\n\n## {heading}\n\n- A scope sheet is a list of what is included.\n") == [("scope sheet", (), True)]


@pytest.mark.parametrize("heading", ["Terms of payment", "Terms and conditions", "Roles", "Long-term plans"])
def test_any_other_section_defines_only_what_it_spells_out(heading: str) -> None:
    assert said(f"# Rules\n\n## {heading}\n\n{MEANINGS}\n") == [("work package", ("WP",), True)]


def test_a_definition_wins_over_a_sentence_that_only_expands() -> None:
    definition = "Legal process outsourcing (LPO) is the sale of legal work."
    (term,) = terms(f"# A\n\nFirms buy legal process outsourcing (LPO).\n\n## B\n\n{definition}\n")
    assert term.defines and term.definition == definition


def test_the_first_of_two_definitions_wins() -> None:
    (term,) = terms("Knowledge process outsourcing (KPO) is a trade.\n\nKnowledge process outsourcing (KPO) is a business.\n")
    assert term.definition.endswith("a trade.")


@pytest.mark.parametrize(("header", "row", "expected"), [
    ("Term | Meaning", "Attrition | People leaving", [("Attrition", (), True)]),
    ("Abbreviation | Full form", "LPO | Legal process outsourcing", [("Legal process outsourcing", ("LPO",), True)]),
    ("Term | Definition | Where", "Service level agreement (SLA) | A promise | Law", [("Service level agreement", ("SLA",), True)]),
    ("Term | Abbreviation | Meaning", "First pass yield | FPY | What passes without rework", [("First pass yield", ("FPY",), True)]),
    ("Term | Abbreviation | Meaning", "Red file |  | What two reviewers rejected", [("Red file", (), True)]),
    ("Term | Abbreviation | Meaning", "Red file | n/a | What two reviewers rejected", [("Red file", (), True)]),
    ("Acronym | Term | Area | Definition", "WO, WOR | Work order | Law | An instruction", [("Work order", ("WO", "WOR"), True)]),
    ("Abbreviation | Area | Full form", "LPO | Law | Legal process outsourcing", [("Legal process outsourcing", ("LPO",), True)]),
    ("Name | Price | Description", "Patent search | 950 | A search for patents", []),
    ("Area | Meaning", "Law | Legal work", []),
    ("Firm | Place", "Acme | Pune", []),
    ("Term | Meaning", " | No name", []),
    ("Term | Meaning", "No meaning | ", []),
    ("Term | Meaning", "2024 | A year", []),
])
def test_a_table_of_terms_and_meanings_is_a_glossary(header: str, row: str, expected: list[tuple[str, tuple[str, ...], bool]]) -> None:
    assert said(f"| {header} |\n|{' --- |' * len(header.split('|'))}\n| {row} |\n") == expected


def test_a_definition_list_is_a_glossary() -> None:
    page = "<html><body><dl><dt>LPO</dt><dd>Legal process outsourcing</dd><dt>Attrition</dt><dd>People leaving</dd></dl></body></html>"
    assert said(page, "x.html") == [("Legal process outsourcing", ("LPO",), True), ("Attrition", (), True)]


def test_a_table_with_an_empty_cell_gives_no_term_and_no_error() -> None:
    page = "<html><body><table><tr><td></td><td>words</td></tr><tr><td>KPO</td><td></td></tr></table></body></html>"
    assert said(page, "x.html") == []


def test_readers_comments_define_nothing() -> None:
    article = "What is KPO?\n\nIt is a trade that has grown for many years, and its buyers are found in many of the richer countries.\n\n"
    comments = (
        "Comments\n\nKnowledge process outsourcing (KPO) is a small organization.\n\n@BoniJ - Legal process outsourcing (LPO) is a fraud.\n"
    )
    assert said(article + comments, "x.txt") == []
    assert [name for name, _, _ in said(article + comments.replace("Comments\n\n", "").replace("@BoniJ - ", ""), "x.txt")] == [
        "Knowledge process outsourcing", "Legal process outsourcing",
    ]


def test_a_web_article_gives_its_abbreviations_with_their_long_forms() -> None:
    article = (
        "What is KPO?\n\nA. B. Writer\nA. B. Writer\n\n"
        "KPO, an acronym for knowledge processing outsourcing, is the outsourcing of judgement to people in other countries.\n\n"
        "Some say that it has potential for Information Technology (IT) and Information Technology Enabled Services (ITES) sectors.\n\n"
        "Types of KPO Description\n"
        "Legal Process Outsourcing (LPO) \u2013 Contract Review: Reviewing contracts. \u2013 Document Review: Helping with trials.\n\n"
        "It could be considered a high-end activity of the business process outsourcing (BPO) industry. The two differ.\n\n"
        "You might also Like\n\nDiscussion Comments\n\nBasically business process outsourcing (BPO) is a fraud.\n\nPost your comments\n"
    )
    found = {term.abbreviations[0]: term for term in terms(article, "x.txt")}
    assert {short: term.name for short, term in found.items()} == {
        "KPO": "knowledge processing outsourcing", "IT": "Information Technology", "ITES": "Information Technology Enabled Services",
        "LPO": "Legal Process Outsourcing", "BPO": "business process outsourcing",
    }
    assert found["KPO"].defines and found["KPO"].definition.startswith("KPO, an acronym") and not found["BPO"].defines


@pytest.mark.parametrize("name", SAMPLES)
def test_terms_of_every_format_stand_at_their_offsets(name: str) -> None:
    found = of(Document.compose(f"s/{name}", read(SAMPLES[name](), name)))
    assert name == "trade.pptx" or "knowledge process outsourcing" in {term.name.lower() for term in found}


KIND = st.sampled_from(["prose", "row", "header", "heading", "comment", "item"])
NOISE = st.text(st.sampled_from("AbC (KPO)|.&-\u00e9 "), min_size=1, max_size=60).map(str.strip).filter(bool)


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(KIND, NOISE), min_size=1, max_size=6))
def test_any_text_is_harvested_without_an_error(blocks: list[tuple[str, str]]) -> None:
    of(Document.compose("s/x", Contents(tuple(Block(kind, text, 1 if kind == "heading" else 0) for kind, text in blocks), "text", title="T")))


@pytest.mark.parametrize("text", ["x-" * 5000, "KPO means " + "x-y " * 3000, "a b " * 5000 + "(", "A (" * 3000])
def test_harvesting_takes_time_in_proportion_to_the_text(text: str) -> None:
    def taken(words: str) -> float:
        started = process_time()
        prose(words)
        return process_time() - started

    prose(text)  # what is imported at first use is not counted
    half, whole = taken(text[: len(text) // 2]), taken(text)
    assert whole < 20 * (half + 0.05)


@pytest.mark.parametrize(("heading", "name", "short"), [
    ("Legal process outsourcing (LPO)", "Legal process outsourcing", ("LPO",)), ("Attrition", "Attrition", ()),
    ("Penetration test (pen test)", "Penetration test (pen test)", ()),
    ("Turnaround time (TAT, turn time)", "Turnaround time (TAT, turn time)", ()),
    ("Statement of work (SOW or SoW)", "Statement of work", ("SOW", "SoW")),
])
def test_a_name_is_split_from_its_abbreviations(heading: str, name: str, short: tuple[str, ...]) -> None:
    assert split_name(heading) == (name, short)


@pytest.mark.parametrize(("search", "found"), [
    ("SLA", ["Service level agreement"]), ("SLAs", ["Service level agreement"]), ("service level agreements", ["Service level agreement"]),
    ("agency", ["Agencies"]), ("level", ["Service level agreement"]), ("evel agre", ["Service level agreement"]), ("levels", ["Service level agreement"]),
    ("zebras", []), ("%", []), ("\u05e9\u05dc\u05d5\u05dd", []), (" ", ["Agencies", "Service level agreement"]), ("", ["Agencies", "Service level agreement"]),
])
def test_a_term_is_found_in_the_singular_and_the_plural_and_nothing_without_letters(search: str, found: list[str]) -> None:
    kept = terms("# A\n\n## Service level agreement (SLA)\n\nA service level agreement is a promise.\n\n## Agencies\n\nAgencies are firms.\n")
    assert [entry.name for entry in matching(kept, search)] == found


def test_a_term_without_a_name_or_a_definition_cannot_be_made() -> None:
    with pytest.raises(ValueError):
        Term("", (), "words", "s/x", 0, 5, "p", True)
    with pytest.raises(ValueError):
        Term("KPO", (), "words", "s/x", 0, 4, "p", True)


def test_a_document_of_headings_alone_is_refused_before_it_is_harvested() -> None:
    with pytest.raises(Unreadable):
        terms("# KPO\n")
