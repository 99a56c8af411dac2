"""One mail: the approved words as text, the same words as HTML, and the headers that mail programs go by.

Nothing is said in one part that is not in the other, but for the level's word above the heading. There is no picture:
the words are all there is to know, thousands of copies would slow each other down, and the link leads to the map.
``Precedence`` is left out: old relays put "bulk" and "list" behind all other mail; ``Auto-Submitted`` says the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from broadcaster.domain.alert import Mode
from broadcaster.domain.channel import Attempt, ChannelError, Recipient
from broadcaster.domain.language import direction
from broadcaster.domain.message import Message
from broadcaster.domain.wording import BANDS

LONGEST_SUBJECT = 200
PRESSING = ("act_now", "act_soon")
_TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "mail"
_PAGES = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_PLAIN, _UTF8 = SMTP.clone(cte_type="7bit"), SMTPUTF8.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Who writes: a name and an address in ASCII; ``reply_to`` as given; ``list_id`` names this stream of mails."""

    name: str
    address: str
    reply_to: str | None = None
    list_id: str = ""

    @property
    def domain(self) -> str:
        """What follows the @."""
        return self.address.rpartition("@")[2]


def compose(message: Message, recipient: Recipient, attempt: Attempt, sender: Mailbox, to: str) -> EmailMessage:
    """The mail, with the attempt's id in its Message-ID and one-click leaving (RFC 8058) in its headers.

    An update refers to the first mail that this person had of the incident, so that programs show one thread.
    """
    mail = EmailMessage(policy=_PLAIN if to.isascii() else _UTF8)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = to
    mail["Subject"] = subject(message)
    mail["Date"] = format_datetime(attempt.started)
    mail["Message-ID"] = f"<{attempt.id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834; Exchange goes by the next one
    mail["X-Auto-Response-Suppress"] = "All"
    if attempt.posting and attempt.posting.look in PRESSING and attempt.posting.mode is Mode.ACTUAL:
        mail["Importance"] = "high"
    if sender.reply_to:
        mail["Reply-To"] = sender.reply_to
    if attempt.earlier:
        mail["In-Reply-To"] = mail["References"] = attempt.earlier
    if recipient.unsubscribe_url:
        mail["List-Id"] = f"<{sender.list_id}>"
        mail["List-Unsubscribe"] = f"<{recipient.unsubscribe_url}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(plain(message, recipient))
    mail.add_alternative(html(message, recipient, attempt), subtype="html")
    mail["Content-Language"] = message.language  # after set_content, which drops every Content- header
    return mail


def subject(message: Message) -> str:
    """One line; what is longer than any subject ends with a whole word."""
    line = " ".join((message.subject or message.text.strip().partition("\n")[0]).split())
    if len(line) <= LONGEST_SUBJECT:
        return line
    return line[:LONGEST_SUBJECT].rpartition(" ")[0] or line[:LONGEST_SUBJECT]


def plain(message: Message, recipient: Recipient) -> str:
    """The approved text, and under the line that mail programs know ("-- ") how to leave."""
    if not recipient.unsubscribe_url:
        return message.text
    words = f"{recipient.unsubscribe_words}: " if recipient.unsubscribe_words else ""
    return f"{message.text.rstrip()}\n\n-- \n{words}{recipient.unsubscribe_url}\n"


def html(message: Message, recipient: Recipient, attempt: Attempt) -> str:
    """The same words with a heading, a band that says the level, and links."""
    first, heading, rest = divided(message)
    about = attempt.posting
    return _PAGES.get_template("alert.html").render(
        language=message.language,
        direction=direction(message.language),
        subject=subject(message),
        first=[linked(part) for part in first],
        word=about.word if about and about.look in BANDS else "",
        colours=BANDS.get(about.look if about else "", ("", "")),
        heading=heading,
        rest=[linked(part) for part in rest],
        leave=recipient.unsubscribe_url,
        leave_words=recipient.unsubscribe_words,
    )


def divided(message: Message) -> tuple[Sequence[str], str, Sequence[str]]:
    """(what stands before the heading: a drill's label, the heading, all that follows it).

    The heading is the paragraph that the subject says, between labels in a drill; a text without one gets the subject.
    """
    parts = [part.strip() for part in re.split(r"\n\s*\n", message.text.replace("\r\n", "\n")) if part.strip()]
    named = subject(message)
    lines = [" ".join(part.split()) for part in parts[:2]]
    if lines[:1] == [named]:
        return (), named, parts[1:]
    if len(lines) > 1 and named == f"{lines[0]}: {lines[1]} {lines[0]}":
        return parts[:1], lines[1], parts[2:]
    return (), named, parts


def linked(part: str) -> Markup:
    """A paragraph in HTML: its lines stay lines, its addresses can be pressed."""
    made, done = Markup(), 0
    for found in _ADDRESS.finditer(part):
        made += _lines(part[done : found.start()])
        made += Markup('<a dir="ltr" href="{0}">{0}</a>').format(found.group())
        done = found.end()
    return made + _lines(part[done:])


def _lines(text: str) -> Markup:
    return Markup("<br>\n").join(escape(line) for line in text.split("\n"))


def deliverable(address: str) -> str:
    """The address with its host in ASCII (IDNA 2008); only a server that has SMTPUTF8 takes what else is not ASCII.

    Raises ChannelError where there is none.
    """
    try:
        checked = validate_email(address, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise ChannelError("not an address that mail can be sent to", code="address", permanent=True) from error
    return f"{checked.local_part}@{checked.ascii_domain}"
