"""Makes examples/contacts.csv: invented people, with the faults that real exports have.

Run it again and the same file comes out, byte for byte: ``python examples/make_contacts.py``.
No name belongs to anybody known to us; addresses are at example.com, phone numbers are
from the range that is set aside for fiction (555-0100 to 555-0199), in real area codes.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

AS_OF = date(2026, 11, 15)
PEOPLE = 600
SEED = 20261115
BRAND = "Deeply Vital Medical"

HEADER = [
    "Email Address",
    "First Name",
    "Last Name",
    "Mobile Phone",
    "City",
    "State",
    "ZIP",
    "Language",
    "Interests",
    "Unsubscribed",
    "Is 18 or older",
    "Email Consent Source",
    "Email Consent Date",
    "Email Consent Wording",
    "SMS Consent Source",
    "SMS Consent Date",
    "SMS Consent Wording",
    "Topics Consent Source",
    "Topics Consent Date",
    "Notes",
    "Member Rating",
]

# city, state, area codes, ZIP codes; two places for each of four time zones, and more
PLACES = [
    ("New York", "NY", ["212", "646", "917"], ["10001", "10016", "10025", "10128"]),
    ("Atlanta", "GA", ["404", "470"], ["30303", "30309", "30318"]),
    ("Chicago", "IL", ["312", "773"], ["60601", "60614", "60647"]),
    ("Austin", "TX", ["512", "737"], ["78701", "78704", "78745"]),
    ("Denver", "CO", ["303", "720"], ["80202", "80211", "80220"]),
    ("Salt Lake City", "UT", ["801", "385"], ["84101", "84105", "84117"]),
    ("Los Angeles", "CA", ["213", "323"], ["90012", "90026", "90065"]),
    ("Seattle", "WA", ["206"], ["98101", "98107", "98115"]),
    ("Boston", "MA", ["617"], ["02108", "02116", "02130"]),
]

FIRST = """
    Ada Alma Amara Anders Anika Aria Asher Bea Boaz Callum Carmen Cora Dalia Damian
    Delphine Edith Elio Elsa Emeka Esther Fatima Felix Fern Flora Gideon Greta Hana
    Hazel Hugo Ida Imani Ines Iris Isaac Jada Jonas Juno Kai Keiko Lena Leo Lila Lucia
    Mabel Magnus Maria Mateo Mina Nadia Nico Noor Odette Omar Opal Otis Pearl Petra
    Quinn Rafael Rosa Ruth Sana Silas Sofia Tamsin Theo Tova Uma Vera Vikram Wanda Wren
    Yara Yusuf Zane Zora
"""
LAST = """
    Abara Alvarado Ashdown Barlow Bergström Bianchi Calloway Castellano Chen Cordova
    Dalton Dubois Eastman Eriksen Fairchild Ferreira Garner Gallego Hadley Hollis Ibarra
    Ingram Jansen Kaplan Kowalski Lambert Larkspur Lindqvist Maddox Marlowe Mbeki Moreau
    Nakamura Norwood Okafor Orchard Pemberton Quigley Ramsey Rosales Santoro Sandoval
    Tanaka Thackeray Underhill Valdez Vance Whitlock Winslow Yamada Yates Zamora
    Zielinski
"""
ACCENTED = [
    ("José", "Peña"),
    ("Zoë", "O'Hallaron"),
    ("Linh", "Nguyễn"),
    ("Øyvind", "Åsmundsen"),
    ("Siân", "Llewellyn-Pryce"),
    ("François", "Lefèvre"),
    ("Łukasz", "Wójtowicz"),
    ("Renée", "D'Angelo"),
    ("Mónica", "Ibáñez"),
    ("Jürgen", "Großmann"),
    ("Anaïs", "Çelik"),
    ("Itziar", "Muñoz de la Peña"),
]
TOPICS = ["Muscle spasms", "Skin", "Joint pain", "Menstrual cramps"]

EMAIL_WORDING = (
    f"Email me wellness education and booking links from {BRAND}. I can unsubscribe at any time."
)
SMS_WORDING = (
    "I agree to get recurring automated marketing texts, such as wellness education and booking "
    f"links, from {BRAND} at the mobile number above. Consent is not a condition of any purchase "
    "or of receiving care. Up to 6 msgs/month. Msg & data rates may apply. Reply STOP to opt out, "
    "HELP for help. See https://www.example.com/privacy and https://www.example.com/sms-program."
)
SOURCES = ["Website form", "Paper form at the front desk", "Open house, paper form"]


@dataclass
class Person:
    """One line of the file, before it is spoiled."""

    values: dict[str, str] = field(default_factory=dict)

    def line(self) -> list[str]:
        """Return the cells in the order of the header."""
        return [self.values.get(name, "") for name in HEADER]


class Maker:
    """Makes people with one stream of chance, so that the file is always the same."""

    def __init__(self, as_of: date) -> None:
        self.chance = random.Random(SEED)  # noqa: S311 - fiction needs no secrecy
        self.as_of = as_of
        numbers = [
            (place, area, f"{n:04d}")
            for place in range(len(PLACES))
            for area in PLACES[place][2]
            for n in range(100, 200)
        ]
        self.chance.shuffle(numbers)
        self.numbers = numbers
        self.emails: set[str] = set()

    def person(self, number: int) -> Person:
        """Make one person; most agreed to something and can prove it."""
        c = self.chance
        if number < len(ACCENTED) * 2:
            first, last = ACCENTED[number % len(ACCENTED)]
        else:
            first, last = c.choice(FIRST.split()), c.choice(LAST.split())
        place, area, line = self.numbers.pop()
        city, state, _, zips = PLACES[place]
        person = Person(
            {
                "Email Address": self.email(first, last),
                "First Name": first,
                "Last Name": last,
                "Mobile Phone": self.phone(area, line),
                "City": city,
                "State": state,
                "ZIP": c.choice(zips),
                "Language": c.choices(["English", "Spanish", ""], [80, 8, 12])[0],
                "Is 18 or older": "yes",
                "Member Rating": str(c.randint(1, 5)),
            }
        )
        kind = c.random()
        if kind < 0.10:
            person.values["Email Address"] = ""
        elif kind < 0.24:
            person.values["Mobile Phone"] = ""
        self.add_consent(person)
        return person

    def email(self, first: str, last: str) -> str:
        """Return an address that nobody else in the file has."""
        plain = unicodedata.normalize("NFKD", f"{first}.{last}".lower().replace("ø", "o"))
        plain = plain.replace("ł", "l").replace("ß", "ss")
        name = "".join(x for x in plain if x.isascii() and (x.isalnum() or x == "."))
        email, n = f"{name}@example.com", 2
        while email in self.emails:
            email, n = f"{name}{n}@example.com", n + 1
        self.emails.add(email)
        return email

    def phone(self, area: str, line: str) -> str:
        """Return a number in one of the ways in which people write them."""
        return self.chance.choice(
            [
                f"({area}) 555-{line}",
                f"{area}-555-{line}",
                f"{area}.555.{line}",
                f"+1{area}555{line}",
                f"1 {area} 555 {line}",
                f"{area}555{line}",
                f" {area} 555-{line} ",
            ]
        )

    def day(self, *, oldest: int = 400) -> date:
        """Return a day in the last months."""
        return self.as_of - timedelta(days=self.chance.randint(3, oldest))

    def written(self, day: date) -> str:
        """Return a date in one of the ways in which systems write them."""
        return self.chance.choice(
            [day.isoformat(), f"{day.month}/{day.day}/{day.year}", f"{day.isoformat()}T15:30:00Z"]
        )

    def add_consent(self, person: Person) -> None:
        """Write proof for most, for some only a part of it, for some none."""
        c, values = self.chance, person.values
        day = self.day()
        if values["Email Address"] and c.random() < 0.86:
            values["Email Consent Source"] = c.choice(SOURCES)
            values["Email Consent Date"] = self.written(day)
            values["Email Consent Wording"] = EMAIL_WORDING
        if values["Mobile Phone"] and c.random() < 0.70:
            values["SMS Consent Source"] = c.choice(SOURCES)
            values["SMS Consent Date"] = self.written(day)
            values["SMS Consent Wording"] = SMS_WORDING
        if c.random() < 0.80:
            topics = c.sample(TOPICS, c.choices([1, 2, 3], [70, 24, 6])[0])
            values["Interests"] = c.choice(["; ", ", ", "|"]).join(topics)
            if c.random() < 0.92:
                values["Topics Consent Source"] = c.choice(SOURCES)
                values["Topics Consent Date"] = self.written(day)


def spoil(maker: Maker, people: list[Person]) -> list[list[str]]:
    """Return the lines with the faults of real exports put in, always the same ones."""
    c = maker.chance
    lines = [person.line() for person in people]
    column = {name: position for position, name in enumerate(HEADER)}

    def put(start: int, step: int, count: int, name: str, *values: str) -> None:
        for n in range(count):
            lines[start + n * step][column[name]] = values[n % len(values)]

    put(31, 23, 24, "Unsubscribed", "yes", "TRUE", "1", "2026-03-02", "unsubscribed", "x")
    put(30, 47, 8, "Unsubscribed", "no", "0", "FALSE")
    put(
        45,
        61,
        6,
        "Notes",
        "Prefers mornings, not Mondays",
        'Says "call first"',
        "Line one\nLine two",
    )
    put(52, 71, 3, "Interests", "Joint pain; Hot yoga", "Skin, Hair growth", "Tennis elbow")
    put(64, 90, 4, "SMS Consent Wording", "")
    put(70, 90, 3, "Email Consent Date", "13/45/2026", "sometime in spring", "2031-01-01")
    put(75, 97, 3, "ZIP", "2116", "", "ABCDE")
    for n in range(90, 600, 85):  # somebody whose language nobody here reads
        lines[n][column["Language"]] = "Klingon"
    lines[101][column["State"]] = "Texas"
    lines[101][column["City"]], lines[101][column["ZIP"]] = "Austin", "78704"
    lines[102][column["Notes"]] = '=HYPERLINK("https://www.example.com")'

    extra: list[list[str]] = []
    with_email = [line for line in lines if line[0] and not line[column["Unsubscribed"]]]
    for line in with_email[40:300:26]:  # the same person again, the email written otherwise
        twin = list(line)
        twin[0] = f" {line[0].upper()} "
        twin[column["City"]] = ""
        twin[column["Member Rating"]] = ""
        extra.append(twin)
    with_phone = [line for line in lines if line[3] and line[0]]
    for line in with_phone[33:250:31]:  # the same person again, known by phone only
        twin = [""] * len(HEADER)
        twin[1], twin[2] = line[1], line[2]
        digits = "".join(x for x in line[3] if x.isdigit())[-10:]
        twin[3] = f"{digits[:3]}/{digits[3:6]}-{digits[6:]}"
        extra.append(twin)
    for line in with_phone[10:90:27]:  # a household: another person on the same phone
        other = maker.person(10_000).line()
        other[column["Last Name"]], other[3] = line[2], line[3]
        other[0] = maker.email("Robin", line[2])
        other[1] = "Robin"
        extra.append(other)
    for bad in ("not-an-address", "two@at@example.com", "name@example", "spaces in@example.com"):
        line = maker.person(10_000).line()
        line[0] = bad
        extra.append(line)
    for bad in ("555-0142", "(512) 555-01", "call me", "+44 20 7946 0958", "800-555-0199"):
        line = maker.person(10_000).line()
        line[3] = bad
        extra.append(line)
    for bad in ("n/a", "unknown"):  # neither can be reached
        line = maker.person(10_000).line()
        line[0], line[3] = bad, "none"
        extra.append(line)
    nobody = [""] * len(HEADER)
    named = [""] * len(HEADER)
    named[1], named[2] = "Ghost", "Writer"
    extra += [nobody, list(nobody), named]
    c.shuffle(extra)
    for number, line in enumerate(extra):
        lines.insert(60 + number * 13, line)
    return lines


def make(as_of: date = AS_OF) -> bytes:
    """Return the file: UTF-8 with a byte order mark, as spreadsheets write it."""
    maker = Maker(as_of)
    lines = spoil(maker, [maker.person(number) for number in range(PEOPLE)])
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    writer.writerows(lines)
    return out.getvalue().encode("utf-8-sig")


def main() -> None:
    """Write the file beside this script, or where told."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("contacts.csv"))
    parser.add_argument("--as-of", type=date.fromisoformat, default=AS_OF)
    given = parser.parse_args()
    given.out.write_bytes(make(given.as_of))


if __name__ == "__main__":
    main()
