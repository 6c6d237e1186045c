"""The docs say what is so: links lead somewhere, tables name every command, setting and field, quotations are genuine, the spelling is British."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer

from app import VERSION, kpo
from assistant.answer import Answer, Citation, Segment
from assistant.settings import HOUSE, Settings, named
from corpus.readers import read
from evals.bench import STAGES
from index.models import EMBEDDING, RERANKER

README = HOUSE / "README.md"
DOCS = [README, HOUSE / "CHANGELOG.md", *sorted((HOUSE / "docs").glob("*.md"))]
names = pytest.mark.parametrize("page", DOCS, ids=[page.name for page in DOCS])
_FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"(?P<image>!?)\[[^\]]*\]\((?P<target>[^)\s]+)\)")
# American forms of words that these docs are likely to use, as parts of words.
_AMERICAN = re.compile(
    r"\b\w*(behavior|color|favor|neighbor|analyz|organiz|recogniz|normaliz|summariz|judgment|labeled|modeling|canceled|fulfill|center|defense)\w*",
    re.I,
)


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} (.+)$", prose(page), re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        again = sum(re.sub(r"-\d+$", "", other) == slug for other in found)
        found.append(f"{slug}-{again}" if again else slug)
    return set(found)


def section(title: str) -> str:
    """What stands in the README under a heading, up to the next one of its rank."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)", README.read_text(encoding="utf-8"), re.M | re.S)
    assert found, f"the README has no section {title!r}"
    return found[2]


def first_cells(text: str) -> Iterator[list[str]]:
    """For each table, the code words in the first cells of its rows."""
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        yield [word for row in table.splitlines()[2:] for word in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def commands(command: click.Command, path: str = "kpo") -> Iterator[tuple[str, click.Command]]:
    """Every command below this one, with how it is typed."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
    else:
        for name, sub in below.items():
            yield from commands(sub, f"{path} {name}")


@names
def test_links_and_images_lead_somewhere(page: Path) -> None:
    for link in _LINK.finditer(_CODE.sub("", prose(page))):
        target, _, fragment = link["target"].partition("#")
        if target.startswith(("http://", "https://")):
            continue
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{page.name}: {link['target']} is not there"
        if fragment:
            assert fragment in anchors(there), f"{page.name}: {there.name} has no heading #{fragment}, only {sorted(anchors(there))}"


def test_anchors_are_made_as_github_makes_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The JSON of `kpo ask`\n## See [it](x.md), twice!\n## See it, twice\n```text\n# no heading\n```\n")
    assert anchors(page) == {"the-json-of-kpo-ask", "see-it-twice", "see-it-twice-1"}


def test_every_page_is_reached_from_the_readme() -> None:
    reached = {(HOUSE / link["target"].partition("#")[0]).resolve() for link in _LINK.finditer(prose(README))}
    assert {page.resolve() for page in DOCS[1:]} | {HOUSE / "LICENSE", HOUSE / "NOTICE"} <= reached


def test_every_picture_has_words_for_those_who_cannot_see_it() -> None:
    for page in DOCS:
        for text in re.findall(r"!\[([^\]]*)\]\(", prose(page)):
            assert len(text.split()) > 4, f"{page.name}: {text!r} does not say what the picture shows"


def test_every_command_stands_in_the_readme_and_no_other() -> None:
    (table,) = first_cells(section("Commands").partition("### ")[0])
    said = {" ".join(re.match(r"kpo( eval)? [a-z-]+", line).group().split()) for line in table if line.startswith("kpo ")}  # type: ignore[union-attr]
    assert said == {typed for typed, _ in commands(typer.main.get_command(kpo))}


def test_every_option_that_the_readme_names_is_one() -> None:
    every = {"--help", "--version"}
    every |= {option for _, command in commands(typer.main.get_command(kpo)) for parameter in command.params for option in parameter.opts}
    for page in DOCS:
        for line in re.findall(r"\bkpo [^`\n]*", page.read_text(encoding="utf-8")):
            said = set(re.findall(r"(?<!\S)\[?(--[a-z-]+)", line))
            assert said <= every, f"{page.name}: {line}"


def test_every_setting_stands_in_the_readme_with_its_default() -> None:
    (table,) = first_cells(section("Settings"))
    assert table == [variable for variable, _, _ in named()]
    rows = dict(re.findall(r"^\| `(KPO_\w+)` \| (.*?) \|", section("Settings"), re.M))
    for variable, _, field in named():
        match field.default:
            case None | "":
                assert rows[variable] == "not set"
            case Path():
                assert f"`{field.default.relative_to(HOUSE)}`" in rows[variable]
            case default:
                assert rows[variable] == f"`{default}`"


def test_the_example_of_kpo_toml_has_settings_only() -> None:
    example = re.search(r"^```toml\n(.*?)^```$", section("Settings"), re.M | re.S)
    assert example and set(tomllib.loads(example[1])) <= set(Settings.model_fields)


def test_the_json_is_documented_field_by_field() -> None:
    citation = Citation(1, "a/b.md", "B", None, "", "said", 0, 4, 1.0, None, "0", "p")
    answer = Answer("q", "q", "answered", (Segment("quote", "said", 1),), (citation,), corrections=(("wat", "what"),)).as_json()
    text = section("The JSON of `kpo ask`")
    fields, of_citations = list(first_cells(text))
    assert fields == list(answer)
    assert of_citations == list(answer["citations"][0])
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.M))
    assert all(f"`{stage}`" in rows["timings_ms"] for stage in STAGES)
    assert all(f"`{name}`" in rows["corrections"] for name in answer["corrections"][0])
    for kind in ("definition", "abbreviation", "list", "steps", "comparison", "fact", "why", "yes-no", "small-talk"):
        assert f"`{kind}`" in rows["kind"]


def test_the_quotations_in_the_readme_are_genuine() -> None:
    handbook = " ".join(
        " ".join(block.text for block in read(path.read_bytes(), path.name).blocks) for path in sorted((HOUSE / "corpus" / "documents").glob("*.md"))
    )
    shown = " ".join(re.findall(r"^\$ kpo ask [^\n]*\n(.*?)\n\n", README.read_text(encoding="utf-8"), re.M | re.S))
    quotes = [" ".join(quote.split()) for quote in re.split(r"\[\d+\]", shown)[:-1]]
    assert quotes
    for quote in quotes:
        assert quote in " ".join(handbook.split()), f"the handbook does not say: {quote}"


def test_the_changelog_opens_with_this_version() -> None:
    newest = re.search(r"^## \[(?!Unreleased)([^\]]+)\]", (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest and newest[1] == VERSION


def test_each_decision_has_its_five_lines() -> None:
    _, *entries = re.split(r"^## ", (HOUSE / "docs" / "decisions.md").read_text(encoding="utf-8"), flags=re.M)
    assert len(entries) >= 10
    for entry in entries:
        assert re.match(r"\d{4}-\d\d-\d\d: \S", entry), entry[:60]
        assert re.findall(r"^- \*\*(.+?)\*\*", entry, re.M) == ["We chose", "Because", "At the price of", "Instead of", "To revisit when"], entry[:60]


@names
def test_the_spelling_is_british(page: Path) -> None:
    found = {word.group() for word in _AMERICAN.finditer(_CODE.sub("", prose(page)))}
    # What is quoted as an American form is one.
    assert found <= ({"organize", "center"} if page.name == "decisions.md" else set())


def test_the_licence_is_the_apache_one() -> None:
    text = (HOUSE / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text and "END OF TERMS AND CONDITIONS" in text and len(text.splitlines()) == 202
    notice = (HOUSE / "NOTICE").read_text(encoding="utf-8")
    assert all(fact in notice for model in (EMBEDDING, RERANKER) for fact in (model.name, model.package, model.sha256))
