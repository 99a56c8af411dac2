"""What rules that release say in English: why something was held, why nobody may arm; as ``spoken_words``."""

from __future__ import annotations

from collections.abc import Mapping

from broadcaster.console.spoken_house import _s

OF_RULES: Mapping[str, tuple[str, ...]] = {
    "held_by_rule": (
        _s("No rule released it by itself."),
        _s("The rule %(name)s did not release it by itself:"),
        _s("The rule releases nothing by itself."),
        _s("The rule that released the message before does not match this one."),
        _s("Automatic rules are stopped."),
        _s("All sending is stopped."),
        _s("The rule has released %(n)s alerts in the last hour (max_per_hour)."),
        _s("The rule does not name the feed %(name)s."),
        _s("The feed %(name)s is not an official one."),
        _s("The feed demands a signature, and no valid one was found."),
        _s("Its status is %(status)s, not Actual."),
        _s("Its scope is %(scope)s, not Public."),
        _s("It is an %(kind)s."),
        _s("Its VTEC is not that of an operational product."),
        _s("It is an exercise or a test."),
        _s("It was sent more than %(n)s minutes ago."),
        _s("It says that it was sent at a time to come."),
        _s("Its end has passed."),
        _s("It names no area of ours."),
        _s("It reaches beyond the rule's zones: %(zones)s."),
        _s("The rule does not list all that it says: %(event)s (%(language)s)."),
        _s("Not its issuer but our mapping says its %(key)s, and the rule does not list that: %(value)s."),
        _s("It tells people to leave: an evacuation is only ever released by people."),
        _s("Its event code is that of an evacuation, which is only ever released by people."),
        _s("It says that a danger is over: only people declare anybody safe."),
        _s("It may be a test or an exercise by its words or event code."),
        _s("Its VTEC says that the event is over."),
        _s("Its VTEC cannot be read."),
        _s("It says that it is restricted: %(words)s."),
        _s("A part of it does not say when it ends."),
        _s("It says that it holds at another time."),
        _s("Its area is wider than any warning's: it may be a mistake."),
        _s("A part of its area is known by its name alone."),
        _s("It is less pressing than what it would replace: only people say that a danger is less."),
        _s("It has letters or characters that do not belong to its language (%(language)s)."),
        _s("Its words hold a link."),
        _s("Its words hold markup."),
        _s("It does not name its source and its hazard as names are."),
        _s("People have worked on what it follows (alert %(id)s)."),
        _s("It would end the alert %(id)s, which this rule did not release."),
        _s("The rule leaves updates and cancels to people (follow)."),
        _s("It ends nothing that this rule released."),
        _s("What the rule released is ended in part; people decide about the rest."),
        _s("Its parts hold in different places."),
        _s("It says two things in one language, and a text can say only one."),
        _s("Its words seem to be of another language (%(other_language)s) than it says (%(language)s)."),
        _s("No part of it is in the language of the text (%(language)s)."),
        _s("Its instruction says nothing of what to do."),
        _s("It has too many words for a machine to look through."),
        _s("People have told some of those it is for to leave (alert %(id)s)."),
        _s("There is no text to send."),
        _s("%(channel)s (%(tongue)s): it does not say the source."),
        _s("%(channel)s (%(tongue)s): it does not say the hazard."),
        _s("%(channel)s (%(tongue)s): it does not say the place."),
        _s("%(channel)s (%(tongue)s): it does not say the guidance."),
        _s("%(channel)s (%(tongue)s): it does not say the time."),
        _s("The rule is not armed: two approvers must answer for it first."),
        _s("The rule, its template or its feed was changed since it was armed. Two approvers must arm it anew."),
        _s("The rule's arming has ended after its time. Two approvers must arm it anew."),
    ),
    "rule": (_s("There is no rule %(name)s in rules.toml."),),
    "nothing_to_arm": (_s("This rule releases nothing by itself: there is nothing to arm."),),
    "rule_changed": (_s("The rule has changed since you looked. Read it again, and test it again."),),
    "no_test_run": (_s("Test this rule first, as it stands now: what would it have released in the last month?"),),
    "armed": (_s("This rule is armed already."),),
    "not_armed": (_s("This rule is not armed, and nobody has signed for it."),),
    "second_signature": (
        _s("You signed for this rule first, so another person must sign now."),
        _s("%(who)s may not approve any more. Disarm the rule, and begin anew."),
        _s("Only a person with a role tests rules."),
    ),
    "alarm:rule_held": (
        _s("What a rule could not release waits for somebody."),
        _s("%(headline)s: the rule %(rule)s could neither release nor submit it. Look at it."),
    ),
    "alarm:rules_file": (
        _s("The file of the rules cannot be read."),
        _s("rules.toml cannot be read; the last good rules stay in force. %(why)s"),
    ),
    "rules_broken": (
        _s("The file of the rules cannot be read."),
        _s("rules.toml was changed by hand and cannot be read. Mend it there first: %(why)s."),
    ),
    "rules_demo": (
        _s("These are the demonstration's own files. Make your agency's first: python -m broadcaster init."),
    ),
    "rules_unwritable": (
        _s(
            "rules.toml cannot be written from here: its folder is read-only, or not this system's. "
            "Whoever looks after this installation changes it where it is kept."
        ),
    ),
    "rules_machines": (
        _s("This installation runs on several machines. Change rules.toml on each of them."),
        _s("This installation runs on several machines (%(hosts)s). Change rules.toml on each of them."),
    ),
    "rules_changed": (
        _s(
            "rules.toml has changed since this was looked at, by hand or by another proposal. "
            "Nothing is lost: look at what it would do now, and propose it again."
        ),
    ),
    "file_shape": (
        _s(
            "rules.toml is written in a way in which this page cannot change one rule and leave the others. "
            "Change it by hand: the text of the rule stands on this page."
        ),
    ),
    "nothing_changed": (_s("This is how the rules are now: nothing would change."),),
    "rule_parameter": (
        _s("%(line)s is no parameter. Write each once: NAME = VALUE, VALUE, or NAME alone for any value."),
    ),
    "rule_number": (_s("Write a whole number from 0 to %(n)s, or leave it empty."),),
    "C005": (_s("This cannot stand in a rule."),),
    "C015": (_s("Choose what the rule does."),),
    "C016": (_s("Another rule has this name."),),
    "C018": (_s("There is no such feed."),),
    "C047": (_s("The name is empty or holds a character that a name cannot have."),),
    "C051": (_s("There is no such template."),),
    "C052": (_s("The number cannot be below 0."),),
    "C053": (_s("CAP has no such word, so that it would never match."),),
    "C055": (_s("Only a person ever says this."),),
    "C080": (_s("P-VTEC has no such action, so that it would never match."),),
    "C081": (_s("Choose what is done with updates and cancels."),),
    "C082": (_s("This is no span of a day. Write two different times, as 22:00-06:00."),),
    "C083": (_s("A rule that releases by itself must say this: list what it may release, or let it submit."),),
    "C084": (_s("This is no official feed, and no rule releases what it says."),),
    "C085": (_s("A rule releases what is Actual and nothing else."),),
    "C086": (_s("An evacuation is only ever released by people."),),
    "rule_text": (_s("This is no rule that this installation can read."),),
    "alarm:rule_disarmed": (
        _s("A rule is not armed any more."),
        _s("The rule %(rule)s is not armed any more: %(why)s"),
    ),
}
