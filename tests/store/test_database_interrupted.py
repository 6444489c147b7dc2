"""An interrupt within a statement is an interrupt, and nothing is written."""

import pytest
import sqlalchemy as sa

from aiaas_magics.store import database as db


def test_an_interrupt_within_a_statement_comes_out_as_one(tmp_path):
    opened = db.Database(tmp_path / "aiaas.db")
    row = sa.insert(db.settings).values(name="x", value=b"1")

    def interrupt(cursor, statement, parameters, context):
        if statement.startswith("INSERT"):
            raise KeyboardInterrupt

    sa.event.listen(opened.engine, "do_execute", interrupt)
    with pytest.raises(KeyboardInterrupt), opened.write() as connection:
        connection.execute(row)
    sa.event.remove(opened.engine, "do_execute", interrupt)
    with opened.write() as connection:  # nobody holds the lock
        connection.execute(row)
        assert connection.execute(sa.select(sa.func.count()).select_from(db.settings)).scalar() == 1
    opened.close()
