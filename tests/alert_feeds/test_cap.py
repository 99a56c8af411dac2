"""CAP XML as the world sends it: encodings, wrappings, attacks, and a hash of what is said."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from lxml import etree

from alert_feeds import cap
from alert_feeds.document import MAX_BYTES, MAX_DEPTH
from alert_feeds.values import MAX_NOTES, Notes, content_hash, moment, number, vtec
from broadcaster.domain.alert import Certainty, Severity
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed

FULL = Path(__file__).parent / "data" / "full.cap.xml"
TEXT = """<?xml version="1.0" encoding="{}"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>one</identifier><sender>a@x</sender>
<sent>2026-11-22T12:00:00-00:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>
<info><event>Inundación – crue à Orléans</event><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Likely</certainty></info></alert>"""
EVENT = "Inundación – crue à Orléans"


def one(body: bytes, **headers: str) -> FeedEntry:
    parsed = cap.parse(body, {name.replace("_", "-"): value for name, value in headers.items()})
    assert parsed.problems == ()
    assert len(parsed.entries) == 1
    return parsed.entries[0]


def codes(entry: FeedEntry) -> set[str]:
    return {finding.code for finding in entry.findings} - {"no_expires", "no_area"}


def problem(body: bytes) -> str:
    parsed = cap.parse(body, {})
    assert parsed.entries == ()
    (found,) = parsed.problems
    assert found.text
    assert found.raw == body
    return found.code


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("UTF-8", "utf-8"),
        ("utf8", "utf-8"),
        ("UTF-8", "utf-8-sig"),
        ("UTF-16", "utf-16"),
        ("utf-16", "utf-32"),
        ("windows-1252", "cp1252"),
        ("iso-8859-15", "utf-8-sig"),
    ],
)
def test_honest_encodings_and_marks_are_read(declared: str, real: str) -> None:
    entry = one(TEXT.format(declared).encode(real))
    assert (entry.message.infos[0].event, codes(entry)) == (EVENT, set())


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("ISO-8859-1", "utf-8"),
        ("utf-16", "utf-8"),
        ("utf-8", "cp1252"),
        ("us-ascii", "cp1252"),
        ("no-such-encoding", "cp1252"),
        ("unicode_escape", "cp1252"),
        ("utf-8", "utf-16-le"),
        ("utf-8", "utf-16-be"),
    ],
)
def test_false_declarations_are_seen_through(declared: str, real: str) -> None:
    entry = one(TEXT.format(declared).encode(real))
    assert (entry.message.infos[0].event, codes(entry)) == (EVENT, {"encoding"})


def test_the_header_tells_the_encoding_where_the_document_does_not() -> None:
    body = TEXT.partition("?>")[2].replace("–", "-").encode("iso-8859-2", errors="replace")
    entry = one(body, Content_Type="application/cap+xml; charset=iso-8859-2")
    assert entry.message.infos[0].event == "Inundación - crue ? Orléans"
    assert codes(entry) == set()


def test_a_japanese_document_in_escapes_is_read() -> None:
    text = TEXT.format("iso-2022-jp").replace(EVENT, "津波警報")
    assert one(text.encode("iso-2022-jp")).message.infos[0].event == "津波警報"


def test_white_space_before_the_declaration_and_forbidden_characters_do_no_harm() -> None:
    body = b"\n  " + TEXT.format("UTF-8").replace("crue", "cr\x0bue").encode()
    entry = one(body)
    assert (entry.message.infos[0].event, codes(entry)) == (EVENT, {"control_characters"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty"),
        (b" \n\x00", "empty"),
        (b"plain words", "not_well_formed"),
        (b"<alert", "not_well_formed"),
        (b"{", "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"{}", "no_alert"),
        (b"<html><body/></html>", "no_alert"),
        (b"<alert/>", "no_alert"),
        (b"<!DOCTYPE html><html/>", "doctype"),
        (b"<?xml version='1.0'?><!-- x --><?y z?>\n<!DOCTYPE alert [<!ENTITY a 'b'>]><alert>&a;</alert>", "doctype"),
        (b"<a>&undefined;</a>", "not_well_formed"),
        (b"<a>" * 90_000, "not_well_formed"),
        (b"\xff\xfe\xff", "not_well_formed"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)
def test_bad_bytes_are_a_problem_with_the_bytes(body: bytes, code: str) -> None:
    assert problem(body) == code


def test_entities_of_a_document_are_never_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    body = f'<!DOCTYPE alert [<!ENTITY x SYSTEM "file://{secret}">]>' + TEXT.partition("?>")[2].replace(EVENT, "&x;")
    parsed = cap.parse(body.encode(), {})
    assert parsed.entries == ()
    assert "SECRET" not in str(parsed.problems[0].text)


def test_a_document_nested_beyond_reason_is_refused() -> None:
    deep = "<a>" * MAX_DEPTH + "{}" + "</a>" * MAX_DEPTH
    assert problem(deep.format("<b/>").encode()) == "too_deep"
    assert problem(deep.format("").encode()) == "no_alert"


def test_a_doctype_inside_a_text_is_only_a_text() -> None:
    body = TEXT.format("UTF-8").replace(EVENT, "<![CDATA[<!DOCTYPE html>]]>").encode()
    assert one(body).message.infos[0].event == "<!DOCTYPE html>"


@pytest.mark.parametrize("part", ["identifier", "sender", "sent", "status", "msgType", "scope"])
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_a_missing_required_part_is_a_problem_that_names_it(part: str, how: str) -> None:
    root = etree.fromstring(FULL.read_bytes())
    (element,) = root.findall(f"{{*}}{part}")
    if how == "absent":
        root.remove(element)
    else:
        element.text = " "
    body = etree.tostring(root)
    parsed = cap.parse(body, {})
    assert parsed.entries == ()
    assert [(found.code, found.text.split()[0], found.raw) for found in parsed.problems] == [("required", part, body)]


@pytest.mark.parametrize("part", ["sent", "status", "msgType", "scope"])
def test_a_wrong_required_part_is_a_problem_that_names_it(part: str) -> None:
    root = etree.fromstring(FULL.read_bytes())
    (element,) = root.findall(f"{{*}}{part}")
    element.text = "Foobar"
    (found,) = cap.parse(etree.tostring(root), {}).problems
    assert found.text.startswith(f"{part} 'Foobar'")


def test_an_alert_without_a_namespace_is_read_with_a_finding() -> None:
    body = TEXT.format("UTF-8").replace(' xmlns="urn:oasis:names:tc:emergency:cap:1.2"', "").encode()
    assert codes(one(body)) == {"namespace"}


def test_an_alert_of_a_foreign_namespace_is_read_with_a_finding_if_it_has_the_head_of_one() -> None:
    body = TEXT.format("UTF-8").replace("emergency:cap:1.2", "emergency:alerts:1.2").encode()
    assert codes(one(body)) == {"namespace"}
    assert problem(body.replace(b"msgType", b"kind")) == "no_alert"


@pytest.mark.parametrize(("said", "read"), [("English", "en"), ("FRA", "fr"), ("zh_TW", "zh-TW"), ("en-AU", "en-AU")])
def test_languages_are_codes_however_they_are_written(said: str, read: str) -> None:
    body = TEXT.format("UTF-8").replace("<event>", f"<language>{said}</language><event>")
    found = one(body.encode())
    assert found.message.infos[0].language == read
    assert codes(found) == ({"language"} if len(read) == 2 else set())


def test_references_with_spaces_round_their_commas_are_references() -> None:
    text = "a@x , one, 2026-11-22T12:00:00-00:00\n a@x,two ,2026-11-22T13:00:00-00:00"
    found = one(TEXT.format("UTF-8").replace("<info>", f"<references>{text}</references><info>", 1).encode())
    assert [(part.sender, part.identifier) for part in found.message.references] == [("a@x", "one"), ("a@x", "two")]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a@x-1 a@x-2,mow.a@x-1 mow.a@x-2,2026-11-22T12:00:00+01:00", [("a@x", "mow.a@x-1"), ("a@x", "mow.a@x-2")]),
        ("a@x-1,mow.a@x-1,2026-11-22T12:00:00+01:00", [("a@x", "mow.a@x-1")]),
        ("b@x-1 b@x,mow.b@x-1 mow.2,2026-11-22T12:00:00+01:00", [("b@x-1", "mow.b@x-1"), ("b@x", "mow.2")]),
        ("a@x-1,mow.2,2026-11-22T12:00:00+01:00", [("a@x-1", "mow.2")]),
        ("a@x,one b@x,two", [("a@x", "one"), ("b@x", "two")]),
    ],
)
def test_what_mowas_writes_names_its_own_earlier_messages(text: str, named: list[tuple[str, str]]) -> None:
    body = TEXT.format("UTF-8").replace("<info>", f"<references>{text}</references><info>", 1)
    found = one(re.sub("<sender>[^<]*", "<sender>a@x", body).encode())
    assert [(part.sender, part.identifier) for part in found.message.references] == named


def test_an_alert_that_ends_when_it_was_sent_is_not_over_but_an_update_is() -> None:
    ended = TEXT.format("UTF-8").replace("</info>", "<expires>2026-11-22T13:00:00+01:00</expires></info><info/>")
    found = one(ended.encode())
    assert [info.expires for info in found.message.infos] == [None, None]
    assert "expires_at_sent" in codes(found)
    update = one(ended.replace("Alert", "Update").encode())
    assert update.message.infos[0].expires == update.message.sent
    later = one(ended.replace("13:00:00+01:00", "13:00:01+01:00").encode())
    assert later.message.infos[0].expires is not None


def test_very_likely_is_likely_and_case_does_not_matter() -> None:
    body = TEXT.format("UTF-8").replace("Likely", "very likely").replace("Severe", "SEVERE").encode()
    info = one(body).message.infos[0]
    assert (info.certainty, info.severity) == (Certainty.LIKELY, Severity.SEVERE)


def test_the_raw_bytes_are_kept_as_they_came_and_of_an_inner_alert_its_own() -> None:
    body = TEXT.format("UTF-8").encode()
    assert one(body).raw == body
    inner = body.partition(b"?>")[2].strip()
    wrapped = one(b"<x:wrap xmlns:x='urn:x'>" + inner + b"</x:wrap>")
    assert one(wrapped.raw).message == one(body).message


def test_cap_in_the_strings_of_json_is_found_however_deep() -> None:
    text = TEXT.format("UTF-8")
    body = json.dumps(
        {"a": [{"message": text.replace("one", "first")}, {"b": {"c": text}}, "<alert", 7, None]}
    ).encode()
    parsed = cap.parse(body, {})
    assert [entry.message.identifier for entry in parsed.entries] == ["first", "one"]
    assert parsed.problems == ()


def test_objects_of_json_are_bounded_like_alerts() -> None:
    head = {"identifier": "i", "sender": "s", "sent": "2026-11-22T12:00:00Z", "status": "Actual", "msgType": "Alert"}
    parsed = cap.parse(json.dumps([head | {"scope": "Public"}] * (cap.MAX_ALERTS + 1)).encode(), {})
    assert (len(parsed.entries), [one.code for one in parsed.problems]) == (cap.MAX_ALERTS, ["too_many"])
    assert cap.parse(json.dumps({**head, "sender": 7}).encode(), {}).problems[0].code == "no_alert"


def test_documents_inside_documents_go_only_so_far() -> None:
    inner = TEXT.format("UTF-8").partition("?>")[2]
    for _ in range(5):
        hint = "<!-- alert emergency:cap: -->"
        inner = f"<a>{hint}<![CDATA[{inner.replace(']]>', ']]]]><![CDATA[>')}]]></a>"
    parsed = cap.parse(inner.encode(), {})
    assert parsed.entries == ()
    assert [found.code for found in parsed.problems] in (["too_deep"], ["no_alert"])


def test_more_alerts_than_anybody_sends_are_cut_with_a_problem() -> None:
    inner = TEXT.format("UTF-8").partition("?>")[2]
    parsed = cap.parse(("<a>" + inner * (cap.MAX_ALERTS + 1) + "</a>").encode(), {})
    assert len(parsed.entries) == cap.MAX_ALERTS
    assert [found.code for found in parsed.problems] == ["too_many"]


def test_the_hash_is_of_what_is_said_and_not_of_how_it_is_written() -> None:
    plain = FULL.read_bytes()
    first = one(plain)
    squeezed = etree.tostring(etree.fromstring(plain, etree.XMLParser(remove_blank_text=True, remove_comments=True)))
    prefixed = plain.decode().replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?").replace("<c:!", "<!")
    prefixed = prefixed.replace("xmlns=", "xmlns:c=").replace("<c:Mill Road>", "<Mill Road>")
    for other in (
        squeezed,
        prefixed.encode(),
        plain.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        plain.replace(b"2026-11-22T04:00:00-08:00", b"2026-11-22T12:00:00Z"),
        plain.replace(b"Fire & smoke\n  at", b"Fire &   smoke at"),
    ):
        assert one(other).content_hash == first.content_hash
    for other in (
        plain.replace(b"Go south", b"Go north"),
        plain.replace(b"38.0,-120.9 ", b"38.0,-120.8 "),
        plain.replace(b"10:00:00-08:00", b"10:00:01-08:00"),
        plain.replace(b"A note", b"The note"),
    ):
        assert one(other).content_hash != first.content_hash


def test_the_hash_is_the_same_on_every_machine() -> None:
    assert one(TEXT.format("UTF-8").encode()).content_hash == content_hash(
        replace(one(TEXT.format("UTF-8").encode()).message, note="")
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-11-22T12:00:00-08:00", datetime(2026, 11, 22, 20, tzinfo=UTC)),
        ("2026-11-22T12:00:00+0530", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("2026-11-22T12:00:00Z", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22t12:00z", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-11-22T12:00:00.987-00:00", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("2026-12-31T23:59:60Z", datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-11-22T24:00:00Z", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-22T24:30:00Z", None),
        ("2026-11-22T12:00:00+08", datetime(2026, 11, 22, 4, tzinfo=UTC)),
        ("2026-11-22 9:00:00 UTC", datetime(2026, 11, 22, 9, tzinfo=UTC)),
        ("2026-11-22T12:00:61Z", None),
        ("2026-11-22T12:00:00+14:00", datetime(2026, 11, 21, 22, tzinfo=UTC)),
        ("2026-11-22T12:00:00+14:01", None),
        ("2026-02-30T12:00:00Z", None),
        ("9999-12-31T23:59:59-08:00", None),
        ("0001-01-01T00:00:00+08:00", None),
        ("2026-11-22", None),
        ("2024-09-17:07:02-00:00", None),
        ("", None),
    ],
)
def test_times(text: str, found: datetime | None) -> None:
    notes = Notes()
    assert moment(text, "sent", notes) == found
    assert [note.code for note in notes.found] == ([] if found else ["time"])


def test_a_time_without_a_zone_is_utc_with_a_finding() -> None:
    notes = Notes()
    assert moment("2026-11-22T12:00:00", "sent", notes) == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert [note.code for note in notes.found] == ["time_zone"]


@pytest.mark.parametrize(
    ("text", "found"),
    [(" 12 ", 12.0), ("-1.5e2", -150.0), (".5", 0.5), ("1e999", None), ("9" * 400, None), ("nan", None), ("1,5", None)],
)
def test_numbers_are_finite(text: str, found: float | None) -> None:
    notes = Notes()
    assert number(text, "altitude", notes) == found
    assert bool(notes.found) == (found is None)


def test_findings_of_one_entry_stay_few() -> None:
    notes = Notes()
    for _ in range(MAX_NOTES + 10):
        notes.add("x", "y" * 1000)
    assert len(notes.found) == MAX_NOTES
    assert len(notes.found[0].text) == 300


def test_vtec_codes_are_found_in_their_parameter_alone() -> None:
    code = "/O.NEW.KSTO.TO.W.0001.261122T1100Z-261123T0600Z/"
    assert vtec([("VTEC", f"{code}\n/00000.0.SM/ {code}"), ("vtec", code.replace("NEW", "CAN"))]) == (
        code,
        code.replace("NEW", "CAN"),
    )
    assert vtec([("other", code), ("VTEC", "/O.NEW.KSTO/")]) == ()


def test_marks_of_every_width_are_known() -> None:
    body = TEXT.format("UTF-8")
    for mark, name in ((codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert one(mark + body.encode(name)).message.infos[0].event == EVENT


def test_an_embedded_document_without_an_alert_is_no_problem() -> None:
    assert cap.embedded(etree.fromstring("<feed/>")) == ParsedFeed()
