"""The real thing, as an IT person starts it: one command, a terminal, and kill -9 at the worst moment."""

import contextlib
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.servers import free_port

PARTS = ("redis", "web", "sender", "worker", "clock")
pytestmark = pytest.mark.timeout(240)


class Serve:
    """``python -m broadcaster serve`` on a folder of its own."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.port = free_port()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BROADCASTER_")}
        self.environ = {**kept, "BROADCASTER_DATA": str(data), "PORT": str(self.port), **environ}
        self.environ.setdefault("BROADCASTER_CONFIG", str(data / "no-config"))
        self.lines: queue.Queue[str] = queue.Queue()
        self.log: list[str] = []

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "broadcaster", "serve"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.log.append(line)
                self.lines.put(line)

    def line_with(self, words: str) -> str:
        """The next line of the log that holds the words; the test's own time limit ends the wait."""
        while True:
            line = self.lines.get(timeout=120)
            if words in line:
                return line

    def ready(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /readyz; 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")
        except (OSError, ValueError):
            return 0, {}

    def until_ready(self, wanted: bool, meanwhile: Callable[[], None] = lambda: None) -> dict[str, Any]:
        pause = threading.Event()
        until = time.monotonic() + 60
        while True:
            status, body = self.ready()
            if (status == 200) is wanted:
                return body
            assert time.monotonic() < until, (status, body, "".join(self.log[-40:]))
            meanwhile()
            pause.wait(0.1)

    def parts(self) -> dict[str, psutil.Process]:
        """The living parts by the name that stands in their command line."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                words = child.cmdline()
                if "part" in words:
                    found[words[words.index("part") + 1]] = child
        return found

    def stop(self) -> None:
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        assert gone(family) == []


def gone(family: list[psutil.Process]) -> list[psutil.Process]:
    """Those of the family that still live after a moment."""
    _, alive = psutil.wait_procs(family, timeout=60)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """A demonstration agency, running and ready."""
    running = Serve(tmp_path_factory.mktemp("serve") / "data")
    running.start()
    try:
        running.line_with("page http")
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def test_ready_says_where_and_who(serve: Serve) -> None:
    log = "".join(serve.log)
    assert f"http://127.0.0.1:{serve.port}/" in log
    serve.until_ready(True)
    assert "author@example.org" in "".join(serve.log)


def test_every_part_names_itself_in_its_command_line(serve: Serve) -> None:
    serve.until_ready(True)
    assert set(serve.parts()) == set(PARTS)


def test_the_data_folder_and_its_key_are_their_owners_alone(serve: Serve) -> None:
    data = Path(serve.environ["BROADCASTER_DATA"])
    assert data.stat().st_mode & 0o777 == 0o700
    assert (data / "secret_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_is_noticed_and_comes_back(serve: Serve, name: str) -> None:
    serve.until_ready(True)
    victim = serve.parts()[name]
    victim.kill()
    body = serve.until_ready(False, lambda: killed_again(serve, name, victim))
    if body and name in body["parts"]:
        assert not body["parts"][name]["ok"]
    serve.until_ready(True)
    assert serve.parts()[name].pid != victim.pid


def killed_again(serve: Serve, name: str, first: psutil.Process) -> None:
    """A part that was back before anybody looked: kill it once more."""
    back = serve.parts().get(name)
    if back is not None and back.pid != first.pid:
        back.kill()


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(serve: Serve) -> None:
    done = once(Serve(Path(serve.environ["BROADCASTER_DATA"])))
    assert "another broadcaster runs on this folder" in done


def once(given: Serve) -> str:
    """Start what must refuse: exit code 1 and one line, which is returned."""
    done = subprocess.run(
        [sys.executable, "-m", "broadcaster", "serve"],
        env=given.environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    given = Serve(tmp_path / "data")
    with socket.create_server(("127.0.0.1", given.port)):
        line = once(given)
    assert f"PORT: {given.port} cannot be used: Address already in use" in line


def test_a_data_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "BROADCASTER_DATA" in once(Serve(tmp_path / "file" / "data"))


def test_a_broken_config_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text("[agency]\nname = ")
    line = once(Serve(tmp_path / "data", BROADCASTER_CONFIG=str(tmp_path)))
    assert "agency.toml" in line
    assert "C002" in line
    assert not (tmp_path / "data" / "broadcaster.db").exists()


def test_an_unknown_key_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text('[agency]\nname = "A"\ncap_sender = "a"\ncolour = "red"\n')
    line = once(Serve(tmp_path / "data", BROADCASTER_CONFIG=str(tmp_path)))
    assert "colour" in line


def test_a_database_that_is_away_is_one_clear_line(tmp_path: Path) -> None:
    given = Serve(tmp_path / "data", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert "the database cannot be used" in once(given)


def test_kill_9_of_the_supervisor_leaves_no_orphan_and_the_next_start_works(tmp_path: Path) -> None:
    running = Serve(tmp_path / "data")
    running.start()
    running.line_with("page http")
    family = psutil.Process(running.process.pid).children(recursive=True)
    assert any("valkey" in process.name() for process in family)
    running.process.kill()
    running.process.wait()
    assert gone(family) == []
    running.start()
    running.line_with("page http")
    running.stop()
