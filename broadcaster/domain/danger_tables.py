"""The words of ``domain.danger_words``: patterns for folded texts (no capitals, no accents), one or more a line, and
plain words of scripts without such patterns. Too many rather than too few: what is found goes to people."""

from __future__ import annotations

# --- telling people to leave ------------------------------------------------------------------------------------
LEAVE = r"""
    \b[e3]vac\W?\W?u|\bevac\b|evacu|e[vw]aku|evakye|\bev[aeiou]{1,3}c[a-z]{0,3}(?:at|tion)
    \bleave (?!taps|faucets|(?:enough|extra|plenty of|more) (?:time|room|space))|\bleave(?:$|[.!?,;:])
    \bleaving (?:is|now|your|early|at once|immediately)|\bgo now\b|\bget going\b|\bset,? go\b|\bat go\b|\bgo status\b
    \b(?:level|lvl|lv|nivel|niveau)\W{0,3}(?:3|three|iii|tres|trois)\b|\bget out\b|\bvacate\b|\bflee\b|\babandon
    \bout of (?:their|your|the) (?:homes?|houses?|area|zone)|\bbe out\b|\bordered out\b|\b(?:move|clear|pull) out\b
    \bclear the (?:area|zone|streets?)|\bpack up\b|\brelocat
    \bdepart(?:ure)?(?: (?:now|at|imm|order|is|your)|$|[.!,;])|\begress\b|\bescape (?:now|at|imm)
    \bwithdraw from\b|\bquit the\b|\bremove yoursel|\bdisplace|\bhit the road\b|\bbug out\b|\bgo.?bags?\b
    \bexit (?:the|your|now|imm)|\bget (?:\w+ ){0,2}to (?:a )?safe|\bgo to (?:a )?safe(?!r? room)|\bto safety\b
    \b(?:reception|assembly|muster|gathering|rest|welfare) (?:centers?|centres?|points?)\b|\brun (?:for|uphill|now)\b
    \bshelters? (?:at|in|is at) (?:\w+ ){1,4}(?:school|church|fairgrounds?|center|centre|hall|gym|library|arena|college)
    \b(?:go|proceed|report|head|drive|come) (?:\w+ ){0,2}to (?:the |a |your )?(?:\w+ ){0,2}shelters?\b
    \b(?:go|head|run|drive|walk|travel) (?:\w+ ){0,3}(?:inland|uphill|north|south|east|west)
    \bmove (?:inland|uphill)\b
    \b(?:move|get|go|run) (?:\w+ ){0,2}away from (?!windows|doors|glass|any window|all window|the window)
    \b(?:not|n.t|never) (?:stay|remain) (?:here\b|home\b|(?:in|at) (?:your |the |this )?(?:homes?|houses?|area|zone)\b)
    \b(?:order|told|asked|required) to go\b|\bmust depart|\b(?:mandatory|immediate) departure|(?<!\w)[1|!i]eave\b
    \bf[1|!i]ee\b
"""
LEAVE_ES = r"""
    \b(?:salga|salgan|salir de|irse|huya|huyan|escapen|escape (?:ahora|ya|del?))\b
    \b(?:vaya|retire|marche|aparte)n?se\b|desaloj|desocup
    \bsalg(?:a|an)se\b|\babandon(?:e|en|ar)\b|\bpong(?:a|an)se a salvo|\borden de salida|\balbergues?\b
    \bdej(?:e|en) (?:su|sus|la|las|el|los) (?:casa|hogar|viviend|zona|area|domicilio)
    \bpunto de (?:encuentro|reunion)\b|\balej(?:e|en)se (?!de (?:las |los |la )?(?:ventana|puerta|vidrio|cristal))
    \b(?:dirijan?se|vayan?|acudan?|trasladen?se) (?:a|al|hacia) (?!(?:un |el |la |una )?(?:sotano|cuarto|habit|bano))
"""
LEAVE_FR = r"""
    \b(?:quitt(?:ez|er|ons)|partez|(?<!a )partir|sortez de|fuyez|fuir|degagez)\b|\bliberez l|\bpoints? hauts?\b
    \bgymnase
    \beloignez.vous (?!des? (?:la |les )?(?:fenetre|vitre|porte))|\bmettez.vous en securite
    \brejoignez (?:un point|le)
"""
LEAVE_REST = r"""
    sgomber|\blasciate\b|\bscappa(?:te|re)\b|\ballontana(?:te|re|rsi)|\babbandona|\bdesocup|\bsaiam? d[aeo]s?\b
    \bfuj(?:a|am)\b|\bdeix(?:e|em) (?:a|o|as|os|sua) |\bretirem?-se\b|\bafastem?-se\b|raumung|\braumen sie\b
    \bverlassen sie\b|\bgebiet verlassen|\bfluchten\b|\bfliehen\b|\bin sicherheit\b|\bmengungsi|\btahliye|\bbosalt
    \bverlaat\b|\blamna \w|\butrym|\bforla[td] |\bpoistu|\bopus(?:c|tte)|\bnapustit|\bparasiti\b|\bkhiav tawm|\bondoke
    \bhagyjak? el|\bkitelepit|\bso tan\b|\bdi tan\b|\broi (?:khoi|nha|di)\b|\bhay roi\b|\bdi doi\b|\bra khoi\b
    \bchay (?:ngay|di)\b|\b(?:l|il|lil|pagl|lum)ikas|\bumalis\b|\blisanin|\btumakas|\blumayo\b|\bkite (?:kay|zon)
"""
LEAVE_WORDS = """
    疏散 撤 转移 轉移 离开 離開 离家 離家 逃 避难 避難 搬离 搬離 走避 往高处 往高處 马上走 立刻走
    退避 立ち退 高台 離れて
    대피 피난 피신 떠나 탈출 나가 эваку покин покида бегите уходите выезжайте уезжайте выходите
    اخلاء اخلوا غادر نزوح اتركوا ارحل اهرب ابتعد اخرج
"""
# What tells people to stay where they are, taken out before; nothing may follow that makes a leaving of it.
STAY = (
    r"\b(?:do not|don.?t|never|should not|must not) leave (?:(?:your|the|this|a|any|young) )?"
    r"(?:(?:shelter|home|house|building|room|basement|place|vehicle|car|children|kids|infants)\b ?)?"
    r"(?:(?:alone|unattended|outside|inside|in (?:a|the|your|hot|parked) (?:\w+ )?(?:cars?|vehicles?))\b ?)?"
    r"(?=$|[.!?;:]|until |unless |during |while )",
    r"\bno (?:salgan?|abandonen?) ?(?:(?:de )?(?:(?:su|sus|la|las|el|los) )?"
    r"(?:casas?|hogar(?:es)?|viviendas?|refugio|edificio|vehiculo)\b ?)?(?=$|[.!?;:]|hasta |durante |mientras )",
    r"\bno salgan? (?:a la calle|al exterior|al aire libre)\b",
    r"\bne (?:quittez|sortez) pas (?:de )?(?:(?:votre|vos|l.|le|la) ?)?(?:abri|domicile|maison|logement|vehicule)\b ?"
    r"(?=$|[.!?;:]|avant |pendant |tant )",
)

# --- declaring people safe ----------------------------------------------------------------------------------------
SAFE = r"""
    \ba[l1i|]{2}\W{0,3}c[l1i|]ear\b|(?<!not )(?<!un)\bsafe (?:to|again|now|for)\b
    \b(?:now|are|is|its|re|s) (?:now |all |perfectly )?safe\b(?! (?:place|distance|room|area|shelter|location))
    \b(?:may|can|could|allowed to) (?:now |safely |all )?(?:return|go|come) (?:back|home|out|to your)|\ballowed back\b
    \breturn (?:home|to your homes?)\b|\bre.?entry\b|\brepopulat|\bback to normal\b|\b(?:returned|return) to normal\b
    \bresume (?:your )?normal\b|\bnormal activities\b|\bstand down\b|\bout of danger\b|\bcome out\b
    \b(?:danger|threat|emergency|hazard|crisis|risk|worst) (?:has|have|is|are|was)(?: now| been)* (?:over|ended|gone)\b
    \b(?:danger|threat|emergency|hazard|crisis|risk|worst) (?:has|have|is|are)(?: now| been)* (?:passed|past|cleared)\b
    \b(?:danger|threat|emergency|hazard|crisis|warning|alert)s? (?:over|ended|passed|neutrali[sz]ed|terminated)\b
    \bno (?:more |longer (?:a |any |an )?|current |immediate )?(?:danger|threat|risk|hazard)\b|\bno longer exists?\b
    \b(?:fire|blaze|leak|spill|situation|incident) (?:is|are|has been)(?: now| fully)* (?:contained|out|under control)
    \b(?:fire|blaze|leak|spill|situation|incident) (?:is|are|has been)(?: now| fully)* (?:resolved|extinguished|stab)
    \bfalse alarm\b|\bin error\b|\bdisregard\b|\bignore (?:this|the|all|any|previous|prior)|\bno (?:further )?action
    \bseguro (?:regresar|volver|salir|para)|\b(?:puede|pueden|podra|podran) (?:regresar|volver|salir|retornar)\b
    \b(?:regrese|regresen|vuelva|vuelvan|retorne|retornen) a (?:su|sus|casa|la)|\bfuera de peligro\b
    \bsin (?:peligro|riesgo)\b
    \b(?:peligro|riesgo|emergencia|alerta|crisis) (?:ya )?(?:ha )?(?:pas[oa]|termin|ces|finaliz)
    \bpaso (?:el|la) (?:peligro|e)
    \bya no (?:hay|existe|es) (?:peligro|una amenaza|riesgo)|\btodo (?:despejado|esta bien)\b|\bfalsa alarma\b
    \ba salvo\b
    \bnormalidad\b|\bnormalizad|\bdanger (?:est )?(?:ecarte|passe|termine)
    \bretour (?:a la normale|a domicile|a la maison)\b
    \bhors de danger\b|\bplus (?:de|aucun) danger\b|\brentrer chez|\bmaitrisee?\b|\bfausse alerte\b|entwarnung
    \bzuruckkehren\b|\bgefahr (?:ist )?(?:voruber|vorbei|gebannt)|\bkeine gefahr\b|\bcessato allarme
    \bpericolo (?:e )?passato
    \ballarme rientrato|\brientrare\b|\bperigo (?:ja )?passou|\b(?:podem?|pode) (?:regressar|voltar|retornar)
    \b[dđ]a an toan\b|\ban toan (?:[dđ]e|roi)\b|\bve nha\b|\bhet nguy hiem\b|\bligtas na\b|\bumuwi\b|\bnang panganib\b
    \btapos na ang\b
"""
SAFE_WORDS = """
    危险已 危險已 危险过去 危險過去 安全返回 已经安全 已經安全 平安 回家 安全です 安全になり 無事 帰宅
    안전합니다 안전해 귀가 지나갔
    отбои миновала возвращаться безопасно زوال الخطر زال الخطر انتهى
    الخطر انتهي الخطر امن الان امن للعود العوده العودة
"""
# --- ending a warning -----------------------------------------------------------------------------------------------
OVER = r"""
    \b(?:has|have|is|are|was|were|hereby|been)(?: now| hereby)?(?: been)? (?:lifted|cancell?ed|rescinded|called off)\b
    (?:^|[.!?:;-]) ?(?:cancell?ed|rescinded|lifted|deactivated|terminated|expired|ended)\b|\bdeactivated\b|\brescind
    \b(?:warning|alert|watch|order|advisory|place|emergency) (?:is |was )?(?:lifted|ended|over|off|cancell?ed)\b
    \b(?:has|have) (?:now )?(?:ended|expired|passed|subsided|diminished|weakened|dissipated|moved out|reopened)\b
    \b(?:is|are|it.?s)(?: now)? (?:over(?:$|[.!,;:])|downgraded|reopened|no more)
    \bend of (?:the )?(?:alert|warning|emerg)
    \blift(?:ing)? (?:of )?(?:the )?(?:shelter|order|warning|alert)|\bit.?s over\b
    \bno longer (?:in effect|in force|a threat|valid|necessary|required|expected|threaten)
    \bya no (?:esta|hay|es|existe)\b|\blevant(?:ad[ao]|amiento)|\bse levanta
    \bfin de (?:la |l.|el )?(?:alert|emergenci|vigil)
    \bfin del (?:aviso|peligro|alerta)|\bfin de aviso|\bcancelad[ao]|\banulad[ao]|\bfinalizad[ao]|\bdesactivad[ao]
    \bsin efecto\b|\b(?:ha|han) (?:sido )?(?:terminado|finalizado|pasado|levantad)|\bfin d.alerte|\blevee\b
    \bannulee?\b
    \b(?:alerte|vigilance|danger) (?:est )?(?:terminee?|finie?|levee?)|\bfim d[aeo] (?:alerta|aviso)|\bencerrad[ao]
    \baufgehoben\b|\brevocat|\b(?:warnung|alarm) (?:ist )?(?:beendet|vorbei)
    \b[dđ]a (?:het|[dđ]uoc (?:go|huy|do) bo)\b
    \bhuy bo\b|انته[ىي]|رفع (?:ال)?(?:تحذير|انذار|حظر)|\btapos na\b
"""
OVER_WORDS = """отмен 解除 取消 结束 結束 撤销 撤銷 الغاء 해제 종료 취소"""

# --- tests and exercises --------------------------------------------------------------------------------------------
# in an event's name or a headline one word is enough
TEST_NAMES = r"""
    \b(?:tests?|testing|tst|exercises?|exer|drills?|demo|demonstration|practice|mock|training|simulation|simulated)\b
    \b(?:simulacros?|simulacion|pruebas?|ejercicios?|ensayo|exercices?|essais?|simulazione|esercitazione|exercicio)\b
    \b(?:simulado|testwarnung|pagsubok|pagsasanay|thu nghiem|dien tap|bai kiem tra|testes?|prova)\b
    \brehearsal|\btreinamento
    \b(?:latihan|cwiczeni[ae]|[oø]velse|ovning|oefening|warntag|probe\w*|ubung\w*|sample|dummy|dry run|trial)\b
"""
# in a sentence, once what is harmless has been taken out
TEST_NOUNS = r"""
    \b(?:tests?|exercises?|drills?|rehearsals?|simulat(?:ion|ed)|training|mock|dummy)\b
"""
HARMLESS = r"""
    \bexercise (?:\w+ ){0,2}(?:caution|care|vigilance|patience|judgment|judgement|control|restraint)
    \b(?:avoid|reduce|limit|no|outdoor|outside|strenuous|heavy|vigorous|physical|during|after|heat|intense) exercises?\b
    \b(?:water|well|soil|air|lab|laboratory|blood|covid|covid-19|crash|screening|free) (?:quality )?tests?\b
    \btest results?\b
    \b(?:crews?|workers?|teams?|to|and|please|then) test (?:the |your |all )?(?:water|wells?|batteries|smoke|generator)
    \btest (?:the|your|all) (?:water|wells?|batteries|brakes|smoke|carbon|generators?|sump|alarms?|detectors?)
    \btraining (?:thunder|storm|shower|cell|convect|of (?:storm|thunder|shower|cell)|rain|band|echo|effect|line)
    \b(?:storms?|showers?|cells?|rain|bands?|thunderstorms?|for|repeated) (?:are |is )?training\b
"""
TEST_ANYWHERE = r"""
    \bthis (?:\w+ ){0,3}?(?:is|was) (?:only |just |merely )?(?:an? |the )?(?:\w+ )?(?:test|drill|exercise)\b
    \bthis (?:\w+ ){0,3}?is (?:only |just )?(?:an? )?(?:practice|simulation|rehearsal|system check|sample|example)\b
    \b(?:only|just) a (?:test|drill)\b|\b(?:monthly|weekly|national|periodic|wea|system|siren) test\b|\blorem ipsum\b
    \b(?:test|drill|exercise|training|practice|mock|demo|sample|dummy|trial) (?:message|alert|warning|only|run)s?\b
    \b(?:test|training|qa|staging|demo) (?:product|data|environment|server|system)s?\b|\bdry run\b
    \bin this scenario\b|\bsystem check\b
    \bfor (?:test|testing|training|exercise|demonstration)(?: purposes?)?(?: only)?\b|\bexample only\b
    (?:\bnot|n.?t) (?:a |an )?real\b|\bdo not act (?:on|upon)\b|\b(test|drill|exercise|ex)\W+\1\b
    (?:^|[.!?:;(\[*-]) ?(?:test|drill|exercise|exer|demo|practice|mock|training)(?: only)? ?(?:$|[.!?:;)\]*-])
    (?:^|[.!?:;(\[*-]) ?(?:prueba|ejercicio|exercice|essai|prova|teste) ?(?:$|[.!?:;)\]*-])
    \bsimulacros?\b|\best[aeo]? es (?:solo )?una? (?:prueba|simulacro|ejercicio)
    \b(?:mensaje|aviso|alerta) de (?:prueba|ensayo)
    \bno es (?:una (?:emergencia|alerta) )?real\b|\besercitazion|\bsimulad[ao]\b|\btreinamento\b|\blatihan\b
    \bcwiczeni
    \bceci est une? (?:\w+ )?(?:test|exercice|essai)|\b(?:message|alerte) (?:de test|d.essai|d.exercice)
    \bessai mensuel
    \balerte reelle\b|\bubung|\bprobe(?:alarm|warnung|meldung)|\btestwarnung|\bwarntag\b|\b[oø]velse\b|\bovning\b
    \boefening\b
    \bdies ist (?:nur )?eine? test|\bthu nghiem\b|\bdien tap\b|\bbai kiem tra\b|\bkiem tra thu\b|\bpagsubok\b
    \bpagsasanay\b
"""
TEST_WORDS = """
    测试 測試 演习 演習 演练 演練 试验 試驗 訓練 試験 テスト 시험 훈련 учебн учение учения
    اختبار تجريبي تجربه تجربة تمرين مناوره مناورة
"""
# whatever stands between the letters
SQUASHED = "evacua|evacue|evakua|leavenow|leaveyour|leaveimmediately|leavethearea"
SQUASHED_SAFE = "allclear|safetoreturn|safenow"
SQUASHED_TEST = "thisisatest|thisisonlyatest|thisisadrill|thisisanexercise|onlyatest|testmessage|testonly"
