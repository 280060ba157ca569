/**
 * The model mirror: `/{repo}/resolve/{revision}/{file}` as the hub lays it out, with Range, HEAD, ETag and CORS.
 *
 * What is served is what the policy's model cards name, looked up by the whole path: nothing of a request ever becomes
 * part of a file name. A file is offered only after its SHA-256 was found to be the card's, so a damaged copy is a 404.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ModelCard, ModelFile } from '../tasks/model-card.ts'

export interface Mirror {
  /** False: no model file has this path, and nothing was answered. */
  readonly handle: (path: string, request: IncomingMessage, response: ServerResponse) => boolean
  readonly bytesServed: () => number
}

/** `folders` are searched in order for `{repo}/{file}`. */
export const createMirror = (cards: readonly ModelCard[], folders: readonly string[]): Mirror => {
  const offers = new Map<string, { readonly repo: string; readonly file: ModelFile }>()
  for (const card of cards)
    for (const file of card.files) offers.set(`/${card.repo}/resolve/${card.revision}/${file.path}`, { repo: card.repo, file })
  const found = new Map<string, Promise<string | undefined>>()
  let bytesServed = 0

  const locate = (path: string): Promise<string | undefined> => {
    const known = found.get(path)
    if (known) return known
    const { repo, file } = offers.get(path)!
    const search = firstIntact(
      folders.map((folder) => join(folder, ...repo.split('/'), ...file.path.split('/'))),
      file,
    )
    found.set(path, search)
    // A file that is not there yet may be put there later.
    void search.then((at) => at === undefined && found.delete(path))
    return search
  }

  const serve = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { file } = offers.get(path)!
    const at = await locate(path)
    if (at === undefined) return void response.writeHead(404).end(`${path} is listed, but no intact copy of it lies here\n`)
    const etag = `"${file.sha256}"`
    response.setHeader('ETag', etag).setHeader('Accept-Ranges', 'bytes').setHeader('Cache-Control', 'public, max-age=31536000, immutable')
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end()
    const ifRange = request.headers['if-range']
    const range = ifRange === undefined || ifRange === etag ? parseRange(request.headers.range, file.bytes) : undefined
    if (range === 'unsatisfiable') return void response.writeHead(416, { 'Content-Range': `bytes */${file.bytes}` }).end()
    const [start, end] = range ?? [0, file.bytes - 1]
    if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${file.bytes}`)
    response.writeHead(range ? 206 : 200, {
      'Content-Type': file.path.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      'Content-Length': end - start + 1,
    })
    if (request.method === 'HEAD') return void response.end()
    const source = createReadStream(at, { start, end })
    source.on('data', (part) => (bytesServed += part.length))
    await pipeline(source, response)
  }

  return {
    handle: (path, request, response) => {
      if (!offers.has(path)) return false
      response.setHeader('Access-Control-Allow-Origin', '*').setHeader('Cross-Origin-Resource-Policy', 'cross-origin')
      response.setHeader('Access-Control-Expose-Headers', 'Content-Length, Content-Range, ETag, Accept-Ranges')
      if (request.method === 'OPTIONS')
        response
          .writeHead(204, { 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': 'Range, If-Range, If-None-Match' })
          .end()
      else if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, { Allow: 'GET, HEAD, OPTIONS' }).end()
      // The reader went away, or the disk did: either way this answer is over.
      else serve(path, request, response).catch(() => response.destroy())
      return true
    },
    bytesServed: () => bytesServed,
  }
}

/** One range of bytes (RFC 9110 §14); several, or other units, are answered with the whole file. */
export const parseRange = (
  header: string | undefined,
  bytes: number,
): readonly [start: number, end: number] | 'unsatisfiable' | undefined => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  const [first, last] = [match?.[1] ?? '', match?.[2] ?? '']
  if (first === '' && last === '') return undefined
  if (first === '') return Number(last) === 0 ? 'unsatisfiable' : [Math.max(0, bytes - Number(last)), bytes - 1]
  const start = Number(first)
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && Number(last) < start) return undefined
  return start >= bytes ? 'unsatisfiable' : [start, end]
}

const firstIntact = async (paths: readonly string[], file: ModelFile): Promise<string | undefined> => {
  for (const path of paths) if (await isIntact(path, file)) return path
  return undefined
}

const isIntact = async (path: string, file: ModelFile): Promise<boolean> => {
  try {
    if ((await stat(path)).size !== file.bytes) return false
    const hash = createHash('sha256')
    await pipeline(createReadStream(path), hash)
    return hash.digest('hex') === file.sha256
  } catch {
    return false
  }
}
