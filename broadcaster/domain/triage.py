"""What a feed's entry means, given what its sender said before. Pure: the same entries in any order end the same.

Who replaces whom is a relation between two messages of one sender and nothing else (``replaces``), so the order of
arrival cannot matter: an entry that a known message replaces is ignored, and an entry that takes effect names the
known ones it replaces. Absence is nothing: no decision follows from an entry that is not there.

Identity is (sender, identifier, sent), CAP 1.2 section 3.2.1. Some senders use one identifier again for each new state
of an event; a later message with the same sender, identifier and event is read as an Update of the earlier one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from broadcaster.domain.alert import CapMessage, Info, MsgType, Reference, Scope, Status
from broadcaster.domain.feed_entry import NO_TIME, FeedEntry, Problem

FUTURE = timedelta(minutes=15)  # a sent time further ahead than clocks go wrong
ENDING_ACTIONS = frozenset(["CAN", "EXP", "UPG"])  # P-VTEC, NWS Directive 10-1703

OF_A_DECISION = (  # findings that depend on what was known, not on the document alone
    *("future_sent", "foreign_reference", "unknown_reference", "clock", "identifier_reused", "ended_before_it_came"),
)


class Verb(StrEnum):
    """What becomes of an entry (interfaces.md, ``feeds ingest --json``)."""

    NEW = "new"
    UPDATE = "update"
    CANCEL = "cancel"
    IGNORE = "ignore"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Known:
    """An entry decided before, as recorded. ``id`` is its row's; ``alert`` is ours, made from it.

    ``code`` is the decision's. Entries ignored as older, expired or green still replace what they name. ``zones``:
    those of ours that it is about, as recorded; ``part``: it ends its warning in these zones alone (VTEC), not the
    whole.
    """

    id: int
    feed: str
    reference: Reference
    msg_type: MsgType
    event: str
    references: tuple[Reference, ...]
    content_hash: str
    verb: Verb
    code: str = ""
    alert: str | None = None
    zones: tuple[str, ...] = ()
    part: bool = False

    @property
    def counts(self) -> bool:
        """May it replace others? What was refused, or is not for the public, may not."""
        return self.verb in (Verb.NEW, Verb.UPDATE, Verb.CANCEL) or self.code in ("older", "expired", "green")

    @property
    def stands(self) -> bool:
        """Did it take effect, so that something can be replaced?"""
        return self.verb in (Verb.NEW, Verb.UPDATE)


@dataclass(frozen=True, slots=True)
class Decision:
    """``retires``: entries whose effect this one ends, oldest first. ``by``: the one that replaced it already.
    ``alert``: ours, made of the same message before. ``ended``: zones in which its issuer ended it before it came."""

    verb: Verb
    code: str = ""
    reason: str = ""
    retires: tuple[Known, ...] = ()
    by: Known | None = None
    findings: tuple[Problem, ...] = ()
    alert: str | None = None
    ended: tuple[str, ...] = ()


def decide(
    entry: FeedEntry,
    feed: str,
    known: Sequence[Known],
    now: datetime,
    lifetime: timedelta,
    zones: Collection[str] = (),
) -> Decision:
    """What to do with an entry. ``known`` are all recorded entries of its sender that this feed may speak about.

    ``lifetime`` counts from ``sent`` where the message does not say when it ends; ``zones`` are those it touches.
    """
    message = entry.message
    same = [k for k in known if k.reference == message.reference]
    if same:
        return _again(entry, feed, same)
    barred = _barred(entry)
    if barred is not None:
        return barred
    me = _as_known(entry, feed)
    retires = tuple(sorted((k for k in known if k.stands and replaces(me, k)), key=_order))
    later = [k for k in known if k.counts and replaces(k, me)]
    parts = [] if ends(entry) else [k for k in later if k.part]
    ended = tuple(zone for zone in zones if any(zone in k.zones for k in parts))
    over = parts if zones and len(ended) == len(zones) else []
    by = max([*(k for k in later if not k.part), *over], key=_order, default=None)
    findings = (*_findings(me, known, message, now), *_in_part(parts, ended))
    if by is not None:
        return Decision(Verb.IGNORE, "older", f"{_name(by)} replaced it already.", retires, by, findings)
    if ends(entry):
        return Decision(Verb.CANCEL, "", _cancels(retires), retires, None, findings)
    end = end_of(message, lifetime)
    if end <= now:
        reason = f"It ended at {end.isoformat(timespec='seconds')}, before it was read."
        return Decision(Verb.IGNORE, "expired", reason, retires, None, findings)
    if is_green(message):
        reason = "Its issuer says that nothing is to be expected."
        return Decision(Verb.IGNORE, "green", reason, retires, None, findings)
    if message.msg_type == MsgType.UPDATE or retires:
        return Decision(Verb.UPDATE, "", _updates(retires), retires, None, findings, ended=ended)
    return Decision(Verb.NEW, "", "", (), None, findings, ended=ended)


def unproven(entry: FeedEntry, known: Sequence[Known], now: datetime, lifetime: timedelta) -> Decision:
    """What to do with an entry whose sender nothing proves: it is kept for people, and updates, cancels or stands in
    the way of nothing. ``known`` are other unproven ones."""
    if any(k.reference == entry.message.reference and k.content_hash == entry.content_hash for k in known):
        return Decision(Verb.IGNORE, "duplicate", "It was read before.")
    barred = _barred(entry)
    if barred is not None:
        return barred
    if not ends(entry) and end_of(entry.message, lifetime) <= now:
        reason = f"It ended at {end_of(entry.message, lifetime).isoformat(timespec='seconds')}, before it was read."
        return Decision(Verb.IGNORE, "expired", reason)
    text = f"Nothing proves who sent this {entry.message.msg_type}, so it changes nothing by itself."
    return Decision(Verb.NEW, "unverified", text)


def replaces(later: Known, earlier: Known) -> bool:
    """Does one message of a sender take the place of another? Only the same sender's may, and only a later one.

    Whoever names a message by its very time has read it and is later, whatever the clocks say.
    """
    if later.reference.sender != earlier.reference.sender or later.reference == earlier.reference:
        return False
    knew, known = _knew(later, earlier.reference), _knew(earlier, later.reference)
    if knew != known:
        return knew
    if not _is_later(later, earlier):
        return False
    return names(later, earlier.reference) or _uses_again(later, earlier)


def _knew(later: Known, earlier: Reference) -> bool:
    return later.msg_type in (MsgType.UPDATE, MsgType.CANCEL) and earlier in later.references


def speaks_of(entry: FeedEntry, feed: str, earlier: Known) -> bool:
    """Does this entry take the place of that one?"""
    return replaces(_as_known(entry, feed), earlier)


def names(later: Known, earlier: Reference) -> bool:
    """Do the references of an Update or Cancel name this message?"""
    if later.msg_type not in (MsgType.UPDATE, MsgType.CANCEL):
        return False
    return any(
        r.sender == earlier.sender and r.identifier == earlier.identifier and r.sent in (earlier.sent, NO_TIME)
        for r in later.references
    )


def ends(entry: FeedEntry) -> bool:
    """A Cancel; or an Update in which every VTEC code ends its event (cancelled, expired, upgraded)."""
    return over_by(entry.message.msg_type, entry.vtec)


def over_by(msg_type: MsgType, vtec: Collection[str]) -> bool:
    """The same of what the record keeps of a message."""
    actions = {code.split(".")[1] for code in vtec}
    return msg_type == MsgType.CANCEL or (msg_type == MsgType.UPDATE and bool(actions) and actions <= ENDING_ACTIONS)


def in_part(entry: FeedEntry) -> bool:
    """Does it end its warning in its own zones alone? Only VTEC speaks of single counties (NWS Directive 10-1703); any
    other Cancel is of the whole message (CAP 1.2), and so is one that says of no place where it holds."""
    areas = (area for info in entry.message.infos for area in info.areas)
    placed = any(area.polygons or area.circles or area.geocodes for area in areas)
    return bool(entry.vtec) and placed and ends(entry)


def ended_by(vtec: str, at: datetime) -> bool:
    """Has the event of a P-VTEC code ended by then? One without an end (000000T0000Z) has not."""
    end = vtec.rstrip("/").rpartition("-")[2]
    return end != "000000T0000Z" and end <= f"{at.astimezone(UTC):%y%m%dT%H%MZ}"


def is_green(message: CapMessage) -> bool:
    """Is the awareness level of every info green, so that it warns of nothing (MeteoAlarm's profile of CAP)?"""
    levels = [_level(info) for info in message.infos]
    return bool(levels) and all(level.split(";")[0].strip() == "1" and "green" in level for level in levels)


def _level(info: Info) -> str:
    return next((value.casefold() for name, value in info.parameters if name.casefold() == "awareness_level"), "")


def end_of(message: CapMessage, lifetime: timedelta) -> datetime:
    """When the message ends: its last ``expires``; ``lifetime`` after ``sent`` for an info that has none.

    ``ends`` is the event's end and does not lengthen the message (rules.md section 1, NWS).
    """
    return max((info.expires or message.sent + lifetime for info in message.infos), default=message.sent + lifetime)


def _is_later(later: Known, earlier: Known) -> bool:
    if later.reference.sent != earlier.reference.sent:
        return later.reference.sent > earlier.reference.sent
    if not names(earlier, later.reference):
        return True
    return later.reference.identifier > earlier.reference.identifier  # each names the other: one must win


def _uses_again(later: Known, earlier: Known) -> bool:
    """The same identifier again, with a later sent (as ``replaces`` knows): a new state of the same event."""
    same = later.reference.identifier == earlier.reference.identifier
    return same and (later.msg_type == MsgType.CANCEL or later.event == earlier.event)


def _again(entry: FeedEntry, feed: str, same: Sequence[Known]) -> Decision:
    """The identity is known. Another feed writes the same message in another form; the same feed must not."""
    if any(k.content_hash == entry.content_hash for k in same):
        return Decision(Verb.IGNORE, "duplicate", "It was read before.")
    here = [k for k in same if k.feed == feed]
    if not here:
        return Decision(Verb.IGNORE, "duplicate", f"The feed {same[0].feed} brought this message before.")
    text = "Its sender, identifier and sent are those of an entry read before, its content is not. Both were kept."
    return Decision(Verb.PROBLEM, "changed_content", text)


def _barred(entry: FeedEntry) -> Decision | None:
    """Only status Actual and scope Public reach the public; receipts and errors are no warnings."""
    message = entry.message
    if message.status != Status.ACTUAL:
        return Decision(Verb.IGNORE, "not_actual", f"Its status is {message.status}.")
    if message.scope != Scope.PUBLIC:
        return Decision(Verb.IGNORE, "not_public", f"Its scope is {message.scope}.")
    if message.msg_type in (MsgType.ACK, MsgType.ERROR):
        return Decision(Verb.IGNORE, "not_a_warning", f"It is an {message.msg_type}.")
    if entry.vtec and all(code.startswith("/T.") for code in entry.vtec):
        return Decision(Verb.IGNORE, "not_actual", "Its VTEC says that it is a test product.")
    if not message.infos and message.msg_type != MsgType.CANCEL:
        return Decision(Verb.IGNORE, "no_info", "It does not say what happens.")
    return None


def _as_known(entry: FeedEntry, feed: str) -> Known:
    m = entry.message
    return Known(0, feed, m.reference, m.msg_type, event_of(m), m.references, entry.content_hash, Verb.NEW)


def event_of(message: CapMessage) -> str:
    """What the message is about, for telling a new state of an event from another event."""
    return message.infos[0].event.casefold() if message.infos else ""


def _findings(me: Known, known: Iterable[Known], message: CapMessage, now: datetime) -> tuple[Problem, ...]:
    found = []
    if message.sent > now + FUTURE:
        found.append(Problem("future_sent", f"It says it was sent at {message.sent.isoformat()}, which is to come."))
    for reference in message.references:
        if reference.sender != message.sender:
            text = f"It refers to {reference.identifier} of another sender, which it can neither update nor cancel."
            found.append(Problem("foreign_reference", text))
        elif not any(_is_named(reference, k.reference) for k in known):
            found.append(Problem("unknown_reference", f"It refers to {reference.identifier}, which was never read."))
    if any(_knew(me, k.reference) and k.reference.sent > message.sent for k in known):
        found.append(
            Problem("clock", "It names a message whose time is later than its own: a clock of its sender is wrong.")
        )
    if any(k.counts and me.reference.identifier == k.reference.identifier for k in known):
        found.append(Problem("identifier_reused", "Its identifier was used before, with another time."))
    return tuple(found)


def _in_part(parts: Sequence[Known], ended: Sequence[str]) -> tuple[Problem, ...]:
    """Said whenever a part was ended before, because what exactly is left is for people to see."""
    if not parts:
        return ()
    names, where = ", ".join(k.reference.identifier for k in parts), ", ".join(ended) or "no zone that is known here"
    text = f"Its issuer ended a part of it before it came ({names}), in {where}; look where it goes on."
    return (Problem("ended_before_it_came", text),)


def _is_named(reference: Reference, earlier: Reference) -> bool:
    return reference.identifier == earlier.identifier and reference.sent in (earlier.sent, NO_TIME)


def _order(known: Known) -> tuple[datetime, str]:
    return known.reference.sent, known.reference.identifier


def _name(known: Known) -> str:
    return f"The {known.msg_type} {known.reference.identifier}"


def _cancels(retires: Sequence[Known]) -> str:
    if not retires:
        return "Nothing that it cancels is in force."
    return f"It cancels {', '.join(k.reference.identifier for k in retires)}."


def _updates(retires: Sequence[Known]) -> str:
    if not retires:
        return "Nothing that it updates is in force."
    return f"It replaces {', '.join(k.reference.identifier for k in retires)}."
