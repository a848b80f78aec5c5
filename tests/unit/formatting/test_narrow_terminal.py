"""Lines and tables of commands break no word, however narrow the terminal is."""

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from keel.formatting.lines import print_line
from keel.formatting.tables import plain_table

WORDS = st.text("abcdefgh0123456789.,-", min_size=1, max_size=66)
SENTENCES = st.lists(WORDS, min_size=1, max_size=12).map(" ".join)
WIDTHS = st.integers(70, 200)


def printed(what: RenderableType, width: int) -> list[str]:
    screen = StringIO()
    Console(file=screen, width=width, force_terminal=True, color_system=None).print(
        what, crop=False
    )
    return screen.getvalue().splitlines()


def said(text: str, width: int, *, is_terminal: bool = True, indent: int = 0) -> list[str]:
    screen = StringIO()
    console = Console(file=screen, width=width, force_terminal=is_terminal, color_system=None)
    print_line(console, text, indent=indent)
    return screen.getvalue().splitlines()


@given(SENTENCES, WIDTHS, st.integers(0, 3))
def test_a_sentence_is_wrapped_between_its_words(text: str, width: int, indent: int) -> None:
    lines = said(text, width, indent=indent)
    assert " ".join(lines).split() == text.split()
    assert all(len(line) <= width and line.startswith(" " * indent) for line in lines)
    first_words = [line.split()[0] for line in lines[1:]]
    for line, word in zip(lines, first_words, strict=False):
        assert len(line) + 1 + len(word) > width  # no line ends early


@given(SENTENCES, WIDTHS)
def test_a_file_has_it_in_one_line(text: str, width: int) -> None:
    assert said(text, width, is_terminal=False) == [text]


def test_a_word_wider_than_the_terminal_stays_whole() -> None:
    key = "0x" + "ab" * 48
    assert said(f"the key {key} is staked", 80) == ["the key", key, "is staked"]


def test_brackets_of_a_text_are_no_markup_unless_asked_for() -> None:
    assert said("[red]Harbour[/]", 80) == ["[red]Harbour[/]"]
    screen = StringIO()
    print_line(Console(file=screen), "[red]Harbour[/]", markup=True)
    assert screen.getvalue() == "Harbour\n"


@given(st.lists(st.tuples(SENTENCES, SENTENCES, SENTENCES), min_size=1, max_size=4), WIDTHS)
def test_a_table_shows_every_word_whole(rows: list[tuple[str, str, str]], width: int) -> None:
    table = plain_table("name", ">amount", "meaning")
    for row in rows:
        table.add_row(*row)
    lines = printed(table, width)
    words = " ".join(lines).split()
    for word in " ".join(cell for row in rows for cell in row).split():
        assert word in words
        words.remove(word)
    assert all(len(line) <= width for line in lines)


def test_a_table_that_does_not_fit_is_blocks_of_lines() -> None:
    manager = "0x" + "cd" * 20
    table = plain_table("operator", "manager", "state", title="Operators of Keel")
    table.add_row("Harbour", manager, "active")
    wide = [line.split() for line in printed(table, 80)]
    assert wide[0] == ["Operators", "of", "Keel"]
    assert ["Harbour", manager, "active"] in wide
    narrow = [line.rstrip() for line in printed(table, 60)]
    block = ["operator: Harbour", f"  manager: {manager}", "  state: active"]
    assert narrow == ["Operators of Keel", *block]


def test_a_key_that_is_wider_than_the_terminal_stays_whole_and_texts_are_wrapped() -> None:
    key, words = "0x" + "ab" * 48, "many words " * 9
    table = plain_table("key", "stage")
    table.add_row(key, words)
    lines = [line.rstrip() for line in printed(table, 80)]
    assert lines[0] == f"key: {key}"
    assert len(lines) == 3
    assert all(len(line) <= 80 for line in lines[1:])


def test_footers_are_shown_in_blocks_too() -> None:
    table = plain_table("name", ">ETH")
    table.show_footer = True
    table.add_row("a" * 50, "1" * 40)
    table.columns[0].footer, table.columns[1].footer = "together", "7"
    assert [line.rstrip() for line in printed(table, 80)][-2:] == ["name: together", "  ETH: 7"]


def test_a_long_title_is_whole_over_a_small_table() -> None:
    table = plain_table("a", "b", title="request_many_of_fifty: gas")
    table.add_row("1", "2")
    assert "request_many_of_fifty:" in " ".join(printed(table, 80)).split()
