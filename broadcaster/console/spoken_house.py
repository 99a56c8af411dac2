"""What the installation says of itself in English: alarms, parts, checks, error pages; as ``spoken_words``."""

from __future__ import annotations

from collections.abc import Mapping


def _s(sentence: str) -> str:
    """Marks a sentence for ``make translations``."""
    return sentence


OF_THE_HOUSE: Mapping[str, tuple[str, ...]] = {
    "alarm:rule_limit": (_s("The rule %(rule)s has acted %(n)s times in the last hour (max_per_hour); it was kept."),),
    "alarm:channel": (
        _s("A channel needs somebody."),
        _s("%(channel)s was taken out of channels.toml after an approval: alert %(id)s reaches nobody by it."),
        _s("%(channel)s: the provider answers %(code)s. See the provider's page for this code."),
        _s("%(channel)s: its token dies on %(when)s UTC. Make a new one before (docs/channels)."),
        _s("%(channel)s: it failed its daily check: %(check)s. What to do: %(hint)s"),
    ),
    "alarm:review_due": (_s("Does it still hold? Confirm it (extend), change it or lift it: %(headline)s"),),
    "alarm:signature_owed": (_s("%(who)s released it alone: %(reason)s. A second person must sign it."),),
    "alarm:unanswered": (_s("%(headline)s: everybody on duty was told, and nobody has decided. Call somebody."),),
    "alarm:notice": (_s("%(who)s could not be told by %(channel)s (%(code)s). Look at the address."),),
    "alarm:feed": (
        _s("A feed brought something that somebody must look at."),
        _s(
            "Alert %(alert)s: Its issuer ended it in %(zones)s; it goes on in the other zones. Lift those, "
            "or await an Update."
        ),
        _s("Alert %(alert)s: Its issuer replaced it by %(id)s, which was read too late to take its place."),
        _s("Alert %(alert)s: Its issuer says that nothing is to be expected any more (%(id)s)."),
    ),
    "alarm:feed_health": (
        _s("A feed is not well. Look at its source yourself."),
        _s(
            "The feed %(name)s has never answered. Check its address in feeds.toml."
            " Look at its source yourself until it is well."
        ),
        _s(
            "The feed %(name)s is refused by its server. Check the address and the key, and ask the feed's owner."
            " Look at its source yourself until it is well."
        ),
        _s(
            "The feed %(name)s can no longer be read: its format has changed, or its address leads elsewhere."
            " Look at its source yourself until it is well."
        ),
        _s("The feed %(name)s fails. We keep trying. Look at its source yourself until it is well."),
        _s(
            "The feed %(name)s has lost most of its entries at once (%(before)s before, %(after)s now). "
            "They may be missing, not over."
            " Look at its source yourself until it is well."
        ),
        _s(
            "The feed %(name)s has not changed for %(n)s minutes, which is unusual. Its source may stand still."
            " Look at its source yourself until it is well."
        ),
        _s(
            "The feed %(name)s answers very slowly, so its warnings come late."
            " Look at its source yourself until it is well."
        ),
    ),
    "alarm:people": (
        _s("Somebody must look at a change of power (Powers)."),
        _s("%(who)s alone chose to %(what)s. Somebody else must look at it (Powers)."),
        _s("%(who)s proposes to %(what)s. Another admin must confirm or refuse it (Powers)."),
    ),
    "alarm:switch": (
        _s("Something is stopped."),
        _s("All sending is stopped by %(who)s. Nothing goes out until somebody lets it go on."),
        _s("Automatic rules are stopped by %(who)s. What feeds bring is kept for people to decide."),
        _s("The channel %(channel)s is stopped by %(who)s. What is not sent waits."),
    ),
    "alarm:shortfall": (
        _s("Messages of a live alert do not arrive."),
        _s("%(headline)s: %(n)s of %(total)s messages by %(channel)s were refused for good. Use another channel too."),
        _s("%(headline)s: %(n)s of %(total)s messages by %(channel)s are not confirmed yet. Use another channel too."),
    ),
    "part": (
        _s("has not started yet"),
        _s("came back and has not lived through one beat yet"),
        _s("has stopped"),
        _s("no sign for %(n)s s"),
        _s("not known while the database is away"),
        _s("the database is away (%(error)s)"),
        _s("does not answer (%(error)s)"),
        _s("has not been published yet"),
        _s("not checked for %(n)s s"),
        _s("the provider answers %(code)s"),
    ),
    "status": (
        _s("You are logged out"),
        _s("Not allowed"),
        _s("Not found"),
        _s("Too many tries"),
        _s("That did not work"),
    ),
    "http": (
        _s("This form is too old or came from another site. Open the page again and repeat it."),
        _s("Something went wrong on our side; it is in the log. Nothing is known to have been changed."),
        _s("You were logged out; nothing was sent. Log in and go on: what you typed in an alert comes back."),
        _s(
            "Your role does not allow this. Ask an admin for the role that does. Where there is no admin yet, whoever "
            "runs the server adds one: python -m broadcaster users add you@example.org --role admin"
        ),
        _s("There is no such page. It may be over or put away, or its address is not complete."),
        _s("The method is not allowed for the requested URL."),
        _s("The data value transmitted exceeds the capacity limit."),
    ),
    "band": (
        _s("SIMULATION: nothing leaves this machine"),
        _s("SIMULATION on %(channels)s: those reach nobody; the other channels are real"),
    ),
    "check": (
        _s("cannot be reached (%(error)s)"),
        _s("start it, or mend DATABASE_URL"),
        _s("tables of this version"),
        _s("older than this version"),
        _s("run: migrate"),
        _s("the chain is whole"),
        _s("restore a backup; find out who changed it"),
        _s("start it; sending goes on without, more slowly"),
        _s("answers"),
        _s("%(n)s s from the clock of %(what)s"),
        _s("keep time with NTP (timedatectl set-ntp true)"),
        _s("%(part)s works"),
        _s("start it, and read its log"),
        _s("%(url)s is plain HTTP"),
        _s("put a TLS proxy in front"),
        _s("%(host)s: no good TLS (%(error)s)"),
        _s("mend the certificate or the address"),
        _s("%(host)s: certificate good for %(n)s days"),
        _s("renew it, and let that happen by itself"),
        _s("%(url)s answers %(status)s"),
        _s("set PUBLIC_URL, or the proxy"),
        _s("%(url)s does not answer (%(error)s)"),
        _s("set PUBLIC_URL, or start web"),
        _s("%(n)s MB free for %(folder)s"),
        _s("make room"),
        _s("the data folder is its owner's alone"),
        _s("others can read it"),
        _s("there has never been one"),
        _s("the last is %(n)s days old"),
        _s("act on it"),
    ),
    "simulated": (
        _s("SIMULATED"),
        _s("delivered"),
        _s("lost"),
        _s("failed"),
    ),
    "no_card": (
        _s("There is no such card."),
        _s("There is no card %(name)s in %(language)s, %(shape)s."),
        _s("There is no card of %(name)s in %(language)s, %(shape)s: no typeface has its letters."),
    ),
}
