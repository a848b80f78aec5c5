"""The operators' guide on the page."""

import re

import pytest

from keel.dashboard.guide import guide_html
from keel.dashboard.page import OPERATIONS_GUIDE


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("# Late report", '<h1 id="late-report">Late report</h1>'),
        ("### late_report", '<h3 id="late_report">late_report</h3>'),
        ("## What is `nodes`?", '<h2 id="what-is-nodes">What is <code>nodes</code>?</h2>'),
        ("**Never** twice", "<p><strong>Never</strong> twice</p>"),
        ("[a](#nodes)", '<p><a href="#nodes">a</a></p>'),
        ("[a](https://b.example)", '<p><a href="https://b.example">a</a></p>'),
        ("[a](access.md)", "<p><a>a</a></p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ("```sh\na < b\n```", '<pre><code class="language-sh">a &lt; b\n</code></pre>'),
    ],
)
def test_markdown_becomes_html_with_anchors(markdown: str, html: str) -> None:
    assert guide_html(markdown).strip() == html


def test_tables_become_tables() -> None:
    assert "<th>key</th>" in guide_html("| key |\n| --- |\n| a |")


def test_the_guide_has_sections_for_alarms() -> None:
    ids = set(re.findall(r'<h\d id="([^"]+)">', guide_html(OPERATIONS_GUIDE.read_text())))
    assert {"alarms", "nodes", "late_report", "disk"} <= ids
