"""Words of strangers: what stands in the page's source."""

from __future__ import annotations

import pytest

from ui.text import as_code, as_plain_html, as_text


@pytest.mark.parametrize(
    "words",
    ["![x](http://x.example/a.png)", "<script>x</script>", ":material/delete:", "$x$", "`x`",
     "a\n\nb", "    x", "# x", "a\n===", "&copy;", "http://x.example", "www.x.example",
     "a@x.example", "->", ""],
)  # fmt: skip
def test_one_line_that_reads_the_same(words):
    shown = as_text(words)
    assert "\n" not in shown
    assert shown.replace("\\", "").replace("\u2060", "") == " ".join(words.split())


def test_plain_words_stay_as_they_are():
    for words in ("Zwei Wörter", "日本語", "naïve, 12 %"):
        assert as_text(words) == words


def test_a_command_at_the_end_can_be_copied():
    assert as_text("It is missing. Run: python -m core x --y `z`.").endswith(
        " `` python -m core x --y `z` ``."
    )
    assert "`" not in as_text("Note: python -m core x. Then: open it")


@pytest.mark.parametrize("words", ["x", "`", "a``b", "``", "", "x\n\ny", "$x$"])
def test_code_cannot_be_left(words):
    code = as_code(words)
    fence = code[: len(code) - len(code.lstrip("`"))]
    assert code.endswith(fence)
    assert fence not in code[len(fence) : -len(fence)]
    assert "\n" not in code


def test_a_label_of_a_figure_has_no_tags():
    assert as_plain_html("<a href='x'>&</a>") == "&lt;a href='x'&gt;&amp;&lt;/a&gt;"
