"""Runs every query in DuckDB and compares it, cell by cell, with DataFusion and with the answer worked out by hand.

usage: against_duckdb.py QUERIES WORLD RUN
  QUERIES  folder with the queries, NN-name.sql
  WORLD    folder of one world of fixtures, with NN-name.csv where it has an answer
  RUN      folder with helpers/tables.sql, and answers.csv: all queries as `sts-adoption --format csv` wrote them

Shares may differ by 1e-6, which is what six decimals of two roundings can; everything else must be the same.
"""

import csv
import datetime
import math
import pathlib
import sys

import duckdb


def shown(value):
    """A value as `sts-adoption --format csv` writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".")
    return str(value)


def same(left, right):
    if left == right:
        return True
    try:
        return math.isclose(float(left), float(right), rel_tol=0, abs_tol=1e-6) and "." in left + right
    except ValueError:
        return False


def read(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def answers(path):
    """The tables of a document of several, by the query's name: each follows a line `# name: title`."""
    tables = {}
    for block in ("\n" + path.read_text(encoding="utf-8")).split("\n# ")[1:]:
        head, _, table = block.partition("\n")
        rows = list(csv.reader(table.strip("\n").splitlines()))
        # The programs mark small denominators beside what the query gives.
        marked = bool(rows) and rows[0][-1] == "small"
        tables[head.partition(":")[0]] = [row[:-1] for row in rows] if marked else rows
    return tables


def compare(query, named, other, rows, engine="DuckDB"):
    """Differences between an engine's rows and another's, as lines to print."""
    if len(rows) != len(other):
        yield f"{query}: {len(rows) - 1} rows in {engine}, {len(other) - 1} {named}"
    for number, (left, right) in enumerate(zip(rows, other)):
        if len(left) != len(right):
            yield f"{query}, row {number}: {len(left)} columns in {engine}, {len(right)} {named}"
        for column, one, two in zip(rows[0], left, right):
            if not same(one, two):
                yield f"{query}, row {number}, {column}: {one!r} in {engine}, {two!r} {named}"


def main(queries, world, run):
    connection = duckdb.connect()
    connection.execute((run / "helpers" / "tables.sql").read_text(encoding="utf-8"))
    differences, cells, count = [], 0, 0
    found = answers(run / "answers.csv")
    for path in sorted(queries.glob("*.sql")):
        result = connection.execute(path.read_text(encoding="utf-8"))
        header = [column[0] for column in result.description]
        rows = [header] + [[shown(value) for value in row] for row in result.fetchall()]
        answer = path.with_suffix(".csv").name
        if (world / answer).exists():
            differences += compare(path.stem, "by hand", read(world / answer), rows)
        differences += compare(path.stem, "in DataFusion", found[path.stem[3:]], rows)
        cells += sum(len(row) for row in rows[1:])
        count += 1
    for line in differences:
        print(line, file=sys.stderr)
    if differences or not count or not cells:
        sys.exit(f"{world.name}: {len(differences)} differences over {count} queries, {cells} cells")
    print(f"{world.name}: {count} queries, {cells} cells: DuckDB {duckdb.__version__}, DataFusion and the fixtures agree")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:]))
