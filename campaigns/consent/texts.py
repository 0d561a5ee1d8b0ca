"""The words that consent controls start with, in English and Spanish.

Staff may publish other wording; these are version 1. ``{BRAND}``, ``{N}``,
``{PRIVACY_URL}`` and ``{TERMS_URL}`` are filled in when the words are shown.
"""

from __future__ import annotations

DEFAULTS: dict[tuple[str, str], str] = {
    ("sms", "en"): (
        "I agree to get recurring automated marketing texts, such as wellness education and "
        "booking links, from {BRAND} at the mobile number above. Consent is not a condition of "
        "any purchase or of receiving care. Up to {N} msgs/month. Msg & data rates may apply. "
        "Reply STOP to opt out, HELP for help. See {PRIVACY_URL} and {TERMS_URL}."
    ),
    ("sms", "es"): (
        "Acepto recibir de {BRAND}, en el número móvil indicado arriba, mensajes de texto de "
        "marketing automatizados y periódicos, como educación sobre bienestar y enlaces para "
        "reservar citas. Este consentimiento no es condición para comprar nada ni para recibir "
        "atención. Hasta {N} mensajes al mes. Pueden aplicarse tarifas de mensajes y datos. "
        "Responda STOP para cancelar, HELP para ayuda. Vea {PRIVACY_URL} y {TERMS_URL}."
    ),
    ("email", "en"): (
        "Email me wellness education and booking links from {BRAND}. I can unsubscribe at any time."
    ),
    ("email", "es"): (
        "Envíenme por correo electrónico educación sobre bienestar y enlaces para reservar citas "
        "de {BRAND}. Puedo darme de baja en cualquier momento."
    ),
    ("health_topic", "en"): (
        "{BRAND} may store the topics I picked and use them to choose which educational messages "
        "I get. I can change or delete them at any time. Details: {PRIVACY_URL}."
    ),
    ("health_topic", "es"): (
        "{BRAND} puede guardar los temas que elegí y usarlos para decidir qué mensajes educativos "
        "recibo. Puedo cambiarlos o borrarlos en cualquier momento. Detalles: {PRIVACY_URL}."
    ),
    ("adult", "en"): "I am 18 or older.",
    ("adult", "es"): "Tengo 18 años o más.",
}

KINDS = ("email", "sms", "health_topic", "adult")
LOCALES = ("en", "es")
