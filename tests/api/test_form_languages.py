"""The forms speak every language of the page, by their address or by the browser."""

from __future__ import annotations

import pytest
from flask import Flask

from broadcaster.rendering.phrasebook import ORDER, strings, tables
from broadcaster.services.system import System


@pytest.mark.parametrize("language", ORDER)
def test_joining_speaks_the_language_of_its_address(app: Flask, filled: System, language: str) -> None:
    client = app.test_client()
    page = client.get(f"/{language}/subscribe").get_data(True)
    assert f'<html lang="{strings(language)["tag"]}"' in page
    assert tables(language)["forms"]["send"] in page
    assert 'href="/fr/subscribe"' in page
    bad = {"address": "12", "language": "en", "zones": ["north"]}
    refused = client.post(f"/{language}/subscribe", data=bad)
    assert refused.status_code == 422
    assert 'role="alert"' in refused.get_data(True)
    assert ('lang="en" dir="ltr">' in refused.get_data(True).split('role="alert"')[1][:80]) == (language != "en")
    good = {"address": "+1 555 555 0188", "language": "en", "zones": ["north"]}
    assert tables(language)["forms"]["look_phone"] in client.post(f"/{language}/subscribe", data=good).get_data(True)


def test_without_a_language_in_the_address_the_browser_says(app: Flask, filled: System) -> None:
    client = app.test_client()
    assert '<html lang="ar" dir="rtl">' in client.get("/subscribe", headers={"Accept-Language": "ar"}).get_data(True)
    assert '<html lang="en" dir="ltr">' in client.get("/subscribe").get_data(True)
    assert client.get("/de/subscribe").status_code == 404


def test_a_spent_link_is_refused_in_the_readers_words(app: Flask, filled: System) -> None:
    answer = app.test_client().post("/fr/subscribe/confirm?t=none")
    assert answer.status_code == 404
    assert "Ce lien a déjà servi ou a plus d’un jour." in answer.get_data(True)
    leave = app.test_client().get("/zh/unsubscribe/broken")
    assert leave.status_code == 404
    assert "此链接不完整" in leave.get_data(True)


def test_the_menu_keeps_the_link_that_came_by_message(app: Flask, filled: System) -> None:
    page = app.test_client().get("/es/subscribe/confirm?t=abc").get_data(True)
    assert 'href="/vi/subscribe/confirm?t=abc"' in page
    assert 'aria-current="true"' in page
