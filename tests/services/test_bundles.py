"""Several alerts under one signature: decided whole or not at all, on both databases, whoever comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from broadcaster.domain.alert import Mode
from broadcaster.domain.errors import Forbidden, Invalid, NotFound, Refused
from broadcaster.services import audit, bundles, compose, show
from broadcaster.services.approve import approve
from broadcaster.services.correct import correct
from broadcaster.services.drafting import Draft, new_id
from broadcaster.services.end import expire
from broadcaster.services.extend import extend
from broadcaster.services.hand_in import hand_in
from broadcaster.services.lift import lift
from broadcaster.services.override import override
from broadcaster.services.reject import reject
from broadcaster.services.return_ import return_
from broadcaster.services.submit import submit
from broadcaster.services.system import System
from broadcaster.services.withdraw import withdraw
from broadcaster.store.schema import alerts, audit_entries, broadcasts, versions
from tests.conftest import Clock
from tests.services.agency import AUTHOR, CHIEF, DEPUTY, ORDER, live, rows
from tests.services.judge import config, people  # noqa: F401
from tests.services.test_races import at_once

WARNING = Draft(
    template="evacuation_warning",
    fields={"hazard": "wildfire", "route": "Go south on Highway 9", "route.es": "Vaya al sur por Highway 9"},
    zones=("hills",),
)
VALLEY = replace(ORDER, zones=("valley",))
ROUNDS = 4


def made(system: System, *drafts: Draft) -> str:
    return bundles.create(system, AUTHOR, "evacuation", drafts or (WARNING, VALLEY))


def waiting(system: System) -> tuple[str, list[str], str]:
    """A bundle in review: its id, its alerts in order, the digest."""
    id_ = made(system)
    bundles.submit(system, AUTHOR, id_)
    found = bundles.show(system, id_)
    return id_, [alert["id"] for alert in found["alerts"]], found["digest"]


def states(system: System, ids: list[str]) -> set[str]:
    return {show.alert(system, id_)["state"] for id_ in ids}


def test_a_bundle_is_one_incident_with_orders_first(system: System) -> None:
    found = bundles.show(system, made(system))
    assert [alert["template"] for alert in found["alerts"]] == ["evacuation_order", "evacuation_warning"]
    assert {alert["incident"] for alert in found["alerts"]} == {found["incident"]}
    assert bundles.show(system, made(system))["incident"] != found["incident"]
    ids = [alert["id"] for alert in found["alerts"]]
    for alert in found["alerts"]:
        assert alert["bundle"] == {"id": found["id"], "digest": found["digest"], "alerts": ids}
    assert (found["template"], found["created_by"]) == ("evacuation", AUTHOR.name)


def test_an_alert_alone_has_no_bundle(system: System) -> None:
    assert show.alert(system, live(system).id)["bundle"] is None


def test_submitting_any_part_submits_all(system: System) -> None:
    ids = [alert["id"] for alert in bundles.show(system, made(system))["alerts"]]
    submit(system, AUTHOR, ids[1])
    assert states(system, ids) == {"in_review"}
    submit(system, AUTHOR, ids[0])
    assert [r["verb"] for r in show.alert(system, ids[0])["reviews"]] == ["submit"]


def test_approving_any_part_puts_all_on_air_under_one_version_of_the_page(system: System) -> None:
    _, ids, digest = waiting(system)
    assert approve(system, CHIEF, ids[1], digest).id == ids[1]
    assert states(system, ids) == {"live"}
    found = rows(system, sa.select(broadcasts.c.alert, broadcasts.c.priority).order_by(broadcasts.c.priority))
    assert [tuple(row) for row in found] == [(ids[0], 0), (ids[1], 1)]
    assert len(rows(system, sa.select(versions.c.number))) == 1
    last = rows(system, sa.select(audit_entries.c.verb, audit_entries.c.object).order_by(audit_entries.c.id))[-2:]
    assert [tuple(row) for row in last] == [("alert.approve", f"alert:{id_}") for id_ in ids]
    assert audit.verify(system) == []


def test_the_digest_wanted_is_the_bundles(system: System) -> None:
    _, ids, digest = waiting(system)
    for wrong in (show.alert(system, ids[0])["digest"], "", digest[:-1] + "x"):
        with pytest.raises(Refused) as refused:
            approve(system, CHIEF, ids[0], wrong)
        assert refused.value.code == "digest"
    assert states(system, ids) == {"in_review"}


def test_four_eyes_and_blocking_findings_of_one_part_hold_all_of_it(system: System) -> None:
    _, ids, digest = waiting(system)
    both = replace(CHIEF, name=AUTHOR.name)
    with pytest.raises(Forbidden) as forbidden:
        approve(system, both, ids[0], digest)
    assert forbidden.value.code == "four_eyes"
    other = made(system, VALLEY, replace(WARNING, zones=()))
    with pytest.raises(Refused) as refused:
        bundles.submit(system, AUTHOR, other)
    assert refused.value.code == "no_area"
    assert states(system, [a["id"] for a in bundles.show(system, other)["alerts"]]) == {"draft"}


@pytest.mark.parametrize(("verb", "state"), [("withdraw", "draft"), ("return", "returned"), ("reject", "rejected")])
def test_taking_back_any_part_takes_all_back(system: System, verb: str, state: str) -> None:
    id_, ids, _ = waiting(system)
    acts = {
        "withdraw": lambda: withdraw(system, AUTHOR, ids[1]),
        "return": lambda: return_(system, CHIEF, ids[1], "the road is open"),
        "reject": lambda: reject(system, CHIEF, ids[1], "no"),
    }
    acts[verb]()
    assert states(system, ids) == {state}
    assert bundles.show(system, id_)["alerts"] == [] if verb == "reject" else True


def test_a_zone_in_two_parts_is_kept_as_typed_and_refused_at_submission(system: System) -> None:
    id_ = made(system, ORDER, WARNING)
    assert bundles.show(system, id_)["zones_twice"] == ["hills"]
    with pytest.raises(Refused) as refused:
        bundles.submit(system, AUTHOR, id_)
    assert refused.value.code == "zone_twice"


def test_a_drill_in_a_real_bundle_is_refused(system: System) -> None:
    id_ = made(system, VALLEY, replace(WARNING, mode=Mode.EXERCISE))
    with pytest.raises(Refused) as refused:
        bundles.submit(system, AUTHOR, id_)
    assert refused.value.code == "mixed_modes"


def test_editing_writes_named_parts_adds_new_ones_and_puts_the_others_away(system: System) -> None:
    id_ = made(system)
    order, warning = (alert["id"] for alert in bundles.show(system, id_)["alerts"])
    bundles.edit(system, AUTHOR, id_, [replace(ORDER, id=order)])
    found = bundles.show(system, id_)
    assert [(a["id"], a["zones"], a["revision"]) for a in found["alerts"]] == [(order, ["valley", "hills"], 2)]
    assert show.alert(system, warning)["state"] == "discarded"
    fresh = new_id()
    bundles.edit(system, AUTHOR, id_, [replace(VALLEY, id=order), replace(WARNING, id=fresh)])
    assert [alert["id"] for alert in bundles.show(system, id_)["alerts"]] == [order, fresh]
    bundles.edit(system, AUTHOR, id_, [VALLEY, WARNING])  # without ids: by template
    assert [alert["id"] for alert in bundles.show(system, id_)["alerts"]] == [order, fresh]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_part_is_taken_by_its_id_or_by_a_draft_without_one_and_by_no_other(system: System) -> None:
    id_ = made(system)
    order, warning = (alert["id"] for alert in bundles.show(system, id_)["alerts"])
    fresh = new_id()
    bundles.edit(system, AUTHOR, id_, [replace(VALLEY, id=order), replace(WARNING, id=fresh)])
    assert [alert["id"] for alert in bundles.show(system, id_)["alerts"]] == [order, fresh]
    assert show.alert(system, warning)["state"] == "discarded"
    bundles.edit(system, AUTHOR, id_, [replace(WARNING, id=fresh), replace(WARNING, zones=("valley",))])
    both = {alert["id"] for alert in bundles.show(system, id_)["alerts"]}
    assert (len(both), both & {order, warning, fresh}) == (2, {fresh})
    bundles.edit(system, AUTHOR, id_, [WARNING, replace(WARNING, zones=("valley",))])
    assert {alert["id"] for alert in bundles.show(system, id_)["alerts"]} == both


def test_of_two_editors_the_second_is_told_that_somebody_wrote(system: System) -> None:
    id_ = made(system)
    order, warning = (alert["id"] for alert in bundles.show(system, id_)["alerts"])
    parts = [replace(VALLEY, id=order), replace(WARNING, id=warning)]
    bundles.edit(system, AUTHOR, id_, parts, seen={order: 1, warning: 1})
    with pytest.raises(Refused) as refused:
        bundles.edit(system, CHIEF, id_, parts, seen={order: 1, warning: 1})
    assert refused.value.code == "conflict"
    bundles.edit(system, CHIEF, id_, parts, seen={})


def test_a_changed_bundle_refuses_the_old_digest(system: System) -> None:
    id_, ids, digest = waiting(system)
    withdraw(system, AUTHOR, ids[0])
    bundles.edit(system, AUTHOR, id_, [replace(VALLEY, id=ids[0]), replace(WARNING, id=ids[1], zones=())])
    with pytest.raises(Refused):
        bundles.submit(system, AUTHOR, id_)
    bundles.edit(system, AUTHOR, id_, [replace(VALLEY, id=ids[0])])
    bundles.submit(system, AUTHOR, id_)
    with pytest.raises(Refused) as refused:
        approve(system, CHIEF, ids[0], digest)
    assert refused.value.code == "digest"


def test_the_same_form_twice_is_one_bundle(system: System) -> None:
    parts = [replace(VALLEY, id=new_id()), replace(WARNING, id=new_id())]
    first, second = made(system, *parts), made(system, *parts)
    assert first == second
    assert len(rows(system, sa.select(alerts.c.id))) == 2


def test_one_form_sent_twice_at_the_same_moment_is_one_alert_or_one_bundle(system: System) -> None:
    for round_ in range(ROUNDS):
        parts = [replace(VALLEY, id=new_id()), replace(WARNING, id=new_id())]
        alone = replace(ORDER, id=new_id())
        assert at_once(*[lambda: made(system, *parts)] * 2) == ["done", "done"]  # noqa: B023
        assert at_once(*[lambda: hand_in(system, AUTHOR, alone, submitting=True)] * 2) == ["done", "done"]  # noqa: B023
        assert len(rows(system, sa.select(alerts.c.id))) == 3 * (round_ + 1)


def test_a_form_sent_again_writes_over_nobody(system: System) -> None:
    parts = [replace(VALLEY, id=new_id()), replace(WARNING, id=new_id())]
    id_ = made(system, *parts)
    bundles.submit(system, AUTHOR, id_)
    assert made(system, *parts) == id_  # a second tap on "submit": nothing new, nothing refused
    withdraw(system, AUTHOR, parts[0].id)
    with pytest.raises(Refused) as refused:
        made(system, replace(parts[0], fields={"hazard": "flood"}), parts[1])
    assert refused.value.code == "conflict"


def test_what_does_not_exist_is_said(system: System) -> None:
    with pytest.raises(Invalid):
        bundles.create(system, AUTHOR, "nothing", [VALLEY])
    with pytest.raises(Invalid):
        bundles.create(system, AUTHOR, "evacuation", [])
    for ask in (lambda: bundles.show(system, "none"), lambda: bundles.edit(system, AUTHOR, "none", [VALLEY])):
        with pytest.raises(NotFound):
            ask()
    id_, ids, _ = waiting(system)
    reject(system, CHIEF, ids[0], "no")
    with pytest.raises(Refused) as refused:
        bundles.submit(system, AUTHOR, id_)
    assert refused.value.code == "empty_bundle"


def test_a_part_that_expires_in_review_leaves_the_others_to_be_decided_anew(system: System, clock: Clock) -> None:

    id_ = made(system, VALLEY, replace(WARNING, expires=clock.at + timedelta(hours=1), until_lifted=False))
    bundles.submit(system, AUTHOR, id_)
    found = bundles.show(system, id_)
    clock.forward(hours=1, seconds=1)
    assert expire(system) == [found["alerts"][1]["id"]]
    with pytest.raises(Refused) as refused:
        approve(system, CHIEF, found["alerts"][0]["id"], found["digest"])
    assert refused.value.code == "digest"
    now = bundles.show(system, id_)
    assert approve(system, CHIEF, found["alerts"][0]["id"], now["digest"]).state == "live"


def test_an_override_releases_all_and_one_signature_signs_all(system: System) -> None:
    _, ids, digest = waiting(system)
    override(system, CHIEF, ids[0], digest, "nobody answers")
    assert states(system, ids) == {"live"}
    assert [show.alert(system, id_)["signature_owed"] for id_ in ids] == [True, True]
    with pytest.raises(Forbidden):
        approve(system, CHIEF, ids[1], digest)
    approve(system, DEPUTY, ids[1], digest)
    assert [show.alert(system, id_)["signature_owed"] for id_ in ids] == [False, False]
    assert audit.verify(system) == []


def test_parts_that_replace_the_same_alert_leave_no_zone_of_it_behind(system: System) -> None:
    old = live(system)  # an order in valley and hills
    id_ = made(system, replace(VALLEY, replaces=(old.id,)), replace(WARNING, replaces=(old.id,)))
    found = bundles.show(system, id_)
    assert found["incident"] == old.incident
    bundles.submit(system, AUTHOR, id_)
    approve(system, CHIEF, found["alerts"][0]["id"], found["digest"])
    alive = rows(system, sa.select(alerts.c.id).where(alerts.c.state == "live"))
    assert {row.id for row in alive} == {alert["id"] for alert in found["alerts"]}
    assert show.alert(system, old.id)["state"] == "superseded"


def test_of_two_approvers_of_different_parts_exactly_one_puts_it_on_air(system: System) -> None:
    for _ in range(ROUNDS):
        _, ids, digest = waiting(system)
        outcomes = at_once(
            lambda: approve(system, CHIEF, ids[0], digest),  # noqa: B023
            lambda: approve(system, DEPUTY, ids[1], digest),  # noqa: B023
        )
        assert sorted(outcomes) == ["done", "wrong_state"]
    assert len(rows(system, sa.select(broadcasts.c.id))) == 2 * ROUNDS
    assert audit.verify(system) == []


def test_approving_one_part_against_withdrawing_another_has_one_winner(system: System) -> None:
    for _ in range(ROUNDS):
        _, ids, digest = waiting(system)
        outcomes = at_once(
            lambda: approve(system, CHIEF, ids[1], digest),  # noqa: B023
            lambda: withdraw(system, AUTHOR, ids[0]),  # noqa: B023
        )
        assert sorted(outcomes) == ["done", "wrong_state"]
        assert states(system, ids) == {"live" if outcomes[0] == "done" else "draft"}
    assert audit.verify(system) == []


def test_of_two_corrections_of_a_whole_bundle_exactly_one_goes_out(system: System) -> None:
    _, ids, digest = waiting(system)
    approve(system, CHIEF, ids[0], digest)
    outcomes = at_once(
        lambda: correct(system, CHIEF, ids[0], "no fire", whole=True),
        lambda: correct(system, DEPUTY, ids[1], "no fire", whole=True),
    )
    assert sorted(outcomes) == ["done", "not_live"]
    assert states(system, ids) == {"cancelled"}
    assert len(rows(system, sa.select(broadcasts.c.id))) == 4
    assert audit.verify(system) == []


def test_a_single_edit_of_a_part_cannot_bring_a_zone_in_twice(system: System) -> None:
    id_ = made(system)
    warning = bundles.show(system, id_)["alerts"][1]["id"]
    compose.edit(system, AUTHOR, warning, replace(WARNING, zones=("valley",)))
    with pytest.raises(Refused) as refused:
        submit(system, AUTHOR, warning)
    assert refused.value.code == "zone_twice"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_all_of_a_bundle_is_followed_up_in_one_of_its_kind_or_of_none_and_a_part_alone_by_itself(
    system: System,
) -> None:
    _, ids, digest = waiting(system)
    approve(system, CHIEF, ids[0], digest)
    longer = extend(system, AUTHOR, ids[1], whole=True)
    found = bundles.show(system, str(longer.bundle))
    assert (found["template"], [a["replaces"] for a in found["alerts"]]) == ("evacuation", [[id_] for id_ in ids])
    reject(system, CHIEF, longer.id, "no")
    clear = lift(system, AUTHOR, ids[1], whole=True)
    found = bundles.show(system, str(clear.bundle))
    assert (found["template"], len(found["alerts"])) == ("", 2)
    assert (clear.content.fields["what"], clear.content.fields["what.es"]) == (
        "Evacuation warning",
        "Advertencia de evacuación",
    )
    assert lift(system, AUTHOR, ids[1], whole=True).id == clear.id
    alone = lift(system, AUTHOR, ids[1])
    assert (alone.bundle, alone.replaces) == (None, (ids[1],))
    assert lift(system, AUTHOR, ids[1]).id == alone.id
