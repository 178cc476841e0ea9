// Reads a Parquet file with a reader of npm, and prints its columns as every.py writes them.
// usage: read.mjs READER NODE_MODULES FILE

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [reader, modules, file] = process.argv.slice(2);
const require = createRequire(join(modules, "_"));
const load = (name) => import(pathToFileURL(require.resolve(name)));

function plain(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return { us: value.getTime() * 1000 };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (ArrayBuffer.isView(value)) return Array.from(value, plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value.toJSON === "function") return plain(value.toJSON());
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return value;
}

const columns = (names, rows) => Object.fromEntries(names.map((name) => [name, rows.map((row) => plain(row[name]))]));

const readers = {
  async hyparquet(options = {}) {
    const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await load("hyparquet");
    const { compressors } = await load("hyparquet-compressors");
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer);
    const names = [];
    for (let at = 1, left = metadata.schema[0].num_children; left > 0; left--) {
      names.push(metadata.schema[at].name);
      for (let open = 1; open > 0; at++) open += (metadata.schema[at].num_children ?? 0) - 1;
    }
    return columns(names, await parquetReadObjects({ file: buffer, compressors, ...options }));
  },
  "hyparquet-bytes": () => readers.hyparquet({ utf8: false }),
  async "parquet-wasm"() {
    const { readParquet } = require("parquet-wasm");
    const { tableFromIPC } = require("apache-arrow");
    const table = tableFromIPC(readParquet(readFileSync(file)).intoIPCStream());
    return Object.fromEntries(table.schema.fields.map(({ name }) => [name, Array.from(table.getChild(name), plain)]));
  },
  async parquetjs() {
    const { ParquetReader } = require("@dsnp/parquetjs");
    const parquet = await ParquetReader.openFile(file);
    const cursor = parquet.getCursor();
    const rows = [];
    for (let row = await cursor.next(); row; row = await cursor.next()) rows.push(row);
    return columns(Object.keys(parquet.getSchema().schema), rows);
  },
};

process.stdout.write(JSON.stringify(await readers[reader]()));
