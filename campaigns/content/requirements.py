"""What an email must contain before it can be reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from campaigns.content import richtext
from campaigns.content.blocks import (
    AnyBlock,
    Book,
    Button,
    Call,
    Columns,
    Disclaimer,
    Divider,
    EmailSource,
    Footer,
    Heading,
    ImageBlock,
    ReviewedBy,
    Spacer,
    Text,
)
from campaigns.content.findings import BLOCK, WARN, Finding
from campaigns.content.lexicon import FALSE_THREAD, URGENCY
from campaigns.content.people import clinic_values

if TYPE_CHECKING:
    from campaigns.content.lint import Setting

_LONG_SUBJECT = 60
_FILE_NAME = re.compile(r"\.(?:png|jpe?g|gif|webp)$|^(?:img|dsc|image)[_\- ]?\d*$", re.IGNORECASE)


def check_email(source: EmailSource, setting: Setting) -> Iterator[Finding]:
    """Give what is missing or doubtful in an email's form."""
    yield from _subject(source)
    shown = [b for b in source.blocks if not isinstance(b, Footer | Divider | Spacer | ReviewedBy)]
    if not any(_has_words(b) for b in shown):
        yield _finding(BLOCK, "empty", "blocks", "This email has no words yet. Add a text block.")
    if setting.topic is not None and not any(isinstance(b, Disclaimer) for b in source.blocks):
        yield _finding(
            BLOCK,
            "disclaimer_missing",
            "blocks",
            "A message on a health topic needs the notice to talk with a clinician first.",
            action="add:disclaimer",
        )
    if not any(isinstance(b, Book | Call | Button) for b in source.walk()):
        yield _finding(
            BLOCK,
            "no_next_step",
            "blocks",
            "People have nothing to press. Add a Book now or a Call now block.",
            action="add:book",
        )
    for block in source.walk():
        yield from _block(block)
    yield from _clinic(source, setting)


def _subject(source: EmailSource) -> Iterator[Finding]:
    subject = source.subject
    if not subject:
        yield _finding(BLOCK, "subject_missing", "subject", "The subject is empty. Write one.")
    elif len(subject) > _LONG_SUBJECT:
        yield _finding(
            WARN,
            "subject_long",
            "subject",
            f"Phones cut a subject after about {_LONG_SUBJECT} characters; this one has "
            f"{len(subject)}. Put what matters first.",
        )
    match = FALSE_THREAD.match(subject)
    if match:
        yield Finding(
            level=BLOCK,
            code="subject_thread",
            where="subject",
            field="subject",
            found=match.group(0),
            replacement="",
            message=f'"{match.group(0).strip()}" pretends that this is an answer. Take it out.',
        )
    match = URGENCY.search(subject)
    if match:
        yield Finding(
            level=WARN,
            code="subject_urgency",
            where="subject",
            field="subject",
            found=match.group(0),
            message=f'"{match.group(0)}" in a subject must be true to the letter, with an end '
            "date. Leave it out unless it is.",
        )
    if not source.preheader:
        yield _finding(
            WARN,
            "preheader_missing",
            "preheader",
            "Without a preheader, inboxes show the first words of the email beside the subject.",
        )


def _block(block: AnyBlock) -> Iterator[Finding]:
    match block:
        case ImageBlock(image=""):
            yield _finding(
                BLOCK,
                "image_missing",
                block.id,
                "No picture is chosen. Upload one, or delete the block.",
                field="image",
            )
        case ImageBlock(alt=""):
            yield _finding(
                BLOCK,
                "image_alt",
                block.id,
                "Say in a few words what the picture shows, for people who cannot see it.",
                field="alt",
            )
        case ImageBlock() if _FILE_NAME.search(block.alt):
            yield _finding(
                WARN,
                "image_alt",
                block.id,
                "The picture's description is a file name. Say what the picture shows.",
                field="alt",
            )
        case Button():
            if not block.label:
                yield _finding(
                    BLOCK, "button_label", block.id, "The button has no words on it.", field="label"
                )
            if not block.url:
                yield _finding(
                    BLOCK,
                    "button_url",
                    block.id,
                    "The button leads nowhere. Paste an address.",
                    field="url",
                )
        case Heading(text=""):
            yield _finding(
                BLOCK,
                "heading_empty",
                block.id,
                "This heading is empty. Write it, or delete it.",
                field="text",
            )
        case Text() if not richtext.parse(block.html).plain.strip():
            yield _finding(
                WARN,
                "text_empty",
                block.id,
                "This text is empty. Write it, or delete it.",
                field="html",
            )
        case Columns() if not block.left or not block.right:
            yield _finding(
                WARN, "column_empty", block.id, "One of the two columns is empty.", field="left"
            )


def _clinic(source: EmailSource, setting: Setting) -> Iterator[Finding]:
    clinic = setting.clinic
    if clinic is None:
        return
    if not (clinic.street and clinic.city and clinic.state and clinic.postal_code):
        yield _finding(
            BLOCK,
            "postal_address",
            "clinic",
            "The law asks for the clinic's postal address in every email. Enter it under "
            "Settings, Clinic; nothing here needs to change.",
        )
    values = clinic_values(clinic)
    kinds = {type(b) for b in source.walk()}
    if Call in kinds and not values["clinic_phone"]:
        yield _finding(
            BLOCK,
            "no_phone",
            "clinic",
            "There is a Call now block, but the clinic has no phone number. Enter it under "
            "Settings, Clinic.",
        )
    if Book in kinds and not (clinic.booking_url or clinic.consultation_url or clinic.website):
        yield _finding(
            BLOCK,
            "no_booking_page",
            "clinic",
            "There is a Book now block, but the clinic has no booking page. Enter its address "
            "under Settings, Clinic.",
        )


def _has_words(block: AnyBlock) -> bool:
    if isinstance(block, Text):
        return bool(richtext.parse(block.html).plain.strip())
    if isinstance(block, Columns):
        return any(_has_words(b) for b in (*block.left, *block.right))
    return isinstance(block, Heading) and bool(block.text)


def _finding(
    level: str,
    code: str,
    where: str,
    message: str,
    *,
    field: str = "",
    action: str | None = None,
) -> Finding:
    if not field and where in ("subject", "preheader"):
        field = where
    return Finding(level=level, code=code, where=where, field=field, message=message, action=action)
