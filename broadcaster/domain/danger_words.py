"""Words by which a text tells people to leave, says that a danger is over, or says that it is only a test. Pure.

Asked before a machine releases a text (``domain.releasing``), so it errs on the side of people: whatever may be such
a word counts, and a text that nobody here could read (``illegible``) counts too. Texts are looked at whole, folded
(``domain.contents.folded``), whatever language they say that they are in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from broadcaster.domain.contents import folded

# --- telling people to leave ------------------------------------------------------------------------------------
_LEAVE = r"""
    \b[e3]vac\W?\W?u|\bevac\b|evacu|evakye
    \b(?<!not )(?<!never )leave (?!taps|faucets|lights|enough|extra|room|space|pets)|\b(?<!not )(?<!never )leave$
    \b(?<!not )leave[.!,;:]|\bleaving (?:is|now)|\bgo now\b|\blevel (?:3|three)\b|\bget out\b|\bvacate\b|\bflee\b
    \babandon|\b(?:move|clear) out\b|\bclear the (?:area|zone|streets?)|\bpack up\b|\brelocat
    \bdepart(?:ure)?\b(?= (?:now|at once|immediately|order|is|your|the))|\bmandatory departure
"""
_LEAVE_ES = r"""
    \b(?<!no )(?:salga|salgan|salir de|vayase|vayanse|retirese|retirense|marchese|marchense|huya|huyan)\b|desaloj
    \bsalg(?:a|an)se\b|\b(?<!no )abandon(?:e|en|ar)\b
    \b(?<!no )dej(?:e|en) (?:su|sus|la|las|el|los) (?:casa|hogar|viviend|zona|area|domicilio)
"""
_LEAVE_FR = r"""
    \b(?<!ne )quitt(?:ez|er)\b|\bpartez\b|\b(?<!ne )sortez de\b
"""
_LEAVE_REST = r"""
    sgomber|\blasciate\b|\bdesocup|\bsaiam? d[aeo]s?\b|raumung|evakuier|\bverlassen sie\b|\bgebiet verlassen|эваку
    покин|疏散|撤离|撤離|撤退|转移|轉移|离开|離開|逃离|逃離|\bso tan\b|\bdi tan\b|\broi khoi\b|\bdi doi\b|اخلاء
    اخلوا|غادر|نزوح|\b(?:l|il|lil|pagl|lum)ikas|\bumalis\b|\blisanin|避難|退避|立ち退
"""
_LEAVE_HANGUL = ("대피", "피난")

# --- declaring people safe, and ending a warning ----------------------------------------------------------------
_SAFE = r"""
    \ball\W{0,3}clear\b|\bsafe (?:to (?:return|go|come|leave|travel)|again|now)\b
    \b(?:now|are|is) safe\b(?! (?:place|distance))|\b(?:may|can) (?:now |safely )?(?:return|go) (?:home|to your)
    \breturn (?:home|to your homes?)\b
    \b(?:danger|threat|emergency|hazard|crisis) (?:has|have|is|are)(?: now| been)* (?:over|ended|passed|gone)\b
    \b(?:danger|threat|emergency|hazard|crisis) (?:has|have|is|are)(?: now| been)* (?:past|cleared)\b
    \bno (?:more |longer (?:a |any |an )?)?(?:danger|threat)\b|\bseguro (?:regresar|volver|salir)
    \bpueden? (?:regresar|volver)\b|\bfuera de peligro\b|\bsin peligro\b
    \bpeligro (?:ya )?(?:ha )?(?:pas|termin|ces)|\bya no (?:hay|existe|es) (?:peligro|una amenaza)
    \bdanger (?:est )?(?:ecarte|passe|termine)|\bretour a la normale\b|\bhors de danger\b|\bplus de danger\b
    entwarnung|отбо|危险已|危險已|安全返回|\b[dđ]a an toan\b|\ban toan [dđ]e\b|\bhet nguy hiem\b|زوال الخطر
    زال الخطر|انته[ىي] الخطر|امن للعود[هة]|\bligtas na\b|\bwala nang panganib\b|\btapos na ang panganib\b
"""
_OVER = r"""
    \b(?:has|have|is|are|was|were)(?: now)?(?: been)? (?:lifted|cancell?ed|rescinded|called off)\b
    \b(?:has|have) (?:now )?(?:ended|expired|passed|subsided|diminished)\b|\b(?:is|are)(?: now)? over(?:$|[.!,;:])
    \bno longer (?:in effect|in force|a threat|valid|necessary|required|expected|threaten)
    \bya no (?:esta|hay|es|existe)\b|\blevant(?:ad[ao]|amiento)|\bfin de (?:la |l.|el )?(?:alert|emergenci|aviso)
    \bcancelad[ao]|\b(?:ha|han) (?:terminado|finalizado|pasado)\b|\bfin d.alerte|\blevee\b|\bannulee?\b
    \bfim d[aeo] (?:alerta|aviso)|\baufgehoben\b|\brevocat|отмен|解除|取消|结束|結束
    \b[dđ]a (?:het|[dđ]uoc (?:go|huy|do) bo)\b|\bhuy bo\b|الغاء|انته[ىي]|رفع (?:ال)?(?:تحذير|انذار|حظر)
    \btapos na\b
"""
_OVER_HANGUL = ("해제", "종료")

# --- tests and exercises ----------------------------------------------------------------------------------------
# in an event's name or a headline one word is enough
_TEST_NAMES = r"""
    \b(?:tests?|testing|exercises?|drills?|demo|demonstration|practice|mock|training|simulation|simulated)\b
    \b(?:simulacros?|simulacion|pruebas?|ejercicios?|ensayo|exercices?|essais?|simulazione|esercitazione|exercicio)\b
    \b(?:simulado|testwarnung|pagsubok|pagsasanay|thu nghiem|dien tap|bai kiem tra)\b
"""
_TEST_ANYWHERE = r"""
    \bthis (?:\w+ ){0,3}?(?:is|was) (?:only |just |merely )?(?:an? |the )?(?:\w+ )?(?:test|drill|exercise)\b
    \bthis (?:\w+ ){0,3}?is (?:only |just )?(?:an? )?(?:practice|simulation)\b
    \b(?:only|just) a (?:test|drill)\b|\b(?:monthly|weekly|national|periodic|wea|system|siren) test\b
    \b(?:test|drill|exercise|training|practice|mock|demo) (?:message|alert|warning|only|bulletin|product)s?\b
    \bfor (?:test|testing|training|exercise|demonstration)(?: purposes?)?(?: only)?\b
    \b(test|drill|exercise)\W+\1\b
    (?:^|[.!?:;(\[*-]) ?(?:test|drill|exercise|demo|practice|mock|training)(?: only)? ?(?:$|[.!?:;)\]*-])
    (?:^|[.!?:;(\[*-]) ?(?:prueba|ejercicio|exercice|essai) ?(?:$|[.!?:;)\]*-])
    \bsimulacros?\b|\best[aeo]? es (?:solo )?una? (?:prueba|simulacro|ejercicio)|\bmensaje de prueba\b
    \bceci est une? (?:\w+ )?(?:test|exercice|essai)|\bubung\b|\bprobealarm|\btestwarnung
    \bdies ist (?:nur )?eine? test|测试|測試|演习|演習|演练|演練|试验|試驗|\bthu nghiem\b|\bdien tap\b
    \bbai kiem tra\b|\bkiem tra thu\b|اختبار|تجريبي|تجرب[هة]|تمرين|مناور[هة]|\bpagsubok\b|\bpagsasanay\b|訓練|試験
    テスト|учебн|учени[ея]
"""
_TEST_HANGUL = ("시험", "훈련")

# --- what can be read -------------------------------------------------------------------------------------------
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyzæøđłœþðıªº")
_SCRIPTS = {
    **dict.fromkeys(("en", "es", "fr", "pt", "it", "de", "ht", "vi", "tl", "fil"), ("LATIN",)),
    "zh": ("CJK", "LATIN", "BOPOMOFO"),
    "ja": ("CJK", "HIRAGANA", "KATAKANA", "LATIN"),
    "ko": ("HANGUL", "CJK", "LATIN"),
    "ar": ("ARABIC", "LATIN"),
    "ru": ("CYRILLIC", "LATIN"),
}
_HIDDEN = frozenset(("Cf", "Cc", "Co", "Cn", "Cs", "Zl", "Zp"))
_SHOWN = frozenset("\n\r\t\u00ad")  # a soft hyphen is only a place to break a line
_UNTIL = re.compile(r"\b(?:until|hasta que|jusqu.a ce que)\b[^.!?;,]*")  # "stay inside until the storm has passed"
_SPELT = re.compile(r"(?<!\w)(?:\w[\W_]{1,2}){3,}\w(?!\w)")  # e v a c u a t e


def _any(patterns: Iterable[str], hangul: Iterable[str] = ()) -> re.Pattern[str]:
    """One pattern of all lines, for folded texts; Hangul is taken apart by folding, so its words are too."""
    lines = [line.strip() for pattern in patterns for line in pattern.strip().splitlines()]
    return re.compile("|".join([*lines, *map(folded, hangul)]))


_LEAVING = _any((_LEAVE, _LEAVE_ES, _LEAVE_FR, _LEAVE_REST), _LEAVE_HANGUL)
_DECLARING = _any((_SAFE,))
_ENDING = _any((_SAFE, _OVER), _OVER_HANGUL)
_TEST = _any((_TEST_ANYWHERE,), _TEST_HANGUL)
_NAMED_TEST = _any((_TEST_NAMES, _TEST_ANYWHERE), _TEST_HANGUL)


def leaving(text: str) -> bool:
    """Could it tell people to leave?"""
    return _found(_LEAVING, text)


def ending(text: str) -> bool:
    """Could it say that a danger, or a warning of it, is over?"""
    return _found(_ENDING, _UNTIL.sub(" ", folded(text)))


def declaring(text: str) -> bool:
    """Could it declare people safe? Less than ``ending``: that a warning was cancelled is not among it."""
    return _found(_DECLARING, _UNTIL.sub(" ", folded(text)))


def practising(text: str, name: bool = False) -> bool:
    """Could it be a test or an exercise? ``name``: a short text, in which the word alone says so."""
    return _found(_NAMED_TEST if name else _TEST, text)


def illegible(text: str, language: str) -> bool:
    """Letters that its language is not written with (so that words of it may look like others), characters that
    nobody sees, or a language whose words nobody here has listed."""
    scripts = _SCRIPTS.get(language.split("-")[0].casefold())
    if scripts is None or any(unicodedata.category(c) in _HIDDEN and c not in _SHOWN for c in text):
        return True
    letters = {c for c in folded(text) if c.isalpha()} - _LATIN
    return any(not _written(c, scripts) for c in letters)


def _written(letter: str, scripts: tuple[str, ...]) -> bool:
    """Is it of one of these scripts? Of Latin the plain letters alone: others are there to look like them."""
    return unicodedata.name(letter, "?").split(" ")[0] in set(scripts) - {"LATIN"}


def _found(pattern: re.Pattern[str], text: str) -> bool:
    plain = folded(text)
    return bool(pattern.search(plain) or pattern.search(_joined(plain)))


def _joined(text: str) -> str:
    """Words that are spelt letter by letter as words."""
    return _SPELT.sub(lambda found: "".join(c for c in found[0] if c.isalnum()), text)
