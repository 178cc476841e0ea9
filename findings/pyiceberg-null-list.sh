#!/usr/bin/env bash
# pyiceberg reads a null list of structs as an empty list. Needs python3 with venv, and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "pyiceberg[sql-sqlite]==0.12.0" pyarrow==25.0.1
cat <<'TEXT'
pyiceberg 0.12.0, pyarrow 25.0.1
expected: a null list stays null. An optional list of Iceberg is null or has items, which is not the same (Iceberg
          table specification, "Nested Types": "fields may be optional or required"; Parquet's LogicalTypes.md,
          "Lists": the outer group says whether the list is null)
TEXT
"$work/venv/bin/python" - "$work" <<'PYTHON'
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

work = sys.argv[1]
item = pa.struct([("a", pa.string())])
rows = pa.table({
    "structs": pa.array([None, [], [{"a": "x"}]], pa.list_(item)),
    "texts": pa.array([None, [], ["x"]], pa.list_(pa.string())),
})
pq.write_table(rows, f"{work}/rows.parquet")
catalog = SqlCatalog("local", uri=f"sqlite:///{work}/catalog.db", warehouse=f"file://{work}")
catalog.create_namespace("n")
table = catalog.create_table("n.t", schema=rows.schema)
table.add_files([f"{work}/rows.parquet"])
found = table.scan().to_arrow().to_pydict()
print("written: ", rows.to_pydict())
print("read:    ", found)
as_described = {"structs": [[], [], [{"a": "x"}]], "texts": [None, [], ["x"]]}
if found != as_described:
    sys.exit(f"changed: it was {as_described}")
PYTHON
