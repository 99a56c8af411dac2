"""From the audit entry of an approval to the byte at a reader of /live, beside 5,000 people's texts going out.

The bound is one second; the ratio is that bound over the median of ten approvals on a running installation.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa

from broadcaster.services import approve, compose, submit
from broadcaster.services.compose import Draft
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import audit_entries
from tests.bench.row import Row
from tests.bench.transport import provider_process
from tests.journey.installation import installed
from tests.journey.test_kill_the_sender import CHANNELS, system_of
from tests.journey.test_the_road import Listener
from tests.providers.twilio import TOKEN
from tests.sending import people
from tests.waiting import until

ROUNDS = 10
PEOPLE = 500
BOUND = 1.0
FIELDS = {"event": "tornado", "guidance": "go_indoors"}


def once(system: System, listener: Listener) -> float:
    """Seconds from the approval's own time to the byte of the version that shows it."""
    ann = Actor("ann@judge.example", "bench", frozenset({"author"}), verified=True)
    bo = Actor("bo@judge.example", "bench", frozenset({"approver"}), verified=True)
    alert = compose.create(system, ann, Draft("severe_weather", FIELDS, zones=("valley",)))
    seen = submit.submit(system, ann, alert.id)
    live = approve.approve(system, bo, seen.id, seen.digest or "")

    def shown() -> list[float]:
        heard = list(listener.heard.values())
        return [at.timestamp() for at, said in heard if live.id in {a["id"] for a in said["alerts"]}]

    until(lambda: bool(shown()), 10)
    with system.database.read() as connection:
        a = audit_entries.c
        query = sa.select(a.at).where(a.verb == "alert.approve", a.object == f"alert:{live.id}")
        return min(shown()) - float(connection.execute(query).scalar_one().timestamp())


def run() -> list[Row]:
    """One row; the worst of the ten is in its name."""
    folder = Path(tempfile.mkdtemp(prefix="bench"))
    with provider_process(callbacks=True) as base_url:
        with installed(folder, CHANNELS % base_url, TWILIO_AUTH_TOKEN=TOKEN) as made:
            system = system_of(made)
            people(system, PEOPLE)
            listener = Listener(made.port)
            listener.start()
            took = []
            for _ in range(ROUNDS):
                took.append(once(system, listener))
                time.sleep(1)
            system.close()
    median = statistics.median(took)
    name = f"approval to the byte at a reader (ms; worst {max(took) * 1000:.0f})"
    return [Row(name, median * 1000, BOUND * 1000, BOUND / median, 1.0, max(took) <= BOUND)]


if __name__ == "__main__":
    print(*run(), sep="\n")
