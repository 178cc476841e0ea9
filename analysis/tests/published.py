"""Reads published datasets by their metadata, with programs that others use, and holds them against one another.

mlcroissant and frictionless check the metadata and read the tables by it; DuckDB and pandas read the files that the
metadata name, with the columns and rows that they tell of; DuckDB asks the published queries again.

usage: published.py DIRECTORY...
"""

import csv
import json
import os
import pathlib
import sys

import duckdb
import frictionless
import mlcroissant
import pandas

from against_duckdb import same, shown


def check(what, found, expected):
    if found != expected:
        sys.exit(f"published: {what}: found {found!r}, expected {expected!r}")


def check_frictionless():
    report = frictionless.validate("datapackage.json")
    faults = [f"{task.name}: {error.note}" for task in report.tasks for error in task.errors]
    check("frictionless", (report.valid, faults + [error.note for error in report.errors]), (True, []))
    package = json.loads(pathlib.Path("datapackage.json").read_text())
    check("resources that frictionless read", report.stats["tasks"], len(package["resources"]))
    return package


def check_croissant(rows):
    dataset = mlcroissant.Dataset(jsonld="croissant.json")
    issues = dataset.metadata.ctx.issues
    check("mlcroissant: errors", list(issues.errors), [])
    check("mlcroissant: warnings", list(issues.warnings), [])
    check("mlcroissant: version", dataset.metadata.ctx.conforms_to.value, "http://mlcommons.org/croissant/1.1")
    sets = [record_set.name for record_set in dataset.metadata.record_sets]
    check("record sets", sorted(sets), sorted(table for table, count in rows.items() if count))
    for name in sets:
        check(f"rows of {name} in mlcroissant", sum(1 for _ in dataset.records(name)), rows[name])
    return len(sets)


def check_tables(package):
    rows, described = {}, {}
    for resource in package["resources"]:
        if resource["format"] != "parquet":
            continue
        columns = [field["name"] for field in resource["schema"]["fields"]]
        found = duckdb.sql(f"SELECT * FROM '{resource['path']}'")
        check(f"{resource['path']}: columns in DuckDB", found.columns, columns)
        frame = pandas.read_parquet(resource["path"])
        check(f"{resource['path']}: columns in pandas", list(frame.columns), columns)
        check(f"{resource['path']}: rows in pandas", len(frame), resource["rows"])
        check(f"{resource['path']}: rows in DuckDB", len(found.fetchall()), resource["rows"])
        rows[resource["table"]] = rows.get(resource["table"], 0) + len(frame)
        described[resource["table"]] = columns
    kept = duckdb.sql("""
        SELECT "table", "column" FROM 'dictionary/columns.parquet' WHERE withheld IS NULL
    """).fetchall()
    for table, columns in described.items():
        check(f"dictionary of {table}", [column for of, column in kept if of == table], columns)
    return rows


def check_queries():
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(pathlib.Path("queries/tables.sql").read_text())
    sections = pathlib.Path("queries/queries.sql").read_text().split("\n-- query: ")[1:]
    check("a query each table of numbers", len(sections), len(os.listdir("numbers")))
    cells = 0
    for section in sections:
        name, text = section.split("\n", 1)
        answer = database.execute(text)
        found = [[column[0] for column in answer.description]]
        found += [[shown(value) for value in row] for row in answer.fetchall()]
        with open(f"numbers/{name}.csv", newline="") as file:
            told = list(csv.reader(file))
        check(f"rows of {name} in DuckDB", len(found), len(told))
        for one, other in zip(found, told):
            if not all(map(same, one, other)) or len(one) != len(other):
                sys.exit(f"published: {name}: DuckDB gives {one}, published is {other}")
            cells += len(one)
    return len(sections), cells


def main(directories):
    for directory in directories:
        os.chdir(directory)
        package = check_frictionless()
        rows = check_tables(package)
        sets = check_croissant(rows)
        queries, cells = check_queries()
        print(
            f"{directory}: {len(package['resources'])} resources in frictionless, {sets} record sets in mlcroissant, "
            f"{sum(rows.values())} rows in DuckDB and pandas, {queries} queries with {cells} cells repeated in DuckDB"
        )


if __name__ == "__main__":
    main([os.path.abspath(directory) for directory in sys.argv[1:]])
