"""``make fuzz``: each target for SECONDS (60), its corpus and what it finds under FUZZ_CORPUS (a scratch folder).

``python -m tests.fuzz [SECONDS] [TARGET ...]``. Seeds are the fixtures and, where they lie beside the checkout, the
real documents of ../shared/data.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alert_feeds import PARSERS
from tests.alert_feeds.golden import DOCUMENTS

SHARED = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = ("cap", "cap-feeds", "cap-in-json", "edxl", "feeds", "nws-geojson")
MOST_BYTES = 65_536


def seeds(target: str) -> list[Path]:
    """The format's own fixtures, then real documents, which any format may get."""
    own = [path for path in DOCUMENTS if target in ("readers", path.name.split(".")[1])]
    real = [path for folder in FOLDERS if (SHARED / folder).is_dir() for path in sorted((SHARED / folder).iterdir())]
    return own + [path for path in real if path.stat().st_size <= MOST_BYTES]


def run(target: str, seconds: int, folder: Path) -> tuple[int, int]:
    """Executions, and the process's exit: 0 where nothing was found."""
    corpus = folder / target
    corpus.mkdir(parents=True, exist_ok=True)
    for path in seeds(target):
        body = path.read_bytes()
        (corpus / hashlib.sha256(body).hexdigest()[:16]).write_bytes(body)
    command = [sys.executable, "-m", "tests.fuzz.one", target, str(corpus), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    match = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    if done.returncode or match is None:
        print(done.stdout[-3000:], done.stderr[-6000:], sep="\n", flush=True)
    return int(match.group(1)) if match else 0, done.returncode


def main(arguments: list[str]) -> int:
    """A line for each target; 1 where one found something."""
    seconds = int(arguments[0]) if arguments else 60
    folder = Path(os.environ.get("FUZZ_CORPUS") or tempfile.mkdtemp(prefix="fuzz"))
    wrong = 0
    for target in arguments[1:] or ["readers", *sorted(PARSERS)]:
        count, code = run(target, seconds, folder)
        wrong += code != 0
        print(f"{target:12} {count:9} documents{'' if code == 0 else f'  FOUND, see {folder}'}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
