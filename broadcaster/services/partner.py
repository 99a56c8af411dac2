"""What a machine may do to alerts: hand one in, as CAP or as fields, once only however often it asks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from alert_feeds import cap
from broadcaster.domain.alert import Alert, CapMessage, Mode, MsgType, Scope, Source, Status
from broadcaster.domain.errors import Invalid
from broadcaster.domain.feed_entry import FeedEntry
from broadcaster.domain.message import Finding
from broadcaster.services import compose, references
from broadcaster.services.compose import Draft
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.schema import idempotency_keys

MODES = {Status.ACTUAL: Mode.ACTUAL, Status.EXERCISE: Mode.EXERCISE}
TYPES = (MsgType.ALERT, MsgType.UPDATE, MsgType.CANCEL)
LONGEST_KEY = 255


@dataclass(frozen=True, slots=True)
class Received:
    """The alert, and whether this very request made it. ``replayed``: the key was used before."""

    alert: Alert
    new: bool
    replayed: bool = False


def receive_cap(system: System, actor: Actor, body: bytes, content_type: str, key: str | None) -> Received:
    """One CAP document. Raises Invalid for what is no CAP or not for the public, Refused for other content under
    the same sender, identifier and sent."""
    entry = _entry(body, content_type)

    def make(_: Connection | None) -> tuple[Alert, bool]:
        alert, new = compose.receive(system, actor, _draft(system, actor, entry))
        if new and entry.findings:
            with system.database.write() as connection:
                for problem in entry.findings:
                    store.add_finding(connection, alert.id, Finding(problem.code, problem.text))
        return alert, new

    return _once(system, actor, key, hashlib.sha256(body).hexdigest(), make, own_transaction=True)


def receive_draft(system: System, actor: Actor, draft: Draft, fingerprint: str, key: str | None) -> Received:
    """One alert by template and fields. ``fingerprint`` is a hash of the request. Raises Invalid."""

    def make(connection: Connection | None) -> tuple[Alert, bool]:
        return compose.create(system, actor, replace(draft, source=_source(actor)), connection), True

    return _once(system, actor, key, fingerprint, make, own_transaction=False)


# --- once only ----------------------------------------------------------------------------------------------------
def _once(
    system: System,
    actor: Actor,
    key: str | None,
    fingerprint: str,
    make: Callable[[Connection | None], tuple[Alert, bool]],
    own_transaction: bool,
) -> Received:
    if key is None:
        return Received(*make(None))
    if not key or len(key) > LONGEST_KEY:
        raise Invalid("idempotency_key", f"Idempotency-Key holds 1 to {LONGEST_KEY} characters")
    with system.database.read() as connection:
        known = _known(connection, actor, key, fingerprint)
    if known is not None:
        return known
    made = Received(*make(None)) if own_transaction else None
    try:
        with system.database.write() as connection:
            made = made or Received(*make(connection))
            row = {"token": actor.name, "key": key, "request_hash": fingerprint, "alert": made.alert.id}
            connection.execute(idempotency_keys.insert().values(**row, created=system.now()))
            return made
    except IntegrityError:  # the same request came twice at once, and the other was first: nothing of ours stands
        with system.database.read() as connection:
            known = _known(connection, actor, key, fingerprint)
        if known is None:
            raise
        return known


def _known(connection: Connection, actor: Actor, key: str, fingerprint: str) -> Received | None:
    k = idempotency_keys.c
    row = connection.execute(sa.select(idempotency_keys).where(k.token == actor.name, k.key == key)).one_or_none()
    if row is None:
        return None
    if row.request_hash != fingerprint:
        raise Invalid("idempotency_key_reused", "this Idempotency-Key came before with another request; use a new one")
    return Received(store.get(connection, row.alert), new=True, replayed=True)


# --- CAP ----------------------------------------------------------------------------------------------------------
def _entry(body: bytes, content_type: str) -> FeedEntry:
    parsed = cap.parse(body, {"content-type": content_type})
    if not parsed.entries:
        problem = parsed.problems[0]
        raise Invalid(f"cap_{problem.code}", f"this is no CAP 1.2 alert: {problem.text}")
    if len(parsed.entries) > 1 or parsed.problems:
        raise Invalid("cap_several", "send one CAP alert in a request")
    _for_the_public(parsed.entries[0].message)
    return parsed.entries[0]


def _for_the_public(message: CapMessage) -> None:
    if message.status not in MODES:
        raise Invalid("cap_status", f"status {message.status} is not taken; only Actual and Exercise are")
    if message.scope is not Scope.PUBLIC:
        raise Invalid("cap_scope", f"scope {message.scope} is not taken; only Public is")
    if message.msg_type not in TYPES:
        raise Invalid("cap_msg_type", f"msgType {message.msg_type} is not taken; only Alert, Update and Cancel are")


def _draft(system: System, actor: Actor, entry: FeedEntry) -> Draft:
    message = _with_words(system, entry.message)
    return Draft(
        template="cap",
        cap=message,
        mode=MODES[message.status],
        msg_type=message.msg_type,
        source=_source(actor, message),
        source_hash=entry.content_hash,
    )


def _with_words(system: System, message: CapMessage) -> CapMessage:
    """A Cancel needs no info of its own (CAP 1.2, 3.2.1): it takes back what it refers to, in those words."""
    if message.infos or message.msg_type is not MsgType.CANCEL:
        return message
    with system.database.read() as connection:
        links = references.resolve(connection, (), message, system.config.agency.cap_sender)
    return replace(message, infos=links.alerts[0].content.infos) if links.alerts else message


def _source(actor: Actor, message: CapMessage | None = None) -> Source:
    name = actor.name.removeprefix("token:")
    if message is None:
        return Source(token=name)
    return Source(None, name, message.sender, message.identifier, message.sent)
