"""Makes files of the newest version on this web host, and keeps ``current`` pointing at it.

A thread of each web process looks at SQL four times a second, at once when Redis tells; one of them per host
(a file lock) renders. Bodies lie under their hash, so that only what changed is written; the state that holds
now is shown first, the states after the next boundaries follow.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain.config import Config, Settings
from broadcaster.domain.snapshot import FORMAT, face, stamp
from broadcaster.public.pages import TEMPLATES, Page, Pages, clock_words, environment
from broadcaster.rendering import card
from broadcaster.rendering.phrasebook import languages
from broadcaster.services import publish
from broadcaster.services.system import System
from broadcaster.transport.announce import STREAM

log = logging.getLogger(__name__)
LOOK = 0.25  # seconds between looks at SQL
REST = 2.0  # seconds of rest after the database failed
KEEP = 5  # older manifests to keep
Json = dict[str, Any]
Entry = list[str]  # [object, content type, language]


class Site(threading.Thread):
    """``notice`` is called after each change of the folder."""

    def __init__(self, settings: Settings, config: Config, folder: Path, notice: Callable[[], None]) -> None:
        super().__init__(name="site", daemon=True)
        self._system = System.open(settings, config)
        self._writer = Writer(folder, notice)
        self._notice = notice
        self._stop_asked = threading.Event()
        self._checked: datetime | None = None
        self._heard = "$"

    def run(self) -> None:
        """Until ``stop``."""
        while not self._stop_asked.is_set():
            try:
                self.look()
            except (SQLAlchemyError, OSError) as error:
                log.warning("the page stays as it is: %s", error)
                self._stop_asked.wait(REST)
                continue
            self._wait()
        self._system.close()

    def stop(self) -> None:
        """Ask the thread to end, and wait a little."""
        self._stop_asked.set()
        self.join(timeout=REST + 1)

    def look(self) -> None:
        """Bring the folder to what SQL says."""
        number, checked = publish.latest(self._system)
        if number == 0:
            publish.checked(self._system)  # a fresh installation: say so rather than nothing
            number, checked = publish.latest(self._system)
        if (
            checked is not None and checked != self._checked
        ):  # before the version, which must not stand there without its time
            agency = self._system.config.agency
            words = clock_words(checked, agency.timezone, languages(agency.languages))
            self._writer.write_checked({"checked": stamp(checked), "words": words})
            self._checked = checked
            self._notice()
        if self._writer.number() != number:
            self._writer.write(self._system)

    def _wait(self) -> None:
        """Until Redis tells of something or it is time to look again."""
        try:
            found: Any = self._system.redis.xread({STREAM: self._heard}, count=100, block=int(LOOK * 1000))
        except RedisError:
            self._stop_asked.wait(LOOK)
            return
        if found:
            self._heard = found[0][1][-1][0]


class Writer:
    """The folder of one host's page (layout: ``public.reading``). ``notice`` is called at each flip."""

    def __init__(self, folder: Path, notice: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._notice = notice
        self._rendered: dict[str, Page] = {}  # of the last version: most pages stay as they were
        self._unsynced: list[Path] = []
        self._templates = environment()
        self._build = build()
        self._known = ("", 0)  # (what current named last, its number)

    def number(self) -> int:
        """What ``current`` names; 0 for nothing, for half of one, or for files made by other code than this."""
        try:
            target = os.readlink(self._folder / "current")
        except OSError:
            return 0
        if target != self._known[0]:
            manifest = self._current()
            whole = manifest is not None and manifest["build"] == self._build and manifest["complete"]
            self._known = (target, manifest["number"] if manifest and whole else 0)
        return self._known[1]

    def write(self, system: System) -> bool:
        """Make the newest version's files and flip ``current``, twice: now's state first, at once, then those
        ahead, with everything safely on the disk. Until then it counts as half done and is made again.

        The record decides, read again under the lock: a process that was late never turns the page back.
        """
        for name in ("objects", "versions"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        with self._alone():
            row = publish.newest(system)
            if row is not None and row["bundle"]["format"] != FORMAT:
                publish.checked(system)  # after an upgrade: what older code wrote is written again
                row = publish.newest(system)
            if row is None or self.number() == row["number"] or row["bundle"]["format"] != FORMAT:
                return False
            self._make(system, row)
            return True

    def write_checked(self, value: Json) -> None:
        """The heartbeat."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._put(self._folder / "checked.json", json.dumps(value, ensure_ascii=False).encode())

    # --- one version ----------------------------------------------------------------------------------------------
    def _make(self, system: System, row: Json) -> None:
        pages = Pages(row["bundle"], row["published"], self._templates, self._rendered)
        old = self._current() or {"kept": {}}
        kept = old["kept"] if old.get("build") == self._build else {}
        documents = self._documents(system, pages, kept)
        first, *ahead = row["bundle"]["states"]
        manifest = {
            "number": row["number"],
            "build": self._build,
            "complete": False,
            "stale_after": row["bundle"]["about"]["stale_after"],
            "stale": pages.stale(),
            "kept": documents,
            "languages": list(pages.languages),
            "states": [self._state(pages, first)],
        }
        self._flip(f"{row['number']}-now", manifest)
        self._rendered = pages.rendered
        for state in (first, *ahead):
            if publish.latest(system)[0] != row["number"]:
                return  # a newer version waits, and what is true now comes before pictures and what will be
            if state is not first:
                manifest["states"].append(self._state(pages, state))
            self._draw(pages, state, manifest["states"][-1])
        self._sync()
        self._flip(str(row["number"]), {**manifest, "complete": True})
        self._tidy()

    def _draw(self, pages: Pages, state: Json, made: Json) -> None:
        """Pictures come last: nobody in danger waits for them."""
        made["files"] |= {path: self._store(page) for path, page in pages.pictures(state).items()}

    def _state(self, pages: Pages, state: Json) -> Json:
        files = {path: self._store(page) for path, page in pages.files(state).items()}
        return {"number": state["number"], "from": state["from"], "version": pages.version(state), "files": files}

    def _documents(self, system: System, pages: Pages, kept: dict[str, Any]) -> dict[str, dict[str, Entry]]:
        """Files of alerts that ended too long ago to be in the bundle: made once, then carried along."""
        gone = {_key(r): r for r in pages.bundle["archive"] if r["id"] not in pages.bundle["alerts"]}
        wanted = {row["id"] for key, row in gone.items() if key not in kept}
        facts = publish.archived(system, wanted) if wanted else {}
        made: dict[str, dict[str, Entry]] = {}
        for key, row in gone.items():
            if key in kept:
                made[key] = kept[key]
            elif row["id"] in facts:
                alert = {
                    **facts[row["id"]],
                    "state": row["state"],
                    "face": face(row["state"], row["ending"], row.get("in_error", False)),
                    "level": "",
                    "ended": row["ended"],
                }
                made[key] = {path: self._store(page) for path, page in pages.document(alert).items()}
        return made

    def _store(self, page: Page) -> Entry:
        name = hashlib.sha256(page.body).hexdigest()
        path = self._folder / "objects" / name
        if not path.exists() or path.stat().st_size != len(page.body):
            self._put(path, page.body)
            self._unsynced.append(path)
        return [name, page.type, page.language]

    # --- the disk ---------------------------------------------------------------------------------------------------
    def _flip(self, name: str, manifest: Json) -> None:
        self._put(self._folder / "versions" / f"{name}.json", json.dumps(manifest, ensure_ascii=False).encode())
        link = self._folder / f".current-{os.getpid()}"
        link.unlink(missing_ok=True)
        link.symlink_to(f"versions/{name}.json")
        link.rename(self._folder / "current")
        self._notice()

    def _put(self, path: Path, body: bytes) -> None:
        """Whole or not at all for every reader."""
        draft = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
        draft.write_bytes(body)
        draft.rename(path)

    def _sync(self) -> None:
        """What was written is on the disk, so that a power cut leaves whole pages."""
        for path in [*self._unsynced, self._folder / "objects", self._folder / "versions"]:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        self._unsynced.clear()

    def _tidy(self) -> None:
        """Drop manifests that nobody reads any more, and the objects that only they named."""
        manifests = sorted((self._folder / "versions").glob("*.json"), key=lambda p: p.stat().st_mtime)
        for old in manifests[: -2 * KEEP]:
            old.unlink(missing_ok=True)
        used: set[str] = set()
        for path in manifests[-2 * KEEP :]:
            manifest = json.loads(path.read_bytes())
            used |= {entry[0] for state in manifest["states"] for entry in state["files"].values()}
            used |= {entry[0] for made in manifest["kept"].values() for entry in made.values()}
        for found in (self._folder / "objects").iterdir():
            if found.name not in used and not found.name.startswith("."):
                found.unlink(missing_ok=True)

    def _current(self) -> Json | None:
        try:
            found: Json = json.loads((self._folder / "current").read_bytes())
        except (OSError, ValueError):
            return None
        return found

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with (self._folder / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def build() -> str:
    """Changes when templates or the code that renders do: then the same version is made again."""
    here = Path(__file__).parent
    drawn = Path(card.__file__).parent
    code = [*TEMPLATES.iterdir(), *here.glob("*.py"), *drawn.glob("*.py"), *drawn.rglob("*.toml")]
    digest = hashlib.sha256()
    for path in sorted(p for p in code if p.is_file()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _key(row: Json) -> str:
    return f"{row['id']}:{row['state']}:{row['ended']}:{row.get('in_error', False)}:{row['cleared']}"
