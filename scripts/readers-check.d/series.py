"""Reads each table of a series with the engines that read folders of Parquet, and holds them against the parts
themselves: the same rows, cell by cell, `scan` as text, and the snapshot of each row.

usage: series.py SERIES

Ends with 1 where an engine reads anything else.
"""

import collections
import json
import pathlib
import sys

import datafusion
import duckdb
import pandas
import polars
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from every import plain


def duckdb_rows(folder, _):
    rows = duckdb.connect().sql(
        f"SELECT * FROM read_parquet('{folder}/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'snapshot': VARCHAR}, union_by_name = true)"
    )
    kind = dict(zip(rows.columns, map(str, rows.types)))["scan"]
    return rows.columns, rows.fetchall(), kind == "VARCHAR"


def polars_rows(folder, newest):
    known = {"hive_partitioning": True, "try_parse_hive_dates": False}
    if newest:
        schema = polars.read_parquet_schema(newest)
        known = {"schema": schema, "missing_columns": "insert", "hive_schema": {"snapshot": polars.String}}
    frame = polars.scan_parquet(f"{folder}/", **known).collect()
    return frame.columns, frame.rows(), frame.schema["scan"] == polars.String


def of_table(table):
    names = table.column_names
    rows = list(zip(*(table.column(name).to_pylist() for name in names)))
    return names, rows, table.schema.field("scan").type in (pa.string(), pa.large_string(), pa.string_view())


def known(newest):
    """The columns of the newest layout, for pyarrow; nothing where the series has one layout."""
    if not newest:
        return {}
    return {"schema": pq.read_schema(newest).append(pa.field("snapshot", pa.string()))}


def dataset_rows(folder, newest):
    return of_table(pyarrow.dataset.dataset(folder, partitioning="hive", **known(newest)).to_table())


def read_table_rows(folder, newest):
    return of_table(pq.read_table(folder, **known(newest)))


def pandas_rows(folder, newest):
    frame = pandas.read_parquet(folder, dtype_backend="pyarrow", **known(newest))
    kind = frame.dtypes["scan"].pyarrow_dtype
    columns = list(frame.columns)
    return columns, list(zip(*(frame[name] for name in columns))), kind in (pa.string(), pa.large_string())


def datafusion_rows(folder, _):
    context = datafusion.SessionContext()
    context.register_parquet("one", f"{folder}/", table_partition_cols=[("snapshot", pa.string())])
    return of_table(context.sql("SELECT * FROM one").to_arrow_table())


ENGINES = {
    "DuckDB": (duckdb_rows, duckdb.__version__),
    "polars": (polars_rows, polars.__version__),
    "pyarrow.dataset": (dataset_rows, pa.__version__),
    "pyarrow.parquet.read_table": (read_table_rows, pa.__version__),
    "pandas": (pandas_rows, pandas.__version__),
    "DataFusion": (datafusion_rows, datafusion.__version__),
}


def counted(columns, rows):
    """The rows as a bag, each with its columns in the order of their names."""
    order = sorted(range(len(columns)), key=lambda at: columns[at])
    return collections.Counter(
        json.dumps([(columns[at], plain(row[at])) for at in order], sort_keys=True) for row in rows
    )


def parts(folder, newest):
    """The rows of a table by its parts alone, read file by file: null where a part of an older layout lacks a column
    of the newest; the snapshot is that of the folder."""
    columns, rows = pq.read_schema(newest).names, []
    for path in sorted(folder.glob("snapshot=*/part-*.parquet")):
        table = pq.ParquetFile(path).read()
        lacks = [None] * table.num_rows
        values = [table.column(name).to_pylist() if name in table.column_names else lacks for name in columns]
        rows.extend(row + (path.parent.name.removeprefix("snapshot="),) for row in zip(*values))
    return [*columns, "snapshot"], rows


def main(series):
    latest = json.loads((series / "latest.json").read_text())
    failed, total = [], 0
    layouts = {one["schema_version"] for one in latest["snapshots"]}
    for table in latest["latest"]["rows"]:
        newest = series / latest["latest"]["files"][table][0]
        columns, rows = parts(series / table, newest)
        told = sum(one["rows"][table] for one in latest["snapshots"])
        if len(rows) != told:
            sys.exit(f"series: {table} has {len(rows)} rows, latest.json tells of {told}")
        names = {row[columns.index("snapshot")] for row in rows}
        if names != {one["snapshot"] for one in latest["snapshots"]}:
            sys.exit(f"series: {table} has the snapshots {names}")
        want = counted(columns, rows)
        total += len(rows)
        for engine, (read, _) in ENGINES.items():
            try:
                found, cells, text = read(str(series / table), newest if len(layouts) > 1 else None)
            except Exception as error:  # Whatever an engine does is a result.
                failed.append(f"{engine}: {table}: {type(error).__name__}: {' '.join(str(error).split())[:200]}")
                continue
            if sorted(found) != sorted(columns):
                failed.append(f"{engine}: {table}: columns {sorted(set(found) ^ set(columns))}")
            elif counted(found, cells) != want:
                failed.append(f"{engine}: {table}: {len(cells)} rows, {len(rows)} are there, or cells differ")
            elif not text:
                failed.append(f"{engine}: {table}: scan is no text")
    if failed:
        sys.exit("\n".join(["series: not read alike:", *failed]))
    engines = ", ".join(f"{engine} {version}" for engine, (_, version) in ENGINES.items())
    scans = len(latest["snapshots"])
    print(f"series of {scans} scans (layouts {', '.join(sorted(layouts))}): {total} rows alike in {engines}; scan is text")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
