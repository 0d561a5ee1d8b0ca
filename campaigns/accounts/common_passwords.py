"""Words of which the passwords that are tried first are made; longest first.

A password of twelve characters and more is rarely in a list of common ones as a whole:
it is one or two of these words with figures and signs around them.
"""

from __future__ import annotations

_WORDS = """
password passwort passw0rd passcode welcome letmein trustno admin administrator root login guest
master superman batman spiderman dragon monkey shadow sunshine princess football baseball
basketball soccer hockey iloveyou loveyou lovely love qwerty qwertyui qwertyuiop asdfgh
asdfghjkl zxcvbn zxcvbnm azerty qazwsx qazwsxedc abc abcd abcdef abcdefg abcdefgh access secret
secure security changeme change default temp temporary test testing tester demo user username
account system server database computer internet network windows linux google facebook twitter
instagram linkedin apple samsung microsoft office outlook gmail hello hallo bonjour hola ciao
summer winter spring autumn fall january february march april may june july august september
october november december monday tuesday wednesday thursday friday saturday sunday today
tomorrow yesterday morning evening night freedom whatever nothing something everything anything
starwars pokemon naruto minecraft michael jennifer jessica jordan hunter thomas robert daniel
andrew joshua matthew charlie ashley nicole michelle amanda maggie ginger pepper buster tigger
killer harley ranger mustang ferrari porsche mercedes corvette yankees cowboys eagles lakers
chelsea liverpool arsenal barcelona cheese chocolate banana orange cookie coffee purple yellow
silver golden diamond flower butterfly angel heaven jesus christ blessed family mother father
sister brother daughter baby honey sweet happy smile friend forever together clinic medical
hospital health healthcare doctor nurse patient patients care wellness therapy laser light
practice physician surgery dental pharmacy campaigns campaign marketing company business work
manager staff team owner money dollar bitcoin crypto please thankyou thanks goodbye the and for
you your this that with our one two three four five six seven eight nine ten
"""

COMMON: tuple[str, ...] = tuple(
    sorted(set(_WORDS.split()), key=lambda word: (-len(word), word))  # longest first
)
