"""Codes of places in CAP (``geocode``) and of our zones, brought to one form so that they can be compared. Pure.

SAME is PSSCCC: part, state, county (47 CFR 11.31), 000 for all of it. UGC is a state, C (county, numbered as in
SAME) or Z (forecast zone) and a number, 000 or ALL for the state (NWS Directive 10-1702). NUTS nests by its letters,
the Canadian SGC (CAP-CP locations) by its digits: 2 province, 4 division, 7 subdivision. EMMA_ID, CLC and any other
kind are equal or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

COUNTY, FORECAST, NUTS, SGC = "county", "forecast", "nuts", "sgc"
_US = (COUNTY, FORECAST)
_SAME_NAMES = frozenset(["same", "fips6", "fips"])
_UGC = re.compile(r"([A-Z]{2})([CZ])([0-9]{3}|ALL)")
_STATES = (
    "AL01 AK02 AZ04 AR05 CA06 CO08 CT09 DE10 DC11 FL12 GA13 HI15 ID16 IL17 IN18 IA19 KS20 KY21 LA22 ME23 MD24 MA25 "
    "MI26 MN27 MS28 MO29 MT30 NE31 NV32 NH33 NJ34 NM35 NY36 NC37 ND38 OH39 OK40 OR41 PA42 RI44 SC45 SD46 TN47 TX48 "
    "UT49 VT50 VA51 WA53 WV54 WI55 WY56 AS60 GU66 MP69 PR72 VI78"
)
_NUMBERS = {pair[:2]: pair[2:] for pair in _STATES.split()}  # FIPS 5-2


class Code(NamedTuple):
    """``value`` of ``county`` and ``forecast``: the state's two digits (letters at sea) and three of the place."""

    kind: str
    value: str


def codes_of(name: str, value: str) -> tuple[Code, ...]:
    """A geocode as codes: mostly one; a whole state is both, its counties and its forecast zones."""
    kind, value = _kind(name), value.strip().upper()
    if kind == "ugc" and (found := _UGC.fullmatch(value)):
        number = "000" if found[3] == "ALL" else found[3]
        return _of_state(_NUMBERS.get(found[1], found[1]), number, COUNTY if found[2] == "C" else FORECAST)
    if kind == "same" and value.isascii() and value.isdigit():
        digits = value.zfill(6)[-5:]
        return _of_state(digits[:2], digits[2:], COUNTY)
    return (Code(kind, value),)


def wider(code: Code) -> tuple[Code, ...]:
    """The code itself and every code that covers its place."""
    kind, value = code
    if kind in _US:
        return tuple(Code(kind, one) for one in dict.fromkeys((value, value[:2] + "000", "00000")))
    if kind == NUTS:
        return tuple(Code(kind, value[:n]) for n in range(len(value), 1, -1))
    if kind == SGC:
        return tuple(Code(kind, value[:n]) for n in sorted({len(value), 4, 2}, reverse=True) if n <= len(value))
    return (code,)


def tell_apart(area: Iterable[Code], zone: Iterable[Code]) -> bool:
    """Given that none of an area's codes is one of the zone's: does that prove that it is another place? Not where
    they share no kind of code; two states of the USA are never the same place, whatever the kind."""
    mine, theirs = set(area), set(zone)
    if {code.kind for code in mine} & {code.kind for code in theirs}:
        return True
    ours, others = _states(mine), _states(theirs)
    return bool(ours and others) and not ours & others


def _kind(name: str) -> str:
    """ "layer:EC-MSC-SMC:1.1:CLC" is CLC, "profile:CAP-CP:Location:0.3" SGC, "NUTS3" NUTS."""
    plain = name.strip().casefold()
    if plain in _SAME_NAMES:
        return "same"
    if plain.startswith("nuts"):
        return NUTS
    if plain.startswith("profile:cap-cp:location"):
        return SGC
    return "clc" if plain.endswith(":clc") else plain


def _of_state(state: str, number: str, kind: str) -> tuple[Code, ...]:
    kinds = _US if number == "000" else (kind,)
    return tuple(Code(one, state + number) for one in kinds)


def _states(codes: Iterable[Code]) -> set[str]:
    found = {code.value[:2] for code in codes if code.kind in _US}
    return found if all(state in _NUMBERS.values() for state in found) else set()
