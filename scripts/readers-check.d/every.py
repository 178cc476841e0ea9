"""Reads every table of datasets with each reader that pip and npm have, and says which cells are other than in
pyarrow.

usage: every.py WORK NODE_MODULES DATASET...

Ends with 1 where a reader that must read every cell does not. The last lines are the table of docs/readers.md.
"""

import collections
import datetime
import importlib.metadata
import json
import math
import pathlib
import shutil
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq

HERE = pathlib.Path(__file__).parent
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def plain(value):
    """A value as text, numbers, lists and dictionaries: times as `us` since 1970, with their zone or without."""
    if isinstance(value, datetime.datetime):
        if value != value:
            return None
        if value.tzinfo is None:
            return {"us without zone": (value - EPOCH.replace(tzinfo=None)) // MICROSECOND}
        return {"us": (value - EPOCH) // MICROSECOND}
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": bytes(value).hex()}
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


def columns_of(table):
    """The columns of an Arrow table."""
    return {name: [plain(value) for value in table.column(name).to_pylist()] for name in table.column_names}


def columns_of_frame(frame):
    return {str(name): [plain(value) for value in frame[name]] for name in frame.columns}


# Each takes a file, and a folder that it may write to.


def duckdb(path, _):
    import duckdb
    rows = duckdb.connect().sql(f"SELECT * FROM '{path}'")
    values = rows.fetchall()
    return {name: [plain(row[at]) for row in values] for at, name in enumerate(rows.columns)}


def polars(path, _):
    import polars
    return {name: [plain(value) for value in values] for name, values in polars.read_parquet(path).to_dict(as_series=False).items()}


def daft(path, _):
    import daft
    return {name: [plain(value) for value in values] for name, values in daft.read_parquet(str(path)).to_pydict().items()}


def datafusion(path, _):
    import datafusion
    return columns_of(datafusion.SessionContext().read_parquet(str(path)).to_arrow_table())


def pandas_arrow(path, _):
    import pandas
    return columns_of_frame(pandas.read_parquet(path, dtype_backend="pyarrow"))


def pandas_plain(path, _):
    import pandas
    return columns_of_frame(pandas.read_parquet(path))


def dask(path, _):
    import dask.dataframe
    return columns_of_frame(dask.dataframe.read_parquet(str(path)).compute())


def fastparquet(path, _):
    import fastparquet
    return columns_of_frame(fastparquet.ParquetFile(str(path)).to_pandas())


def chdb(path, _):
    """Texts come as bytes: ClickHouse tells them not apart."""
    import chdb
    query = f"SELECT * FROM file('{path}', Parquet) SETTINGS output_format_arrow_string_as_string = 0"
    return columns_of(pa.ipc.open_file(pa.py_buffer(chdb.query(query, "Arrow").bytes())).read_all())


def pyiceberg(path, folder):
    from pyiceberg.catalog.sql import SqlCatalog
    catalog = SqlCatalog("local", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    catalog.create_namespace_if_not_exists("tables")
    table = catalog.create_table("tables.one", schema=pq.read_schema(path))
    table.add_files([str(path)])
    return columns_of(table.scan().to_arrow())


def deltalake(path, folder):
    import deltalake
    shutil.copy(path, folder / "part-00000.parquet")
    deltalake.convert_to_deltalake(str(folder))
    return columns_of(pa.table(deltalake.QueryBuilder().register("one", deltalake.DeltaTable(str(folder))).execute("SELECT * FROM one").read_all()))


SPARK = []


def pyspark(path, _):
    from pyspark.sql import SparkSession
    if not SPARK:
        build = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false")
        SPARK.append(build.getOrCreate())
        SPARK[0].sparkContext.setLogLevel("OFF")
    rows = [row.asDict(recursive=True) for row in SPARK[0].read.parquet(str(path)).collect()]
    names = SPARK[0].read.parquet(str(path)).columns
    return {name: [plain(row[name]) for row in rows] for name in names}


def node(reader):
    def read(path, folder):
        done = subprocess.run(["node", HERE / "read.mjs", reader, NODE, path], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(next(line for line in done.stderr.splitlines() if "rror" in line))
        return json.loads(done.stdout)
    return read


# Name, package, how it reads, whether it must read every cell.
READERS = [
    ("DuckDB", "duckdb", duckdb, True),
    ("polars", "polars", polars, True),
    ("daft", "daft", daft, True),
    ("DataFusion", "datafusion", datafusion, True),
    ('pandas with `dtype_backend="pyarrow"`', "pandas", pandas_arrow, True),
    ("deltalake, `convert_to_deltalake`", "deltalake", deltalake, True),
    ("PySpark, `collect()`", "pyspark", pyspark, False),
    ("pandas by default", "pandas", pandas_plain, False),
    ("dask", "dask", dask, False),
    ("pyiceberg, `add_files`", "pyiceberg", pyiceberg, False),
    ("ClickHouse (chdb)", "chdb", chdb, False),
    ("fastparquet", "fastparquet", fastparquet, False),
    ("hyparquet with its compressors", "npm:hyparquet", node("hyparquet"), False),
    ("hyparquet with `utf8: false`", "npm:hyparquet", node("hyparquet-bytes"), False),
    ("parquet-wasm with apache-arrow", "npm:parquet-wasm", node("parquet-wasm"), False),
    ("@dsnp/parquetjs", "npm:@dsnp/parquetjs", node("parquetjs"), False),
]


def version(package):
    if package.startswith("npm:"):
        return json.loads((NODE / package[4:] / "package.json").read_text())["version"].removeprefix("v")
    return importlib.metadata.version(package)


def alike(want, found):
    """Whether two cells are one; texts of a reader that does not tell them from bytes may come as either."""
    if isinstance(want, list) and isinstance(found, list):
        return len(want) == len(found) and all(map(alike, want, found))
    if isinstance(want, dict) and isinstance(found, dict) and want.keys() == found.keys():
        return all(alike(want[key], found[key]) for key in want)
    if isinstance(want, str) and isinstance(found, dict) and found.keys() == {"bytes"}:
        return want.encode().hex() == found["bytes"]
    # JavaScript has one kind of number, and writes 0.0 as 0.
    if type(want) is float and type(found) is int:
        return want == found
    return type(want) is type(found) and want == found


def kind(want, found):
    """What happened to a cell, in words."""
    if found is None:
        return "null"
    if want is None:
        return "null becomes an empty list" if found == [] else f"null becomes {found}"
    if type(want) is int and type(found) is float:
        return "whole numbers become floats"
    if isinstance(want, bool) or isinstance(found, bool):
        return "booleans become something else"
    if isinstance(want, dict) and "us" in want:
        if isinstance(found, (int, float)):
            return "times are milliseconds with a fraction" if round(found * 1000) == want["us"] else "times are other numbers"
        return "times lose their zone" if "us without zone" in found else "times are cut to milliseconds"
    if isinstance(want, dict) and "bytes" in want:
        return "bytes become text"
    if isinstance(want, (list, dict)) and type(want) is type(found) and len(want) == len(found):
        pairs = zip(want, found) if isinstance(want, list) else ((want[key], found.get(key)) for key in want)
        return "inside: " + next(kind(*pair) for pair in pairs if not alike(*pair))
    return "another value"


def compare(read, tables, folder):
    """How many cells are other ones, by what happened and the columns; and the tables that cannot be read."""
    lost, unread = collections.defaultdict(lambda: [0, set()]), {}
    for label, path, truth in tables:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            found = read(path, folder)
            if list(found) != list(truth):
                raise RuntimeError(f"columns {sorted(set(truth) ^ set(found))}")
        except Exception as error:  # Whatever a reader does is a result.
            unread[label] = f"{type(error).__name__}: {' '.join(str(error).split())[:110]}"
            continue
        for name, cells in truth.items():
            if len(cells) != len(found[name]):
                unread[label] = f"{len(found[name])} rows in {name}, not {len(cells)}"
            for want, cell in zip(cells, found[name]):
                if not alike(want, cell):
                    seen = lost[kind(want, cell)]
                    seen[0] += 1
                    seen[1].add(f"{label.split('/')[-2]}.{name}")
    return lost, unread


def main():
    work = pathlib.Path(sys.argv[1])
    tables = []
    for dataset in map(pathlib.Path, sys.argv[3:]):
        for path in sorted(dataset.rglob("*.parquet")):
            tables.append((f"{dataset.name}/{path.relative_to(dataset)}", path.resolve(), columns_of(pq.read_table(path))))
    cells = sum(len(values) for _, _, truth in tables for values in truth.values())
    print(f"{len(tables)} tables, {cells} cells, against pyarrow {pa.__version__}")
    failed, rows = [], []
    for name, package, read, must in READERS:
        lost, unread = compare(read, tables, work / "reader")
        print(f"{name} {version(package)}: {'every cell' if not lost and not unread else ''}")
        for what, (count, columns) in sorted(lost.items(), key=lambda item: -item[1][0]):
            print(f"    {count} cells: {what}: {', '.join(sorted(columns)[:8])}{f' and {len(columns) - 8} more' if len(columns) > 8 else ''}")
        for label, why in unread.items():
            print(f"    {label} cannot be read: {why}")
        if must and (lost or unread):
            failed.append(name)
        told = "; ".join(what for what, _ in sorted(lost.items(), key=lambda item: -item[1][0]))
        unreadable = f"{len(unread)} of {len(tables)} tables cannot be read" if unread else ""
        rows.append(f"| {name} {version(package)} | {'yes' if not lost and not unread else 'no'} | {'; '.join(filter(None, [told, unreadable]))} |")
    print("\n".join(rows))
    if failed:
        sys.exit(f"readers-check: must read every cell, and did not: {', '.join(failed)}")


if __name__ == "__main__":
    NODE = pathlib.Path(sys.argv[2]).resolve()
    main()
