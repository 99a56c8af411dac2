"""Our counts of X and Bluesky against the platforms' own libraries, over real warnings and made-up hard texts.

Needs node and a folder with ``npm install twitter-text @atproto/api``; no test of the suite runs it:
``python -m tests.channels.compare_lengths FOLDER [TEXTS.json …]`` (each a list of texts; without one, what stands in
../shared/data). Prints each text that they count otherwise, and ends 1 if there is one.
"""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from broadcaster.domain.text_social import COUNTERS, graphemes

SCRIPT = """
const twitter = require('twitter-text'), {RichText} = require('@atproto/api');
const texts = JSON.parse(require('fs').readFileSync(0));
const both = texts.map(t => [twitter.parseTweet(t).weightedLength, new RichText({text: t}).graphemeLength]);
console.log(JSON.stringify(both));
"""
LONGEST = 6000  # nobody posts more, and the library takes the square of its time
PIECES = [
    *"ab.:/@#$-_~!?()[]{}\"'`,;&=+%|^ \n09éß日。、ſıʻअ\u0301\u200d\ufe0f\u20e3\u200e\ufeff",
    *("http://", "HTTPS://", ".com", ".gov/a", ".рф", ".中国", ".example", "t.co/", "xn--", "クラウド", "judge-county"),
    *(
        "👨\u200d👩\u200d👧",
        "👩🏽\u200d🚒",
        "🇺🇸",
        "🇺",
        "1\ufe0f\u20e3",
        "⛹🏿\u200d♀\ufe0f",
        "🏴",
        "🐦\u200d🔥",
        "☺\ufe0f",
        "ক্ষ",
        "অ্যা",
        "각",
    ),
]


def made(number: int = 100_000) -> Iterator[str]:
    """Hard texts, the same ones each time."""
    chance = random.Random(1)
    for _ in range(number):
        yield "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 30)))


def real(folder: Path) -> Iterator[str]:
    """Every text of the XML and JSON documents in a folder."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    for file in sorted(folder.rglob("*")):
        if file.suffix in (".json", ".geojson"):
            with contextlib.suppress(ValueError):  # some are broken on purpose
                yield from _strings(json.loads(file.read_bytes()))
        elif file.is_file() and (root := etree.fromstring(file.read_bytes() or b"<none/>", parser)) is not None:
            yield from root.itertext()


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(inner)


def main(folder: str, *files: str) -> int:
    """0 where all agree."""
    given = (text for file in files for text in json.loads(Path(file).read_bytes()))
    found = {*made(), *(given if files else real(Path("../shared/data")))}
    texts = sorted(text for text in found if len(text) <= LONGEST)
    done = subprocess.run(
        ["node", "-e", SCRIPT], input=json.dumps(texts).encode(), cwd=folder, capture_output=True, check=True
    )
    differ = 0
    for text, (weight, clusters) in zip(texts, json.loads(done.stdout), strict=True):
        ours = (COUNTERS["x"](text), graphemes(text))
        if ours != (weight, clusters):
            differ += 1
            print(ascii(text), "theirs", (weight, clusters), "ours", ours)
    print(f"{len(texts)} texts, {differ} differ")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
