"""WhatsApp from an author's words to the phones of those who chose it, and their STOP back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from broadcaster.channels.whatsapp import Options
from broadcaster.channels.whatsapp_templates import Template
from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Secret
from broadcaster.domain.config import ChannelConfig
from broadcaster.domain.errors import Refused
from broadcaster.services import channel_desk, joining, notices, webhooks
from broadcaster.services.channels import fitting
from broadcaster.services.system import System
from broadcaster.services.webhooks import Hook
from broadcaster.store.schema import subscriber_channels, subscribers, users
from tests.providers.base import served
from tests.providers.twilio import ACCOUNT, TOKEN, sign
from tests.providers.whatsapp import DRILL, FRAME, SENDER, Content, WhatsApp, WhatsAppFaults, sid
from tests.sending import states, with_channels
from tests.services.agency import CHIEF, ORDER, in_review, live, settle_people
from tests.services.texting import work

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEST = "TEST of Judge County. {{1}} Do nothing. TEST"
AUTHORS, SPANISH = "+15550100000", "+15550100001"


@pytest.fixture
def provider() -> Iterator[WhatsApp]:
    contents = (Content(sid(1), FRAME), Content(sid(2), DRILL), Content(sid(3), TEST))
    with served(WhatsApp(WhatsAppFaults(latency=0), contents)) as made:
        yield made


@pytest.fixture
def county(system: System, provider: WhatsApp) -> System:
    """Its only channel is WhatsApp, which two of three people in the valley chose."""
    made = with_channels(system, whatsapp(provider))
    settle_people(made)
    with made.database.write() as connection:
        for row in connection.execute(sa.select(subscribers).where(subscribers.c.phone.in_((AUTHORS, SPANISH)))).all():
            connection.execute(subscriber_channels.insert().values(channel="whatsapp", subscriber=row.id))
    return made


def whatsapp(provider: WhatsApp, **more: Any) -> ChannelConfig:
    own = {"templates": {"en": Template(sid(1), FRAME)}, "drill_templates": {"en": Template(sid(2), DRILL)}, **more}
    own |= {"from_": SENDER, "base_url": provider.base_url}
    return ChannelConfig("whatsapp", "whatsapp", drills=True, options=Options(ACCOUNT, Secret(TOKEN), **own))


def test_who_chose_it_reads_what_was_approved_and_nobody_else_does(county: System, provider: WhatsApp) -> None:
    alert = live(county)
    work(county)
    assert sorted(text.to for text in provider.accepted) == [f"whatsapp:{AUTHORS}", f"whatsapp:{SPANISH}"]
    [body] = {text.body for text in provider.accepted}
    assert body.startswith("Alert from Judge County: Judge County: Leave Judge Valley")
    assert body.endswith("In danger call 911.")
    assert states(county) == {"accepted": 2}
    assert alert.mode == Mode.ACTUAL


def test_an_exercise_says_so_first_and_last(county: System, provider: WhatsApp) -> None:
    live(county, replace(ORDER, mode=Mode.EXERCISE))
    work(county)
    [body] = {text.body for text in provider.accepted} or {""}
    assert body.startswith("EXERCISE: Judge County practises. Judge County: Leave")
    assert body.endswith("EXERCISE")


def test_words_changed_after_the_approval_send_nothing_and_ring(county: System, provider: WhatsApp) -> None:
    live(county)
    changed = {"en": Template(sid(1), FRAME.replace("911", "112"))}
    other = with_channels(county, whatsapp(provider, templates=changed))
    work(other)
    assert provider.accepted == []
    assert states(other) == {"failed": 2}
    [desk] = channel_desk.channels(other)
    assert "answers frame" in desk.alarms[0]


def test_a_stop_by_whatsapp_leaves_every_list_of_that_phone(county: System, provider: WhatsApp) -> None:
    path = "/hooks/twilio/whatsapp/inbound"
    form = {"AccountSid": ACCOUNT, "MessageSid": "SM1", "From": f"whatsapp:{AUTHORS}", "Body": "stop"}
    said = webhooks.text(county, Hook("whatsapp", path, form, sign(TOKEN, county.settings.public_url + path, form)))
    assert "no more alerts" in said
    with county.database.read() as connection:
        query = sa.select(subscribers.c.phone).where(subscribers.c.phone_out.is_not(None))
        assert list(connection.execute(query).scalars()) == [AUTHORS]


def test_it_carries_only_modes_with_words_and_no_free_text_of_ours(county: System) -> None:
    assert fitting(county.config, Mode.EXERCISE) == ("whatsapp",)
    assert fitting(county.config, Mode.TEST) == ()
    assert notices.routes(county) == {}
    assert joining.ways(county) == {}
    assert in_review(county).channels == ("whatsapp",)


def test_a_test_to_oneself_stands_in_the_words_for_tests(county: System, provider: WhatsApp) -> None:
    with county.database.write() as connection:
        made = county.now()
        row = {"email": CHIEF.name, "phone": "+15005550123", "created": made}
        connection.execute(users.insert().values(**_user(row)))
    with pytest.raises(Refused, match="begin and end with TEST"):
        channel_desk.test(county, CHIEF, "whatsapp")
    both = {"es": Template(sid(4), "PRUEBA del condado. {{1}} No haga nada. PRUEBA"), "en": Template(sid(3), TEST)}
    able = with_channels(county, whatsapp(provider, test_templates=both))
    tested = channel_desk.test(able, CHIEF, "whatsapp")
    assert tested.accepted
    assert provider.accepted[-1].body == tested.text
    assert tested.text.startswith("TEST of Judge County. Judge County: this is a test of the channel whatsapp")


def _user(row: dict[str, Any]) -> dict[str, Any]:
    return {"fs_uniquifier": "u1", "active": True, "password": "x", **row}
