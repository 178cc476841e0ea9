#!/usr/bin/env bash
# fastparquet reads every list of structs as None, and times in UTC without their zone, both without a word.
# Needs python3 with venv, and PyPI.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fastparquet==2026.9.0 pandas==3.1.1 pyarrow==25.0.1
cat <<'TEXT'
fastparquet 2026.9.0, pandas 3.1.1; written by pyarrow 25.0.1
expected: the items, or an error for a type that is not supported; times of isAdjustedToUTC=true as instants (Parquet's
          LogicalTypes.md, "Lists" and "TIMESTAMP")
TEXT
"$work/venv/bin/python" - "$work/rows.parquet" <<'PYTHON'
import datetime
import sys

import fastparquet
import pyarrow as pa
import pyarrow.parquet as pq

path = sys.argv[1]
noon = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)
rows = pa.table({
    "structs": pa.array([[{"a": "x", "b": 1}], [], None], pa.list_(pa.struct([("a", pa.string()), ("b", pa.int32())]))),
    "texts": pa.array([["x"], [], None], pa.list_(pa.string())),
    "at": pa.array([noon, noon, None], pa.timestamp("us", tz="UTC")),
})
pq.write_table(rows, path)
frame = fastparquet.ParquetFile(path).to_pandas()
found = {"structs": list(frame["structs"]), "texts": [None if one is None else list(one) for one in frame["texts"]], "at": str(frame["at"].dtype)}
print("written: ", rows.to_pydict())
print("read:    ", found)
as_described = {"structs": [None, None, None], "texts": [["x"], [], None], "at": "datetime64[us]"}
if found != as_described:
    sys.exit(f"changed: it was {as_described}")
PYTHON
