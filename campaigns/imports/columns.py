"""Which column means what: the meanings, and a good guess from the names. Pure.

The guess knows English and Spanish words and the names that Mailchimp, Klaviyo, Constant
Contact, ActiveCampaign and HubSpot give their exports. Staff see it and may change
it; nothing is imported on a guess alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.core.errors import InvalidInput

IGNORE = ""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column may mean. ``many``: several columns may mean this at once."""

    code: str
    label: str
    area: str
    names: str
    """Column names in their bare form (letters and digits only), separated by blanks."""
    many: bool = False


MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        "email",
        "Email",
        "Person",
        "email emailaddress mail emailid correo correoelectronico direcciondecorreo "
        "contactemail primaryemail patientemail",
    ),
    Meaning(
        "phone",
        "Mobile phone",
        "Person",
        "phone phonenumber mobile mobilephone mobilenumber cell cellphone cellnumber sms "
        "smsphonenumber smsphone telephone tel telefono celular movil numerodetelefono "
        "telefonomovil contactphone primaryphone patientphone textnumber",
    ),
    Meaning(
        "first_name",
        "First name",
        "Person",
        "firstname first fname givenname forename nombre nombredepila primernombre preferredname",
    ),
    Meaning(
        "last_name",
        "Last name",
        "Person",
        "lastname last lname surname familyname apellido apellidos",
    ),
    Meaning(
        "full_name",
        "Full name",
        "Person",
        "name fullname contactname patientname nombrecompleto nombreyapellido nombreyapellidos "
        "patient contact",
    ),
    Meaning("city", "City", "Place", "city town ciudad municipio localidad"),
    Meaning("state", "State", "Place", "state stateregion province region estado usstate"),
    Meaning(
        "postal_code",
        "ZIP code",
        "Place",
        "zip zipcode postalcode postcode zippostalcode codigopostal cp zip5",
    ),
    Meaning("timezone", "Time zone", "Place", "timezone tz zonahoraria huso"),
    Meaning("locale", "Language", "Person", "language locale lang idioma lengua preferredlanguage"),
    Meaning(
        "adult",
        "Is 18 or older",
        "Person",
        "adult over18 18orolder is18orolder ageconfirmed adultconfirmed 18plus mayordeedad",
    ),
    Meaning(
        "interests",
        "Interests",
        "Person",
        "interest interests topics topic tags groups intereses temas etiquetas",
        many=True,
    ),
    Meaning(
        "status",
        "Subscription state (all channels)",
        "Leaving",
        "status subscriptionstatus subscriberstatus memberstatus contactstatus estadodesuscripcion",
        many=True,
    ),
    Meaning(
        "email_status",
        "Subscription state (email)",
        "Leaving",
        "emailstatus emailmarketingconsent emailsubscriptionstatus emailconsent emailoptin "
        "acceptsmarketing acceptsemailmarketing emailsubscribed subscribed suscrito "
        "emailpermissionstatus permissionstatus emailmarketingstatus emailmarketing",
        many=True,
    ),
    Meaning(
        "sms_status",
        "Subscription state (texts)",
        "Leaving",
        "smsstatus smsmarketingconsent smsconsent smsoptin textoptin acceptssmsmarketing "
        "smssubscriptionstatus smsmarketingstatus smspermissionstatus textstatus",
        many=True,
    ),
    Meaning(
        "opt_out",
        "Asked to leave (all channels)",
        "Leaving",
        "unsubscribed unsubscribe optout optedout donotcontact dnc baja dadodebaja "
        "cancelosuscripcion nocontactar globalunsubscribe",
        many=True,
    ),
    Meaning(
        "email_opt_out",
        "Asked to leave (email)",
        "Leaving",
        "emailoptout unsubtime unsubscribedat emailunsubscribed unsubscribetime donotemail "
        "unsubdate unsubscribedate unsubscribeddate dateunsubscribed udate confirmedoptoutdate "
        "optoutdate optouttime emailoptoutdate hasoptedoutofemail optedoutofemail "
        "unsubscribedfromallemail emailunsubscribedate nocorreo",
        many=True,
    ),
    Meaning(
        "sms_opt_out",
        "Asked to leave (texts)",
        "Leaving",
        "smsoptout textoptout smsunsubscribed donottext donotsms stopdate smsoptoutdate "
        "smsunsubscribedate smsunsubscribedat hasoptedoutofsms optedoutofsms",
        many=True,
    ),
    Meaning(
        "email_suppressed",
        "Not to be emailed, with the reason",
        "Leaving",
        "emailsuppressions emailsuppression suppressed suppressions suppressionreason "
        "emailsuppressionreason suppressionreasons",
        many=True,
    ),
    Meaning(
        "email_bounced",
        "Email did not arrive (bounced, cleaned)",
        "Leaving",
        "cleantime cleaned cleanedat cleaneddate bounced bouncedat bouncedate bouncetime "
        "hardbounce hardbounced hardbouncedate emailbounced rebotado",
        many=True,
    ),
    Meaning(
        "email_complained",
        "Reported an email as spam",
        "Leaving",
        "complaint complained complainedat complaintdate complainttime spamcomplaint "
        "abusecomplaint reportedspam markedasspam spamreport",
        many=True,
    ),
    Meaning(
        "consent_at",
        "Date of consent (all channels)",
        "Consent",
        "consentdate consentat dateofconsent consenttimestamp consenttime optindate optinat "
        "optindatetime fechadeconsentimiento",
    ),
    Meaning(
        "consent_source",
        "How consent was given (all channels)",
        "Consent",
        "consentsource consentmethod optinsource optinmethod signupsource consentform "
        "consentformid optinform signupform metododeconsentimiento origendeconsentimiento",
    ),
    Meaning(
        "consent_wording",
        "Words agreed to (all channels)",
        "Consent",
        "consentwording consenttext consentlanguage disclosure disclosuretext "
        "textodeconsentimiento",
    ),
    Meaning(
        "consent_ip",
        "Network address (IP) of the opt-in",
        "Consent",
        "optinip optinipaddress consentip consentipaddress signupip signupipaddress "
        "subscribeip emailoptinip emailconsentip ip4 sourceip",
    ),
    Meaning(
        "email_confirmed_at",
        "Date of confirming the opt-in (email)",
        "Consent",
        "confirmtime confirmedat confirmationtime confirmationdate confirmdate confirmeddate "
        "emailconfirmedat emailconfirmtime doubleoptintime doubleoptindate doubleoptinat "
        "confirmedoptindate",
    ),
    Meaning(
        "email_confirmed_ip",
        "Network address (IP) of confirming",
        "Consent",
        "confirmip confirmationip confirmipaddress emailconfirmip doubleoptinip",
    ),
    Meaning(
        "email_consent_at",
        "Date of consent (email)",
        "Consent",
        "emailconsentdate emailconsentat optintime emailoptindate emailmarketingconsenttimestamp "
        "emailoptintime emailconsenttimestamp emailconsenttime subscribedat subscribedate "
        "subscribeddate datesubscribed subscriptiondate sdate emailmarketingconsentdate",
    ),
    Meaning(
        "email_consent_source",
        "How consent was given (email)",
        "Consent",
        "emailconsentsource emailconsentmethod emailoptinsource emailoptinmethod "
        "emailmarketingconsentmethod emailmarketingconsentsource",
    ),
    Meaning(
        "email_consent_wording",
        "Words agreed to (email)",
        "Consent",
        "emailconsentwording emailconsenttext emaildisclosure",
    ),
    Meaning(
        "sms_consent_at",
        "Date of consent (texts)",
        "Consent",
        "smsconsentdate smsconsentat textconsentdate smsoptindate smsmarketingconsenttimestamp "
        "smsoptintime smsconsenttimestamp smsconsenttime smssubscribedat "
        "smsmarketingconsentdate",
    ),
    Meaning(
        "sms_consent_source",
        "How consent was given (texts)",
        "Consent",
        "smsconsentsource smsconsentmethod textconsentsource smsoptinsource smsoptinmethod "
        "smsmarketingconsentmethod smsmarketingconsentsource",
    ),
    Meaning(
        "sms_consent_wording",
        "Words agreed to (texts)",
        "Consent",
        "smsconsentwording smsconsenttext textconsentwording smsdisclosure",
    ),
    Meaning(
        "topic_consent_at",
        "Date of agreeing that interests are kept",
        "Consent",
        "topicconsentdate topicsconsentdate healthtopicconsentdate interestsconsentdate "
        "topicconsentat",
    ),
    Meaning(
        "topic_consent_source",
        "How they agreed that interests are kept",
        "Consent",
        "topicconsentsource topicsconsentsource healthtopicconsentsource interestsconsentsource",
    ),
    Meaning(
        "topic_consent_wording",
        "Words agreed to (interests)",
        "Consent",
        "topicconsentwording topicsconsentwording healthtopicconsentwording",
    ),
)

BY_CODE = {meaning.code: meaning for meaning in MEANINGS}
_BY_NAME = {name: m.code for m in MEANINGS for name in m.names.split()}


_MAILCHIMP = frozenset({"memberrating", "leid", "euid", "optintime", "confirmtime", "lastchanged"})


def bare(name: str) -> str:
    """Return a column name as letters and digits only, without accents."""
    plain = unicodedata.normalize("NFKD", name.lower())
    return re.sub(r"[^a-z0-9]", "", plain)


def guess(header: Sequence[str]) -> dict[str, str]:
    """Return a meaning for each column, ``""`` where none is plain; no meaning twice."""
    mapping: dict[str, str] = {}
    taken: set[str] = set()
    for name in header:
        code = _BY_NAME.get(bare(re.sub(r" \(\d+\)$", "", name)), IGNORE)
        if code in taken and not BY_CODE[code].many:
            code = IGNORE
        if code:
            taken.add(code)
        mapping[name] = code
    if {"first_name", "full_name"} <= taken:
        mapping = {n: (IGNORE if c == "full_name" else c) for n, c in mapping.items()}
    return mapping


def guess_holds(filename: str, header: Sequence[str]) -> str:
    """Return what everybody in one of Mailchimp's export files is, ``""`` for any other file.

    Its files for unsubscribed, cleaned and non-subscribed people say so by their names alone.
    """
    if not _MAILCHIMP & {bare(name) for name in header}:
        return ""
    found = re.match(r"(unsubscribed|cleaned|non[-_ ]?subscribed)(?![a-z])", filename.lower())
    return "" if found is None else re.sub(r"[^a-z]", "", found[1])


def checked(mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, str]:
    """Return the mapping for every column of the header, unnamed ones ignored.

    Raises: InvalidInput ``mapping_invalid`` with a remedy for each column; ``column_missing``
    when neither email nor phone has a column.
    """
    faults: dict[str, str] = {}
    columns = {name.lower(): name for name in header}
    complete = dict.fromkeys(header, IGNORE)
    used: dict[str, str] = {}
    for given, code in mapping.items():
        name = columns.get(given.strip().lower())
        if name is None:
            faults[given] = f"The file has no column “{given}”. It has: {', '.join(header)}."
        elif code and code not in BY_CODE:
            faults[name] = f"“{code}” is not a meaning that a column can have."
        elif code and code in used and not BY_CODE[code].many:
            faults[name] = (
                f"“{name}” and “{used[code]}” cannot both be {BY_CODE[code].label}: choose one."
            )
        else:
            complete[name] = code
            if code:
                used[code] = name
    if faults:
        raise InvalidInput("mapping_invalid", " ".join(faults.values()), fields=faults)
    if not {"email", "phone"} & set(used):
        raise InvalidInput(
            "column_missing",
            "No column is marked as email or mobile phone, and a person needs at least one. "
            f"The file's columns are: {', '.join(header)}. Nothing was imported. Mark the right "
            "column, or add it to the file.",
            fields={"email": "Choose the column with the email addresses, or mobile phones."},
        )
    return complete
