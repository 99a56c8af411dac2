"""Types of the agency's configuration (config/*.toml). Reading it is ``broadcaster.settings``'s work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Agency:
    """agency.toml: who speaks. ``phone_region`` (ISO 3166) reads national numbers; ``cap_sender`` has no space."""

    name: str
    cap_sender: str
    languages: tuple[str, ...] = ("en", "es")
    timezone: str = "UTC"
    phone_region: str = "US"
    contact: str = ""
    emergency_number: str = "911"
    other_source: str = ""  # whom to ask when our page is out of date
    web: str = ""
    fallback_zone_name: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """policy.toml: what a place decides. Times in the unit of their name."""

    override_allowed: bool = True
    review_expires_minutes: int = 240
    until_lifted_review_minutes: int = 120
    unknown_without_proof: str = "send_again"  # or "give_up": where the provider cannot be asked
    unknown_max_resends: int = 1
    unknown_max_age_minutes: int = 60
    retry_max: int = 6
    stale_after_seconds: int = 180
    max_expires_hours: int = 72
    accepted_ask_after_seconds: int = 600
    shortfall_failed_share: float = 0.25
    evacuation_levels: str = "california"
    exercise_group: str = ""  # drills reach subscribers of this group alone; "" = everybody in their zones
    require_second_factor: bool = False  # nobody approves, and no admin acts, without one; recommended
    notify_step_minutes: int = 3  # a review nobody decides goes to the next approvers on duty
    notify_channels: tuple[str, ...] = ()  # by which our own people are told; empty: every one that reaches people
    price_per_segment: float = 0.0  # what a text part costs, for the estimate before an approval; 0: none is shown
    price_currency: str = "USD"
    session_idle_minutes: int = 720  # a watch stands open through a long night; each release is proved anew
    session_hours: int = 24
    arming_days: int = 90  # how long two approvers answer for a rule that releases by itself; then they look again
    release_oldest_minutes: int = 30  # a warning sent longer ago is no longer released by a rule, but reviewed


@dataclass(frozen=True, slots=True)
class ChannelConfig:
    """One ``[[channel]]``. ``per_second`` is the pace in segments (or messages) per second, 0 = the kind's own."""

    name: str
    kind: str
    enabled: bool = True
    languages: tuple[str, ...] = ()
    drills: bool = False
    fallback: str | None = None
    per_second: float = 0.0
    options: object = None


MAILBOX_SCHEMES = ("imaps://", "imap://")


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """One ``[[feed]]`` of feeds.toml. ``mapping`` fills what its format lacks (``domain.mapping``).
    ``stale_minutes``: a document that stays the same for longer is a fault; 0: learnt, where it changes regularly.

    ``timezone``: an IANA name, of its times that name no zone; "": the format's own, or UTC.
    ``signature``: ignore, check (said on each entry) or required; ``certificates``: PEM files of trusted signers.

    The others are of a mailbox (docs/mailbox.md): ``password`` is only ever "env:NAME" (``Config.passwords`` has what
    it stands for); ``senders`` are read, nobody else; ``proof``: what is believed (dkim, server, signature), "server"
    being ``mail_server``'s word; ``ca_file``: PEM file of the authority of its TLS. ``unverified_of`` is the program's
    own: the mailbox whose unproven mails stand under this feed. They move nothing, and are kept for people.
    """

    name: str
    format: str
    url: str = ""
    poll_seconds: int = 60
    trust: str = "other"
    enabled: bool = True
    allow_private: bool = False
    mapping: Mapping[str, object] = field(default_factory=dict)
    stale_minutes: int = 0
    timezone: str = ""
    signature: str = "ignore"
    certificates: tuple[str, ...] = ()
    user: str = ""
    password: str = ""
    senders: tuple[str, ...] = ()
    proof: tuple[str, ...] = ()
    mail_server: str = ""
    ca_file: str = ""
    unverified_of: str = ""

    @property
    def is_mailbox(self) -> bool:
        """Does it come by mail?"""
        return self.url.startswith(MAILBOX_SCHEMES)

    @property
    def unverified(self) -> FeedConfig:
        """The feed under which a mailbox's mails stand that prove nothing of their sender."""
        return FeedConfig(
            f"{self.name} (unverified)",
            self.format,
            enabled=False,
            mapping=self.mapping,
            timezone=self.timezone,
            signature="check" if self.certificates else "ignore",
            certificates=self.certificates,
            unverified_of=self.name,
        )


@dataclass(frozen=True, slots=True)
class Match:
    """What a rule looks at; an empty tuple matches anything.

    ``vtec``: actions of P-VTEC (NEW, CON, EXT ...), one of which some code of the message must bear. ``hours``: spans
    of the agency's own time ("22:00-06:00"; the end is outside).
    """

    event: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    certainty: tuple[str, ...] = ()
    response: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    vtec: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleConfig:
    """One ``[[rule]]`` of rules.toml. Empty ``feeds`` means all; the first match decides; none matching = keep.

    ``follow``: what the rule does with updates and cancels of what it released ("release" or "submit").
    """

    name: str
    action: str
    feeds: tuple[str, ...] = ()
    match: Match = Match()
    template: str = "cap"
    max_per_hour: int = 0
    follow: str = "submit"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything under config/."""

    agency: Agency
    policy: Policy = Policy()
    channels: tuple[ChannelConfig, ...] = ()
    feeds: tuple[FeedConfig, ...] = ()
    rules: tuple[RuleConfig, ...] = ()
    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)  # of mailboxes, by the feed's name

    def channel(self, name: str) -> ChannelConfig | None:
        """The configured channel of that name, enabled or not."""
        return next((c for c in self.channels if c.name == name), None)

    def feed(self, name: str) -> FeedConfig | None:
        """The configured feed of that name, enabled or not."""
        return next((f for f in self.feeds if f.name == name), None)

    def rule(self, name: str) -> RuleConfig | None:
        """The configured rule of that name."""
        return next((r for r in self.rules if r.name == name), None)


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, read once at start (interfaces.md, Settings). Paths and addresses are absolute."""

    database_url: str
    redis_url: str
    data: str
    config: str
    production: bool
    demo: bool
    secret_key: str
    port: int
    public_url: str
    console_url: str
    trusted_proxies: int
    web_concurrency: int
    sender_processes: int
    embedded_redis: bool
