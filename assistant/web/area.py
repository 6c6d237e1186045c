"""A part of the page that shows HTML of our own making, and what changes the parts of the page."""

from typing import Any

import gradio as gr

Update = dict[Any, Any]  # the components that change, with what each becomes


def area(html: str = "", elem_id: str | None = None) -> gr.Markdown:
    """A place for HTML that has been through `markup.clean`. Nothing in it is read as Markdown, formula or diagram.

    gr.Markdown, because gr.HTML needs eval, which the policy forbids; without formulas, which it would otherwise find between any two `$$`.
    """
    return gr.Markdown(html, elem_id=elem_id, sanitize_html=False, latex_delimiters=[])
