"""From what somebody wants to say to a whole alert: area, channels, end, references, texts and findings.

Every door (console, API, command line, feeds) comes through ``draw``; nothing here writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from broadcaster.domain.alert import Alert, AlertContent, Area, CapMessage, Info, Mode, MsgType, Source, State
from broadcaster.domain.errors import Invalid
from broadcaster.domain.hashtag import hashtag
from broadcaster.domain.language import primary
from broadcaster.domain.lifecycle import expired
from broadcaster.domain.message import Finding, Limits, Message
from broadcaster.domain.rest import remaining
from broadcaster.domain.review import digest
from broadcaster.domain.text_clean import forbidden
from broadcaster.domain.wording import taken_back
from broadcaster.rendering.messages import Job, render
from broadcaster.rendering.templates import Spec, load
from broadcaster.services.areas import Where, locate
from broadcaster.services.channels import fits, fitting, limits_of
from broadcaster.services.expand import people
from broadcaster.services.phrases import unsigned
from broadcaster.services.postings import permanent
from broadcaster.services.references import Links, resolve
from broadcaster.services.system import System
from broadcaster.store import alerts as store
from broadcaster.store import incidents
from broadcaster.store.schema import zones

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no letter that is read as another: ids are read out on the phone
ID_LENGTH = 10


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody (or a document) wants to say.

    ``languages`` empty: all of the agency. ``channels`` None: all enabled ones that fit the mode.
    ``zones`` are zone ids; without them ``areas`` decide which zones. ``until_lifted`` None: in force until
    lifted where no end is given and the template says so. ``replaces`` names alerts by our id or identifier;
    a CAP message's references come on top. ``cap`` is for the template ``cap``, whose texts and end it brings;
    ``issuer`` are such words kept from an earlier alert. ``id`` is a ``new_id`` that a form was opened with, so that
    sending the form twice makes one alert. ``incident`` and ``bundle``: where a bundle's new part belongs.
    ``hashtag``: what the incident gets that this begins ("" none); None: what it has.
    """

    template: str
    fields: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    areas: tuple[Area, ...] = ()
    channels: tuple[str, ...] | None = None
    expires: datetime | None = None
    until_lifted: bool | None = None
    mode: Mode = Mode.ACTUAL
    replaces: tuple[str, ...] = ()
    msg_type: MsgType = MsgType.ALERT
    cap: CapMessage | None = None
    source: Source = field(default_factory=Source)
    source_hash: str = ""
    issuer: tuple[Info, ...] = ()
    id: str = ""
    incident: str = ""
    bundle: str = ""
    hashtag: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A whole alert in state draft, with its texts and what is to be seen about them."""

    alert: Alert
    messages: tuple[Message, ...]
    findings: tuple[Finding, ...]


def is_id(text: str) -> bool:
    """Could ``new_id`` have made it?"""
    return len(text) == ID_LENGTH and set(text) <= set(ALPHABET)


def new_id() -> str:
    """Ten characters, about 49 bits: opaque, short enough for a text message's link."""
    return "".join(secrets.choice(ALPHABET) for _ in range(ID_LENGTH))


def draw(system: System, connection: Connection, draft: Draft, by: str, old: Alert | None = None) -> Drawn:
    """The alert as it would stand. ``old`` is the alert being edited, which keeps its identity.

    Raises Invalid for names that do not exist (template, field, zone, channel, language) and times without
    a zone; all else that is wrong is a finding.
    """
    at = system.now()
    _readable(draft)
    spec = load(draft.template).spec
    channels = _channels(system, draft)
    where, links = _where_and_links(system, connection, draft)
    expires, until_lifted, found = _end(draft, spec, at)
    alert = _skeleton(system, draft, where, links, channels, by, at, old)
    alert = _tagged(connection, draft, links, alert)
    alert = replace(alert, expires=expires, until_lifted=until_lifted, ending=_ending(draft, spec))
    alert = replace(alert, msg_type=_msg_type(draft, alert))
    issuer, silent = _issuer(draft, spec, links)
    draft = replace(draft, issuer=issuer)
    rest = _rest(connection, draft, alert, links)
    return _write(system, connection, draft, alert, where, [*found, *rest, *where.findings, *links.findings, *silent])


def redraft(alert: Alert) -> Draft:
    """The draft that says the same again: for extending, and for taking zones out."""
    return Draft(
        template=alert.content.template,
        fields=dict(alert.content.fields),
        languages=alert.content.languages,
        zones=alert.zones,
        areas=alert.content.areas,
        channels=alert.channels,
        expires=alert.expires,
        until_lifted=alert.until_lifted,
        mode=alert.mode,
        msg_type=MsgType.UPDATE,
        replaces=(alert.id,),
        source=alert.source,
        issuer=alert.content.infos if alert.content.template == "cap" else (),
    )


def unchanged(alert: Alert) -> Draft:
    """The draft that says what the alert says, replacing what it replaces: for writing it anew."""
    return replace(redraft(alert), replaces=alert.replaces, msg_type=alert.msg_type, until_lifted=alert.until_lifted)


def _readable(draft: Draft) -> None:
    described = [
        text for area in draft.areas for text in (area.description, *(x for pair in area.geocodes for x in pair))
    ]
    named = [draft.template, *draft.languages, *draft.zones, *(draft.channels or ()), *draft.replaces]
    infos = draft.cap.infos if draft.cap else draft.issuer
    said = [text for i in infos for text in (i.event, i.headline, i.description, i.instruction, i.sender_name, i.web)]
    for text in (*named, *described, *said, *draft.fields, *draft.fields.values()):
        found = forbidden(text)
        if found is not None:
            raise Invalid("unreadable_text", unreadable(text, found))


def unreadable(text: str, character: str) -> str:
    """What is said of a text with a character that nothing can carry."""
    return f"The text {text!r} holds the character {character}, which nothing can carry."


# --- the parts --------------------------------------------------------------------------------------------------
def _write(
    system: System, connection: Connection, draft: Draft, alert: Alert, where: Where, found: Sequence[Finding]
) -> Drawn:
    limits = {name: limit for name, limit in limits_of(system, connection).items() if name in alert.channels}
    rendered = render(system.config, _job(system, draft, alert, where, limits))
    content = store.settled(replace(alert.content, infos=rendered.infos))
    alert = replace(alert, content=content)
    alert = replace(alert, digest=digest(alert, rendered.messages))
    spoken = dict.fromkeys([*(primary(i.language) for i in rendered.infos), *(m.language for m in rendered.messages)])
    unread = unsigned(system.config, connection, draft.template, spoken)
    findings = (*found, *rendered.findings, *unread, *_checks(system, connection, alert, limits))
    return Drawn(alert, rendered.messages, tuple(dict.fromkeys(findings)))


def _skeleton(
    system: System,
    draft: Draft,
    where: Where,
    links: Links,
    channels: tuple[str, ...],
    by: str,
    at: datetime,
    old: Alert | None,
) -> Alert:
    id_ = old.id if old else draft.id or new_id()
    content = AlertContent(
        template=draft.template,
        fields={key: value for key, value in draft.fields.items() if value.strip()},
        languages=_languages(system, draft),
        areas=where.areas,
        note=draft.cap.note if draft.cap else old.content.note if old else "",
    )
    return Alert(
        id=id_,
        slug=old.slug if old else id_,
        incident=old.incident if old else draft.incident or links.incident or new_id(),
        state=old.state if old else State.DRAFT,
        revision=old.revision if old else 1,
        mode=draft.mode,
        msg_type=draft.msg_type,
        content=content,
        zones=where.zones,
        channels=channels,
        created=old.created if old else at,
        source=old.source if old else draft.source,
        replaces=links.replaces,
        unresolved=links.unresolved or (old.unresolved if old and draft.cap is None else ()),
        created_by=old.created_by if old else by,
        bundle=old.bundle if old else draft.bundle or None,
    )


def _tagged(connection: Connection, draft: Draft, links: Links, alert: Alert) -> Alert:
    """With the incident's hashtag, which nothing but the real thing carries. Whoever begins the incident names it; what
    follows up on its alerts takes what it has."""
    tag = incidents.hashtag(connection, alert.incident)
    wanted = tag if draft.hashtag is None else hashtag(draft.hashtag)
    if links.alerts and wanted not in ("", tag):
        text = "The hashtag belongs to the incident. Leave it out here, and change it on the incident's page."
        raise Invalid("hashtag_of_incident", text)
    carried = (tag if links.alerts else wanted) if alert.mode == Mode.ACTUAL else ""
    return replace(alert, content=replace(alert.content, hashtag=carried))


def _job(system: System, draft: Draft, alert: Alert, where: Where, limits: Mapping[str, Limits]) -> Job:
    cap = draft.cap
    return Job(
        template=draft.template,
        fields=alert.content.fields,
        languages=alert.content.languages,
        places=where.names,
        limits=limits,
        mode=alert.mode,
        now=system.now(),
        expires=alert.expires,
        until_lifted=alert.until_lifted,
        link=permanent(system, alert),
        accounts={c.name: c.languages for c in system.config.channels},
        issuer=draft.issuer,
        issuer_name=cap.sender if cap else alert.source.sender or "",
        cancelled=alert.ending == "cancelled",
        hashtag=alert.content.hashtag,
    )


def _languages(system: System, draft: Draft) -> tuple[str, ...]:
    """In the agency's order, whose first is what others fall back to."""
    known = system.config.agency.languages
    for language in draft.languages:
        if language not in known:
            raise Invalid("unknown_language", f"The agency has no language {language!r}. It has: {', '.join(known)}.")
    return tuple(language for language in known if not draft.languages or language in draft.languages)


def _channels(system: System, draft: Draft) -> tuple[str, ...]:
    if draft.channels is None:
        return fitting(system.config, draft.mode)
    for name in draft.channels:
        config = system.config.channel(name)
        if config is None or not config.enabled:
            known = ", ".join(c.name for c in system.config.channels if c.enabled)
            raise Invalid("unknown_channel", f"There is no channel {name!r} in use. There are: {known or 'none'}.")
        if not fits(config, draft.mode):
            raise Invalid(
                "not_for_drills", f"Channel {name} carries no drills. Set drills = true on it, or leave it out."
            )
    return tuple(dict.fromkeys(draft.channels))


def _where_and_links(system: System, connection: Connection, draft: Draft) -> tuple[Where, Links]:
    links = resolve(connection, draft.replaces, draft.cap, system.config.agency.cap_sender)
    areas = draft.areas or tuple(
        dict.fromkeys(a for info in (draft.cap.infos if draft.cap else ()) for a in info.areas)
    )
    zones = draft.zones
    if not zones and not areas and draft.msg_type == MsgType.CANCEL:  # a Cancel holds where what it takes back held
        zones = tuple(dict.fromkeys(zone for old in links.alerts for zone in old.zones))
    return locate(connection, zones, areas), links


def _issuer(draft: Draft, spec: Spec, links: Links) -> tuple[tuple[Info, ...], list[Finding]]:
    """The words of a document. A Cancel may come without any: then those of what it takes back."""
    if draft.cap is None:
        if draft.template == "cap" and not draft.issuer:
            raise Invalid(
                "cap_document", "The template cap takes its words from a CAP document. Send one, or name another."
            )
        return draft.issuer, []
    earlier = tuple(info for old in links.alerts[:1] for info in old.content.infos)
    borrowed = tuple(map(taken_back, earlier)) if draft.msg_type == MsgType.CANCEL else earlier
    infos = draft.cap.infos or borrowed
    event = spec.cap.event.get("en", "")
    named = tuple(replace(info, event=info.event or info.headline or event) for info in infos)
    if named:
        return named, []
    text = "The document says nothing: it has no info. Write the alert yourself."
    return (Info(language="en", event=event),), [Finding("no_words", text, blocking=True)]


def _end(draft: Draft, spec: Spec, at: datetime) -> tuple[datetime | None, bool, list[Finding]]:
    """(end, in force until lifted, findings). An end that nobody gave is the template's, and is shown."""
    given = _moment(draft.expires or (draft.cap.expires if draft.cap else None))
    if draft.until_lifted and given is not None:
        raise Invalid("two_ends", "Either it has an end (expires) or it holds until lifted, not both.")
    if draft.until_lifted or (draft.until_lifted is None and given is None and spec.until_lifted):
        return None, True, []
    if given is not None:
        return given, False, []
    hours = f"{spec.expires_hours:g}"
    assumed = Finding("expires_assumed", f"No end was given; it ends {hours} hours after it was written.", about="end")
    return at + timedelta(hours=spec.expires_hours), False, [assumed]


def _moment(given: datetime | None) -> datetime | None:
    if given is None:
        return None
    if given.tzinfo is None:
        raise Invalid("naive_time", "expires has no zone. Write it like 2026-11-22T18:30:00-08:00.")
    try:
        return given.astimezone(UTC)
    except OverflowError as error:
        raise Invalid(
            "expires", f"expires {given} is at an end of the calendar. Give a time that will come."
        ) from error


def _ending(draft: Draft, spec: Spec) -> str:
    return "cancelled" if draft.msg_type == MsgType.CANCEL else spec.ending


def _rest(connection: Connection, draft: Draft, alert: Alert, links: Links) -> list[Finding]:
    """Where the earlier alert goes on (``services.replacing``): whoever takes a zone out must not think it is over."""
    live = [] if draft.bundle else [old for old in links.alerts if old.state == State.LIVE]
    ids = {zone for old in live for zone in remaining(alert, old)}
    if not ids:
        return []
    query = sa.select(zones.c.name).where(zones.c.id.in_(sorted(ids))).order_by(zones.c.name)
    names = ", ".join(connection.execute(query).scalars())
    text = f"The earlier alert goes on in {names}, and nobody there is told anything. Where it is over, lift it."
    return [Finding("rest_goes_on", text, about="where")]


def _msg_type(draft: Draft, alert: Alert) -> MsgType:
    if alert.ending == "cancelled":
        return MsgType.CANCEL
    if draft.msg_type == MsgType.ALERT and alert.replaces:
        return MsgType.UPDATE
    return draft.msg_type


def _no_channels(alert: Alert) -> Finding:
    """The real thing may stand on the page alone. A drill is never there: without a channel it would go nowhere.

    What ends or changes a drill's rest, which was texted to nobody, must still be possible.
    """
    if alert.mode == Mode.ACTUAL or alert.replaces:
        return Finding(
            "no_channels", "No channel carries it: it would stand on the page and reach nobody.", about="channels"
        )
    text = (
        "No channel carries drills, and no drill is on the page: it would go nowhere. Set drills = true on a channel."
    )
    return Finding("no_channels", text, blocking=True, about="channels")


def _checks(system: System, connection: Connection, alert: Alert, limits: Mapping[str, Limits]) -> list[Finding]:
    found: list[Finding] = []
    if not alert.channels:
        found.append(_no_channels(alert))
    if expired(alert, system.now()):
        found.append(Finding("expired", "Its end has passed. Give it a later end.", blocking=True, about="end"))
    longest = timedelta(hours=system.config.policy.max_expires_hours)
    if alert.expires is not None and alert.expires - system.now() > longest:
        text = f"Its end is more than {system.config.policy.max_expires_hours} hours away. Give it an earlier end."
        found.append(Finding("ends_too_late", text, blocking=True, about="end"))
    if alert.content.template == "sent_in_error" and not alert.replaces:
        found.append(Finding("nothing_corrected", "It names no alert that was sent in error.", blocking=True))
    counted = people(connection, alert, limits, system.config.policy)
    text = "Nobody would get it by {}."
    nobody = [name for name, n in counted.items() if n == 0]
    return found + [Finding("no_subscribers", text.format(name), about="channels") for name in nobody]
