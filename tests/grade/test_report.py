"""What a learner gets back says what was run, and nothing in it can do anything."""

import re

import pytest
from exercises_for_toys import COURSE
from html_tags import Tags
from pages import line_of, markdown, row_of, web_page
from toy_answers import MY_COUNTER, SOLUTION

from distlab.grade import document, report
from distlab.grade.document import (
    Facts,
    Heading,
    Link,
    Listing,
    Paragraph,
    Points,
    Share,
    Table,
)
from distlab.grade.lateness import Late
from distlab.grade.marks import Marker

COUNTS_TWICE = MY_COUNTER.replace("if (src, msg.number) not in", "if True or 1 not in")
EVIL = (
    "<script>alert(1)</script>",
    "![x](http://evil.example/x.png) [y](javascript:alert(1))",
    "a | b | c",
    "```\n# not a heading\n```",
    "\x1b[31mred\x07\u202eback\u200b",
    "<img src=x onerror=alert(1)>",
    "' onload='alert(1)' \"",
    "]]>--><!--",
    "\udc80 no character",
)


# --------------------------------------------------------------------- what is told
def test_a_report_shows_what_was_run_what_was_expected_and_what_came(marker, notebook):
    marks = marker.mark(notebook(COUNTS_TWICE), "ann")
    told = markdown(marks)
    for said in (
        "## 99.1 Count each request once: 1 of 6 points",
        "### ✗ no request is counted twice (0 of 3)",
        "ran      seed ",
        "; c1 calls add(1)",
        "expected no request is counted twice",
        "requests made the total",
        'again    practice.check("99.1", MyCounter, seed=',
        "→ s1 Add(1, 1)",
    ):
        assert said in told
    page = Tags(web_page(marks))
    assert page.open == []
    images = [attributes for tag, attributes in page.seen if tag == "img"]
    assert images and all(i["src"].startswith("data:image/svg+xml;") for i in images)


def test_what_held_in_public_cases_alone_is_not_said_to_hold(marker, notebook):
    told = markdown(marker.mark(notebook(*SOLUTION), "ann"))
    assert report.NOT_FINAL in told
    assert "### ◌ half are below it (2 of 2)" in told
    assert "held in  5 public cases; the hidden ones were not run" in told
    # What has no hidden cases is tried as a whole.
    assert "### ✓ no request is answered (2 of 2)" in told
    assert "held in  1 public case: there are no others" in told


def test_with_a_key_a_claim_says_how_many_cases_it_held_in(notebook):
    with Marker(COURSE, b"secret") as marker:
        told = markdown(marker.mark(notebook(*SOLUTION), "ann"))
    assert report.NOT_FINAL not in told
    assert "### ✓ half are below it (2 of 2)" in told
    assert "held in  10 cases, 5 public and 5 hidden" in told


def test_lateness_and_weights_are_told_where_there_are_any(marker, notebook):
    found = line_of(marker.mark(notebook(*SOLUTION), "ann"))
    row = row_of(found)._replace(raw=10, worth=12, weights={"99.1": 0.5})
    row = row._replace(late=Late(days=3, free=1, share=0.25))
    told = document.markdown(report.of_sheet(row, found))
    assert "As the exercises count in this course: 10 of 12 points." in told
    assert "Handed in 3 days late, 1 of them free: 2.5 of 10 points are taken" in told
    assert "## 99.1 Count each request once: 6 of 6 points, which count 0.5" in told


def test_a_report_is_the_same_bytes_when_it_is_made_again(marker, notebook):
    path = notebook(COUNTS_TWICE, *SOLUTION[1:])
    marks = [marker.mark(path, "ann") for _ in range(2)]
    assert len(set(map(web_page, marks))) == len(set(map(markdown, marks))) == 1


# ------------------------------------------------------------------ nothing can happen
def test_nothing_that_a_learner_writes_becomes_part_of_the_page(marker, notebook):
    source = "def middle(x):\n    raise ValueError('<script>x</script> ``` [a](b)')"
    path = notebook(source, "def <script>alert(1)</script>")
    marks = marker.mark(path, "<script>ann</script>")
    page = Tags(web_page(marks))
    assert "script" not in [tag for tag, _ in page.seen]
    lines = markdown(marks).splitlines()
    fences = [i for i, line in enumerate(lines) if line.startswith("```")]
    inside = next(i for i, line in enumerate(lines) if "<script>x</script>" in line)
    assert any(a < inside < b for a, b in zip(fences[::2], fences[1::2], strict=True))
    assert "<script>ann" not in lines[0]


@pytest.mark.parametrize("text", EVIL)
def test_no_block_lets_a_text_out_of_its_place(text):
    blocks = [
        Heading(1, text),
        Paragraph(text),
        Points([text]),
        Facts([("came", text)]),
        Table(("a", "b", "c"), [(text, Link(text, "x.html"), Share(0.5))]),
        Listing(text, "<svg/>", text),
    ]
    page = Tags(document.web_page(text, blocks))
    assert page.open == []
    known = set("html head meta title style body h1 p ul li dl dt dd div".split())
    known |= set("table thead tbody tr th td a img details summary pre meter".split())
    assert {tag for tag, _ in page.seen} <= known
    assert {name for _, given in page.seen for name in given} <= {
        *("lang", "charset", "name", "content", "http-equiv", "class", "scope"),
        *("href", "src", "alt", "value"),
    }
    assert [given["href"] for tag, given in page.seen if tag == "a"] == ["x.html"]
    told = document.markdown(blocks)
    outside = re.sub(r"^(`{3,})text\n.*?\n\1$", "", told, flags=re.S | re.M)
    assert re.findall(r"\[|<", outside) == ["["]  # our own link
    assert all(c.isprintable() or c == "\n" for c in told)
    rows = [line for line in told.splitlines() if line.startswith("| ")]
    assert all(line.count("|") == 4 for line in rows)


def test_a_fence_is_longer_than_any_in_its_text():
    told = document.markdown([Listing("a\n````\n# b")])
    assert told == "`````text\na\n````\n# b\n`````\n"


def test_a_page_runs_nothing_and_fetches_nothing():
    policy = next(
        given["content"]
        for tag, given in Tags(document.web_page("x", [])).seen
        if given.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none'; img-src data:;")
