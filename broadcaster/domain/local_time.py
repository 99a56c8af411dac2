"""A place's own clock, as forms show and take it: "2026-11-22T18:30" without a zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class NoSuchTime(ValueError):
    """The text is no time, or one that the clocks leave out; the text is for the person who typed it."""


def read(text: str, timezone: str) -> datetime:
    """The moment (UTC) of a local time; a text with a zone of its own keeps it. Raises NoSuchTime.

    An hour that comes twice, as clocks go back, is taken at its first coming.
    """
    try:
        given = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise NoSuchTime(f"{text.strip()!r} is no time. Write it like 2026-11-22T18:30.") from error
    if given.tzinfo is not None:
        return given.astimezone(UTC)
    zone = ZoneInfo(timezone)
    moment = given.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != given:
        raise NoSuchTime(f"{given:%H:%M} does not exist on that day: the clocks go forward. Give another time.")
    return moment


def write(moment: datetime, timezone: str) -> str:
    """A moment as that place's clock shows it, to the minute."""
    return moment.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%dT%H:%M")
