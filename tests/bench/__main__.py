"""``make bench``: all benchmarks as one table of ratios, JSON beside it. Exit 1 where one falls short.

python -m tests.bench [sending] [approval] [live] [feeds] [watch]
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bench.row import Row

ALL = ("sending", "approval", "live", "watch")
RESULTS = Path(__file__).parent / "results.json"


def main(names: list[str]) -> int:
    """Run those named, or all."""
    rows: list[Row] = []
    print(f"{'':72} {'ours':>10} {'baseline':>10} {'ratio':>7} {'wanted':>7}", flush=True)
    for name in names or ALL:
        found = importlib.import_module(f"tests.bench.{name}").run()
        for row in found:
            _show(row)
        rows += found
    RESULTS.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    return 0 if all(row.ok for row in rows) else 1


def _show(row: Row) -> None:
    figures = f"{row.ours:10.1f} {row.baseline:10.1f} {row.ratio:7.2f} {row.wanted:7.2f}"
    print(f"{row.name:72} {figures}{'' if row.ok else '  SHORT'}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
