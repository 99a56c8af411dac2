"""Which alerts of ours a new one replaces: by our id or identifier, or by CAP references to the source's or ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, CapMessage, MsgType, Reference
from broadcaster.domain.message import Finding
from broadcaster.store import alerts as store


@dataclass(frozen=True, slots=True)
class Links:
    """``alerts`` are those replaced; ``unresolved`` what matched nothing, as it was written."""

    alerts: tuple[Alert, ...] = ()
    unresolved: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def replaces(self) -> tuple[str, ...]:
        """Their ids."""
        return tuple(sorted(alert.id for alert in self.alerts))

    @property
    def incident(self) -> str | None:
        """The chain they belong to."""
        return self.alerts[0].incident if self.alerts else None


def resolve(connection: Connection, named: Sequence[str], cap: CapMessage | None, our_sender: str) -> Links:
    """Match what is named. A reference that matches nothing is kept and shown, never dropped.

    A CAP message ends or replaces only what came from its own sender (CAP 1.2, 3.2.1, msgType).
    """
    found: dict[str, Alert] = {}
    unknown: list[str] = []
    findings: list[Finding] = []
    for name in named:
        alert = store.of_identifier(connection, name)
        _note(found, unknown, alert, name)
    for reference in _references(cap):
        alert = store.of_reference(connection, reference, our_sender)
        if alert is not None and cap is not None and reference.sender != cap.sender:
            text = f"It refers to {reference.identifier} of {reference.sender}, but comes from {cap.sender}."
            findings.append(Finding("other_sender", text))
            alert = None
        _note(found, unknown, alert, _written(reference))
    text = "It refers to {}, which is not known here."
    findings += [Finding("unknown_reference", text.format(name)) for name in dict.fromkeys(unknown)]
    return Links(tuple(found.values()), tuple(dict.fromkeys(unknown)), tuple(findings))


def _references(cap: CapMessage | None) -> tuple[Reference, ...]:
    return cap.references if cap is not None and cap.msg_type in (MsgType.UPDATE, MsgType.CANCEL) else ()


def _note(found: dict[str, Alert], unknown: list[str], alert: Alert | None, name: str) -> None:
    if alert is None:
        unknown.append(name)
    else:
        found[alert.id] = alert


def _written(reference: Reference) -> str:
    return f"{reference.sender},{reference.identifier},{reference.sent.isoformat()}"
