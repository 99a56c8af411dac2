"""Writing alerts: create, receive (from a partner, once only), edit, replace a draft, discard."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, State
from broadcaster.domain.errors import Refused
from broadcaster.domain.hashtag import hashtag
from broadcaster.domain.lifecycle import Verb, move
from broadcaster.domain.message import Finding
from broadcaster.domain.review import check_compose
from broadcaster.rendering.templates import load
from broadcaster.services.drafting import Draft, Drawn, draw
from broadcaster.services.steps import changed, put_away, recorded, who
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import incidents

__all__ = ["Draft", "create", "discard", "edit", "receive", "replace_draft"]


def create(system: System, actor: Actor, draft: Draft, connection: Connection | None = None) -> Alert:
    """A new draft with its texts and findings, in a transaction of its own or the caller's.

    Raises Invalid (names that do not exist) and Forbidden (who may not write, or may not say "lifted").
    """
    if connection is not None:
        return _create(system, connection, actor, draft)
    with system.database.write() as own:
        return _create(system, own, actor, draft)


def receive(system: System, actor: Actor, draft: Draft) -> tuple[Alert, bool]:
    """``create`` for a document with an identity: (alert, whether it is new). The same again changes nothing.

    Raises Refused where the same sender, identifier and sent came before with other content.
    """
    source = draft.source
    with system.database.write() as connection:
        if source.sender and source.identifier:
            store.lock_source(connection, source.sender, source.identifier)
            known = store.of_source(connection, source.sender, source.identifier, source.sent)
            if known is not None:
                return _same(connection, known, draft), False
        return _create(system, connection, actor, draft), True


def edit(
    system: System,
    actor: Actor,
    alert_id: str,
    draft: Draft,
    connection: Connection | None = None,
    seen: int | None = None,
) -> Alert:
    """Write a draft (or one that was returned) anew. Its mode stays what it was at creation.

    ``seen`` is the revision that the editor started from; raises Refused("conflict") where somebody wrote since.
    """
    if connection is None:
        with system.database.write() as own:
            return edit(system, actor, alert_id, draft, own, seen)
    old = store.get(connection, alert_id, lock=True)
    move(old.state, Verb.EDIT)
    if seen is not None and seen != old.revision:
        raise Refused("conflict", "Somebody else changed this draft meanwhile. Look at both versions and choose.")
    if draft.mode != old.mode:
        raise Refused("mode", f"It was made as {old.mode} and stays that. Make a new alert.")
    drawn = _drawn(system, connection, actor, draft, old)
    new = changed(connection, old, drawn.alert)
    _name_incident(connection, draft, new)
    _put(connection, drawn)
    recorded(system, connection, actor, Verb.EDIT, new, system.now())
    return new


def replace_draft(
    system: System, connection: Connection, actor: Actor, alert_id: str, draft: Draft, reason: str
) -> Alert:
    """A newer word about something that is not live yet: the old draft goes, whoever reviews is told.

    An approval of the old digest finds nothing to approve. The new alert is a draft.
    """
    old = store.get(connection, alert_id, lock=True)
    put_away(connection, old, Verb.SUPERSEDE, actor, system.now(), reason)
    new = _create(system, connection, actor, draft)
    store.add_finding(connection, new.id, Finding("replaced_draft", f"It replaces {old.id}, which was {_was(old)}."))
    return new


def discard(system: System, connection: Connection, actor: Actor, alert_id: str, reason: str) -> Alert:
    """Put away what is not live, with the reason (a feed took its warning back)."""
    old = store.get(connection, alert_id, lock=True)
    new = put_away(connection, old, Verb.DISCARD, actor, system.now(), reason)
    recorded(system, connection, actor, Verb.DISCARD, new, system.now(), reason=reason)
    return new


def _was(old: Alert) -> str:
    return {State.IN_REVIEW: "in review", State.RETURNED: "returned"}.get(old.state, "a draft")


def _create(system: System, connection: Connection, actor: Actor, draft: Draft) -> Alert:
    drawn = _drawn(system, connection, actor, draft, None)
    store.insert(connection, drawn.alert, draft.source_hash)
    _name_incident(connection, draft, drawn.alert)
    _put(connection, drawn)
    recorded(system, connection, actor, "create", drawn.alert, system.now())
    return drawn.alert


def _drawn(system: System, connection: Connection, actor: Actor, draft: Draft, old: Alert | None) -> Drawn:
    by = who(actor)
    check_compose(by, load(draft.template).spec.ending)
    return draw(system, connection, draft, actor.name, old)


def _name_incident(connection: Connection, draft: Draft, alert: Alert) -> None:
    """Keep the hashtag with the incident that the alert begins, also where a drill does not carry it."""
    if draft.hashtag is not None and not alert.replaces:
        incidents.put_hashtag(connection, alert.incident, hashtag(draft.hashtag))


def _put(connection: Connection, drawn: Drawn) -> None:
    store.put_messages(connection, drawn.alert.id, drawn.messages)
    store.put_findings(connection, drawn.alert.id, drawn.findings)


def _same(connection: Connection, known: Alert, draft: Draft) -> Alert:
    if store.source_hash(connection, known.id) == (draft.source_hash or None):
        return known
    text = f"This sender, identifier and sent came before with other content (alert {known.id}). Send an Update."
    raise Refused("content_differs", text)
