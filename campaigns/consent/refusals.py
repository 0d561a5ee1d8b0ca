"""Phrases by which people refuse messages, as data: English and Spanish, over folded words.

A rule is a block with one way of saying it on each line. Every line is a regular
expression that sees the output of ``folding.fold``: lower case, no accents, no
punctuation, one space between words, ``you`` for "u", ``dont`` for "don't", ``texts`` for
"SMS"; ``<name>`` stands for a part of ``_PARTS``. All repetitions are bounded, so that a
hostile text costs no more than a friendly one.
"""

from __future__ import annotations

import re

_PARTS = {
    # what they are to stop doing
    "<thing>": r"(?:(?:text|messag|spam|bother|harass|annoy|bug|pester|market|advert|solicit|notif"
    r"|subscri|promo|contact|email|send|mail|communicat|call|phon|writ|blow|hit|reach|alert|ping)"
    r"\w*|ads?|offers?|reminders|junk|crap|shit|bullshit|stuff|nonsense|newsletters?)",
    # small words that may stand between
    "<loose>": r"(?:(?:all|any|these|those|this|the|that|your|ya|with|my|me|us|of|and|please|it|so"
    r"|many|much|damn|fucking|stupid|annoying|dumb|unwanted|more|further|future|other|marketing"
    r"|automated|automatic|constant|endless|random|daily|weekly|communication|wellness|health"
    r"|clinic|sending|getting|receiving|to|from) ){0,5}",
    "<mine>": r"(?:me|us|number|my (?:\w+ ){0,2}?(?:number|name|phone|cell|info|information|contact"
    r"|data|mobile|line|email|account)|this (?:\w+ )?(?:number|phone|cell|contact|line))",
    "<list>": r"(?:\w+ ){0,3}?(?:lists?|system|database|db|program|distribution|texts|messages"
    r"|service|file)",
    "<never>": r"(?:do not|dont|did not|didnt|never|not|no longer)",
    "<want>": r"(?:want|wish|wishing|care|like|need|desire|agree|interested)",
    "<object>": r"(?:(?:be|keep|get|getting|receive|receiving|have|hear|hearing|see|any|more|these"
    r"|those|this|your|the|anymore|further|from|you|of|such|all|being|stupid|annoying|damn|health"
    r"|wellness|marketing|promotional|sending|me|to|a|on|part|in|for) )",
    "<you>": r"(?:you|you all|you guys|you people|them|someone|somebody|this|these|it|the \w+)",
    # not "stop by", "stop taking my pills"
    "<end>": r"(?! (?:by|in|at|over|the|my|taking|smoking|for|near|off)\b)",
    # Spanish: the verb of "take me off", "write to me"
    "<quitar>": r"(?:quit|borr|elimin|remuev|remov|retir|saqu|sac)\w*",
    "<escribir>": r"(?:escrib|mand|envi|text|llam|contact|molest|busqu|marqu|fastidi|jod|hostig"
    r"|acos|spam|insist)\w*",
}


def _pattern(block: str) -> re.Pattern[str]:
    """Join a block's lines to one pattern of whole words."""
    text = "|".join(line.strip() for line in block.strip().splitlines())
    for name, part in _PARTS.items():
        text = text.replace(name, part)
    return re.compile(rf"\b(?:{text})\b")


def _words(block: str) -> frozenset[str]:
    return frozenset(block.split())


FILLERS = _words("""
    please now it this these that and to 2 all me you i ok okay k hey hi hello yes yeah yep y no
    thanks thank just want would like said asked must need right immediately asap already again
    forever everything reply replying text texts texting message messages send sending anymore
    more so really sir madam maam guys team omg wtf ffs lol ugh jeez dammit damn damnit goddamn
    fucking fuckin freaking sorry hereby seriously kindly both contact contacting spam spamming
    por favor ya gracias todo quiero deseo si los las mensajes textos
""")
"""Words that change nothing about a stop word beside them: "ok please stop now thanks"."""

_BETWEEN = (
    r"(?:(?:ever|want|mean|need|wish|say|ask|you|to|them|it|this|these|the|texts?|messages?|be|get"
    r"|please|your|my|sending|having) ){0,6}"
)
_STOPPING = (
    r"(?:stop|stopping|quit|quitting|end|ending|cancel|canceling|cancelling|unsubscribe|remove"
    r"|optout|opt out|opt me out)"
)
NEGATED = re.compile(
    r"(?<!if you )(?<!if they )(?<!if this )(?<!why )(?<!if it )"
    rf"\b(?:do not|dont|never|non|not to|did not|didnt|please not) {_BETWEEN}{_STOPPING}\b"
    r"|\b(?:do not|dont|not|never) want(?:ed)? to be (?:removed|unsubscribed|taken off|opted out)\b"
    r"|\bnonstop\b"
    r"|\b(?:do not|dont|never) (?:ever )?(?:take|get) me off\b"
    r"|\bno (?:pares|pare|paren|parar|cancel\w+|se detengan?|deten\w+|dejes?|dejen)\b"
    r"|\bno (?:(?:me|lo|la|los|las|quiero|deseo) ){0,3}(?:quit\w+|borr\w+|elimin\w+|saqu\w+"
    r"|sac\w+|cancelar|parar|den de baja|darme de baja|dar de baja|dejar)\b"
)
"""A stop taken back or denied: for a person to read (tested before the phrases)."""

_BLOCKS = {
    # Stop, and other words for it
    "stop_texting": r"""
        (?:stop|quit|cease|halt|discontinue|desist|end) <loose><thing>
    """,
    "please_stop": r"""
        (?:please|kindly) (?:just |you |all )?(?:stop|quit)<end>
    """,
    "stop_please": r"""
        stop (?:please|now|it|this|already|immediately|asap|right now|forever|today|ok|okay)
        stop (?:bro|dude|man|bitch|asshole)
        (?:quit|end|cease|halt|cut) (?:it|this)(?: out)?
        knock it off
        cease and desist
        give it a rest
    """,
    "told_to_stop": r"""
        (?:if|until|unless) (?:you|they|this|it|these) (?:dont|do not|will not) (?:stop|quit)<end>
        (?:why|when) (?:dont|do not|will not|can not|will|can) (?:you|this|it) (?:stop|quit)<end>
        (?:asked|told|telling|begging|begged|need|want|asking) <you> to (?:\w+ )?(?:stop|quit)<end>
        would like <you> to (?:please |just )?(?:stop|quit)<end>
        (?<!should i )(?<!do i )(?<!can i )(?:say|text|reply) (?:\w+ )?stop
        (?:said|saying|replied|texted|typed|wrote|sent) (?:\w+ )?stop
        (?:can|could|would|will) you (?:(?:all|please|just|guys) ){0,2}(?:stop|quit)<end>
        you (?:must|should|better|can|may|gotta|will) (?:(?:please|just) )?(?:stop|quit)<end>
        you (?:(?:all|people|guys|really) ){0,2}(?:need|have|ought) to (?:\w+ )?(?:stop|quit)<end>
        how (?:do|can|to|could) (?:i |we )?(?:stop|end|cancel|quit) (?:this|these|it|them|you)
        how (?:do|can|to|could) (?:i |we )?(?:stop|end|cancel|quit) (?:getting|receiving)
        how (?:do|can|to|could) (?:i |we )?make (?:this|it|these|you|them) stop
        how (?:do|can|to|could) (?:i |we )?stop$
    """,
    "who_is_this_stop": r"""
        who is this .{0,200}?\bstop
    """,
    "cancel_texts": r"""
        (?:cancel|terminate|deactivate|disable|turn off|shut off|end|quit) <loose>(?:text|messag)\w*
        (?:cancel|terminate|deactivate|disable|turn off|end|quit) <loose>(?:subscri|notif|alert)\w*
        (?:cancel|terminate|end|quit) <loose>(?:promo|sign ?up|opt in|enrollment|registration)\w*
    """,
    "unsubscribe": r"""
        unsub\w*
        un subscri\w*
        unsuscri\w*
        (?:desu|desin|dessu)scri\w*
    """,
    "opt_out": r"""
        opt(?:ing|ed)? (?:(?:me|us|my number|this number|the hell) )?out
        optout
    """,
    "revoke": r"""
        revok(?:e|ing)
        (?:do not|dont|no longer) (?:consent|authorize)
    """,
    "withdraw_consent": r"""
        (?:withdraw|rescind|retract|cancel)\w* (?:(?:my|all|any|prior) ){0,2}(?:consent|permission)
        (?:withdraw|rescind|retract|cancel)\w* (?:(?:my|all|any) ){0,2}(?:authorization|agreement)
        take back my (?:consent|permission)
        no consent
    """,
    # Off the list
    "take_me_off": r"""
        (?:take|get|leave|keep|pull|drop|scratch|cross|strike|move) <mine> (?:\w+ )?off
        (?:take|get|leave|keep|pull|drop|move) <mine> (?:\w+ )?(?:out of|from) <list>
        (?:take|get|want|let) me (?:off|out of (?:this|these|your|here))
        off (?:of )?(?:your|this|the|that|all|any) <list>
        take off (?:my|this|our) (?:\w+ )?(?:number|name|phone|cell)
        (?:count|leave|keep) me out of (?:this|it|your)
    """,
    "remove_me": r"""
        (?:remove|delete|erase|unenroll|disenroll|unregister|purge|scrub) <mine>
        (?:remove|delete|drop) (?:\w+ )?from <list>
        be removed
        ^(?:please )?block me(?: please)?$
        do not (?:contact|call) (?:list|registry)
    """,
    "lose_my_number": r"""
        (?:lose|loose|forget|block|dump|burn|trash) (?:my|this) (?:\w+ )?number
    """,
    # Do not
    "do_not_text": r"""
        (?:do not|dont|never|quit|not to) (?:you )?(?:ever |again )?(?:text|contact|message|call)\w*
        (?:do not|dont|never|quit|not to) (?:you )?(?:ever )?(?:email|bother|spam|harass|pester)\w*
        (?:do not|dont|never) (?:solicit|bug)\w*
        (?:do not|dont|never) (?:(?:you|ever) ){0,2}(?:send|write|mail) (?:me|us|to me|anything|any)
        (?:do not|dont|never) (?:(?:you|ever) ){0,2}send (?:these|this|more|texts?|messages?|your)
        (?:do not|dont|never) send (?:anymore|stuff|out)
        (?:do not|dont) (?:reach|hit) (?:out|me)
        do not disturb
    """,
    "no_more_texts": r"""
        no more (?:\w+ )?(?:text|messag|notif|alert|email|call|spam|promo|market)\w*
        no more(?: of)? (?:this|these|it|your|ads|please|thanks|thank you)
        ^(?:please )?no ?more$
        ^(?:please )?no (?:texts|texting|messages|marketing|spam|ads|contact|calls)$
        ^(?:please )?no (?:solicit|promo)\w*$
        ^no (?:text|message)(?: please| thanks)?$
        ^no (?:texts|messages) (?:please|thanks)$
    """,
    "do_not_want": r"""
        <never> (?:really |even )?<want> <object>{0,10}(?:<thing>|contacted|receive|hear from)
        <never> want (?:to )?(?:be )?part of this
        <never> <want> (?:to )?(?:get|hear|receive|be|have) (?:\w+ ){0,3}?from (?:you|this number)
        <never> <want> (?:(?:to|be|on|in) ){1,3}(?:this|your|the) (?:\w+ )?list
        <never> <want> (?:(?:any|more|of|for|to|get) ){0,3}(?:these|this|them|those|it|any)$
        <never> <want> (?:(?:to|get) ){0,2}anything$
        <never> want (?:these|this|them|those|any|anything) (?:please|thanks|anymore|any more)
        no longer (?:wish|want|care|agree) to (?:receive|get|be|hear|participate|continue)
        no longer (?:want|wish|need) (?:these|this|your|any)
    """,
    "not_interested": r"""
        not (?:(?:at all|really|even|very|at) )?interested
        no interest
        uninterested
        no longer interested
        (?:dont|do not) care about (?:this|these|your)
        no (?:me |nos |le )?interesa
        no (?:estoy|estamos) interesad\w+
    """,
    "never_signed_up": r"""
        (?:never|did not|didnt|have not) (?:\w+ )?(?:sign(?:ed)? (?:up|on)|signup|signedup)
        (?:dont|do not) (?:remember|recall) (?:signing|subscribing|opting)
        (?:never|did not|didnt|have not) (?:\w+ )?(?:subscrib|consent|enroll|register|authoriz)\w*
        (?:never|did not|didnt|have not) (?:\w+ )?(?:opt(?:ed)? in|agreed?)
        (?:never|did not|didnt) request(?:ed)? (?:this|these|any|texts?|messages?)
        (?:never|did not|didnt) ask(?:ed)? for (?:this|these|any|your|texts?|messages?)
        (?:never|did not|didnt) (?:give|gave|given) (?:you |anyone |them )?(?:my number|permission)
        nunca (?:me )?(?:inscribi|registre|suscribi|pedi|autorice|di)
        no me (?:inscribi|registre|suscribi)
        no (?:autorice|autorizo)
    """,
    # Go away
    "leave_me_alone": r"""
        (?:leave|let) (?:me|us) (?:\w+ ){0,3}?alone
        (?:leave|let) (?:me|us) be
    """,
    "go_away": r"""
        go away
        get lost
        (?:buzz|back|bug|bugger|piss|screw|eff|f|fuck|fck|fuk|fk) off
        f you off
        go to hell
        drop dead
        (?:screw|fuck|f) (?:you|yourself)
        shut up
        stfu
        eat shit
        ^(?:fuck|fu|fuckoff|scram|begone|no contact|spam|dnc|enough)$
        ^(?:please )?(?:desist|cease|halt|exit|discontinue|terminate|delete|unlist)(?: please)?$
    """,
    "enough": r"""
        enough (?:already|is enough|texts|messages|please|now)
        enough (?:of|with) (?:this|these|the|your)
        (?:had|thats|that is) enough
        (?:sick|tired|fed up)(?: and tired)? (?:of|with) (?:these|your|getting|receiving|the texts)
        (?:sick|tired|fed up)(?: and tired)? (?:of|with) (?:you|this|all (?:this|these))
        too many (?:texts|messages)
        i want (?:out|off)(?: of)? (?:this|these|your|please|now)
        i want (?:out|off)$
        (?:i am|we are) (?:done|through) with (?:this|these|you|your)
    """,
    "report": r"""
        report(?:ing|ed)? (?:\w+ ){1,5}?(?:spam|fcc|ftc|junk|police|carrier|authorities|attorney)
        (?:i will|going to) report (?:you|this)
        reporting (?:you|this)
        harass\w*
        (?:sue|suing) (?:you|your|for)
        lawsuit
        tcpa
        my (?:lawyer|attorney)
        (?:block|blocking|blocked) (?:you|your|this number|these)
        (?:will|going to) block
        (?:this is|its|it is|thats|that is|just|total|pure) spam
        spam(?:ming|mers?)
    """,
    "wrong_number": r"""
        wrong (?:number|person|num|nbr|no|phone|guy|girl|lady|man|woman|contact|party|cell)
        wrong (?:patient|one)
        (?:numero|persona|telefono) equivocad[oa]
        se equivoc\w+
        equivoc\w+ de (?:numero|persona)
        not (?:the |her |his |my |their )?(?:\w+ )?(?:number|phone|cell|person) any ?more
        (?:is not|isnt|not) (?:the right|\w{2,}s) (?:number|phone|cell)
        no longer (?:\w+s|her|his|their) (?:\w+ )?(?:number|phone|cell)
        (?:number|phone|cell) no longer belongs?
        no longer belongs? to
        (?:nobody|no one|noone) (?:(?:here|by|with|named|called|that) ){1,3}name
        (?:nobody|no one|noone) (?:named|called)
        (?:este|ese) no es (?:el|su|mi) (?:numero|telefono)
        no es (?:el|su) numero
    """,
    # Spanish
    "deje_de": r"""
        dej(?:e|en|a|ar|ad|es|enme|eme|ame|enos) de
        dej(?:e|en|a|es)n?(?:me|nos)?(?: ya)? (?:en paz|tranquil\w+)
        dej(?:eme|enme|ame|enos)
        par(?:e|en|a|ar|ame|enle) (?:de|ya|con) \w+
        par(?:en|enle|enme)
        detengan?(?:se)?
        ya basta
        basta (?:ya|de|con)
    """,
    "basta": r"""
        ^(?:para|pare|parale|basta|terminar|terminen?|salir|cancelen?|cancela|cancelenme|fuera)$
        ^(?:por favor|ya|favor de) (?:par(?:e|en|ar|ale)|cancelen?|cancela|terminen?)$
        ^(?:para|pare|basta|cancelen?|cancela|elimin\w+|borr\w+) (?:ya|por favor|please|todo|esto)$
        ^(?:deten|suspend|elimin|borr)\w*$
        ^(?:ya no|ya no mas|no mas|nomas|largo|larguense)(?: por favor| gracias| please| mensajes)?$
    """,
    "no_escriba": r"""
        no (?:(?:me|nos|le|lo|la|quiero|deseo|que|vuelvan?|vuelvas?|a|sigan?) ){0,5}<escribir>
        no (?:me )?(?:siga|sigan|sigas) \w+
    """,
    "no_mas_mensajes": r"""
        no (?:\w+ ){0,2}?(?:quiero|deseo|quisiera|necesito|acepto|autorizo) (?:\w+ ){0,4}?mensaj\w*
        no (?:\w+ ){0,2}?(?:quiero|deseo|quisiera|necesito|acepto) (?:\w+ ){0,4}?text\w*
        no (?:\w+ ){0,2}?(?:quiero|deseo|quisiera|acepto) (?:\w+ ){0,2}?recib\w+
        no (?:\w+ ){0,2}?(?:quiero|deseo|quisiera|necesito) (?:\w+ ){0,3}?(?:publicidad|anuncios)
        no (?:\w+ ){0,2}?(?:quiero|deseo|necesito) (?:\w+ ){0,3}?(?:promo|aviso|correo|notif)\w*
        no (?:\w+ ){0,2}?(?:quiero|deseo|quisiera) (?:que me|sus|esto|estos|nada)
        no (?:quiero|deseo) mas$
        (?:nunca|tampoco) (?:quise|pedi) \w+
        no (?:quiero )?mas (?:(?:sus|estos|de) ){0,2}(?:mensajes|textos|texts|publicidad|avisos)
        no mas (?:por favor|gracias|ya|correos)
        no recibir
        ya no (?:quiero|deseo|mas)(?: nada| mas| por favor)?$
        no (?:mas )?(?:spam|publicidad)
    """,
    "dar_de_baja": r"""
        d(?:ar|en|e|a)(?:me|nos|le)? de (?:la )?baja
        d(?:ar|en|e|a)(?:me|nos|le) (?:la )?baja
        d(?:ar|en) (?:la )?baja
        (?:quiero|quisiera|solicito|pido|deseo) (?:mi |la |una )?baja
        baja (?:por favor|de (?:la|su|esta) lista|del? (?:servicio|sistema|programa))
        por favor baja
    """,
    "quiteme": r"""
        (?:cancel\w*|<quitar>)(?:me|nos|lo) (?:de|del|ya|por)
        ^(?:no )?(?:(?:por favor|gracias|ya) )?(?:<quitar>|cancela)(?:me|nos|lo)(?: por favor)?$
        (?:borr|elimin|remuev)\w*me
        <quitar> (?:mi|este|el|ese) (?:numero|nombre|telefono|celular|cel|contacto|registro)
        olvid\w+ (?:mi|este) numero
        me (?:\w+ )?<quitar> de
        cancel\w+ (?:\w+ ){0,2}?(?:suscripcion|mensajes|textos|texts|inscripcion)
        (?:retiro|revoco|cancelo) (?:mi )?(?:consentimiento|autorizacion|permiso)
        de (?:su|la|esta|tu) lista
    """,
    # French, for the one word that carriers know
    "arret": r"""
        arret (?:de|les|svp|sil|envoyer)\w*
    """,
}  # fmt: skip

PHRASES = tuple((rule, _pattern(block)) for rule, block in _BLOCKS.items())
"""Refusals that count wherever they stand, by the name of their rule (tier 2)."""

UNCERTAIN = _pattern(r"""
    ^(?:nah|no thanks|no thank you|nope thanks|no gracias|hell no|no way|not for me)$
    ^(?:no quiero|(?:i )?withdraw|wrong)$
    ^(?:count me out|pass|i pass|hard pass|i am out|i am done|block|blocked|pause|scam)$
    (?:how|where) did you (?:get|find) (?:my|this)
    who gave you (?:my|this)
    de donde (?:saco|sacaron|tienen|tiene|obtuv\w+)
    como (?:consigui|obtuv)\w+ mi
    is this (?:spam|a scam)
""")
"""What may be a refusal, with no stop word in it: for a person to read."""

EVERYTHING = _pattern(r"""
    contact\w*
    everything
    anything
    stop ?all
    (?:leave|let) (?:me|us) (?:\w+ ){0,3}?alone
    (?:remove|delete|erase) (?:me|us)
    e ?mails?
    correos?
    (?:withdraw|rescind|retract)\w* (?:my |all )?consent
    todos?
    all communications?
    en paz
    borr\w*me
""")
"""The refusal is of contact in general: email ends too."""
