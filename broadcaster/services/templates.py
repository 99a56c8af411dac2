"""Are all message templates and bundles whole? Each filled with its longest values, and with each of its choices.

What is looked at: languages, lengths, characters that cost, the five contents of a warning (source, hazard, place,
guidance, time), drill labels, how hard it is to read. ``docs/templates.md`` explains each finding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from jinja2 import TemplateError

from broadcaster.channels import CHANNELS
from broadcaster.domain.alert import Info, Mode
from broadcaster.domain.config import Config
from broadcaster.domain.contents import advised, folded
from broadcaster.domain.errors import ConfigError, Invalid
from broadcaster.domain.language import primary
from broadcaster.domain.message import LONGEST_CALL, VOICE, Finding, Limits, Message
from broadcaster.domain.wording import drill_label
from broadcaster.rendering import bundles
from broadcaster.rendering.fields import Tongue, resolve
from broadcaster.rendering.messages import Job, Rendered, render
from broadcaster.rendering.readability import GRADE_MOST, grade
from broadcaster.rendering.spoken import said, said_when
from broadcaster.rendering.templates import BRIEF, ROOT, Field, Template, incomplete, load, names, variants
from broadcaster.rendering.words import pick, places, when

LIMITS: Mapping[str, Limits] = {
    "sms": Limits("sms", "sms_segments", 3, "people", "phone"),
    "post": Limits("short", "mastodon", 500, "account"),
    "brief post": Limits(BRIEF, "mastodon", 280, "account"),
    "call": Limits(VOICE, "characters", LONGEST_CALL, "people", "phone", chosen=True),
    "mail": Limits("long", "characters", 20_000, "people", "email"),
}
LINK = "https://alerts.county.example.gov/alerts/k3m9x2qa4t"
BY_FORM = {limits.form: limits for limits in LIMITS.values()}
NOW = datetime(2026, 9, 23, 19, 29, tzinfo=UTC)
PLACES = ("North Judge Valley", "South Judge Valley", "Judge Hills", "Upper Judge Creek")
USUAL_PLACES = ("Judge Valley", "Judge Hills")
EXPECTED = frozenset({"expires_assumed", "untranslated", "shortened"})
USUAL_SEGMENTS = 2
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
    return found + _strange(root) + _bundles(root)


def usual(template: Template, languages: tuple[str, ...], whole: bool = False) -> dict[str, str]:
    """Fields as on a usual day: of lists the first choice, of texts the hint, which is an example.

    Only what is required; ``whole``: all fields but the places, which the zones name.
    """
    fields = {name: one for name, one in template.spec.fields.items() if whole or one.required}
    return {key: words for name, one in fields.items() for key, words in _example(name, one, languages)}


def _example(name: str, one: Field, languages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if one.kind == "time":
        yield name, "2026-09-23T16:30:00-07:00"
    elif one.choices:
        yield name, next(iter(one.choices))
    elif one.kind != "places" and one.hint:
        yield name, pick(one.hint, languages[0])
        wanted = [*languages[1:], *(f"{language}_plain" for language in languages)]
        if not one.proper:
            yield from ((f"{name}.{key}", one.hint[key]) for key in wanted if key in one.hint)


def sample(
    config: Config,
    template: Template,
    fields: Mapping[str, str],
    mode: Mode = Mode.ACTUAL,
    limits: Mapping[str, Limits] = LIMITS,
) -> Job:
    """What rendering is given to try a template: four places, eight hours or until lifted, in all languages."""
    spec, languages = template.spec, config.agency.languages
    return Job(
        template=template.name,
        fields=fields,
        languages=languages,
        places=PLACES,
        limits=limits,
        mode=mode,
        now=NOW,
        expires=None if spec.until_lifted else NOW + timedelta(hours=8),
        until_lifted=spec.until_lifted,
        link=LINK,
        accounts={name: languages for name, one in limits.items() if one.audience == "account"},
        issuer=() if spec.people else tuple(_issued(language) for language in languages),
    )


# --- one template -----------------------------------------------------------------------------------------------
def _check(config: Config, template: Template, root: Path) -> list[Finding]:
    found = _whole(template, config.agency.languages, root)
    draw, limits = partial(render, config, root=root), {**LIMITS, **_special(root)}
    longest = _longest(template, config.agency.languages)
    for job in (sample(config, template, f, m, limits) for f in longest for m in Mode):
        drawn = draw(job)
        found += [*drawn.findings, *_labels(drawn, job.mode)]
    for fields in _choices(template, config.agency.languages):
        job = replace(sample(config, template, fields, limits=limits), places=USUAL_PLACES)
        drawn = draw(job)
        found += [*drawn.findings, *_five(config, template, job, drawn), *_reading(template, drawn)]
        other = replace(job, until_lifted=not job.until_lifted, expires=None if job.expires else NOW)
        found += [
            *_ends(template, drawn, draw(other)),
            *_many(template, draw(replace(job, fields=_bare(job, template)))),
        ]
    return [f for f in dict.fromkeys(found) if f.code not in EXPECTED]


def _whole(template: Template, languages: tuple[str, ...], root: Path) -> list[Finding]:
    """Every part in every language that somebody began, and every word of a form in each language of the agency."""
    parts = [
        Finding("language_incomplete", f"{language} lacks {', '.join(lacking)}.")
        for language, lacking in incomplete(template.name, root).items()
    ]
    spoken = [language for language in languages if language in template.languages]
    words = [
        Finding("words_missing", f"{where} has no words in {language}.")
        for where, said in _words(template)
        for language in spoken
        if said and language not in said
    ]
    return parts + words + _all_clear(template, root)


def _special(root: Path) -> dict[str, Limits]:
    """What texts with words for one kind alone are tried with: their form's account or phone."""
    return {f"{k} ({f})": replace(BY_FORM[f], variant=k) for f, k in variants(root) if f in BY_FORM and k in CHANNELS}


def _strange(root: Path) -> list[Finding]:
    """Files with words for a form or kind that nobody asks for."""
    text = "{0}-{1}.j2: there is no form {0} or no kind {1}, so nobody reads it."
    strange = [one for one in variants(root) if one[0] not in BY_FORM or one[1] not in CHANNELS]
    return [Finding("unknown_variant", text.format(*one), blocking=True) for one in strange]


def _all_clear(template: Template, root: Path) -> list[Finding]:
    """What says that it is over must be something that the template ``lifted`` can say."""
    guidance = load("lifted", root).spec.fields.get("guidance") if "lifted" in names(root) else None
    if guidance is None or template.spec.all_clear in guidance.choices:
        return []
    return [Finding("all_clear", f"all_clear = {template.spec.all_clear!r} is no guidance of lifted.", blocking=True)]


def _words(template: Template) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield "title", template.spec.title
    yield "cap.event", template.spec.cap.event
    for name, one in template.spec.fields.items():
        for key, words in (("label", one.label), ("hint", one.hint), ("default", one.default)):
            yield f"fields.{name}.{key}", words
        for key, words in one.choices.items():
            yield f"fields.{name}.choices.{key}", words


def _longest(template: Template, languages: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """The longest of everything, once with the choices that are longest in each language."""
    for longest in languages:
        filled: dict[str, str] = {}
        for name, one in template.spec.fields.items():
            for n, language in enumerate(languages):
                filled[name if n == 0 else f"{name}.{language}"] = _value(one, longest, first=n == 0)
        yield {key: value for key, value in filled.items() if value}


def _value(one: Field, language: str, first: bool) -> str:
    if one.kind == "time":
        return "2026-09-23T12:30:00-07:00" if first else ""
    if one.choices:
        longest = max(one.choices, key=lambda key: len(pick(one.choices[key], language, plain=True)))
        return longest if first else ""
    return ("Long " * one.max_length)[: one.max_length].strip()


def _choices(template: Template, languages: tuple[str, ...]) -> Iterator[dict[str, str]]:
    """Every field filled in, once with each choice of each list."""
    usually = usual(template, languages, whole=True)
    yield usually
    for name, one in template.spec.fields.items():
        for key in list(one.choices)[1:]:
            yield {**usually, name: key}


def _bare(job: Job, template: Template) -> dict[str, str]:
    """What is required of them."""
    return {key: words for key, words in job.fields.items() if template.spec.fields[key.partition(".")[0]].required}


def _issued(language: str) -> Info:
    return Info(
        language=language,
        event="Severe thunderstorm warning",
        sender_name="National Weather Service, Sacramento office",
        headline="Severe thunderstorm warning issued September 23 at 12:29 pm until 8:30 pm",
        description=_SENTENCE * 40,
        instruction=_SENTENCE * 20,
    )


# --- what is looked at ------------------------------------------------------------------------------------------
def _labels(drawn: Rendered, mode: Mode) -> list[Finding]:
    texts = [(m.channel, m.language, text) for m in drawn.messages for text in (m.text, m.subject) if text]
    return [
        Finding("drill_label", f"{channel} ({language}): a drill's label must stand first and last.", blocking=True)
        for channel, language, text in texts
        if (label := drill_label(mode, language)) and not (text.startswith(label) and text.endswith(label))
    ]


def _five(config: Config, template: Template, job: Job, drawn: Rendered) -> list[Finding]:
    """Source, hazard, place, guidance and time, each found in every text that goes out."""
    infos = {primary(info.language): info for info in drawn.infos}
    found, zone = [], config.agency.timezone
    for message in drawn.messages:
        text, info, call = folded(message.text), infos[message.language], job.limits[message.channel].form == VOICE

        def has(words: str, text: str = text, message: Message = message, call: bool = call) -> bool:
            return folded(said(words, message.language) if call else words) in text

        times = [(said_when if call else when)(at, zone, message.language) for at in (NOW, job.expires or NOW)]
        contents = {
            "source": has(info.sender_name),
            "hazard": any(has(words) for words in _hazards(config, template, job, info, message)),
            "place": has(places(USUAL_PLACES, message.language)),
            "guidance": advised(info.instruction, text),
            "time": any(has(time) for time in times),
        }
        lacking = [name for name, there in contents.items() if not there]
        where = f"{message.channel} ({message.language})"
        found += [
            Finding("content_missing", f"{where}: it does not say the {name}.", blocking=True) for name in lacking
        ]
    return found


def _hazards(config: Config, template: Template, job: Job, info: Info, message: Message) -> list[str]:
    """Words that name the danger: the event's, or those of a field that is always filled in."""
    tongue = Tongue(message.language, job.languages[0], config.agency.timezone, message.channel == "sms")
    values = resolve(template.spec, job.fields, tongue)
    always = [name for name, one in template.spec.fields.items() if one.required or one.default]
    return [info.event, *(values[name] for name in always if name != "guidance" and values[name])]


def _ends(template: Template, one: Rendered, other: Rendered) -> list[Finding]:
    """Whether it has an end or holds until lifted must be read in every text of a danger."""
    if template.spec.ending != "superseded" or not template.spec.people:
        return []
    return [
        Finding("content_missing", f"{a.channel} ({a.language}): it does not say how long it holds.", blocking=True)
        for a, b in zip(one.messages, other.messages, strict=True)
        if a.text == b.text
    ]


def _reading(template: Template, drawn: Rendered) -> list[Finding]:
    found: list[Finding] = []
    for info in drawn.infos if template.spec.people else ():
        language = primary(info.language)
        years = max(grade(text, language) or 0.0 for text in (info.description, info.instruction))
        if years > GRADE_MOST:
            said = (
                f"{language}: it asks for {years:.1f} years of school, {GRADE_MOST:g} at most. Shorten its sentences."
            )
            found.append(Finding("hard_to_read", said))
    return found


def _many(template: Template, drawn: Rendered) -> list[Finding]:
    text = "{} ({}): {} parts with what is required alone, {} fit."
    many = [m for m in drawn.messages if m.segments > USUAL_SEGMENTS and template.spec.people]
    return [Finding("many_parts", text.format(m.channel, m.language, m.segments, USUAL_SEGMENTS)) for m in many]


# --- bundles ----------------------------------------------------------------------------------------------------
def _bundles(root: Path) -> list[Finding]:
    folder, found = root.parent / "bundles", []
    for name in bundles.bundle_names(folder):
        try:
            bundle = bundles.load_bundle(name, folder)
            known = {part: load(part, root).spec.fields for part in bundle.parts if part in names(root)}
            found += [f"bundle {name}: {text}." for text in bundles.faults(bundle, known)]
        except (ConfigError, Invalid) as error:
            found.append(str(error))
    return [Finding("broken_bundle", text, blocking=True) for text in found]
