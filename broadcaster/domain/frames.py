"""Words that a platform approved beforehand, with ours in their middle: WhatsApp takes nothing else from an agency.

Pure. What people read is written whole (``framed``), so author, approver and record see it; a channel cuts ours out
again when it sends (``cut_out``).
"""

from __future__ import annotations

import re

from broadcaster.domain.alert import Mode
from broadcaster.domain.wording import drill_label

SLOT = "{{1}}"
LONGEST = 1024  # characters of such a message with everything in it (Meta)
ROOM = 480  # characters that a frame leaves at least: what three text messages hold
FEWEST_WORDS = 3  # of its own, for one slot
DRILLS = (Mode.EXERCISE, Mode.TEST)


def framed(frame: str, words: str) -> str:
    """What people read: the approved words around ours."""
    return frame.replace(SLOT, words)


def cut_out(frame: str, text: str) -> str | None:
    """Our words out of such a text; None where it does not stand in this frame."""
    before, _, after = frame.partition(SLOT)
    if len(text) <= len(before) + len(after) or not (text.startswith(before) and text.endswith(after)):
        return None
    return text[len(before) : len(text) - len(after)]


def fault(frame: str, mode: Mode, language: str) -> tuple[str, str] | None:
    """What is wrong with approved words, and what to write; None where nothing is.

    Meta's rules: one slot, words of its own before and after it (punctuation alone is none), and not too few. Ours:
    an exercise's word stands first and last, and never at an end of what is real.
    """
    before, _, after = frame.partition(SLOT)
    if frame.count("{{") != 1 or SLOT not in frame:
        return (
            f"needs {SLOT} once and nothing else in braces",
            f"Emergency alert for Example County. {SLOT} In danger call 911.",
        )
    if not (_said(before) and _said(after)):
        return f"begins or ends with {SLOT}, which Meta refuses", "put words of your own before it and after it"
    if len(_said(before) + _said(after)) < FEWEST_WORDS:
        return "has too few words of its own", f"at least {FEWEST_WORDS} around {SLOT}"
    if len(before) + len(after) > LONGEST - ROOM:
        return f"leaves less than {ROOM} characters for the alert", f"at most {LONGEST - ROOM} characters around {SLOT}"
    return _label_fault(frame, mode, language)


def _label_fault(frame: str, mode: Mode, language: str) -> tuple[str, str] | None:
    label = drill_label(mode, language)
    if label and not (_begins(frame, label) and _ends(frame, label)):
        return f"does not begin and end with {label}", f"{label}: {SLOT} {label}, with words of your own between"
    others = [drill_label(other, language) for other in DRILLS if other != mode]
    wrong = next((word for word in others if _begins(frame, word) or _ends(frame, word)), None)
    if wrong is not None:
        return f"begins or ends with {wrong}, which it is not", f"put it under its own table, or take {wrong} out"
    return None


def _said(part: str) -> list[str]:
    return re.findall(r"\w+", part)


def _begins(frame: str, word: str) -> bool:
    return re.match(rf"{re.escape(word)}\b", frame) is not None


def _ends(frame: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}$", frame) is not None
