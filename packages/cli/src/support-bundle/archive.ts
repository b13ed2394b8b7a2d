import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";

/** A file of an archive. */
export interface Entry {
  readonly name: string;
  readonly text: string;
}

/** Writes a compressed archive that only its owner can read; fails when there is such a file. */
export async function writeArchive(path: string, entries: readonly Entry[], folder: string): Promise<void> {
  const tar = pack();
  const written = pipeline(tar, createGzip(), createWriteStream(path, { mode: 0o600, flags: "wx" }));
  for (const { name, text } of entries) tar.entry({ name: `${folder}/${name}`, mode: 0o600 }, text);
  tar.finalize();
  await written;
}
