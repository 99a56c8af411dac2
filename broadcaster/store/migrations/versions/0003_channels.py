"""Channels and mailboxes: threads and changes of posts, pins, browsers as subscribers, where a mailbox was read to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None
BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('number', sa.Integer(), nullable=False, server_default='0'))
        batch_op.drop_constraint(op.f('pk_messages'), type_='primary')
        batch_op.create_primary_key(op.f('pk_messages'), ['alert', 'channel', 'language', 'number'])
    with op.batch_alter_table('messages', schema=None) as batch_op:
        batch_op.alter_column('number', server_default=None)

    with op.batch_alter_table('broadcast_messages', schema=None) as batch_op:
        batch_op.add_column(sa.Column('number', sa.Integer(), nullable=False, server_default='0'))
        batch_op.drop_constraint(op.f('uq_broadcast_messages_broadcast_channel_language'), type_='unique')
        batch_op.create_unique_constraint(
            op.f('uq_broadcast_messages_broadcast_channel_language_number'),
            ['broadcast', 'channel', 'language', 'number'],
        )
    with op.batch_alter_table('broadcast_messages', schema=None) as batch_op:
        batch_op.alter_column('number', server_default=None)

    with op.batch_alter_table('deliveries', schema=None) as batch_op:
        batch_op.add_column(sa.Column('after', BIG, nullable=True))
        batch_op.add_column(sa.Column('edits', BIG, nullable=True))

    op.create_table('mailboxes',
    sa.Column('feed', sa.String(), nullable=False),
    sa.Column('validity', sa.BigInteger(), nullable=False),
    sa.Column('uid', sa.BigInteger(), nullable=False),
    sa.Column('again', sa.JSON(), nullable=False),
    sa.Column('begun', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('feed', name=op.f('pk_mailboxes'))
    )
    op.create_table('pins',
    sa.Column('delivery', BIG, nullable=False),
    sa.Column('refused', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['delivery'], ['deliveries.id'], name=op.f('fk_pins_delivery_deliveries')),
    sa.PrimaryKeyConstraint('delivery', name=op.f('pk_pins'))
    )
    with op.batch_alter_table('channel_states', schema=None) as batch_op:
        batch_op.add_column(sa.Column('checked', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('subscribers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('push', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('push_out', sa.DateTime(timezone=True), nullable=True))
        batch_op.create_unique_constraint(op.f('uq_subscribers_push'), ['push'])
