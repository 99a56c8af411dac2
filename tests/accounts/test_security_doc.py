"""docs/security.md answers by tests: each of them must be there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_test_that_the_security_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_[a-z0-9_]+)`", page))
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    known = set(re.findall(r"def (test_\w+)\(", "\n".join(texts)))
    assert len(named) > 50
    assert named - known == set()


def test_every_requirement_has_an_answer_and_a_test_or_a_gap() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:-1] for line in page.splitlines() if re.match(r"\| \d", line)]
    assert len(rows) > 45
    assert [row[0] for row in rows if len(row) != 4 or not all(cell.strip() for cell in row)] == []
    assert [row[0] for row in rows if not re.search(r"`test_|gap \d|no code", row[3])] == []
