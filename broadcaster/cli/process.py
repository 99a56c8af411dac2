"""Commands that run something: ``serve``, ``part``, ``sweep``."""

from __future__ import annotations

import fcntl
import http.client
import importlib
import importlib.util
import json
import logging
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
from sqlalchemy.exc import SQLAlchemyError

from broadcaster import embedded_redis, process
from broadcaster.domain.config import Settings
from broadcaster.domain.errors import ConfigError, Unavailable
from broadcaster.jobs.beat import Beat, Pulse
from broadcaster.services import folders
from broadcaster.services.system import System
from broadcaster.settings import load_settings
from broadcaster.store import heartbeats
from broadcaster.store.engine import Database
from broadcaster.supervisor import Supervisor, children

HOST = "127.0.0.1"
REDIS_LIMIT = 15.0


@click.command()
def serve() -> None:
    """Start every part in this terminal (what make run does)."""
    from broadcaster.services import prepare  # here: migrations and zones are heavy, and parts need neither

    system = prepare.prepare()
    settings = system.settings
    lock = _alone(settings)
    _free(settings.port)
    if settings.embedded_redis:
        embedded_redis.binary()
        folders.socket_folder(settings)
    logins = _demonstration(system)
    with system.database.write() as connection:
        heartbeats.mark_host_down(connection, socket.gethostname())
    stop = process.STOP.listen()
    supervisor = Supervisor(children(settings), stop, lambda dead: _note_death(system.database, dead))
    threading.Thread(target=_ready, args=(settings, supervisor.say, logins, stop), daemon=True).start()
    supervisor.say("serve", f"starting; data in {settings.data}")
    supervisor.run()
    lock.close()


@click.command()
@click.argument("name", type=click.Choice(["redis", "web", "sender", "worker", "clock"]))
def part(name: str) -> None:
    """Run one part in this process (Procfile, supervisor)."""
    process.tie_to_supervisor()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # lists its own modules at each start
    settings = load_settings()
    folders.data_folder(Path(settings.data))
    if not settings.secret_key:
        raise ConfigError(
            "S014", "SECRET_KEY", "is not set and the data folder has none", "set it, or start with serve"
        )
    PARTS[name](settings)


@click.command()
def sweep() -> None:
    """Pick up what fell between, now and in this process."""
    from broadcaster.jobs import aside
    from broadcaster.services import prepare
    from broadcaster.services.sweep import sweep as run_sweep

    system = prepare.prepare()
    try:
        for step in run_sweep(system):
            click.echo(step)
    except ExceptionGroup as error:
        raise Unavailable("sweep_failed", aside.in_words(error)) from error
    finally:
        system.close()


def _redis(settings: Settings) -> None:
    if not settings.embedded_redis:
        raise ConfigError("S015", "REDIS_URL", "names a Redis elsewhere", "unset it to run the embedded one")
    folders.socket_folder(settings)
    pulse, stop = Pulse(REDIS_LIMIT), process.STOP.listen()
    beat = Beat(Database(settings.database_url), "redis", pulse.beats)
    beat.start()
    code = embedded_redis.run(settings, stop, pulse.touch)
    beat.leave()
    sys.exit(0 if stop.is_set() else abs(code) or 1)


def _web(settings: Settings) -> None:
    database = Database(settings.database_url)
    Beat(database, "web", lambda: True).start()
    importlib.import_module("broadcaster.asgi").serve(settings)


def _job(name: str) -> None:
    stop = process.STOP.listen()
    getattr(importlib.import_module("broadcaster.jobs.parts"), name)(stop)


PARTS: dict[str, Callable[[Settings], None]] = {
    "redis": _redis,
    "web": _web,
    "sender": lambda _: _job("sender"),
    "worker": lambda _: _job("work"),
    "clock": lambda _: _job("tick"),
}


def _alone(settings: Settings) -> IO[str]:
    file = (Path(settings.data) / "serve.lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigError(
            "S016", settings.data, "another broadcaster runs on this folder", "stop it, or give BROADCASTER_DATA"
        ) from error
    return file


def _free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ConfigError(
                "S017", "PORT", f"{port} cannot be used: {error.strerror}", "give another PORT"
            ) from error


def _demonstration(system: System) -> list[str]:
    if not system.settings.demo or importlib.util.find_spec("broadcaster.demo.install") is None:
        return []
    logins = importlib.import_module("broadcaster.demo.install").install(system)
    kept = Path(system.settings.data) / "demo-logins.txt"
    if logins is not None:
        admin = "an admin of your own: python -m broadcaster users add you@example.org --role admin"
        return [*str(logins).splitlines(), f"(kept in {kept})", admin]
    return [f"logins are in {kept}"] if kept.exists() else []


def _note_death(database: Database, dead: str) -> None:
    try:
        with database.write() as connection:
            heartbeats.mark_down(connection, dead)
    except SQLAlchemyError as error:
        logging.getLogger(__name__).warning("a death was not noted: %s", error)


def _ready(settings: Settings, say: Callable[[str, str], None], logins: list[str], stop: process.Stop) -> None:
    missing, waited = "", 0
    while (found := _unready(settings.port)) and not stop.wait(0.3):
        waited += 1
        if waited % 50 == 0 and found != missing:
            missing = found
            say("serve", f"not ready yet: {found}")
    if stop.is_set():
        return
    say("ready", f"page http://{HOST}:{settings.port}/   console {settings.console_url}/console/")
    for line in logins:
        say("ready", line)


def _unready(port: int) -> str:
    connection = http.client.HTTPConnection(HOST, port, timeout=3)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"web does not answer ({error})"
    finally:
        connection.close()
    return "" if answer.status == 200 else _reasons(body) or f"HTTP {answer.status}"


def _reasons(body: bytes) -> str:
    try:
        found = json.loads(body).get("parts", {})
    except ValueError:
        return ""
    return "; ".join(f"{name} {health['reason']}" for name, health in found.items() if not health["ok"])
