"""A change of the rules takes two admins, is written whole or not at all, and is in force without a restart."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.domain.config import Config, FeedConfig, Match, RuleConfig
from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.rule_change import Change
from broadcaster.rules_file import RulesFile
from broadcaster.services import alarms, arm, audit, proposals, rule_change, rule_month, rule_test, rules_watch, show
from broadcaster.services.ingest import ingest
from broadcaster.services.rule_write import hindrance
from broadcaster.services.system import Actor, System
from broadcaster.settings import load_rules
from broadcaster.store import arming as store
from broadcaster.store import heartbeats
from broadcaster.store.schema import audit_entries
from tests.people import hire
from tests.services.agency import CHIEF, DEPUTY, agency, rows, settle_people
from tests.services.feed_documents import document, named

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL
NWS = FeedConfig("nws", "cap", trust="official")
WHO = Actor("someone", "cli:someone@host")
ONE, TWO = (Actor(f"{name}@judge.example", "console:x", frozenset({"admin"}), verified=True) for name in ("one", "two"))
TEXT = """# Asked in this order.
[[rule]]
name = "tornado"  # by night too
feeds = ["nws"]
match = { event = ["Tornado Warning"], severity = ["Extreme"], zones = ["valley"] }
action = "release"
max_per_hour = 2

# The rest.
[[rule]]
name = "rest"
action = "keep"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = agency(tmp_path)
    return replace(made, policy=replace(made.policy, release_oldest_minutes=120), feeds=(NWS,))


@pytest.fixture
def desk(system: System, tmp_path: Path) -> System:
    """A System on a real rules.toml, with two admins and two approvers."""
    settle_people(system)
    hire(system, {"one": ["admin"], "two": ["admin"], "chief": ["approver"], "deputy": ["approver"]})
    return on_file(system, tmp_path, TEXT)


def on_file(system: System, folder: Path, text: str) -> System:
    path = folder / "config" / "rules.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    config = replace(system.config, rules=load_rules(path, system.config))
    return replace(system, config=config, rules_file=RulesFile(path, config, every=0))


def file(system: System) -> Path:
    assert system.rules_file is not None
    return system.rules_file.path


def wished(system: System, **changes: Any) -> dict[str, Any]:
    """The detail of a proposal that changes the rule tornado."""
    ruled, data = rule_change.read_now(system)
    rule = ruled.config.rule("tornado")
    assert rule is not None
    change = Change("change", "tornado", replace(rule, **changes))
    return rule_change.detail_of(system, change, rule_change.digest(data))


def proposed(system: System, **changes: Any) -> int:
    return proposals.propose(system, ONE, "rule", wished(system, **changes)).id


def verbs(system: System) -> int:
    """How many changes of rules stand in the record."""
    return len(rows(system, sa.select(audit_entries.c.id).where(audit_entries.c.verb == "rule.change")))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(BroadcasterError) as caught:
        call()
    return caught.value.code


def test_what_one_admin_proposes_is_in_force_at_once_when_another_confirms_it(desk: System) -> None:
    os.chmod(file(desk), 0o640)
    made = proposed(desk, action="submit", max_per_hour=0)
    assert refused(lambda: proposals.confirm(desk, ONE, made)) == "four_eyes"
    assert file(desk).read_text() == TEXT
    proposals.confirm(desk, TWO, made)
    wanted = TEXT.replace('"release"', '"submit"').replace("max_per_hour = 2\n", "")
    assert (file(desk).read_text(), file(desk).stat().st_mode & 0o777) == (wanted, 0o640)
    assert [rule.action for rule in desk.ruled().config.rules] == ["submit", "keep"]
    assert os.listdir(file(desk).parent) == ["rules.toml"]
    ((detail,),) = rows(desk, sa.select(audit_entries.c.detail).where(audit_entries.c.verb == "rule.change"))
    assert 'action = "release"' in detail["before"]
    assert 'action = "submit"' in detail["after"]
    assert (Path(desk.settings.data) / detail["kept"]).read_text() == TEXT
    assert audit.verify(desk) == []


def test_a_file_changed_meanwhile_by_hand_is_never_written_over(desk: System) -> None:
    first, second = proposed(desk, max_per_hour=3), wished(desk, max_per_hour=4)
    by_hand = TEXT + "\n# looked at by the night shift\n"
    file(desk).write_text(by_hand)
    assert refused(lambda: proposals.confirm(desk, TWO, first)) == "rules_changed"
    assert refused(lambda: proposals.propose(desk, ONE, "rule", second)) == "rules_changed"
    assert file(desk).read_text() == by_hand
    assert [one["id"] for one in proposals.listing(desk) if one["waits"]] == [first]


def test_a_write_whose_transaction_was_lost_is_recorded_by_confirming_again(desk: System) -> None:
    detail = wished(desk, max_per_hour=3)
    made = proposals.propose(desk, ONE, "rule", detail).id
    with desk.database.write() as connection:
        rule_change.perform(desk, connection, TWO, detail, desk.now())
        connection.rollback()
    assert (verbs(desk), "max_per_hour = 3" in file(desk).read_text()) == (0, True)
    proposals.confirm(desk, TWO, made)
    assert (verbs(desk), "max_per_hour = 3" in file(desk).read_text()) == (1, True)


def test_the_only_admin_changes_them_alone_and_somebody_must_look(desk: System) -> None:
    with desk.database.write() as connection:
        connection.execute(sa.text("UPDATE users SET active = :no WHERE email = 'two@judge.example'"), {"no": False})
    assert proposals.propose(desk, ONE, "rule", wished(desk, max_per_hour=3)).done
    assert desk.ruled().config.rules[0].max_per_hour == 3
    assert [one["text"].split(" alone ")[1] for one in alarms.open_(desk)] == [
        "chose to change the rule tornado. Somebody else must look at it (Powers)."
    ]


def test_the_parts_that_run_disarm_a_changed_rule_with_its_confirmation_and_hold_it(desk: System) -> None:
    rule_test.run(desk, CHIEF, "tornado")
    digest = arm.state(desk, "tornado").digest
    assert [arm.arm(desk, who, "tornado", digest) for who in (CHIEF, DEPUTY)] == [False, True]
    late = replace(desk, rules_file=None)  # a part that has not read the new file yet
    proposals.confirm(desk, TWO, proposed(desk, max_per_hour=3))
    for one, system in (("one", late), ("two", desk)):
        made = ingest(system, NWS, document(one), {}, WHO).entries[0].alert
        assert show.alert(desk, str(made))["state"] == "in_review"
    assert "not armed" in arm.state(desk, "tornado").why


def test_a_file_broken_by_hand_keeps_the_last_good_rules_and_rings_until_it_is_mended(desk: System) -> None:
    file(desk).write_text(TEXT.replace('action = "keep"', "action = keep"))
    rules_watch.watch(desk)
    (told,) = [one["text"] for one in alarms.open_(desk)]
    assert "the last good rules stay in force" in told
    assert "line 12" in told
    assert [rule.action for rule in desk.ruled().config.rules] == ["release", "keep"]
    assert refused(lambda: wished(desk)) == "rules_broken"
    file(desk).unlink()
    rules_watch.watch(desk)
    assert "is gone" in alarms.open_(desk)[0]["text"]
    assert len(desk.ruled().config.rules) == 2
    file(desk).write_text(TEXT.replace('action = "keep"', 'action = "submit"'))
    rules_watch.watch(desk)
    assert alarms.open_(desk) == []
    assert [rule.action for rule in desk.ruled().config.rules] == ["release", "submit"]


def test_one_document_is_read_by_the_rules_that_hold_when_each_entry_is_written(desk: System) -> None:
    file(desk).write_text(TEXT.replace('"release"', '"draft"').replace("max_per_hour = 2\n", ""))
    made = ingest(desk, NWS, document(), {}, WHO).entries[0].alert
    assert show.alert(desk, str(made))["state"] == "draft"


def test_the_month_is_sifted_by_record_and_words_and_what_is_too_much_is_counted(desk: System) -> None:
    far = "10.01,-120.99 10.01,-120.95 10.05,-120.95 10.01,-120.99"
    flood = document("three", 2, event="Flood Warning", headline="Flood")
    bodies = [document(), document("two", 1, polygon=far), flood]
    bodies.append(document("four", 3, "Update", [named("one", 0)], polygon=far))
    for body in bodies:
        ingest(replace(desk, config=replace(desk.config, rules=()), rules_file=None), NWS, body, {}, WHO)
    sieve = rule_month.Sieve(desk.config.rules[:1])
    with desk.database.read() as connection:
        assert rule_month.near(connection, sieve, desk.now()) == ([1, 3, 4], 0)
        assert rule_month.near(connection, sieve, desk.now(), chains=False, most=1) == ([3], 1)
        assert rule_month.near(connection, sieve, desk.now() + timedelta(days=31)) == ([], 0)
        first, third, _ = store.documents(connection, [1, 3, 4])
    assert (sieve.says(first), sieve.says(third)) == (True, False)
    spanish = rule_month.Sieve((RuleConfig("s", "keep", match=Match(event=("aviso de tornado",))),))
    rows_ = [
        SimpleNamespace(event="tornado warning", raw=raw) for raw in (b"<event>Aviso\nde Tornado", b"<event>Aviso")
    ]
    assert [spanish.says(row) for row in rows_] == [True, False]


def test_other_certificates_under_the_same_name_disarm_the_rules_of_their_feed(desk: System, tmp_path: Path) -> None:
    issuer = tmp_path / "issuer.pem"
    issuer.write_text("one")
    trusting = replace(desk, config=replace(desk.config, feeds=(replace(NWS, certificates=(str(issuer),)),)))
    before = arm.state(trusting, "tornado").digest
    issuer.write_text("another")
    assert arm.state(trusting, "tornado").digest != before
    issuer.unlink()
    assert arm.state(trusting, "tornado").digest != before


def test_where_the_file_cannot_be_changed_for_all_parts_it_is_said_before_and_refused(desk: System) -> None:
    detail = wished(desk, max_per_hour=3)
    with desk.database.write() as connection:
        for host in ("a", "b"):
            heartbeats.beat(connection, "worker", f"{host}:1", desk.now())
        found = hindrance(desk, connection)
    assert found is not None
    assert "(a, b)" in found.text
    assert refused(lambda: proposals.propose(desk, ONE, "rule", detail)) == "rules_machines"


def test_a_file_that_cannot_be_cut_into_rules_is_left_to_people(desk: System, tmp_path: Path) -> None:
    odd = on_file(desk, tmp_path, 'rule = [{ name = "tornado", action = "submit" }]\n')
    assert refused(lambda: wished(odd, action="keep")) == "file_shape"


def test_a_rule_that_no_configuration_may_hold_is_refused_with_its_key(desk: System) -> None:
    with pytest.raises(BroadcasterError, match="must say it") as caught:
        wished(desk, max_per_hour=0)
    assert caught.value.code == "C083"
    new = Change("add", rule=RuleConfig("tornado", "keep"), place=9)
    _, data = rule_change.read_now(desk)
    assert refused(lambda: rule_change.detail_of(desk, new, rule_change.digest(data))) == "C016"
