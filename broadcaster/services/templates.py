"""Are all message templates whole? Each in every language of the agency, filled with the longest sensible values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from jinja2 import TemplateError

from broadcaster.domain.alert import Info, Mode
from broadcaster.domain.config import Config
from broadcaster.domain.errors import ConfigError
from broadcaster.domain.message import Finding, Limits
from broadcaster.rendering.messages import Job, Rendered, render
from broadcaster.rendering.templates import ROOT, Field, Template, load, names

LIMITS: Mapping[str, Limits] = {
    "sms": Limits("sms", "sms_segments", 3, "people", "phone"),
    "post": Limits("short", "mastodon", 500, "account"),
    "mail": Limits("long", "characters", 20_000, "people", "email"),
}
LINK = "https://alerts.county.example.gov/alerts/k3m9x2qa4t"
EXPECTED = frozenset({"expires_assumed", "untranslated"})
_SENTENCE = "Move to the lowest floor of a strong building now. "


def templates_check(config: Config, root: Path = ROOT) -> list[Finding]:
    """What is wrong, each finding's text beginning with the template's name; nothing where all is well."""
    found: list[Finding] = []
    for name in names(root):
        try:
            found += [Finding(f.code, f"{name}: {f.text}", f.blocking) for f in _check(config, load(name, root), root)]
        except TemplateError as error:
            found.append(Finding("broken_template", f"{name}: {type(error).__name__}: {error}", blocking=True))
        except ConfigError as error:
            found.append(Finding("broken_template", str(error), blocking=True))
    return found


def _check(config: Config, template: Template, root: Path) -> list[Finding]:
    found = [f for mode in (Mode.ACTUAL, Mode.EXERCISE) for f in _rendered(config, template, mode, root).findings]
    return [f for f in dict.fromkeys(found) if f.code not in EXPECTED]


def _rendered(config: Config, template: Template, mode: Mode, root: Path) -> Rendered:
    now = datetime(2026, 9, 23, 19, 29, tzinfo=UTC)
    job = Job(
        template=template.name,
        fields=_longest(template, config.agency.languages),
        languages=config.agency.languages,
        places=("North Judge Valley", "South Judge Valley", "Judge Hills", "Upper Judge Creek"),
        limits=LIMITS,
        mode=mode,
        now=now,
        expires=None if template.spec.until_lifted else now + timedelta(hours=8),
        until_lifted=template.spec.until_lifted,
        link=LINK,
        accounts={"post": config.agency.languages},
        issuer=() if template.spec.people else tuple(_issued(language) for language in config.agency.languages),
    )
    return render(config, job, root)


def _longest(template: Template, languages: tuple[str, ...]) -> dict[str, str]:
    filled: dict[str, str] = {}
    for name, one in template.spec.fields.items():
        for n, language in enumerate(languages):
            filled[name if n == 0 else f"{name}.{language}"] = _value(one, language, first=n == 0)
    return {key: value for key, value in filled.items() if value}


def _value(one: Field, language: str, first: bool) -> str:
    if one.kind == "time":
        return "2026-09-23T12:30:00-07:00" if first else ""
    if one.choices:
        longest = max(one.choices, key=lambda key: len(one.choices[key].get(language, "")))
        return longest if first else ""
    return ("Long " * one.max_length)[: one.max_length].strip()


def _issued(language: str) -> Info:
    return Info(
        language=language,
        event="Severe thunderstorm warning",
        sender_name="National Weather Service, Sacramento office",
        headline="Severe thunderstorm warning issued September 23 at 12:29 pm until 8:30 pm",
        description=_SENTENCE * 40,
        instruction=_SENTENCE * 20,
    )
