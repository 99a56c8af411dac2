"""Tricks on an armed rule, each through the real road: what no machine may release is never released, however it is
written. One agency and one arming carry the whole table, so that a trick costs a few milliseconds."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broadcaster.domain.config import Config, FeedConfig, Match, RuleConfig
from broadcaster.services import arm, rule_test, show
from broadcaster.services.ingest import ingest
from broadcaster.services.system import Actor, System
from tests.conftest import Clock
from tests.people import hire
from tests.services.agency import CHIEF, DEPUTY, agency, settle_people

NWS = FeedConfig("nws", "cap", trust="official")
OTHER = FeedConfig("other", "cap")
WHO = Actor("someone", "cli:someone@host")
RULE = RuleConfig(
    "tornado",
    "release",
    feeds=("nws",),
    match=Match(
        event=("Tornado Warning", "Aviso de tornado"), severity=("Extreme", "Severe"), zones=("valley", "hills")
    ),
    max_per_hour=1000,
    follow="release",
)
NOW = datetime.now(UTC).replace(microsecond=0)
HILLS = "38.01,-120.0 38.01,-119.96 38.05,-119.96 38.01,-120.0"
VALLEY = "38.01,-120.99 38.01,-120.95 38.05,-120.95 38.01,-120.99"
ONCE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # decided above SQL


def at(minutes: float) -> str:
    """A time that many minutes from now, as CAP writes it."""
    return (NOW + timedelta(minutes=minutes)).isoformat()


def element(name: str, value: Any) -> str:
    """XML of a value: a text, a pair, an element of elements, or several."""
    if isinstance(value, list):
        return "".join(element(name, one) for one in value)
    if isinstance(value, tuple):
        value = {"valueName": value[0], "value": value[1]}
    inner = "".join(element(*pair) for pair in value.items()) if isinstance(value, dict) else html.escape(str(value))
    return f"<{name}>{inner}</{name}>" if value is not None else ""


WORDS = ("headline", "description", "instruction", "audience", "contact")
TORNADO = (
    "TAKE COVER NOW! Move to a basement or an interior room on the lowest floor of a sturdy building. Avoid windows. "
    "If you are outdoors, in a mobile home, or in a vehicle, move to the closest substantial shelter and protect "
    "yourself from flying debris. Stay inside until the storm has passed."
)
AREA = {"areaDesc": "Judge Valley", "polygon": VALLEY}
INFO = {
    "language": "en-US",
    "category": "Met",
    "event": "Tornado Warning",
    "responseType": "Shelter",
    "urgency": "Immediate",
    "severity": "Extreme",
    "certainty": "Observed",
    "eventCode": [("SAME", "TOR")],
    "effective": at(-1),
    "expires": at(60),
    "senderName": "NWS Sacramento",
    "headline": "Tornado Warning for Judge Valley",
    "description": "A tornado was seen near Judge.",
    "instruction": "Take cover now. Move to a basement.",
    "parameter": [],
    "area": [AREA],
}
HEAD = {
    "identifier": "one",
    "sender": "w-nws@noaa.example",
    "sent": at(-1),
    "status": "Actual",
    "msgType": "Alert",
    "source": None,
    "scope": "Public",
    "restriction": None,
    "addresses": None,
    "code": None,
    "note": None,
    "references": None,
    "incidents": None,
}


def warning(*infos: dict[str, Any], **head: Any) -> bytes:
    """A warning that the rule may release, but for what is changed: ``infos`` over INFO, ``head`` over HEAD."""
    made = [element("info", {**INFO, **one}) for one in infos or ({},)]
    top = "".join(element(*pair) for pair in {**HEAD, **head}.items())
    return f'<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">{top}{"".join(made)}</alert>'.encode()


def saying(**words: Any) -> bytes:
    """Its only info says something else."""
    return warning(words)


SPANISH = {
    "language": "es-US",
    "event": "Aviso de tornado",
    "headline": "Aviso de tornado para el valle",
    "description": "Se vio un tornado cerca de Judge.",
    "instruction": "Busque refugio ahora en un cuarto interior.",
}
FRENCH = {
    "language": "fr-CA",
    "headline": "Avertissement de tornade : mettez-vous \u00e0 l\u2019abri",
    "description": "Une tornade a \u00e9t\u00e9 vue.",
    "instruction": "Allez dans le sous-sol de votre maison.",
}


def beside(**words: Any) -> bytes:
    """The warning, and a second info in Spanish."""
    return warning({}, {**SPANISH, **words})


@pytest.fixture
def clock() -> Clock:
    """The documents' own: they were written when this file was read, which may be many minutes ago."""
    return Clock(NOW)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return replace(agency(tmp_path), feeds=(NWS, OTHER), rules=(RULE,))


@pytest.fixture(autouse=True)
def people(system: System) -> None:
    settle_people(system)
    hire(system, {"chief": ["approver"], "deputy": ["approver"]}, chief="+15550200001")


def armed(system: System) -> System:
    """Every release rule tested and armed by two."""
    for rule in system.config.rules:
        rule_test.run(system, CHIEF, rule.name)
        digest = arm.state(system, rule.name).digest
        assert [arm.arm(system, who, rule.name, digest) for who in (CHIEF, DEPUTY)] == [False, True]
    return system


def became(system: System, body: bytes, n: int, feed: FeedConfig = NWS) -> str:
    """What became of it: the state of its alert, with why it was held; or the decision."""
    own = body.replace(b"w-nws@", f"w-nws{n}@".encode())  # each of another office: no threads among them
    found = ingest(system, feed, own, {}, WHO)
    if not found.entries or found.entries[0].alert is None:
        return "nothing: " + " ".join([*(e.reason for e in found.entries), *(p.code for p in found.problems)])
    alert = show.alert(system, str(found.entries[0].alert))
    why = " ".join(f["text"] for f in alert["findings"] if f["code"] == "held_by_rule")
    return f"{alert['state']}: {why}"


VTEC = "/{}.{}.KSTO.TO.W.0001.261122T1100Z-{}/"
TO_COME = "990101T0000Z"
LEAVES = ("Evacuate now", "Desaloje ya", "Quittez votre domicile", "\u7acb\u5373\u758f\u6563", "S\u01a1 t\u00e1n ngay")
OVERS = ("All-clear!", "Fin de la alerta", "Fin d\u2019alerte", "\u8b66\u62a5\u89e3\u9664", "\u0110\u00e3 an to\u00e0n")
DRILLS = ("TEST", "Simulacro", "Ceci est un exercice", "\u6f14\u4e60", "Di\u1ec5n t\u1eadp")
LEAVE, SAFE, DRILL = "an evacuation", "danger is over", "a test or an exercise"
LETTERS, NAME, FIRST = "do not belong to its language", "names are", "the first was taken"


def coded(*codes: str, name: str = "VTEC") -> bytes:
    return saying(parameter=[(name, " ".join(codes))])


def placed(*areas: dict[str, Any]) -> bytes:
    return saying(area=list(areas))


TRICKS: tuple[tuple[bytes, str], ...] = (
    # an evacuation, wherever it stands
    *((saying(**{name: f"Take cover now. {word}"}), LEAVE) for name, word in zip(WORDS, LEAVES, strict=True)),
    (beside(description="\u00c9vacuez"), LEAVE),
    (saying(event="Tornado Warning", contact="To evacuate call 555-0101"), LEAVE),
    (saying(parameter=[("CMAMtext", "EVAC NOW")]), LEAVE),
    (saying(eventCode=[("profile", "evacuationOrder")]), LEAVE),
    (placed({**AREA, "areaDesc": "Evacuation zone 3"}), LEAVE),
    (saying(resource={"resourceDesc": "Evacuation routes", "mimeType": "image/png", "uri": "r.png"}), LEAVE),
    (warning(code="EVACUATE"), LEAVE),
    (warning(incidents="evacuation-of-the-valley"), LEAVE),
    (warning(note="Evacuate"), LEAVE),
    (saying(responseType=["Shelter", "Evacuate"]), LEAVE),
    (beside(responseType="evacuate"), LEAVE),
    (saying(web="https://e.example/evacuate-now"), LEAVE),
    (saying(resource={"resourceDesc": "Map", "mimeType": "image/png", "uri": "evacuation.png"}), LEAVE),
    (placed({**AREA, "geocode": [("EVACUATION_ZONE", "A")]}), LEAVE),
    (warning(identifier="EVAC_ORDER_1"), LEAVE),
    (saying(instruction="Take cover now. Do not leave pets behind."), LEAVE),
    (saying(description="L3ave y0ur h0mes"), LEAVE),
    (saying(description="\U0001f174\U0001f185\U0001f170\U0001f172"), LETTERS),
    *((saying(eventCode=[("SAME", "TOR"), ("SAME", code)]), LEAVE) for code in ("EVI", "evi\u00a0", "EVA", "CDW")),
    (saying(eventCode={"value": "EVI"}), "eventCode"),
    (saying(headline="\u0435v\u0430cu\u0430te now"), LETTERS),
    (saying(headline="\u1d07\u1d20\u1d00\u1d04uate now"), LETTERS),
    (saying(description="ev\u200bacuate"), LEAVE),
    (saying(description="EV\u0332A\u0332C\u0332UATE"), LEAVE),
    (saying(description="E V A C U A T E"), LEAVE),
    (saying(headline=["Tornado Warning", "Evacuate"]), FIRST),
    (saying(event=["Tornado Warning", "Evacuation Order"]), FIRST),
    # an all clear
    *((saying(**{name: f"Take cover now. {word}"}), SAFE) for name, word in zip(WORDS, OVERS, strict=True)),
    *((saying(responseType=word), SAFE) for word in ("AllClear", "All Clear", "all-clear")),
    (saying(urgency="Past"), SAFE),
    (saying(certainty="Unlikely"), SAFE),
    (beside(urgency="Past"), SAFE),
    (saying(description="It held until 5 pm and it is now safe to return."), SAFE),
    (saying(urgency=["Immediate", "Past"]), FIRST),
    (warning(msgType=["Alert", "Cancel"]), FIRST),
    *((coded(VTEC.format("O", action, TO_COME)), "event is over") for action in ("CAN", "EXP", "UPG")),
    (coded(VTEC.format("O", "NEW", TO_COME), VTEC.format("O", "CAN", TO_COME)), "event is over"),
    (coded(VTEC.format("O", "NEW", "201123T0600Z")), "event is over"),
    # a test
    *((saying(**{name: f"Take cover now. {word}."}), DRILL) for name, word in zip(WORDS, DRILLS, strict=True)),
    *((warning(**{name: "TEST"}), DRILL) for name in ("note", "source", "code", "incidents", "identifier")),
    (warning(sender="test.w-nws@noaa.example"), DRILL),
    (saying(headline="\u0422\u0415ST"), LETTERS),
    *((saying(eventCode=[("SAME", code)]), DRILL) for code in ("RWT", "RMT", "DMO", "NPT", "nat")),
    (saying(parameter=[("WEAHandling", "WEA Test")]), DRILL),
    (warning(status="Test"), "not_actual"),
    (warning(status=["Actual", "Test"]), FIRST),
    *((warning(scope=scope), "not_public") for scope in ("Private", "Restricted")),
    (warning(scope=["Public", "Private"]), FIRST),
    (warning(restriction="Staff only"), "restricted"),
    (coded(VTEC.format("T", "NEW", TO_COME)), "not_actual"),
    *((coded(VTEC.format(kind, "NEW", TO_COME)), "operational") for kind in "EX"),
    (coded(VTEC.format("O", "NEW", TO_COME), VTEC.format("T", "NEW", TO_COME)), "operational"),
    (coded(VTEC.format("T", "NEW", TO_COME).lower()), "cannot be read"),
    (coded(VTEC.format("T", "NEW", TO_COME).strip("/")), "cannot be read"),
    (coded(VTEC.format("T", "NEW", TO_COME), name="P-VTEC"), "cannot be read"),
    # out of its time
    (saying(expires=at(-0.5)), "expired"),
    (saying(expires=[at(60), at(-60)]), FIRST),
    (saying(parameter=[("eventEndingTime", at(-5))]), "end has passed"),
    (beside(expires=at(-0.5)), "end has passed"),
    (saying(expires=None), "does not say when it ends"),
    (beside(expires=None), "does not say when it ends"),
    (saying(expires="soon"), "is not a time"),
    (saying(expires=at(60)[:19]), "no time zone"),
    (saying(expires="9999-12-31T23:59:59+00:00"), "Give it an earlier end"),
    (warning(sent=at(-1)[:19]), "no time zone"),
    (warning(sent=at(-31)), "more than 30 minutes ago"),
    (warning(sent=at(20)), "a time to come"),
    (saying(effective=at(60), expires=at(120)), "another time"),
    (saying(effective=at(5), expires=at(5)), "another time"),
    # no place, another place, every place
    (placed(), "nothing"),
    (placed({"areaDesc": "Somewhere"}), "nothing"),
    (placed(AREA, {"areaDesc": "Somewhere"}), "by its name alone"),
    (placed(AREA, {"areaDesc": "Broken", "polygon": "38,x 3"}), "cannot be read"),
    (placed({"areaDesc": "Sea", "polygon": "1,1 1,2 2,2 1,1"}), "nothing"),
    (placed({"areaDesc": "Earth", "polygon": "-90,-180 -90,180 90,180 90,-180 -90,-180"}), "wider than any"),
    (placed({"areaDesc": "West", "polygon": "20,-130 20,-80 60,-80 60,-130 20,-130"}), "wider than any"),
    (placed({"areaDesc": "Earth", "circle": "38,-121 20000"}), "wider than any"),
    (
        placed({"areaDesc": "Turned", "polygon": "-120.99,38.01 -120.95,38.01 -120.95,38.05 -120.99,38.01"}),
        "turned round",
    ),
    # what would read badly, or is no text
    (saying(headline="{{ 7*7 }} Tornado {% raw %}"), "markup"),
    (saying(headline="<b>Tornado</b> <script>alert(1)</script>"), "markup"),
    (saying(instruction="Take cover now. Move to a basement. &#69;vacuate"), "markup"),
    (saying(event="{{config}}"), "nothing"),
    (saying(headline="Tornado\x85 Warning"), LETTERS),
    (saying(headline="Tornado \u202egninraw"), LETTERS),
    *(
        (saying(instruction=f"Take cover now. See {link}"), "a link")
        for link in ("http://e.example", "www.e.example", "e.example/x")
    ),
    (saying(instruction="Take cover now " + "and " * 300 + "move"), "the guidance"),
    (saying(instruction=None), "the guidance"),
    *((saying(instruction=word), "nothing of what to do") for word in ("None.", "N/A", "See text.", "Shelter")),
    (saying(**FRENCH), "in the language of the text (en)"),
    (saying(**{**SPANISH, "language": "en-US"}), "another language (es)"),
    (beside(description=INFO["description"], instruction=INFO["instruction"]), "another language (en)"),
    (beside(area=[{"areaDesc": "Hills", "polygon": HILLS}]), "in different places"),
    (warning({}, {"instruction": "Stay off the roads today."}), "two things in one language"),
    (saying(description="word " * 12_100), "too many words"),
    (saying(senderName=None), NAME),
    (saying(senderName="N" * 101), NAME),
    (saying(language="xx"), LETTERS),
    (beside(headline="Торнадо"), LETTERS),
    (beside(event="Aviso de inundación"), "does not list all"),
    (warning(msgType="Update", references=f"other@x.example,abc,{at(-10)}"), "another sender"),
)
HARMLESS = (
    warning(),
    beside(),
    saying(eventCode=[("SAME", "TOE")], parameter=[("WEAHandling", "Imminent Threat")]),
    coded(VTEC.format("O", "NEW", TO_COME)),
    coded(VTEC.format("O", "CON", "000000T0000Z"), "/00000.0.ER.000000T0000Z.000000T0000Z.000000T0000Z.OO/"),
    warning(msgType="Update", references=f"w-nws@noaa.example,missed,{at(-10)}"),
    placed({**AREA, "areaDesc": "Test Valley"}),
    saying(description="A tornado was seen near Judge. Exercise caution. Crews test the water."),
    saying(instruction=TORNADO),
    warning({}, {"language": "zh", "headline": "龙卷风警告", "instruction": "立即躲避。"}),
    warning({}, FRENCH),
    saying(headline="Tornado \U0001f32a Warning"),
    warning(sent=at(10)),
    saying(onset=at(24 * 60), expires=at(25 * 60)),
)


@ONCE
def test_no_trick_makes_an_armed_rule_release_and_the_reason_is_said(system: System) -> None:
    armed(system)
    found = [(became(system, body, n), why, body.decode()) for n, (body, why) in enumerate(TRICKS)]
    assert [one for one in found if one[0].startswith("live") or one[1] not in one[0]] == []


@ONCE
def test_what_only_looks_like_a_trick_is_released_all_the_same(system: System) -> None:
    armed(system)
    found = [(became(system, body, n), body.decode()) for n, body in enumerate(HARMLESS)]
    assert [one for one in found if one[0] != "live: "] == []
