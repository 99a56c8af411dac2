"""Configuration that templates rest on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from broadcaster.domain.config import Settings
from broadcaster.domain.errors import ConfigError
from broadcaster.settings import load_config


def test_an_unknown_set_of_evacuation_words_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text('[agency]\nname = "Judge County"\ncap_sender = "a@judge.example"\n')
    (tmp_path / "policy.toml").write_text('[policy]\nevacuation_levels = "narnia"\n')
    with pytest.raises(ConfigError) as caught:
        load_config(replace(settings, config=str(tmp_path)), {})
    assert "california" in caught.value.hint
    (tmp_path / "policy.toml").write_text('[policy]\nevacuation_levels = "oregon"\n')
    assert load_config(replace(settings, config=str(tmp_path)), {}).policy.evacuation_levels == "oregon"
