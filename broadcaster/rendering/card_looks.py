"""How alert cards look: signs of levels and endings, and what marks an exercise.

Colours are the page's own, light (``domain.wording.BANDS``). An exercise has none of them: black on white within a
hatched frame, so that it shares no colour with the real thing, not even as a thumb.
"""

from __future__ import annotations

from collections.abc import Mapping

INK, PAPER, SOFT, LINE, LAND = "#1A1A1A", "#FFFFFF", "#4A4A4A", "#767676", "#F0EFE9"
DRILL = (PAPER, INK)  # ground and text of an exercise's band
DRILL_AREA = ("#BDBDBD", INK)  # and of its map
PALE = frozenset({"be_ready", "be_aware", "superseded"})  # grounds that need a line round them (3:1)
SIGNS: Mapping[str, str] = {  # 80 by 80 units; {t} is the band's text colour, {b} its ground
    "act_now": '<path d="M25 2H55L78 25V55L55 78H25L2 55V25Z" fill="{t}"/><path d="M35 16H45L43 50H37Z" fill="{b}"/>'
    '<circle cx="40" cy="61" r="5.5" fill="{b}"/>',
    "act_soon": '<path d="M40 4L78 74H2Z" fill="{t}"/><path d="M36 28H44L42.5 52H37.5Z" fill="{b}"/>'
    '<circle cx="40" cy="62" r="5" fill="{b}"/>',
    "be_ready": '<path d="M40 10L73 70H7Z" fill="none" stroke="{t}" stroke-width="8" stroke-linejoin="round"/>',
    "be_aware": '<circle cx="40" cy="40" r="37" fill="{t}"/><rect x="35.5" y="33" width="9" height="29" fill="{b}"/>'
    '<circle cx="40" cy="22" r="5.5" fill="{b}"/>',
    "lifted": '<path d="M8 42L32 66L74 16" fill="none" stroke="{t}" stroke-width="12" stroke-linejoin="round"/>',
    "superseded": '<path d="M4 40H70M46 16L72 40L46 64" fill="none" stroke="{t}" stroke-width="9"/>',
    "expired": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>',
    "called_off": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>'
    '<path d="M22 40H58" stroke="{t}" stroke-width="8"/>',
    "cancelled": '<circle cx="40" cy="40" r="34" fill="none" stroke="{t}" stroke-width="8"/>'
    '<path d="M17 17L63 63" stroke="{t}" stroke-width="8"/>',
}
# Marks that point the way reading goes are turned round with it.
POINTING = frozenset({"superseded"})
PIN = (  # 24 by 30 units
    '<path d="M12 0C5 0 1 5 1 11c0 8 11 19 11 19s11-11 11-19C23 5 19 0 12 0z" fill="{t}"/>'
    '<circle cx="12" cy="11" r="4" fill="{b}"/>'
)
HATCH = (
    '<defs><pattern id="hatch" width="34" height="34" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="34" height="34" fill="{PAPER}"/><rect width="17" height="34" fill="#000"/></pattern></defs>'
)
MAP_STYLE = (
    f".z{{fill:none;stroke:{LINE};stroke-width:1}}.a{{stroke:{INK};stroke-width:2;stroke-linejoin:round}}"
    f".n{{stroke:{PAPER};stroke-width:4;stroke-linejoin:round;paint-order:stroke}}"
)
