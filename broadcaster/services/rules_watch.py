"""A rules.toml that cannot be read while the system runs is an alarm, over when it is mended."""

from __future__ import annotations

from broadcaster.services.system import System
from broadcaster.store import alarms

KEY = KIND = "rules_file"


def watch(system: System) -> None:
    """Periodic: look at the file; ring where it is wrong, with its line and what to do, and clear where it is well."""
    if system.rules_file is None:
        return
    system.rules_file.look()
    wrong = system.rules_file.wrong
    text = f"rules.toml cannot be read; the last good rules stay in force. {wrong}" if wrong else ""
    with system.database.read() as connection:
        open_ = next((row.text for row in alarms.open_alarms(connection) if row.key == KEY), "")
    if text == open_:
        return
    with system.database.write() as connection:
        if text:
            alarms.ring(connection, KEY, KIND, text, system.now())
        else:
            alarms.clear(connection, KEY, system.now())
