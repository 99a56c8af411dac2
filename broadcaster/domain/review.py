"""Four eyes as pure checks: each either returns or raises with a code and what to do. Also the digest.

Nothing here knows which door somebody came through; console, API and command line all end here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from broadcaster.domain.alert import Alert, AlertContent, MsgType, State
from broadcaster.domain.config import Policy
from broadcaster.domain.errors import Forbidden, Refused
from broadcaster.domain.lifecycle import Verb, expired, move
from broadcaster.domain.message import Finding, Message

COMPOSERS = frozenset({"author", "approver", "admin"})
APPROVERS = frozenset({"approver", "admin"})
DECIDED = frozenset({State.SUPERSEDED, State.CANCELLED, State.LIFTED})  # over because somebody said so
OVERTAKEN = (
    "What this follows up on is {state} meanwhile: {title}. Withdraw or return this, and write on what is live now."
)


@dataclass(frozen=True, slots=True)
class Who:
    """The one who acts. ``person`` is whom four eyes look at: an e-mail, else the machine's name.

    ``verified`` says that password and second factor came with this very request.
    """

    person: str
    roles: frozenset[str] = frozenset()
    verified: bool = False
    machine: bool = False

    def is_(self, name: str | None) -> bool:
        """The same person, whatever the capitals of an address."""
        return name is not None and self.person.casefold() == name.casefold()


@dataclass(frozen=True, slots=True)
class Case:
    """All that a decision looks at. ``digest`` is computed now from what is stored now.

    ``together`` is the digest of the bundle that the alert is decided in ("" where it is decided alone): then that is
    what the approver saw and names. ``replaced``: the alerts that it follows up on, as they stand now.
    """

    alert: Alert
    digest: str
    findings: Sequence[Finding] = ()
    returned_by: tuple[str, ...] = ()
    overridden_by: str | None = None
    together: str = ""
    replaced: tuple[Alert, ...] = ()


# --- the digest -----------------------------------------------------------------------------------------------
def digest(alert: Alert, messages: Iterable[Message]) -> str:
    """Hex SHA-256 over everything that approval answers for: texts, area, audience, channels, end and mode.

    The audience is the people of ``zones``, or, where ``ending`` is cancelled, whom the alerts in ``replaces``
    reached. Canonical: the order of zones, channels, messages and fields does not matter, equal instants are equal.
    """
    covered = {
        "messages": sorted([m.channel, m.language, *_place(m), m.subject, m.text] for m in messages),
        "content": _content(alert.content),
        "zones": sorted(alert.zones),
        "channels": sorted(alert.channels),
        "expires": alert.expires,
        "until_lifted": alert.until_lifted,
        "mode": alert.mode,
        "msg_type": alert.msg_type,
        "ending": alert.ending,
        "replaces": sorted(alert.replaces),
    }
    body = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(body.encode()).hexdigest()


def _content(content: AlertContent) -> dict[str, Any]:
    """A hashtag only where there is one: what was submitted before there were any keeps its digest."""
    covered = asdict(content)
    if not content.hashtag:
        del covered["hashtag"]
    return covered


def _place(message: Message) -> list[str]:
    """Only where it follows another: what was submitted before there were threads keeps its digest."""
    return [f"{message.number:03d}"] if message.number else []


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} has no canonical form")


# --- the checks -----------------------------------------------------------------------------------------------
def check_compose(who: Who, ending: str | None) -> None:
    """May they write this? Machines may, but only a person ever says that it is safe to return."""
    if who.machine:
        if ending == "lifted":
            raise Forbidden(
                "person_only", "Only a person says that it is safe to return. Somebody must log in and lift it."
            )
        return
    _role(who, COMPOSERS, "write alerts")


def overtaken(case: Case) -> Alert | None:
    """What this follows up on, if somebody has ended or changed it since this was written; None where all still holds.

    What an issuer sends about its own warning stands whatever became of ours, and an end that merely passed can be
    extended or cleared.
    """
    if case.alert.content.template == "cap":
        return None
    over = [old for old in case.replaced if old.state in DECIDED]
    return next((old for old in over if old.ended_at is not None and old.ended_at > case.alert.created), None)


def check_submit(case: Case, who: Who, now: datetime) -> None:
    """May this go to review now?"""
    check_compose(who, case.alert.ending)
    move(case.alert.state, Verb.SUBMIT)
    if any(who.is_(name) for name in case.returned_by):
        raise Forbidden("returned_it", "You returned this alert, so somebody else must submit it again.")
    _sendable(case, now)


def check_withdraw(alert: Alert, who: Who) -> None:
    """Only its submitter takes an alert back."""
    move(alert.state, Verb.WITHDRAW)
    if not who.is_(alert.submitted_by):
        raise Forbidden(
            "not_submitter", f"Only {alert.submitted_by} can withdraw it. An approver can return or reject it."
        )


def check_send_back(alert: Alert, who: Who, verb: Verb, reason: str) -> None:
    """Return or reject: an approver, with a reason."""
    _role(who, APPROVERS, f"{verb} alerts")
    move(alert.state, verb)
    _reason(reason, verb)


def check_approve(case: Case, who: Who, given: str, policy: Policy, now: datetime) -> None:
    """May this person put exactly this on air now?"""
    _may_release(case, who, Verb.APPROVE)
    if who.is_(case.alert.submitted_by):
        raise Forbidden("four_eyes", "You submitted this alert, so another person must approve it.")
    _as_seen(case, given)
    _sendable(case, now)
    _fresh(case.alert, policy, now)


def check_override(case: Case, who: Who, given: str, reason: str, policy: Policy, now: datetime) -> None:
    """May one person alone put this on air? By policy, or always to say that something was sent in error."""
    _may_release(case, who, Verb.OVERRIDE)
    if not policy.override_allowed and not correction(case.alert):
        raise Forbidden(
            "override_forbidden", "The policy allows no release by one person. A second person must approve."
        )
    _reason(reason, Verb.OVERRIDE)
    _as_seen(case, given)
    _sendable(case, now)
    _fresh(case.alert, policy, now)


def check_sign(case: Case, who: Who, given: str) -> None:
    """The second signature after an override: another person, on exactly what went out, however late."""
    _role(who, APPROVERS, "sign alerts")
    _verified(who)
    if not case.alert.signature_owed:
        raise Refused("nothing_owed", "No signature is owed for this alert.")
    if who.is_(case.overridden_by):
        raise Forbidden("four_eyes", "You released this alert alone, so another person must sign it.")
    _as_seen(case, given)


def check_sign_words(who: Who) -> None:
    """May this person answer for a template's words? Not with every request: it puts nothing on air."""
    _role(who, APPROVERS, "sign the words of templates")


def check_discard(alert: Alert, who: Who) -> None:
    """A person puts away what nobody is deciding about: what is in review is withdrawn or rejected first."""
    _role(who, COMPOSERS, "discard drafts")
    if alert.state == State.IN_REVIEW:
        raise Refused("in_review", "It is in review. Withdraw it first, or an approver rejects it.")
    move(alert.state, Verb.DISCARD)


def check_stop(alert: Alert, who: Who) -> None:
    """One approver stops the sending, at once."""
    _role(who, APPROVERS, "stop alerts")
    move(alert.state, Verb.STOP)


def check_follow_up(alert: Alert, who: Who) -> None:
    """Cancel, lift or extend: by a person, of something that is live."""
    if who.machine:
        raise Forbidden("person_only", "A token or feed ends nothing. Somebody must log in.")
    _role(who, COMPOSERS, "follow up on alerts")
    if alert.state != State.LIVE:
        raise Refused("not_live", f"The alert is {alert.state}, not live: there is nothing to follow up on.")


def correction(alert: Alert) -> bool:
    """Is this the prepared "sent in error"? Its words are fixed, so one person may release it."""
    return alert.msg_type == MsgType.CANCEL and alert.content.template == "sent_in_error"


def resubmitted(alert: Alert, who: Who, digest_now: str) -> bool:
    """The same submitter again, nothing changed since: answered as done, not as an error."""
    return alert.state == State.IN_REVIEW and who.is_(alert.submitted_by) and alert.digest == digest_now


# --- parts of them --------------------------------------------------------------------------------------------
def _may_release(case: Case, who: Who, verb: Verb) -> None:
    _role(who, APPROVERS, "approve alerts")
    _verified(who)
    move(case.alert.state, verb)


def _role(who: Who, roles: frozenset[str], what: str) -> None:
    if who.machine or not who.roles & roles:
        raise Forbidden("role", f"{who.person} may not {what}; this needs one of: {', '.join(sorted(roles))}.")


def _verified(who: Who) -> None:
    if not who.verified:
        raise Forbidden("not_verified", "Give your password and second factor with this very request.")


def _reason(reason: str, verb: Verb) -> None:
    if not reason.strip():
        raise Refused("no_reason", f"Say why: {verb} needs a reason, which is kept.")


def _as_seen(case: Case, given: str) -> None:
    if case.alert.digest != case.digest:
        raise Refused("digest_stored", "What is stored is not what was submitted. Withdraw it and look at the audit.")
    if given != (case.together or case.digest):
        raise Refused("digest", "The alert has changed since you looked. Read it again and decide on what it says now.")


def _sendable(case: Case, now: datetime) -> None:
    if not case.alert.zones:
        raise Refused("no_area", "The alert names no area of ours. Give it zones or an area.")
    blocking = [f for f in case.findings if f.blocking]
    if blocking:
        raise Refused(blocking[0].code, " ".join(f.text for f in blocking))
    if (old := overtaken(case)) is not None:
        title = next((info.headline for info in old.content.infos), old.id)
        raise Refused("overtaken", OVERTAKEN.format(state=old.state, title=title))
    if expired(case.alert, now):
        raise Refused("expired", "The alert's end has passed. Give it a later end.")


def _fresh(alert: Alert, policy: Policy, now: datetime) -> None:
    limit = timedelta(minutes=policy.review_expires_minutes)
    if alert.submitted_at is None or now - alert.submitted_at > limit:
        raise Refused(
            "review_too_old",
            f"It was submitted more than {policy.review_expires_minutes} minutes ago. Submit it again.",
        )
