"""What parsers make of a document, as JSON to be read and kept beside the document.

``python -m tests.alert_feeds.golden`` writes the expected files anew; look at the difference before it is committed.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from alert_feeds import PARSERS
from broadcaster.domain.feed_entry import ParsedFeed
from broadcaster.domain.mapping import fill, filling

DATA = Path(__file__).parent / "data"
DOCUMENTS = sorted(
    path for path in DATA.iterdir() if path.name.split(".")[1] in PARSERS and ".expected" not in path.name
)
_PARSED = TypeAdapter(ParsedFeed)


def expected_of(document: Path) -> Path:
    """Where the document's golden JSON lies."""
    return document.with_name(f"{document.name}.expected.json")


def read(document: Path) -> Any:
    """The document by the parser in its name, what the format lacks filled by its own mapping, without raw bytes and
    hashes and with what is empty left out."""
    parser = importlib.import_module(PARSERS[document.name.split(".")[1]])
    parsed = parser.parse(document.read_bytes(), {})
    if hasattr(parser, "MAPPING"):
        table = filling(parser.MAPPING, getattr(parser, "FACTS", None))
        parsed = replace(parsed, entries=tuple(fill(entry, table) for entry in parsed.entries))
    return _lean(_PARSED.dump_python(_without_raw(parsed), mode="json"))


def _without_raw(parsed: ParsedFeed) -> ParsedFeed:
    return replace(
        parsed,
        entries=tuple(replace(entry, raw=b"", content_hash="") for entry in parsed.entries),
        problems=tuple(replace(problem, raw=b"") for problem in parsed.problems),
    )


def _lean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lean(item) for key, item in value.items() if item not in ("", None, [], ())}
    return [_lean(item) for item in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    for path in DOCUMENTS:
        expected_of(path).write_text(json.dumps(read(path), indent=1, ensure_ascii=False) + "\n")
