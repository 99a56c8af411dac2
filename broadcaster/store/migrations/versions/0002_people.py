"""The people's side: bundles, notices, notes, switches; who is on duty and in which language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('bundles',
    sa.Column('id', sa.String(), nullable=False),
    sa.Column('incident', sa.String(), nullable=False),
    sa.Column('template', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bundles'))
    )
    with op.batch_alter_table('bundles', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bundles_incident'), ['incident'], unique=False)

    op.create_table('notices',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('step', sa.Integer(), nullable=False),
    sa.Column('person', sa.String(), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('due', sa.DateTime(timezone=True), nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=True),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notices')),
    sa.UniqueConstraint('about', 'step', 'person', 'channel', name=op.f('uq_notices_about_step_person_channel'))
    )
    with op.batch_alter_table('notices', schema=None) as batch_op:
        batch_op.create_index('ix_notices_state_due', ['state', 'due'], unique=False)

    op.create_table('switches',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('on', sa.Boolean(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_switches'))
    )
    op.create_table('notes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('incident', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['incident'], ['incidents.id'], name=op.f('fk_notes_incident')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notes'))
    )
    with op.batch_alter_table('notes', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notes_incident'), ['incident'], unique=False)

    op.create_table('sessions',
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seen', sa.DateTime(timezone=True), nullable=False),
    sa.Column('origin', sa.String(), nullable=False),
    sa.Column('agent', sa.String(), nullable=False),
    sa.Column('via', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_sessions_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_sessions'))
    )
    with op.batch_alter_table('sessions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sessions_user_id'), ['user_id'], unique=False)

    op.create_table('challenges',
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=True),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_challenges_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_challenges'))
    )
    with op.batch_alter_table('challenges', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_challenges_expires'), ['expires'], unique=False)
        batch_op.create_index(batch_op.f('ix_challenges_user_id'), ['user_id'], unique=False)

    op.create_table('invitations',
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('roles', sa.JSON(), nullable=False),
    sa.Column('phone', sa.String(), nullable=True),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('created', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('hash', name=op.f('pk_invitations'))
    )
    with op.batch_alter_table('invitations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_invitations_email'), ['email'], unique=False)

    op.create_table('proposals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('seen_by', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_proposals'))
    )

    op.create_table('phrase_signatures',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('template', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('hash', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_phrase_signatures')),
    sa.UniqueConstraint('template', 'language', 'hash', name=op.f('uq_phrase_signatures_template_language_hash'))
    )

    with op.batch_alter_table('alerts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('bundle', sa.String(), nullable=True))
        batch_op.create_index(batch_op.f('ix_alerts_bundle'), ['bundle'], unique=False)

    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.add_column(sa.Column('language', sa.String(), server_default='en', nullable=False))
        batch_op.add_column(sa.Column('on_duty', sa.Boolean(), server_default=sa.true(), nullable=False))
        batch_op.add_column(sa.Column('notify_order', sa.Integer(), server_default='0', nullable=False))
        batch_op.add_column(sa.Column('last_login', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('password_until', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('channel_states', schema=None) as batch_op:
        batch_op.add_column(sa.Column('length', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('url_length', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('learned_from', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('learned', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('feed_entries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('zones', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('ends', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('level', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('awaits', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('decided_by', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('decided_reason', sa.Text(), nullable=True))
        only = sa.text('awaits IS NOT NULL')
        batch_op.create_index('ix_feed_entries_awaits', ['awaits'], sqlite_where=only, postgresql_where=only)
        batch_op.create_index('ix_feed_entries_feed', ['feed', 'id'], unique=False)

    with op.batch_alter_table('zones', schema=None) as batch_op:
        batch_op.add_column(sa.Column('codes', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('changed', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('feed_states', schema=None) as batch_op:
        batch_op.add_column(sa.Column('changed', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('digest', sa.String(), nullable=True))
        batch_op.add_column(sa.Column('memory', sa.JSON(), nullable=True))

    with op.batch_alter_table('polls', schema=None) as batch_op:
        batch_op.add_column(sa.Column('took', sa.Integer(), nullable=True))
        batch_op.drop_index('ix_polls_feed')
        batch_op.create_index('ix_polls_feed_at', ['feed', 'at'], unique=False)

    with op.batch_alter_table('shown', schema=None) as batch_op:
        batch_op.create_index('ix_shown_state', ['state', 'expires'], unique=False)

    op.create_table('feed_documents',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('content_type', sa.String(), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feed_documents'))
    )
    op.create_index(op.f('ix_feed_documents_feed'), 'feed_documents', ['feed'], unique=False)
    op.create_table('feed_references',
    sa.Column('entry', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('identifier', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['entry'], ['feed_entries.id'], name=op.f('fk_feed_references_entry')),
    sa.PrimaryKeyConstraint('entry', 'identifier', name=op.f('pk_feed_references'))
    )
    op.create_index(op.f('ix_feed_references_identifier'), 'feed_references', ['identifier'], unique=False)
    _name_references()
    _rules()


def _name_references() -> None:
    """Rows for the references of entries that are here already."""
    old = sa.table('feed_entries', sa.column('id'), sa.column('references', sa.JSON()))
    new = sa.table('feed_references', sa.column('entry'), sa.column('identifier'))
    connection = op.get_bind()
    for row in connection.execute(sa.select(old.c.id, old.c.references)).all():
        for identifier in sorted({reference[1] for reference in row.references}):
            connection.execute(new.insert().values(entry=row.id, identifier=identifier))


def _rules() -> None:
    """Rules that release by themselves."""
    op.create_table('rule_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('by', sa.String(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('released', sa.Integer(), nullable=False),
    sa.Column('submitted', sa.Integer(), nullable=False),
    sa.Column('outcomes', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rule_runs'))
    )
    with op.batch_alter_table('rule_runs', schema=None) as batch_op:
        batch_op.create_index('ix_rule_runs_rule', ['rule', 'id'], unique=False)

    op.create_table('rule_armings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('first', sa.String(), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('second', sa.String(), nullable=True),
    sa.Column('armed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_by', sa.String(), nullable=True),
    sa.Column('ended_reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_rule_armings'))
    )
    with op.batch_alter_table('rule_armings', schema=None) as batch_op:
        batch_op.create_index('ix_rule_armings_rule', ['rule', 'id'], unique=False)

    op.create_table('rule_releases',
    sa.Column('alert', sa.String(), nullable=False),
    sa.Column('rule', sa.String(), nullable=False),
    sa.Column('entry', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('arming', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['alert'], ['alerts.id'], name=op.f('fk_rule_releases_alert')),
    sa.ForeignKeyConstraint(['arming'], ['rule_armings.id'], name=op.f('fk_rule_releases_arming')),
    sa.ForeignKeyConstraint(['entry'], ['feed_entries.id'], name=op.f('fk_rule_releases_entry')),
    sa.PrimaryKeyConstraint('alert', name=op.f('pk_rule_releases'))
    )
    with op.batch_alter_table('rule_releases', schema=None) as batch_op:
        batch_op.create_index('ix_rule_releases_rule', ['rule', 'at'], unique=False)
