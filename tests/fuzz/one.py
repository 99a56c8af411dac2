"""One target of ``make fuzz`` in a process of its own: ``python -m tests.fuzz.one TARGET CORPUS SECONDS``.

A target is a format of ``PARSERS``, or ``readers``, the reader of XML and of JSON below all of them. It fails at an
exception, at an outcome that cannot be stored or compared, at an entry whose bytes alone give another entry, at 2
seconds of work for one document and at 300 MB.
"""

from __future__ import annotations

import importlib
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import atheris

with atheris.instrument_imports(include=["alert_feeds", "broadcaster.domain.mapping"]):
    from alert_feeds import PARSERS, document, json_parts
    from broadcaster.domain.mapping import fill, filling

    for dotted in PARSERS.values():
        importlib.import_module(dotted)

SECONDS = 2.0
MEGABYTES = 300
MOST_BYTES = 65_536


def storable(value: Any) -> None:
    """Every text can be written as UTF-8, every number is one."""
    if isinstance(value, str):
        value.encode()
        assert "\x00" not in value
    elif isinstance(value, float):
        assert math.isfinite(value)
    elif is_dataclass(value):
        for part in fields(value):
            storable(getattr(value, part.name))
    elif isinstance(value, tuple):
        for item in value:
            storable(item)


def of_format(name: str) -> Callable[[bytes], None]:
    """What one document of that format must come to."""
    parser = importlib.import_module(PARSERS[name])
    table = filling(getattr(parser, "MAPPING", {}), getattr(parser, "FACTS", None))

    def one(body: bytes) -> None:
        parsed = parser.parse(body, {})
        storable(parsed)
        for entry in parsed.entries[:20]:
            storable(fill(entry, table))
            again = parser.parse(entry.raw, {}).entries
            assert [(e.message, e.content_hash) for e in again] == [(entry.message, entry.content_hash)], entry.raw

    return one


def readers(body: bytes) -> None:
    """Bytes to text, to a tree and to JSON."""
    for read in (lambda: document.tree(document.decode(body, {})[0]), lambda: json_parts.document(body, {})):
        try:
            read()
        except document.Unreadable as error:
            storable((error.code, error.text))


def bounded(one: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The same, failing where it takes too long."""

    def timed(body: bytes) -> None:
        before = time.process_time()
        one(body)
        took = time.process_time() - before
        assert took < SECONDS, f"{took:.1f} s for {len(body)} bytes"

    return timed


def main(target: str, corpus: str, seconds: str) -> None:
    """Run until the time is over or something is found."""
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={MOST_BYTES}",
        f"-rss_limit_mb={base + MEGABYTES}",
        "-timeout=20",
        f"-artifact_prefix={corpus}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup(
        [sys.argv[0], *options, corpus],
        bounded(readers if target == "readers" else of_format(target)),
        enable_python_coverage=True,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
