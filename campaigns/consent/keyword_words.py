"""What a poster says about joining by text: the words that somebody agrees to by texting.

They carry everything that the box of the form carries (47 CFR 64.1200(f)(9)), fitted to a
phone in the hand: the number is the one that the text comes from, the signature is the
text. The number of messages is that of the wording in use.
"""

from __future__ import annotations

from campaigns.consent.models import Disclosure

_WORDS = {
    "en": (
        "Text {KEYWORD}{TO} to get recurring automated marketing texts, such as wellness "
        "education and booking links, from {BRAND} at the mobile number that you text from. By "
        "texting {KEYWORD} you agree to this and say that you are 18 or older. Consent is not a "
        "condition of any purchase or of receiving care. Up to {N} msgs/month. Msg & data rates "
        "may apply. Reply STOP to opt out, HELP for help. See {PRIVACY_URL} and {TERMS_URL}."
    ),
    "es": (
        "Envíe {KEYWORD}{TO} para recibir de {BRAND}, en el número móvil desde el que escribe, "
        "mensajes de texto de marketing automatizados y periódicos, como educación sobre "
        "bienestar y enlaces para reservar citas. Al enviar {KEYWORD} usted lo acepta y declara "
        "que tiene 18 años o más. Este consentimiento no es condición para comprar nada ni para "
        "recibir atención. Hasta {N} mensajes al mes. Pueden aplicarse tarifas de mensajes y "
        "datos. Responda STOP para cancelar, HELP para ayuda. Vea {PRIVACY_URL} y {TERMS_URL}."
    ),
}
_TO = {"en": " to ", "es": " al "}


def render(
    disclosure: Disclosure,
    *,
    keyword: str,
    number: str,
    brand: str,
    public_url: str,
    locale: str = "en",
) -> str:
    """Return the words as they are printed; ``number`` is as people read it, or empty."""
    values = {
        "KEYWORD": keyword,
        "TO": f"{_TO[locale]}{number}" if number else "",
        "BRAND": brand,
        "N": str(disclosure.frequency_per_month or ""),
        "PRIVACY_URL": f"{public_url}/privacy",
        "TERMS_URL": f"{public_url}/terms",
    }
    return _WORDS[locale].format(**values)
