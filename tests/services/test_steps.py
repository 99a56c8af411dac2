"""The parts every verb is made of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broadcaster.domain.alert import State
from broadcaster.domain.errors import Refused
from broadcaster.services import compose, show
from broadcaster.services.steps import changed
from broadcaster.services.system import System
from tests.services.agency import AUTHOR, ORDER
from tests.services.judge import config, people  # noqa: F401  (fixtures)


def test_of_two_changes_of_the_same_revision_the_second_is_refused(system: System) -> None:
    old = compose.create(system, AUTHOR, ORDER)
    with system.database.write() as connection:
        new = changed(connection, old, replace(old, state=State.IN_REVIEW))
        with pytest.raises(Refused) as caught:
            changed(connection, old, replace(old, state=State.DISCARDED))
    assert caught.value.code == "changed"
    assert new.revision == old.revision + 1
    assert show.alert(system, old.id)["state"] == "in_review"
