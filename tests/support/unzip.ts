/** The files of a ZIP archive, by its central directory: stored or deflated, no ZIP64; enough for the packages made here. */
import { inflateRawSync } from 'node:zlib'

const endSignature = 0x06054b50
const entryBytes = 46

export const unzip = (archive: Buffer): ReadonlyMap<string, Buffer> => {
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endSignature) end--
  if (end < 0) throw new Error('not a ZIP archive')
  const files = new Map<string, Buffer>()
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [method, size] = [archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)]
    const [nameBytes, extraBytes, commentBytes] = [
      archive.readUInt16LE(at + 28),
      archive.readUInt16LE(at + 30),
      archive.readUInt16LE(at + 32),
    ]
    const name = archive.toString('utf8', at + entryBytes, at + entryBytes + nameBytes)
    const local = archive.readUInt32LE(at + 42)
    // The local header has a name and an extra field of its own length.
    const from = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const data = archive.subarray(from, from + size)
    if (!name.endsWith('/')) files.set(name, method === 0 ? data : inflateRawSync(data))
    at += entryBytes + nameBytes + extraBytes + commentBytes
  }
  return files
}
