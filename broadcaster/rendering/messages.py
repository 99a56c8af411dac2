"""From a template and its fields to the exact texts of every channel and language, and to CAP's words.

Pure of clock and database: everything comes in with the ``Job``. What is rendered here is what the approver
sees and what is sent; nothing renders again after approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from broadcaster.domain import text_sms
from broadcaster.domain.alert import Certainty, Info, Mode, Severity, Urgency, info_in
from broadcaster.domain.config import Config
from broadcaster.domain.frames import framed
from broadcaster.domain.hashtag import behind
from broadcaster.domain.language import primary
from broadcaster.domain.message import VOICE, Finding, Limits, Message
from broadcaster.domain.text_html import for_people
from broadcaster.domain.text_social import URL_LENGTH, measure
from broadcaster.domain.wording import EVACUATION_LEVELS, drill_label
from broadcaster.rendering import fields as filled
from broadcaster.rendering.fields import Tongue
from broadcaster.rendering.spoken import said
from broadcaster.rendering.templates import BRIEF, FORMS, ROOT, SHARED, TOLD, Spec, Template, load
from broadcaster.rendering.words import MOST_PLACES, one_line, paragraphs, pick, places, posts

HEADLINE_GOOD, HEADLINE_MOST = 140, 160  # CAP 1.2, 3.2.2: some systems show only 160
SEGMENTS_GOOD = 3
LENGTH_CODES = ("too_long", "many_segments")
NOT_IN_A_DRILL = ("not a drill", "not an exercise", "no es un simulacro", "no es simulacro")
_SPOKEN = (VOICE, TOLD[VOICE])
TAGS = {"en": "en-US", "es": "es-US"}


@dataclass(frozen=True, slots=True)
class Job:
    """All that rendering looks at. ``places``: zone names; ``limits``: channel name -> what it carries.

    ``accounts``: languages configured per account channel. ``issuer``: the infos of a CAP message, for the
    template ``cap``. ``link``: the alert's permanent page. ``hashtag``: the incident's, without its sign.
    """

    template: str
    fields: Mapping[str, str]
    languages: tuple[str, ...]
    places: tuple[str, ...]
    limits: Mapping[str, Limits]
    mode: Mode
    now: datetime
    expires: datetime | None = None
    until_lifted: bool = False
    link: str = ""
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issuer: tuple[Info, ...] = ()
    issuer_name: str = ""
    cancelled: bool = False  # the issuer takes the warning back
    hashtag: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Exact texts, CAP's words per language (without areas), and what author and approver must see."""

    messages: tuple[Message, ...]
    infos: tuple[Info, ...]
    findings: tuple[Finding, ...]


def render(config: Config, job: Job, root: Path = ROOT) -> Rendered:
    """Raises Invalid for an unknown template or field; everything else that is wrong is a finding."""
    template = load(job.template, root)
    filled.check_names(template.spec, job.fields, (*config.agency.languages, *job.languages))
    spoken, findings = _languages(config, template, job)
    findings += filled.check(template.spec, job.fields, spoken, job.languages[0])
    pens = {language: _Pen(config, job, template, language, root) for language in spoken}
    infos = tuple(pen.info() for pen in pens.values())
    messages: list[Message] = []
    for channel, limits in job.limits.items():
        findings += _unframed(channel, limits, job, spoken)
        for language in _spoken_on(channel, limits, job, spoken):
            thread, said = pens[language].written(channel, limits)
            messages += thread
            about = f"text:{channel}:{language}"
            said += [one for message in thread for one in _findings(message, limits, job.mode)]
            findings += [replace(one, about=about) for one in said]
    for channel, language in _told_facts(template, job, spoken, root):
        pen = _Pen(config, job, template, language, root)
        told = TOLD[job.limits[channel].form]
        messages.append(pen.message(channel, replace(job.limits[channel], form=told)))
        about = f"text:{channel}:{language}"
        findings += [replace(one, about=about) for one in lengths(messages[-1], job.limits[channel])]
    findings += _headline_findings(infos)
    return Rendered(tuple(messages), infos, tuple(dict.fromkeys(findings)))


def _languages(config: Config, template: Template, job: Job) -> tuple[list[str], list[Finding]]:
    """The languages that are said, the first of them what others fall back to, and findings about those not said."""
    able = set(template.languages)
    if job.issuer:
        own = {primary(info.language) for info in job.issuer}
        spoken = [lang for lang in job.languages if lang in able and lang in own]
    else:
        spoken = [lang for lang in job.languages if lang in able]
    if not spoken:
        spoken = [next((lang for lang in (*config.agency.languages, "en") if lang in able), "en")]
    missing = [lang for lang in job.languages if lang not in spoken]
    text = "There is no text in {}; people who read it get the one in {}."
    return spoken, [Finding("language_missing", text.format(lang, spoken[0]), about="languages") for lang in missing]


def _spoken_on(channel: str, limits: Limits, job: Job, spoken: list[str]) -> list[str]:
    """People get every language that is said, where a platform approves words those that have such; an account those it
    is configured for, else the first."""
    if limits.audience == "people":
        return [lang for lang in spoken if limits.speaks(job.mode, lang)]
    wanted = [lang for lang in job.accounts.get(channel, ()) if lang in spoken]
    return wanted or spoken[:1]


def _unframed(channel: str, limits: Limits, job: Job, spoken: list[str]) -> list[Finding]:
    """What is to be said of languages in which a platform has approved no words for this channel."""
    if all(limits.speaks(job.mode, lang) for lang in (*spoken, *job.languages)):
        return []
    said = next((lang for lang in spoken if limits.speaks(job.mode, lang)), "")
    if not said:
        text = f"{channel} has no approved words for this in {', '.join(spoken)}: nothing goes out by it. Leave it out."
        return [Finding("no_frame", text, blocking=True, about="channels")]
    text = "{} has no approved words in {}; people who read it get the text in {} by it."
    missing = [lang for lang in job.languages if not limits.speaks(job.mode, lang)]
    return [Finding("frame_missing", text.format(channel, lang, said), about="languages") for lang in missing]


def _told_facts(template: Template, job: Job, spoken: list[str], root: Path) -> list[tuple[str, str]]:
    """(channel, language) of people whose language has no text here, and whom a text message or a call tells the facts.

    Not where somebody typed what to do: that is not said in their language, so they get the first language's text.
    """
    advice = template.spec.fields.get("guidance")
    if job.issuer or (advice and filled.choice_of(advice, job.fields.get("guidance", "")) is None):
        return []
    wanted = [lang for lang in job.languages if lang in template.facts and lang not in spoken]
    people = [(name, TOLD[o.form]) for name, o in job.limits.items() if o.form in TOLD and o.audience == "people"]
    return [
        (name, lang)
        for name, form in people
        for lang in wanted
        if (root / SHARED / lang / f"{form}.j2").is_file() and job.limits[name].speaks(job.mode, lang)
    ]


class _Pen:
    """Writes one language of one job."""

    def __init__(self, config: Config, job: Job, template: Template, language: str, root: Path) -> None:
        self.config = config
        self.job = job
        self.template = template
        self.language = language
        self.root = root
        self._own = info_in(job.issuer, language)
        self.issued = for_people(self._own) if self._own is not None else None

    def written(self, channel: str, limits: Limits) -> tuple[list[Message], list[Finding]]:
        """The message, or a thread of them, with hashtag and mentions at the end of the first."""
        (head, *rest), said = self._fitting(channel, limits)
        ended, left = self._ended(head, limits)
        return [ended, *rest], [*said, *left]

    def _ended(self, message: Message, limits: Limits) -> tuple[Message, list[Finding]]:
        """As many of hashtag and mentions, in this order, as there is room for behind words and link, which never make
        room for them. A drill calls nobody, and stands in no stream of a real incident."""
        tag = self.job.hashtag if limits.tags else ""
        ends = behind(message.text, tag, limits.mentions) if self.job.mode == Mode.ACTUAL else []
        gap = "\n\n" if limits.form == "long" else " "
        for kept in range(len(ends), 0, -1):
            longer = self._measured(message.channel, limits, f"{message.text}{gap}{' '.join(ends[:kept])}")
            if longer.characters <= limits.length:
                break
        else:
            kept, longer = 0, message
        where, left = f"{message.channel} ({self.language})", " ".join(ends[kept:])
        said = [Finding("left_out", f"{where}: no room for {left}; the words come first.")] if left else []
        return replace(longer, subject=message.subject), said

    def _fitting(self, channel: str, limits: Limits) -> tuple[list[Message], list[Finding]]:
        """The message in its channel's form. Where an account takes less: in the words of a text message, else the
        headline's, either of which says all that people need; more follows as a thread where the account has such."""
        message = self.message(channel, limits)
        if limits.form != "short" or message.characters <= limits.length:
            return [message], []
        shorter = (self.message(channel, replace(limits, form=form)) for form in ("sms", BRIEF))
        head = next((one for one in shorter if one.characters <= limits.length), None)
        if head is None:
            return [message], []
        thread = [head, *self._following(channel, limits)]
        where, fit = f"{channel} ({self.language})", f"{message.characters} characters, {limits.length} fit"
        more = f", and {len(thread) - 1} more posts follow it" if len(thread) > 1 else ""
        text = f"{where}: {fit}; the words of a shorter message stand instead{more}."
        return thread, [Finding("shortened", text)]

    def _following(self, channel: str, limits: Limits) -> list[Message]:
        """What the first post of a thread had no room for: what happens, and what to do in full."""
        if limits.thread < 2:
            return []
        said = "\n\n".join(paragraphs(self._part(part, plain=False)) for part in ("description", "instruction"))

        def made(text: str) -> Message:
            return self._measured(channel, limits, self._labelled(text, "short"))

        texts = posts(said, lambda text: made(text).characters <= limits.length, limits.thread - 1)
        return [replace(made(text), number=number) for number, text in enumerate(texts, 1)]

    def message(self, channel: str, limits: Limits) -> Message:
        """The text of a channel's form, with the drill's label first and last."""
        plain = limits.in_parts
        raw = self._part(limits.form, plain, variant=limits.variant)
        said = self._laid_out(raw, limits.form)
        frame = limits.frame(self.job.mode, self.language)
        text = self._labelled(said, limits.form) if frame is None else framed(frame, said)
        subject = self._labelled(self._headline(), "subject") if limits.form == "long" else ""
        return replace(self._measured(channel, limits, text), subject=subject)

    def _laid_out(self, raw: str, form: str) -> str:
        if form == "long":
            return paragraphs(raw)
        return said(one_line(raw), self.language) if form in _SPOKEN else one_line(raw)

    def _measured(self, channel: str, limits: Limits, text: str) -> Message:
        segments, characters = measure(limits.unit, text, limits.extras.get("url", URL_LENGTH))
        return Message(channel, self.language, text, "", segments, characters)

    def info(self) -> Info:
        """CAP's words. An issuer's own words stay, only what our profile demands is added."""
        if self._own is not None:
            return self._issued_info(self._own)
        spec = self.template.spec
        urgency, severity, certainty = _danger(spec, self.job.fields)
        return Info(
            language=TAGS.get(self.language, self.language),
            categories=spec.cap.category,
            event=_event(self.config, spec, self.language, plain=False),
            response_types=spec.cap.response_types,
            urgency=urgency,
            severity=severity,
            certainty=certainty,
            expires=self.job.expires,
            sender_name=self.config.agency.name,
            headline=self._labelled(self._headline(), "subject"),
            description=self._labelled(paragraphs(self._part("description", plain=False)), "long"),
            instruction=paragraphs(self._part("instruction", plain=False)),
            web=self.job.link,
            contact=self.config.agency.contact or self.config.agency.emergency_number,
        )

    def _issued_info(self, info: Info) -> Info:
        headline = info.headline.strip() or info.event
        return replace(
            info,
            areas=(),
            headline=headline
            if len(headline) <= HEADLINE_MOST
            else f"{info.event}: {info.sender_name}"[:HEADLINE_MOST],
            sender_name=info.sender_name or self.job.issuer_name,
            expires=info.expires or self.job.expires,
            web=info.web or self.job.link,
            contact=info.contact or self.config.agency.contact or self.config.agency.emergency_number,
        )

    def _headline(self) -> str:
        """At most 140 characters with the drill's label: fewer places, else the event and who says it."""
        if self.issued is not None:
            return self._issued_info(self.issued).headline
        label = drill_label(self.job.mode, self.language)
        room = HEADLINE_GOOD - (2 * len(label) + 3 if label else 0)
        for most in (MOST_PLACES, 1):
            text = one_line(self._part("subject", plain=False, most=most))
            if len(text) <= room:
                return text
        return f"{_event(self.config, self.template.spec, self.language, plain=False)}: {self.config.agency.name}"[
            :room
        ]

    def _part(self, part: str, plain: bool, most: int = MOST_PLACES, variant: str = "") -> str:
        context = self._context(plain, most, part in _SPOKEN)
        if part in FORMS:
            inner = {
                p: self.template.part(self.language, p, context, self.root) for p in ("description", "instruction")
            }
            context |= {key: paragraphs(text) for key, text in inner.items()} | {"headline": self._headline()}
        return self.template.part(self.language, part, context, self.root, variant)

    def _context(self, plain: bool, most: int, spoken: bool = False) -> dict[str, object]:
        job, agency, spec = self.job, self.config.agency, self.template.spec
        tongue = Tongue(self.language, job.languages[0], agency.timezone, plain, spoken)
        values = filled.resolve(spec, job.fields, tongue)
        named = values.get("place") or places(job.places, self.language, plain)
        short = values.get("place") or places(job.places, self.language, plain, most)
        end = (self.issued.ends if self.issued else None) or job.expires
        evacuation = EVACUATION_LEVELS[self.config.policy.evacuation_levels].get(spec.evacuation)
        return {
            "f": values,
            "info": self.issued,
            "source": agency.name,
            "issuer": (self.issued.sender_name if self.issued else "") or job.issuer_name or agency.name,
            "event": self.issued.event if self.issued else _event(self.config, spec, self.language, plain),
            "action": values.get("guidance") or pick(spec.action, self.language, plain),
            "lawful_sentence": pick(evacuation.sentence, self.language) if evacuation else "",
            "place": named,
            "place_short": short,
            "until_lifted": job.until_lifted,
            "until": "" if end is None else tongue.when(end),
            "issued": tongue.when(job.now),
            "link": "" if spoken else job.link,
            "contact": agency.contact,
            "emergency_number": agency.emergency_number,
            "cancelled": job.cancelled,
            "foreign": filled.foreign(spec, job.fields, self.language, job.languages[0]),
        }

    def _labelled(self, text: str, form: str) -> str:
        label = drill_label(self.job.mode, self.language)
        if not label or not text:
            return text
        return f"{label}\n\n{text}\n\n{label}" if form == "long" else f"{label}: {text} {label}"


def _event(config: Config, spec: Spec, language: str, plain: bool) -> str:
    step = EVACUATION_LEVELS[config.policy.evacuation_levels].get(spec.evacuation)
    lawful = step is not None and (language in step.name or language not in spec.cap.event)
    return pick(step.name if step and lawful else spec.cap.event, language, plain)


def _danger(spec: Spec, values: Mapping[str, str]) -> tuple[Urgency, Severity, Certainty]:
    for name, one in spec.fields.items():
        key = filled.choice_of(one, values.get(name, "")) if one.sets else None
        if key is not None and key in one.sets:
            return one.sets[key]
    return spec.cap.urgency, spec.cap.severity, spec.cap.certainty


def _findings(message: Message, limits: Limits, mode: Mode) -> list[Finding]:
    where = f"{message.channel} ({message.language})"
    found = lengths(message, limits)
    if limits.in_parts:
        found += _costly(message, where)
    if mode != Mode.ACTUAL and any(words in message.text.casefold() for words in NOT_IN_A_DRILL):
        found.append(Finding("drill_words", f"{where}: a drill never says that it is no drill.", blocking=True))
    return found


def lengths(message: Message, limits: Limits) -> list[Finding]:
    """What is to be said of a message's length; the codes are ``LENGTH_CODES``."""
    where = f"{message.channel} ({message.language})"
    size = message.segments if limits.in_parts else message.characters
    unit = "parts" if limits.in_parts else "characters"
    most = limits.extras.get("characters")
    if size > limits.length:
        return [Finding("too_long", f"{where}: {size} {unit}, {limits.length} fit. Shorten it.", blocking=True)]
    if most is not None and len(message.text) > most:
        text = f"{where}: {len(message.text)} characters, the provider takes {most}. Shorten it."
        return [Finding("too_long", text, blocking=True)]
    if limits.in_parts and message.segments > SEGMENTS_GOOD:
        return [
            Finding(
                "many_segments", f"{where}: {message.segments} parts; {SEGMENTS_GOOD} are better read and sooner sent."
            )
        ]
    return []


def _costly(message: Message, where: str) -> list[Finding]:
    def said(one: text_sms.Costly) -> str:
        offer = f'write "{one.suggestion}"' if one.suggestion else "leave it out"
        return f'"{one.character}" ({one.name}, {one.times} times): {offer}'

    costly = text_sms.costly(message.text)
    if not costly:
        return []
    text = f"{where}: these characters make it {message.segments} parts of 67 letters: {'; '.join(map(said, costly))}."
    return [Finding("costly_characters", text)]


def _headline_findings(infos: tuple[Info, ...]) -> list[Finding]:
    long = [info for info in infos if len(info.headline) > HEADLINE_GOOD]
    text = "The headline in {} has {} characters; up to {} are shown everywhere."
    return [Finding("long_headline", text.format(i.language, len(i.headline), HEADLINE_GOOD)) for i in long]
