"""Runs what the programs print for Spark and DuckDB, and compares it with DataFusion; reads the series in Spark.

usage: check.py RUN MASTER
  RUN     folder with spark.sql and duckdb.sql as `--print-sql` wrote them, answers.csv with the same tables by
          DataFusion, and series/ as `sts-publish --series` wrote it
  MASTER  where Spark runs

Shares may differ by 1e-6, which is what six decimals of two roundings can; everything else must be the same.
"""

import datetime
import pathlib
import re
import sys

import duckdb
import pyarrow.parquet
import pyspark
from pyspark.sql import SparkSession

sys.path.insert(0, "analysis/tests")
from against_duckdb import answers, compare, shown  # noqa: E402

TABLES = ("domains", "mx_hosts", "certificates", "assessments")


def statements(text):
    """The statements of what was printed, each with the name of the table that it answers, or None."""
    for block in text.split(";\n"):
        table = re.search(r"^-- table: (\S+)$", block, re.MULTILINE)
        sql = "\n".join(line for line in block.splitlines() if not line.startswith("--")).strip()
        if sql:
            yield table and table.group(1), sql


def without_comments(text):
    """What was printed, but for comments: a line of them may end as a statement does."""
    kept = [line for line in text.splitlines() if not line.startswith("--") or line.startswith("-- table: ")]
    return "\n".join(kept) + "\n"


def in_spark(spark, text):
    rows = {}
    for table, sql in statements(without_comments(text)):
        frame = spark.sql(sql)
        if table:
            rows[table] = [frame.columns] + [[shown(value) for value in row] for row in frame.collect()]
            print(f"spark: {table}: {len(rows[table]) - 1} rows", flush=True)
    return rows


def in_duckdb(text):
    rows, connection = {}, duckdb.connect()
    for table, sql in statements(without_comments(text)):
        result = connection.execute(sql)
        if table:
            header = [column[0] for column in result.description]
            rows[table] = [header] + [[shown(value) for value in row] for row in result.fetchall()]
    return rows


def plain(value):
    """A cell without what the two readers say otherwise: rows as dicts, times of UTC without their zone."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, pyspark.sql.Row):
        return {name: plain(cell) for name, cell in value.asDict().items()}
    if isinstance(value, dict):
        return {name: plain(cell) for name, cell in value.items()}
    if isinstance(value, list):
        return [plain(cell) for cell in value]
    return value


def series_differences(spark, series):
    """Differences between the series in Spark and its files, as lines; and the rows and cells compared."""
    found, rows, cells = [], 0, 0
    for table in TABLES:
        frame = spark.read.option("mergeSchema", "true").parquet(str(series / table))
        if dict(frame.dtypes)["scan"] != "string":
            found.append(f"series, {table}: scan is {dict(frame.dtypes)['scan']}, not text")
        columns = [column for column in frame.columns if column != "snapshot"]
        read = sorted(repr([plain(cell) for cell in row]) for row in frame.select(columns).collect())
        written = []
        for part in sorted((series / table).glob("snapshot=*/part-*.parquet")):
            whole = pyarrow.parquet.ParquetFile(part).read().to_pylist()
            written += [repr([plain(row.get(column)) for column in columns]) for row in whole]
        if read != sorted(written):
            unlike = sum(one != two for one, two in zip(read, sorted(written)))
            found.append(f"series, {table}: {len(read)} rows in Spark, {len(written)} written, {unlike} differ")
        rows += len(written)
        cells += len(written) * len(columns)
    return found, rows, cells


def main(run, master):
    builder = SparkSession.builder.master(master).appName("spark-check")
    for key, value in {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        # Small tables: what takes the time is the number of tasks.
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.memory": "4g",
        "spark.sql.adaptive.enabled": "false",
        # And to compile each plan for so few rows takes longer than to run it as it is.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.warehouse.dir": str(run / "warehouse"),
        "spark.local.dir": str(run / "spark"),
    }.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    differences, rows, cells = series_differences(spark, run / "series")
    print(f"series: {rows} rows, {cells} cells read by Spark {pyspark.__version__}", flush=True)
    of_duckdb = in_duckdb((run / "duckdb.sql").read_text(encoding="utf-8"))
    of_spark = in_spark(spark, (run / "spark.sql").read_text(encoding="utf-8"))
    spark.stop()
    expected, cells, empty = answers(run / "answers.csv"), 0, []
    for table, answer in expected.items():
        if table not in of_spark or table not in of_duckdb:
            differences.append(f"{table}: not printed")
            continue
        differences += compare(table, "in DataFusion", answer, of_spark[table], "Spark")
        differences += compare(table, "in DataFusion", answer, of_duckdb[table])
        cells += sum(len(row) for row in of_spark[table][1:])
        empty += [table] if len(of_spark[table]) < 2 else []
    for line in differences:
        print(line, file=sys.stderr)
    if empty:
        print(f"without rows here: {', '.join(empty)}")
    if differences or not expected or not cells:
        sys.exit(f"{len(differences)} differences over {len(expected)} tables, {cells} cells")
    print(
        f"{len(expected)} tables, {cells} cells: Spark {pyspark.__version__} ({master}), "
        f"DuckDB {duckdb.__version__} and DataFusion agree"
    )


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), sys.argv[2])
