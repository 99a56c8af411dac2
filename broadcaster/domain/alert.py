"""Alert content in CAP 1.2's words (OASIS CAP-v1.2, section 3.2), and our own states and modes.

Everything here is a frozen value. Times are aware UTC datetimes. Positions are (latitude, longitude) in
WGS 84 degrees, in CAP's order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from broadcaster.domain.language import primary

Point = tuple[float, float]
Ring = tuple[Point, ...]
Pair = tuple[str, str]


class State(StrEnum):
    """Where an alert stands; the moves between them are ``lifecycle.MOVES``."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    REJECTED = "rejected"
    LIVE = "live"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    LIFTED = "lifted"
    EXPIRED = "expired"
    DISCARDED = "discarded"


class Mode(StrEnum):
    """Stamped at creation, checked again by the sender. Only ``actual`` ever reaches the public page."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    TEST = "test"


class MsgType(StrEnum):
    """CAP ``msgType``."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


class Status(StrEnum):
    """CAP ``status``."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class Scope(StrEnum):
    """CAP ``scope``."""

    PUBLIC = "Public"
    RESTRICTED = "Restricted"
    PRIVATE = "Private"


class Urgency(StrEnum):
    """CAP ``urgency``."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Severity(StrEnum):
    """CAP ``severity``."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """CAP ``certainty`` (1.0's "Very Likely" is read as Likely, as CAP 1.1 demands)."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Reference:
    """One earlier message: CAP ``references`` as sender,identifier,sent."""

    sender: str
    identifier: str
    sent: datetime


@dataclass(frozen=True, slots=True)
class Circle:
    """CAP ``circle``: centre and radius in kilometres (0 is a point)."""

    centre: Point
    radius_km: float


@dataclass(frozen=True, slots=True)
class Area:
    """CAP ``area``. Rings are closed (first = last). Where a polygon or circle stands, geocodes do not widen it."""

    description: str
    polygons: tuple[Ring, ...] = ()
    circles: tuple[Circle, ...] = ()
    geocodes: tuple[Pair, ...] = ()
    altitude: float | None = None
    ceiling: float | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """CAP ``resource``; ``deref_uri`` (base64) is dropped on reading, the rest is kept."""

    description: str
    mime_type: str = ""
    uri: str = ""
    size: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Info:
    """CAP ``info``: one language's words with what they are about. ``ends`` is eventEndingTime."""

    language: str = "en-US"
    categories: tuple[str, ...] = ()
    event: str = ""
    response_types: tuple[str, ...] = ()
    urgency: Urgency = Urgency.UNKNOWN
    severity: Severity = Severity.UNKNOWN
    certainty: Certainty = Certainty.UNKNOWN
    audience: str = ""
    event_codes: tuple[Pair, ...] = ()
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    ends: datetime | None = None
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    contact: str = ""
    parameters: tuple[Pair, ...] = ()
    resources: tuple[Resource, ...] = ()
    areas: tuple[Area, ...] = ()


def info_in(infos: Sequence[Info], language: str) -> Info | None:
    """CAP's words in a language; where it has none, the first; None of nothing."""
    own = (info for info in infos if primary(info.language) == primary(language))
    return next(own, infos[0] if infos else None)


@dataclass(frozen=True, slots=True)
class CapMessage:
    """One CAP message as its sender wrote it, whatever document it came in."""

    identifier: str
    sender: str
    sent: datetime
    status: Status
    msg_type: MsgType
    scope: Scope
    source: str = ""
    restriction: str = ""
    addresses: str = ""
    codes: tuple[str, ...] = ()
    note: str = ""
    references: tuple[Reference, ...] = ()
    incidents: str = ""
    infos: tuple[Info, ...] = ()

    @property
    def reference(self) -> Reference:
        """How a later message names this one."""
        return Reference(self.sender, self.identifier, self.sent)

    @property
    def expires(self) -> datetime | None:
        """The last end over the infos; None where any info has none."""
        ends = [info.expires for info in self.infos]
        known = [end for end in ends if end is not None]
        return max(known) if known and len(known) == len(ends) else None


@dataclass(frozen=True, slots=True)
class Source:
    """Where an alert came from, kept beside our own identifier and sent; all empty for a person's own."""

    feed: str | None = None
    token: str | None = None
    sender: str | None = None
    identifier: str | None = None
    sent: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertContent:
    """What an alert says, as composed: the template with its typed fields, and what became of it in CAP's words.

    ``infos`` carry the words of each language and no areas of their own; ``areas`` hold for all of them.
    ``hashtag`` is the incident's as it was then, without its sign; "" in a drill.
    """

    template: str
    fields: Mapping[str, str] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    infos: tuple[Info, ...] = ()
    areas: tuple[Area, ...] = ()
    note: str = ""
    hashtag: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it stands at a revision. ``zones`` are zone ids, ``channels`` names of configured channels.

    ``until_lifted`` alerts have no ``expires``; ``review_at`` says when somebody is asked again.
    ``replaces`` holds ids of alerts of ours; ``unresolved`` references that matched nothing.
    """

    id: str
    incident: str
    state: State
    revision: int
    mode: Mode
    msg_type: MsgType
    content: AlertContent
    zones: tuple[str, ...]
    channels: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    until_lifted: bool = False
    review_at: datetime | None = None
    ending: str | None = None  # what going live does to those it replaces: superseded, cancelled or lifted
    identifier: str | None = None
    sent: datetime | None = None
    source: Source = Source()
    replaces: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()
    created_by: str | None = None
    submitted_by: str | None = None
    submitted_at: datetime | None = None
    digest: str | None = None
    signature_owed: bool = False
    ended_at: datetime | None = None
    slug: str = ""  # the permanent page: /alerts/<slug>
    bundle: str | None = None  # decided together with the other alerts of this bundle
