"""Writing alerts in a real browser: the clocked story, the keyboard alone, the map, what outlives a page."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from broadcaster.domain.alert import State
from broadcaster.services import compose
from broadcaster.services.drafting import Draft
from broadcaster.store import alerts as store
from broadcaster.store import bundles as bundle_store
from broadcaster.store.schema import zones
from tests.browser.console.conftest import LOOKS, PASSWORD, Desk, no_violations, tab_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.timeout(300),
]
BUNDLE = "/console/new/bundle/evacuation"
ORDER = "/console/new/evacuation_order"
WIDTHS = pytest.mark.parametrize(("width", "dark"), LOOKS)


@dataclass
class Hand:
    """Counts what a person does: a click, a key on a control, a field filled in."""

    page: Page
    actions: int = 0

    def click(self, what: Locator) -> None:
        self.actions += 1
        what.click()

    def fill(self, what: Locator, text: str) -> None:
        self.actions += 1
        what.fill(text)

    def choose(self, what: Locator, label: str) -> None:
        self.actions += 1
        what.select_option(label=label)


def shade(dark: bool) -> str:
    return "dark" if dark else "light"


def draft(desk: Desk, **more: object) -> str:
    """A draft of the author's; the path of its page."""
    made = Draft("evacuation_order", {"hazard": "wildfire", "route": "Go south"}, zones=("judge-hills",), **more)  # type: ignore[arg-type]
    return f"/console/alerts/{compose.create(desk.system, desk.actor('author'), made).id}/edit"


def checked(page: Page, text: str) -> None:
    """The check beside the form says so by now."""
    expect(page.locator("#check")).to_contain_text(text)


# --- the clocked story ------------------------------------------------------------------------------------------
def test_an_evacuation_bundle_from_login_to_submitted_in_at_most_14_actions(desk: Desk) -> None:
    page = desk.page(width=390)
    desk.go(page, "/console/login")
    hand = Hand(page)
    hand.fill(page.locator("#email"), "author@judge.example")
    hand.fill(page.locator("#password"), PASSWORD)
    hand.click(page.locator("main form button:not([name=lang])").last)
    hand.click(page.get_by_role("link", name="New alert"))
    hand.click(page.get_by_role("link", name="Evacuation: orders, warnings, shelter"))
    for zone, word in (("Judge Hills", "Order"), ("Judge Valley", "Warning"), ("North Judge", "Shelter")):
        hand.click(page.get_by_role("group", name=zone).get_by_role("radio", name=word))
    hand.choose(page.locator("[name='f.hazard']"), "Wildfire")
    hand.fill(page.locator("[name='evacuation_order-f.route']"), "Go south on Highway 9")
    hand.fill(page.locator("[name='evacuation_order-f.route.es']"), "Vaya al sur por Highway 9")
    hand.fill(page.locator("[name='evacuation_order-f.shelter']"), "Judge High School, 12 Oak Street")
    hand.click(page.get_by_role("button", name="Submit all for approval"))
    page.wait_for_url(re.compile(r"/console/(alerts|bundles|review)/"))
    assert hand.actions <= 14
    _is_submitted(desk)


def _is_submitted(desk: Desk) -> None:
    with desk.system.database.read() as connection:
        parts = store.in_states(connection, State.IN_REVIEW)
        assert len({part.bundle for part in parts}) == 1
        ordered = bundle_store.parts(connection, str(parts[0].bundle))
        texts = {m.language for part in ordered for m in store.messages_of(connection, part.id)}
    assert [(part.content.template, part.zones) for part in ordered] == [
        ("evacuation_order", ("judge-hills",)),
        ("evacuation_warning", ("judge-valley",)),
        ("shelter_in_place", ("north-judge",)),
    ]
    assert texts == {"en", "es"}
    assert {part.submitted_by for part in ordered} == {"author@judge.example"}
    assert ordered[0].content.fields["route.es"] == "Vaya al sur por Highway 9"


def test_the_same_story_by_keyboard_alone(desk: Desk) -> None:
    page = desk.page(width=1280)
    desk.go(page, "/console/login")
    keys = page.keyboard
    tab_to(page, "#email")
    keys.type("author@judge.example")
    tab_to(page, "#password")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    tab_to(page, "a[href='/console/new']")
    keys.press("Enter")
    page.wait_for_url("**/console/new")
    tab_to(page, ".choice.first")
    keys.press("Enter")
    page.wait_for_url(f"**{BUNDLE}")
    for zone, steps in (("judge-hills", 1), ("judge-valley", 2), ("north-judge", 3)):
        tab_to(page, f"[name='part.{zone}']")
        for _ in range(steps):
            keys.press("ArrowRight")
    tab_to(page, "[name='f.hazard']")
    keys.type("Wild")
    tab_to(page, "[name='evacuation_order-f.route']")
    keys.type("Go south on Highway 9")
    tab_to(page, "[name='evacuation_order-f.route.es']")
    keys.type("Vaya al sur por Highway 9")
    keys.press("Enter")  # in a line of text it decides nothing
    checked(page, "Nothing stands in the way")
    assert page.url.endswith(BUNDLE)
    tab_to(page, ".act .btn-primary")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/console/(alerts|bundles|review)/"))
    _is_submitted(desk)


# --- looks ------------------------------------------------------------------------------------------------------
@WIDTHS
def test_the_single_alert_in_all_its_states(desk: Desk, width: int, dark: bool) -> None:
    page, tag = desk.page("author", width, dark), f"{width}-{shade(dark)}"
    desk.go(page, "/console/new")
    no_violations(page)
    desk.shoot(page, f"compose-choose-{tag}")
    desk.go(page, ORDER)
    expect(page.locator(".leaflet-container")).to_be_visible()
    no_violations(page)
    desk.shoot(page, f"compose-empty-{tag}")
    page.locator("[name='f.route']").fill("Go south — don’t wait")
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url("**/edit?tried=1")
    expect(page.locator("[data-slot='field:hazard']")).to_contain_text("Hazard is needed")
    expect(page.locator(".cost").first).to_be_visible()
    no_violations(page)
    desk.shoot(page, f"compose-findings-{tag}")


@WIDTHS
def test_the_bundle_a_conflict_and_an_exercise(desk: Desk, width: int, dark: bool) -> None:
    page, tag = desk.page("author", width, dark), f"{width}-{shade(dark)}"
    desk.go(page, BUNDLE)
    for zone, word in (("Judge Hills", "Order"), ("Judge Valley", "Warning"), ("North Judge", "Shelter")):
        page.get_by_role("group", name=zone).get_by_role("radio", name=word).click()
    page.locator("[name='f.hazard']").select_option("wildfire")
    checked(page, "Nothing stands in the way")
    no_violations(page)
    desk.shoot(page, f"compose-bundle-{tag}")
    path = draft(desk)
    desk.go(page, path)
    edited = Draft("evacuation_order", {"hazard": "flood", "route": "Go north"}, zones=("north-judge",))
    compose.edit(desk.system, desk.actor("second"), path.split("/")[3], edited)
    page.evaluate("document.querySelector('[data-compose]').removeAttribute('data-autosave')")
    page.locator("[name='f.route']").fill("Go west")
    with page.expect_response(lambda answer: answer.status == 409):
        page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading", name="Two people wrote in this draft")).to_be_visible()
    no_violations(page)
    desk.shoot(page, f"compose-conflict-{tag}")
    desk.errors.clear()  # the browser itself notes an answer that is a refusal
    page.locator("summary").filter(has_text="More").click()
    page.get_by_role("button", name="Exercise mode").click()
    desk.go(page, ORDER)
    expect(page.locator(".hatch").first).to_contain_text("EXERCISE")
    no_violations(page)
    desk.shoot(page, f"compose-exercise-{tag}")


# --- the map ----------------------------------------------------------------------------------------------------
def test_a_tap_on_the_map_chooses_and_the_list_says_the_same(desk: Desk) -> None:
    page = desk.page("author", 1280)
    desk.go(page, ORDER)
    page.locator("path.zone").nth(1).click()
    expect(page.get_by_label("Judge Valley")).to_be_checked()
    expect(page.locator("path.zone.picked")).to_have_count(1)
    checked(page, "40 people by sms")
    page.get_by_label("Judge Valley").uncheck()
    expect(page.locator("path.zone.picked")).to_have_count(0)


def test_in_a_bundle_a_tap_gives_what_the_brush_says(desk: Desk) -> None:
    page = desk.page("author", 1280)
    desk.go(page, BUNDLE)
    page.locator(".brush").get_by_role("radio", name="Shelter").click()
    page.locator("path.zone").nth(2).click()
    expect(page.locator("[name='part.north-judge'][value=shelter_in_place]")).to_be_checked()
    page.locator("path.zone").nth(2).click()
    expect(page.locator("[name='part.north-judge'][value='']")).to_be_checked()


def test_an_area_is_drawn_by_keyboard_corner_by_corner(desk: Desk) -> None:
    page = desk.page("author", 1280)
    desk.go(page, ORDER)
    page.get_by_role("button", name="Draw an area").press("Enter")
    keys = page.keyboard
    for key in ("Enter", "ArrowRight", "Enter", "ArrowDown", "Enter", "ArrowRight", "Enter", "Backspace", "Escape"):
        keys.press(key)
    expect(page.locator("[data-map-said]")).to_contain_text("Area of 3 corners added")
    ring = page.locator("[name=shape]").input_value()
    assert len(ring.split()) == 4
    assert ring.split()[0] == ring.split()[-1]
    expect(page.locator("path.drawn-area")).to_have_count(1)
    checked(page, "Judge")
    page.get_by_role("button", name="Remove what is drawn").click()
    expect(page.locator("[name=shape]")).to_have_value("")


def test_an_area_is_drawn_by_taps(desk: Desk) -> None:
    page = desk.page("author", 1280)
    desk.go(page, ORDER)
    page.get_by_role("button", name="Draw an area").click()
    box = page.locator(".map").bounding_box()
    assert box
    for x, y in ((0.4, 0.4), (0.6, 0.4)):
        page.mouse.click(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.get_by_role("button", name="Close the area").click()
    expect(page.locator("[data-map-said]")).to_contain_text("three corners")
    page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.7)
    page.get_by_role("button", name="Close the area").click()
    expect(page.locator("[data-map-said]")).to_contain_text("Area of 3 corners added")
    assert page.locator("input[name=zone]:checked").count() == 0


def test_many_zones_are_found_by_typing_and_what_is_chosen_stays_chosen(desk: Desk) -> None:
    with desk.system.database.write() as connection:
        for n in range(12):
            ring = [[-121.0, 45.0 + n], [-120.9, 45.0 + n], [-120.9, 45.1 + n], [-121.0, 45.0 + n]]
            shape = {"type": "Polygon", "coordinates": [ring]}
            row = {"id": f"z{n}", "slug": f"z{n}", "name": f"Creek {n}", "ugc": [], "same": [], "geometry": shape}
            connection.execute(zones.insert().values(**row))
    page = desk.page("author")
    desk.go(page, ORDER)
    page.get_by_label("Judge Valley").check()
    page.get_by_label("Find a zone").fill("creek 1")
    expect(page.locator("#zone-list .pick:visible")).to_have_count(3)
    page.get_by_label("Creek 11").check()
    no_violations(page)
    page.get_by_label("Find a zone").fill("")
    expect(page.locator("#zone-list .pick:visible")).to_have_count(15)
    assert page.locator("[name=zone]:checked").count() == 2


# --- what outlives a page ---------------------------------------------------------------------------------------
def test_what_was_typed_is_back_after_a_reload_and_gone_once_it_was_kept(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, ORDER)
    page.locator("[name='f.route']").fill("Go south on Highway 9")
    page.locator("[name='f.hazard']").select_option("flood")
    page.reload()
    expect(page.locator("#brought-back")).to_be_visible()
    expect(page.locator("[name='f.route']")).to_have_value("Go south on Highway 9")
    expect(page.locator("[name='f.hazard']")).to_have_value("flood")
    page.get_by_role("button", name="Save draft").click()
    page.wait_for_url("**/edit")
    desk.go(page, ORDER)
    expect(page.locator("[name='f.route']")).to_have_value("")
    expect(page.locator("#brought-back")).to_be_hidden()


def test_a_draft_is_kept_at_a_pause_and_a_second_writer_is_noticed(desk: Desk) -> None:
    page, path = desk.page("author"), draft(desk)
    desk.go(page, path)
    page.locator("[name='f.route']").fill("Go east on Mill Road")
    expect(page.locator("[data-kept]")).to_contain_text("Draft kept at")
    id_ = path.split("/")[3]
    with desk.system.database.read() as connection:
        assert store.get(connection, id_).content.fields["route"] == "Go east on Mill Road"
    compose.edit(
        desk.system, desk.actor("second"), id_, Draft("evacuation_order", {"route": "Go north"}, zones=("judge-hills",))
    )
    page.locator("[name='f.route']").fill("Go west")
    expect(page.locator("[data-kept]")).to_contain_text("Somebody else changed this draft")
    with desk.system.database.read() as connection:
        assert store.get(connection, id_).content.fields["route"] == "Go north"
    desk.errors.clear()  # the browser itself notes an answer that is a refusal


def test_the_check_follows_the_typing_and_a_tap_mends_a_costly_sign(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, ORDER)
    page.get_by_label("Judge Hills").check()
    page.locator("[name='f.hazard']").select_option("wildfire")
    page.locator("[name='f.route']").fill("Don’t wait")
    checked(page, "right single quotation mark")
    page.locator("[data-fix]").first.click()
    expect(page.locator("[name='f.route']")).to_have_value("Don't wait")
    expect(page.locator(".cost")).to_have_count(0)
    expect(page.locator("[data-count-of='f.route']")).to_have_text("10 / 60")


def test_hours_are_the_agencys_clock(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, "/console/new/severe_weather")
    page.locator("[data-into=expires][data-plus='3']").click()
    expect(page.locator("[name=end][value=at]")).to_be_checked()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d[05]", page.locator("#expires").input_value())


def test_a_finding_leads_to_its_field(desk: Desk) -> None:
    page = desk.page("author")
    desk.go(page, ORDER)
    page.get_by_role("link", name="Hazard is needed").click()
    expect(page.locator("[name='f.hazard']")).to_be_focused()


def test_without_script_the_page_does_the_same(desk: Desk) -> None:
    page = desk.page("author", script=False)
    desk.go(page, ORDER)
    expect(page.locator(".map")).to_be_hidden()
    page.locator("[name=zone][value=judge-hills]").check()
    page.locator("[name='f.hazard']").select_option("wildfire")
    page.get_by_role("button", name="Check now").click()
    checked(page, "Nothing stands in the way")
    page.get_by_role("button", name="Submit for approval").click()
    page.wait_for_url(re.compile(r"/console/alerts/"))
