"""What cancel, lift and extend share: the prepared message about a live alert, or about all that are live of its
incident, written and submitted in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, MsgType, State
from broadcaster.domain.bundle import together
from broadcaster.domain.language import primary
from broadcaster.domain.review import check_follow_up
from broadcaster.rendering.templates import load
from broadcaster.services import compose, notices
from broadcaster.services.carriers import carriers
from broadcaster.services.drafting import Draft, new_id
from broadcaster.services.steps import recorded, who
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as store
from broadcaster.store import bundles
from broadcaster.store.engine import again

Write = Callable[[Alert], Draft]


def follow_up(
    system: System, actor: Actor, alert_id: str, verb: str, write: Write, reason: str, whole: bool = False
) -> Alert:
    """The new alert, in review. One that says the same and waits already is the answer, not a second one.

    ``whole``: the same about every alert of its incident that is live (the parts of a bundle, or what each became
    since), as a bundle of its own under one digest; the answer is then the part about ``alert_id``.
    """

    def decided() -> Alert:
        with system.database.write() as connection:
            return followed_up(system, connection, actor, alert_id, verb, write, reason, whole)

    made = again(decided)
    notices.wake(system)
    return made


def followed_up(
    system: System,
    connection: Connection,
    actor: Actor,
    alert_id: str,
    verb: str,
    write: Write,
    reason: str,
    whole: bool = False,
) -> Alert:
    """``follow_up`` in the caller's transaction."""
    olds = _about(connection, alert_id, whole)
    for old in olds:
        check_follow_up(old, who(actor))
    drafts = [replace(write(old), channels=carriers(system, connection, old)) for old in olds]
    waiting = _waiting(connection, olds, drafts)
    if waiting:
        return next(one for one in waiting if alert_id in one.replaces)
    made = [
        compose.create(system, actor, draft, connection) for draft in _bundled(system, connection, actor, olds, drafts)
    ]
    new = next(one for one in made if alert_id in one.replaces)
    new = submit(system, actor, new.id, connection)
    for old, one in zip(olds, made, strict=True):
        recorded(system, connection, actor, verb, old, system.now(), reason=reason, follow_up=one.id)
    return new


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
        language = primary(info.language)
        found["what" if language == first else f"what.{language}"] = info.event[:80]
    plain = load(old.content.template).spec.cap.event
    if old.content.template != "cap":
        found |= {f"what.{key}": words for key, words in plain.items() if key.endswith("_plain")}
    return {
        key: words
        for key, words in found.items()
        if key == "what" or key.partition(".")[2][:2] in old.content.languages
    }


def _about(connection: Connection, alert_id: str, whole: bool) -> tuple[Alert, ...]:
    """What is followed up on, locked: the alert, or with it all that are live of its incident."""
    if not whole:
        return (store.get(connection, alert_id, lock=True),)
    parts = bundles.standing(connection, store.get(connection, alert_id).incident, lock=True)
    return together(
        store.get(connection, alert_id, lock=True), parts
    )  # as it stands now that nobody else can change it


def _bundled(
    system: System, connection: Connection, actor: Actor, olds: Sequence[Alert], drafts: Sequence[Draft]
) -> Sequence[Draft]:
    """The drafts of several in a new bundle, which names the page to write it on where their templates are those of
    the old one."""
    if len(olds) == 1:
        return drafts
    old = bundles.find(connection, next((one.bundle for one in olds if one.bundle), ""))
    same = all(draft.template == one.content.template for one, draft in zip(olds, drafts, strict=True))
    id_, incident = new_id(), olds[0].incident
    bundles.insert(connection, id_, incident, old.template if old and same else "", actor.name, system.now())
    return [replace(draft, bundle=id_, incident=incident) for draft in drafts]


def _waiting(connection: Connection, olds: Sequence[Alert], drafts: Sequence[Draft]) -> Sequence[Alert]:
    """The same follow-ups in review already, to be decided just as these would be (two people pressed the button)."""
    found = [_alike(connection, old, draft) for old, draft in zip(olds, drafts, strict=True)]
    if len(olds) == 1:
        return [one for one in found[0] if one.bundle is None][:1]
    for bundle in {one.bundle for one in found[0] if one.bundle}:
        parts = [one for some in found for one in some if one.bundle == bundle]
        if len(parts) == len(olds) == len(bundles.parts(connection, bundle)):
            return parts
    return []


def _alike(connection: Connection, old: Alert, draft: Draft) -> list[Alert]:
    """What waits and says the same about the old alert; with an end of its own it is another follow-up."""
    if draft.expires is not None:
        return []
    return [
        other
        for other in store.by_ids(connection, store.replaced_by(connection, old.id))
        if other.state == State.IN_REVIEW
        and other.content.template == draft.template
        and set(other.zones) == set(draft.zones)
        and dict(other.content.fields) == dict(draft.fields)
    ]
