"""A page as its tags."""

from html.parser import HTMLParser

EMPTY = ("img", "meta")


class Tags(HTMLParser):
    """Every tag of a page with its attributes, and those that are never closed."""

    def __init__(self, page: str):
        super().__init__()
        self.open, self.seen = [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
