"""CAP documents as a weather service would send them over the valley, in its own XML."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

SENDER = "w-nws@noaa.example"
VALLEY = "38.01,-120.99 38.01,-120.95 38.05,-120.95 38.01,-120.99"
BOTH = "38.01,-120.99 38.01,-119.95 38.05,-119.95 38.05,-120.99 38.01,-120.99"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def sent(minutes: int) -> str:
    """``minutes`` after an hour ago, as CAP writes times."""
    return (START + timedelta(minutes=minutes)).isoformat()


def named(identifier: str, minutes: int) -> str:
    """How a later document refers to one."""
    return f"{SENDER},{identifier},{sent(minutes)}"


def document(
    identifier: str = "one",
    minutes: int = 0,
    kind: str = "Alert",
    names: Sequence[str] = (),
    *,
    event: str = "Tornado Warning",
    severity: str = "Extreme",
    hours: float = 3,
    polygon: str = VALLEY,
    vtec: str = "",
    status: str = "Actual",
    headline: str = "Tornado Warning",
    info: bool = True,
) -> bytes:
    """One CAP 1.2 alert."""
    words = f"""<info><language>en-US</language><category>Met</category><event>{event}</event>
    <urgency>Immediate</urgency><severity>{severity}</severity><certainty>Observed</certainty>
    <expires>{(START + timedelta(hours=hours)).isoformat()}</expires><senderName>NWS Sacramento</senderName>
    <headline>{headline}</headline><description>A tornado was seen near Judge.</description>
    <instruction>Take cover now.</instruction>
    {f"<parameter><valueName>VTEC</valueName><value>{vtec}</value></parameter>" if vtec else ""}
    <area><areaDesc>Judge Valley</areaDesc><polygon>{polygon}</polygon></area></info>"""
    references = f"<references>{' '.join(names)}</references>" if names else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier><sender>{SENDER}</sender>
<sent>{sent(minutes)}</sent><status>{status}</status><msgType>{kind}</msgType><scope>Public</scope>
{references}{words if info else ""}</alert>""".encode()
