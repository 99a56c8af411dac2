"""One Chromium for a file's tests, with more patience than a slow machine needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from tests.install import browser as path

PATIENCE = 60_000  # milliseconds until what a test waits for counts as missing; nothing here measures time
expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; no longer than for a file, because Playwright keeps an event loop running in this thread."""
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path(), args=["--no-sandbox"])
        yield started
        started.close()
