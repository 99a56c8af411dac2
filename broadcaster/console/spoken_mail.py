"""What mailboxes bring says in English: what proves a mail's sender, why one was not read; as ``spoken_words``."""

from __future__ import annotations

from collections.abc import Mapping

from broadcaster.console.spoken_house import _s

OF_MAIL: Mapping[str, tuple[str, ...]] = {
    "mail_from": (_s("It came by mail of %(sender)s."),),
    "mail_proven": (
        _s("The DKIM signature of %(domain)s is valid."),
        _s("%(server)s found it to be of %(domain)s (%(method)s)."),
    ),
    "unverified": (
        _s("The mail says that it is of %(sender)s, and nothing proves it."),
        _s("Nothing proves who sent this %(kind)s, so it changes nothing by itself."),
    ),
    "proven_since": (
        _s("The message that it was written from has come with a proof of its sender, by the feed %(feed)s."),
    ),
    "written_before": (_s("The alert %(alert)s was written from it before it was proven."),),
    "mail_unproven": (
        _s("It is quoted, forwarded or an automatic answer, not the sender's own."),
        _s("It has no DKIM signature of %(domain)s."),
        _s("The DKIM signature of %(domain)s is not valid."),
        _s("The DKIM signature of %(domain)s cannot be read: %(why)s."),
        _s("The DKIM key of %(domain)s could not be looked up now; it is tried again."),
        _s("Its DKIM signature does not cover all of it."),
        _s("Its DKIM signature is of a kind that proves nothing any more."),
        _s("Its header can be read in two ways."),
        _s("%(server)s wrote nothing about its sender into the mail."),
        _s("The topmost word about its sender is not that of %(server)s."),
        _s("%(server)s did not find its sender to be proven."),
    ),
    "mail_sender": (
        _s("A mail of %(sender)s was not read: only those in senders are."),
        _s("A mail without a sender who can be read was not read: only those in senders are."),
        _s("More mails of others were not read."),
        _s("A mail says in two ways whose it is; it was not read."),
    ),
    "mail_no_alert": (_s("The mail holds no CAP, neither attached nor as its text."),),
    "mail_unreadable": (_s("The mail cannot be read: %(why)s."),),
    "mail_hostile": (
        _s("The mail is built as no mail program builds one, and was not read."),
        _s("The header of the mail is longer than %(n)s bytes."),
        _s("The mail has too many parts, or a part with an endless description."),
        _s("The mail is parted in more than %(n)s places."),
        _s("The mail has more than %(n)s parts, or over %(levels)s levels."),
    ),
    "mail_many": (_s("The mail holds %(n)s documents; the first %(most)s were read."),),
    "mail_packed": (_s("The attachment %(name)s is packed and not read. Ask for the CAP file itself."),),
    "mail_links": (_s("The mail names documents elsewhere, which are not fetched. Ask for the CAP itself."),),
    "mail_passed_over": (_s("The mail was begun %(n)s times and never finished; it was passed over."),),
    "mail_flood": (_s("More than %(n)s messages at once have no proof of their sender; the others were only kept."),),
    "many_mails": (_s("%(n)s new mails are left for the next poll."),),
}
