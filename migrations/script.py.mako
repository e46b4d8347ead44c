"""${message}."""

${imports if imports else ""}
import sqlalchemy as sa
from alembic import op

import bot.storage.tables
from bot.storage.schema import NO_WAY_BACK

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise NotImplementedError(NO_WAY_BACK)
