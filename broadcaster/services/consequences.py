"""What an entry's decision does to our alerts and to the warnings shown on the page, inside the entry's transaction.

Order within the transaction, so that locks never cross: rows of alerts (all at once, by id), then shown warnings and
publication, then what composing writes (whose audit entry locks the chain's head), then our own audit entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from broadcaster.domain.alert import Alert, MsgType, Source, State
from broadcaster.domain.config import RuleConfig
from broadcaster.domain.errors import Refused
from broadcaster.domain.lifecycle import PENDING, Verb
from broadcaster.domain.message import Finding
from broadcaster.domain.rules import Plan, Ruling, Seen, held_back, planned, ruling
from broadcaster.domain.switches import RULES
from broadcaster.domain.triage import Verb as Decided
from broadcaster.domain.triage import end_of, in_part
from broadcaster.domain.wording import taken_back
from broadcaster.services import audit, compose, proven, publish, release_by_rule
from broadcaster.services.areas import of_zones
from broadcaster.services.drafting import Draft, new_id, redraft
from broadcaster.services.entry_case import Case, Earlier, Outcome
from broadcaster.services.ingest_left import tell_left
from broadcaster.services.release_by_rule import Done, Wish
from broadcaster.services.steps import put_away, recorded
from broadcaster.services.submit import submit
from broadcaster.store import alarms, switches
from broadcaster.store import alerts as store_alerts
from broadcaster.store import feeds as store

NOT_ITS_ISSUERS = ("mapped", "unknown", "area_by_name")  # filled by our mapping or by nobody: the approver must see it
CANCEL_HOURS = 6  # how long a Cancel stands where the alert it cancels has no end


def apply(case: Case) -> Outcome:
    """Act on a decision. Raises BroadcasterError where composing refuses; the caller's transaction then goes."""
    if case.decision.verb == Decided.PROBLEM:
        return Outcome()
    earlier = _earlier(case)
    if case.decision.verb == Decided.CANCEL or (case.decision.verb == Decided.IGNORE and in_part(case.entry)):
        return _cancel(case, earlier)  # what ends some zones ends no others, however late it is
    if case.decision.verb == Decided.IGNORE:
        return _retire(case, earlier)
    return _take(case, earlier)


def quiet(case: Case) -> bool:
    """Is it certain that ``apply`` changes neither alerts nor the page? Then entries may share a transaction."""
    if case.decision.retires or case.decision.by:
        return False
    if case.decision.verb not in (Decided.NEW, Decided.UPDATE) or case.elsewhere:
        return True
    if proven.twins(case.system, case.connection, case.feed, case.entry):
        return False
    return ruling(case.system.config.rules, case.entry.message, _seen(case)).action == "keep"


def _earlier(case: Case) -> Earlier:
    retires = case.decision.retires
    by = case.decision.by
    if not retires and by is None:
        return Earlier((), (), ())
    named = [k.alert for k in retires if k.alert]
    heir = [by.alert] if by and by.alert else []
    held = store_alerts.by_ids(case.connection, [*named, *heir], lock=True)
    alerts = [alert for alert in held if alert.id in named]
    return Earlier(
        tuple(alert for alert in alerts if alert.state in PENDING),
        tuple(alert for alert in alerts if alert.state == State.LIVE),
        tuple(store.shown_live(case.connection, [k.id for k in retires])),
    )


# --- new and update ---------------------------------------------------------------------------------------------
def _take(case: Case, earlier: Earlier) -> Outcome:
    asked = ruling(case.system.config.rules, case.entry.message, _seen(case))
    stopped = asked.action != "keep" and switches.any_on(case.connection, RULES)
    found = held_back(asked) if stopped else asked
    rule = None if stopped else release_by_rule.followed(case.system, case.connection, earlier.live)
    plan = planned(
        found,
        was_shown=bool(earlier.shown),
        was_ours=bool(earlier.live or any(old.replaces or not case.elsewhere for old in earlier.pending)),
        has_zones=bool(case.zones),
        elsewhere=case.elsewhere,
        by_rule=rule is not None,
    )
    mine = proven.written(case.system, case.connection, case.feed, case.entry)
    if mine and {old.id for old in earlier.live} <= {mine.id, *mine.replaces}:
        return _linked(case, earlier, plan, found, mine)
    follows = earlier.pending or earlier.live or earlier.shown
    if not follows and plan.action != "keep" and (note := _over_limit(case, found)):
        return Outcome("keep", found.rule, None, note)
    note = _note(plan, asked, found)
    rule = rule or case.system.config.rule(found.rule)
    if plan.release and rule:
        release_by_rule.locked(case.connection, rule.name, case.at)
    version = _show(case, earlier, plan)
    if not plan.draft:  # what it replaces was told to nobody, so nobody need hear that it moved away from us
        for old in earlier.pending:
            _supersede(case, old, f"moved elsewhere by {case.entry.message.identifier} of feed {case.feed.name}")
        return Outcome(plan.action, found.rule, None, note, version)
    made = _compose(case, earlier, found)
    if plan.release and rule:
        done = release_by_rule.carry_out(_wish(case, rule, found.rule == rule.name), made.id)
    else:
        done = _submit(case, made.id, plan)
    return Outcome(done.action, found.rule, made.id, f"{note} {done.note}".strip(), done.version or version)


def _linked(case: Case, earlier: Earlier, plan: Plan, found: Ruling, mine: Alert) -> Outcome:
    """People wrote an alert from it before it was proven: it is on the page if the rule says so, and no second text."""
    version = _show(case, earlier, plan)
    for old in earlier.pending:
        if old.id != mine.id:
            _supersede(case, old, f"replaced by {case.entry.message.identifier} of feed {case.feed.name}")
    proven.say(case.connection, mine, case.feed)
    note = f"The alert {mine.id} was written from it before it was proven."
    return Outcome("show" if plan.show else "keep", found.rule, mine.id, note, version)


def _wish(case: Case, rule: RuleConfig, matched: bool = True) -> Wish:
    return Wish(
        system=case.system,
        connection=case.connection,
        actor=case.actor,
        feed=case.feed,
        entry=replace(case.entry, findings=(*case.entry.findings, *case.decision.findings)),
        row=case.row,
        at=case.at,
        rule=rule,
        retires=case.decision.retires,
        matched=matched,
    )


def _seen(case: Case) -> Seen:
    return release_by_rule.seen(case.system, case.feed, case.entry, case.zones, case.at)


def _note(plan: Plan, asked: Ruling, found: Ruling) -> str:
    if found != asked:
        return f"Automatic rules are stopped: the rule {asked.rule} would have done more ({asked.action})."
    return "It touches no zone of ours." if plan.action == "keep" and found.action != "keep" else ""


def _over_limit(case: Case, found: Ruling) -> str:
    if not found.max_per_hour or found.action == "release":  # what a rule may not release is reviewed, never kept
        return ""
    if store.used(case.connection, found.rule, case.at - timedelta(hours=1)) < found.max_per_hour:
        return ""
    text = f"The rule {found.rule} has acted {found.max_per_hour} times in the last hour (max_per_hour); it was kept."
    alarms.ring(case.connection, f"rule:{found.rule}", "rule_limit", text, case.at)
    return text


def _show(case: Case, earlier: Earlier, plan: Plan) -> int | None:
    """End what was shown before, show this in its place, publish. None where the page does not change."""
    if not plan.show and not earlier.shown:
        return None
    for row in earlier.shown:
        store.end_shown(case.connection, row.id, "superseded")
    if plan.show:
        lifetime = timedelta(hours=case.system.config.policy.max_expires_hours)
        message = case.entry.message
        store.show(
            case.connection,
            new_id(),
            case.row,
            case.feed.name,
            message,
            case.goes_on,
            end_of(message, lifetime),
            case.at,
        )
    return _published(case, "feed.show", "shown" if plan.show else "no longer shown")


def _published(case: Case, verb: str, what: str) -> int:
    version = publish.publish(case.system, case.connection, case.at)
    message = case.entry.message
    audit.record(
        case.system,
        case.connection,
        case.actor,
        verb,
        f"feed:{case.feed.name}",
        case.at,
        sender=message.sender,
        identifier=message.identifier,
        what=what,
        version=version,
    )
    return version


def _compose(case: Case, earlier: Earlier, found: Ruling) -> Alert:
    """The draft, in the place of drafts that it replaces."""
    draft = _draft(case, found.template, tuple(alert.id for alert in earlier.live))
    made = _in_place_of(case, earlier.pending, draft)
    said = (*case.entry.findings, *case.decision.findings)
    for note in (note for note in said if note.code in (*NOT_ITS_ISSUERS, "ended_before_it_came")):
        store_alerts.add_finding(case.connection, made.id, Finding(note.code, note.text))
    tell_left(case.connection, made, earlier.live, case.at)
    return made


def _submit(case: Case, alert_id: str, plan: Plan) -> Done:
    if not plan.submit:
        return Done(plan.action)
    try:
        submit(case.system, case.actor, alert_id, case.connection)
    except Refused as error:
        return Done("submit", f"It stays a draft: {error.text}")
    return Done("submit")


def _in_place_of(case: Case, pending: Sequence[Alert], draft: Draft) -> Alert:
    reason = f"replaced by {case.entry.message.identifier} of feed {case.feed.name}"
    for old in pending[1:]:
        _supersede(case, old, reason)
    if not pending:
        return compose.create(case.system, case.actor, draft, case.connection)
    return compose.replace_draft(case.system, case.connection, case.actor, pending[0].id, draft, reason)


def _supersede(case: Case, old: Alert, reason: str) -> None:
    new = put_away(case.connection, old, Verb.SUPERSEDE, case.actor, case.at, reason)
    recorded(case.system, case.connection, case.actor, Verb.SUPERSEDE, new, case.at, reason=reason)


def _draft(case: Case, template: str, replaces: tuple[str, ...]) -> Draft:
    message = case.entry.message
    zones = case.goes_on if case.decision.ended else ()
    return Draft(
        template=template,
        cap=message,
        zones=zones,
        areas=of_zones(case.connection, zones) if zones else (),
        replaces=replaces,
        source=_source(case),
        source_hash=case.entry.content_hash,
    )


def _source(case: Case) -> Source:
    message = case.entry.message
    return Source(case.feed.name, None, message.sender, message.identifier, message.sent)


# --- cancel -----------------------------------------------------------------------------------------------------
def _cancel(case: Case, earlier: Earlier) -> Outcome:
    """Shown warnings end at once, drafts are discarded with the reason, for live alerts a Cancel is drafted; for those
    that a rule released it is released by the rule too, or submitted."""
    stopped = switches.any_on(case.connection, RULES)
    rule = None if stopped else release_by_rule.followed(case.system, case.connection, earlier.live)
    if rule is not None:
        release_by_rule.locked(case.connection, rule.name, case.at)
    version = _cancel_shown(case, earlier.shown)
    notes = [_cancel_pending(case, old, stopped) for old in earlier.pending]
    whole = [old for old in earlier.live if rest(case, old.zones) == ()]
    notes += [_cancelled_in_part(case, old) for old in earlier.live if old not in whole]
    alert = _draft_cancel(case, whole) if whole else None
    if alert and rule:
        done = release_by_rule.carry_out(_wish(case, rule), alert)
        return Outcome(done.action, rule.name, alert, " ".join([*notes, done.note]).strip(), done.version or version)
    acted = bool(version or earlier.pending or earlier.live)
    return Outcome("draft" if alert else "keep" if acted else "", "", alert, " ".join(notes), version)


def rest(case: Case, zones: Sequence[str]) -> tuple[str, ...] | None:
    """Zones in which a warning goes on: none where all of it is over; None where it is not known where it held."""
    if not in_part(case.entry):
        return ()
    return tuple(zone for zone in zones if zone not in case.zones) if zones else None


def _cancel_shown(case: Case, rows: Sequence[store.ShownRow]) -> int | None:
    for row in rows:
        left = rest(case, row.zones)
        if left:
            store.narrow_shown(case.connection, row.id, left)
        else:
            store.end_shown(case.connection, row.id, "cancelled")
    return _published(case, "feed.cancel_shown", "cancelled") if rows else None


def _cancel_pending(case: Case, old: Alert, stopped: bool) -> str:
    reason = f"cancelled by {case.entry.message.identifier} of feed {case.feed.name}"
    left = rest(case, old.zones)
    if left is None:
        text = f"Its issuer ended a part of it ({case.entry.message.identifier}); look where it goes on."
        store_alerts.add_finding(case.connection, old.id, Finding("ended_in_part", text))
        return f"The draft {old.id} goes on: nobody knows where it holds."
    if not left:
        compose.discard(case.system, case.connection, case.actor, old.id, reason)
        return f"The draft {old.id} was discarded."
    if len(left) == len(old.zones):
        return f"The draft {old.id} goes on: none of its zones was cancelled."
    again = replace(
        redraft(old),
        zones=left,
        areas=(),
        replaces=old.replaces,
        msg_type=MsgType.ALERT,
        source_hash=store_alerts.source_hash(case.connection, old.id) or "",
    )
    new = compose.replace_draft(case.system, case.connection, case.actor, old.id, again, f"in part {reason}")
    store.relink(case.connection, old.id, new.id)
    waited = old.state == State.IN_REVIEW and not stopped
    done = _submit(case, new.id, Plan(draft=True, submit=waited))
    return f"The draft {old.id} goes on as {new.id} in {len(left)} of its zones. {done.note}".strip()


def _cancelled_in_part(case: Case, old: Alert) -> str:
    """A live alert that ends in some zones: the issuer's Update for the others follows, and people decide."""
    ended = [zone for zone in old.zones if zone in case.zones]
    if not ended:
        return f"The alert {old.id} goes on: none of its zones was cancelled."
    text = f"Its issuer ended it in {', '.join(ended)}; it goes on in the other zones. Lift those, or await an Update."
    store_alerts.add_finding(case.connection, old.id, Finding("ended_in_part", text))
    alarms.ring(case.connection, f"feed:{old.id}", "feed", f"Alert {old.id}: {text}", case.at)
    return f"The alert {old.id} is live and ended in part."


def _draft_cancel(case: Case, live: Sequence[Alert]) -> str:
    """A draft Cancel for people to submit. It stands as long as what it cancels would have."""
    message = case.entry.message
    if not message.infos:
        message = replace(message, infos=tuple(taken_back(info) for info in live[0].content.infos))
    latest = [old.expires for old in live if old.expires and old.expires > case.at]
    draft = Draft(
        template="cap",
        msg_type=MsgType.CANCEL,
        cap=message,
        zones=tuple(dict.fromkeys(zone for old in live for zone in old.zones)),
        expires=max(latest, default=case.at + timedelta(hours=CANCEL_HOURS)),
        replaces=tuple(old.id for old in live),
        source=_source(case),
        source_hash=case.entry.content_hash,
    )
    return compose.create(case.system, case.actor, draft, case.connection).id


# --- ignored, but it ends what it names ---------------------------------------------------------------------------
def _retire(case: Case, earlier: Earlier) -> Outcome:
    """An Update that comes too late to take effect still ends what it names, as it would have in order."""
    version = None
    if earlier.shown:
        for row in earlier.shown:
            store.end_shown(case.connection, row.id, "superseded")
        version = _published(case, "feed.show", "no longer shown")
    late = "" if case.decision.code == "green" else ", which came late"
    reason = f"replaced by {case.entry.message.identifier} of feed {case.feed.name}{late}"
    for old in earlier.pending:
        _supersede(case, old, reason)
    notes = [_hand_on(case, old) for old in earlier.live]
    return Outcome("", "", None, " ".join(notes), version)


def _hand_on(case: Case, live: Alert) -> str:
    """A live alert named by a late Update: what replaced that Update replaces the alert too, once it is approved."""
    by = case.decision.by
    heir = store_alerts.find(case.connection, by.alert) if by and by.alert else None
    if heir is None or heir.state not in PENDING:
        text = f"Its issuer replaced it by {case.entry.message.identifier}, which was read too late to take its place."
        if case.decision.code == "green":
            text = f"Its issuer says that nothing is to be expected any more ({case.entry.message.identifier})."
        store_alerts.add_finding(case.connection, live.id, Finding("replaced_by_issuer", text))
        alarms.ring(case.connection, f"feed:{live.id}", "feed", f"Alert {live.id}: {text}", case.at)
        return f"The alert {live.id} is live still; look at it."
    again = replace(
        redraft(heir),
        replaces=tuple(dict.fromkeys((*heir.replaces, live.id))),
        msg_type=heir.msg_type,
        source_hash=store_alerts.source_hash(case.connection, heir.id) or "",
    )
    new = compose.replace_draft(
        case.system, case.connection, case.actor, heir.id, again, f"it replaces {live.id} too, as a late Update says"
    )
    store.relink(case.connection, heir.id, new.id)
    return f"The draft {heir.id} goes on as {new.id}, which replaces the live alert {live.id} too."
