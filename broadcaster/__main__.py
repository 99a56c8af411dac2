"""``python -m broadcaster``."""

from broadcaster.cli.main import run

run()
