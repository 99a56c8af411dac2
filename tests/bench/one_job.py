"""The baseline that everybody builds first: one RQ job per message, writing the same states with two commits."""

from __future__ import annotations

import os
import uuid
from functools import lru_cache

import requests
import sqlalchemy as sa

from broadcaster.store import deliveries as store
from broadcaster.store.deliveries import Leased
from broadcaster.store.engine import Database, now
from broadcaster.store.schema import broadcast_messages, deliveries
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN


@lru_cache(maxsize=1)
def parts() -> tuple[Database, requests.Session, str]:
    """One database and one HTTP session per worker, kept over jobs."""
    session = requests.Session()
    session.auth = (ACCOUNT, TOKEN)
    session.trust_env = False
    url = f"{os.environ['BENCH_PROVIDER']}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    return Database(os.environ["BENCH_DATABASE"]), session, url


def send(delivery: int) -> None:
    """Mark it sending, send it, write the result."""
    database, session, url = parts()
    attempt = uuid.uuid4().hex
    with database.write() as connection:
        at = now(connection)
        d = deliveries.c
        query = sa.select(d.recipient, d.broadcast, d.message, broadcast_messages.c.text)
        query = query.join(broadcast_messages, broadcast_messages.c.id == d.message).where(d.id == delivery)
        row = connection.execute(query).one()
        connection.execute(deliveries.update().where(d.id == delivery).values(state="leased", holder=attempt))
        leased = Leased(delivery, row.broadcast, row.recipient, None, row.message, 0)
        store.begin(connection, [(leased, attempt)], attempt, at)
    form = {"To": row.recipient, "Body": row.text, "MessagingServiceSid": SERVICE}
    answer = session.post(url, data=form, timeout=10)
    answer.raise_for_status()
    with database.write() as connection:
        word = store.Word(attempt, store.AttemptState.ACCEPTED, answer.json()["sid"])
        store.tell(connection, [word], lambda _channel, _code: None, 6, now(connection))
