"""docs/operations.md as HTML, with the anchors that alarms link to."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup


def guide_html(text: str) -> Markup:
    """Render Markdown; each heading has GitHub's anchor as its id, and raw HTML stays text.

    Links that lead to other files of docs/, which the page does not serve, become plain words.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for opening, title in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", _anchor(title.content))
    for link in _links(tokens):
        if not str(link.attrGet("href")).startswith(("#", "https://", "http://")):
            del link.attrs["href"]
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 (escaped)


def _links(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (inner for inner in token.children or () if inner.type == "link_open")


def _anchor(title: str) -> str:
    """As GitHub makes anchors: small letters, hyphens for spaces, nothing else but words."""
    kept = (c if c.isalnum() or c in "-_ " else "" for c in title.lower())
    return "".join(kept).strip().replace(" ", "-")
