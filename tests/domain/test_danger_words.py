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
ev4cuate|evacu8|3v4cu4t3|l3ave now|1eave now|Ieave now|ev@cuate|€vacuate now|℮vacuate|£eave now|ⓁⒺⒶⓋⒺ now
eva cuate|e vacuate|ev acuate|evac_uate|evac*uate|ev/acuate|evaucate|evacute now|evacation order|evactuation
You cannot leave too early|Why not leave at once?|Do not leave pets behind|Do not leave anyone behind
Do not leave your home without your go bag|Leave pets and go|Leave lights on and go|Level: 3|LEVEL III|Level-3
Nivel 3|LVL 3 GO|Niveau 3|Ready, Set, GO!|Zone 4 is at GO status|Go to a safe location immediately|Get to safety
Seek shelter at Judge High School|Report to the reception center|Go to the assembly point|Exit the area
Drive north on Highway 4 now|Move inland|Run for your lives|Get away from the coast|Move away from the dam now
Residents are ordered out of their homes|Everyone must be out by 5 pm|Take your go bag and go|Clear out now
Mandatory relocation|Remove yourself from the area|Head for higher ground inland|Escape now
Withdraw from the area|Proceed to the shelter at the fairgrounds|Do not stay in your home
Do not remain in the area|Displacement order|Quit the premises|Egress now|get going now|hit the road|Bug out
Depart|Must depart|No salga sin sus documentos|No espere, salga|Márchense|Dejen sus casas|Dirijase al albergue
Vaya a un refugio|Diríjase a terreno elevado|Acuda al punto de encuentro|Alejese de la zona|Aléjense de la costa
Póngase a salvo|Orden de salida|desocupe su casa|Irse ahora|Váyanse|Quittez les lieux|Fuyez
Rejoignez un point haut|Allez vous mettre à l'abri au gymnase|Libérez la zone|Dégagez|Partir immédiatement
Ewakuacja|Segera mengungsi|Tahliye edin|Evacueren|Verlaat uw huis|Lämna området|Forlat området
Poistukaa alueelta|Opuśćcie domy|Opusťte|Napustite|Părăsiți zona|Khiav tawm|Ondokeni sasa|Hagyják el|Evakuer
Utrymning|Boşaltın|Flüchten Sie|Fliehen Sie|Räumen Sie das Gebiet|Begeben Sie sich in Sicherheit|Evakuieren
Scappate|Allontanatevi|Abbandonate le case|Fujam|Abandonem|Deixe a área
Retirem-se|Afastem-se|马上走|立刻离家|往高处跑|撤出
避难|尽快撤走|搬离|走避|高台へ逃げて|逃げて|逃げろ|高台に移動
피신하세요|떠나세요|اتركوا منازلكم|ارحلوا|اهربوا|ابتعدوا|Бегите|Уходите|Выезжайте
Уезжайте|Выходите из домов|Chạy ngay|Hãy rời|Ra khỏi khu vực|Rời nhà|Tumakas|Lumayo
"""
STAYING = """
Move to the closest substantial shelter|Move away from windows|Do not leave your home until told|Leave extra time
Aléjese de las ventanas|Vaya a un sótano|No salga a la calle|Éloignez-vous des fenêtres|à partir de demain

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
DISGUISED_ENDING = """
You can go home|You may go back home|Residents are allowed back|Re-entry is permitted|Repopulation has begun
Roads have reopened|Situation is under control|The fire is contained|The fire is out|The tornado has dissipated
Warning terminated|Alert ended|The alert is off|End of alert|Stand down|Back to normal
Conditions have returned to normal|Resume normal activities|You can come out now|It's over|Its safe|A11 clear
AII clear|all c1ear|The warning was lifted|no further action needed|Threat neutralized
The hazard no longer exists|false alarm|Sent in error|Disregard|Ignore the previous message
Warning is hereby cancelled|CANCELED|rescinded|The warning held until 5 pm and it is now safe to return
Stay inside until now: it is all clear|Wait until 5 it is safe to return|Danger over|Emergency over|Warning over
No danger exists|has weakened|is downgraded|Safe to drink|Shelter in place lifted|Order lifted
Lift of shelter order|is no more|Deactivated|you're safe|we are safe|you are out of danger|Puede regresar a casa
Regrese a su casa|Vuelva a su hogar|Todo despejado|Ya pasó el peligro|La emergencia terminó|Se levanta el aviso
Alerta desactivada|Aviso finalizado|Puede salir|Falsa alarma|Fin del aviso|Volver a la normalidad
Situación normalizada|A salvo|Todo está bien|La alerta ha sido anulada|Queda sin efecto
Vous pouvez rentrer chez vous|La situation est maîtrisée|Fin de la vigilance|Retour à domicile|Alerte terminée
Fausse alerte|Levée de l'alerte|Sie können zurückkehren|Gefahr vorüber|Warnung beendet|Keine Gefahr mehr
Cessato allarme|Pericolo passato|Allarme rientrato|Podem regressar|Perigo passou|Alerta encerrado|Cancelado|已经安全
平安了|可以回家|警报解除|危险过去了|無事|もう安全です|安全になりました
帰宅できます|안전합니다|귀가하세요|위험이 지나갔|آمن الآن|يمكنكم العودة|Опасность миновала
Можно возвращаться|Безопасно|An toàn rồi|Có thể về nhà|Pwede nang umuwi|Ligtas na
"""
DECLARING = """
All clear|ALL-CLEAR|Safe to return|It is now safe|You may return home|The danger has passed|The threat is over
no danger
Es seguro regresar|Pueden volver|El peligro ha pasado|Sin peligro|Fuera de peligro
Tout danger est écarté : danger écarté
危险已过|可以安全返回|Đã an toàn|Hết nguy hiểm|زوال الخطر|انتهى الخطر|Ligtas na|Entwarnung|Отбой тревоги
"""
GOING_ON = """
Stay inside until officials say it is safe to return.|Help others if it is safe to do so.|until the all clear is given
Mobile homes are not safe|Stay safe|It is not safe to drive

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
DISGUISED_TESTS = """
This isn't real|This is not a real emergency|this is a t-e-s-t|T3ST|TE5T|te st message|Required monthly test
TESTE|Sample alert|example only|Dummy message|Trial run|Do not act on this|Rehearsal|Dry run|Simulated emergency
Training exercise|exercise play|EXER|EXERCISE/EXERCISE|practice run|This message is part of a drill
part of an exercise|during the exercise|as part of a test|system check|This is a system check|Functional test
Lorem ipsum|Übungsmeldung|Probewarnung|Warntag|Test tone|This was a test|esto no es real|Solo un simulacro
no es una emergencia real|Mensaje de ensayo|Essai mensuel|ceci n'est pas une alerte réelle|Message de test
esercitazione|Prova|Treinamento|Simulado|Latihan|ćwiczenia|Øvelse|övning|oefening
"""
REAL = """
Showers and storms are training over the valley|Training thunderstorms|Exercise extreme caution|Avoid outdoor exercise

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
        (ending, ENDING + DISGUISED_ENDING + DECLARING, True),
        (ending, GOING_ON, False),
        (declaring, DECLARING, True),
        (declaring, ENDING + GOING_ON, False),
        (practising, TESTS + DISGUISED_TESTS, True),
        (lambda text: practising(text, place=True), "Test Valley|Drill Creek|Exercise Park", False),
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
        ("\U0001f174\U0001f185\U0001f170\U0001f172", "en", True),
        ("\U0001f1ea\U0001f1fb", "en", True),
        ("\u212evacuate", "en", True),
        ("level \u0663", "en", True),
        ("level \u0663", "ar", False),
        ("5\u20ac, 60\u00b0F, >50 mph", "en", False),
        ("\u202eetaucave", "en", True),
        ("bell\x07", "en", True),
        ("Warning", "xx", True),
        ("Warning", "", True),
    ],
)
def test_letters_of_another_script_and_what_nobody_sees_are_illegible(text: str, language: str, expected: bool) -> None:
    assert illegible(text, language) == expected


def test_words_are_looked_for_in_a_time_that_grows_with_the_text_alone() -> None:
    """Sixty of these once took seconds, and each one more half as long again."""
    for text in ("_" * 5000 + "ab", "a_" * 3000, "until the " * 1000, "a-" * 3000):
        assert not any(asked(text) for asked in (leaving, ending, declaring))
