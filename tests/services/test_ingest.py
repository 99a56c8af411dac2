"""Documents of feeds to drafts, reviews, Cancels and warnings on the page, on both databases."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig, Match, RuleConfig
from broadcaster.services import audit, show
from broadcaster.services.approve import approve
from broadcaster.services.ingest import EntryResult, IngestResult, ingest
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import alarms, alerts, feed_entries, shown, versions, zones
from tests.alert_feeds.test_real_documents import dated
from tests.conftest import Clock
from tests.services.agency import AUTHOR, CHIEF, agency, rows, settle_people
from tests.services.feed_documents import BOTH, VALLEY, document, named, sent

NWS = FeedConfig("nws", "cap", trust="official")
SECOND = FeedConfig("second", "cap", trust="official")
OTHER = FeedConfig("other", "cap")
WHO = Actor("someone", "cli:someone@host")
HILLS = "38.01,-119.99 38.01,-119.95 38.05,-119.95 38.01,-119.99"
VTEC = "/O.{}.KSTO.TO.W.0001.261122T1100Z-261123T0600Z/"


def rule(action: str, **more: Any) -> RuleConfig:
    return RuleConfig(f"all-{action}", action, **more)


@pytest.fixture
def config(tmp_path: object) -> Config:
    made = agency(tmp_path)  # type: ignore[arg-type]
    return replace(made, feeds=(NWS, SECOND, OTHER), rules=(rule("submit"),))


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)


def ruled(system: System, *rules: RuleConfig) -> System:
    return replace(system, config=replace(system.config, rules=rules))


def read(system: System, *documents: bytes, feed: FeedConfig = NWS) -> EntryResult:
    """Ingest each; the result of the last one's first entry."""
    results = [ingest(system, feed, each, {}, WHO) for each in documents]
    return results[-1].entries[0]


def state(system: System, alert: str | None) -> str:
    assert alert is not None
    found: str = show.alert(system, alert)["state"]
    return found


def states(system: System) -> dict[str, str]:
    """State by the source's identifier, newest of each."""
    query = sa.select(alerts.c.source_identifier, alerts.c.state).order_by(alerts.c.created, alerts.c.id)
    return {str(a): str(b) for a, b in rows(system, query)}


def on_page(system: System) -> list[tuple[str, list[str]]]:
    query = sa.select(feed_entries.c.identifier, shown.c.zones).join(shown, shown.c.entry == feed_entries.c.id)
    return sorted((str(a), list(b)) for a, b in rows(system, query.where(shown.c.state == "live")))  # type: ignore[call-overload]


def published(system: System) -> int:
    return len(rows(system, sa.select(versions.c.number)))


def release(system: System, alert: str) -> None:
    found = show.alert(system, alert)
    if found["state"] == "draft":
        submit(system, AUTHOR, alert)
    approve(system, CHIEF, alert, show.alert(system, alert)["digest"])


def record(system: System) -> list[tuple[str, str, str, str]]:
    table = feed_entries.c
    query = sa.select(table.identifier, table.decision, table.code, table.action).order_by(table.id)
    return [tuple(row) for row in rows(system, query)]  # type: ignore[misc]


def test_a_warning_under_a_submit_rule_is_in_review_as_the_feeds(system: System) -> None:
    result = read(system, document())
    assert (result.identifier, result.decision, result.reason) == ("one", "new", "")
    found = show.alert(system, str(result.alert))
    assert (found["state"], found["submitted_by"], found["zones"]) == ("in_review", "feed:nws", ["valley"])
    assert found["source"]["identifier"] == "one"
    assert record(system) == [("one", "new", "", "submit")]
    assert audit.verify(system) == []


@pytest.mark.parametrize(("action", "made"), [("keep", 0), ("draft", 1), ("show", 0)])
def test_the_rule_decides_what_is_done(system: System, action: str, made: int) -> None:
    result = read(ruled(system, rule(action)), document())
    assert len(rows(system, sa.select(alerts.c.id))) == made
    assert (result.alert is not None) == bool(made)
    assert (len(on_page(system)), published(system)) == ((1, 1) if action == "show" else (0, 0))
    assert record(system) == [("one", "new", "", action)]
    if made:
        assert state(system, result.alert) == "draft"


def test_without_a_rule_an_entry_is_kept_with_its_bytes(system: System) -> None:
    body = document()
    assert read(ruled(system), body).alert is None
    assert rows(system, sa.select(feed_entries.c.raw, feed_entries.c.action))[0] == (body, "keep")


def test_a_rules_match_sees_the_zones_that_the_polygon_touches(system: System) -> None:
    only_hills = ruled(system, RuleConfig("hills", "draft", match=Match(zones=("hills",))))
    assert read(only_hills, document()).alert is None
    assert read(only_hills, document("two", polygon=HILLS)).alert is not None


def test_the_same_again_changes_nothing(system: System) -> None:
    first = read(system, document())
    again = read(system, document())
    assert (again.decision, again.alert) == ("ignore", first.alert)
    assert again.reason.startswith("duplicate")
    assert len(record(system)) == 1


def test_the_same_message_from_a_second_official_feed_is_a_duplicate_and_from_a_lesser_one_its_own(
    system: System,
) -> None:
    first = read(system, document())
    assert read(system, document(headline="other form"), feed=SECOND) == replace(
        first, decision="ignore", reason="duplicate: The feed nws brought this message before."
    )
    assert read(system, document(), feed=OTHER).decision == "new"


def test_a_lesser_feed_cannot_cancel_what_an_official_one_brought(system: System) -> None:
    ours = read(system, document()).alert
    cancel = document("end", 10, "Cancel", [named("one", 0)])
    assert read(system, cancel, feed=OTHER).alert is None
    assert state(system, ours) == "in_review"
    read(system, cancel, feed=SECOND)
    assert state(system, ours) == "discarded"


def test_the_same_identity_with_other_content_is_kept_as_a_problem_and_changes_nothing(system: System) -> None:
    ours = read(system, document()).alert
    result = read(system, document(headline="Changed"))
    assert (result.decision, result.alert) == ("problem", None)
    assert "changed_content" in result.reason
    assert state(system, ours) == "in_review"
    assert read(system, document(headline="Changed")).decision == "ignore"
    assert len(record(system)) == 2


def test_an_update_of_what_is_in_review_takes_its_place_and_the_old_digest_is_refused(system: System) -> None:
    from broadcaster.domain.errors import Refused

    first = str(read(system, document()).alert)
    digest = show.alert(system, first)["digest"]
    second = read(system, document("two", 10, "Update", [named("one", 0)], headline="New words"))
    assert second.decision == "update"
    assert (state(system, first), state(system, second.alert)) == ("superseded", "in_review")
    with pytest.raises(Refused):
        approve(system, CHIEF, first, digest)


def test_an_update_follows_its_predecessor_even_where_no_rule_matches_it(system: System) -> None:
    extreme = ruled(system, RuleConfig("extreme", "submit", match=Match(severity=("Extreme",))))
    first = read(extreme, document()).alert
    second = read(extreme, document("two", 10, "Update", [named("one", 0)], severity="Minor"))
    assert (state(system, first), state(system, second.alert)) == ("superseded", "draft")


def test_an_update_of_a_live_alert_is_a_new_draft_that_replaces_it(system: System) -> None:
    first = str(read(system, document()).alert)
    release(system, first)
    second = read(ruled(system), document("two", 10, "Update", [named("one", 0)]))
    found = show.alert(system, str(second.alert))
    assert (state(system, first), found["state"], found["replaces"]) == ("live", "draft", [first])
    release(system, str(second.alert))
    assert state(system, first) == "superseded"


def test_a_cancel_of_what_is_not_live_discards_it_with_the_reason(system: System) -> None:
    first = str(read(system, document()).alert)
    result = read(system, document("end", 10, "Cancel", [named("one", 0)], info=False))
    assert (result.decision, result.alert) == ("cancel", None)
    assert "discarded" in result.reason
    found = show.alert(system, first)
    assert found["state"] == "discarded"
    assert "end" in found["reviews"][-1]["reason"]


def test_a_cancel_of_a_live_alert_is_a_draft_cancel_that_people_release(system: System) -> None:
    first = str(read(system, document()).alert)
    release(system, first)
    result = read(system, document("end", 10, "Cancel", [named("one", 0)], info=False))
    found = show.alert(system, str(result.alert))
    assert (found["state"], found["msgType"], found["replaces"]) == ("draft", "Cancel", [first])
    assert found["zones"] == ["valley"]
    assert not [
        m["text"] for m in found["messages"] if "Take cover" in m["text"] or "declared it safe" not in m["text"]
    ]
    release(system, str(result.alert))
    assert state(system, first) == "cancelled"


def test_a_cancel_whose_own_end_has_passed_can_still_be_released(system: System) -> None:
    first = str(read(system, document()).alert)
    release(system, first)
    result = read(system, document("end", 10, "Cancel", [named("one", 0)], hours=0.5, polygon="1,1 2,2 2,1 1,1"))
    release(system, str(result.alert))
    assert state(system, first) == "cancelled"


def test_a_cancel_of_something_unknown_is_recorded_and_does_nothing(system: System) -> None:
    result = read(system, document("end", 10, "Cancel", [named("one", 0)]))
    assert (result.decision, result.alert) == ("cancel", None)
    assert rows(system, sa.select(feed_entries.c.findings))[0][0] == [
        {"code": "unknown_reference", "text": "It refers to one, which was never read."}
    ]


def test_a_shown_warning_is_replaced_and_cancelled_at_once_and_the_page_published(system: System) -> None:
    system = ruled(system, rule("show", match=Match(severity=("Extreme",))))
    read(system, document())
    assert on_page(system) == [("one", ["valley"])]
    read(system, document("two", 10, "Update", [named("one", 0)], severity="Minor", polygon=BOTH))
    assert on_page(system) == [("two", ["hills", "valley"])]
    read(system, document("end", 20, "Cancel", [named("two", 10)]))
    assert (on_page(system), published(system)) == ([], 3)
    assert audit.verify(system) == []


def test_a_warning_whose_zones_nobody_knows_is_not_shown(system: System) -> None:
    result = read(ruled(system, rule("show")), document(polygon="somewhere in the valley"))
    assert "no zone" in result.reason
    assert (on_page(system), published(system)) == ([], 0)


def test_a_shown_warning_without_an_end_gets_one(system: System) -> None:
    body = document().replace(b"<expires>", b"<effective>").replace(b"</expires>", b"</effective>")
    read(ruled(system, rule("show")), body)
    ((expires, at),) = rows(
        system, sa.select(shown.c.expires, feed_entries.c.sent).select_from(shown).join(feed_entries)
    )
    assert expires - at == timedelta(hours=system.config.policy.max_expires_hours)  # type: ignore[operator]


def test_vtec_that_ends_some_zones_leaves_the_others_shown(system: System) -> None:
    system = ruled(system, rule("show"))
    read(system, document(polygon=BOTH, vtec=VTEC.format("NEW")))
    end = document("two", 10, "Update", [named("one", 0)], polygon=VALLEY, vtec=VTEC.format("CAN"))
    assert read(system, end).decision == "cancel"
    assert on_page(system) == [("one", ["hills"])]
    read(system, document("three", 11, "Update", [named("one", 0)], polygon=HILLS, vtec=VTEC.format("CON")))
    assert on_page(system) == [("three", ["hills"])]


def test_vtec_that_ends_some_zones_leaves_a_draft_for_the_others(system: System) -> None:
    first = str(read(system, document(polygon=BOTH, vtec=VTEC.format("NEW"))).alert)
    end = document("two", 10, "Update", [named("one", 0)], polygon=VALLEY, vtec=VTEC.format("CAN"))
    read(system, end)
    assert state(system, first) == "superseded"
    ((kept,),) = rows(system, sa.select(feed_entries.c.alert).where(feed_entries.c.identifier == "one"))
    assert show.alert(system, str(kept))["zones"] == ["hills"]
    read(system, document("three", 12, "Cancel", [named("one", 0)], polygon=HILLS, vtec=VTEC.format("CAN")))
    assert state(system, str(kept)) == "discarded"


def test_vtec_that_ends_none_of_our_zones_changes_nothing(system: System) -> None:
    first = str(read(system, document(vtec=VTEC.format("NEW"))).alert)
    result = read(system, document("two", 10, "Cancel", [named("one", 0)], polygon=HILLS, vtec=VTEC.format("CAN")))
    assert state(system, first) == "in_review"
    assert "goes on" in result.reason


def test_vtec_that_ends_some_zones_of_a_live_alert_calls_people(system: System) -> None:
    first = str(read(system, document(polygon=BOTH, vtec=VTEC.format("NEW"))).alert)
    release(system, first)
    result = read(system, document("two", 10, "Cancel", [named("one", 0)], vtec=VTEC.format("CAN")))
    assert (state(system, first), result.alert) == ("live", None)
    assert [row[0] for row in rows(system, sa.select(alarms.c.key)) if str(row[0]).startswith("feed:")]
    texts = {finding["code"]: finding["text"] for finding in show.alert(system, first)["findings"]}
    assert "ended it in valley;" in texts["ended_in_part"]
    none = document("three", 11, "Cancel", [named("one", 0)], polygon="1,1 1,2 2,2 1,1", vtec=VTEC.format("CAN"))
    assert "goes on: none of its zones" in read(system, none).reason


def test_a_cancel_without_vtec_is_of_the_whole_message_whatever_its_area(system: System) -> None:
    first = str(read(system, document(polygon=BOTH)).alert)
    read(system, document("end", 10, "Cancel", [named("one", 0)], polygon=HILLS))
    assert state(system, first) == "discarded"


def test_a_rule_acts_only_so_often_in_an_hour_and_then_keeps(system: System, clock: Clock) -> None:
    system = ruled(system, rule("draft", max_per_hour=2))
    made = [read(system, document(f"n{n}", n)).alert for n in range(3)]
    assert [alert is not None for alert in made] == [True, True, False]
    assert record(system)[-1] == ("n2", "new", "", "keep")
    update = document("u", 10, "Update", [named("n0", 0)])
    assert read(system, update).alert is not None  # what follows up is never held back
    clock.forward(minutes=61)
    assert read(system, document("n4", 4, hours=9)).alert is not None


@pytest.mark.parametrize("action", ["draft", "submit", "show"])
def test_what_certainly_touches_no_zone_of_ours_is_kept_with_the_reason(system: System, action: str) -> None:
    result = read(ruled(system, rule(action)), document(polygon="1,1 1,2 2,2 1,1"))
    assert (result.decision, result.alert) == ("new", None)
    assert "no zone" in result.reason
    assert record(system) == [("one", "new", "", "keep")]
    assert (on_page(system), published(system)) == ([], 0)


def test_an_update_that_moves_elsewhere_puts_away_what_waited_and_is_drafted_where_people_were_warned(
    system: System,
) -> None:
    away = document("two", 10, "Update", [named("one", 0)], polygon="1,1 1,2 2,2 1,1")
    first = read(system, document()).alert
    second = read(system, away)
    assert (state(system, first), second.alert) == ("superseded", None)
    told = str(read(system, document("three", 20)).alert)
    release(system, told)
    gone = read(system, away.replace(b">two<", b">four<").replace(b",one,", b",three,").replace(*TIMES)).alert
    assert (state(system, told), state(system, gone)) == ("live", "draft")


def test_what_a_rule_would_submit_and_cannot_stays_a_draft_with_the_reason(system: System) -> None:
    """Its area is words alone, so a person must say which zones it means."""
    result = read(system, document(polygon="somewhere in the valley"))
    assert state(system, result.alert) == "draft"
    assert "stays a draft" in result.reason


def test_what_cannot_be_composed_is_a_problem_kept_once_and_tried_again(system: System) -> None:
    broken = ruled(system, rule("draft", template="no_such_template"))
    assert (read(broken, document()).decision, read(broken, document()).decision) == ("problem", "problem")
    assert record(system) == [("", "problem", "not_composed", "")]
    assert read(system, document()).decision == "new"


def test_bad_bytes_are_kept_once_with_their_problem(system: System) -> None:
    for _ in range(2):
        result = ingest(system, NWS, b"<alert", {}, WHO)
        assert result.as_dict("x.xml") == {
            "file": "x.xml",
            "entries": [],
            "problems": [{"code": "not_well_formed", "text": result.problems[0].text}],
        }
    assert rows(system, sa.select(feed_entries.c.raw, feed_entries.c.decision)) == [(b"<alert", "problem")]


def test_one_bad_alert_stops_none_of_its_neighbours(system: System) -> None:
    bad = document("bad").replace(b"<scope>Public</scope>", b"")
    inner = b"".join(body.partition(b"?>")[2] for body in (document("a"), bad, document("b")))
    result = ingest(system, NWS, b"<all>" + inner + b"</all>", {}, WHO)
    assert [entry.identifier for entry in result.entries] == ["a", "b"]
    assert [problem.code for problem in result.problems] == ["required"]


def test_ignored_entries_are_recorded_with_their_reason(system: System) -> None:
    assert read(system, document(status="Test")).reason.startswith("not_actual")
    assert read(system, document("old", hours=0.1)).reason.startswith("expired")
    assert record(system) == [("one", "ignore", "not_actual", ""), ("old", "ignore", "expired", "")]


def test_an_original_after_its_update_is_ignored(system: System) -> None:
    second = read(system, document("two", 10, "Update", [named("one", 0)]))
    first = read(system, document())
    assert (first.decision, first.alert) == ("ignore", None)
    assert first.reason.startswith("older")
    assert state(system, second.alert) == "in_review"


TIMES = sent(0).encode(), sent(20).encode()  # of the reference, where a document names another message
CHAIN = (
    document("one"),
    document("two", 10, "Update", [named("one", 0)]),
    document("three", 20, "Update", [named("two", 10)]),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_updates_shuffled_end_as_in_order(system: System, order: Sequence[int]) -> None:
    for n in order:
        read(ruled(system, rule("submit"), rule("show")), CHAIN[n])
    open_now = {name for name, found in states(system).items() if found in ("draft", "in_review", "live")}
    assert open_now == {"three"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_shown_updates_shuffled_end_as_in_order(system: System, order: Sequence[int]) -> None:
    for n in order:
        read(ruled(system, rule("show")), CHAIN[n])
    assert on_page(system) == [("three", ["valley"])]


def standing(system: System, sender: str) -> tuple[object, ...]:
    """What matters at the end of a story: alerts that are open, what is shown, what waits for a person."""
    e, a = feed_entries.c, alerts.c
    ours = sa.select(a.source_identifier, a.zones, a.state).where(a.source_sender == sender)
    ours = ours.where(a.state.in_(["draft", "in_review", "live"]))
    page = sa.select(e.identifier, shown.c.zones).join(shown, shown.c.entry == e.id)
    page = page.where(shown.c.state == "live", e.sender == sender)
    waiting = sa.select(e.identifier).where(e.awaits.is_not(None), e.sender == sender)
    return tuple(sorted(map(repr, rows(system, query))) for query in (ours, page, waiting))


STORY = (  # two threads of one office, an exercise, and what was over before it was read
    *CHAIN,
    document("four", 30, "Cancel", [named("three", 20)], info=False),
    document("five", 1, polygon=HILLS, event="Flood Warning"),
    document("six", 11, "Update", [named("five", 1)], polygon=BOTH, event="Flood Warning"),
    document("seven", 2, status="Exercise"),
    document("eight", 3, hours=0.5, event="Dust Storm Warning"),
    document("nine", 4, "Update", [named("eight", 3)], hours=0.6, event="Dust Storm Warning"),
)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", ["submit", "show", "keep"])
def test_a_night_of_several_threads_ends_the_same_in_any_order(system: System, action: str) -> None:
    """And each of it read twice, by two feeds. Each time another office of the same county."""
    ended = []
    for seed in range(5):
        story = [each.replace(b"w-nws@", f"w-nws{seed}@".encode()) for each in (*STORY, *STORY)]
        if seed:
            random.Random(seed).shuffle(story)
        for n, each in enumerate(story):
            read(ruled(system, rule(action)), each, feed=(NWS, SECOND)[n % 2])
        ended.append(standing(system, f"w-nws{seed}@noaa.example"))
    assert any(ended[0])
    assert all(end == ended[0] for end in ended)


def test_after_a_day_off_what_is_over_is_history_and_what_holds_is_taken(system: System) -> None:
    over, holds = (document(name, n, hours=hours) for n, (name, hours) in enumerate([("over", 0.9), ("holds", 3)]))
    assert read(system, over).reason.startswith("expired")
    assert rows(system, sa.select(alerts.c.id)) == rows(system, sa.select(alarms.c.key)) == []
    assert read(system, holds).alert
    assert [found for found, *_ in record(system)] == ["over", "holds"]


def test_people_whom_an_update_leaves_behind_are_somebodys_business(system: System) -> None:
    first = str(read(system, document(polygon=BOTH)).alert)
    release(system, first)
    second = read(system, document("two", 10, "Update", [named("one", 0)]))
    findings = {one["code"]: one["text"] for one in show.alert(system, str(second.alert))["findings"]}
    assert "leaves Judge Hills behind" in findings["zones_left"]
    assert (f"left:{first}",) in rows(system, sa.select(alarms.c.key))
    read(system, document("three", 20, "Update", [named("two", 10)], polygon=BOTH))
    ((third,),) = rows(system, sa.select(alerts.c.id).where(alerts.c.source_identifier == "three"))
    assert "zones_left" not in {one["code"] for one in show.alert(system, str(third))["findings"]}


def test_the_same_message_of_a_second_feed_is_written_down_once_so_that_both_are_named(system: System) -> None:
    first = read(system, document())
    for _ in range(2):
        second = read(system, document(), feed=SECOND)
        assert (second.decision, second.alert) == ("ignore", first.alert)
    query = sa.select(feed_entries.c.feed, feed_entries.c.code, feed_entries.c.alert).order_by(feed_entries.c.id)
    assert rows(system, query) == [("nws", "", first.alert), ("second", "duplicate", first.alert)]


def test_a_late_update_hands_the_live_alert_on_to_what_replaced_it(system: System) -> None:
    """ONE is live, THREE came and names only TWO; then TWO comes and names ONE."""
    first = str(read(system, CHAIN[0]).alert)
    release(system, first)
    read(system, CHAIN[2])
    read(system, CHAIN[1])
    ((heir,),) = rows(system, sa.select(feed_entries.c.alert).where(feed_entries.c.identifier == "three"))
    assert first in show.alert(system, str(heir))["replaces"]
    release(system, str(heir))
    assert state(system, first) == "superseded"


def test_a_live_alert_that_nobody_can_replace_any_more_calls_people(system: System) -> None:
    first = str(read(system, CHAIN[0]).alert)
    release(system, first)
    result = read(system, document("two", 10, "Update", [named("one", 0)], hours=0.5))
    assert result.reason.startswith("expired")
    assert state(system, first) == "live"
    assert "replaced_by_issuer" in {finding["code"] for finding in show.alert(system, first)["findings"]}


def test_an_expired_update_still_takes_what_it_names_off_the_page_and_out_of_review(system: System) -> None:
    both = ruled(system, rule("submit"))
    first = read(both, document()).alert
    read(both, document("two", 10, "Update", [named("one", 0)], hours=0.5))
    assert state(system, first) == "superseded"
    shows = ruled(system, rule("show"))
    read(shows, document("three", 20))
    read(shows, document("four", 30, "Update", [named("three", 20)], hours=0.6))
    assert on_page(system) == []


def test_links_that_were_not_fetched_are_said(system: System) -> None:
    found = IngestResult(links=ingest(system, replace(NWS, format="cap_index"), INDEX, {}, WHO).links)
    assert found.as_dict("x")["problems"][0]["code"] == "links"


INDEX = b"""<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>t</title><updated>2026-11-22T00:00:00Z</updated>
<entry><id>1</id><title>a</title><updated>2026-11-22T00:00:00Z</updated>
<link type="application/cap+xml" href="http://feed.example/a.xml"/></entry></feed>"""


def test_every_real_document_goes_through_to_the_database(system: System, shared: Path) -> None:
    """Whatever it holds: entries recorded or problems kept, drafts made, and no exception on either database."""
    system = ruled(system, rule("draft"))
    ring = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    earth = {"id": "earth", "slug": "earth", "name": "Earth", "ugc": [], "same": []}
    with system.database.write() as connection:
        connection.execute(zones.update().values(ugc=[], same=[]))  # so that nobody knows where codes lie
        connection.execute(zones.insert().values(**earth, geometry={"type": "Polygon", "coordinates": [ring]}))
    for folder, format in (("cap", "cap"), ("edxl", "cap"), ("cap-feeds", "cap_index"), ("nws-geojson", "nws")):
        feed = FeedConfig(format, format)
        for path in sorted((shared / folder).iterdir()):
            if path.stat().st_size > 200_000 and "no_signature" not in path.name:
                continue  # the same document over and over, with different signatures
            result = ingest(system, feed, _dated(path, system), {}, WHO)
            assert result.entries or result.problems or result.links or format == "cap_index"
            assert all(entry.decision for entry in result.entries)
            assert not [entry for entry in result.entries if entry.reason.startswith("not_composed")]
    assert len(rows(system, sa.select(alerts.c.id))) > 30
    assert audit.verify(system) == []


def _dated(path: Path, system: System) -> bytes:
    """weather.gov's own test documents write "date:now +1 hour" for a time."""
    if not path.name.startswith("weather-gov"):
        return path.read_bytes()
    return dated(path.read_text(), system.now()).encode()


def test_what_a_mapping_filled_stands_before_the_approver(system: System) -> None:
    at = int(system.now().timestamp() * 1000)
    quake = {"id": "q", "properties": {"mag": 6.1, "time": at, "updated": at, "title": "M 6.1"}}
    place = {"geometry": {"type": "Point", "coordinates": [-119.97, 38.02, 5]}}
    result = read(system, json.dumps({"features": [{**quake, **place}]}).encode(), feed=FeedConfig("quakes", "usgs"))
    texts = [finding["text"] for finding in show.alert(system, str(result.alert))["findings"]]
    assert "severity filled by mapping: magnitude 6.1 -> Severe" in texts
