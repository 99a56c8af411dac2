"""The live alert: numbers that move by themselves, a correction in three actions, lists and the incident."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from broadcaster.domain.alert import Mode
from broadcaster.services import compose, show
from broadcaster.services.approve import approve
from broadcaster.services.cancel import cancel
from broadcaster.services.lift import lift
from broadcaster.services.note import note
from broadcaster.services.send import Sender
from broadcaster.services.submit import submit
from broadcaster.store.schema import broadcasts, deliveries, subscribers
from tests.browser.console.conftest import LOOKS, PASSWORD, Desk, no_violations
from tests.browser.console.test_review import ORDER, Hands

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore::ResourceWarning")]


def send(desk: Desk) -> None:
    """All that is queued goes out now; in a thread, because the browser holds this one's event loop."""

    def work() -> None:
        sender = Sender(desk.system)
        try:
            for _ in range(40):
                sender.work(2)
                if not left(desk):
                    return
        finally:
            sender.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not left(desk)


def left(desk: Desk) -> bool:
    """Is anything still to be written or sent? Lost answers and busy lines are a sweep's work, and none runs here."""
    with desk.system.database.read() as connection:
        unwritten = sa.select(broadcasts.c.id).where(broadcasts.c.expanded.is_(None), broadcasts.c.ended.is_(None))
        unsent = sa.select(deliveries.c.id).where(deliveries.c.state.in_(("queued", "leased", "sending")))
        return any(connection.execute(query.limit(1)).first() for query in (unwritten, unsent))


def live(desk: Desk, **more: object) -> str:
    author = desk.actor("author")
    made = submit(desk.system, author, compose.create(desk.system, author, replace(ORDER, **more)).id)  # type: ignore[arg-type]
    return approve(desk.system, desk.actor("approver"), made.id, str(made.digest)).id


def gone(desk: Desk, share: int) -> None:
    """Every so-many-th phone does not exist any more (the simulation's rule: its number ends in 13)."""
    with desk.system.database.write() as connection:
        ids = connection.execute(sa.select(subscribers.c.id).order_by(subscribers.c.id)).scalars().all()
        for n, id_ in enumerate(ids[::share]):
            where = subscribers.c.id == id_
            connection.execute(subscribers.update().where(where).values(phone=f"+1503777{n:02d}13"))


@pytest.mark.parametrize("pace", [20])  # over more than one column of the chart
def test_the_numbers_move_by_themselves(desk: Desk) -> None:
    id_ = live(desk)
    page = desk.page("author", 390)
    desk.go(page, f"/console/alerts/{id_}")
    expect(page.locator(".big")).to_contain_text("Being written and sent to about 80 people")
    send(desk)
    expect(page.locator(".big")).to_contain_text(
        re.compile("Sent to 7[45] of 80, 100 % confirmed")
    )  # five phones fail by rule, one of them only at first
    expect(page.locator("svg.chart")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_every_state_of_an_alert_passes_axe(desk: Desk, width: int, dark: bool) -> None:
    shade = f"{width}-{'dark' if dark else 'light'}"
    gone(desk, 3)
    id_ = live(desk)
    send(desk)
    page = desk.page("approver", width, dark)
    desk.go(page, f"/console/alerts/{id_}")
    expect(page.locator(".short")).to_contain_text("were refused for good")
    expect(page.locator("[data-map] svg")).to_be_visible()
    no_violations(page)
    desk.shoot(page, f"alert-{shade}")
    for act in ("error", "lift", "extend"):
        desk.go(page, f"/console/alerts/{id_}/{act}")
        no_violations(page)
        desk.shoot(page, f"alert-{act}-{shade}")
    note(
        desk.system, desk.actor("author"), show.alert(desk.system, id_)["incident"], "Called the sheriff: road closed."
    )
    lifted = lift(desk.system, desk.actor("author"), id_, "", ["judge-hills"])
    approve(desk.system, desk.actor("approver"), lifted.id, str(lifted.digest))
    desk.go(page, f"/console/alerts/{id_}")
    expect(page.locator(".ending")).to_contain_text("Over only in some of its zones")
    for path, name in ((f"/console/alerts/{id_}", "alert-over"), ("/console/alerts", "alerts"), ("", "incident")):
        desk.go(page, path or f"/console/incidents/{lifted.incident}")
        no_violations(page)
        desk.shoot(page, f"{name}-{shade}")


def test_a_correction_to_everybody_in_three_actions(desk: Desk) -> None:
    id_ = live(desk)
    send(desk)
    page, hands = desk.page("approver", 390), Hands()
    desk.go(page, f"/console/alerts/{id_}")
    hands.tap(page.get_by_role("link", name="Sent in error").first)
    hands.fill(page.locator("main #password"), PASSWORD)
    button = page.get_by_role("button", name=re.compile(r"Tell about 7\d people now"))  # a busy line may be tried again
    hands.tap(button)
    expect(page.locator(".said").first).to_contain_text("The correction is on its way")
    assert hands.actions <= 3
    assert show.alert(desk.system, id_)["state"] == "cancelled"
    send(desk)
    page.reload()
    sent = re.compile(r"Sent to 7\d of 7\d")  # two answers are lost by rule
    expect(page.locator(".big")).to_contain_text(sent)
    desk.shoot(page, "correction-390-light")


def test_a_wrong_password_sends_no_correction(desk: Desk) -> None:
    id_ = live(desk)
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}/error")
    page.locator("main #password").fill("wrong horse battery")
    page.locator(".btn-danger").click()
    expect(page.locator("#proof-wrong")).to_be_visible()
    desk.errors.clear()  # the browser itself notes an answer that is a refusal
    assert show.alert(desk.system, id_)["state"] == "live"
    assert len(show.listing(desk.system)["alerts"]) == 1


def test_an_author_hands_the_correction_to_an_approver(desk: Desk) -> None:
    id_ = live(desk)
    page = desk.page("author", 390)
    desk.go(page, f"/console/alerts/{id_}/error")
    expect(page.locator("main #password")).to_have_count(0)
    page.get_by_role("button", name="Hand it to an approver").click()
    expect(page.locator(".waits")).to_contain_text("Waits for a decision")
    assert show.alert(desk.system, id_)["state"] == "live"


def test_lifting_some_zones_leaves_the_others(desk: Desk) -> None:
    id_ = live(desk)
    page = desk.page("author", 390)
    desk.go(page, f"/console/alerts/{id_}")
    page.get_by_role("link", name="Lift it: declare it over").click()
    page.get_by_label("Judge Hills").check()
    page.get_by_role("button", name="Submit the all clear").click()
    expect(page.locator("h1")).to_contain_text("Judge Hills")
    made = page.url.split("/")[-2]
    assert show.alert(desk.system, made)["zones"] == ["judge-hills"]


def test_a_stop_says_what_it_does_and_is_at_once(desk: Desk) -> None:
    id_ = live(desk)
    page = desk.page("approver", 390)
    desk.go(page, f"/console/alerts/{id_}")
    page.locator("#stop summary").click()
    page.get_by_role("button", name="Stop the sending now").click()
    expect(page.locator(".said").first).to_contain_text("No further message")
    assert show.alert(desk.system, id_)["reviews"][-1]["verb"] == "stop"


def test_exercises_stand_apart_in_the_list(desk: Desk) -> None:
    real, drill = live(desk), live(desk, mode=Mode.EXERCISE)
    page = desk.page("author", 390)
    desk.go(page, "/console/alerts")
    expect(page.locator(f"a[href*='{real}']")).to_have_count(1)
    expect(page.locator(f"a[href*='{drill}']")).to_have_count(0)
    page.get_by_role("link", name="Exercises").click()
    expect(page.locator(f"a[href*='{drill}']")).to_have_count(1)
    expect(page.locator(f"a[href*='{real}']")).to_have_count(0)
    no_violations(page)
    desk.shoot(page, "alerts-exercises-390-light")


def test_extending_asks_for_an_end_in_the_agencys_time(desk: Desk) -> None:
    until = desk.system.now() + timedelta(hours=2)
    id_ = live(desk, expires=until, until_lifted=False)
    page = desk.page("author", 390)
    desk.go(page, f"/console/alerts/{id_}/extend")
    page.get_by_role("button", name="Submit for approval").click()
    expect(page.locator(".waits")).to_contain_text("Waits for a decision")
    found = show.alert(desk.system, page.url.split("/")[-2])
    assert found["replaces"] == [id_]


def test_a_draft_and_a_waiting_follow_up_lead_on(desk: Desk) -> None:
    id_ = live(desk)
    waiting = cancel(desk.system, desk.actor("author"), id_)
    page = desk.page("author", 390)
    desk.go(page, f"/console/alerts/{id_}")
    expect(page.locator(f"a[href='/console/alerts/{waiting.id}/review']")).to_be_visible()
    draft = compose.create(desk.system, desk.actor("author"), ORDER)
    desk.go(page, f"/console/alerts/{draft.id}")
    expect(page.get_by_role("link", name="Go on writing it")).to_be_visible()
    no_violations(page)
    desk.shoot(page, "alert-draft-390-light")
