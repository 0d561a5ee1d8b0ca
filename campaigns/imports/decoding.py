"""Bytes into text: which encoding a file has, or why it cannot be read. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from campaigns.core.errors import InvalidInput

MAX_BYTES = 100 * 1024 * 1024

_SAVE_AGAIN = (
    "Nothing was imported. In Excel choose File, Save as, “CSV UTF-8 (comma delimited)”; in "
    "Google Sheets choose File, Download, “Comma separated values”. Then upload that file."
)
_SIGNATURES = (
    (b"PK\x03\x04", "is an Excel or Numbers workbook, not a CSV file"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook, not a CSV file"),
    (b"%PDF", "is a PDF, not a CSV file"),
    (b"\x1f\x8b", "is compressed; unpack it first"),
    (b"{\\rtf", "is a word processor's document, not a CSV file"),
    (b"BEGIN:VCARD", "is an address book (vCard), not a CSV file"),
)
_WEB = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text, without a byte order mark, and the encoding it came in."""

    text: str
    encoding: str


def decode(content: bytes) -> Decoded:
    """Read a file as UTF-8 (with or without a mark) or Windows-1252.

    Raises: InvalidInput ``file_empty``, ``file_too_big``, ``file_kind``,
    ``encoding_utf16``, ``encoding_mixed``, ``encoding_unknown``.
    """
    if not content.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise InvalidInput("file_empty", "The file is empty. Nothing was imported.")
    if len(content) > MAX_BYTES:
        raise InvalidInput(
            "file_too_big",
            f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Nothing was imported. "
            "Split it into several files, each with the line of column names.",
        )
    for signature, what in _SIGNATURES:
        if content.startswith(signature):
            raise InvalidInput("file_kind", f"The file {what}. {_SAVE_AGAIN}")
    if content[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB):
        raise InvalidInput(
            "file_kind", f"The file is a web page or XML, not a CSV file. {_SAVE_AGAIN}"
        )
    if _is_wide(content):
        raise InvalidInput(
            "encoding_utf16",
            "The file is saved as “Unicode Text” (UTF-16), which cannot be read safely here. "
            + _SAVE_AGAIN,
        )
    return _decode(content)


def _decode(content: bytes) -> Decoded:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        if content.startswith(b"\xef\xbb\xbf") or _is_mostly_utf8(content):
            raise InvalidInput(
                "encoding_mixed",
                f"Line {line} has characters that do not fit the rest of the file, which is "
                "UTF-8. Perhaps two files were joined. Retype the accented letters of that line, "
                f"or save the file again. {_SAVE_AGAIN}",
            ) from fault
    else:
        marked = content.startswith(b"\xef\xbb\xbf")
        return Decoded(text, "utf-8-sig" if marked else "utf-8")
    try:
        return Decoded(content.decode("cp1252"), "cp1252")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise InvalidInput(
            "encoding_unknown",
            f"Line {line} has characters in an encoding that is not known here. {_SAVE_AGAIN}",
        ) from fault


def _is_wide(content: bytes) -> bool:
    """Tell UTF-16 and UTF-32: by their mark, or because every other byte is zero."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    start = content[:4096]
    return start.count(0) * 4 > len(start)


def _is_mostly_utf8(content: bytes) -> bool:
    """Tell whether accented letters are UTF-8 in most places and something else in few."""
    replaced = content.decode("utf-8", errors="replace")
    bad = replaced.count("\ufffd")
    good = sum(1 for c in replaced if c > "\x7f") - bad
    return good > bad
