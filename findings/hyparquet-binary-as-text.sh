#!/usr/bin/env bash
# hyparquet reads a column of bytes as text, and what is not UTF-8 in it is lost. Needs node with npm.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-fund --no-audit hyparquet@1.33.0 hyparquet-writer@0.17.0 > /dev/null
cat <<'TEXT'
hyparquet 1.33.0
expected: bytes. A column of BYTE_ARRAY without a logical type has no encoding of text (Parquet's LogicalTypes.md,
          "String Types": only STRING says UTF-8)
TEXT
cat > read.mjs <<'SCRIPT'
import { parquetReadObjects } from "hyparquet";
import { parquetWriteBuffer } from "hyparquet-writer";

// The start of a certificate in DER.
const der = Uint8Array.from([0x30, 0x82, 0x03, 0xff]);
const file = parquetWriteBuffer({ columnData: [{ name: "der", data: [der], type: "BYTE_ARRAY" }] });
const [{ der: text }] = await parquetReadObjects({ file });
const [{ der: bytes }] = await parquetReadObjects({ file, utf8: false });
console.log("written:             ", der);
console.log("read:                ", JSON.stringify(text));
console.log("read, utf8: false:   ", bytes);
if (text !== "0\ufffd\u0003\ufffd" || Buffer.compare(Buffer.from(bytes), Buffer.from(der)) !== 0) {
  console.log("changed: it was \"0\\ufffd\\u0003\\ufffd\", and the bytes with utf8: false");
  process.exit(1);
}
SCRIPT
node read.mjs
