"""All tables of the first version, and the rows every installation starts with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alarms',
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cleared', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_alarms'))
    )
    op.create_table('audit_entries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('verb', sa.String(), nullable=False),
    sa.Column('object', sa.String(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('previous', sa.String(), nullable=False),
    sa.Column('mac', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entries'))
    )
    with op.batch_alter_table('audit_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entries_object'), ['object'], unique=False)

    op.create_table('audit_head',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entry', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('mac', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_head'))
    )
    op.create_table('channel_states',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('paused', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_channel_states'))
    )
    op.create_table('confirmations',
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_confirmations'))
    )
    with op.batch_alter_table('confirmations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_confirmations_address'), ['address'], unique=False)

    op.create_table('feed_links',
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('updated', sa.String(), nullable=False),
    sa.Column('etag', sa.String(), nullable=False),
    sa.Column('last_modified', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('feed', 'url', name=op.f('pk_feed_links'))
    )
    op.create_table('feed_states',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('holder', sa.String(), nullable=True),
    sa.Column('lease', sa.DateTime(timezone=True), nullable=True),
    sa.Column('etag', sa.String(), nullable=False),
    sa.Column('last_modified', sa.String(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last_ok', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_feed_states'))
    )
    op.create_table('heartbeats',
    sa.Column('part', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('part', 'holder', name=op.f('pk_heartbeats'))
    )
    op.create_table('inbound_texts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('provider_id', sa.String(), nullable=False),
    sa.Column('sender', sa.String(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('received', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_inbound_texts')),
    sa.UniqueConstraint('channel', 'provider_id', name=op.f('uq_inbound_texts_channel_provider_id'))
    )
    op.create_table('incidents',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incidents'))
    )
    op.create_table('leases',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('holder', sa.String(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_leases'))
    )
    op.create_table('login_failures',
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('last', sa.DateTime(timezone=True), nullable=False),
    sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('email', name=op.f('pk_login_failures'))
    )
    op.create_table('opt_outs',
    sa.Column('address_hash', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('address_hash', name=op.f('pk_opt_outs'))
    )
    op.create_table('polls',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('http_status', sa.Integer(), nullable=True),
    sa.Column('entries', sa.Integer(), nullable=False),
    sa.Column('problems', sa.JSON(), nullable=False),
    sa.Column('error', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_polls'))
    )
    with op.batch_alter_table('polls', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_polls_feed'), ['feed'], unique=False)

    op.create_table('publication',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('checked', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication'))
    )
    op.create_table('receipts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('attempt', sa.String(), nullable=False),
    sa.Column('provider_id', sa.String(), nullable=False),
    sa.Column('status', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('received', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipts'))
    )
    op.create_table('roles',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_roles')),
    sa.UniqueConstraint('name', name=op.f('uq_roles_name'))
    )
    op.create_table('subscribers',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('email', sa.String(), nullable=True),
    sa.Column('phone_out', sa.DateTime(timezone=True), nullable=True),
    sa.Column('email_out', sa.DateTime(timezone=True), nullable=True),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('groups', sa.JSON(), nullable=False),
    sa.Column('consent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('consent_source', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscribers')),
    sa.UniqueConstraint('email', name=op.f('uq_subscribers_email')),
    sa.UniqueConstraint('phone', name=op.f('uq_subscribers_phone'))
    )
    op.create_table('tokens',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('scope', sa.String(), nullable=False),
    sa.Column('owner', sa.String(), nullable=True),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_used', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_tokens')),
    sa.UniqueConstraint('hash', name=op.f('uq_tokens_hash'))
    )
    op.create_table('users',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('password', sa.String(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(), nullable=False),
    sa.Column('tf_primary_method', sa.String(), nullable=True),
    sa.Column('tf_totp_secret', sa.Text(), nullable=True),
    sa.Column('tf_phone_number', sa.String(), nullable=True),
    sa.Column('tf_last_counter', sa.BigInteger(), nullable=True),
    sa.Column('mf_recovery_codes', sa.JSON(), nullable=True),
    sa.Column('fs_webauthn_user_handle', sa.String(), nullable=True),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_users')),
    sa.UniqueConstraint('email', name=op.f('uq_users_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_users_fs_uniquifier')),
    sa.UniqueConstraint('fs_webauthn_user_handle', name=op.f('uq_users_fs_webauthn_user_handle'))
    )
    op.create_table('versions',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('last', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('published', sa.DateTime(timezone=True), nullable=False),
    sa.Column('bundle', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_versions'))
    )
    op.create_table('zones',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('ugc', sa.JSON(), nullable=False),
    sa.Column('same', sa.JSON(), nullable=False),
    sa.Column('geometry', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_zones')),
    sa.UniqueConstraint('slug', name=op.f('uq_zones_slug'))
    )
    op.create_table('alerts',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('incident', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('msg_type', sa.String(), nullable=False),
    sa.Column('content', sa.JSON(), nullable=False),
    sa.Column('zones', sa.JSON(), nullable=False),
    sa.Column('channels', sa.JSON(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=True),
    sa.Column('until_lifted', sa.Boolean(), nullable=False),
    sa.Column('review_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ending', sa.String(), nullable=True),
    sa.Column('identifier', sa.String(), nullable=True),
    sa.Column('sent', sa.DateTime(timezone=True), nullable=True),
    sa.Column('source_feed', sa.String(), nullable=True),
    sa.Column('source_token', sa.String(), nullable=True),
    sa.Column('source_sender', sa.String(), nullable=True),
    sa.Column('source_identifier', sa.String(), nullable=True),
    sa.Column('source_sent', sa.DateTime(timezone=True), nullable=True),
    sa.Column('source_hash', sa.String(), nullable=True),
    sa.Column('unresolved', sa.JSON(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=True),
    sa.Column('submitted_by', sa.String(), nullable=True),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('digest', sa.String(), nullable=True),
    sa.Column('signature_owed', sa.Boolean(), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['incident'], ['incidents.id'], name=op.f('fk_alerts_incident')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alerts')),
    sa.UniqueConstraint('identifier', name=op.f('uq_alerts_identifier')),
    sa.UniqueConstraint('slug', name=op.f('uq_alerts_slug'))
    )
    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alerts_incident'), ['incident'], unique=False)
        batch_op.create_index(batch_op.f('ix_alerts_source_identifier'), ['source_identifier'], unique=False)
        batch_op.create_index(batch_op.f('ix_alerts_state'), ['state'], unique=False)

    op.create_table('subscriber_channels',
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('subscriber', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.ForeignKeyConstraint(['subscriber'], ['subscribers.id'], name=op.f('fk_subscriber_channels_subscriber'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('channel', 'subscriber', name=op.f('pk_subscriber_channels'))
    )
    with op.batch_alter_table('subscriber_channels', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriber_channels_subscriber'), ['subscriber'], unique=False)

    op.create_table('subscriber_zones',
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('subscriber', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.ForeignKeyConstraint(['subscriber'], ['subscribers.id'], name=op.f('fk_subscriber_zones_subscriber'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['zone'], ['zones.id'], name=op.f('fk_subscriber_zones_zone')),
    sa.PrimaryKeyConstraint('zone', 'subscriber', name=op.f('pk_subscriber_zones'))
    )
    with op.batch_alter_table('subscriber_zones', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_subscriber_zones_subscriber'), ['subscriber'], unique=False)

    op.create_table('user_roles',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('role_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['role_id'], ['roles.id'], name=op.f('fk_user_roles_role_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_user_roles_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'role_id', name=op.f('pk_user_roles'))
    )
    with op.batch_alter_table('user_roles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_roles_role_id'), ['role_id'], unique=False)

    op.create_table('webauthn',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('credential_id', sa.LargeBinary(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.Integer(), nullable=False),
    sa.Column('transports', sa.JSON(), nullable=True),
    sa.Column('backup_state', sa.Boolean(), nullable=False),
    sa.Column('device_type', sa.String(), nullable=False),
    sa.Column('extensions', sa.Text(), nullable=True),
    sa.Column('create_datetime', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lastuse_datetime', sa.DateTime(timezone=True), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('usage', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_webauthn_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_webauthn')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_webauthn_credential_id'))
    )
    with op.batch_alter_table('webauthn', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_webauthn_user_id'), ['user_id'], unique=False)

    op.create_table('alert_replaces',
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('replaced', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_alert_replaces_alert')),
    sa.ForeignKeyConstraint(['replaced'], ['alerts.id'], name=op.f('fk_alert_replaces_replaced')),
    sa.PrimaryKeyConstraint('alert', 'replaced', name=op.f('pk_alert_replaces'))
    )
    with op.batch_alter_table('alert_replaces', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_replaces_replaced'), ['replaced'], unique=False)

    op.create_table('broadcasts',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('mode', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=True),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('audience', sa.JSON(), nullable=False),
    sa.Column('channels', sa.JSON(), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('highest_subscriber', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('people', sa.JSON(), nullable=False),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('cursor_channel', sa.Integer(), nullable=False),
    sa.Column('expanded', sa.DateTime(timezone=True), nullable=True),
    sa.Column('stopped', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_reason', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_broadcasts_alert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broadcasts')),
    sa.UniqueConstraint('alert', name=op.f('uq_broadcasts_alert'))
    )
    op.create_table('feed_entries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('sender', sa.String(), nullable=False),
    sa.Column('identifier', sa.String(), nullable=False),
    sa.Column('sent', sa.DateTime(timezone=True), nullable=True),
    sa.Column('msg_type', sa.String(), nullable=False),
    sa.Column('event', sa.Text(), nullable=False),
    sa.Column('references', sa.JSON(), nullable=False),
    sa.Column('vtec', sa.JSON(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('content_hash', sa.String(), nullable=False),
    sa.Column('raw', sa.LargeBinary(), nullable=False),
    sa.Column('decision', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('alert', sa.String(), nullable=True),
    sa.Column('received', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_feed_entries_alert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_entries'))
    )
    with op.batch_alter_table('feed_entries', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feed_entries_content_hash'), ['content_hash'], unique=False)
        batch_op.create_index('ix_feed_entries_identity', ['feed', 'identifier'], unique=False)
        batch_op.create_index('ix_feed_entries_sender', ['sender', 'received'], unique=False)

    op.create_table('findings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('blocking', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_findings_alert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_findings'))
    )
    with op.batch_alter_table('findings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_findings_alert'), ['alert'], unique=False)

    op.create_table('idempotency_keys',
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('request_hash', sa.String(), nullable=False),
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_idempotency_keys_alert')),
    sa.PrimaryKeyConstraint('token', 'key', name=op.f('pk_idempotency_keys'))
    )
    op.create_table('messages',
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.Column('characters', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_messages_alert')),
    sa.PrimaryKeyConstraint('alert', 'channel', 'language', name=op.f('pk_messages'))
    )
    op.create_table('reviews',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('verb', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('digest', sa.String(), nullable=True),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_reviews_alert')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reviews'))
    )
    with op.batch_alter_table('reviews', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reviews_alert'), ['alert'], unique=False)

    op.create_table('broadcast_messages',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('broadcast', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('segments', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['broadcast'], ['broadcasts.id'], name=op.f('fk_broadcast_messages_broadcast')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_broadcast_messages')),
    sa.UniqueConstraint('broadcast', 'channel', 'language', name=op.f('uq_broadcast_messages_broadcast_channel_language'))
    )
    op.create_table('shown',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('entry', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('message', sa.JSON(), nullable=False),
    sa.Column('zones', sa.JSON(), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['entry'], ['feed_entries.id'], name=op.f('fk_shown_entry')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shown'))
    )
    op.create_table('deliveries',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('broadcast', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('recipient', sa.String(), nullable=False),
    sa.Column('subscriber', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
    sa.Column('message', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('priority', sa.Integer(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('holder', sa.String(), nullable=True),
    sa.Column('lease', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('changed', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['broadcast'], ['broadcasts.id'], name=op.f('fk_deliveries_broadcast')),
    sa.ForeignKeyConstraint(['message'], ['broadcast_messages.id'], name=op.f('fk_deliveries_message')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliveries')),
    sa.UniqueConstraint('broadcast', 'channel', 'recipient', name=op.f('uq_deliveries_broadcast_channel_recipient'))
    )
    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.create_index('ix_deliveries_broadcast_state', ['broadcast', 'state', 'channel'], unique=False)
        batch_op.create_index('ix_deliveries_claim', ['channel', 'priority', 'due', 'id'], unique=False, sqlite_where=sa.text("state = 'queued'"), postgresql_where=sa.text("state = 'queued'"))
        batch_op.create_index('ix_deliveries_leased', ['lease'], unique=False, sqlite_where=sa.text("state = 'leased'"), postgresql_where=sa.text("state = 'leased'"))
        batch_op.create_index('ix_deliveries_recipient', ['recipient'], unique=False)
        batch_op.create_index('ix_deliveries_waiting', ['due'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))

    op.create_table('attempts',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('delivery', sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('provider_id', sa.String(), nullable=True),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('changed', sa.DateTime(timezone=True), nullable=False),
    sa.Column('not_found', sa.DateTime(timezone=True), nullable=True),
    sa.Column('asked', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery'], ['deliveries.id'], name=op.f('fk_attempts_delivery')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attempts')),
    sa.UniqueConstraint('delivery', 'number', name=op.f('uq_attempts_delivery_number'))
    )
    with op.batch_alter_table('attempts', schema=None) as batch_op:
        batch_op.create_index('ix_attempts_accepted', ['changed'], unique=False, sqlite_where=sa.text("state = 'accepted'"), postgresql_where=sa.text("state = 'accepted'"))
        batch_op.create_index('ix_attempts_sending', ['started'], unique=False, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
        batch_op.create_index('ix_attempts_unknown', ['started'], unique=False, sqlite_where=sa.text("state = 'unknown'"), postgresql_where=sa.text("state = 'unknown'"))

    op.execute(sa.text("INSERT INTO audit_head (id, entry, mac) VALUES (1, 0, :mac)").bindparams(mac="0" * 64))
