"""Outbound: one file a kind. ``CHANNELS``: kind -> module (contract: ``broadcaster.domain.channel``)."""

CHANNELS = {
    "twilio_sms": "broadcaster.channels.twilio_sms",
    "twilio_voice": "broadcaster.channels.twilio_voice",
    "whatsapp": "broadcaster.channels.whatsapp",
    "mastodon": "broadcaster.channels.mastodon",
    "facebook": "broadcaster.channels.facebook",
    "threads": "broadcaster.channels.threads",
    "instagram": "broadcaster.channels.instagram",
    "linkedin": "broadcaster.channels.linkedin",
    "nextdoor": "broadcaster.channels.nextdoor",
    "tiktok": "broadcaster.channels.tiktok",
    "smtp": "broadcaster.channels.smtp",
    "web_push": "broadcaster.channels.web_push",
    "webhook": "broadcaster.channels.webhook",
    "telegram": "broadcaster.channels.telegram",
    "apprise": "broadcaster.channels.apprise",
    "bluesky": "broadcaster.channels.bluesky",
    "x": "broadcaster.channels.x",
    "zulip": "broadcaster.channels.zulip",
    "simulated": "broadcaster.channels.simulated",
}
