"""What a question is about, without documents: the two things that it compares."""

import pytest

from assistant.topic import sides_of, term_named, terms_beside
from corpus.terms import Term


@pytest.mark.parametrize(("question", "sides"), [
    ("RFI and RFP, whats the difference", ["RFI", "RFP"]),
    ("an SLA or a KPI - what is the difference?", ["SLA", "KPI"]),
    ("KPO/BPO difference", ["KPO", "BPO"]),
    ("explain KPO and BPO differences", ["KPO", "BPO"]),
    ("kpo vs bpo difference", ["kpo", "bpo"]),
    ("RPO RTO difference", ["RPO", "RTO"]),
    ("GCCs SSCs difference?", ["GCCs", "SSCs"]),
    ("difference KPO n BPO", ["KPO", "BPO"]),
    ("whats the difference of a captive to a provider", ["captive", "provider"]),
    ("difference between SLAs n KPIs", ["SLAs", "KPIs"]),
    ("What are the pros and cons of a GCC compared to KPO?", ["GCC", "KPO"]),
    ("FTE vs time and materials: who bears the risk?", ["FTE", "time and materials"]),
    # nothing is compared
    ("Is offshore cheap compared with nearshore?", []),
    ("time zone difference", []),
    ("the main pay difference", []),
    ("India and UK time difference", []),
    ("Is there a KPO and BPO difference?", []),
    ("the vendor gets faster, how do we settle who pockets the difference?", []),
    ("What difference does training make?", []),
    ("What is the difference in pay and hours?", []),
])
def test_the_sides_of_a_comparison_are_found_in_short_forms(question: str, sides: list[str]) -> None:
    assert sides_of(question) == sides


def test_a_term_is_known_by_its_plural() -> None:
    centre = Term("Global capability centre", ("GCC",), "a centre", "notes/a.md", 0, 8, "p", True)
    assert [term_named(side, [centre]) for side in ("GCCs", "global capability centres", "GC")] == [centre, centre, None]


@pytest.mark.parametrize(("question", "names"), [
    ("Explain CSAT and NPS", ["CSAT", "NPS"]),
    ("What are NPS, CSAT and an SLA?", ["NPS", "CSAT", "SLA"]),
    ("What do SLA and NPS mean?", ["SLA", "NPS"]),
    ("slas n csat", ["SLA", "CSAT"]),
    ("Explain CSAT", []),
    ("What is time and materials?", []),
    ("What are the risks and benefits of CSAT?", []),
    ("Explain CSAT and the weather", []),
    ("How do CSAT and NPS differ?", []),
])
def test_terms_asked_for_side_by_side_are_all_found(question: str, names: list[str]) -> None:
    known = ("CSAT", "NPS", "SLA", "Time", "Materials", "Time and materials")
    terms = [Term(name, (), "a thing", "notes/a.md", at, at + 7, "p", True) for at, name in enumerate(known)]
    assert [term.name for term in terms_beside(question, terms)] == names
