"""Decisions through forms: every rule holds there too, and against the command line and the API at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from broadcaster.app import create_app
from broadcaster.domain.alert import Mode
from broadcaster.domain.config import Config
from broadcaster.services import audit, bundles, compose, expand, show, switches, tokens
from broadcaster.services.approve import approve
from broadcaster.services.submit import submit
from broadcaster.services.system import Actor, System
from broadcaster.services.withdraw import withdraw
from broadcaster.store.schema import broadcasts, reviews
from tests.console.conftest import Visitor
from tests.people import PASSWORD, SHELL
from tests.services.agency import ORDER, agency, rows, settle_people
from tests.services.test_bundles import VALLEY, WARNING
from tests.services.test_races import at_once

New = Callable[..., Visitor]
WRITER = Actor("author@judge.example", "cli:author@desk", frozenset({"author"}), verified=True)
OTHER = Actor("chief@judge.example", "cli:chief@desk", frozenset({"approver"}), verified=True)
ROUNDS = 4


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Judge County's channels."""
    return agency(tmp_path)


@pytest.fixture
def county(house: System) -> System:
    """Its zones and people."""
    settle_people(house)
    return house


def waiting(system: System) -> tuple[str, str]:
    """An alert in review: its id and digest."""
    made = submit(system, WRITER, compose.create(system, WRITER, ORDER).id)
    return made.id, str(made.digest)


def decide(visitor: Visitor, id_: str, digest: str, changed: dict[str, str] | None = None) -> int:
    """The approving form as its page would send it."""
    form = {"do": "approve", "digest": digest, "understood": "1", "password": PASSWORD, **(changed or {})}
    return visitor.post(f"/console/alerts/{id_}/decide", form).status_code


def state(system: System, id_: str) -> str:
    return str(show.alert(system, id_)["state"])


def test_an_approver_ticks_proves_and_it_is_live(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    page = visitor("approver").get(f"/console/alerts/{id_}/review").get_data(True)
    assert "I understand this will alert a few people." in page
    assert digest in page
    assert decide(visitor("approver"), id_, digest) == 302
    assert state(county, id_) == "live"


def test_while_sending_is_stopped_no_page_promises_a_text(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    one, stopped = visitor("approver"), "Sending is stopped: nobody gets a text until it goes on."
    assert stopped not in one.get(f"/console/alerts/{id_}/review").get_data(True)
    switches.stop(county, OTHER, "sending")
    for path in ("review", "override"):
        page = one.get(f"/console/alerts/{id_}/{path}").get_data(True)
        assert stopped in page
        assert "last about" not in page
        assert "last text about" not in page
    assert decide(one, id_, digest) == 302
    for _ in range(2):  # before and after its messages are written down
        page = one.get(f"/console/alerts/{id_}").get_data(True)
        assert stopped in page
        assert "the last one leaves" not in page
        expand.resume(county)


def test_pressing_twice_is_no_mistake_but_another_person_learns_that_it_was_decided(
    county: System, visitor: New
) -> None:
    id_, digest = waiting(county)
    mine = visitor("approver")
    assert [decide(mine, id_, digest) for _ in range(2)] == [302, 302]
    page = mine.get(f"/console/alerts/{id_}").get_data(True)
    assert "It is on air." in page
    assert "Nothing was changed" not in page
    assert decide(visitor("chief"), id_, digest) == 409


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("alerts/{}/decide", "/console/alerts/{}"),
        ("alerts/{}/discard", "/console/alerts/{}"),
        ("exercise", "/console/"),
    ],
)
def test_the_address_of_a_form_asked_for_anew_leads_to_its_page(
    county: System, visitor: New, path: str, to: str
) -> None:
    id_, _digest = waiting(county)
    answer = visitor("approver").get("/console/" + path.format(id_))
    assert (answer.status_code, answer.headers["Location"]) == (302, to.format(id_))


@pytest.mark.parametrize(
    ("who", "more", "status"),
    [
        ("approver", {"understood": ""}, 409),
        ("approver", {"password": ""}, 401),
        ("approver", {"password": "wrong horse battery"}, 401),
        ("approver", {"digest": "0" * 64}, 409),
        ("approver", {"digest": ""}, 409),
        ("author", {}, 403),
    ],
)
def test_without_tick_proof_digest_or_role_nothing_is_released(
    county: System, visitor: New, who: str, more: dict[str, str], status: int
) -> None:
    id_, digest = waiting(county)
    assert decide(visitor(who), id_, digest, more) == status
    assert state(county, id_) == "in_review"
    assert rows(county, sa.select(broadcasts.c.id)) == []


def test_a_refusal_stands_at_the_top_and_leads_to_its_field(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    one = visitor("approver")
    assert "data-refused" not in one.get(f"/console/alerts/{id_}/review").get_data(True)
    for form, field in (({"password": PASSWORD}, "understood"), ({"understood": "1", "password": "no"}, "proof-wrong")):
        for path in ("decide", "override"):
            said = {"do": "approve", "digest": digest, "reason": "nobody answers", **form}
            page = one.post(f"/console/alerts/{id_}/{path}", said).get_data(True)
            summary = page.partition("data-refused>")[2].partition("</div>")[0]
            assert "Nothing was sent:" in summary
            assert f'href="#{field}"' in summary
            assert f'id="{field}"' in page
    approve(county, OTHER, id_, digest)
    for path in ("error", "lift"):
        page = one.post(f"/console/alerts/{id_}/{path}").get_data(True)
        assert "Nothing was sent:" in page.partition("data-refused>")[2]


def test_an_exercise_shares_no_button_with_the_real_thing(county: System, visitor: New) -> None:
    made = submit(county, WRITER, compose.create(county, WRITER, replace(ORDER, mode=Mode.EXERCISE)).id)
    one = visitor("approver")
    page = one.get(f"/console/alerts/{made.id}/review").get_data(True)
    assert "EXERCISE: send to about " in page
    assert "<title>EXERCISE · Review: " in page
    assert "<title>EXERCISE · Review: EXERCISE" not in page
    assert "no phone known" in one.get(f"/console/alerts/{made.id}/override").get_data(True)
    assert "Alert about" not in page
    assert decide(one, made.id, str(made.digest)) == 302
    page = one.get(f"/console/alerts/{made.id}").get_data(True)
    assert "The exercise is under way." in page
    assert "It is on air." not in page
    page = one.get(f"/console/alerts/{made.id}/error").get_data(True)
    assert "people that it was an error" in page
    assert "the page says" not in page


def test_who_submitted_does_not_approve_by_form_either(county: System, visitor: New) -> None:
    chief = replace(OTHER, roles=frozenset({"approver", "admin"}))
    made = submit(county, chief, compose.create(county, chief, ORDER).id)
    one = visitor("chief")
    assert decide(one, made.id, str(made.digest)) == 403
    page = one.get(f"/console/alerts/{made.id}/review").get_data(True)
    assert "another person must approve it" in page
    assert "approver@judge.example" in page


def test_nobody_decides_without_a_login_or_a_form_token(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    assert decide(visitor(), id_, digest) == 302
    bare = visitor("approver").client.post(f"/console/alerts/{id_}/decide", data={"do": "approve", "digest": digest})
    assert bare.status_code == 400
    assert state(county, id_) == "in_review"


@pytest.mark.parametrize("do", ["return", "reject"])
def test_sending_back_needs_a_reason_and_the_role(county: System, visitor: New, do: str) -> None:
    id_, _ = waiting(county)
    path = f"/console/alerts/{id_}/decide"
    assert visitor("approver").post(path, do=do, reason=" ").status_code == 409
    assert visitor("author").post(path, do=do, reason="no").status_code == 403
    assert state(county, id_) == "in_review"
    assert visitor("approver").post(path, do=do, reason="the road is open").status_code == 302
    assert state(county, id_) == {"return": "returned", "reject": "rejected"}[do]


def test_only_its_submitter_takes_it_back_and_an_unknown_act_does_nothing(county: System, visitor: New) -> None:
    id_, _ = waiting(county)
    path = f"/console/alerts/{id_}/decide"
    assert visitor("approver").post(path, do="withdraw").status_code == 403
    assert visitor("approver").post(path, do="publish").status_code == 409
    assert visitor("author").post(path, do="withdraw").status_code == 302
    assert state(county, id_) == "draft"


@pytest.mark.parametrize(
    ("who", "more", "status"),
    [
        ("author", {}, 403),
        ("approver", {"reason": " "}, 409),
        ("approver", {"understood": ""}, 409),
        ("approver", {"password": ""}, 401),
        ("approver", {"digest": "0"}, 409),
        ("approver", {}, 302),
    ],
)
def test_an_override_needs_role_reason_tick_proof_and_digest(
    county: System, visitor: New, who: str, more: dict[str, str], status: int
) -> None:
    id_, digest = waiting(county)
    form = {"digest": digest, "reason": "nobody answers", "understood": "1", "password": PASSWORD, **more}
    assert visitor(who).post(f"/console/alerts/{id_}/override", form).status_code == status
    assert state(county, id_) == ("live" if status == 302 else "in_review")


def test_where_the_policy_forbids_it_nobody_releases_alone(county: System) -> None:
    strict = replace(
        county, config=replace(county.config, policy=replace(county.config.policy, override_allowed=False))
    )
    id_, digest = waiting(strict)
    one = Visitor(create_app(strict).test_client())
    one.login("approver")
    assert "Release it alone" not in one.get(f"/console/alerts/{id_}/review").get_data(True)
    form = {"digest": digest, "reason": "nobody answers", "understood": "1", "password": PASSWORD}
    assert one.post(f"/console/alerts/{id_}/override", form).status_code == 403
    assert state(strict, id_) == "in_review"


@pytest.mark.parametrize(
    ("who", "password", "status"), [("approver", PASSWORD, 302), ("approver", "", 401), ("author", PASSWORD, 403)]
)
def test_a_correction_by_form_needs_role_and_proof(
    county: System, visitor: New, who: str, password: str, status: int
) -> None:
    id_, digest = waiting(county)
    approve(county, OTHER, id_, digest)
    path = f"/console/alerts/{id_}/error"
    assert visitor(who).get(path).status_code == 200
    assert visitor(who).post(path, password=password, reason="").status_code == status
    assert state(county, id_) == ("cancelled" if status == 302 else "live")


def test_stopping_is_for_approvers(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    approve(county, OTHER, id_, digest)
    assert visitor("author").post(f"/console/alerts/{id_}/stop").status_code in (302, 403)
    assert rows(county, sa.select(broadcasts.c.id).where(broadcasts.c.stopped.is_not(None))) == []
    assert visitor("approver").post(f"/console/alerts/{id_}/stop").status_code == 302
    assert len(rows(county, sa.select(broadcasts.c.id).where(broadcasts.c.stopped.is_not(None)))) == 1


def test_lifting_nothing_is_no_answer(county: System, visitor: New) -> None:
    id_, digest = waiting(county)
    approve(county, OTHER, id_, digest)
    path = f"/console/alerts/{id_}/lift"
    assert visitor("author").post(path).status_code == 422
    assert visitor("author").post(path, zone="nowhere").status_code == 422
    assert len(show.listing(county)["alerts"]) == 1


def test_what_does_not_exist_is_not_found(county: System, visitor: New) -> None:
    one = visitor("approver")
    for path in ("alerts/none", "alerts/none/review", "alerts/none/override", "alerts/none/error", "incidents/none"):
        assert one.get(f"/console/{path}").status_code == 404
    assert one.post("/console/alerts/none/decide", do="approve", understood="1", password=PASSWORD).status_code == 404


def test_records_of_an_incident_are_for_approvers_and_audited(county: System, visitor: New) -> None:
    id_, _ = waiting(county)
    path = f"/console/incidents/{show.alert(county, id_)['incident']}/records"
    assert visitor("author").post(path).status_code in (302, 403)
    answer = visitor("approver").post(path)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    assert answer.get_data()[:2] == b"PK"
    assert audit.verify(county) == []


# --- several doors at once ----------------------------------------------------------------------------------------
def test_an_approval_by_form_against_a_withdrawal_at_the_command_line_has_one_winner(
    county: System, visitor: New
) -> None:
    one = visitor("approver")
    for _ in range(ROUNDS):
        id_, digest = waiting(county)
        answers: list[int] = []
        outcomes = at_once(
            lambda: answers.append(decide(one, id_, digest)),  # noqa: B023
            lambda: withdraw(county, WRITER, id_),  # noqa: B023
        )
        by_form = answers[0] == 302
        assert outcomes[1] == ("wrong_state" if by_form else "done")
        assert state(county, id_) == ("live" if by_form else "draft")
    assert audit.verify(county) == []


def test_a_form_and_the_command_line_approve_a_bundle_once(county: System, visitor: New) -> None:
    one = visitor("approver")
    for _ in range(ROUNDS):
        id_ = bundles.create(county, WRITER, "evacuation", [VALLEY, WARNING])
        first, second = bundles.submit(county, WRITER, id_)
        digest = bundles.show(county, id_)["digest"]
        answers: list[int] = []
        outcomes = at_once(
            lambda: answers.append(decide(one, first.id, digest)),  # noqa: B023
            lambda: approve(county, OTHER, second.id, digest),  # noqa: B023
        )
        assert sorted([answers[0] == 302, outcomes[1] == "done"]) == [False, True]
        for part in (first, second):
            assert state(county, part.id) == "live"
            verbs = rows(county, sa.select(reviews.c.verb).where(reviews.c.alert == part.id).order_by(reviews.c.id))
            assert [row[0] for row in verbs] == ["submit", "approve"]


def test_a_token_submits_and_then_decides_nothing(county: System, visitor: New) -> None:
    made = tokens.add(county, SHELL, "partner", "submit", "chief@judge.example")
    secret = made if isinstance(made, str) else str(made[0])
    draft = compose.create(county, WRITER, ORDER)
    one = visitor()
    head = {"Authorization": f"Bearer {secret}"}
    answer = one.client.post(f"/api/v1/alerts/{draft.id}/submit", headers=head)
    assert answer.status_code in (200, 201), answer.get_data(True)
    for path in (f"/console/alerts/{draft.id}/decide", f"/console/alerts/{draft.id}/override"):
        assert one.client.post(path, headers=head, data={"do": "approve"}).status_code in (400, 401)
    digest = show.alert(county, draft.id)["digest"]
    assert decide(visitor("chief"), draft.id, digest) == 403  # the token's owner counts as its submitter
    assert decide(visitor("approver"), draft.id, digest) == 302
