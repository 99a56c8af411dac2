"""Arming a rule that releases: two approvers over one digest, a test run before it, an end after it. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from broadcaster.domain.config import FeedConfig, RuleConfig
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.domain.review import APPROVERS, Who

RUN_GOOD_FOR = timedelta(days=7)  # a test run is about the month before it: an old one says little
FIRST_GOOD_FOR = timedelta(hours=72)  # how long a first signature waits for the second, as proposals do
NOT_ARMED = "The rule is not armed: two approvers must answer for it first."
CHANGED = "The rule, its template or its feed was changed since it was armed. Two approvers must arm it anew."
OVER = "The rule's arming has ended after its time. Two approvers must arm it anew."


@dataclass(frozen=True, slots=True)
class Arming:
    """One arming as recorded. ``second`` is empty while it waits for it; ``ended`` when it was disarmed."""

    id: int
    rule: str
    digest: str
    first: str
    first_at: datetime
    second: str | None = None
    armed_at: datetime | None = None
    until: datetime | None = None
    ended: datetime | None = None

    def waits(self, at: datetime) -> bool:
        """Is the first signature there, good still, and the second wanting?"""
        return self.second is None and self.ended is None and at - self.first_at < FIRST_GOOD_FOR


@dataclass(frozen=True, slots=True)
class Run:
    """A test run as recorded: of which digest, by whom, when."""

    digest: str
    by: str
    at: datetime


def digest(
    rule: RuleConfig, words: Mapping[str, str], feeds: Iterable[FeedConfig], trusted: Mapping[str, str] | None = None
) -> str:
    """Hex SHA-256 over what two people answer for: the rule as it is read, the words of its template by language
    (``rendering.templates.words_digest``), and the feeds that it names, with their addresses and certificates;
    ``trusted``: path -> digest of those files' content."""
    named = {feed.name: asdict(feed) for feed in feeds if feed.name in rule.feeds}
    for feed in named.values():
        feed.pop("poll_seconds")  # how often it is asked changes nothing of what is released
    covered = {"rule": asdict(rule), "words": dict(words), "feeds": named, "trusted": dict(trusted or {})}
    body = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(body.encode()).hexdigest()


def unarmed(arming: Arming | None, now: str, at: datetime) -> str:
    """Why the rule, whose digest is ``now``, releases nothing; "" where it is armed."""
    if arming is None or arming.second is None or arming.ended is not None:
        return NOT_ARMED
    if arming.digest != now:
        return CHANGED
    return OVER if arming.until is None or at >= arming.until else ""


def check_arm(who: Who, rule: RuleConfig, run: Run | None, given: str, now: str, at: datetime) -> None:
    """May this person sign for exactly this rule? ``given``: the digest of what they read."""
    _person(who, "arm a rule")
    if not who.verified:
        raise Forbidden("not_verified", "Give your password and second factor with this very request.")
    if rule.action != "release":
        raise Refused("nothing_to_arm", "This rule releases nothing by itself: there is nothing to arm.")
    if given != now:
        raise Refused("rule_changed", "The rule has changed since you looked. Read it again, and test it again.")
    if run is None or run.digest != now or at - run.at > RUN_GOOD_FOR:
        raise Refused(
            "no_test_run", "Test this rule first, as it stands now: what would it have released in the last month?"
        )


def check_second(first: Arming, who: Who, approvers: Sequence[str]) -> None:
    """May this person give the second signature? ``approvers``: e-mails of those who may approve now."""
    if who.is_(first.first):
        raise Forbidden("four_eyes", "You signed for this rule first, so another person must sign now.")
    if first.first.casefold() not in {one.casefold() for one in approvers}:
        raise Refused("proposer_gone", f"{first.first} may not approve any more. Disarm the rule, and begin anew.")


def check_disarm(who: Who) -> None:
    """Disarming is one tap, like a kill switch: no second person and no password."""
    _person(who, "disarm a rule")


def _person(who: Who, what: str) -> None:
    if who.machine or not who.roles & APPROVERS:
        raise Forbidden("role", f"{who.person} may not {what}; this needs one of: {', '.join(sorted(APPROVERS))}.")
