"""Doctor: every finding says what to do, and a broken part is a finding, not a crash."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from broadcaster.services import audit, doctor
from broadcaster.services.system import SYSTEM, System
from broadcaster.store.engine import Database
from broadcaster.store.schema import alarms, audit_entries, metadata
from broadcaster.transport.connection import connect
from tests.databases import stamp

ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # looked for beside SQL


class Health(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def web() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Health)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def well(system: System, web: str) -> System:
    stamp(system.database)
    Path(system.settings.data).chmod(0o700)
    return replace(system, settings=replace(system.settings, public_url=web, console_url=web))


def wrong(system: System) -> dict[str, str]:
    lines = [line for line in doctor.examine(system) if not line.check.ok]
    assert all(line.check.hint for line in lines)
    return {line.name: line.check.text for line in lines}


def test_a_well_installation_lacks_only_parts_and_a_backup(well: System) -> None:
    assert set(wrong(well)) == {"part", "backups"}
    with well.database.write() as connection:
        audit.record(well, connection, SYSTEM, "backup", "b.zip", well.now())
    assert set(wrong(well)) == {"part"}


@ONCE
@pytest.mark.parametrize(("days", "told"), [(6, False), (7, True)])
def test_an_old_backup_is_told(well: System, days: int, told: bool) -> None:
    with well.database.write() as connection:
        audit.record(well, connection, SYSTEM, "backup", "b.zip", well.now() - timedelta(days=days))
    assert ("backups" in wrong(well)) is told


@ONCE
def test_a_changed_audit_entry_is_told(well: System) -> None:
    with well.database.write() as connection:
        audit.record(well, connection, SYSTEM, "backup", "b.zip", well.now())
        audit.record(well, connection, SYSTEM, "backup", "c.zip", well.now())
        connection.execute(audit_entries.update().where(audit_entries.c.id == 1).values(actor="nobody"))
    assert wrong(well)["audit"] == "entry 1 was changed"


@ONCE
def test_open_alarms_are_told(well: System) -> None:
    with well.database.write() as connection:
        row = {"kind": "x", "at": well.now()}
        connection.execute(alarms.insert().values(key="a", text="credentials refused", **row))
        connection.execute(alarms.insert().values(key="b", text="over", cleared=well.now(), **row))
    assert wrong(well)["alarm"] == "credentials refused"


@ONCE
def test_an_open_data_folder_is_told(well: System) -> None:
    Path(well.settings.data).chmod(0o755)
    assert wrong(well)["disk"] == "others can read it"


def test_with_database_and_redis_away_it_still_says_everything_else(well: System) -> None:
    away = Database("postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2")
    found = wrong(replace(well, database=away, redis=connect("unix:///nonexistent/redis.sock")))
    assert {"database", "redis", "part"} <= set(found)
    assert "cannot be reached" in found["database"]
    away.close()


def test_tables_of_an_older_version_are_told(well: System) -> None:
    metadata.drop_all(well.database.engine)
    with well.database.write() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert wrong(well)["database"] == "older than this version"


@ONCE
def test_a_page_that_does_not_answer_is_told(well: System) -> None:
    closed = replace(well, settings=replace(well.settings, public_url="http://127.0.0.1:9"))
    assert "does not answer" in wrong(closed)["webhooks"]


@ONCE
def test_plain_http_is_wrong_only_in_production(well: System) -> None:
    assert "tls" not in wrong(well)
    assert "plain HTTP" in wrong(replace(well, settings=replace(well.settings, production=True)))["tls"]


@ONCE
def test_a_server_without_tls_behind_an_https_address_is_told(well: System) -> None:
    address = well.settings.public_url.replace("http:", "https:")
    assert "no good TLS" in wrong(replace(well, settings=replace(well.settings, console_url=address)))["tls"]
