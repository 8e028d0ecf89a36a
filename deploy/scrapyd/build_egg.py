"""Makes an egg for Scrapyd: `python deploy/scrapyd/build_egg.py newscrawl.egg`.

What `scrapyd-deploy` builds would lack `seeds/`; this is the wheel, which has them, in the form that Scrapyd takes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def build(egg: Path) -> None:
    """Builds the wheel and writes its contents to `egg`."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)], check=True
        )
        wheel = next(Path(folder).glob("newscrawl-*.whl"))
        with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(egg, "w", zipfile.ZIP_DEFLATED) as target:
            for name in source.namelist():
                if ".dist-info/" not in name:
                    target.writestr(name, source.read(name))
                elif name.endswith("/METADATA"):
                    target.writestr("EGG-INFO/PKG-INFO", source.read(name))
                elif name.endswith("/entry_points.txt"):
                    target.writestr("EGG-INFO/entry_points.txt", source.read(name))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Name the file to write: python deploy/scrapyd/build_egg.py newscrawl.egg")
    build(Path(sys.argv[1]))
