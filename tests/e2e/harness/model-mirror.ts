/** A mirror of the project's own small model under another name, which serves the ONNX file well, cut off, or changed. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { miniF32 } from '../../../src/tasks/models.ts'
import type { ModelCard } from '../../../src/tasks/model-card.ts'
import { onCleanup } from './cleanup.ts'

export type Mood = 'good' | 'cut' | 'wrong'

/** No relay has it: it is under another repository's name. */
export const mirroredCard: ModelCard = { ...miniF32, name: 'mirrored', repo: 'test/mirrored' }

export interface ModelMirror {
  readonly url: string
  mood: Mood
  /** First bytes that the ONNX file was asked for from. */
  readonly askedFrom: () => readonly number[]
}

export const startModelMirror = async (): Promise<ModelMirror> => {
  const prefix = `/${mirroredCard.repo}/resolve/${mirroredCard.revision}/`
  const asked: number[] = []
  const mirror = { url: '', mood: 'good' as Mood, askedFrom: () => asked }
  const server = createServer((request, response) => {
    const file = mirroredCard.files.find(({ path }) => request.url === prefix + path)
    if (!file) return void response.writeHead(404).end()
    const bytes = readFileSync(join('models', miniF32.repo, file.path))
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0)
    const headers = { 'access-control-allow-origin': '*', 'content-length': bytes.length - from, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }
    response.writeHead(from > 0 ? 206 : 200, headers)
    if (!file.path.endsWith('.onnx')) return void response.end(bytes.subarray(from))
    asked.push(from)
    if (mirror.mood === 'wrong') bytes[bytes.length - 1]! ^= 1
    if (mirror.mood !== 'cut') return void response.end(bytes.subarray(from))
    // Promises the whole and hangs up at the half.
    response.write(bytes.subarray(from, Math.max(from, bytes.length / 2)), () => response.destroy())
  })
  await new Promise<void>((done, fail) => void server.once('error', fail).listen(0, '127.0.0.1', done))
  onCleanup(async () => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  mirror.url = `http://127.0.0.1:${address.port}`
  return mirror
}
