"""The repository checks itself: what a person would forget, a test does not (CONTRIBUTING.md)."""

import ast
import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alert_feeds import PARSERS
from broadcaster.cli.main import COMMANDS
from broadcaster.jobs.schedule import PERIODIC
from broadcaster.services.sweep import STEPS

ROOT = Path(__file__).parents[2]
OURS = ("broadcaster", "alert_feeds", "tests")
SOURCES = sorted(path for room in OURS for path in (ROOT / room).rglob("*.py") if "versions" not in path.parts)
MOST_LINES, MOST_TEST_LINES, MOST_FUNCTION_LINES = 400, 600, 45  # tables of cases are long and stay in one place


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_short(path: Path) -> None:
    most = MOST_TEST_LINES if path.is_relative_to(ROOT / "tests") else MOST_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) < most
    long = [f"{f.name} {(f.end_lineno or 0) - f.lineno + 1}" for f in functions(path)]
    assert [item for item in long if int(item.rpartition(" ")[2]) > MOST_FUNCTION_LINES] == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name == "__init__.py"], ids=name_of)
def test_no_init_imports_anything(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports if "__future__" not in ast.unparse(node)] == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "tests")], ids=name_of)
def test_tests_never_patch_our_own_code(path: Path) -> None:
    if path == Path(__file__):
        return
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"mock\.patch|monkeypatch\.(?:setattr|setitem|delattr)|unittest\.mock|import mock|mocker", text)
    assert found == []


@pytest.mark.parametrize("path", [p for p in SOURCES if not p.is_relative_to(ROOT / "tests")], ids=name_of)
def test_a_broad_except_says_which_edge_it_stands_at(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    handlers = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]
    broad = [h for h in handlers if h.type is None or ast.unparse(h.type) in ("Exception", "BaseException")]
    silent = [h for h in broad if not (isinstance(h.body[-1], ast.Raise) and h.body[-1].exc is None)]
    assert [lines[h.lineno - 1] for h in silent if "#" not in lines[h.lineno - 1]] == []


@pytest.mark.parametrize("path", [p for p in SOURCES if not p.is_relative_to(ROOT / "tests")], ids=name_of)
def test_public_things_have_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert path.stat().st_size == 0 or ast.get_docstring(tree) is not None
    nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)]
    missing = [node.name for node in nodes if not node.name.startswith("_") and ast.get_docstring(node) is None]
    assert missing == []


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_every_parser_reads_bytes_and_headers(name: str) -> None:
    module = importlib.import_module(PARSERS[name])
    assert len(inspect.signature(module.parse).parameters) == 2


DOTTED = [*(p.function for p in PERIODIC), *STEPS, *(where.replace(":", ".") for where in COMMANDS.values())]


@pytest.mark.parametrize("dotted", [*DOTTED, "broadcaster.jobs.tasks.work", "broadcaster.jobs.run.periodic"])
def test_every_dotted_name_leads_to_something_callable(dotted: str) -> None:
    module, _, name = dotted.rpartition(".")
    assert callable(getattr(importlib.import_module(module), name))


def settings_read() -> set[str]:
    text = (ROOT / "broadcaster" / "settings.py").read_text(encoding="utf-8")
    return set(re.findall(r"(?:value|_number|_address)\(\s*\"([A-Z_]+)\"", text))


def test_every_setting_stands_in_the_readme_and_every_one_there_is_read() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in settings_read() if not re.search(rf"`{name}\b", readme)} == set()
    assert {"DATABASE_URL", "SENDER_PROCESSES", "BROADCASTER_DEMO", "SECRET_KEY"} <= settings_read()


def test_procfile_starts_parts_that_exist_and_all_of_them() -> None:
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert lines.pop("release") == "python -m broadcaster migrate"
    assert lines == {name: f"python -m broadcaster part {name}" for name in ("web", "sender", "worker", "clock")}


def test_runtime_packages_are_pinned_and_the_tests_add_theirs() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            assert re.fullmatch(r"#.*|-r requirements\.txt|[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[\w.]+", line), line


def test_importing_the_app_for_a_web_server_opens_no_connection(tmp_path: Path) -> None:
    code = "import socket\nsocket.socket.connect = None\nimport broadcaster.app, broadcaster.asgi"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_path_of_a_machine_stands_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.exists() and path.suffix in {".py", ".md", ".toml", ".txt", ".html", ".j2", ".css", ".js", ""}:
            text = path.read_text(encoding="utf-8", errors="ignore")
            found += [name for word in ("/home" + "/", "/work" + "/") if word in text]
    assert found == []


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "broadcaster")], ids=name_of)
def test_rows_are_never_counted_of_a_statement_that_starts_with_with(path: Path) -> None:
    """Python's sqlite3 says -1 for those (a common table expression before UPDATE): use RETURNING and count that."""
    counting = [ast.unparse(f) for f in functions(path) if ".rowcount" in ast.unparse(f)]
    assert [text for text in counting if ".cte(" in text or "text(" in text] == []
