"""Our CAP message by the federal profile (OASIS, "CAP v1.2 USA IPAWS Profile v1.0"), for somebody's own gateway tool.

We send nothing there. The profile wants the code IPAWSv1.0, one SAME event code, areas by SAME location codes of six
digits beside their shapes, an end, and English or Spanish; FEMA's parameters carry the texts for phones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broadcaster.domain.alert import Area, CapMessage, Info
from broadcaster.domain.language import primary

CODE = "IPAWSv1.0"
_CODES = (  # 47 CFR 11.31(e), with the codes added since; those of tests and national messages apart
    "ADR AVA AVW BHW BLU BWW BZW CAE CDW CEM CFA CFW CHW CWW DBA DBW DEW DSW EQW EVA EVI EWW FCW FFA FFS FFW "
    "FLA FLS FLW FRW FSW FZW HLS HMW HUA HUW HWA HWW IBW IFW LAE LEW LSW MEP NUW POS RHW RWT SCS SMW SPS SPW "
    "SQW SSA SSW SVA SVR SVS TOA TOE TOR TRA TRW TSA TSW VOW WFA WFW WSA WSW"
)
EVENT_CODES = frozenset(_CODES.split())
LANGUAGES = ("en", "es")
ORIGINATOR = ("EAS-ORG", "CIV")  # a civil authority


def by_profile(
    message: CapMessage, event: str, places: Mapping[str, tuple[str, ...]], phones: Mapping[str, tuple[str, str]]
) -> CapMessage:
    """The message as the gateway takes it. ``event``: one of EVENT_CODES; ``places``: the SAME codes of its zones by
    zone; ``phones``: language -> (text of 90, text of 360 characters), empty where it is not said in so few."""
    codes = tuple(dict.fromkeys(code for zone in places.values() for code in zone))
    infos = [info for info in message.infos if primary(info.language) in LANGUAGES] or list(message.infos[:1])
    return replace(
        message,
        codes=(*(code for code in message.codes if code != CODE), CODE),
        infos=tuple(_info(info, event, codes, phones.get(primary(info.language), ("", ""))) for info in infos),
    )


def lacking(message: CapMessage) -> tuple[str, ...]:
    """What the gateway would refuse: "same" (no location code), "words" (no English or Spanish), "short" (no text of
    90 characters, without which phones get one that is made of codes)."""
    infos = message.infos
    located = all(any(name == "SAME" for name, _ in area.geocodes) for info in infos for area in info.areas)
    checks = (
        ("same", bool(infos) and all(info.areas for info in infos) and located),
        ("words", any(primary(info.language) in LANGUAGES for info in infos)),
        ("short", all(any(name == "CMAMtext" for name, _ in info.parameters) for info in infos)),
    )
    return tuple(name for name, good in checks if not good)


def _info(info: Info, event: str, codes: tuple[str, ...], texts: tuple[str, str]) -> Info:
    named = [("CMAMtext", texts[0]), ("CMAMlongtext", texts[1])]
    own = {name for name, _ in (*named, ORIGINATOR)}
    kept = [pair for pair in info.parameters if pair[0] not in own]
    return replace(
        info,
        language="es-US" if primary(info.language) == "es" else "en-US",
        event_codes=(("SAME", event),),
        parameters=(*kept, ORIGINATOR, *(pair for pair in named if pair[1])),
        areas=tuple(_area(area, codes) for area in info.areas),
    )


def _area(area: Area, codes: tuple[str, ...]) -> Area:
    """Its shapes with the location codes of the alert's zones in place of whatever codes it had."""
    own = tuple(value for name, value in area.geocodes if name == "SAME" and _six(value))
    return replace(area, geocodes=tuple(("SAME", code) for code in own or codes if _six(code)))


def _six(code: str) -> bool:
    return len(code) == 6 and code.isdigit()
