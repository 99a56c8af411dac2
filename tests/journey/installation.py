"""A whole installation in a folder of its own: its files, its processes, and the people to send to."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from tests.servers import free_port
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
AGENCY = """
[agency]
name = "Judge County"
cap_sender = "alerts@judge.example"
timezone = "America/Los_Angeles"
languages = ["en", "es"]
"""


@dataclass
class Installation:
    """One ``serve`` with its folder; ``env`` is what its commands need too."""

    folder: Path
    port: int
    env: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_in: timedelta = timedelta()  # how long this machine needs now to bring up what was killed, and more

    @property
    def url(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        """Where its record is."""
        return self.env.get("DATABASE_URL", f"sqlite:///{self.folder}/var/broadcaster.db")

    def start(self) -> None:
        """``serve`` until /readyz answers 200."""
        began = time.monotonic()
        command = [sys.executable, "-m", "broadcaster", "serve"]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, stdout=log, stderr=subprocess.STDOUT)
        until(lambda: self.get("/readyz")[0] == 200, 120, self.log)
        self.started_in = timedelta(seconds=time.monotonic() - began)

    def stop(self) -> None:
        """SIGTERM, as Ctrl-C does."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()
            self.process.wait()

    def log(self) -> str:
        """What it printed."""
        return (self.folder / "serve.log").read_text(errors="replace")[-6000:]

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; 0 where nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def part(self, name: str) -> psutil.Process | None:
        """The running process of a part, by its argv."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    if child.cmdline()[-2:] == ["part", name]:
                        return child
        return None

    def kill(self, name: str) -> None:
        """``kill -9`` of a part, once it runs."""
        found: list[psutil.Process] = []

        def there() -> bool:
            part = self.part(name)
            found.extend([part] if part else [])
            return bool(found)

        until(there, 60, self.log)
        found[-1].kill()

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """``python -m broadcaster ...``."""
        return subprocess.run(
            [sys.executable, "-m", "broadcaster", *words],
            cwd=ROOT,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *words: str, stdin: str = "") -> Any:
        """The command's JSON; fails loudly where it was refused."""
        done = self.command(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@contextlib.contextmanager
def installed(
    folder: Path, channels: str = "", files: dict[str, str] | None = None, **env: str
) -> Iterator[Installation]:
    """A running installation of a real agency with these channels (TOML)."""
    config = folder / "config"
    config.mkdir()
    (config / "agency.toml").write_text(AGENCY)
    (config / "channels.toml").write_text(channels)
    for name, text in (files or {}).items():
        (config / name).write_text(text)
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("BROADCASTER", "TWILIO", "REDIS", "DATABASE"))}
    kept |= {"BROADCASTER_DATA": str(folder / "var"), "BROADCASTER_CONFIG": str(config), "BROADCASTER_DEMO": "0"}
    made = Installation(folder, port, kept | {"PORT": str(port)} | env)
    try:
        made.start()
        yield made
    finally:
        made.stop()
