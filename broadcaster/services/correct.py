"""Correct: "sent in error, there is no danger" to everybody ever attempted, by one person, in one transaction.

The same Cancel as ``cancel`` writes, released at once as ``override`` releases it; the second signature is then owed.
"""

from __future__ import annotations

from broadcaster.domain.alert import Alert
from broadcaster.services.cancel import written
from broadcaster.services.follow_up import followed_up
from broadcaster.services.override import released
from broadcaster.services.release import tell
from broadcaster.services.steps import cases, held, named
from broadcaster.services.system import Actor, System
from broadcaster.store.engine import again


def correct(system: System, actor: Actor, alert_id: str, reason: str, whole: bool = False) -> Alert:
    """The Cancel, on air. One that waits in review already is released instead of a second one.

    ``whole``: of every alert of its incident that is live, in one transaction; one signature is then owed for all.
    Raises Refused (not live, no reason) and Forbidden (role, not verified); then nothing was written.
    """

    def decided() -> tuple[Alert, int]:
        with system.database.write() as connection:
            made = followed_up(system, connection, actor, alert_id, "cancel", written, reason, whole)
            seen = cases(connection, held(connection, made.id))[0]
            alive, version = released(system, connection, actor, made.id, seen.together or seen.digest, reason)
            return named(alive, made.id), version

    new, version = again(decided)
    tell(system, version)
    return new
