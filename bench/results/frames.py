"""Records as frames: a row per run and a column per metric; curves in long form; pictures as arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bench.analysis import variant_labels
from bench.column import Columns
from bench.identity import SETTINGS_ID, VARIANT_VERSION, variant_of
from bench.results.record import unpack_array
from bench.results.schema import IDENTITY, PROVENANCE, SCHEMA

ORDER = ["dataset", "method", "seed"]
PROTOCOL = "protocol_"
"""What the names of columns begin with that say by which protocol a metric was measured."""
VARIANTS = b"bench.variants"
"""What says in a compacted file's header which version of `variant_of` it holds."""
RESERVED = frozenset({*SCHEMA.names, "variant", SETTINGS_ID})
"""Names that no figure can have."""
CURVES = pa.schema(
    [
        pa.field("run_id", pa.dictionary(pa.int32(), pa.string())),
        pa.field("step", pa.int64()),
        pa.field("metric", pa.dictionary(pa.int32(), pa.string())),
        pa.field("value", pa.float64()),
    ]
)
PICTURES = pa.schema([SCHEMA.field(name) for name in ("run_id", "samples", "reference")])


def wide_frame(records: pa.Table) -> pd.DataFrame:
    """A row per record: identity, metrics, provenance, labels and protocols, each a column.

    Args:
        records: rows of `SCHEMA`, without its bulky columns at least.
    """
    frame = records.select([*IDENTITY, *PROVENANCE]).to_pandas(types_mapper=_pandas_type)
    parts = [
        frame[list(IDENTITY)].assign(**{SETTINGS_ID: _settings_ids(frame["config"])}),
        _expanded(records, "metrics").astype("float64"),
        frame[list(PROVENANCE)],
        _expanded(records, "labels").astype("str"),
        _expanded(records, "protocols").astype("str").add_prefix(PROTOCOL),
    ]
    whole: pd.DataFrame = pd.concat(parts, axis="columns")
    return whole


def from_compacted(table: pa.Table) -> pd.DataFrame:
    """The frame that was stored in a compacted file, by this version or an earlier one."""
    frame: pd.DataFrame = table.to_pandas(types_mapper=_pandas_type)
    known = (table.schema.metadata or {}).get(VARIANTS) == str(VARIANT_VERSION).encode()
    # the variant depends on which rows there are
    frame = frame.drop(columns=["variant", *([] if known else [SETTINGS_ID])], errors="ignore")
    if SETTINGS_ID not in frame and "config" in frame:
        frame.insert(list(frame.columns).index("config") + 1, SETTINGS_ID, _settings_ids(frame["config"]))
    return frame


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of several frames, in the order dataset, method, seed."""
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    whole = filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)
    return whole.sort_values(ORDER, ignore_index=True, kind="stable")


def order_columns(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """The frame with its columns in the order of printing: identity, figures, provenance, labels, protocols.

    Each figure is followed by its standard error and its number of examples.
    """
    leading = _order_identity()
    known = {*leading, *PROVENANCE}
    names = [str(name) for name in frame]
    protocols = sorted(name for name in names if name.startswith(PROTOCOL))
    others = [name for name in names if name not in known and name not in protocols]
    figures = [name for name in others if pd.api.types.is_float_dtype(frame[name])]
    labels = [name for name in others if name not in figures]
    identity = [name for name in leading if name in frame]
    provenance = [name for name in PROVENANCE if name in frame]

    def position(name: str) -> tuple[tuple[int, bool, float, str], bool, str]:
        of = name if name in columns else columns.companion_of(name)
        return columns.sort_key(of or name), name != of, name

    return frame[[*identity, *sorted(figures, key=position), *provenance, *sorted(labels), *protocols]]


def finish_frame(frame: pd.DataFrame, columns: Columns) -> pd.DataFrame:
    """The frame as people get it: with the column `variant`, and its columns in the order of printing."""
    return order_columns(frame.assign(variant=variant_labels(frame)), columns)


def curves_of(records: pa.Table) -> pa.Table:
    """Learning curves of records in long form, a row per point, with the schema `CURVES`."""
    lists = records["curves"].combine_chunks() if records.num_rows else pa.array([], SCHEMA.field("curves").type)
    points, parents = lists.flatten(), pc.list_parent_indices(lists)
    parts = [
        records["run_id"].combine_chunks().take(parents) if records.num_rows else pa.array([], pa.string()),
        *(points.field(name) for name in ("step", "metric", "value")),
    ]
    return pa.table([part.cast(field.type) for part, field in zip(parts, CURVES, strict=True)], schema=CURVES)


def curves_frame(table: pa.Table) -> pd.DataFrame:
    """`run_id, step, metric, value`, the texts as categories: a long run has thousands of points."""
    frame: pd.DataFrame = table.unify_dictionaries().to_pandas()
    return frame


def pictures_frame(table: pa.Table) -> pd.DataFrame:
    """Samples and reference data of the runs that have them, as arrays: run_id, samples, reference."""
    rows = [
        (row["run_id"], unpack_array(row["samples"]), unpack_array(row["reference"]))
        for row in table.select(PICTURES.names).to_pylist()
        if row["samples"] is not None and row["reference"] is not None
    ]
    return pd.DataFrame(rows, columns=PICTURES.names)


def _order_identity() -> list[str]:
    """Identity with what follows from it: the variant behind the method, the settings' hash behind the settings."""
    names = list(IDENTITY)
    names.insert(names.index("method") + 1, "variant")
    names.insert(names.index("config") + 1, SETTINGS_ID)
    return names


def _settings_ids(configs: Iterable[str]) -> list[str]:
    return [variant_of(json.loads(config)) for config in configs]


def _expanded(table: pa.Table, column: str) -> pd.DataFrame:
    """A map column as one column per key."""
    return pd.DataFrame([dict(cell or ()) for cell in table[column].to_pylist()], index=range(table.num_rows))


def _pandas_type(kind: pa.DataType) -> object:
    """Integers and truth values that may be missing keep their type."""
    return {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)
