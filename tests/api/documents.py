"""CAP documents for the API's tests."""

from __future__ import annotations

from datetime import datetime, timedelta

POLYGON = "<polygon>44.1,-120.9 44.1,-120.1 44.9,-120.1 44.9,-120.9 44.1,-120.9</polygon>"


def cap(
    now: datetime,
    *,
    identifier: str = "doc-1",
    status: str = "Actual",
    scope: str = "Public",
    msg_type: str = "Alert",
    area: str = POLYGON,
    headline: str = "Flash Flood Warning for North",
    references: str = "",
    infos: bool = True,
) -> str:
    """One alert, in force for two hours from ``now``."""
    moment = "%Y-%m-%dT%H:%M:%S-00:00"
    refers = f"<references>{references}</references>" if references else ""
    info = f"""<info><language>en-US</language><category>Met</category><event>Flash Flood Warning</event>
<responseType>Evacuate</responseType><urgency>Immediate</urgency><severity>Severe</severity>
<certainty>Observed</certainty><expires>{(now + timedelta(hours=2)).strftime(moment)}</expires>
<senderName>River Watch</senderName><headline>{headline}</headline><description>Water rises.</description>
<instruction>Move to higher ground.</instruction><area><areaDesc>North</areaDesc>{area}</area></info>"""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>
<sender>river@partner.example</sender><sent>{now.strftime(moment)}</sent><status>{status}</status>
<msgType>{msg_type}</msgType><scope>{scope}</scope>{refers}{info if infos else ""}</alert>"""


def reference(now: datetime, identifier: str = "doc-1") -> str:
    """How a later document names ``cap(now, identifier=…)``."""
    return f"river@partner.example,{identifier},{now.strftime('%Y-%m-%dT%H:%M:%S-00:00')}"
