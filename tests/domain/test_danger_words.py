"""Words of evacuations, all clears and tests in the page's six languages and more, however they are written."""

from __future__ import annotations

import pytest

from broadcaster.domain.danger_words import declaring, ending, illegible, leaving, practising

LEAVING = """
Evacuate|EVACUATION ORDER|3vacuate|evac-uate|evac uate|EVAC ORDER|E V A C U A T E|e-v-a-c-u-a-t-e|e.v.a.c.
Ｅｖａｃｕａｔｅ
Leave now|Leave your house|Residents should leave.|You must leave|Leave the area, all of you|Level 3 GO|Go now
Get out now
Vacate the area|Flee to higher ground|Abandon your homes|Mandatory departure|clear out of the area|move out now
pack up
Salga ahora|Sálgase ya|Abandone su casa|Desaloje la zona|Desalojo obligatorio|Deje su casa|Váyase ya|Evácuese
Évacuez|E\u0301vacuez|Quittez votre domicile|Partez immédiatement|Sortez de la zone|Mòn evakye
立即疏散|請立即撤離|转移到安全地带|離開您的家|Hãy sơ tán|Di tản ngay|Rời khỏi khu vực|إخلاء فوري|غادروا المنطقة
أخلوا المنازل
Lumikas na|Lumikas ngayon|대피하십시오|避難してください|Эвакуация|Räumung|Verlassen Sie das Gebiet|Sgomberare
Saia da área
"""
STAYING = """
Take cover now. Do not leave your shelter.|Never leave children in a car|Leave taps dripping|Move to a basement
Stay inside|The vacuum cleaner|No salga de su casa|Ne quittez pas votre abri|The medevac|Level 2|Shelter in place
"""
ENDING = """
has been lifted|The warning is cancelled|has been canceled|no longer in effect|has expired|The storm has ended
It is over.
Levantada|Alerta cancelada|Fin de la alerta|ha terminado|Fin d’alerte|L’alerte est levée|警报解除|警報取消
Báo động đã hết
إلغاء التحذير|رفع التحذير|Tapos na|отмена|경보 해제|aufgehoben
"""
DECLARING = """
All clear|ALL-CLEAR|Safe to return|It is now safe|You may return home|The danger has passed|The threat is over
no danger
Es seguro regresar|Pueden volver|El peligro ha pasado|Sin peligro|Fuera de peligro
Tout danger est écarté : danger écarté
危险已过|可以安全返回|Đã an toàn|Hết nguy hiểm|زوال الخطر|انتهى الخطر|Ligtas na|Entwarnung|Отбой тревоги
"""
GOING_ON = """
Stay inside until the danger has passed|A tornado is over Judge Valley|Take cover|Siga adentro hasta que haya pasado
Move to a safe place|Safe distance|The river is rising|The warning is in effect until 6 pm
"""
TESTS = """
This is a test|THIS IS ONLY A TEST.|This warning is a drill|TEST|TEST TEST|Take cover. DRILL.
EXERCISE EXERCISE EXERCISE
Test message|For testing purposes only|Required Weekly Test|T E S T|Simulacro|Esto es una prueba|Este es un ejercicio
Ceci est un exercice|Ceci est un test|这是测试|演习|測試|演練|Đây là bài kiểm tra|Thử nghiệm|Diễn tập|هذا اختبار
تمرين|تجربة
Pagsubok lamang|Übung|Probealarm|訓練です|試験|훈련|Учебная тревога
"""
REAL = """
Exercise caution|Crews test the water|Practice safe driving|Tested wells|A sample of the water was taken|Attest
Evite el ejercicio
"""
NAMES = "Test of the Warning|Tornado Drill|Demo|Practice warning|Prueba|Exercice|Essai|Ensayo|Simulation"


def each(table: str) -> list[str]:
    return [one.strip() for one in table.replace("\n", "|").split("|") if one.strip()]


@pytest.mark.parametrize(
    ("asked", "table", "expected"),
    [
        (leaving, LEAVING, True),
        (leaving, STAYING, False),
        (ending, ENDING + DECLARING, True),
        (ending, GOING_ON, False),
        (declaring, DECLARING, True),
        (declaring, ENDING + GOING_ON, False),
        (practising, TESTS, True),
        (practising, REAL, False),
        (lambda text: practising(text, name=True), NAMES, True),
    ],
)
def test_words_are_found_however_they_are_written(asked: object, table: str, expected: bool) -> None:
    assert callable(asked)
    assert [one for one in each(table) if asked(one) != expected] == []


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Tornado Warning in Cañon City – “now”, 60 °F …", "en-US", False),
        ("Mettez-vous à l’abri", "fr-CA", False),
        ("Cảnh báo lốc xoáy: Đi vào nhà", "vi", False),
        ("NWS 龙卷风警告 3", "zh-CN", False),
        ("تحذير من إعصار NWS", "ar", False),
        ("\U0001f32a so\u00adft", "en", False),
        ("\u0435vacuate", "en", True),
        ("\u1d07vacuate", "en", True),
        ("\u03b5vac", "zh", True),
        ("evac\u200buate", "en", True),
        ("\u202eetaucave", "en", True),
        ("bell\x07", "en", True),
        ("Warning", "xx", True),
        ("Warning", "", True),
    ],
)
def test_letters_of_another_script_and_what_nobody_sees_are_illegible(text: str, language: str, expected: bool) -> None:
    assert illegible(text, language) == expected
