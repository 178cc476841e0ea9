"""Reads every table of a dataset with DuckDB, pyarrow and pandas, and holds names, types and counts against the contract.

usage: readers.py columns.json DATASET
"""

import json
import pathlib
import sys

import duckdb
import pandas
import pyarrow.parquet

ARROW = {
    "text": "string",
    "int32": "int32",
    "int64": "int64",
    "bool": "bool",
    "timestamp_us": "timestamp[us, tz=UTC]",
    "binary": "binary",
    "list<text>": "list<element: string not null>",
    "list<int32>": "list<element: int32 not null>",
}


def check(what, found, expected):
    if found != expected:
        sys.exit(f"readers: {what}: found {found!r}, expected {expected!r}")


def main(contract_path, dataset):
    contract = json.loads(pathlib.Path(contract_path).read_text())
    manifest = json.loads((dataset / "manifest.json").read_text())
    check("schema_version", manifest["schema_version"], contract["schema_version"])
    check("complete", manifest["complete"], True)
    cells = 0
    for table in contract["tables"]:
        name, columns = table["name"], [column["name"] for column in table["columns"]]
        glob = f"{dataset}/{name}/*.parquet"

        arrow = pyarrow.parquet.read_table(dataset / name)
        check(f"{name}: columns in pyarrow", arrow.column_names, columns)
        for column in table["columns"]:
            field = arrow.schema.field(column["name"])
            check(f"{name}.{column['name']}: nullable", field.nullable, column["nullable"])
            if column["type"] in ARROW:
                check(f"{name}.{column['name']}: type", str(field.type), ARROW[column["type"]])

        rows = duckdb.sql(f"SELECT * FROM '{glob}'")
        check(f"{name}: columns in DuckDB", rows.columns, columns)
        count = len(rows.fetchall())
        check(f"{name}: rows in DuckDB", count, arrow.num_rows)

        frame = pandas.read_parquet(dataset / name)
        check(f"{name}: columns in pandas", list(frame.columns), columns)
        check(f"{name}: rows in pandas", len(frame), arrow.num_rows)
        cells += count * len(columns)
        print(f"{name:<14}{count:>8} rows {len(columns):>4} columns")
    check("rows of domains", manifest["sum"]["rows"], duckdb.sql(f"SELECT count(*) FROM '{dataset}/domains/*.parquet'").fetchall()[0][0])

    described = duckdb.sql(f"SELECT count(*) FROM '{dataset}/dictionary/columns.parquet'").fetchall()[0][0]
    check("columns in the dictionary", described, sum(len(table["columns"]) for table in contract["tables"]))
    unknown = duckdb.sql(f"""
        SELECT DISTINCT code FROM (SELECT unnest(findings) AS code FROM '{dataset}/assessments/*.parquet')
        WHERE code NOT IN (SELECT code FROM '{dataset}/dictionary/findings.parquet')
    """).fetchall()
    check("findings that the dictionary does not have", unknown, [])
    print(f"{cells} cells read three times, {described} columns described")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
