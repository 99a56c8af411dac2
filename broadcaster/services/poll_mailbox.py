"""One poll of a mailbox: its new mails one after the other, the documents in each taken as those of any feed.

What proves its sender is taken as this feed's, everything else as that of ``FeedConfig.unverified``, where it changes
nothing and waits for people. How far the mailbox was read is written after each mail: a crash before it reads that mail
again, which changes nothing, because every entry is known by its identity.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.engine import Row

from alert_feeds import mail, mail_proof, mailbox
from alert_feeds.fetch import FetchError
from alert_feeds.mail import Document, Mail
from alert_feeds.mail_proof import Proof
from broadcaster.domain.channel import Check
from broadcaster.domain.config import Config, FeedConfig
from broadcaster.domain.feed_entry import FeedEntry, ParsedFeed, Problem
from broadcaster.services import ingest
from broadcaster.services.poll_feed import Poll
from broadcaster.services.system import Actor, System
from broadcaster.store import feeds as store
from broadcaster.store import mailboxes
from broadcaster.store.mailboxes import Place

MAX_MAILS = 200  # taken in one poll; the next one goes on
MAX_HEADS = 5_000  # looked at in one poll: a flood of others' mail must not keep a warning waiting
SECONDS = 50.0  # of one poll, after which no further mail is begun; below mailbox.TIMEOUT
HISTORY = timedelta(days=3)  # how far back a mailbox is read that is new to us, or numbers its mails anew
TRIES = 60  # polls in which a proof that could not be looked up is looked up again
MAX_STRANGERS = 20  # mails of others told one by one in a poll
KEPT_OF_STRANGERS = 2_000  # bytes
MAX_UNVERIFIED = 30  # entries of one poll that are put before people; who forges one can forge thousands
BEGUN_AT_MOST = 5  # a mail that ends the process each time must not keep the next one waiting for ever
LOOK_SECONDS = 15.0
ADVICE = {
    "login": "check user and the variable that password names; some providers want a password made for programs",
    "folder": "make the folder on the mail server, or mend the end of url in feeds.toml",
    "tls": "mend the server's certificate, or name its authority in ca_file",
    "address": "mend url in feeds.toml; allow_private = true for a mail server in your own network",
}


@dataclass
class MailPolling:
    """A mailbox that is being polled: its row, for whom, what has come of it so far."""

    system: System
    feed: FeedConfig
    row: Row[Any]
    actor: Actor
    done: Poll
    _strangers: int = field(default=0, init=False)
    _read: int = field(default=0, init=False)
    _unverified: int = field(default=0, init=False)

    async def run(self) -> None:
        """Look once. Raises FetchError and BroadcasterError; what was taken before stays taken."""
        await asyncio.to_thread(self._look)

    def _look(self) -> None:
        began = time.monotonic()
        self.done.status = "unchanged"
        with mailbox.opened(login(self.system.config, self.feed)) as box:
            self.done.took = round((time.monotonic() - began) * 1000)
            place, wanted = self._wanted(box)
            for uid in sorted(place.again):
                place = self._again(box, place, uid)
            for head in box.heads(wanted[:MAX_HEADS]):
                if self._read >= MAX_MAILS or time.monotonic() - began > SECONDS:
                    break
                place = self._next(box, place, head)
            else:
                place = replace(place, uid=wanted[:MAX_HEADS][-1] if wanted else place.uid)
            self._end(place, wanted)

    def _end(self, place: Place, wanted: Sequence[int]) -> None:
        """Remember mails of others, too, and those that were gone when they were asked for."""
        if wanted:
            self._put(place)
        left = sum(uid > place.uid for uid in wanted)
        if left:
            self.done.incomplete = True
            text = f"{left} new mails are left for the next poll."
            self.done.problems.append(Problem("many_mails", text))

    def _wanted(self, box: mailbox.Mailbox) -> tuple[Place, list[int]]:
        """Where we stand, and the numbers of the mails that come next. Numbers of another validity mean nothing."""
        with self.system.database.read() as connection:
            place = mailboxes.place(connection, self.feed.name)
        if place is not None and place.validity == box.validity:
            return place, box.after(place.uid)
        recent = box.since((self.system.now() - HISTORY).date())
        begun = Place(box.validity, recent[0] - 1 if recent else box.last())
        self._put(begun)
        return begun, recent

    def _next(self, box: mailbox.Mailbox, place: Place, head: mailbox.Head) -> Place:
        """One mail, and the place behind it."""
        self.done.status = "ok"
        sender = mail.sender_of(head.sender)
        behind = replace(place, uid=head.uid)
        if sender not in self.feed.senders:
            self._stranger(head, sender)
            return behind
        self._read += 1
        if head.size > mailbox.MAX_MAIL:
            text = f"A mail of {sender} has {head.size} bytes; at most {mailbox.MAX_MAIL} are read."
            self._problems((Problem("too_large", text, box.mail(head.uid, KEPT_OF_STRANGERS) or head.sender),))
            return self._put(behind)
        raw = box.mail(head.uid)
        if raw is None:
            return behind
        if place.begun >= BEGUN_AT_MOST:
            text = f"The mail was begun {place.begun} times and never finished; it was passed over."
            self._problems((Problem("mail_passed_over", text, raw),))
            return self._put(replace(behind, begun=0), raw)
        self._put(replace(place, begun=place.begun + 1))
        later = {head.uid: TRIES} if self._take(raw) else {}
        return self._put(replace(behind, begun=0, again={**behind.again, **later}), raw)

    def _again(self, box: mailbox.Mailbox, place: Place, uid: int) -> Place:
        """A mail whose proof could not be looked up when it came."""
        raw, left = box.mail(uid), place.again[uid] - 1
        later = raw is not None and self._take(raw)
        rest = {other: tries for other, tries in place.again.items() if other != uid}
        return self._put(replace(place, again={**rest, uid: left} if later and left > 0 else rest))

    def _put(self, place: Place, raw: bytes = b"") -> Place:
        with self.system.database.write() as connection:
            if raw:
                store.add_document(connection, self.feed.name, "message/rfc822", raw, self.system.now())
            mailboxes.put(connection, self.feed.name, place)
        return place

    def _stranger(self, head: mailbox.Head, sender: str) -> None:
        """A mail of somebody else: it is told, and stays unread."""
        self._strangers += 1
        if self._strangers <= MAX_STRANGERS:
            whose = f"of {sender}" if sender else "without a sender who can be read"
            text = f"A mail {whose} was not read: only those in senders are."
            self._problems((Problem("mail_sender", text, head.sender[:KEPT_OF_STRANGERS]),))
        elif self._strangers == MAX_STRANGERS + 1:
            self._problems((Problem("mail_sender", "More mails of others were not read."),))

    def _problems(self, problems: Sequence[Problem]) -> None:
        ingest.take(self.system, self.feed, ParsedFeed((), tuple(problems)), self.actor)
        self.done.problems += problems

    # --- one mail -----------------------------------------------------------------------------------------------------
    def _take(self, raw: bytes) -> bool:
        """Take what a mail holds. True where its proof is to be looked up again."""
        found = mail.read(raw)
        if found.sender not in self.feed.senders:
            self._problems((Problem("mail_sender", "A mail says in two ways whose it is; it was not read.", raw),))
            return False
        if found.problems:
            self._problems(found.problems)
        if not found.documents:
            return False
        proofs = self._proofs(raw)
        for document in found.documents:
            self._document(found, document, proofs)
        return any(proof.later for proof in proofs)

    def _proofs(self, raw: bytes) -> list[Proof]:
        """The first proof that holds of those that this feed believes, else what became of each."""
        looks = [mail_proof.by_server(raw, self.feed.mail_server)] if "server" in self.feed.proof else []
        if "dkim" in self.feed.proof and not any(look.proven for look in looks):
            looks.append(mail_proof.by_dkim(raw))
        return [look for look in looks if look.proven] or looks

    def _document(self, found: Mail, document: Document, proofs: Sequence[Proof]) -> None:
        parsed = ingest.read(self.feed, document.body, {"content-type": document.content_type})
        own = document.own and any(proof.proven for proof in proofs)
        sure = [entry for entry in parsed.entries if own or self._is_signed(entry)]
        rest = [entry for entry in parsed.entries if entry not in sure]
        notes = [Problem("mail_from", f"It came by mail of {found.sender}.")]
        notes += [Problem("mail_proven", proof.text) for proof in proofs if own]
        self._pass_on(self.feed, [_with(one, notes) for one in sure], parsed.problems)
        if parsed.links:
            text = "The mail names documents elsewhere, which are not fetched. Ask for the CAP itself."
            self._problems((Problem("mail_links", text, document.body),))
        self._unproven(found, rest, document, proofs)

    def _is_signed(self, entry: FeedEntry) -> bool:
        return "signature" in self.feed.proof and any(one.code == "signature_valid" for one in entry.findings)

    def _unproven(self, found: Mail, entries: Sequence[FeedEntry], document: Document, proofs: Sequence[Proof]) -> None:
        """For people; but what this feed brought with a proof is known already."""
        with self.system.database.read() as connection:
            before = store.seen(connection, self.feed.name, entries)
        news = [one for one in entries if (one.message.identifier, one.content_hash) not in before]
        self._unverified += len(news)
        if news and self._unverified > MAX_UNVERIFIED:
            text = (
                f"More than {MAX_UNVERIFIED} messages at once have no proof of their sender; the others were only kept."
            )
            self._problems((Problem("mail_flood", text, document.body),))
            return
        notes = [Problem("unverified", f"The mail says that it is of {found.sender}, and nothing proves it.")]
        if document.own:
            notes += [Problem("mail_unproven", proof.text) for proof in proofs]
        else:
            text = "It is quoted, forwarded or an automatic answer, not the sender's own."
            notes.append(Problem("mail_unproven", text))
        self._pass_on(self.feed.unverified, [_with(one, notes) for one in news])

    def _pass_on(self, feed: FeedConfig, entries: Sequence[FeedEntry], problems: Sequence[Problem] = ()) -> None:
        if not entries and not problems:
            return
        taken = ingest.take(self.system, feed, ParsedFeed(tuple(entries), tuple(problems)), self.actor)
        self.done.entries += taken.entries
        self.done.problems += taken.problems
        if entries and feed.name == self.feed.name:
            with self.system.database.write() as connection:
                hashes = [entry.content_hash for entry in entries]
                mailboxes.proven_since(connection, self.feed.unverified.name, hashes)


def login(config: Config, feed: FeedConfig, timeout: float = mailbox.TIMEOUT) -> mailbox.Login:
    """How the feed's mailbox is opened."""
    password = config.passwords.get(feed.name, "")
    return mailbox.Login(feed.url, feed.user, password, feed.allow_private, feed.ca_file, timeout)


def looked_into(config: Config, feed: FeedConfig) -> Check:
    """Can the mailbox be reached, opened and read? What to do where not."""
    try:
        with mailbox.opened(login(config, feed, LOOK_SECONDS)) as box:
            return Check(True, f"{feed.name}: the folder is there, with {box.count} mails")
    except FetchError as error:
        return Check(False, f"{feed.name}: {error.text}", ADVICE.get(error.code, "see its url in feeds.toml"))


def _with(entry: FeedEntry, notes: Sequence[Problem]) -> FeedEntry:
    return replace(entry, findings=(*entry.findings, *notes))
