"""What cancel, lift and extend share: the prepared message about a live alert, written and submitted in one go."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, MsgType, State
from broadcaster.domain.review import check_follow_up
from broadcaster.rendering.templates import load
from broadcaster.services import compose, notices
from broadcaster.services.drafting import Draft
from broadcaster.services.steps import recorded, who
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store.engine import again

Write = Callable[[Alert], Draft]


def follow_up(system: System, actor: Actor, alert_id: str, verb: str, write: Write, reason: str) -> Alert:
    """The new alert, in review. One that says the same and waits already is the answer, not a second one."""

    def decided() -> Alert:
        with system.database.write() as connection:
            return followed_up(system, connection, actor, alert_id, verb, write, reason)

    made = again(decided)
    notices.wake(system)
    return made


def followed_up(
    system: System, connection: Connection, actor: Actor, alert_id: str, verb: str, write: Write, reason: str
) -> Alert:
    """``follow_up`` in the caller's transaction."""
    old = store.get(connection, alert_id, lock=True)
    check_follow_up(old, who(actor))
    draft = write(old)
    waiting = _waiting(connection, old, draft)
    if waiting is not None:
        return waiting
    made = compose.create(system, actor, draft, connection)
    made = submit(system, actor, made.id, connection)
    recorded(system, connection, actor, verb, old, system.now(), reason=reason, follow_up=made.id)
    return made


def prepared(old: Alert, template: str, msg_type: MsgType, **fields: str) -> Draft:
    """The prepared words of a template about the old alert: same zones, channels, languages and mode."""
    return Draft(
        template=template,
        fields={**said(old), **fields},
        languages=old.content.languages,
        zones=old.zones,
        areas=old.content.areas,
        channels=old.channels,
        mode=old.mode,
        replaces=(old.id,),
        msg_type=msg_type,
    )


def said(old: Alert) -> dict[str, str]:
    """What the old alert was, in each language: the field ``what`` (with its plain variant for SMS)."""
    first = old.content.languages[0]
    found: dict[str, str] = {}
    for info in old.content.infos:
        language = info.language.split("-")[0]
        found["what" if language == first else f"what.{language}"] = info.event[:80]
    plain = load(old.content.template).spec.cap.event
    if old.content.template != "cap":
        found |= {f"what.{key}": words for key, words in plain.items() if key.endswith("_plain")}
    return {
        key: words
        for key, words in found.items()
        if key == "what" or key.partition(".")[2][:2] in old.content.languages
    }


def _waiting(connection: Connection, old: Alert, draft: Draft) -> Alert | None:
    """The same follow-up in review already (two people pressed the button); one with an end of its own is another."""
    if draft.expires is not None:
        return None
    for other in store.by_ids(connection, store.replaced_by(connection, old.id)):
        same = other.content.template == draft.template and set(other.zones) == set(draft.zones)
        if other.state == State.IN_REVIEW and same and dict(other.content.fields) == dict(draft.fields):
            return other
    return None
