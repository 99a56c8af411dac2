"""For any WSGI server (``gunicorn wsgi:app``): forms, console and API. The live page needs ``part web`` instead."""

from broadcaster.app import create_app

app = create_app()
