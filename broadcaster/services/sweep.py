"""What fell between is picked up: each step finds its own work in SQL and is idempotent."""

from __future__ import annotations

import importlib

from broadcaster.services.system import System

STEPS = (
    "broadcaster.services.expand.resume",
    "broadcaster.services.receipts.drain",
    "broadcaster.services.settle.settle",
    "broadcaster.services.end.expire",
)


def sweep(system: System, steps: tuple[str, ...] = STEPS) -> list[str]:
    """Run every step, whatever becomes of the others; returns the steps done. Raises ExceptionGroup at the end."""
    failures: list[Exception] = []
    for step in steps:
        try:
            _call(step, system)
        except Exception as error:  # noqa: BLE001 - the edge of a job: the others go on
            error.add_note(step)
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(steps)} steps failed", failures)
    return list(steps)


def _call(step: str, system: System) -> None:
    module, _, name = step.rpartition(".")
    getattr(importlib.import_module(module), name)(system)
