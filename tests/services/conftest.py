"""Fixtures of tests of sending: a Twilio on loopback, and a system that texts through it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broadcaster.services.system import System
from tests.providers.base import served
from tests.providers.twilio import TwilioFaults
from tests.sending import sms, with_channels
from tests.services.texting import Holding


@pytest.fixture
def twilio() -> Iterator[Holding]:
    """A Twilio on loopback that answers at once."""
    with served(Holding(TwilioFaults(latency=0.01))) as provider:
        yield provider


@pytest.fixture
def ground(system: System, twilio: Holding) -> System:
    """A system whose only channel is that Twilio."""
    return with_channels(system, sms(twilio))
