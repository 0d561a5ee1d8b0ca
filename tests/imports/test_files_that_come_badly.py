"""Files as they really come: encodings, delimiters, quotation marks, headers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from campaigns.core.errors import InvalidInput
from campaigns.imports import cells, columns, decoding, reading
from campaigns.imports.cells import Stand


def rows(text: str, delimiter: str = ",", width: int | None = None) -> list[reading.Record]:
    lines = reading.split_lines(text)
    header, start = reading.header_of(lines, delimiter)
    return list(reading.records(lines, delimiter, start=start, width=width or len(header)))


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        ("Name\nJosé\n".encode(), "utf-8", "Name\nJosé\n"),
        (b"\xef\xbb\xbfName\nZo\xc3\xab\n", "utf-8-sig", "Name\nZoë\n"),
        ("Name\nJosé – Øyvind\n".encode("cp1252"), "cp1252", "Name\nJosé – Øyvind\n"),
    ],
)
def test_utf8_with_and_without_a_mark_and_windows_1252_are_read(
    content: bytes, encoding: str, text: str
) -> None:
    assert decoding.decode(content) == decoding.Decoded(text, encoding)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (b"", "file_empty", "empty"),
        (b"\xef\xbb\xbf \r\n", "file_empty", "empty"),
        ("Name\nJosé\n".encode("utf-16"), "encoding_utf16", "CSV UTF-8"),
        ("Name\nJosé\n".encode("utf-16-le"), "encoding_utf16", "CSV UTF-8"),
        ("Name\nJosé\n".encode("utf-32"), "encoding_utf16", "CSV UTF-8"),
        (b"PK\x03\x04workbook", "file_kind", "Excel"),
        ("José, Zoë, Øyvind\n".encode() + b"Ren\xe9e\n", "encoding_mixed", "Line 2"),
        (b"Name\nJos\xe9 \x81\n", "encoding_unknown", "Line 2"),
    ],
)
def test_what_cannot_be_read_says_how_to_save_it_again(
    content: bytes, code: str, words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        decoding.decode(content)
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = 'a*b*c\n1*"x, y; z|\t"*3\n4*5*6\n'.replace("*", delimiter)
    assert reading.sniff(reading.split_lines(text)) == delimiter


def test_one_column_is_a_file_too() -> None:
    lines = reading.split_lines("Email\na@example.com\n")
    assert reading.header_of(lines, reading.sniff(lines)) == (["Email"], 2)


def test_quoted_newlines_stay_in_one_record_and_lines_are_counted_as_in_the_file() -> None:
    found = rows('Email,Note\r\na@example.com,"one\r\ntwo"\r\n\r\nb@example.com,x\r\n')
    assert [(r.line, r.next_line, r.cells[0]) for r in found] == [
        (2, 4, "a@example.com"),
        (5, 6, "b@example.com"),
    ]
    assert found[0].cells[1] == "one\r\ntwo"


def test_an_open_quotation_mark_costs_one_line_and_not_the_rest_of_the_file() -> None:
    text = (
        'Email,Note\na@example.com,"open\nb@example.com,x\nc@example.com,"fine"\nd@example.com,"o\n'
    )
    found = rows(text)
    assert [(r.line, r.fault[0] if r.fault else None) for r in found] == [
        (2, "quote_open"),
        (3, None),
        (4, None),
        (5, "quote_open"),
    ]


def test_a_quotation_mark_open_over_a_megabyte_is_found_too() -> None:
    body = "".join(f"p{n}@example.com,x\n" for n in range(20_000))
    found = rows('Email,Note\na@example.com,"open\n' + body)
    assert [r.line for r in found if r.fault] == [2]
    assert len(found) == 20_001


def test_short_lines_are_filled_and_long_ones_are_faults() -> None:
    found = rows("A,B,C\n1\n1,2,3,,\n1,2,3,4\n")
    assert found[0].cells == ["1", "", ""]
    assert found[1].cells == ["1", "2", "3"]
    assert found[2].fault is not None
    assert "has 4 cells where the column names have 3" in found[2].fault[1]


def test_zero_bytes_and_huge_values_are_faults_of_their_line() -> None:
    found = rows(f"A,B\n1,x\x00y\n2,{'z' * 20_000}\n3,ok\n")
    assert [r.fault[0] if r.fault else None for r in found] == [
        "unreadable",
        "cell_too_long",
        None,
    ]


def test_reading_goes_on_from_any_line() -> None:
    text = "A,B\n" + "".join(f'{n},"x\ny"\n' for n in range(10))
    lines = reading.split_lines(text)
    whole = list(reading.records(lines, ",", start=2, width=2))
    for record in whole:
        rest = list(reading.records(lines, ",", start=record.next_line, width=2))
        assert rest == whole[whole.index(record) + 1 :]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ana@example.com,Ana\nben@example.com,Ben\n", "header_missing"),
        ("Ana,(212) 555-0101\n", "header_missing"),
        ("Email,Name\n", "rows_missing"),
        ('"Email,Name\nana@example.com,Ana\n', "header_missing"),
    ],
)
def test_a_file_without_column_names_or_people_is_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        reading.header_of(reading.split_lines(text), ",")
    assert caught.value.code == code


def test_column_names_are_made_unique() -> None:
    lines = reading.split_lines("Email,Tag,tag,,\nx,1,2,3,4\n")
    assert reading.header_of(lines, ",")[0] == ["Email", "Tag", "tag (2)", "Column 4", "Column 5"]


@pytest.mark.parametrize(
    ("names", "codes"),
    [
        (
            ["Email Address", "First Name", "Phone Number", "OPTIN_TIME", "UNSUB_TIME", "TAGS"],
            ["email", "first_name", "phone", "email_consent_at", "email_opt_out", "interests"],
        ),
        (
            ["Email", "State / Region", "Zip Code", "Email Marketing Consent", "SMS Consent"],
            ["email", "state", "postal_code", "email_status", "sms_status"],
        ),
        (
            [
                "Correo electrónico",
                "Nombre",
                "Apellidos",
                "Teléfono móvil",
                "Código postal",
                "Baja",
            ],
            ["email", "first_name", "last_name", "phone", "postal_code", "opt_out"],
        ),
        (["Name", "First Name", "E-mail", "Mail"], ["", "first_name", "email", ""]),
        (["Favourite colour"], [""]),
    ],
)
def test_columns_are_guessed_from_names(names: list[str], codes: list[str]) -> None:
    assert list(columns.guess(names).values()) == codes


def test_a_mapping_is_checked_against_the_file() -> None:
    header = ["E", "P", "Q"]
    assert columns.checked({"e": "email"}, header) == {"E": "email", "P": "", "Q": ""}
    with pytest.raises(InvalidInput, match="no column “X”"):
        columns.checked({"X": "email"}, header)
    with pytest.raises(InvalidInput, match="cannot both be"):
        columns.checked({"E": "email", "P": "email"}, header)
    with pytest.raises(InvalidInput) as caught:
        columns.checked({"E": "first_name"}, header)
    assert caught.value.code == "column_missing"
    assert "E, P, Q" in caught.value.message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-03", datetime(2026, 5, 3, 12, tzinfo=UTC)),
        ("5/3/2026", datetime(2026, 5, 3, 12, tzinfo=UTC)),
        ("May 3, 2026", datetime(2026, 5, 3, 12, tzinfo=UTC)),
        ("2026-05-03T10:00:00-05:00", datetime(2026, 5, 3, 15, tzinfo=UTC)),
        ("5/3/26 3:04 PM", datetime(2026, 5, 3, 15, 4, tzinfo=UTC)),
        ("13/05/2026", None),
        ("spring", None),
        ("1066-10-14", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("", None),
    ],
)
def test_dates_are_read_or_left_alone(text: str, moment: datetime | None) -> None:
    assert cells.read_moment(text) == moment


def test_states_of_a_subscription_are_read_in_many_words() -> None:
    for word in ("Unsubscribed", "OPTED OUT", "do not contact", "Baja"):
        assert cells.read_stand(word) is Stand.OUT
    assert cells.read_stand("cleaned") is Stand.BOUNCED
    assert cells.read_stand("NEVER_SUBSCRIBED") is Stand.NEUTRAL
    assert cells.read_stand("Subscribed") is Stand.IN
    assert cells.read_stand("purple") is Stand.UNKNOWN
    for word in ("yes", "TRUE", "1", "x", "2026-01-02", "unsubscribed"):
        assert cells.read_leaving(word) is Stand.OUT
    for word in ("", "no", "0", "FALSE"):
        assert cells.read_leaving(word) is Stand.IN
    assert cells.read_leaving("purple") is Stand.UNKNOWN


def test_places_and_languages_are_read_or_left_out() -> None:
    assert cells.read_state("texas") == "TX"
    assert cells.read_state("Bavaria") is None
    assert cells.read_postal_code("2116", "MA") == "02116"
    assert cells.read_postal_code("787011234", None) == "78701-1234"
    assert cells.read_postal_code("ABCDE", "TX") is None
    assert cells.read_language("Español") == "es"
    assert cells.read_language("en_US") == "en"
    assert cells.read_language("Klingon") is None
    assert cells.split_name("Peña, José") == ("José", "Peña")
    assert cells.split_name("Ana Maria Ruiz") == ("Ana", "Maria Ruiz")


@pytest.mark.parametrize("content", [b"a" * 3_000_000, b"a," * 1_500_000])
def test_a_file_of_one_endless_line_is_refused(content: bytes) -> None:
    lines = reading.split_lines(decoding.decode(content).text)
    with pytest.raises(InvalidInput, match="Save the file again") as caught:
        reading.header_of(lines, reading.sniff(lines))
    assert caught.value.code == "line_too_long"


@pytest.mark.parametrize(
    "content",
    [
        b'Email,Name\n"' + b"x" * 3_000_000,
        b"Email,Name\n" + b"a@example.com," * 200_000,
    ],
)
def test_a_line_without_an_end_does_not_fill_the_memory(content: bytes) -> None:
    (found,) = rows(content.decode())
    assert found.fault is not None
    assert found.fault[0] == "line_too_long"
    assert sum(map(len, found.cells)) <= 200


def test_a_long_line_in_the_middle_costs_itself_alone() -> None:
    found = rows("Email,Note\na@example.com,x\n" + "y" * 2_000_000 + "\nb@example.com,z\n")
    assert [r.cells[0][:1] for r in found] == ["a", "y", "b"]
    assert [bool(r.fault) for r in found] == [False, True, False]
    assert (found[2].line, found[2].cells) == (4, ["b@example.com", "z"])


@pytest.mark.parametrize(
    "content", [b"<!DOCTYPE html><table><tr><td>Email", b"<?xml version='1.0'?>", b"BEGIN:VCARD\n"]
)
def test_a_page_or_an_address_book_is_named_as_what_it_is(content: bytes) -> None:
    with pytest.raises(InvalidInput, match="not a CSV file") as caught:
        decoding.decode(content)
    assert caught.value.code == "file_kind"


def test_a_thousand_columns_are_refused_with_what_to_do() -> None:
    text = ",".join(f"C{n}" for n in range(1000)) + "\n" + "," * 999 + "\n"
    with pytest.raises(InvalidInput, match="at most 200") as caught:
        reading.header_of(reading.split_lines(text), ",")
    assert caught.value.code == "columns_too_many"


@pytest.mark.parametrize(
    ("text", "orders"),
    [
        ("12/31/2025", {"mdy"}),
        ("31/12/2025 10:15", {"dmy"}),
        ("31.12.2025", {"dmy"}),
        ("3/4/26", {"mdy", "dmy"}),
        ("03-04-2026", {"mdy", "dmy"}),
        ("4/4/2026", set()),
        ("40/50/2026", set()),
        ("2026-03-04", set()),
        ("May 3, 2026", set()),
        ("yes", set()),
    ],
)
def test_the_orders_in_which_a_date_can_be_read(text: str, orders: set[str]) -> None:
    assert cells.orders_of(text) == orders


def test_a_date_is_read_in_the_order_that_is_said() -> None:
    assert cells.read_moment("3/4/2026", "mdy") == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert cells.read_moment("3/4/2026", "dmy") == datetime(2026, 4, 3, 12, tzinfo=UTC)
    assert cells.read_moment("31.12.2025", "dmy") == datetime(2025, 12, 31, 12, tzinfo=UTC)
    assert cells.read_moment("12/31/2025", "dmy") is None
