"""An alert's typed facts in languages that it has no text in: what it is, and the one thing to do.

The phrases are the template's own, prepared and signed with it; nothing that somebody typed is translated here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from broadcaster.rendering.fields import choice_of
from broadcaster.rendering.templates import Spec

GUIDANCE = "guidance"


def typed(spec: Spec, fields: Mapping[str, str], written: Iterable[str]) -> dict[str, dict[str, str]]:
    """{"fr": {"event", "action"}} for each language that can say one of them and is not ``written`` already.

    ``action`` is empty where what to do was typed freely. An end of danger
    says nothing here, its own words do, nor does an issuer's warning, whose words are not ours.
    """
    if spec.ending != "superseded" or not spec.people:
        return {}
    advice = _advice(spec, fields)
    known = [key for words in (spec.cap.event, advice) for key in words if not key.endswith("_plain")]
    able = dict.fromkeys(language for language in known if language not in set(written))
    return {key: {"event": spec.cap.event.get(key, ""), "action": advice.get(key, "")} for key in able}


def _advice(spec: Spec, fields: Mapping[str, str]) -> Mapping[str, str]:
    """What to do, in every language that has it: the choice that was made, else the template's one action."""
    if GUIDANCE not in spec.fields:
        return spec.action
    own = {key.partition(".")[2]: text.strip() for key, text in fields.items() if key.startswith(f"{GUIDANCE}.")}
    one = spec.fields[GUIDANCE]
    value = fields.get(GUIDANCE, "").strip()
    chosen = choice_of(one, value)
    prepared = one.choices[chosen] if chosen else {} if value else one.default
    return {**prepared, **{key: text for key, text in own.items() if text}}
