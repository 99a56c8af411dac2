"""What the domain says in English, sentence by sentence, so that a catalogue can hold each in other words.

By code: first a sentence for all that comes under that code, then those whose facts (``%(name)s``) are read out of the
English text and put into the other language. ``spoken`` chooses; tests/repo/test_translations.py finds codes left out.
"""

from __future__ import annotations

from collections.abc import Mapping

from broadcaster.console.spoken_channels import OF_CHANNELS
from broadcaster.console.spoken_house import OF_THE_HOUSE, _s
from broadcaster.console.spoken_mail import OF_MAIL
from broadcaster.console.spoken_rules import OF_RULES

SENTENCES: Mapping[str, tuple[str, ...]] = {
    **OF_THE_HOUSE,
    **OF_CHANNELS,
    **OF_RULES,
    **OF_MAIL,
    "password": (
        _s("This password cannot be used."),
        _s("that is the password you have; take another"),
        _s("a password needs at least %(n)s characters; three or four words that belong to nobody are good"),
        _s("a password has at most %(n)s characters"),
        _s("everybody would try this password first; take three or four words that have nothing to do with here"),
        _s("this password stands in lists of stolen ones; take three or four words that belong to nobody"),
    ),
    "phone": (
        _s("This telephone number cannot be used."),
        _s("%(phone)s is no telephone number; write it with its country, as +1 503 555 0100"),
    ),
    "language": (_s("the console speaks %(languages)s"),),
    "unknown_zone": (
        _s("There is no such zone."),
        _s("There is no zone %(zones)s. Zones are named by their id."),
    ),
    "empty_bundle": (
        _s("A bundle needs at least one part."),
        _s("Nothing is left in this bundle. Write it anew."),
        _s("No part holds anywhere. Give a zone to one of them."),
    ),
    "two_ends": (_s("Either it has an end (expires) or it holds until lifted, not both."),),
    "naive_time": (_s("expires has no zone. Write it like 2026-11-22T18:30:00-08:00."),),
    "unreadable_text": (
        _s("The text holds a character that nothing can carry. Write it without."),
        _s("The text %(text)s holds the character %(found)s, which nothing can carry."),
        _s("The note holds the character %(found)s, which nothing can carry."),
        _s("A character or number in the request is one that nothing can carry."),
    ),
    "unknown_language": (
        _s("There is no such language here."),
        _s("The agency has no language %(language)s. It has: %(known)s."),
        _s("The template %(name)s has no words in %(language)s. It has: %(known)s."),
    ),
    "unknown_channel": (_s("There is no channel %(name)s in use. There are: %(known)s."),),
    "not_for_drills": (_s("Channel %(name)s carries no drills. Set drills = true on it, or leave it out."),),
    "cap_document": (_s("The template cap takes its words from a CAP document. Send one, or name another."),),
    "expires": (
        _s("This end cannot be used. Give another."),
        _s("expires %(given)s is at an end of the calendar. Give a time that will come."),
        _s("Write the end like 2026-11-22T18:30."),
    ),
    "not_in_alert": (_s("The alert does not hold in %(zones)s."),),
    "note": (_s("Write between 1 and %(n)s characters."),),
    "hashtag": (
        _s("This is no hashtag."),
        _s("A hashtag holds letters, digits and _ alone. Write %(tag)s."),
        _s("Posts will say %(tag)s: a hashtag holds letters, digits and _ alone."),
        _s("A hashtag holds letters, digits and _ alone. Write the incident's name."),
        _s("A hashtag needs a letter: digits alone are none."),
        _s("A hashtag has at most %(most)s characters; this one has %(n)s. Shorten it."),
    ),
    "hashtag_of_incident": (
        _s("The hashtag belongs to the incident. Leave it out here, and change it on the incident's page."),
    ),
    "left_out": (_s("%(where)s: no room for %(what)s; the words come first."),),
    "unknown_bundle": (_s("There is no bundle %(name)s. Known: %(known)s."),),
    "unknown_field": (_s("The template has no field %(key)s. Known: %(known)s."),),
    "unknown_template": (_s("There is no template %(name)s. Known: %(known)s."),),
    "passkey_name": (_s("give the passkey a name of at most %(n)s characters"),),
    "no_url": (_s("The feed %(name)s has no url to poll. Set one, or use: %(command)s"),),
    "kind": (_s("%(kind)s is nothing that can be proposed"),),
    "search_short": (_s("Give at least three digits or letters, or choose a zone."),),
    "csv_not_text": (_s("This is no text file. Save it as CSV (UTF-8) and import it again."),),
    "csv_columns": (
        _s("The first line of the file does not name the columns as needed."),
        _s("This is not a CSV file with the columns %(columns)s. Its first line names each of them once."),
    ),
    "csv_empty": (_s("The file is empty. Its first line names the columns."),),
    "csv_unreadable": (_s("The file cannot be read."),),
    "token_name": (_s("%(name)s: use letters, digits, dot, dash, underscore, at most 64"),),
    "token_scope": (_s("%(scope)s is no scope; use read or submit"),),
    "role": (
        _s("Your role does not allow this."),
        _s("This needs the role admin."),
        _s("A test message needs an approver or an admin."),
        _s("The drill is for people who may approve."),
        _s("Only a person with a role decides about entries."),
        _s("roles are %(known)s; not %(unknown)s"),
    ),
    "email": (_s("This is no e-mail address."),),
    "zones": (_s("The file cannot be taken as it is. Nothing was changed."),),
    "zones_geojson": (_s("The file is no GeoJSON with features."),),
    "zones_large": (_s("The file is too large. Simplify its outlines."),),
    "zones_unreadable": (_s("The file cannot be read."),),
    "zones_json": (_s("The file is not JSON."),),
    "zone_slug": (_s("Two zones would have the same address on the page."),),
    "database": (_s("The database is away. Try again in a moment."),),
    "mixed_modes": (_s("A drill and the real thing never share a signature. Make two bundles."),),
    "zone_twice": (_s("In one bundle a place gets one message: %(zones)s stand in two parts. Take them out of one."),),
    "wrong_state": (_s("This is not possible in the alert's present state."),),
    "decided": (
        _s("This was decided already. Look at the list again."),
        _s("It does not wait any more: somebody decided, or a later one took its place."),
    ),
    "proposal_too_old": (_s("This proposal is older than three days. Refuse it, and propose it again."),),
    "proposer_gone": (_s("%(who)s is no active admin any more. Refuse this, and propose it yourself."),),
    "last_admin": (_s("%(who)s is the only active admin. Make somebody else admin first."),),
    "nothing_owed": (_s("No signature is owed for this alert."),),
    "in_review": (_s("It is in review. Withdraw it first, or an approver rejects it."),),
    "not_live": (_s("The alert is %(state)s, not live: there is nothing to follow up on."),),
    "no_reason": (
        _s("Say why; the reason is kept."),
        _s("Say why: %(verb)s needs a reason, which is kept."),
        _s("Say why nothing is made of it; the reason is kept."),
    ),
    "digest_stored": (_s("What is stored is not what was submitted. Withdraw it and look at the audit."),),
    "digest": (_s("The alert has changed since you looked. Read it again and decide on what it says now."),),
    "no_area": (
        _s("Its area reaches nobody. Give it zones."),
        _s("The alert names no area of ours. Give it zones or an area."),
        _s("Its area touches no zone of ours, so nobody would be told. Give it zones."),
        _s("It names no area. Give it zones."),
    ),
    "expired": (
        _s("The alert's end has passed. Give it a later end."),
        _s("Its end has passed. Give it a later end."),
    ),
    "overtaken": (
        _s(
            "What this follows up on is %(state)s meanwhile: %(title)s. "
            "Withdraw or return this, and write on what is live now."
        ),
    ),
    "review_too_old": (_s("It was submitted more than %(n)s minutes ago. Submit it again."),),
    "disabled": (
        _s("This is switched off."),
        _s("The channel %(name)s is off in channels.toml."),
        _s("%(who)s cannot log in as it is"),
    ),
    "no_address": (_s("It has no address of yours. Give your phone number in your account, as +1 503 ..."),),
    "stopped": (_s("The sending is stopped. Let it go on first; a test would break that."),),
    "content_differs": (
        _s("This sender, identifier and sent came before with other content (alert %(id)s). Send an Update."),
    ),
    "conflict": (_s("Somebody else changed this draft meanwhile. Look at both versions and choose."),),
    "mode": (_s("It was made as %(mode)s and stays that. Make a new alert."),),
    "drill_runs": (_s("Your drill is under way. Go on with it, or give it up first."),),
    "drill_order": (
        _s("This step comes later in the drill."),
        _s("Nothing waits for the instructor. Return the exercise first."),
        _s("It is not on air yet. Approve it first."),
        _s("The second exercise comes after the correction, once."),
        _s("Steps are left. The list says which."),
    ),
    "no_drill": (_s("No drill is under way. Begin one."),),
    "no_drill_channel": (_s("No channel carries exercises. Set drills = true on one in channels.toml."),),
    "no_zone": (
        _s("There are no zones yet. An admin imports them first."),
        _s("Tick the zones where it is over."),
    ),
    "unreadable_entry": (_s("This entry cannot be read as a warning, so nothing can begin from it."),),
    "invitation": (_s("This invitation is over or was used. Ask an admin for a new one."),),
    "user_exists": (
        _s("%(who)s has a login already"),
        _s("%(who)s has a login already, or was added this moment"),
    ),
    "active": (_s("%(who)s can log in already"),),
    "no_passkey": (_s("You have no passkey here: use your password or a code."),),
    "passkey_site": (
        _s("Passkeys need CONSOLE_URL to name this host, under https (or http://localhost): it is %(origin)s"),
    ),
    "passkey_known": (_s("this passkey is registered already"),),
    "issuers_words": (_s("The words of %(name)s are their issuer's: there is nothing to sign."),),
    "being_polled": (_s("The feed %(name)s is being polled by another process. Try again in a moment."),),
    "exists": (_s("there is such a login or token already, or it was added this moment"),),
    "nothing_to_see": (_s("Nobody waits for a second look at this."),),
    "changed": (_s("Somebody else changed this alert just now. Look at it again."),),
    "rejects_unwritable": (_s("The rows that were not taken cannot be written down. Nothing was imported."),),
    "import_collides": (_s("another import is writing the same people; try again"),),
    "not_stopped": (_s("%(name)s is not stopped. Nothing was changed."),),
    "token_exists": (_s("there is a token %(name)s already; revoked names stay taken"),),
    "token_revoked": (_s("%(name)s was revoked before"),),
    "sample": (_s("there is no such sample here"),),
    "incident": (
        _s("There is no incident %(id)s."),
        _s("there is no incident %(id)s; alerts show ID names it"),
    ),
    "audit_entry": (_s("There is no entry %(id)s in the audit."),),
    "no_bundle": (
        _s("There is no bundle %(id)s."),
        _s("There is no bundle %(id)s, or nothing is left in it."),
    ),
    "no_channel": (_s("There is no channel %(name)s in channels.toml."),),
    "no_alert": (
        _s("There is no alert %(id)s. See: alerts list"),
        _s("there is no alert %(id)s"),
    ),
    "no_feed": (
        _s("There is no feed %(name)s in feeds.toml."),
        _s("There is no feed %(name)s in feeds.toml. There are: %(known)s."),
    ),
    "no_document": (_s("There is no document %(id)s of %(name)s any more; only the last few are kept."),),
    "no_entry": (_s("There is no entry %(id)s."),),
    "passkey": (
        _s("This passkey does not fit."),
        _s("you have no such passkey"),
        _s("the browser's answer does not fit; start again"),
    ),
    "user": (_s("nobody has the e-mail %(email)s"),),
    "proposal": (_s("there is no proposal %(id)s"),),
    "no_subscriber": (_s("This person is not there any more."),),
    "switch": (_s("There is no switch %(name)s. There are: sending, rules, channel:NAME."),),
    "no_template": (_s("There is no template %(name)s for people."),),
    "token": (_s("there is no token %(name)s"),),
    "no_upload": (_s("This file is not kept any more; choose it again."),),
    "not_verified": (
        _s("Give your password, a code or a passkey with this very request."),
        _s("Give your password and second factor with this very request."),
        _s("Give your password or second factor with this very request."),
    ),
    "four_eyes": (
        _s("Another person must do this."),
        _s("You proposed this, so another admin must confirm it."),
        _s("You submitted this alert, so another person must approve it."),
        _s("You released this alert alone, so another person must sign it."),
        _s("You did this alone, so somebody else must look at it."),
    ),
    "returned_it": (_s("You returned this alert, so somebody else must submit it again."),),
    "not_submitter": (_s("Only %(who)s can withdraw it. An approver can return or reject it."),),
    "override_forbidden": (_s("The policy allows no release by one person. A second person must approve."),),
    "person_only": (
        _s("Only a person may do this. Somebody must log in."),
        _s("A token or feed ends nothing. Somebody must log in."),
        _s("Only a person says that it is safe to return. Somebody must log in and lift it."),
    ),
    "own_password": (_s("Set a password of your own first, under My account in the console."),),
    "second_factor": (_s("Here nobody approves without a second factor: enrol one under My account."),),
    "locked": (_s("too many wrong tries for this account; wait 15 minutes"),),
    "code": (_s("this code is not right; is the phone's clock set by the network?"),),
    "credentials": (
        _s("this e-mail, password or code is not right"),
        _s("this password, code or passkey is not right"),
        _s("this passkey was not accepted; try again, or use your password"),
    ),
    "no_language": (_s("Choose one language at least."),),
    "coordinates": (
        _s("The coordinates cannot be read. Write pairs such as 44.05,-121.3."),
        _s("Line %(n)s: %(odd)s is no pair like 44.05,-121.3 (latitude,longitude)."),
        _s("Line %(n)s: an area needs three corners at least."),
        _s("Line %(n)s: %(place)s is no place. Latitude stands first."),
    ),
    "kept_area": (_s("The document's area cannot be read. Choose zones."),),
    "no_end": (
        _s("Say until when it holds, or choose until lifted."),
        _s("%(text)s is no time. Write it like 2026-11-22T18:30."),
        _s("%(time)s does not exist on that day: the clocks go forward. Give another time."),
    ),
    "untranslated": (_s("%(label)s is not said in %(language)s. Fill in %(field)s, or people read less there."),),
    "long_field": (_s("%(key)s has %(n)s characters; %(most)s fit."),),
    "missing_field": (_s("%(label)s is missing."),),
    "unreadable_field": (_s("%(label)s is no time. Write it like 2026-11-22T18:30:00-08:00."),),
    "costly_characters": (_s("%(where)s: these characters make it %(n)s parts of 67 letters: %(which)s."),),
    "long_headline": (_s("The headline in %(language)s has %(n)s characters; up to %(most)s are shown everywhere."),),
    "language_missing": (
        _s("There is no text in %(language)s; people who read it get the one in %(other_language)s."),
    ),
    "no_frame": (
        _s("%(channel)s has no approved words for this in %(languages)s: nothing goes out by it. Leave it out."),
        _s(
            "%(channel)s takes approved words alone, and has none that begin and end with TEST. "
            "Add [channel.test_templates.en] to channels.toml."
        ),
    ),
    "frame_missing": (
        _s(
            "%(channel)s has no approved words in %(language)s; people who read it get the text in "
            "%(other_language)s by it."
        ),
    ),
    "drill_words": (_s("%(where)s: a drill never says that it is no drill."),),
    "too_long": (
        _s("A text is too long. Shorten it."),
        _s("%(where)s: %(size)s characters, %(most)s fit. Shorten it."),
        _s("%(where)s: %(size)s parts, %(most)s fit. Shorten it."),
        _s("%(where)s: %(size)s characters, the provider takes %(most)s. Shorten it."),
    ),
    "many_segments": (_s("%(where)s: %(n)s parts; %(good)s are better read and sooner sent."),),
    "shortened": (
        _s("A text is too long for its channel; the words of a shorter message stand instead."),
        _s("%(where)s: %(size)s characters, %(most)s fit; the words of a shorter message stand instead."),
        _s(
            "%(where)s: %(size)s characters, %(most)s fit; the words of a shorter message stand instead, "
            "and %(n)s more posts follow it."
        ),
    ),
    "replaced_draft": (_s("It replaces %(id)s, which was %(state)s."),),
    "ended_in_part": (
        _s("Its issuer ended it in %(zones)s; it goes on in the other zones. Lift those, or await an Update."),
        _s("Its issuer ended a part of it (%(id)s); look where it goes on."),
    ),
    "ended_before_it_came": (
        _s(
            "Its issuer ended a part of it before it came (%(ids)s), in no zone that is known here; "
            "look where it goes on."
        ),
        _s("Its issuer ended a part of it before it came (%(ids)s), in %(zones)s; look where it goes on."),
    ),
    "never_live": (_s("This alert was never on air: it has no identifier yet. Approve it first."),),
    "push": (_s("This is no push subscription of a browser."), _s("this is no push subscription of a browser")),
    "zones_left": (
        _s(
            "Its issuer's Update leaves %(zones)s behind, where people were warned. Tell them, with an alert "
            "of your own."
        ),
    ),
    "rest_goes_on": (
        _s("The earlier alert goes on in %(zones)s, and nobody there is told anything. Where it is over, lift it."),
    ),
    "replaced_by_issuer": (
        _s("Its issuer replaced it by %(id)s, which was read too late to take its place."),
        _s("Its issuer says that nothing is to be expected any more (%(id)s)."),
    ),
    "green": (_s("Its issuer says that nothing is to be expected."),),
    "expires_assumed": (_s("No end was given; it ends %(n)s hours after it was written."),),
    "no_channels": (
        _s("No channel carries it: it would stand on the page and reach nobody."),
        _s(
            "No channel carries drills, and no drill is on the page: it would go nowhere. Set drills = true "
            "on a channel."
        ),
    ),
    "no_words": (_s("The document says nothing: it has no info. Write the alert yourself."),),
    "ends_too_late": (_s("Its end is more than %(n)s hours away. Give it an earlier end."),),
    "nothing_corrected": (_s("It names no alert that was sent in error."),),
    "no_subscribers": (_s("Nobody would get it by %(channel)s."),),
    "nobody_told": (
        _s("Nobody on duty who may approve it can be told by text or mail. Call somebody."),
        _s("%(headline)s: Nobody on duty who may approve it can be told by text or mail. Call somebody."),
        _s("%(headline)s: Nobody is known to have been told of it: no text or mail has arrived. Call somebody."),
    ),
    "unsigned_words": (_s("The %(language)s words of this template have been signed by nobody here."),),
    "unknown_reference": (
        _s("It refers to %(id)s, which is not known here."),
        _s("It refers to %(id)s, which was never read."),
    ),
    "mapped": (_s("%(part)s filled by mapping: %(why)s -> %(value)s"),),
    "unknown": (_s("%(part)s is Unknown: neither the document nor a mapping says it. A person decides."),),
    "area_by_name": (_s("Its area is a name alone, which a mapping can give codes or a circle."),),
    "signature_valid": (_s("The signature is valid: %(name)s."),),
    "signature_unsigned": (_s("The alert is not signed."),),
    "signature_unknown_signer": (
        _s("The signature fits the alert, but nobody here trusts its certificate: %(name)s."),
    ),
    "signature_invalid": (_s("The signature is not valid: %(why)s."),),
    "other_sender": (_s("It refers to %(id)s of %(sender)s, but comes from %(own)s."),),
    "older": (_s("%(other)s replaced it already."),),
    "cancels": (
        _s("It cancels %(ids)s."),
        _s("Nothing that it cancels is in force."),
    ),
    "replaces": (
        _s("It replaces %(ids)s."),
        _s("Nothing that it updates is in force."),
    ),
    "ended_before": (_s("It ended at %(time)s, before it was read."),),
    "duplicate": (
        _s("It was read before."),
        _s("The feed %(name)s brought this message before."),
    ),
    "changed_content": (
        _s("Its sender, identifier and sent are those of an entry read before, its content is not. Both were kept."),
    ),
    "not_actual": (
        _s("Its status is %(status)s."),
        _s("Its VTEC says that it is a test product."),
    ),
    "not_public": (_s("Its scope is %(scope)s."),),
    "not_a_warning": (_s("It is an %(kind)s."),),
    "no_info": (_s("It does not say what happens."),),
    "future_sent": (_s("It says it was sent at %(time)s, which is to come."),),
    "foreign_reference": (_s("It refers to %(id)s of another sender, which it can neither update nor cancel."),),
    "clock": (_s("It names a message whose time is later than its own: a clock of its sender is wrong."),),
    "identifier_reused": (_s("Its identifier was used before, with another time."),),
    "no_zone_touched": (_s("It touches no zone of ours."),),
    "rules_stopped": (_s("Automatic rules are stopped: the rule %(rule)s would have done more (%(action)s)."),),
}
