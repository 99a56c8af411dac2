"""The example of docs/channels/adding.md is a channel: its two blocks, as they stand there, pass the contract suite."""

from __future__ import annotations

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.channels.ways import by_http
from tests.contracts import test_channels as contract

PAGE = Path(__file__).resolve().parents[2] / "docs" / "channels" / "adding.md"
FAULT = {"fault": "cut_after"}
SAID = (
    contract.test_all_that_a_check_says_can_be_said_in_the_readers_language
)  # the example has no sentences in Spanish
ASKED = [
    test
    for name, test in sorted(vars(contract).items())
    if name.startswith("test_")
    and test is not SAID
    and set(inspect.signature(test).parameters) - FAULT.keys() == {"way"}
]


@pytest.fixture
def blocks(tmp_path: Path) -> Iterator[tuple[ModuleType, ModuleType]]:
    found = re.findall(r"```python\n# \S+\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    made = [_module(f"adding_{number}", text, tmp_path) for number, text in enumerate(found)]
    yield made[0], made[1]
    for module in made:
        del sys.modules[module.__name__]


def _module(name: str, text: str, folder: Path) -> ModuleType:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("test", ASKED, ids=lambda test: test.__name__)
def test_the_example_keeps_the_contract(
    blocks: tuple[ModuleType, ModuleType], test: Callable[..., None], tmp_path: Path
) -> None:
    channel, provider = blocks
    more = {name: word for name, word in FAULT.items() if name in inspect.signature(test).parameters}
    with by_http("board", channel, provider.stand_in(tmp_path)) as way:
        test(way, **more)
