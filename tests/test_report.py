"""Reports: what a reader finds in them, with and without a script, and that hostile text stays text in each of them."""

import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from markdown_it import MarkdownIt
from playwright.sync_api import Browser

from evals import charts, history, markdown, report, terminal
from evals.baseline import bless, read_baseline
from evals.compare import compare
from evals.history import history_html
from evals.junit import junit_xml
from evals.labels import readable
from evals.markdown import markdown_text
from evals.metrics import parts
from evals.report import json_text, report_html
from evals.run import EvalRun, Outcome

HOSTILE = (
    '</details></script><script>document.title="owned"</script><img src=x onerror=\'document.title="owned"\'>'
    ' {{ 7*7 }} &amp; "\x00\x1b[31m\ud800'
)


def outcome(
    n: int, *, passed: bool = True, expect: str = "answer", protected: bool = False, words: str = "The fee is fixed."
) -> Outcome:
    """Case n. Its answer quotes `words` from the first of two passages, unless it is a refusal."""
    answered = (expect == "answer") == passed
    cited = {
        "marker": 1,
        "document": "notes/fees.md",
        "heading": "Fees",
        "page": 2,
        "quote": words,
        "start": 10,
        "end": 10 + len(words),
    }
    hits = (
        {"document": "notes/fees.md", "heading": "Fees", "page": 2, "text": f"Before. {words} After.", "score": 3.2},
        {**cited, "text": "Else.", "score": -1},
    )
    stage = "" if passed else "wrongly refused" if expect == "answer" else "wrongly answered"
    return Outcome(
        f"c{n:03}",
        f"What is fee {n}?",
        expect,
        ("fees", "even" if n % 2 == 0 else "odd"),
        protected,
        passed,
        stage,  # type: ignore[arg-type]
        "answered" if answered else "refused",
        f"What is fee {n}?",
        f"{words} [1]" if answered else "I could not find it.",
        0.5 + n % 50 / 100 if answered else 0.2,
        (cited,) if answered else (),
        hits,
        {"facts_said": float(answered), "recall@10": 1.0, "words": 4.0} if expect == "answer" else {"words": 4.0},
        {"embed": 2.0, "search": 3.5, "rerank": 80.0, "compose": 1.0, "total": 86.5 + n},
    )


def made(failed: range = range(3), *, id: int = 1, name: str = "", number: int = 24) -> EvalRun:
    """A run of `number` cases, every fourth of them unanswerable, in which `failed` failed."""
    outcomes = [
        outcome(n, passed=n not in failed, expect="refusal" if n % 4 == 3 else "answer", protected=n == 5)
        for n in range(number)
    ]
    return EvalRun(
        id, name, "notes", "d1", f"2026-03-0{id}T10:00:00+00:00", {"code": f"c{id}", "corpus": "k"}, tuple(outcomes)
    )


def hostile() -> EvalRun:
    """A run whose every text is an attack."""
    run = made()
    cited = {"marker": 1, "document": HOSTILE, "heading": HOSTILE, "page": None, "quote": HOSTILE, "start": 0, "end": 4}
    bad = replace(
        run.outcomes[0],
        question=HOSTILE,
        standalone=HOSTILE + "?",
        tags=(HOSTILE,),
        text=HOSTILE + " [1]",
        verdict="answered",
        citations=(cited,),
        hits=({"document": HOSTILE, "heading": HOSTILE, "page": None, "text": f"{HOSTILE} more", "score": 1.0},),
        error=HOSTILE,
        failed_at="error",
    )
    return replace(
        run, name=HOSTILE, set_name=HOSTILE, fingerprint={"code": HOSTILE}, outcomes=(bad, *run.outcomes[1:])
    )


class Page(HTMLParser):
    """The tags of a page, in order, what is never closed, and the text outside of script and style."""

    VOID = {"meta", "input", "img", "br", "link"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.stack: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.stack):
            self.text += data


# ---- HTML


def test_the_page_is_well_formed_and_loads_nothing() -> None:
    for text in (
        report_html(made()),
        report_html(made(), compare(made(range(0)), made())),
        history_html([made(), made(id=2)]),
    ):
        page = Page(text)
        assert page.stack == []
        assert not [tag for tag, _ in page.tags if tag in ("link", "img", "iframe", "object", "embed", "base")]
        assert not [
            value
            for _, attributes in page.tags
            for name, value in attributes.items()
            if name in ("src", "srcset", "style") or name.startswith("on")
        ]
        links = [attributes["href"] for tag, attributes in page.tags if tag == "a"]
        assert all(link and link.startswith("#") for link in links)
        assert "url(" not in text and "@import" not in text


def test_links_within_the_page_lead_somewhere_and_ids_are_unique() -> None:
    page = Page(report_html(made(), compare(made(range(0)), made())))
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} <= {f"#{id}" for id in ids}


def test_the_page_shows_every_case_with_its_answer_citation_and_passages() -> None:
    text = Page(report_html(made())).text
    for n in range(24):
        assert f"What is fee {n}?" in text
    assert "21 of 24 cases" in text
    assert text.count("notes/fees.md › Fees, page 2, 10–27") == sum(o.verdict == "answered" for o in made().outcomes)
    assert text.count("2 passages retrieved") == 24
    assert text.index("What is fee 2?") < text.index("What is fee 3?")  # failed cases come first


def test_the_quote_is_marked_in_its_passage() -> None:
    assert "Before. <mark>The fee is fixed.</mark> After." in report_html(made())


def test_hostile_text_stays_text_on_the_page() -> None:
    run = hostile()
    text = report_html(run, compare(replace(run, outcomes=made(range(0)).outcomes), run, different_sets=True))
    page = Page(text)
    assert page.stack == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert "{{ 7*7 }}" in page.text and "49" not in re.findall(r"\{\{.*?\}\}", page.text)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", text)
    text.encode()


def test_the_policy_allows_the_page_s_own_script_and_nothing_else() -> None:
    text = report_html(made())
    policy = next(a["content"] or "" for tag, a in Page(text).tags if tag == "meta" and a.get("http-equiv"))
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and policy.count("'sha256-") == 2


def test_a_set_of_one_kind_says_that_it_cannot_measure_refusals() -> None:
    run = made()
    text = Page(report_html(replace(run, outcomes=tuple(o for o in run.outcomes if o.expect == "answer")))).text
    assert "cannot measure how well the two are told apart" in text
    assert "this set cannot measure it" in text


def test_a_run_without_cases_and_a_run_of_crashes_have_a_report() -> None:
    assert "The run has no cases." in Page(report_html(replace(made(), outcomes=()))).text
    crashed = Outcome("c", "What?", "answer", (), False, False, "error", error="took longer than 60 s")
    text = Page(report_html(replace(made(), outcomes=(crashed,)))).text
    assert "Crashed or timed out: took longer than 60 s." in text and "1 crashed or timed out" in text
    run = made(number=4)  # one of them unanswerable
    text = Page(report_html(replace(run, outcomes=(*run.outcomes[:3], replace(crashed, expect="refusal"))))).text
    assert "0 of 4 cases; 1 crashed or timed out: left out of every other figure" in text
    assert "Wrongly answered: –." in text


def test_the_comparison_shows_what_fell_and_rose_side_by_side() -> None:
    text = Page(report_html(made(range(4, 6)), compare(made(range(3)), made(range(4, 6))))).text
    assert "2 fell" in text and "3 rose" in text
    assert "1 protected fell: c005" in " ".join(text.split())
    assert "Too few cases to tell." in text


def test_a_comparison_with_a_baseline_says_that_the_old_text_is_not_kept() -> None:
    text = Page(report_html(made(range(5, 7)), compare(read_baseline(bless(made(range(0)))), made(range(5, 7))))).text
    assert "Against baseline of 2026-03-01" in text
    assert "the baseline keeps no text" in text


def test_the_same_run_gives_the_same_page() -> None:
    assert report_html(made()) == report_html(made())


def test_the_verdict_says_once_that_there_are_too_few_cases_and_how_little_they_see() -> None:
    text = Page(report_html(made(range(4, 6), number=6), compare(made(range(0), number=6), made(range(4, 6), number=6)))).text.lower()
    assert text.count("too few cases to tell") == 1
    assert text.count("of the time") == 1 and "6 cases would notice a drop of 5 points less than 1% of the time" in text
    assert text.index("2 cases fell") < text.index("all facts said") < text.index("2 fell")


def test_a_run_is_called_by_a_name_that_people_read() -> None:
    before, run = (made(range(n), id=n + 1, name="notes of 2026-03-01 10:00:00.123") for n in range(2))
    html = report_html(run, compare(before, run))
    text = " ".join(Page(html).text.split())
    assert "notes run 2 Started 2026-03-02 10:00" in text and "Against notes of 2026-03-01 10:00:00." in text
    shown = (html, markdown_text(run, compare(before, run)), history_html([before, run]), terminal.comparison(compare(before, run)))
    assert not [text for text in shown if ".123" in text]


# ---- The page in a browser


def write(folder: Path, text: str) -> str:
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize(("width", "height"), [(390, 664), (1280, 720)])
def test_which_cases_fell_is_seen_at_once_and_leads_to_both_answers(chromium: Browser, tmp_path: Path, width: int, height: int) -> None:
    page = chromium.new_page(viewport={"width": width, "height": height})
    run = made(range(12), number=400)
    page.goto(write(tmp_path, report_html(run, compare(made(range(20, 22), number=400), run))))
    said = page.locator(".banner p", has_text="12 cases fell:")
    box = said.bounding_box()
    assert box is not None and box["y"] + box["height"] < height / 2
    assert said.inner_text() == "12 cases fell: c005, c000, c001, c002, c003, c004, c006, c007, c008, c009 and 2 more"
    said.get_by_role("link", name="c001").click()
    article = page.locator("article:target")
    assert "What is fee 1?" in article.inner_text() and "The fee is fixed." in article.inner_text()
    article.get_by_role("link", name="c001").click()
    assert page.locator("details.case:target[open] small").inner_text() == "c001"
    assert not page.locator("#rose article").first.is_visible()
    page.locator(".banner").get_by_role("link", name="c020").click()
    assert page.locator("#rose article:target").is_visible()
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_reports_no_error_in_a_browser(chromium: Browser, tmp_path: Path, width: int, scheme: str) -> None:
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    problems: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    run, before = hostile(), made(range(0))
    for text in (report_html(run, compare(before, run)), history_html([before, run])):
        address = write(tmp_path, text)
        page.goto(address)
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert set(asked) == {address}
        assert problems == []
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.top')).maxWidth") == "1180px"
        )  # the policy lets the style in
    page.close()


def test_the_filters_leave_what_they_are_asked_for(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.goto(write(tmp_path, report_html(made(range(4, 6)), compare(made(range(3)), made(range(4, 6))))))
    form = page.locator("#filters")
    for state, shown in (("failed", 2), ("fell", 2), ("rose", 3), ("protected", 1), ("passed", 22), ("", 24)):
        form.locator("[name=state]").select_option(state)
        assert page.locator("details.case:visible").count() == shown
    form.locator("[name=tag]").select_option("odd")
    assert form.locator("output").inner_text() == "12 of 24"
    form.locator("[name=stage]").select_option("wrongly refused")
    assert page.locator("details.case:visible").count() == 1
    form.locator("[name=words]").fill("no such words")
    assert page.locator("details.case:visible").count() == 0
    page.close()


def test_without_a_script_everything_can_be_read_and_no_dead_filter_is_shown(chromium: Browser, tmp_path: Path) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write(tmp_path, report_html(made())))
    assert page.locator("#filters").is_hidden()
    assert page.locator("details.case:visible").count() == 24
    case = page.locator("details.case").first
    assert not case.locator("> .body").is_visible()
    case.locator("> summary").click()
    assert case.locator("> .body").is_visible()
    context.close()


def test_the_page_prints(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.goto(write(tmp_path, report_html(made())))
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden() and page.locator("#filters").is_hidden()
    assert page.locator(".case .body").last.is_visible()
    assert page.pdf().startswith(b"%PDF")
    page.close()


def test_a_marker_leads_to_its_citation(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.goto(write(tmp_path, report_html(made())))
    case = page.locator("details.case", has_text="What is fee 8?")
    case.locator("> summary").click()
    case.locator(".said a").first.click()
    assert case.locator("li:target").count() == 1
    page.close()


# ---- Answers and charts


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", [("", "")]),
        ("One. [1] Two. [12]", [("One. ", "1"), (" Two. ", "12"), ("", "")]),
        (r"See \[2\]. [1]", [("See [2]. ", "1"), ("", "")]),
        ("No marker [x].", [("No marker [x].", "")]),
    ],
)
def test_markers_are_told_from_escaped_brackets(text: str, pieces: list[tuple[str, str]]) -> None:
    assert parts(text) == pieces


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), max_size=8), st.text(max_size=20))
def test_a_plot_is_xml_and_keeps_its_points_within_its_frame(points: list[tuple[float, float]], name: str) -> None:
    name = readable(name)
    drawn = charts.plot(
        [charts.Line(name, points, [name] * len(points))],
        label=name,
        x=name,
        y="y",
        x_ticks=charts.ticks(0, 1, 4),
        y_ticks=charts.ticks(0, 1, 4),
    )
    for circle in ElementTree.fromstring(drawn).iter("circle"):
        assert (
            charts.LEFT <= float(circle.attrib["cx"]) <= charts.WIDTH
            and 0 <= float(circle.attrib["cy"]) <= charts.HEIGHT - charts.BOTTOM
        )


def test_a_plot_puts_its_points_where_they_belong() -> None:
    drawn = charts.plot(
        [charts.Line("a", [(0, 0), (1, 1)])],
        label="",
        x="",
        y="",
        x_ticks=charts.ticks(0, 1, 1),
        y_ticks=charts.ticks(0, 1, 1),
    )
    first, last = ElementTree.fromstring(drawn).iter("circle")
    assert (float(first.attrib["cx"]), float(first.attrib["cy"])) == (charts.LEFT, charts.HEIGHT - charts.BOTTOM)
    assert (float(last.attrib["cx"]), float(last.attrib["cy"])) == (charts.WIDTH - charts.RIGHT, charts.TOP)


def test_a_bar_is_as_long_as_its_share() -> None:
    widths = [
        float(
            next(
                r for r in ElementTree.fromstring(charts.bar(share, "x")).iter("rect") if "fill" in r.attrib["class"]
            ).attrib["width"]
        )
        for share in (0, 0.25, 7)
    ]
    assert widths == [0, 25, 100]


# ---- History


def test_the_history_has_a_chart_and_a_row_for_each_run_newest_first_and_says_what_changed() -> None:
    runs = [made(range(n), id=n + 1, name=f"try-{n}") for n in range(4)]
    page = Page(history_html(runs))
    assert [tag for tag, _ in page.tags].count("svg") == 3
    assert page.text.index("try-3") < page.text.index("try-0")
    assert "Passed, run 4 of 2026-03-04: 87.5%" in page.text
    assert page.text.count("code") == 3  # each run but the first has other code than the one before


def test_the_history_says_what_is_no_longer_so() -> None:
    whole = made()
    part = replace(whole, id=2, fingerprint={**whole.fingerprint, "cases": "3 of 10"})
    for runs in ([whole, part], [part, replace(whole, id=3)]):
        assert Page(history_html(runs)).text.count("nothing") == 0
    assert "nothing" in Page(history_html([whole, replace(whole, id=3)])).text


def test_sets_have_charts_of_their_own() -> None:
    page = Page(history_html([made(), replace(made(id=2), set_name="others")]))
    assert [tag for tag, _ in page.tags].count("svg") == 6


def test_a_part_of_a_set_has_charts_of_its_own() -> None:
    whole = [made(id=n, name=f"whole-{n}") for n in (1, 3)]
    part = replace(made(id=2), fingerprint={**made().fingerprint, "cases": "12 of 24 (odd half)"})
    page = Page(history_html([whole[0], part, whole[1]]))
    assert [tag for tag, _ in page.tags].count("svg") == 6
    assert "notes: 12 of 24 (odd half)" in page.text


def test_a_history_without_runs_says_how_to_begin() -> None:
    assert "kpo eval run" in Page(history_html([])).text


@given(st.floats(0.001, 1e7))
def test_an_axis_ends_at_a_round_number_that_holds_every_value(value: float) -> None:
    top = history._round_up(value)
    assert value <= top <= 2.5 * value


# ---- JUnit XML


def test_junit_has_a_failure_for_each_failed_case_and_an_error_for_a_crash() -> None:
    crashed = Outcome("crash", "What?", "answer", (), False, False, "error", error="RuntimeError: gone")
    run = replace(made(range(2)), outcomes=(*made(range(2)).outcomes, crashed))
    suite = next(iter(JUnitXml.fromstring(junit_xml(run, compare(made(range(1)), run)).encode())))
    assert (suite.tests, suite.failures, suite.errors) == (25, 2, 1)
    results = {case.name: case.result[0] for case in suite if case.result}
    assert results.keys() == {"c000", "c001", "crash"}
    assert results["c001"].message.startswith("fell: wrongly refused") and results["c000"].message.startswith(
        "wrongly refused"
    )
    assert "What is fee 0?" in results["c000"].text
    assert "RuntimeError: gone" in results["crash"].message
    assert {p.name: p.value for p in suite.properties()}["fingerprint.code"] == "c1"


def test_junit_of_hostile_text_is_valid_xml() -> None:
    text = junit_xml(hostile())
    root = ElementTree.fromstring(text.encode())
    assert not [element.tag for element in root.iter() if element.tag in ("script", "img")]
    assert "<script>" in next(element.text or "" for element in root.iter("error"))


# ---- Markdown


def rendered(text: str) -> str:
    found: str = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text)
    return found


def test_markdown_says_the_verdict_and_names_the_cases_that_fell_and_rose() -> None:
    html = rendered(markdown_text(made(range(4, 6)), compare(made(range(3)), made(range(4, 6)))))
    assert "<strong>Too few cases to tell</strong>" in html
    assert "2 cases fell" in html and "3 cases rose" in html
    assert html.count("<details>") == html.count("</details>") == 5
    assert "c005 (protected)" in html
    assert html.index("2 cases fell: c005 (protected), c004") < html.index("3 cases rose: c000, c001, c002") < html.index("<table>")
    assert html.lower().count("too few cases to tell") == html.count("of the time") == 1
    assert "No case fell." in rendered(markdown_text(made(), compare(made(), made())))
    assert "Passed</td>" in html and "The fee is fixed. [1]" in html


def test_markdown_without_a_comparison_has_the_figures_and_the_stages() -> None:
    html = rendered(markdown_text(made()))
    assert "21 of 24 cases passed" in html and "wrongly refused" in html and "<table>" in html


def test_a_long_list_of_fallen_cases_is_cut_but_each_is_named() -> None:
    text = markdown_text(made(range(60), number=60), compare(made(range(0), number=60), made(range(60), number=60)))
    assert text.count("<details>") == markdown.MOST
    assert all(f"c{n:03}" in text for n in range(60))


@pytest.mark.parametrize(
    "attack",
    [
        "@team look",
        "#123",
        "https://evil.example/x",
        "www.evil.example",
        "![x](https://evil.example/p.png)",
        "[x](javascript:alert)",
        "<img src=x>",
        "a | b | c",
        "`code`",
        "**bold**",
        "</details>",
        "# heading",
        "- item",
        "<!-- gone",
        "one\n\n# two",
        "_em_",
        "~~struck~~",
        "&lt;script&gt;",
    ],
)
def test_markdown_of_hostile_text_shows_it_as_it_is(attack: str) -> None:
    html = rendered(
        f"<details><summary>{markdown.plain(attack)}</summary>\n\nAfter: {markdown.plain(attack)}\n\n</details>\n"
    )
    assert re.findall(r"<(\w+)", html) == ["details", "summary", "p"]
    shown = Page(html).text.replace("\u200b", "")
    assert shown.count(" ".join(attack.split())) == 2
    assert not re.search(r"@\w|#\d|https?:|www\.", Page(html).text)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_one_line_of_plain_markdown(text: str) -> None:
    plain = markdown.plain(text)
    assert "\n" not in plain and "|" not in plain and "<" not in plain
    assert "<p>" not in rendered(f"| a |\n|---|\n| {plain} |\n")


# ---- JSON


def test_json_holds_the_whole_run_and_reads_back() -> None:
    run = made()
    data = json.loads(json_text(run, compare(run, run)))
    assert tuple(Outcome.from_dict(one) for one in data["outcomes"]) == run.outcomes
    assert data["figures"]["passed"] == 21 and data["comparison"]["verdict"] == "too few cases to tell"
    assert json.loads(json_text(hostile()))["comparison"] is None


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_readable_text_can_be_written_and_is_xml(text: str) -> None:
    found = readable(text)
    found.encode()
    ElementTree.fromstring(f"<a>{re.sub('[<>&]', '', found)}</a>")


def test_the_report_of_a_thousand_cases_draws_no_more_points_than_can_be_seen() -> None:
    random = Random(7)
    outcomes = tuple(
        replace(outcome(n, passed=random.random() < 0.8), case=f"c{n}", confidence=random.random()) for n in range(1000)
    )
    drawn = report._coverage(replace(made(), outcomes=outcomes))
    assert 100 < drawn.split('points="')[1].split('"')[0].count(",") <= 2 * report.CURVE_POINTS


def test_paper_is_light_in_a_dark_browser(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page(color_scheme="dark")
    page.goto(write(tmp_path, report_html(made())))
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(18, 22, 28)"
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(colour) == "rgb(255, 255, 255)"
    assert (
        page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--good-soft').trim()") == "#e3f4ea"
    )
    page.close()
