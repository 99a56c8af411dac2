"""A mailbox as a feed: what is proven is taken, the rest is kept for people and moves nothing, nothing counts twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.serialization import Encoding

from broadcaster.domain.config import Config, FeedConfig, RuleConfig
from broadcaster.domain.errors import Refused
from broadcaster.services import doctor, feed_desk, from_entry
from broadcaster.services.poll import poll
from broadcaster.services.system import System, wall_clock
from broadcaster.store.schema import alerts, feed_documents, feed_entries, feed_states, mailboxes, shown
from tests.alert_feeds.test_mailbox import answering
from tests.alert_feeds.test_signature import signed as xml_signed
from tests.alert_feeds.test_signature import signer
from tests.mailboxes import (
    AGENCY,
    PASSWORD,
    USER,
    Imap,
    dns_server,
    imap_server,
    key,
    letter,
    odd_server,
    relay,
    signed,
)
from tests.services.agency import agency, rows, settle_people
from tests.services.feed_documents import document, named

ROOT = Path(__file__).resolve().parents[2]
OURS = "mx.county.example"
PASSED = {"Authentication_Results": f"{OURS}; dmarc=pass header.from=agency.example"}
FEED = FeedConfig(
    "state",
    "cap",
    trust="official",
    allow_private=True,
    user=USER,
    password="env:P",
    senders=(AGENCY,),
    proof=("server",),
    mail_server=OURS,
)
KEY_NAME = "s1._domainkey.agency.example"
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the store's own tests know both


@pytest.fixture(scope="module")
def imap() -> Iterator[Imap]:
    with imap_server() as server:
        yield server


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), rules=(RuleConfig("all", "show"),))


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    return re.sub(r"\W", "-", request.node.name)[:60]


@pytest.fixture
def made(system: System, imap: Imap, folder: str) -> Callable[..., System]:
    """The system with this test's folder as its feed."""
    settle_people(system)
    imap.put(folder)
    return lambda **changes: with_mailbox(system, imap.url(folder), **changes)


def with_mailbox(system: System, url: str, **changes: object) -> System:
    feed = replace(FEED, **{"url": url, **changes})  # type: ignore[arg-type]
    config = replace(system.config, feeds=(feed, feed.unverified), passwords={"state": PASSWORD})
    return replace(system, config=config)


def brought(system: System) -> list[tuple[object, ...]]:
    columns = [feed_entries.c[name] for name in ("feed", "identifier", "decision", "code")]
    return [tuple(row) for row in rows(system, sa.select(*columns).order_by(feed_entries.c.id))]


def count(system: System, table: sa.Table) -> int:
    return len(rows(system, sa.select(*table.c)))


def codes(system: System) -> list[str]:
    return [problem["code"] for problem in poll(system, "state")["problems"]]


def test_what_is_proven_is_taken_as_of_any_feed_once(made: Callable[..., System], imap: Imap, folder: str) -> None:
    system = made()
    imap.put(folder, letter(document("one"), document("two", severity="Minor"), **PASSED))
    first = poll(system, "state")
    assert (first["status"], [one["decision"] for one in first["entries"]]) == ("ok", ["new", "new"])
    assert poll(system, "state")["status"] == "unchanged"
    assert brought(system) == [("state", "one", "new", ""), ("state", "two", "new", "")]
    (mail,) = rows(system, sa.select(feed_documents.c.feed, feed_documents.c.content_type))
    assert mail == ("state", "message/rfc822")
    findings = rows(system, sa.select(feed_entries.c.findings))[0][0]
    assert [one["code"] for one in findings] == ["mail_from", "mail_proven"]
    imap.put(folder, letter(document("three", 5, "Cancel", [named("one", 0)], info=False), **PASSED))
    poll(system, "state")
    states = dict(tuple(row) for row in rows(system, sa.select(shown.c.entry, shown.c.state)))
    assert states == {1: "cancelled", 2: "live"}


def test_what_nothing_proves_is_kept_for_people_and_moves_nothing(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    imap.put(folder, letter(document("one"), **PASSED))
    poll(system, "state")
    cancel = document("three", 5, "Cancel", [named("one", 0)], info=False)
    update = document("two", 5, "Update", [named("one", 0)])
    imap.put(folder, letter(update, cancel, document("one", headline="Flee")), letter(document("one")))
    poll(system, "state")
    assert brought(system) == [
        ("state", "one", "new", ""),
        *(("state (unverified)", name, "new", "unverified") for name in ("two", "three", "one")),
    ]
    assert [row[0] for row in rows(system, sa.select(shown.c.state))] == ["live"]
    assert count(system, alerts) == 0
    waiting = feed_desk.entries(system, waiting=True).entries
    assert [(entry.row.feed, entry.row.identifier) for entry in waiting][1:] == [
        ("state (unverified)", "three"),
        ("state (unverified)", "two"),
    ]
    begun = from_entry.begin(system, waiting[-1].row.id)
    assert (begun.feed, begun.event) == ("state (unverified)", "tornado warning")
    found = feed_desk.entry(system, waiting[-1].row.id).row.findings
    assert [one["code"] for one in found][-2:] == ["unverified", "mail_unproven"]
    assert (AGENCY in found[-2]["text"], OURS in found[-1]["text"]) == (True, True)


def test_a_forgery_that_comes_first_does_not_stand_in_the_way(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    imap.put(folder, letter(document("one")), letter(document("one", headline="Flee")))
    poll(system, "state")
    assert len(feed_desk.entries(system, waiting=True).entries) == 2
    imap.put(folder, letter(document("one"), **PASSED))
    poll(system, "state")
    assert brought(system)[-1] == ("state", "one", "new", "")
    assert [row[0] for row in rows(system, sa.select(shown.c.state))] == ["live"]
    assert [entry.row.event for entry in feed_desk.entries(system, waiting=True).entries] == ["tornado warning"]


def test_an_unproven_mail_of_something_over_or_not_actual_waits_for_nobody(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    mails = [letter(document("over", hours=0.5)), letter(document("test", status="Test"))]
    imap.put(folder, *mails, letter(document("far", polygon="1,1 1,2 2,2 1,1")), letter(document("far")))
    poll(system, "state")
    assert [row[1:] for row in brought(system)] == [
        ("over", "ignore", "expired"),
        ("test", "ignore", "not_actual"),
        ("far", "new", "unverified"),
        ("far", "new", "unverified"),
    ]
    assert [entry.row.id for entry in feed_desk.entries(system, waiting=True).entries] == [4]


def test_dkim_is_looked_up_again_until_the_dns_answers(made: Callable[..., System], imap: Imap, folder: str) -> None:
    system = made(proof=("dkim",), mail_server="")
    imap.put(folder, signed(letter(document("one"))), signed(letter(document("two")), "evil.example"))
    with dns_server(None):
        poll(system, "state")
    assert [row[:2] for row in brought(system)] == [("state (unverified)", "one"), ("state (unverified)", "two")]
    with dns_server({KEY_NAME: key()[1]}):
        poll(system, "state")
        assert poll(system, "state")["status"] == "unchanged"
    assert brought(system)[2:] == [("state", "one", "new", "")]
    assert [entry.row.identifier for entry in feed_desk.entries(system, waiting=True).entries] == ["two"]
    assert rows(system, sa.select(mailboxes.c.again))[0][0] == {}


def test_a_lookup_that_never_succeeds_is_given_up(made: Callable[..., System], imap: Imap, folder: str) -> None:
    system = made(proof=("dkim",), mail_server="")
    imap.put(folder, signed(letter(document("one"))))
    with dns_server(None):
        poll(system, "state")
        with system.database.write() as connection:
            connection.execute(mailboxes.update().values(again={"101": 2, "999": 5}))
        poll(system, "state")
        assert rows(system, sa.select(mailboxes.c.again))[0][0] == {"101": 1}
        poll(system, "state")
    assert rows(system, sa.select(mailboxes.c.again))[0][0] == {}


def test_a_signature_on_the_cap_itself_proves_it_also_where_it_was_forwarded(
    made: Callable[..., System], imap: Imap, folder: str, tmp_path: Path
) -> None:
    (tmp_path / "agency.pem").write_bytes(signer("agency")[1].public_bytes(Encoding.PEM))
    pem = (str(tmp_path / "agency.pem"),)
    system = made(proof=("signature",), mail_server="", signature="check", certificates=pem)
    quoted = letter(text="You wrote:\n" + xml_signed(document("one"), "agency").decode())
    imap.put(folder, quoted, letter(document("two"), **PASSED), letter(xml_signed(document("three"), "thief")))
    poll(system, "state")
    assert [row[:2] for row in brought(system)] == [
        ("state", "one"),
        ("state (unverified)", "two"),
        ("state (unverified)", "three"),
    ]


def test_a_quotation_in_a_proven_mail_is_not_its_senders_word(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    imap.put(folder, letter(text="You wrote:\n" + document("one").decode(), **PASSED))
    poll(system, "state")
    assert brought(system) == [("state (unverified)", "one", "new", "unverified")]
    assert "quoted" in rows(system, sa.select(feed_entries.c.findings))[0][0][-1]["text"]


def test_mails_of_others_and_those_that_cannot_be_read_are_told_and_passed(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    others = [letter(document(f"x{n}"), sender=f"s{n}@spam.example", **PASSED) for n in range(23)]
    twofold = letter(document("y"), **PASSED).replace(b"\r\n\r\n", b"\r\nFrom: x@evil.example\r\n\r\n", 1)
    hostile = b"From: alerts@agency.example\r\nContent-Type: a" + b"b" * 5000 + b"\r\n\r\n"
    imap.put(folder, *others, twofold, hostile, letter(text="Good morning"), letter(document("one"), **PASSED))
    found = codes(system)
    assert found == ["mail_sender"] * 21 + ["mail_hostile", "mail_no_alert"]
    assert [row for row in brought(system) if row[2] != "problem"] == [("state", "one", "new", "")]
    kept = [bytes(row[0]) for row in rows(system, sa.select(feed_entries.c.raw).order_by(feed_entries.c.id))]
    assert hostile in kept
    assert b"From: Agency <s0@spam.example>" in kept[0]
    assert codes(system) == []


def test_a_flood_of_forgeries_does_not_bury_what_waits(made: Callable[..., System], imap: Imap, folder: str) -> None:
    system = made()
    imap.put(folder, letter(*[document(f"x{n}") for n in range(30)]), letter(document("last")))
    imap.put(folder, letter(document("one"), **PASSED))
    assert codes(system) == ["mail_flood"]
    waiting = rows(system, sa.select(feed_entries.c.identifier).where(feed_entries.c.awaits.is_not(None)))
    assert {row[0] for row in waiting} == {f"x{n}" for n in range(30)}
    assert brought(system)[-1][:2] == ("state", "one")


def test_a_mail_that_always_ends_the_process_is_passed_over_and_kept(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    poll(system, "state")
    mails = [letter(document("one"), **PASSED), letter(document("two"), **PASSED)]
    imap.put(folder, *mails)
    with system.database.write() as connection:
        connection.execute(mailboxes.update().values(begun=5))
    assert codes(system) == ["mail_passed_over"]
    assert [row[1:3] for row in brought(system)] == [("", "problem"), ("two", "new")]
    assert rows(system, sa.select(mailboxes.c.begun))[0][0] == 0
    assert bytes(rows(system, sa.select(feed_entries.c.raw))[0][0]) == mails[0]  # type: ignore[arg-type]


def test_new_numbers_read_the_last_days_again_and_change_nothing(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made(poll_seconds=60)
    mails = [letter(document("one"), **PASSED), letter(document("two"))]
    imap.put(folder, *mails)
    poll(system, "state")
    imap.remove(folder)
    imap.put(folder, letter(document("old"), **PASSED), day=time.time() - 9 * 86_400)
    imap.put(folder, *mails)
    again = poll(system, "state")
    assert [one["reason"] for one in again["entries"]] == ["duplicate: It was read before."] * 2
    assert len(brought(system)) == 2
    assert len(rows(system, sa.select(shown.c.id))) == 1


def test_an_empty_or_old_mailbox_is_begun_at_its_end(made: Callable[..., System], imap: Imap, folder: str) -> None:
    system = made()
    imap.put(folder, letter(document("old"), **PASSED), day=time.time() - 9 * 86_400)
    assert poll(system, "state")["status"] == "unchanged"
    imap.put(folder, letter(document("one"), **PASSED))
    poll(system, "state")
    assert [row[1] for row in brought(system)] == ["one"]


def test_a_mail_that_is_too_large_is_told_and_not_fetched(system: System) -> None:
    settle_people(system)
    fetched: list[str] = []
    head = b"* 1 FETCH (UID 1 RFC822.SIZE 99000000 BODY[] {29}\r\nFrom: alerts@agency.example\r\n)\r\n"
    usual = answering(SEARCH=b"* SEARCH 1\r\n", FETCH=head)

    def says(command: str, write: Callable[[bytes], None]) -> bool:
        fetched.append(command)
        return usual(command, write)

    with odd_server(says) as server:
        system = with_mailbox(system, server.url())
        system = replace(system, config=replace(system.config, passwords={"state": "p"}))
        assert codes(system) == ["too_large"]
    assert [line for line in fetched if "BODY.PEEK[]" in line] == ["UID FETCH 1 (UID BODY.PEEK[]<0.2000>)"]


def test_more_mails_than_one_poll_takes_are_taken_by_the_next(system: System) -> None:
    settle_people(system)
    asked: list[int] = []

    def says(command: str, write: Callable[[bytes], None]) -> bool:
        words = command.split()
        if words[:2] == ["UID", "SEARCH"]:
            first = 1 if words[2] == "SINCE" else int(words[3].split(":")[0])
            write(b"* SEARCH " + b" ".join(b"%d" % n for n in range(first, 211)) + b"\r\n")
        elif words[:2] == ["UID", "FETCH"]:
            for uid in map(int, words[2].split(",")):
                if "SIZE" not in command:
                    asked.append(uid)  # it is gone since
                else:
                    write(b"* %d FETCH (UID %d BODY[] {29}\r\nFrom: alerts@agency.example\r\n)\r\n" % (uid, uid))
        else:
            return answering()(command, write)
        return True

    with odd_server(says) as server:
        system = with_mailbox(system, server.url())
        system = replace(system, config=replace(system.config, passwords={"state": "p"}))
        assert "many_mails" in codes(system)
        assert asked == list(range(1, 201))
        assert "many_mails" not in codes(system)
    assert asked == list(range(1, 211))


def test_failures_are_those_of_a_feed_and_the_doctor_says_what_to_do(
    made: Callable[..., System], imap: Imap, folder: str
) -> None:
    system = made()
    assert [line.check.ok for line in doctor.examine(system) if line.name == "mailbox"] == [True]
    wrong = replace(system, config=replace(system.config, passwords={"state": "wrong"}))
    result = poll(wrong, "state")
    assert (result["status"], result["error"].split(":")[0]) == ("error", "login")
    (line,) = [line.check for line in doctor.examine(wrong) if line.name == "mailbox"]
    assert (line.ok, "password" in line.hint) == (False, True)
    elsewhere = with_mailbox(system, imap.url("Nowhere"))
    for _ in range(2):
        poll(elsewhere, "state")
    feed, _ = feed_desk.feed(elsewhere, "state")
    assert (feed.fault, feed.cause) == ("never", "gone")
    with system.database.write() as connection:
        connection.execute(feed_states.update().values(lease=system.now() + timedelta(minutes=1)))
    with pytest.raises(Refused):
        poll(system, "state")


PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
from broadcaster.services.poll import poll
from broadcaster.services.system import System
from tests.services.agency import agency
from tests.services.test_notices_killed import settings_of
from tests.services.test_poll_mailbox import RuleConfig, with_mailbox
folder, database, redis, url = sys.argv[1:]
config = replace(agency(Path(folder)), rules=(RuleConfig("all", "draft"),))
poll(with_mailbox(System.open(settings_of(database, redis), config), url), "state")
"""


def test_killed_between_the_mail_and_its_commit_it_is_read_again_and_is_one_alert(
    made: Callable[..., System], imap: Imap, folder: str, redis_url: str, tmp_path: Path
) -> None:
    system = replace(made(), now=wall_clock)
    system = replace(system, config=replace(system.config, rules=(RuleConfig("all", "draft"),)))
    poll(system, "state")
    imap.put(folder, letter(document("one"), **PASSED))
    url = system.database.engine.url.render_as_string(hide_password=False)
    with relay(imap) as between:
        arguments = [sys.executable, "-c", PROGRAM, str(tmp_path), url, redis_url, between.url(folder)]
        process = subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert between.held.wait(60)
        with system.database.write():  # it gets the mail, and cannot commit anything
            between.go.set()
            assert between.told.wait(60)
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert count(system, alerts) == 0
    with system.database.write() as connection:
        connection.execute(feed_states.update().values(lease=None))
    poll(system, "state")
    assert (count(system, alerts), len(brought(system))) == (1, 1)
    with system.database.write() as connection:  # as if it had been killed before it wrote how far it was
        connection.execute(mailboxes.update().values(uid=100))
    (again,) = poll(system, "state")["entries"]
    assert (again["reason"].split(":")[0], count(system, alerts), len(brought(system))) == ("duplicate", 1, 1)
