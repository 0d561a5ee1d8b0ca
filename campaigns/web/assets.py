"""Copy the third-party files that pages load from node_modules to static/vendor.

Run after ``npm ci --ignore-scripts``: ``python -m campaigns.web.assets``. Pages load
nothing from other hosts, and what is not listed here is not served.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@alpinejs/csp/dist/cdn.min.js": "alpine.min.js",
    "chart.js/dist/chart.umd.min.js": "chart.min.js",
    "sortablejs/Sortable.min.js": "sortable.min.js",
    "trix/dist/trix.umd.min.js": "trix.min.js",
    "trix/dist/trix.css": "trix.css",
    "axe-core/axe.min.js": "axe.min.js",
}
"""What is copied: path in node_modules -> name in static/vendor. axe is for tests only."""

FOR_TESTS = frozenset({"axe.min.js"})


def copy(modules: Path, target: Path) -> list[str]:
    """Copy every listed file; return the names of those that are not installed."""
    target.mkdir(parents=True, exist_ok=True)
    missing = []
    for source, name in FILES.items():
        path = modules / source
        if path.is_file():
            shutil.copyfile(path, target / name)
        elif name not in FOR_TESTS:
            missing.append(source)
    return missing


def main() -> int:
    """Copy from this project's node_modules; exit code 1 when something is missing."""
    missing = copy(ROOT / "node_modules", ROOT / "static" / "vendor")
    for source in missing:
        sys.stderr.write(f"missing: node_modules/{source} (run npm ci --ignore-scripts first)\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
