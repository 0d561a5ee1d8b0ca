"""Text messages ready to send: brand, body, one link, opt-out hint."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template as Frame

from campaigns.clinic.models import Clinic
from campaigns.content import links, merge, sms, wording
from campaigns.content.blocks import TextSource
from campaigns.content.links import LinkSpec
from campaigns.content.merge import Tag
from campaigns.content.people import PersonUrls, PersonView, clinic_values, person_values
from campaigns.core.signing import TOKEN_LENGTH

FOLDER = Path(__file__).resolve().parents[2] / "templates" / "sms"
LONGEST = {
    "first_name": "M" * 20,
    "last_name": "M" * 20,
    "signup_source": "M" * 24,
    "signup_date": "September 30, 2026",
}
"""The longest value that a merge tag may put into a text; longer ones are cut."""

_MAX = {name: len(value) for name, value in LONGEST.items()}


@cache
def _frame() -> Frame:
    return Frame((FOLDER / "marketing.txt").read_text(encoding="utf-8"))


class CompiledText:
    """A version of a text message."""

    channel = "sms"

    def __init__(self, source: TextSource, *, consultation: bool) -> None:
        self.source = source
        body, self.replaced = sms.transliterate(source.body)
        self.body = merge.parse(body.strip())
        self.links: tuple[LinkSpec, ...] = links.extract(source, consultation=consultation)
        static = "".join(part for part in self.body.parts if isinstance(part, str))
        self._plain = sms.is_gsm(static)

    def render(
        self,
        person: PersonView,
        urls: PersonUrls,
        clinic: Clinic,
        first: bool,
        *,
        test: bool = False,
    ) -> str:
        """Return the whole text for a person; ``test`` puts [TEST] in front of it.

        ``first`` says that it is the first marketing text they get: it then carries the
        programme's full wording.
        """
        values = person_values(person)
        fixed = clinic_values(clinic)

        def put(tag: Tag) -> str:
            if tag.name in fixed:
                return tag.value(fixed[tag.name])
            return self._fitting(tag, values[tag.name])

        return ("[TEST] " if test else "") + self._assemble(
            brand=clinic.brand,
            body=self.body.fill(put),
            link=urls.link(1) if self.links else "",
            hint=hint(first, person.sms_per_month or 4 * clinic.sms_per_week),
        )

    def longest(self, clinic: Clinic, public_url: str, *, first: bool) -> str:
        """Return the text with the longest values that it can have, for measuring."""
        url = f"{public_url}/c/{'x' * TOKEN_LENGTH}/1"
        values = {**LONGEST, **clinic_values(clinic)}
        return self._assemble(
            brand=clinic.brand,
            body=self.body.fill(lambda tag: _longer(tag, values[tag.name])),
            link=url if self.links else "",
            hint=hint(first, 4 * clinic.sms_per_week),
        )

    def measure(self, clinic: Clinic, public_url: str, *, first: bool) -> sms.Measure:
        """Count the longest form of the text."""
        return sms.measure(self.longest(clinic, public_url, first=first))

    def _fitting(self, tag: Tag, raw: str) -> str:
        """Cut a value to its longest form and keep it in the small alphabet if the body is."""
        value = raw
        if len(value) > _MAX[tag.name]:
            head = value[: _MAX[tag.name] + 1].rsplit(" ", 1)[0]
            value = head[: _MAX[tag.name]]
        if self._plain:
            value = sms.drop_accents(sms.transliterate(value)[0])
            if not sms.is_gsm(value):
                value = ""  # the fallback, rather than a text of twice the parts
        return tag.value(value)

    def _assemble(self, *, brand: str, body: str, link: str, hint: str) -> str:
        plain_brand = sms.transliterate(brand)[0]
        return (
            _frame()
            .substitute(brand=plain_brand, body=body, link=f" {link}" if link else "", hint=hint)
            .strip()
        )


def hint(first: bool, per_month: int) -> str:
    """Return how to stop; in the first text, the programme's full wording."""
    return wording.SMS_PROGRAMME.format(n=per_month) if first else wording.SMS_OPT_OUT


def _longer(tag: Tag, value: str) -> str:
    filled = tag.value(value)
    return filled if len(filled) >= len(tag.fallback) else tag.value("")
