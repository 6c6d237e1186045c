"""The Glossary tab: the terms that the documents define, each definition with its place."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from assistant.plain import plural
from assistant.suggest import what_is
from assistant.web.area import Update, area
from assistant.web.desk import Desk
from assistant.web.markup import button, clean
from corpus.terms import Term
from index.lexical import words
from index.terms import TermEntry, cells, look_up

About = Mapping[str, tuple[str, str]]  # titles and digests of the documents
Rows = Mapping[Term, Sequence[tuple[str, str]]]  # the cells of what stands in a row, after the names of their columns
SHOWN = 1000  # terms that are shown at most; a search finds the others


class GlossaryTab:
    """The components of the tab, and what they show. Built inside a gradio Blocks."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        with gr.Column(elem_id="glossary"):
            self.find = gr.Textbox(label="Search a term or an abbreviation", placeholder="SLA", max_length=200, elem_id="find-term")
            self.list = area(elem_id="terms")

    def search(self, search: str) -> Update:
        """Show the terms that fit."""
        return {self.list: self.listed(search)}

    def listed(self, search: str = "") -> str:
        """The terms that fit the search, all for none, each with its definitions word for word."""
        with self._desk.assistant.retrieval.catalog.reading() as view:
            found, read_as = look_up(view, search)
            rows = cells(view, (term for entry in found[:SHOWN] for term in entry.places))
            about = {entry.id: (entry.title, entry.digest) for entry in view.entries()}
        letters: dict[str, str] = {}
        for entry in sorted(found[:SHOWN], key=_letter):
            letters[_letter(entry)] = letters.get(_letter(entry), "") + _entry(entry, about, rows)
        if not found:
            return clean('<p class="note">No document defines that. Ask about it on the first tab: it may be used without being defined.</p>')
        more = f'<p class="note">{len(found) - SHOWN} more terms: search for them.</p>' if len(found) > SHOWN else ""
        told = [plural(len(found), "term"), *(f"read “{escape(typed)}” as “{escape(read)}”" for typed, read in read_as)]
        count = f'<p class="note">{"; ".join(told)}</p>'
        if search.strip() or len(letters) < 2:
            return clean(f'{count}<dl class="terms">{"".join(letters.values())}</dl>{more}')
        jumps = "".join(button("letter", letter, letter, label=f"Terms with {letter}", kind="tool") for letter in letters)
        parts = "".join(f'<h3 data-n="{letter}">{letter}</h3><dl class="terms">{entries}</dl>' for letter, entries in letters.items())
        return clean(f'{count}<nav class="letters" aria-label="Letters">{jumps}</nav>{parts}{more}')


def _letter(entry: TermEntry) -> str:
    """The letter that a term is found under, without its accent; "#" for a figure and for any other script."""
    first = "".join(words(entry.name))[:1].upper()
    return first if first.isalpha() else "#"


def _entry(entry: TermEntry, about: About, rows: Rows) -> str:
    """A term with all that defines it; what only spells it out is folded, all but the first where nothing defines it."""
    short = f" ({', '.join(entry.abbreviations)})" if entry.abbreviations else ""
    ask = button("ask", what_is(entry.places), "Ask about this", label=f"Ask about this: {entry.name}", kind="tool")
    places = _different(entry.places)
    shown = [term for term in places if term.defines] or places[:1]
    rest = "".join(_definition(term, about, rows, "p") for term in places[len(shown) :])
    more = f"{plural(len(places) - len(shown), 'more place')} where it is spelt out"
    folded = f"<dd><details><summary>{more}</summary>{rest}</details></dd>" if rest else ""
    return f"<div><dt>{escape(entry.name + short)} {ask}</dt>{''.join(_definition(term, about, rows) for term in shown)}{folded}</div>"


def _definition(term: Term, about: About, rows: Rows, tag: str = "dd") -> str:
    title, digest = about.get(term.document, (term.document, ""))
    place = button("view", f"{term.start}|{term.end}|{digest}|{term.document}", title, label=f"Open the definition in {title}", kind="link")
    row = "<br>".join(f"<small>{escape(column)}:</small> {escape(cell)}" if column else escape(cell) for column, cell in rows.get(term, ()))
    return f"<{tag}>{row or f'“{escape(term.definition)}”'} {place}</{tag}>"


def _different(places: Sequence[Term]) -> list[Term]:
    """The places without those that say the same words again."""
    seen: dict[str, Any] = {}
    for term in places:
        seen.setdefault(" ".join(term.definition.casefold().split()), term)
    return list(seen.values())
