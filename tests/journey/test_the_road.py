"""The whole road by its public names: a feed document, two people, three providers, the page, the numbers."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from lxml import etree

from broadcaster.store.engine import Database
from broadcaster.store.schema import audit_entries
from tests.bench.transport import provider_process
from tests.journey.installation import ROOT, Installation, installed, wait_for
from tests.providers.base import served
from tests.providers.mastodon import TOKEN as MASTODON_TOKEN
from tests.providers.mastodon import Mastodon, MastodonFaults
from tests.providers.smtp import mail_server
from tests.providers.twilio import ACCOUNT, SERVICE, TOKEN

PEOPLE = 400
CHANNELS = """
[[channel]]
name = "sms"
kind = "twilio_sms"
account_sid = "{account}"
auth_token = "env:TWILIO_AUTH_TOKEN"
messaging_service_sid = "{service}"
base_url = "{twilio}"
segments_per_second = 100000

[[channel]]
name = "county"
kind = "mastodon"
access_token = "env:MASTODON_ACCESS_TOKEN"
base_url = "{mastodon}"
languages = ["en", "es"]
per_second = 10

[[channel]]
name = "mail"
kind = "smtp"
base_url = "smtp://127.0.0.1:{port}"
from = "Judge County <alerts@judge.example>"
per_second = 1000
"""
FEEDS = '[[feed]]\nname = "nws"\nformat = "nws"\nenabled = false\ntrust = "official"\n'
RULES = '[[rule]]\nname = "tornado"\nfeeds = ["nws"]\naction = "draft"\n[rule.match]\nevent = ["Tornado Warning"]\n'


def warning(now: datetime) -> dict[str, Any]:
    """A tornado warning of the weather service, from now for 45 minutes, over Judge Valley."""

    def at(minutes: int) -> str:
        return (now + timedelta(minutes=minutes)).isoformat(timespec="seconds")

    ring = [[-121.0, 38.0], [-120.9, 38.0], [-120.9, 38.1], [-121.0, 38.1], [-121.0, 38.0]]
    words = {"event": "Tornado Warning", "headline": "Tornado Warning issued by NWS Sacramento CA"}
    words |= {"description": "A tornado is near Judge Valley, moving east.", "instruction": "TAKE COVER NOW."}
    grades = {"severity": "Extreme", "certainty": "Observed", "urgency": "Immediate", "response": "Shelter"}
    times = {"sent": at(-1), "effective": at(-1), "onset": at(-1), "expires": at(45), "ends": at(45)}
    who = {"id": "urn:oid:2.49.0.1.840.0.1", "sender": "w-nws.webmaster@noaa.gov", "senderName": "NWS Sacramento CA"}
    rest = {"areaDesc": "Judge, CA", "geocode": {"SAME": ["006067"], "UGC": ["CAC067"]}, "references": []}
    kind = {"status": "Actual", "messageType": "Alert", "category": "Met", "parameters": {}}
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]}}
    return {
        "type": "FeatureCollection",
        "features": [feature | {"properties": words | grades | times | who | rest | kind}],
    }


def zones() -> dict[str, Any]:
    def square(west: float) -> dict[str, Any]:
        ring = [[west, 38.0], [west + 0.1, 38.0], [west + 0.1, 38.1], [west, 38.1], [west, 38.0]]
        return {"type": "Polygon", "coordinates": [ring]}

    valley = {"id": "valley", "name": "Judge Valley", "ugc": ["CAC067"], "same": ["006067"]}
    hills = {"id": "hills", "name": "Judge Hills", "ugc": ["CAC067"], "same": ["006067"]}
    rows = [(valley, -121.0), (hills, -120.5)]
    features = [{"type": "Feature", "properties": p, "geometry": square(west)} for p, west in rows]
    return {"type": "FeatureCollection", "features": features}


def subscribers() -> str:
    lines = ["phone,email,language,zones,channels"]
    for number in range(PEOPLE):
        language = ("en", "es")[number % 2]
        lines.append(f"+1202555{number:04d},p{number}@example.org,{language},valley,")
    lines += [f"+1202556{number:04d},,en,hills," for number in range(20)]
    return "\n".join(lines) + "\n"


class Listener(threading.Thread):
    """A reader of /live: versions with the moment their bytes came."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.heard: dict[int, tuple[datetime, dict[str, Any]]] = {}

    def run(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as wire:
            wire.sendall(b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n")
            kept = b""
            while part := wire.recv(65536):
                at = datetime.now(UTC)
                kept += part
                *lines, kept = kept.split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        said = json.loads(line[5:])
                        self.heard.setdefault(said["version"], (at, said))


def prepare(made: Installation, folder: Path) -> None:
    (folder / "zones.geojson").write_text(json.dumps(zones()))
    (folder / "people.csv").write_text(subscribers())
    (folder / "nws.json").write_text(json.dumps(warning(datetime.now(UTC))))
    assert made.command("zones", "import", str(folder / "zones.geojson")).returncode == 0
    done = made.command("subscribers", "import", str(folder / "people.csv"))
    assert done.returncode == 0, done.stderr
    for email, role in (("ann@judge.example", "author"), ("bo@judge.example", "approver")):
        added = made.command(
            "users", "add", email, "--role", role, "--password-stdin", stdin="correct horse 9 staple\n"
        )
        assert added.returncode == 0, added.stderr


def approved_at(url: str) -> datetime:
    database = Database(url)
    with database.read() as connection:
        query = sa.select(audit_entries.c.at).where(audit_entries.c.verb == "alert.approve")
        at: datetime = connection.execute(query).scalar_one()
    database.close()
    return at


def log_of(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(base_url + "/_log", timeout=10) as answer:
        log: dict[str, Any] = json.load(answer)
    return log


@pytest.mark.timeout(240)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_warning_goes_from_the_feed_to_phones_posts_mail_and_page(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    env = {"TWILIO_AUTH_TOKEN": TOKEN, "MASTODON_ACCESS_TOKEN": MASTODON_TOKEN}
    if kind == "postgresql":
        env["DATABASE_URL"] = request.getfixturevalue("empty_postgres")
    with (
        provider_process(callbacks=True, doubled=0.1, reordered=0.1) as twilio,
        served(Mastodon(MastodonFaults())) as mastodon,
    ):
        with mail_server() as mail:
            toml = CHANNELS.format(
                account=ACCOUNT, service=SERVICE, twilio=twilio, mastodon=mastodon.base_url, port=mail.port
            )
            with installed(tmp_path, toml, {"feeds.toml": FEEDS, "rules.toml": RULES}, **env) as made:
                walk(made, tmp_path, twilio, mastodon, mail)


PASSWORD = "correct horse 9 staple\n"


def walk(made: Installation, folder: Path, twilio: str, mastodon: Mastodon, mail: Any) -> None:
    prepare(made, folder)
    told = made.json("feeds", "ingest", "nws", str(folder / "nws.json"))
    (entry,) = told["files"][0]["entries"]
    assert entry["decision"] == "new"
    alert = entry["alert"]
    made.json("alerts", "submit", alert, "--as", "ann@judge.example", "--password-stdin", stdin=PASSWORD)
    seen = made.json("alerts", "show", alert)
    assert (seen["state"], seen["zones"]) == ("in_review", ["valley"])
    assert seen["people"] == {"sms": PEOPLE, "mail": PEOPLE}
    listener = Listener(made.port)
    listener.start()  # ends with the installation, which closes its connection
    wait_for(lambda: bool(listener.heard), 10)
    approve = ("alerts", "approve", alert, "--digest", seen["digest"], "--password-stdin", "--as")
    assert made.command(*approve, "ann@judge.example", stdin=PASSWORD).returncode == 1
    made.json(*approve, "bo@judge.example", stdin=PASSWORD)

    wait_for(lambda: any(said["alerts"] for _, said in listener.heard.values()), 10, made.log)
    heard = min(at for at, said in listener.heard.values() if said["alerts"])
    url = made.env.get("DATABASE_URL", f"sqlite:///{folder}/var/broadcaster.db")
    assert heard - approved_at(url) < timedelta(seconds=5)  # a speed is measured by make bench, not here
    numbers_agree(made, alert, twilio, mastodon, mail)
    page_is_true(made)
    assert made.command("audit", "verify").returncode == 0


def numbers_agree(made: Installation, alert: str, twilio: str, mastodon: Mastodon, mail: Any) -> None:
    def settled() -> bool:
        numbers = made.json("deliveries", alert)
        return bool(numbers["settled"]) and numbers["channels"]["sms"]["delivered"] == PEOPLE

    wait_for(settled, 90, made.log)
    numbers = made.json("deliveries", alert)["channels"]
    sent = Counter(text["to"] for text in log_of(twilio)["accepted"])
    assert len(sent) == PEOPLE
    assert set(sent.values()) == {1}
    assert numbers["mail"]["delivered"] == numbers["mail"]["total"] == PEOPLE
    assert Counter(one for m in mail.mails for one in m.to) == Counter(f"p{n}@example.org" for n in range(PEOPLE))
    assert [post.language for post in mastodon.posts] == ["en"]  # the one language its source wrote
    assert numbers["county"]["delivered"] == 1


def page_is_true(made: Installation) -> None:
    version = json.loads(made.get("/version.json")[1])
    (shown,) = version["alerts"]
    assert {zone["id"]: zone["alert"] for zone in version["zones"]} == {"valley": shown["id"], "hills": None}
    page = made.get("/")[1].decode()
    assert "Tornado Warning" in page
    assert made.get(f"/alerts/{shown['slug']}")[0] == 200
    assert b"Tornado Warning" not in made.get("/zones/judge-hills")[1]
    (whole,) = json.loads(made.get("/alerts.json")[1])["alerts"]
    status, body = made.get(f"/cap/{whole['identifier']}.xml")
    assert status == 200
    assert etree.fromstring(body).findtext("{*}msgType") == "Alert"
    schema = ROOT.parent / "shared" / "data" / "specs" / "cap" / "oasis-CAP-v1.2.xsd"
    if schema.exists():
        etree.XMLSchema(etree.parse(str(schema))).assertValid(etree.fromstring(body))
    assert whole["identifier"] in unquote(made.get("/feed.atom")[1].decode())
    assert json.loads(made.get("/alerts.geojson")[1])["features"]
