"""How columns are read."""

from __future__ import annotations

from bench.column import Column
from bench.reporting.page.readings import collect_readings
from bench.reporting.tables.cells import Header, Table
from tests.analysis.declared import COLUMNS


def _table(*keys: tuple[str, str]) -> Table:
    return Table("ring", tuple(Header(COLUMNS.describe(metric), protocol) for metric, protocol in keys), ())


def test_readings_collect_the_protocols_of_a_column() -> None:
    tables = [_table(("fid", "fid/1"), ("fid", "fid/2"), ("kid", "kid/1")), _table(("elbo", ""), ("fid", "fid/1"))]
    (likelihood, (elbo,)), (features, (fid, kid)) = collect_readings(tables, COLUMNS)
    assert (likelihood, features) == ("Likelihood", "Features")
    assert [(reading.column.name, reading.protocols) for reading in (elbo, fid, kid)] == [
        ("elbo", ()),
        ("fid", ("fid/1", "fid/2")),
        ("kid", ("kid/1",)),
    ]


def test_readings_leave_out_what_only_one_table_knows_and_what_is_not_printed() -> None:
    own = Header(Column("elbo", "Mine", "Not what elsewhere is called so."), "")
    assert collect_readings([Table("ring", (own,), ()), _table(("parzen_n", ""))], COLUMNS) == []
