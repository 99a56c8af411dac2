"""Subscribers come in as CSV from somebody's office: good lines are taken, bad ones explained, nothing doubled."""

from __future__ import annotations

import contextlib
import csv
import io
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from broadcaster.channels.simulated import Options
from broadcaster.domain import audience, text_file
from broadcaster.domain.audience import BadRow, Known
from broadcaster.domain.config import Agency, ChannelConfig, Config
from broadcaster.domain.errors import Invalid, NotFound
from broadcaster.services import subscribers, subscribers_csv
from broadcaster.services.system import Actor, System
from broadcaster.store.schema import (
    audit_entries,
    opt_outs,
    subscriber_channels,
    subscriber_zones,
    zones,
)
from broadcaster.store.schema import subscribers as table

SHELL = Actor("system", "cli:root@test")
HEAD = "phone,email,language,zones,channels\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """One channel of phones, one of posts, and mail that is switched off."""
    channels = (
        ChannelConfig("sms", "simulated", options=Options()),
        ChannelConfig("county", "simulated", options=Options(speaks="post")),
    )
    return Config(
        Agency(name="Judge County", cap_sender="a@judge.example", timezone="America/Denver"), channels=channels
    )


@pytest.fixture
def known(system: System) -> System:
    with system.database.write() as connection:
        for name in ("north", "south"):
            row = {"id": name, "slug": name, "name": name.title(), "ugc": [], "same": [], "geometry": {}}
            connection.execute(zones.insert().values(**row))
    return system


def people(system: System) -> dict[str, tuple[str, set[str], set[str]]]:
    """Everybody: address -> language, zones, channels."""
    with system.database.read() as connection:
        found: dict[str, tuple[str, set[str], set[str]]] = {}
        for row in connection.execute(sa.select(table)).all():
            of: dict[str, set[str]] = {}
            for links, column in ((subscriber_zones, "zone"), (subscriber_channels, "channel")):
                query = sa.select(links.c[column]).where(links.c.subscriber == row.id)
                of[column] = set(connection.execute(query).scalars())
            found[row.phone or row.email] = (row.language, of["zone"], of["channel"])
    return found


def write(folder: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_good_lines_are_taken_as_normalised_people_with_zones_and_channels(known: System, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        HEAD + "+1 555 555 0100,,es,north;south,sms\n(555) 555-0101,,,north,\n,Ana@People.Example,es-MX,south,\n",
    )
    report = subscribers_csv.import_csv(known, SHELL, path)
    assert (report.rows, report.added, report.rejected) == (3, 3, 0)
    assert people(known) == {
        "+15555550100": ("es", {"north", "south"}, {"sms"}),
        "+15555550101": ("en", {"north"}, set()),
        "ana@people.example": ("es", {"south"}, set()),
    }


def test_a_language_that_the_agency_does_not_have_is_taken_and_told(known: System, tmp_path: Path) -> None:
    rows = [(100, "fr"), (101, "fr-CA"), (102, "vi"), (103, "es-MX"), (104, ""), (105, "fr")]
    lines = "".join(f"+15555550{n},,{language},north,\n" for n, language in rows)
    path = write(tmp_path, HEAD + lines + "nonsense,,vi,north,\n")
    for _ in range(2):
        report = subscribers_csv.import_csv(known, SHELL, path)
        assert (report.rows, report.rejected) == (7, 1)
        assert report.as_json()["foreign_languages"] == {"fr": 2, "fr-ca": 1, "vi": 1}
        assert report.as_json()["foreign_lines"] == {"fr": [2, 7], "fr-ca": [3], "vi": [4]}
    assert people(known)["+15555550102"][0] == "vi"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_is_no_language_and_no_whole_address_is_refused_with_what_to_write(known: System, tmp_path: Path) -> None:
    good = "+15555550100,,mam,north,\n+15555550101,,iw,north,\n,a@b.example,tl,north,\n"
    bad = "+15555550102,,xx,north,\n+15555550103,,jp-JP,north,\n,a@b,en,north,\n"
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + good + bad))
    assert (report.added, report.rejected) == (3, 3)
    assert report.foreign_languages == {"mam": 1, "iw": 1, "tl": 1}
    assert [reason.partition(" is ")[0] for reason in report.reasons[:2]] == [
        "line 5: language 'xx'",
        "line 6: language 'jp-JP'",
    ]
    assert "such as en, es" in report.reasons[0]
    assert report.reasons[2].startswith("line 7: email 'a@b' has no whole host after the @; write all of it")


def test_languages_are_counted_over_the_whole_file_and_not_of_lines_that_clash(known: System, tmp_path: Path) -> None:
    first = "+15555560000,a@x.example,en,north,\n+15555560001,b@x.example,en,north,\n"
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + first))
    many = "".join(f"+1555555{n:04},,fr,north,\n" for n in range(1001))
    report = subscribers_csv.import_csv(
        known, SHELL, write(tmp_path, HEAD + many + "+15555560000,b@x.example,fr,north,\n")
    )
    assert (report.added, report.rejected, report.foreign_languages) == (1001, 1, {"fr": 1001})
    assert report.foreign_lines == {"fr": list(range(2, 22))}


def test_a_second_import_of_the_same_file_changes_nothing(known: System, tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "".join(f"+1555555{i:04},p{i}@x.example,en,north,sms\n" for i in range(1200)))
    first = subscribers_csv.import_csv(known, SHELL, path)
    before = people(known)
    second = subscribers_csv.import_csv(known, SHELL, path)
    assert (first.added, first.updated, first.unchanged) == (1200, 0, 0)
    assert (second.added, second.updated, second.unchanged) == (0, 0, 1200)
    assert people(known) == before


def test_a_changed_line_changes_that_person_alone(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(
        known, SHELL, write(tmp_path, HEAD + "+15555550100,,en,north,sms\n+15555550101,,en,north,sms\n")
    )
    report = subscribers_csv.import_csv(
        known, SHELL, write(tmp_path, HEAD + "+15555550100,a@x.example,es,south,\n+15555550101,,en,north,sms\n")
    )
    assert (report.updated, report.unchanged) == (1, 1)
    assert people(known) == {
        "+15555550100": ("es", {"south"}, set()),
        "+15555550101": ("en", {"north"}, {"sms"}),
    }


def test_bad_lines_are_written_beside_the_file_with_line_and_reason_and_good_ones_taken(
    known: System, tmp_path: Path
) -> None:
    lines = [
        "12,,en,north,",
        "call me,,en,north,",
        ",,en,north,",
        "+15555550100,,en,,",
        "+15555550100,,en,atlantis,",
        "+15555550100,,en,north,pigeon",
        "+15555550100,,en,north,county",
        ",a@x.example,en,north,sms",
        "+15555550100,,english!,north,",
        "+15555550100,not-mail,en,north,",
        "+15555550100,,en,north",
        "+15555550100,,en,north,,,",
        "+15555550199,,en,north,sms",
        "+15555550199,,en,south,sms",
    ]
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "\n".join(lines) + "\n"))
    assert (report.rows, report.added, report.rejected) == (14, 1, 13)
    assert people(known) == {"+15555550199": ("en", {"north"}, {"sms"})}
    with (tmp_path / "people.rejected.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == [*range(2, 14), 15]
    words = ["too short", "letters", "neither", "no zone", "unknown zone atlantis", "unknown channel pigeon"]
    words += ["unknown channel county", "needs a phone", "language tag", "no e-mail", "4 cells", "7 cells", "line 14"]
    assert all(word in row["reason"] for word, row in zip(words, rows, strict=True)), rows


def test_a_clean_import_removes_the_list_of_an_earlier_one(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "12,,en,north,\n"))
    assert (tmp_path / "people.rejected.csv").exists()
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "+15555550100,,en,north,\n"))
    assert report.rejected_file == ""
    assert not (tmp_path / "people.rejected.csv").exists()


def test_who_has_left_stays_out_whether_still_here_or_deleted(known: System, tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + "+15555550100,,en,north,\n+15555550101,,en,north,\n")
    subscribers_csv.import_csv(known, SHELL, path)
    with known.database.write() as connection:
        for phone in ("+15555550100", "+15555550101"):
            assert subscribers.opt_out(known, connection, phone, "text:sms", known.now())
        connection.execute(table.delete().where(table.c.phone == "+15555550101"))
    report = subscribers_csv.import_csv(known, SHELL, path)
    assert (report.added, report.opted_out) == (0, 1)
    with known.database.read() as connection:
        rows = connection.execute(sa.select(table.c.phone, table.c.phone_out)).all()
        kept = connection.execute(sa.select(opt_outs.c.address_hash)).scalars().all()
    assert [(row.phone, row.phone_out is not None) for row in rows] == [("+15555550100", True)]
    assert sorted(kept) == sorted(audience.address_hash(known.settings.secret_key, f"+1555555010{i}") for i in range(2))


def test_a_deleted_person_who_left_by_phone_comes_back_by_mail_alone(known: System, tmp_path: Path) -> None:
    with known.database.write() as connection:
        subscribers.opt_out(known, connection, "+15555550100", "text:sms", known.now())
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "+15555550100,a@x.example,en,north,\n"))
    with known.database.read() as connection:
        row = connection.execute(sa.select(table)).one()
    assert row.phone_out is not None
    assert row.email_out is None


def test_coming_back_needs_the_persons_own_word(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "+15555550100,,en,north,\n"))
    with known.database.write() as connection:
        assert subscribers.opt_out(known, connection, "+15555550100", "text:sms", known.now())
        assert not subscribers.opt_out(known, connection, "+15555550100", "text:sms", known.now())
        assert subscribers.opt_in(known, connection, "+15555550100", "text:sms", known.now())
        assert not subscribers.opt_in(known, connection, "+15555550100", "text:sms", known.now())
        assert connection.execute(sa.select(table.c.phone_out)).scalar_one() is None


def test_phone_and_mail_of_two_people_in_one_line_are_refused(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(
        known, SHELL, write(tmp_path, HEAD + "+15555550100,,en,north,\n,a@x.example,en,north,\n")
    )
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "+15555550100,a@x.example,en,north,\n"))
    assert (report.rejected, report.updated) == (1, 0)
    assert "two different people" in (tmp_path / "people.rejected.csv").read_text()


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: text.replace(",", ";").encode(),
    ],
    ids=["bom", "utf16", "windows", "crlf", "tabs", "semicolons"],
)
def test_files_of_offices_are_read_whatever_program_wrote_them(known: System, tmp_path: Path, encode: object) -> None:
    text = HEAD.replace("channels", "channels,groups") + "+15555550100,,en,north,sms,Año\n"
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, encode(text)))  # type: ignore[operator]
    assert (report.added, report.rejected) == (1, 0)
    with known.database.read() as connection:
        assert connection.execute(sa.select(table.c.groups)).scalar_one() == ["Año"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv_empty"),
        (b"phone,email,language,zones\n", "csv_columns"),
        (b"phone,email,language,zones,channels,phone\n", "csv_columns"),
        (b"PK\x03\x04\0\0\0\0", "csv_not_text"),
        ("phone;email".encode("utf-16-le"), "csv_not_text"),
    ],
)
def test_a_file_that_is_no_such_csv_is_refused_and_nothing_changed(
    known: System, tmp_path: Path, content: bytes, code: str
) -> None:
    with pytest.raises(Invalid) as refused:
        subscribers_csv.import_csv(known, SHELL, write(tmp_path, content))
    assert refused.value.code == code
    assert people(known) == {}


def test_a_missing_file_is_refused(known: System, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        subscribers_csv.import_csv(known, SHELL, tmp_path / "none.csv")


def test_a_quotation_mark_left_open_costs_its_own_lines_and_says_so(known: System, tmp_path: Path) -> None:
    text = HEAD + '+15555550100,,en,north,\n"+15555550101,,en,north,\n+15555550102,,en,north,\n'
    report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, text))
    assert (report.added, report.rejected) == (1, 1)
    assert (tmp_path / "people.rejected.csv").read_text().splitlines()[1].startswith("3,cannot be read as CSV")


def test_an_unknown_column_is_named_in_the_report(known: System, tmp_path: Path) -> None:
    path = write(tmp_path, "Phone,EMAIL,language,zones,channels,nickname\n+15555550100,,en,north,,Bo\n")
    report = subscribers_csv.import_csv(known, SHELL, path)
    assert (report.added, report.ignored_columns) == (1, ["nickname"])


def test_export_can_be_imported_again_and_leaves_out_who_left(known: System, tmp_path: Path) -> None:
    head = "phone,email,language,zones,channels,groups,consent_at,consent_source\n"
    text = (
        head + "+15555550100,a@x.example,es,north;south,sms,fire;county,2026-05-01,fair\n+15555550101,,en,north,,,,\n"
    )
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, text))
    with known.database.write() as connection:
        subscribers.opt_out(known, connection, "+15555550101", "text:sms", known.now())
    out = io.StringIO()
    assert subscribers_csv.export_csv(known, SHELL, out) == 1
    assert out.getvalue() == head + (
        "+15555550100,a@x.example,es,north;south,sms,fire;county,2026-05-01T06:00:00Z,fair\n"
    )
    again = subscribers_csv.import_csv(known, SHELL, write(tmp_path, out.getvalue(), "again.csv"))
    assert (again.unchanged, again.rejected) == (1, 0)


def test_import_and_export_leave_audit_entries_without_any_address(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + "+15555550100,,en,north,\n"))
    subscribers_csv.export_csv(known, SHELL, io.StringIO())
    with known.database.read() as connection:
        rows = connection.execute(sa.select(audit_entries).order_by(audit_entries.c.id)).all()
    assert [row.verb for row in rows] == ["subscribers.import", "subscribers.export"]
    assert "5555550100" not in str(rows)


def test_the_link_in_a_mail_leaves_and_a_link_we_did_not_write_is_refused(known: System, tmp_path: Path) -> None:
    subscribers_csv.import_csv(known, SHELL, write(tmp_path, HEAD + ",a@x.example,en,north,\n"))
    url = subscribers.unsubscribe_url(known, "a@x.example")
    token = url.removeprefix(f"{known.settings.public_url}/unsubscribe/")
    assert subscribers.unsubscribe_address(known, token) == "a@x.example"
    for _ in range(2):
        assert subscribers.unsubscribe(known, token) == "a@x.example"
    with known.database.read() as connection:
        assert connection.execute(sa.select(table.c.email_out)).scalar_one() is not None
    with pytest.raises(NotFound):
        subscribers.unsubscribe(known, token[:-1] + ("A" if token[-1] != "A" else "B"))


ROW_KNOWN = Known("US", ("en", "es"), "UTC", {"north"}, {"sms": "phone"})
cells = st.fixed_dictionaries(dict.fromkeys(audience.COLUMNS + audience.OPTIONAL, st.text(max_size=30)))


@given(cells)
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_text_in_any_cell_is_a_person_or_a_reason(row: dict[str, str]) -> None:
    try:
        person = audience.parse_row(row, ROW_KNOWN)
    except BadRow:
        return
    assert person.phone or person.email


@given(st.lists(st.binary(max_size=40), max_size=4))
@hypothesis_settings(max_examples=150, deadline=None)
def test_any_bytes_have_an_encoding_that_reads_them_or_none(blocks: list[bytes]) -> None:
    found = text_file.encoding_of(iter(blocks))
    if found in ("utf-8", "utf-8-sig") and not any(block.startswith(b"\xef\xbb\xbf") for block in blocks):
        b"".join(blocks).decode(found)


@given(st.binary(max_size=300))
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_imported_or_refused(known: System, tmp_path: Path, content: bytes) -> None:
    for start in (b"", HEAD.encode()):
        with contextlib.suppress(Invalid):
            report = subscribers_csv.import_csv(known, SHELL, write(tmp_path, start + content, "any.csv"))
            assert report.added + report.updated + report.unchanged <= report.rows
