"""Who of the agency answers for a template's words in a language. Changed words are unsigned by themselves.

Nobody is invented: what no person of the agency has read and signed is said to author and approver.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict

from sqlalchemy.engine import Connection

from broadcaster.domain.config import Config
from broadcaster.domain.errors import Invalid, Refused
from broadcaster.domain.message import Finding
from broadcaster.domain.review import check_sign_words
from broadcaster.domain.wording import EVACUATION_LEVELS
from broadcaster.rendering.templates import Template, load, names, words_digest
from broadcaster.rendering.words import language_name, pick, places
from broadcaster.services import audit
from broadcaster.services.steps import who
from broadcaster.services.system import Actor, System
from broadcaster.store import phrases as store
from broadcaster.store.phrases import Signature


class Words(TypedDict):
    """One template in one language. ``state``: signed, unsigned, or changed_since (somebody signed other words)."""

    template: str
    title: str
    language: str
    signed_by: str | None
    signed_at: datetime | None
    state: str


def sign(system: System, actor: Actor, template: str, language: str) -> Words:
    """The words as they stand now are signed; words that were signed before keep their first signature.

    Raises Forbidden (role, machine), Invalid (unknown template or language), Refused where the words are an issuer's.
    """
    who_ = who(actor)
    check_sign_words(who_)
    found, at = _signable(template, language), system.now()
    digest = _digest(system.config, found, language)
    with system.database.write() as connection:
        if store.put(connection, template, language, digest, who_.person, at):
            detail = {"language": language, "hash": digest}
            audit.record(system, connection, actor, "template.sign", f"template:{template}", at, **detail)
        return _state(system.config, found, language, store.signatures(connection, (template,)))


def listing(system: System) -> list[Words]:
    """Every template for people in every language that the agency and the template have, by name."""
    known = [found for found in map(load, names()) if found.spec.people]
    with system.database.read() as connection:
        signatures = store.signatures(connection, [found.name for found in known])
    return [
        _state(system.config, found, language, signatures)
        for found in known
        for language in system.config.agency.languages
        if language in (*found.languages, *found.facts)
    ]


def unsigned(config: Config, connection: Connection, template: str, languages: Iterable[str]) -> list[Finding]:
    """One finding about all these languages whose words nobody has signed; none for an issuer's own words."""
    found = load(template)
    if not found.spec.people:
        return []
    signatures = store.signatures(connection, (template,))
    lacking = [one for one in languages if _state(config, found, one, signatures)["state"] != "signed"]
    if not lacking:
        return []
    said = places([language_name(one) for one in lacking], "en")
    return [
        Finding(
            "unsigned_words", f"The {said} words of this template have been signed by nobody here.", about="languages"
        )
    ]


def _signable(name: str, language: str) -> Template:
    found = load(name)
    if not found.spec.people:
        raise Refused("issuers_words", f"The words of {name} are their issuer's: there is nothing to sign.")
    known = (*found.languages, *found.facts)
    if language not in known:
        raise Invalid(
            "unknown_language", f"The template {name} has no words in {language!r}. It has: {', '.join(known)}."
        )
    return found


def _state(config: Config, template: Template, language: str, signatures: Sequence[Signature]) -> Words:
    own = [row for row in signatures if (row.template, row.language) == (template.name, language)]
    digest = _digest(config, template, language)
    valid = [row for row in own if row.hash == digest]
    last = next(reversed(valid or own), None)
    return Words(
        template=template.name,
        title=pick(template.spec.title, "en"),
        language=language,
        signed_by=last.by if last else None,
        signed_at=last.at if last else None,
        state="signed" if valid else "changed_since" if own else "unsigned",
    )


def _digest(config: Config, template: Template, language: str) -> str:
    """With the place's lawful words, which a setting chooses."""
    step = EVACUATION_LEVELS[config.policy.evacuation_levels].get(template.spec.evacuation)
    lawful = {"name": pick(step.name, language), "sentence": pick(step.sentence, language)} if step else {}
    return words_digest(template, language, lawful)
