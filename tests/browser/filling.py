"""Plausible entries for forms, found by type and label as a person would."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FilePayload, Locator
from playwright.sync_api import Page as Tab

from tests.browser.scene import PASSWORD
from tests.browser.written import a_picture

BY_TYPE = {
    "date": "2026-11-20",
    "time": "14:30",
    "datetime-local": "2026-11-20T14:30",
    "email": "fresh@example.com",
    "tel": "(216) 555-0143",
    "url": "https://clinic.example",
    "password": PASSWORD,
    "number": "5",
    "search": "an",
}
BY_LABEL = (
    (r"email", "fresh@example.com"),
    (r"phone|mobile", "(216) 555-0143"),
    (r"zip", "44114"),
    (r"^state|state of", "OH"),
    (r"days", "30"),
    (r"time|clock", "14:30"),
    (r"address of the page|site|page$", "https://clinic.example/about"),
    (r"code", "123456"),
)
CSV = b"Email,First name\nsunny@example.com,Sunny\n"
EMPTY = """(form) => [...form.elements].filter((one) =>
  one.name && one.type !== "hidden" && !one.disabled && !one.readOnly && one.checkVisibility()
  && /^(INPUT|TEXTAREA|SELECT)$/.test(one.tagName) && !/^(submit|button)$/.test(one.type)
  && (one.type === "radio"
      ? ![...form.elements].some((other) => other.name === one.name && other.checked)
      : one.type === "checkbox" || one.tagName === "SELECT" ? one.required && !one.checkValidity()
      : !one.value)
).map((one) => ({
  id: one.id, type: one.type, accept: one.accept || "", name: one.name,
  label: (one.labels && one.labels[0] && one.labels[0].innerText) || one.name,
}))"""


def fill_form_of(tab: Tab, index: int) -> None:
    """Fill what is empty in the form of a button; choose where nothing is chosen."""
    button = tab.locator(f"[data-walk='{index}']")
    if button.evaluate("(one) => Boolean(one.closest('trix-toolbar'))"):
        _write_in_editor(tab, button)
        return
    if not button.evaluate("(one) => Boolean(one.form) && one.type !== 'button'"):
        return
    chosen: set[str] = set()
    for entry in button.evaluate(f"(one) => ({EMPTY})(one.form)"):
        target = tab.locator(f"[id='{entry['id']}']") if entry["id"] else None
        if target is None:
            continue
        if entry["type"] in ("radio", "checkbox"):
            if entry["name"] not in chosen:
                chosen.add(entry["name"])
                target.check(force=True)
        elif entry["type"] == "select-one":
            change(target)
        elif entry["type"] == "file":
            target.set_input_files(files=[_file_for(entry["accept"])])
        else:
            target.fill(entry_for(entry["type"], entry["label"]))


def entry_for(kind: str, label: str) -> str:
    """Return an entry for a field."""
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    for pattern, value in BY_LABEL:
        if re.search(pattern, label, re.IGNORECASE):
            return value
    return "A plausible entry"


def change(target: Locator) -> None:
    """Give a live field another value."""
    tag = target.evaluate("(one) => one.tagName")
    kind = target.evaluate("(one) => one.type")
    if tag == "SELECT":
        other = target.evaluate(
            "(one) => [...one.options].find((o) => !o.selected && !o.disabled)?.value"
        )
        if other is not None:
            target.select_option(value=other)
    elif tag == "TRIX-EDITOR":
        target.click()
        target.press_sequentially("A word. ")
        target.blur()
    elif kind in ("checkbox", "radio"):
        target.evaluate("(one) => (one.labels[0] || one).click()")
    else:
        held = target.input_value()
        entry = entry_for(kind, target.evaluate("(one) => one.labels[0]?.innerText || one.name"))
        if held == entry:
            entry = f"{entry}1"
        target.click()
        target.fill("")
        target.press_sequentially(entry) if len(entry) < 30 and kind in (
            "search",
            "text",
        ) else target.fill(entry)
        target.dispatch_event("change")


def _write_in_editor(tab: Tab, button: Locator) -> None:
    """Give the toolbar something to work on."""
    dialog = button.evaluate("(one) => Boolean(one.closest('[data-trix-dialog]'))")
    if dialog:
        tab.locator("[data-trix-input]").fill("https://clinic.example/about")
        return
    tab.locator("trix-editor").click()
    tab.keyboard.type("word ")
    if button.get_attribute("data-trix-action") == "redo":
        tab.locator("[data-trix-action=undo]").click()
    elif button.get_attribute("data-trix-action") != "undo":
        tab.keyboard.press("Control+A")


def _file_for(accept: str) -> FilePayload:
    if "image" in accept:
        return {"name": "path.png", "mimeType": "image/png", "buffer": a_picture(40, 20)}
    return {"name": Path("people.csv").name, "mimeType": "text/csv", "buffer": CSV}
