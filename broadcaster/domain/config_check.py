"""What can be wrong in config/*.toml though every key has its type: values that would fail only when needed.

Pure. Each check raises ConfigError, which names file, key, an id and a hint.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers

from broadcaster.domain.alert import Certainty, Severity, Status, Urgency
from broadcaster.domain.config import Agency, ChannelConfig, Config, FeedConfig, Policy, RuleConfig
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.frames import DRILLS
from broadcaster.domain.message import VOICE, Limits
from broadcaster.domain.rules import span_of
from broadcaster.domain.wording import EVACUATION_LEVELS

ENDINGS_BY_PEOPLE = ("lifted", "sent_in_error")  # rules.md section 1: no feed declares anybody safe
LONGEST_POLL = 7 * 24 * 3600  # seconds
INSTEAD = 'use action = "submit"'
VTEC_ACTIONS = ("NEW", "CON", "EXT", "EXA", "EXB", "UPG", "CAN", "EXP", "COR", "ROU")  # NWS Directive 10-1703
FROM_ONE = ("review_expires_minutes", "until_lifted_review_minutes", "stale_after_seconds", "max_expires_hours")
ADDRESSES = ("base_url", "content_base_url")  # keys of channels that hold the address of a provider
ARMING = ("arming_days", "release_oldest_minutes")
_NAME = re.compile(r"[^\s/;?#%\x00-\x1f\x7f]([^/;?#%\x00-\x1f\x7f]*[^\s/;?#%\x00-\x1f\x7f])?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_WORDS = {"severity": Severity, "urgency": Urgency, "certainty": Certainty, "status": Status}


def check(config: Config, languages: Collection[str], facts: Collection[str], limits: Mapping[str, Limits]) -> None:
    """Everything below, over the whole configuration but its rules.

    ``languages``: in which any template has texts; ``facts``: in which people are at least told the facts;
    ``limits``: what each enabled channel carries.
    """
    _agency(config.agency)
    _spoken(config, languages, facts)
    _policy(config.policy)
    for channel in config.channels:
        _channel(channel)
    _loops(config.channels)
    for channel in config.channels:
        _stand_in(channel, limits)
    for channel in config.channels:
        if channel.enabled and limits[channel.name].frames:
            _approved(channel, limits[channel.name], config.agency.languages)
    _told_by(config, limits)
    for feed in config.feeds:
        _feed(feed)


def check_kind(kind: str, where: str, built: Collection[str]) -> None:
    """Whether there is such a kind of channel; else the hint names the nearest, all, and the way to other services."""
    if kind in built:
        return
    known = ", ".join(sorted(built))
    near = [f'perhaps "{name}"; ' for name in difflib.get_close_matches(kind.lower(), built, 1)]
    other = 'for Slack, Discord, ntfy, Matrix and others write kind = "apprise" (docs/channels/apprise.md)'
    wrong = f"{kind!r} is unknown" if kind else "is missing"
    raise ConfigError("C007", where, wrong, f"{''.join(near)}known: {known}; {other}")


def check_rules(config: Config, templates: Collection[str]) -> None:
    """The rules, against the feeds that there are; ``templates``: names of the message templates there are."""
    feeds = {feed.name for feed in config.feeds}
    for rule in config.rules:
        for name in sorted(set(rule.feeds) - feeds):
            where = f"rules.toml [[rule]] {rule.name} feeds"
            raise ConfigError("C018", where, f"no feed {name!r}", "name a configured feed")
        _rule(rule, templates)
        if rule.action == "release":
            _released(rule, config)


def _told_by(config: Config, limits: Mapping[str, Limits]) -> None:
    """A channel by which our own people are to be told must be there, and reach people."""
    where = "policy.toml [policy] notify_channels"
    for name in config.policy.notify_channels:
        if name not in limits or limits[name].audience != "people":
            text = f"{name!r} is no enabled channel that reaches people"
            raise ConfigError("C063", where, text, "name a channel of phones or mail, or leave it out for all of them")
        if not limits[name].free:
            how = "calls" if limits[name].form == VOICE else "takes approved words alone"
            text = f"{name!r} {how}, and our own people are sent links"
            raise ConfigError("C063", where, text, "name a channel of text messages or mail")


def _agency(agency: Agency) -> None:
    where = "agency.toml [agency]"
    if not agency.name.strip():
        raise ConfigError("C040", f"{where} name", "is empty", "the name that people read")
    if not re.fullmatch(r"[^\s,<&]+", agency.cap_sender):
        text = f"{agency.cap_sender!r} is empty or holds a space, comma, < or &"
        raise ConfigError("C041", f"{where} cap_sender", text, "for example alerts@county.example.gov")
    if not agency.languages or len(set(agency.languages)) < len(agency.languages):
        raise ConfigError("C042", f"{where} languages", "are none, or one stands twice", 'for example ["en", "es"]')
    for language in agency.languages:
        if not _LANGUAGE.fullmatch(language):
            raise ConfigError("C042", f"{where} languages", f"{language!r} is no language", 'for example ["en", "es"]')
    try:
        ZoneInfo(agency.timezone)
    except (KeyError, ValueError, OSError) as error:
        text = f"{agency.timezone!r} is no time zone"
        raise ConfigError("C043", f"{where} timezone", text, "an IANA name such as America/Los_Angeles") from error
    if agency.phone_region not in phonenumbers.SUPPORTED_REGIONS:
        text = f"{agency.phone_region!r} is no country of two capital letters"
        raise ConfigError("C044", f"{where} phone_region", text, "for example US")


def _spoken(config: Config, languages: Collection[str], facts: Collection[str]) -> None:
    """Who lists a language waits for texts in it; without any there would never be one. Posts are whole texts."""
    _some_text(config.agency.languages, {*languages, *facts}, "agency.toml [agency] languages")
    for channel in config.channels:
        where = f"channels.toml [[channel]] {channel.name} languages"
        _some_text(channel.languages, languages, where)
        for language in channel.languages:
            if language not in config.agency.languages:
                text, hint = f"{language!r} is no language of the agency", "add it to agency.toml, or leave it out"
                raise ConfigError("C057", where, text, hint)


def _some_text(named: Collection[str], known: Collection[str], where: str) -> None:
    for language in named:
        if language not in known:
            hint = f"one of {', '.join(sorted(known))}; another needs texts in templates/messages first"
            raise ConfigError("C056", where, f"no template has texts in {language!r}", hint)


def _policy(policy: Policy) -> None:
    where = "policy.toml [policy]"
    for key in (*FROM_ONE, *ARMING, "notify_step_minutes", "session_idle_minutes", "session_hours"):
        if not 0 < getattr(policy, key) <= 10**7:
            raise ConfigError(
                "C045", f"{where} {key}", "is out of range", f"from 1, for example {getattr(Policy(), key)}"
            )
    for key in ("unknown_max_resends", "unknown_max_age_minutes", "retry_max", "accepted_ask_after_seconds"):
        if not 0 <= getattr(policy, key) <= 10**7:
            raise ConfigError(
                "C045", f"{where} {key}", "is out of range", f"from 0, for example {getattr(Policy(), key)}"
            )
    if policy.evacuation_levels not in EVACUATION_LEVELS:
        text, hint = f"{policy.evacuation_levels!r} is unknown", f"known: {', '.join(sorted(EVACUATION_LEVELS))}"
        raise ConfigError("C030", f"{where} evacuation_levels", text, hint)
    if policy.unknown_without_proof not in ("send_again", "give_up"):
        text = f"{policy.unknown_without_proof!r} is unknown"
        raise ConfigError("C046", f"{where} unknown_without_proof", text, "send_again or give_up")


def _channel(channel: ChannelConfig) -> None:
    where = f"channels.toml [[channel]] {channel.name}"
    _named(channel.name, "channels.toml [[channel]]")
    if math.isnan(channel.per_second) or channel.per_second < 0:
        hint = "above 0, or leave it out for the kind's own"
        raise ConfigError("C048", f"{where} segments_per_second", f"{channel.per_second} is no pace", hint)
    for key in ADDRESSES:
        address = getattr(channel.options, key, None)
        if isinstance(address, str):
            schemes = ("smtp", "smtps") if channel.kind == "smtp" else ("https", "http")
            _address(address, schemes, f"{where} {key}")
            _bare(address, f"{where} {key}")


def _bare(address: str, where: str) -> None:
    """Paths are appended to it, so nothing may stand behind its own; a login in it would be in every log."""
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise ConfigError("C058", where, "has a login in it", "use the keys of the channel for it")
    if "?" in address or "#" in address:
        raise ConfigError("C058", where, "has a query or a fragment", f"{parts.scheme}://{parts.netloc}{parts.path}")


def _stand_in(channel: ChannelConfig, limits: Mapping[str, Limits]) -> None:
    """A fallback can take over only what it could have been sent itself, and only while it is on."""
    if not channel.enabled or not channel.fallback:
        return
    where, other = f"channels.toml [[channel]] {channel.name} fallback", limits.get(channel.fallback)
    if other is None:
        raise ConfigError("C059", where, f"{channel.fallback} is not enabled", "enable it, or name another")
    own = limits[channel.name]
    if VOICE in (own.form, other.form) and own.form != other.form:
        text = "what was written to be read is not said in a call, nor the other way round"
        raise ConfigError("C064", where, text, "let a call stand in for calls alone; choose both channels for an alert")
    if own.frames or other.frames:
        text = "what stands in words that a platform approved is written for its channel alone"
        raise ConfigError("C065", where, text, "leave it out; people can choose both channels")
    if (own.audience, own.address) != (other.audience, other.address):
        text = f"{channel.fallback} reaches {_whom(other)}, {channel.name} reaches {_whom(own)}"
        raise ConfigError("C060", where, text, "name a channel that reaches the same")


def _approved(channel: ChannelConfig, limits: Limits, languages: tuple[str, ...]) -> None:
    """Words that a platform approved are there in the agency's first language, which others fall back to, and in none
    that nobody of ours reads; for drills too, where it carries such."""
    where = f"channels.toml [[channel]] {channel.name}"
    for bodies in limits.frames.values():
        if languages[0] not in bodies:
            text, hint = (
                f"none is in {languages[0]}, the agency's first language",
                "people without their own fall back to it",
            )
            raise ConfigError("C066", f"{where} templates", text, hint)
        for language in sorted(set(bodies) - set(languages)):
            text, hint = f"{language!r} is no language of the agency", "add it to agency.toml, or leave it out"
            raise ConfigError("C057", f"{where} templates.{language}", text, hint)
    if channel.drills and not set(limits.frames) & set(DRILLS):
        text = "drills = true, and no approved words begin and end with the drill's"
        hint = "add [channel.drill_templates.en] (EXERCISE) or [channel.test_templates.en] (TEST), or drills = false"
        raise ConfigError("C067", f"{where} drills", text, hint)


def _whom(limits: Limits) -> str:
    return f"people by {limits.address}" if limits.audience == "people" else "followers of an account"


def _loops(channels: Iterable[ChannelConfig]) -> None:
    after = {channel.name: channel.fallback for channel in channels}
    for name in after:
        seen, step = {name}, after[name]
        while step:
            if step in seen:
                text = "goes round in a circle" if step != name or len(seen) > 1 else "is the channel itself"
                hint = "the last channel of a chain has no fallback"
                raise ConfigError("C049", f"channels.toml [[channel]] {name} fallback", text, hint)
            seen.add(step)
            step = after.get(step)


def _feed(feed: FeedConfig) -> None:
    where = f"feeds.toml [[feed]] {feed.name}"
    _named(feed.name, "feeds.toml [[feed]]")
    if feed.url:
        _address(feed.url, ("https", "http", "imaps", "imap"), f"{where} url")
    if not 1 <= feed.poll_seconds <= LONGEST_POLL:
        text = f"{feed.poll_seconds} is out of range"
        raise ConfigError("C050", f"{where} poll_seconds", text, f"from 1 to {LONGEST_POLL}, for example 60")
    if feed.stale_minutes < 0:
        raise ConfigError("C050", f"{where} stale_minutes", "is below 0", "0 learns it from the feed")


def _rule(rule: RuleConfig, templates: Collection[str]) -> None:
    where = f"rules.toml [[rule]] {rule.name}"
    _named(rule.name, "rules.toml [[rule]]")
    if rule.template not in templates:
        text = f"there is no template {rule.template!r}"
        raise ConfigError("C051", f"{where} template", text, f"known: {', '.join(sorted(templates))}")
    if rule.template in ENDINGS_BY_PEOPLE:
        text = f"{rule.template} is only ever said by a person"
        raise ConfigError("C055", f"{where} template", text, 'for example "cap"')
    if rule.max_per_hour < 0:
        raise ConfigError("C052", f"{where} max_per_hour", "is below 0", "0 is no limit")
    if rule.follow not in ("release", "submit"):
        raise ConfigError("C081", f"{where} follow", f"{rule.follow!r} is unknown", "release or submit")
    _matching(rule, where)


def _matching(rule: RuleConfig, where: str) -> None:
    """What would never match is a mistake, and silent."""
    for key, words in _WORDS.items():
        known = {str(word) for word in words}
        for word in getattr(rule.match, key):
            if word.casefold() not in {name.casefold() for name in known}:
                hint = f"known: {', '.join(sorted(known))}"
                raise ConfigError("C053", f"{where} match.{key}", f"{word!r} is unknown and would never match", hint)

    for span in rule.match.hours:
        _hours(span, f"{where} match.hours")
    for word in rule.match.vtec:
        if word.upper() not in VTEC_ACTIONS:
            text = f"{word!r} is no action of P-VTEC and would never match"
            raise ConfigError("C080", f"{where} match.vtec", text, f"known: {', '.join(VTEC_ACTIONS)}")


def _hours(written: str, where: str) -> None:
    try:
        span_of(written)
    except ValueError as error:
        hint = 'two different times of the agency\'s own day, for example "22:00-06:00"'
        raise ConfigError("C082", where, f"{written!r} is no span of a day", hint) from error


def _released(rule: RuleConfig, config: Config) -> None:
    """rules.md section 3: a rule that releases lists feeds, events, severities and areas, and has a bound."""
    where = f"rules.toml [[rule]] {rule.name}"
    asked = {
        "feeds": rule.feeds,
        "match.event": rule.match.event,
        "match.severity": rule.match.severity,
        "match.zones": rule.match.zones,
        "max_per_hour": rule.max_per_hour,
    }
    for key, given in asked.items():
        if not given:
            text = "is missing, and a rule that releases by itself must say it"
            raise ConfigError("C083", f"{where} {key}", text, f"list what it may release, or {INSTEAD}")
    for name in rule.feeds:
        feed = config.feed(name)
        if feed is not None and feed.trust != "official":
            text = f"{name} is no official feed, and nothing it says is released by a rule"
            raise ConfigError("C084", f"{where} feeds", text, f"take it out, or {INSTEAD}")
    if {word.casefold() for word in rule.match.status} - {"actual"}:
        text = "a rule releases what is Actual and nothing else"
        raise ConfigError("C085", f"{where} match.status", text, 'leave it out, or ["Actual"]')
    if rule.template.startswith("evacuation") or "evacuate" in {word.casefold() for word in rule.match.response}:
        text = "an evacuation is only ever released by people"
        raise ConfigError("C086", f"{where} template", text, INSTEAD)


def _named(name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        text = f"{name!r} is empty or holds one of / ; ? # %, a control character or a space at an end"
        raise ConfigError("C047", f"{where} name", text, "a short name such as sms")


def _address(address: str, schemes: tuple[str, ...], where: str) -> None:
    try:
        parts = urlsplit(address)
        good = bool(parts.hostname) and parts.scheme in schemes and parts.port != 0 and not re.search(r"\s", address)
    except ValueError:
        good = False
    if not good:
        raise ConfigError(
            "C054", where, f"{address!r} is no address", f"it begins with {schemes[0]}:// and names a host"
        )
