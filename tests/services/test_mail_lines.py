"""Mail goes over a few connections: what waits for one is not begun, so a slow server leaves nothing in doubt."""

from __future__ import annotations

import threading

import sqlalchemy as sa

from broadcaster.channels.smtp import Options
from broadcaster.domain.config import ChannelConfig
from broadcaster.services.send import Sender
from broadcaster.services.system import System
from broadcaster.store.schema import attempts
from tests.providers.smtp import mail_server
from tests.sending import attempt_rows, go_live, people, states, with_channels

CONNECTIONS = 2


def test_a_slow_mail_server_has_no_more_mails_begun_than_connections_and_as_many_ahead(system: System) -> None:
    with mail_server() as mail:
        mail.faults.latency = 0.1
        options = Options(
            base_url=f"smtp://127.0.0.1:{mail.port}", from_="Judge County <a@judge.example>", connections=CONNECTIONS
        )
        ground = with_channels(system, ChannelConfig("mail", "smtp", per_second=1000, options=options))
        people(ground, 30)
        go_live(ground)
        most, over = begun_at_once(ground)
        sender = Sender(ground)
        try:
            sender.work(60)
        finally:
            over.set()
            sender.close()
    assert states(ground) == {"delivered": 30}
    assert mail.connections <= CONNECTIONS
    assert 1 <= max(most) <= 2 * CONNECTIONS
    assert len(attempt_rows(ground)) == 30


def begun_at_once(system: System) -> tuple[list[int], threading.Event]:
    """Looks all the time how many attempts are begun and not ended."""
    seen, over = [0], threading.Event()
    query = sa.select(sa.func.count()).where(attempts.c.state == "sending")

    def look() -> None:
        while not over.wait(0.01):
            with system.database.read() as connection:
                seen.append(connection.execute(query).scalar_one())

    threading.Thread(target=look, daemon=True).start()
    return seen, over
