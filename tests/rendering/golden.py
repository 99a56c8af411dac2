"""Every text of every template as it reads with usual values; a sentence that changes is seen in review.

After a change that is meant: ``python -m tests.rendering.golden`` writes the files anew; the diff tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from broadcaster.domain.config import Agency, Config
from broadcaster.rendering.messages import render
from broadcaster.rendering.templates import load, names
from broadcaster.services.templates import USUAL_PLACES, sample, usual

FOLDER = Path(__file__).with_name("golden")
CONFIG = Config(Agency("Judge County", "a@judge.example", timezone="America/Los_Angeles", contact="555-0100"))


def texts() -> Iterator[tuple[str, str]]:
    """(file name, what it should hold): one file a template and language."""
    for name in names():
        template = load(name)
        fields = usual(template, CONFIG.agency.languages, whole=True)
        job = replace(sample(CONFIG, template, fields), places=USUAL_PLACES)
        drawn = render(CONFIG, job)
        for info in drawn.infos:
            language = info.language.split("-")[0]
            parts = {"headline": info.headline, "description": info.description, "instruction": info.instruction}
            parts |= {m.channel: m.text for m in drawn.messages if m.language == language}
            yield f"{name}.{language}.txt", "".join(f"== {key}\n{text}\n\n" for key, text in parts.items())


def main() -> None:
    """Write all files anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        old.unlink()
    for name, text in texts():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
