"""The page shows what the code says: steps beside the code that carries their tags."""

import importlib
import linecache
import textwrap
from xml.etree import ElementTree

import pytest

from distlab import show
from distlab.errors import Exercise, Misuse
from distlab.node import Message, Node, Timer, durable, ignored, volatile
from distlab.replication.single_leader import SingleLeader
from distlab.show.beside import MISSING, paper_of, papers, read_papers, tagged, tags_in

STEPS = """
["replication.x"]
title = "On Echoes"
authors = "A. Nymph"
venue = "Metamorphoses"
year = 8
["replication.x".steps]
"Rule 1" = "Whoever hears a word says it again."
"Rule 2" = "Whoever is tired says nothing."
"Rule 12" = "Nobody speaks first."
"""


class Word(Message):  # Message
    text: str


class Hush(Message):
    pass


class Tired(Timer):
    pass


class Echo(Node):
    """Says everything again."""

    said: int = durable(0)  # State
    tired: bool = volatile(False)

    def on_start(self):  # Rule 12
        self.set_timer(Tired(), 10)

    def on_word(self, src, msg):  # Rule 1
        if self.tired:  # Rule 2: or it would never end
            self.ignore("tired")
            return
        self.said += 1
        self.send(src, msg)  # Rule 1, b

    def on_tired(self, timer):
        # Fatigue
        self.tired = True

    on_hush = ignored("nobody is told to be silent")  # Silence

    def breath(self):  # Breath
        """To be written by the learner: don't peek."""

    def hand(self):  # Hand
        ...

    def voice(self):  # Voice
        raise Exercise("1.1 is not solved yet")


class Neighbour(Node):
    def on_word(self, src, msg):  # Client
        self.output(msg)


TAGS = (
    *("Rule 1", "Rule 1, b", "Rule 2", "Rule 12", "State", "Fatigue", "Silence"),
    *("Message", "Client", "Breath", "Hand", "Voice"),
)


def code_for(tag: str, protocol: type = Echo) -> str:
    return "\n\n".join(tagged(protocol, TAGS).get(tag, [MISSING]))


def lines(text: str) -> str:
    return textwrap.dedent(text).strip("\n")


@pytest.fixture
def echo_paper(monkeypatch):
    """Echo's module has a paper of its own."""
    paper = read_papers(STEPS.replace("replication.x", __name__))
    module = importlib.import_module("distlab.show.beside")
    monkeypatch.setattr(module, "papers", lambda: paper)


# --------------------------------------------------------------------------- the tags
def test_a_tag_on_a_def_stands_for_the_method():
    assert code_for("Rule 12") == lines("""
        def on_start(self):
            self.set_timer(Tired(), 10)
    """)


def test_a_tag_on_a_line_stands_for_its_statement_under_the_methods_header():
    assert code_for("Rule 1, b") == lines("""
        def on_word(self, src, msg):
            …
            self.send(src, msg)
    """)


def test_a_tag_on_an_if_stands_for_all_of_it_and_its_reason_is_kept():
    assert code_for("Rule 2") == lines("""
        def on_word(self, src, msg):
            if self.tired:  # Rule 2: or it would never end
                self.ignore("tired")
                return
    """)


def test_a_tag_on_a_field_or_an_ignored_message_stands_for_that_line():
    assert code_for("State") == "said: int = durable(0)"
    assert code_for("Silence") == 'on_hush = ignored("nobody is told to be silent")'


def test_a_tag_on_a_line_of_its_own_stands_for_what_it_is_in():
    assert code_for("Fatigue").startswith("def on_tired(self, timer):")


def test_messages_and_clients_of_the_module_are_found_too():
    assert code_for("Message") == "class Word(Message):\n    text: str"
    assert code_for("Client") == lines("""
        class Neighbour(Node):
            def on_word(self, src, msg):
                self.output(msg)
    """)


def test_a_step_without_code_and_a_method_still_to_be_written_are_missing():
    for tag in ("Nowhere", "Breath", "Hand", "Voice"):
        assert code_for(tag) == MISSING


def test_an_override_without_a_tag_stands_where_the_tagged_one_stood():
    class Filled(Echo):
        def on_start(self):
            self.output("awake")

        def breath(self):
            return 7

    assert code_for("Rule 12", Filled) == (
        'def on_start(self):\n    self.output("awake")'
    )
    assert code_for("Breath", Filled) == "def breath(self):\n    return 7"
    assert code_for("Rule 1", Filled) == code_for("Rule 1")


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("# Rule 1", ["Rule 1"]),
        ("# Rule 12", ["Rule 12"]),
        ("# Rule 1: the clock first", ["Rule 1"]),
        ("# Rule 1; Rule 2", ["Rule 1", "Rule 2"]),
        ("# Rule 1, b", ["Rule 1, b"]),
        ("# Rule 13", []),
        ("# Rule 1.2", []),
        ("# as Rule 1 says", []),
        ("# a word about nothing", []),
    ],
)
def test_a_comment_names_a_step_only_at_its_beginning_and_in_full(comment, found):
    assert tags_in(comment, TAGS) == found


# --------------------------------------------------------------------------- the page
def test_the_page_has_every_step_in_the_papers_order(echo_paper):
    page = show.beside(Echo)
    places = [page.text.index(f"{tag}. ") for tag in ("Rule 1", "Rule 2", "Rule 12")]
    assert places == sorted(places)
    assert page.text.startswith('Echo beside A. Nymph, "On Echoes", Metamorphoses, 8\n')


def test_the_page_says_the_same_as_html_and_as_text(echo_paper):
    page = show.beside(Echo)
    table = ElementTree.fromstring(page.html.replace("<br>", "<br/>"))
    rows = [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
    assert len(rows) == 1 + 3
    for left, right in rows[1:]:
        assert left.replace("Rule", "").strip()
        for line in right.splitlines():
            assert line in page.text
    assert repr(page) == page._repr_mimebundle_()["text/plain"] == page.text


def test_every_protocol_of_the_library_is_beside_its_paper_without_a_gap():
    assert MISSING not in show.beside(SingleLeader).text


def test_the_paper_of_a_class_in_a_notebook_is_that_of_its_base():
    mine = type("Mine", (SingleLeader,), {"__module__": "__main__"})
    assert paper_of(mine) == paper_of(SingleLeader)


def test_a_class_without_a_paper_is_refused_with_a_sentence():
    with pytest.raises(Misuse, match=r"no entry for Echo .* write one"):
        show.beside(Echo)


def test_an_entry_of_papers_toml_that_lacks_something_is_refused():
    with pytest.raises(Misuse, match="`year` is missing or unknown"):
        read_papers(STEPS.replace("year = 8", ""))
    with pytest.raises(Misuse, match="`jear` is missing or unknown"):
        read_papers(STEPS.replace("year = 8", "year = 8\njear = 9"))


def test_every_paper_has_a_citation_without_an_address():
    assert papers()
    for paper in papers().values():
        assert str(paper.year) in paper.citation
        assert "http" not in paper.citation


# --------------------------------------------------------------------------- the source
CELL = '''\
class Ping(Message):
    n: int


class Pong(Node):
    """Counts."""

    seen: int = volatile(0)

    def ping(self, src, msg):
        self.seen += msg.n  # all of them


class Noisy(Pong):
    loud: bool = volatile(True)

    def ping(self, src, msg):
        self.note("ping")
        self.seen += msg.n
'''


@pytest.fixture
def cell():
    """What IPython does with a cell: no file, but its lines are kept."""
    name = "/nowhere/ipykernel_1/2.py"
    linecache.cache[name] = (len(CELL), None, CELL.splitlines(keepends=True), name)
    scope = {"Message": Message, "Node": Node, "volatile": volatile}
    scope["__name__"] = "__main__"
    exec(compile(CELL, name, "exec"), scope)
    yield scope
    del linecache.cache[name]


def test_the_source_of_a_class_in_a_file_is_its_text():
    assert show.source(Hush).text == "class Hush(Message):\n    pass"


def test_the_source_of_a_method_is_moved_to_the_left_edge():
    assert show.source(Neighbour.on_word).text == (
        "def on_word(self, src, msg):  # Client\n    self.output(msg)"
    )


def test_the_sources_of_several_methods_stand_below_each_other():
    methods = SingleLeader.on_fetch, SingleLeader.on_install
    one, other = (show.source(method).text for method in methods)
    assert show.source(*methods).text == f"{one}\n\n{other}"


def test_the_source_of_a_class_written_in_a_notebook_is_found(cell):
    text = show.source(cell["Pong"]).text
    assert text.startswith('class Pong(Node):\n    """Counts."""')
    assert text.endswith("self.seen += msg.n  # all of them")


def test_the_source_of_a_class_in_a_notebook_that_is_only_fields_is_found(cell):
    assert show.source(cell["Ping"]).text == "class Ping(Message):\n    n: int"


def test_the_source_is_highlighted_and_reads_the_same(cell):
    listing = show.source(cell["Pong"])
    page = ElementTree.fromstring(listing.html)
    assert "".join(page.itertext()).strip() == listing.text
    assert 'class="k"' in listing.html


def test_what_has_no_python_code_is_refused_with_a_sentence():
    with pytest.raises(Misuse, match="no Python code is known for"):
        show.source(len)
    with pytest.raises(Misuse, match="the code of Ghost is not known"):
        show.source(type("Ghost", (), {"__module__": "__main__"}))


# --------------------------------------------------------------------------- the diff
def test_a_diff_folds_what_is_the_same_and_signs_what_is_not(cell):
    assert show.diff(cell["Pong"], cell["Noisy"]).text == lines("""
        Pong → Noisy

          the same in both: seen

          def ping(self, src, msg):
        -     self.seen += msg.n  # all of them
        +     self.note("ping")
        +     self.seen += msg.n

        + loud: bool = volatile(True)
    """)


def test_a_diff_the_other_way_round_has_the_other_signs(cell):
    def signed(listing) -> list[str]:
        return [x for x in listing.text.splitlines() if x.startswith(("+", "-"))]

    there = signed(show.diff(cell["Pong"], cell["Noisy"]))
    back = signed(show.diff(cell["Noisy"], cell["Pong"]))
    other = {"+": "-", "-": "+"}
    assert sorted(there) == sorted(other[line[0]] + line[1:] for line in back)
    assert len(there) == 4


def test_a_class_is_no_different_from_itself(cell):
    text = show.diff(Echo, Echo).text
    assert not any(line[:1] in ("+", "-") for line in text.splitlines())
    assert "on_word" in text


def test_a_tag_alone_is_no_difference(echo_paper):
    class Same(Echo):
        def on_start(self):
            self.set_timer(Tired(), 10)

    assert "on_start" in show.diff(Echo, Same).text.split("the same in both:")[1]


def test_what_a_learner_is_to_write_is_not_given_away(echo_paper):
    for shown in (
        show.beside(Echo, yours=("on_word",)),
        show.diff(Node, Echo, yours=("on_word",)),
    ):
        head, _, rest = shown.text.partition("def on_word(self, src, msg):")
        assert "…  # yours, in the exercises" in rest
        assert "self.said += 1" not in head + rest
        assert "set_timer(Tired(), 10)" in shown.text


def test_the_lines_of_a_diff_are_told_apart_without_colours(cell):
    page = ElementTree.fromstring(show.diff(cell["Pong"], cell["Noisy"]).html)
    assert [e.text[0] for e in page.iter("ins")] == ["+"] * 3
    assert [e.text[0] for e in page.iter("del")] == ["-"]
