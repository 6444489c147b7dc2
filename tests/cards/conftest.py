"""Cards in docs_mode, and a reader of HTML that is strict about tags."""

from html.parser import HTMLParser

import pytest

from aiaas_magics.cards import style

EMPTY = {"br", "hr", "img", "input", "meta", "link"}


class Page(HTMLParser):
    """What a page consists of; tags that do not close fail."""

    def __init__(self, markup):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.words, self._open = [], [], [], []
        self.feed(markup)
        self.close()
        assert self._open == [], f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self._open += [] if tag in EMPTY else [tag]

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self):
        return "\n".join(self.words)


@pytest.fixture
def read():
    """Return a function that parses a card."""
    return lambda card: Page(card.html())


@pytest.fixture
def docs_mode():
    style.set_docs_mode(True)
    yield
    style.set_docs_mode(False)
