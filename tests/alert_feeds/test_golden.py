"""Small hand-written documents, each beside what must be read from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alert_feeds import PARSERS
from tests.alert_feeds.golden import DOCUMENTS, expected_of, read


def test_there_are_documents_for_every_parser() -> None:
    assert {path.name.split(".")[1] for path in DOCUMENTS} == set(PARSERS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_is_read_as_written_beside_it(document: Path) -> None:
    assert read(document) == json.loads(expected_of(document).read_text())
