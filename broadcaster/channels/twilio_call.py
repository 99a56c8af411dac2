"""What is heard in a call: the voices that Twilio documents, our own few phrases, and the TwiML of each step.

The text itself was written and approved before (form "voice"); here it is only said. The first part of a call stands in
the request itself, so the text is heard although nobody answers our webhooks; what follows is asked for there, for only
then is it known whether a person listens or a machine records.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from twilio.twiml.voice_response import Gather, VoiceResponse

GATHER_SECONDS = 6  # of silence before the text is said again

# language -> (language=, voice=) of <Say>, from Twilio's list of Amazon Polly and Google voices.
VOICES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "en": ("en-US", "Polly.Joanna-Neural"),
        "es": ("es-US", "Polly.Lupe-Neural"),
        "fr": ("fr-CA", "Polly.Gabrielle-Neural"),
        "vi": ("vi-VN", "Google.vi-VN-Wavenet-A"),
        "zh": ("cmn-CN", "Polly.Zhiyu-Neural"),
        "ar": ("arb", "Polly.Zeina"),
        "de": ("de-DE", "Polly.Vicki-Neural"),
        "fil": ("fil-PH", "Google.fil-PH-Wavenet-A"),
        "hi": ("hi-IN", "Polly.Kajal-Neural"),
        "it": ("it-IT", "Polly.Bianca-Neural"),
        "ja": ("ja-JP", "Polly.Kazuha-Neural"),
        "ko": ("ko-KR", "Polly.Seoyeon-Neural"),
        "pl": ("pl-PL", "Polly.Ola-Neural"),
        "pt": ("pt-BR", "Polly.Camila-Neural"),
        "ru": ("ru-RU", "Polly.Tatyana"),
        "tl": ("fil-PH", "Google.fil-PH-Wavenet-A"),
        "uk": ("uk-UA", "Google.uk-UA-Wavenet-A"),
    }
)


@dataclass(frozen=True, slots=True)
class Phrases:
    """What a call says besides the text. ``sure`` asks once more before somebody leaves, and says what that means."""

    keys: str
    leave: str
    sure: str
    thanks: str
    gone: str
    bye: str


PHRASES: Mapping[str, Phrases] = MappingProxyType(
    {
        "en": Phrases(
            "Press 1 to confirm that you heard this. Press 2 to hear it again.",
            "To get no more calls and no more text messages from us, press 9.",
            "Press 9 again, and you get no more calls and no more text messages from us, not even in danger. "
            "To go on getting them, hang up.",
            "Thank you. You have confirmed this message. Goodbye.",
            "You will get no more calls and no more text messages from us. Goodbye.",
            "Goodbye.",
        ),
        "es": Phrases(
            "Presione 1 para confirmar que escuchó este mensaje. Presione 2 para escucharlo otra vez.",
            "Para no recibir más llamadas ni mensajes de texto nuestros, presione 9.",
            "Si presiona 9 otra vez, no recibirá más llamadas ni mensajes de texto nuestros, ni siquiera en caso de "
            "peligro. Para seguir recibiéndolos, cuelgue.",
            "Gracias. Ha confirmado este mensaje. Adiós.",
            "No recibirá más llamadas ni mensajes de texto nuestros. Adiós.",
            "Adiós.",
        ),
        "fr": Phrases(
            "Appuyez sur le 1 pour confirmer que vous avez entendu ce message. Appuyez sur le 2 pour le réécouter.",
            "Pour ne plus recevoir d'appels ni de textos de notre part, appuyez sur le 9.",
            "Si vous appuyez encore sur le 9, vous ne recevrez plus d'appels ni de textos de notre part, même en cas "
            "de danger. Pour continuer à les recevoir, raccrochez.",
            "Merci. Vous avez confirmé ce message. Au revoir.",
            "Vous ne recevrez plus d'appels ni de textos de notre part. Au revoir.",
            "Au revoir.",
        ),
        "vi": Phrases(
            "Nhấn phím 1 để xác nhận quý vị đã nghe tin này. Nhấn phím 2 để nghe lại.",
            "Nếu không muốn nhận cuộc gọi và tin nhắn của chúng tôi nữa, nhấn phím 9.",
            "Nếu nhấn phím 9 lần nữa, quý vị sẽ không nhận cuộc gọi và tin nhắn của chúng tôi nữa, kể cả khi có nguy "
            "hiểm. Nếu vẫn muốn nhận, hãy gác máy.",
            "Cảm ơn. Quý vị đã xác nhận tin này. Xin chào.",
            "Quý vị sẽ không nhận cuộc gọi và tin nhắn của chúng tôi nữa. Xin chào.",
            "Xin chào.",
        ),
        "zh": Phrases(
            "确认您已听到此消息，请按1。重听，请按2。",
            "如不想再收到我们的电话和短信，请按9。",
            "如果您再按一次9，即使有危险，您也不会再收到我们的电话和短信。如要继续接收，请挂断。",
            "谢谢，您已确认此消息。再见。",
            "您将不再收到我们的电话和短信。再见。",
            "再见。",
        ),
        "ar": Phrases(
            "اضغط 1 لتأكيد أنك سمعت هذه الرسالة. اضغط 2 لسماعها مرة أخرى.",
            "لكي لا تصلك منا مكالمات ورسائل نصية بعد الآن، اضغط 9.",
            "إذا ضغطت 9 مرة أخرى فلن تصلك منا مكالمات ولا رسائل نصية، حتى عند الخطر. لتستمر في تلقيها، أغلق الخط.",
            "شكرا لك. لقد أكدت هذه الرسالة. مع السلامة.",
            "لن تصلك منا مكالمات ولا رسائل نصية بعد الآن. مع السلامة.",
            "مع السلامة.",
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says a text in one language. ``action`` is our webhook of this attempt, to which ``&s=STEP`` is added.

    ``voices`` are the agency's own: language -> voice. Without any for the language, ``able`` is false.
    """

    language: str
    text: str
    action: str
    voices: Mapping[str, str] = field(default_factory=dict)

    @property
    def able(self) -> bool:
        """Is there a voice for the text's language?"""
        return _voice(self.language, self.voices) is not None

    def first(self) -> str:
        """What the request itself holds: the text, once, for whoever answers; then we are asked what follows."""
        call = VoiceResponse()
        call.pause(length=1)
        self._say(call, self.text)
        call.redirect(f"{self.action}&s=said", method="POST")
        return str(call)

    def second(self) -> str:
        """For a person who heard it once: confirm or hear it again; without a key, all of it once more."""
        call = VoiceResponse()
        self._ask(call, self._own.keys)
        self._say(call, self.text)
        self._ask(call, self._own.keys, self._own.leave)
        return self._ended(call, self._own.bye)

    def again(self) -> str:
        """The text once more, because somebody asked for it."""
        call = VoiceResponse()
        self._say(call, self.text)
        self._ask(call, self._own.keys, self._own.leave)
        return self._ended(call, self._own.bye)

    def asked(self) -> str:
        """After a key that means nothing."""
        call = VoiceResponse()
        self._ask(call, self._own.keys, self._own.leave)
        return self._ended(call, self._own.bye)

    def thanked(self) -> str:
        """After 1."""
        return self._ended(VoiceResponse(), self._own.thanks)

    def sure(self) -> str:
        """After the first 9: nobody leaves by one wrong key."""
        call = VoiceResponse()
        self._ask(call, self._own.sure, step="leave")
        return self._ended(call, self._own.bye)

    def gone(self) -> str:
        """After the second 9."""
        return self._ended(VoiceResponse(), self._own.gone)

    @property
    def _own(self) -> Phrases:
        return PHRASES.get(self._spoken, PHRASES["en"])

    @property
    def _spoken(self) -> str:
        return self.language if self.language in PHRASES else self.language.split("-")[0]

    def _say(self, to: VoiceResponse | Gather, words: str, language: str = "") -> None:
        voice = _voice(language or self.language, self.voices) or VOICES["en"]
        to.say(words, **({"language": voice[0]} if voice[0] else {}), voice=voice[1])

    def _phrase(self, to: VoiceResponse | Gather, words: str) -> None:
        self._say(to, words, self.language if self._spoken in PHRASES else "en")

    def _ask(self, call: VoiceResponse, *words: str, step: str = "key") -> None:
        gather = Gather(num_digits=1, timeout=GATHER_SECONDS, action=f"{self.action}&s={step}", method="POST")
        gather.pause(length=1)
        self._phrase(gather, " ".join(words))
        call.append(gather)

    def _ended(self, call: VoiceResponse, words: str) -> str:
        self._phrase(call, words)
        call.hangup()
        return str(call)


def hang_up() -> str:
    """Nothing more is said: a machine has it, or nobody knows this call."""
    call = VoiceResponse()
    call.hangup()
    return str(call)


def _voice(language: str, voices: Mapping[str, str]) -> tuple[str, str] | None:
    """(language, voice) of <Say>; of a voice that the agency names, the language is its own and "" here."""
    for known in (language, language.split("-")[0]):
        if known in voices:
            return "", voices[known]
        if known in VOICES:
            return VOICES[known]
    return None
