"""runs.parquet and metrics.parquet, through pyarrow."""

from collections.abc import Iterator, Sequence
from typing import Any

from console.exporting import tables
from console.exporting.parts import Parts
from console.exporting.record import Chosen


def arrow() -> tuple[Any, Any]:
    """pyarrow and its Parquet; ValueError with the mend where it is not installed."""
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise ValueError("Parquet needs pyarrow: install trajconsole[export], or export as --csv") from None
    return pyarrow, parquet


def write(parts: Parts, chosen: Sequence[Chosen]) -> Iterator[int]:
    """After each run, how many figures there are so far. A run is a row group of metrics.parquet."""
    pa, parquet = arrow()
    columns = tables.of_runs(chosen)
    types = {name: _type(pa, name) for name in columns}
    arrays = {name: pa.array(values, types[name]) for name, values in columns.items()}
    parquet.write_table(pa.table(arrays), parts.path("runs.parquet"))
    word, kinds = pa.dictionary(pa.int32(), pa.string()), {"step": pa.int64(), "epoch": pa.int64()}
    kinds |= {"time": pa.float64(), "value": pa.float64()}
    schema = pa.schema([(name, kinds.get(name, word)) for name in tables.METRICS])
    count = 0
    with parquet.ParquetWriter(parts.path("metrics.parquet"), schema) as out:
        for item in chosen:
            found = list(tables.of_rows(item.rows()))
            about = [[text] * len(found) for text in (item.entry.run, item.entry.worker, item.entry.host)]
            values = [*about, *(list(column) for column in zip(*found, strict=True))]
            if found:
                table = [pa.array(column, field.type) for column, field in zip(values, schema, strict=True)]
                out.write_batch(pa.record_batch(table, schema=schema))
            count += len(found)
            yield count


def _type(pa: Any, name: str) -> Any:
    if name in tables.TEXTS or name.startswith("origin."):
        return pa.string()
    return pa.int64() if name in tables.COUNTS else pa.float64()
