"""Bundles: several alerts of one incident, written together, submitted together and decided together.

Deciding has no verb of its own: approve, return, reject, withdraw and override of any alert of a bundle decide all of
it (``services.steps.held``). Once live, each alert goes its own way: it is extended, changed and lifted by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert
from broadcaster.domain.bundle import digest_of, zones_twice
from broadcaster.domain.errors import Invalid, NotFound, Refused
from broadcaster.rendering.bundles import load_bundle
from broadcaster.services import compose, notices
from broadcaster.services import show as shown
from broadcaster.services import submit as submitting
from broadcaster.services.drafting import Draft, draw, new_id
from broadcaster.services.steps import case
from broadcaster.services.system import Actor, System
from broadcaster.store import alerts as alert_store
from broadcaster.store import bundles as store
from broadcaster.store.engine import again

Json = dict[str, Any]


def create(
    system: System, actor: Actor, bundle: str, drafts: Sequence[Draft], connection: Connection | None = None
) -> str:
    """New drafts of one incident in one bundle; returns its id. ``bundle`` names templates/bundles/<name>.toml.

    The same form sent twice (``Draft.id``) is one bundle, even at the same moment. Raises Invalid (an unknown bundle,
    no drafts, unknown names), Forbidden, and Refused("conflict") where somebody wrote in it between the two. Zones in
    two parts are kept as typed (``show`` names them) and refused by ``submit``.
    """
    if connection is None:
        return again(lambda: _create_own(system, actor, bundle, drafts))
    load_bundle(bundle)
    if not drafts:
        raise Invalid("empty_bundle", "A bundle needs at least one part.")
    known = _known(connection, drafts)
    if known is not None:
        if not _says_the_same(system, connection, actor, known, drafts):
            edit(system, actor, known, drafts, connection, seen={draft.id: 1 for draft in drafts})
        return known
    id_, incident, at = new_id(), _incident(connection, drafts), system.now()
    store.insert(connection, id_, incident, bundle, actor.name, at)
    for draft in drafts:
        compose.create(system, actor, replace(draft, incident=incident, bundle=id_), connection)
    return id_


def edit(
    system: System,
    actor: Actor,
    bundle_id: str,
    drafts: Sequence[Draft],
    connection: Connection | None = None,
    seen: Mapping[str, int] | None = None,
) -> None:
    """Write all parts anew: a draft is the part with its ``id`` (else of its template), or a new part; a part that no
    draft names is put away. ``seen``: alert id -> the revision that its editor started from.

    Raises NotFound, Refused (in review or live: wrong_state; written by somebody else meanwhile: conflict), Invalid.
    """
    if connection is None:
        return again(lambda: _edit_own(system, actor, bundle_id, drafts, seen))
    row = store.find(connection, bundle_id)
    if row is None:
        raise NotFound("no_bundle", f"There is no bundle {bundle_id}.")
    parts = _locked(connection, bundle_id)
    left = {part.id: part for part in parts}
    for draft, part in _matched(drafts, parts):
        if part is None:
            compose.create(system, actor, replace(draft, incident=row.incident, bundle=bundle_id), connection)
        else:
            compose.edit(system, actor, part.id, draft, connection, (seen or {}).get(part.id))
            del left[part.id]
    for part in left.values():
        compose.discard(system, connection, actor, part.id, "taken out of the bundle")
    return None


def submit(system: System, actor: Actor, bundle_id: str, connection: Connection | None = None) -> tuple[Alert, ...]:
    """Hand all of it to a second person. Raises as ``services.submit``, Refused where a zone stands in two parts."""
    if connection is None:
        handed = again(lambda: _submit_own(system, actor, bundle_id))
        notices.wake(system)
        return handed
    parts = _locked(connection, bundle_id)
    if not parts:
        raise Refused("empty_bundle", "Nothing is left in this bundle. Write it anew.")
    submitting.submit(system, actor, parts[0].id, connection)
    return store.parts(connection, bundle_id)


def show(system: System, bundle_id: str) -> Json:
    """{"id", "incident", "template", "created_by", "digest", "zones_twice", "alerts": [``alerts show``, in order]}."""
    with system.database.read() as connection:
        row = store.find(connection, bundle_id)
        if row is None:
            raise NotFound("no_bundle", f"There is no bundle {bundle_id}.")
        parts = store.parts(connection, bundle_id)
        about = {name: getattr(row, name) for name in ("id", "incident", "template", "created_by")}
        digest = digest_of([case(connection, part).digest for part in parts])
    more = {"digest": digest, "zones_twice": list(zones_twice(parts))}
    return {**about, **more, "alerts": [shown.alert(system, part.id) for part in parts]}


# --- the parts --------------------------------------------------------------------------------------------------
def _create_own(system: System, actor: Actor, bundle: str, drafts: Sequence[Draft]) -> str:
    with system.database.write() as connection:
        return create(system, actor, bundle, drafts, connection)


def _edit_own(
    system: System, actor: Actor, bundle_id: str, drafts: Sequence[Draft], seen: Mapping[str, int] | None
) -> None:
    with system.database.write() as connection:
        edit(system, actor, bundle_id, drafts, connection, seen)


def _submit_own(system: System, actor: Actor, bundle_id: str) -> tuple[Alert, ...]:
    with system.database.write() as connection:
        return submit(system, actor, bundle_id, connection)


def _locked(connection: Connection, bundle_id: str) -> tuple[Alert, ...]:
    ids = [part.id for part in store.parts(connection, bundle_id)]
    alert_store.by_ids(connection, ids, lock=True)
    return store.parts(connection, bundle_id)


def _known(connection: Connection, drafts: Sequence[Draft]) -> str | None:
    """The bundle that a form's alerts stand in already, where it was sent before (or at this very moment)."""
    ids = [draft.id for draft in drafts if draft.id]
    alert_store.lock_ids(connection, ids)
    found = alert_store.by_ids(connection, ids)
    return next((alert.bundle for alert in found if alert.bundle), None)


def _says_the_same(
    system: System, connection: Connection, actor: Actor, bundle_id: str, drafts: Sequence[Draft]
) -> bool:
    """Does the form say what stands already, whatever became of it since? Then a second tap changes nothing."""
    parts = {part.id: part for part in store.parts(connection, bundle_id)}
    if set(parts) != {draft.id for draft in drafts}:
        return False
    drawn = [draw(system, connection, draft, actor.name, parts[draft.id]).alert for draft in drafts]
    return all(alert.digest == parts[alert.id].digest for alert in drawn)


def _incident(connection: Connection, drafts: Sequence[Draft]) -> str:
    """That of an alert which a part replaces; else a new one."""
    older = alert_store.by_ids(connection, [id_ for draft in drafts for id_ in draft.replaces])
    return next((alert.incident for alert in older), "") or new_id()


def _matched(drafts: Sequence[Draft], parts: Sequence[Alert]) -> list[tuple[Draft, Alert | None]]:
    """Each draft with the part it is about, by id, else the next of its template that no draft names."""
    by_id = {part.id: part for part in parts}
    free = [part for part in parts if part.id not in {draft.id for draft in drafts}]
    found: list[tuple[Draft, Alert | None]] = []
    for draft in drafts:
        part = by_id.get(draft.id)
        if part is None and not draft.id:
            part = next((one for one in free if one.content.template == draft.template), None)
            free = [one for one in free if one is not part]
        found.append((draft, part))
    return found
