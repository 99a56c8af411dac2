"""One bundled document of each feed format, with its times moved to now; all of them invented."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

FILES = {"cap": "cap.xml", "cap_index": "cap_index.xml", "nws": "nws.json"}
_FOLDER = Path(__file__).with_name("samples")


def sample(format_: str, now: datetime) -> bytes:
    """The sample of that format as if it had been issued at ``now``. Raises KeyError for a format without one."""
    text = (_FOLDER / FILES[format_]).read_text(encoding="utf-8")
    times = {"@NOW@": now, "@PLUS1H@": now + timedelta(hours=1), "@PLUS6H@": now + timedelta(hours=6)}
    for mark, moment in times.items():
        text = text.replace(
            mark, moment.strftime("%Y-%m-%dT%H:%M:%S-00:00" if format_ != "nws" else "%Y-%m-%dT%H:%M:%S+00:00")
        )
    return text.replace("@ID@", now.strftime("%Y%m%d%H%M%S")).encode()
