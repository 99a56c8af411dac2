"""An alert that people wrote from a mail without a proof, and what comes with one: one thread, no second text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.services import feed_desk, from_entry, show
from broadcaster.services.approve import approve
from broadcaster.services.hand_in import hand_in
from broadcaster.services.ingest import EntryResult, ingest
from broadcaster.services.reject import reject
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import alerts, feed_entries, shown
from tests.services.agency import AUTHOR, CHIEF, agency, rows, settle_people
from tests.services.feed_documents import document, named

STATE = FeedConfig("state", "cap", trust="official")
NWS = FeedConfig("nws", "cap", trust="official")
OTHER = FeedConfig("other", "cap")
WHO = Actor("someone", "cli:someone@host")
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(STATE, STATE.unverified, NWS, OTHER), rules=(RuleConfig("all", "submit"),))


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)


def read(system: System, body: bytes, feed: FeedConfig = STATE) -> EntryResult:
    return ingest(system, feed, body, {}, WHO).entries[0]


def written(system: System, body: bytes, live: bool = True) -> str:
    """The alert that people make of it as it comes without a proof."""
    read(system, body, STATE.unverified)
    (row,) = rows(system, sa.select(sa.func.max(feed_entries.c.id)))
    begun = from_entry.begin(system, int(str(row[0])))
    made = hand_in(system, AUTHOR, begun.draft, submitting=True, entry=int(str(row[0]))).alert
    if live:
        approve(system, CHIEF, made.id, str(made.digest))
    return made.id


def codes(system: System, alert: str) -> list[str]:
    return [finding["code"] for finding in show.alert(system, alert)["findings"]]


@pytest.mark.parametrize("feed", [STATE, NWS], ids=["its mailbox", "another official feed"])
@pytest.mark.parametrize("live", [True, False], ids=["live", "in review"])
def test_the_same_message_with_a_proof_leads_to_the_alert_that_was_written(
    system: System, live: bool, feed: FeedConfig
) -> None:
    ours = written(system, document(), live)
    found = read(system, document(), feed)
    assert (found.decision, found.alert) == ("new", ours)
    assert [row[0] for row in rows(system, sa.select(alerts.c.id))] == [ours]
    assert codes(system, ours).count("proven_since") == 1
    (_, proven) = rows(system, sa.select(feed_entries.c.id, feed_entries.c.awaits).order_by(feed_entries.c.id))
    assert proven[1] is None
    entry = feed_desk.entry(system, int(str(proven[0])))
    assert (entry.row.alert, entry.also_by) == (ours, (STATE.unverified.name,))
    later = read(system, document("two", 5, "Update", [named("one", 0)]), feed)
    assert show.alert(system, str(later.alert))["replaces"] == [ours]


def test_where_the_page_shows_what_is_official_it_shows_that_too(system: System) -> None:
    shows = replace(system, config=replace(system.config, rules=(RuleConfig("all", "show"),)))
    ours = written(shows, document(), live=False)
    assert read(shows, document()).alert == ours
    assert [row[0] for row in rows(shows, sa.select(shown.c.state))] == ["live"]


@pytest.mark.parametrize(("kind", "after"), [("Update", "in_review"), ("Cancel", "draft")])
def test_a_proven_message_that_names_it_speaks_of_that_alert(system: System, kind: str, after: str) -> None:
    ours = written(system, document())
    later = show.alert(system, str(read(system, document("two", 5, kind, [named("one", 0)])).alert))
    assert (later["state"], later["replaces"]) == (after, [ours])


def test_other_words_lesser_feeds_and_what_people_refused_link_nothing(system: System) -> None:
    ours = written(system, document())
    others = [read(system, document(headline="Another")).alert, read(system, document(), OTHER).alert]
    assert ours not in others
    assert None not in others
    refused = written(system, document("three"), live=False)
    reject(system, CHIEF, refused, "nothing proves it")
    assert read(system, document("three")).alert not in (None, refused)
    assert "proven_since" not in [*codes(system, ours), *codes(system, refused)]


def test_a_forged_update_from_which_people_wrote_holds_back_no_proven_message(system: System) -> None:
    written(system, document("two", 5, "Update", [named("one", 0)]))
    assert read(system, document()).decision == "new"


def test_what_waits_with_a_proof_waits_no_longer_once_an_alert_is_written_from_its_twin(system: System) -> None:
    quiet = replace(system, config=replace(system.config, rules=()))
    read(quiet, document(), STATE.unverified)
    read(quiet, document())
    first = feed_desk.entries(quiet).entries[-1].row.id
    made = hand_in(quiet, AUTHOR, from_entry.begin(quiet, first).draft, entry=first).alert
    assert [entry.row.alert for entry in feed_desk.entries(quiet).entries] == [made.id, made.id]
    assert feed_desk.entries(quiet, waiting=True).entries == ()
