"""Draw the table of ZIP codes from a package: ``python -m tests.eligibility.zip_table``.

The service reads the table, since ``zipcodes`` takes longer to unpack its own than a whole
answer of ``campaigns explain hours`` may take.
"""

from __future__ import annotations

from collections import defaultdict

import zipcodes

from campaigns.eligibility import postal

ANYWHERE = "-"
WIDTH = 96


def drawn() -> str:
    """Return the table as the package has it: a place, then the codes that lie in it.

    Codes are written as the step from the one before, and ``xN`` for N more that follow.
    """
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for entry in zipcodes.list_all():
        military = entry["zip_code_type"] == "MILITARY"
        state = ANYWHERE if military else str(entry["state"])
        places[state, str(entry["timezone"]) or ANYWHERE].append(int(entry["zip_code"]))
    lines: list[str] = []
    for (state, zone), codes in sorted(places.items()):
        lines.append(f"{state} {zone}")
        line = ""
        for word in _steps(sorted(set(codes))):
            if len(line) + len(word) >= WIDTH:
                lines.append(line)
                line = ""
            line += f" {word}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _steps(codes: list[int]) -> list[str]:
    words: list[str] = []
    before = run = 0
    for code in codes:
        if words and code == before + 1:
            run += 1
        else:
            words += [f"x{run}"] if run else []
            words.append(str(code - before))
            run = 0
        before = code
    return words + ([f"x{run}"] if run else [])


if __name__ == "__main__":
    postal.TABLE.write_text(drawn(), encoding="ascii")
