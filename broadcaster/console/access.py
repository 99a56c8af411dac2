"""Who may open a screen: every view of the console carries exactly one of these marks (held by a test)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask_security import auth_required, roles_accepted

View = TypeVar("View", bound=Callable[..., Any])
ANYBODY = ("anybody",)  # without a login: only the login itself and what it needs


def allowed(*roles: str) -> Callable[[View], View]:
    """A login is needed, and one of ``roles``; without roles any person with a login may."""

    def mark(view: View) -> View:
        inner = roles_accepted(*roles)(view) if roles else view
        guarded = auth_required("session")(inner)
        guarded.access = roles or ("author", "approver", "admin")
        return guarded  # type: ignore[no-any-return]

    return mark


def open_to_all(view: View) -> View:
    """No login is needed. Say in the view why."""
    view.access = ANYBODY  # type: ignore[attr-defined]
    return view
