"""Every word of the console has its Spanish, and the domain's texts have a sentence each."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from broadcaster.channels import graph, linkedin_rest, tiktok
from broadcaster.console.spoken import read
from broadcaster.console.spoken_words import SENTENCES

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "broadcaster" / "console" / "translations" / "es" / "LC_MESSAGES"
RAISED = {"Refused", "Forbidden", "Invalid", "NotFound", "Unauthenticated", "Unavailable"}
OFF_SCREEN = (  # texts that only a terminal, a partner's machine or a provider reads
    "api/",
    "cli/",
    "services/backup.py",
    "services/begin.py",
    "services/export.py",
    "services/partner.py",
    "services/templates.py",
    "services/webhooks.py",
)
PUBLIC = {
    "subscribe",
    "confirm_link",
    "unsubscribe_link",
    "no_way",
    "too_often",
    "not_sent",
}  # public/ has its own words
MACHINES = {"scope", "token", "token_missing"}  # a token's request
OWN_WORDS = {"again", "act", "roles", "date", "not_ticked", "unknown"}  # screens raise them in the reader's language
_WHOLE = {  # facts of checks that are more than a word
    "what": "12: the template 12",
    "said": "12: 12",
    "moved": "; write chat_id = 12, the group's new number",
    "error": "the account does not allow 12",
    "LABEL": "SIMULATED",
}
_FACT = re.compile(r"%\(\w+\)s|\{\w+\}")


def test_every_word_of_the_console_has_its_spanish() -> None:
    known, wanted = _spanish(), set(_extracted())
    missing = [key for key in sorted(wanted, key=str) if not _filled(known, *key)]
    assert not missing, "run: make translations; then fill in messages.po"


def test_nothing_in_the_catalogue_is_left_from_older_words() -> None:
    kept = {(message.context, message.id) for message in _spanish() if message.id}
    assert kept <= set(_extracted()), "run: make translations"


def test_spanish_keeps_every_place_for_a_fact() -> None:
    for message in _spanish():
        if message.id:
            english, spanish = _forms(message.id), _forms(message.string)
            facts = set(_FACT.findall(english[-1]))
            assert set(_FACT.findall(spanish[-1])) == facts, message.id
            assert set(_FACT.findall(spanish[0])) <= facts, message.id


def test_no_translation_is_a_guess() -> None:
    assert not [message.id for message in _spanish() if message.id and message.fuzzy]


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    again = io.BytesIO()
    write_mo(again, _spanish())
    again.seek(0)
    with (FOLDER / "messages.mo").open("rb") as file:
        compiled = read_mo(file)
    assert _texts(compiled) == _texts(read_mo(again)), "run: make translations"


def test_the_catalogue_names_no_person_and_no_address() -> None:
    head = (FOLDER / "messages.po").read_text("utf-8").partition("\n\n")[0]
    assert "@" not in head
    assert '"Language: es\\n"' in head


def test_every_code_that_a_screen_may_show_has_a_sentence() -> None:
    left_out = {code: where for code, where in _codes() if code not in SENTENCES}
    assert {code: left_out[code] for code in left_out if code not in PUBLIC | MACHINES | OWN_WORDS} == {}


def test_every_kind_of_alarm_has_a_sentence() -> None:
    kinds = set(_alarms())
    assert kinds >= {"channel", "notice", "people", "shortfall"}
    assert {kind for kind in kinds if f"alarm:{kind}" not in SENTENCES and kind not in SENTENCES} == set()


def test_every_text_of_a_screen_is_read_whole_or_has_a_sentence_for_its_code() -> None:
    unread = [(where, text) for where, code, text in _written() if read(text) is None and not _general(code)]
    assert unread == []


def test_every_line_of_a_channels_check_is_read_whole() -> None:
    unread = [(where, text) for where, text in _checks() if read(text) is None]
    assert unread == [], "write it into console/spoken_channels.py, and run: make translations"
    hints = {*graph.WHAT_TO_DO.values(), *linkedin_rest.WHAT_TO_DO.values(), *tiktok.WHAT_TO_DO.values()}
    assert {hint for hint in hints if read(hint) is None} == set()


# --- what stands in the code ------------------------------------------------------------------------------------
def _spanish() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="es")


def _extracted() -> Iterator[tuple[str | None, str | tuple[str, ...]]]:
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    keywords = {**DEFAULT_KEYWORDS, "_l": None, "_s": None}
    for folder in ("broadcaster", "templates/console"):
        here = [(pattern.removeprefix(f"{folder}/"), name) for pattern, name in methods]
        opts = {pattern.removeprefix(f"{folder}/"): value for pattern, value in options.items()}
        for _, _, text, _, context in extract_from_dir(ROOT / folder, here, opts, keywords):
            yield context, text


def _filled(known: Catalog, context: str | None, key: str | tuple[str, ...]) -> bool:
    message = known.get(key if isinstance(key, str) else key[0], context)
    return message is not None and bool(message.string) and all(_forms(message.string))


def _forms(texts: str | Sequence[str] | None) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts or ())


def _texts(catalogue: Catalog) -> dict[tuple[str | None, str], tuple[str, ...]]:
    return {(one.context or None, _forms(one.id)[0]): _forms(one.string) for one in catalogue if one.id}


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    for file in sorted((ROOT / "broadcaster").rglob("*.py")):
        where = str(file.relative_to(ROOT / "broadcaster"))
        if where.startswith(OFF_SCREEN):
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield where, ast.unparse(node.func), node


def _codes() -> Iterator[tuple[str, str]]:
    for where, name, call in _calls():
        if name in RAISED | {"Finding"} and call.args and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value), where


def _alarms() -> Iterator[str]:
    for where, name, call in _calls():
        if name == "alarms.ring" and not where.startswith("store/"):
            kind = call.args[2]
            yield str(kind.value) if isinstance(kind, ast.Constant) else _NAMED[ast.unparse(kind)]


_NAMED = {
    "KIND": "feed_health",
    "NOBODY_TOLD": "nobody_told",
    "RANG": "shortfall",
}  # kinds that stand in a name of their module


def _written() -> Iterator[tuple[str, str, str]]:
    """(file, code, text) of what stands beside its code; facts are written as digits."""
    skipped = PUBLIC | MACHINES | OWN_WORDS
    for where, name, call in _calls():
        if name in RAISED | {"Finding"} and len(call.args) > 1 and isinstance(call.args[0], ast.Constant):
            code, text = str(call.args[0].value), call.args[1]
            if code not in skipped and isinstance(text, ast.Constant | ast.JoinedStr):
                yield where, code, _with_digits(text)


def _checks() -> Iterator[tuple[str, str]]:
    """(file, text or hint) of the checks of channels, where it stands beside them; facts are written as digits."""
    for file in sorted((ROOT / "broadcaster" / "channels").glob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for function in filter(_checking, ast.walk(tree)):
            for text in _told(function):
                for one in (text.body, text.orelse) if isinstance(text, ast.IfExp) else (text,):
                    if isinstance(one, ast.Constant | ast.JoinedStr) and (told := _with_digits(one)):
                        yield file.name, told


def _checking(node: ast.AST) -> bool:
    named = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in ("unusable", "living")
    return named and any(isinstance(one, ast.Name) and one.id in ("Check", "unusable") for one in ast.walk(node))


def _told(function: ast.AST) -> Iterator[ast.expr]:
    for one in ast.walk(function):
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "hint":
            yield one.value
        elif isinstance(one, ast.Call) and ast.unparse(one.func) == "Check":
            yield from one.args[1:3]
        elif isinstance(one, ast.Call) and ast.unparse(one.func) == "unusable":
            colon = [ast.Constant(": "), ast.FormattedValue(ast.Constant("why"), -1)]
            yield (
                ast.JoinedStr([*one.args[0].values, *colon]) if isinstance(one.args[0], ast.JoinedStr) else one.args[0]
            )
            yield from one.args[2:]


def _with_digits(text: ast.Constant | ast.JoinedStr) -> str:
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return "".join(
        str(part.value) if isinstance(part, ast.Constant) else _WHOLE.get(ast.unparse(part.value), "12")  # type: ignore[attr-defined]
        for part in parts
    )


def _general(code: str) -> bool:
    return _FACT.search(SENTENCES[code][0]) is None
