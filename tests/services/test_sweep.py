"""One failing step never stops the others."""

import pytest

from broadcaster.services.sweep import STEPS, sweep
from broadcaster.services.system import System

calls: list[str] = []


def good(system: System) -> None:
    calls.append(type(system).__name__)


def bad(_: System) -> None:
    raise ValueError("a broken step")


GOOD, BAD, MISSING = (f"tests.services.{name}" for name in ("test_sweep.good", "test_sweep.bad", "no_such_module.step"))


def test_every_step_gets_the_system(system: System) -> None:
    calls.clear()
    assert sweep(system, (GOOD, GOOD)) == [GOOD, GOOD]
    assert calls == ["System", "System"]


def test_a_step_that_fails_stops_no_other_and_is_told_at_the_end(system: System) -> None:
    calls.clear()
    with pytest.raises(ExceptionGroup) as caught:
        sweep(system, (BAD, MISSING, GOOD))
    assert calls == ["System"]
    assert [error.__notes__ for error in caught.value.exceptions] == [[BAD], [MISSING]]


def test_all_steps_run_on_an_empty_installation(system: System) -> None:
    assert sweep(system) == list(STEPS)
