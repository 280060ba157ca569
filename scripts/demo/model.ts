/** Which model the demo's swarm works with, and from where its browsers get the files. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ModelCard } from '../../src/tasks/model-card.ts'
import { modelCards } from '../../src/tasks/models.ts'

export interface DemoModel {
  readonly name: string
  /** For the relay's command line. */
  readonly relayArgs: readonly string[]
}

export interface ModelSources {
  /** Folders with models in hub layout, the project's own first. */
  readonly folders: readonly string[]
  readonly hub: string
  readonly fetch: (url: string, init: RequestInit) => Promise<Pick<Response, 'ok' | 'status'>>
  /** An empty folder for what a relay must be given as files. */
  readonly scratch: string
}

const hubMsMax = 10_000
const hubLayout = 'config.json, tokenizer.json, tokenizer_config.json and onnx/model_quantized.onnx (or onnx/model.onnx)'

/** Throws an error that says what was tried and how to give a model. */
export const chooseModel = async (name: string, sources: ModelSources): Promise<DemoModel> => {
  const card = modelCards.find((c) => c.name === name)
  if (card) return listed(card, sources)
  if (existsSync(name) && statSync(name).isDirectory()) return fromFolder(resolve(name), sources.scratch)
  const names = modelCards.map((c) => c.name).join(', ')
  throw new Error(`--model ${name}: neither a model of the list (${names}) nor a folder here. Give a folder that holds ${hubLayout}.`)
}

/** From a folder through the relay's mirror; else from the hub, if it answers: then each browser fetches from there. */
const listed = async (card: ModelCard, { folders, hub, fetch }: ModelSources): Promise<DemoModel> => {
  const onnx = card.files.at(-1)!.path
  const tried: string[] = []
  for (const folder of folders) {
    const path = join(folder, card.repo, onnx)
    if (existsSync(path)) return { name: card.name, relayArgs: ['--models', resolve(folder)] }
    tried.push(`${path}: not there`)
  }
  const url = `${hub}/${card.repo}/resolve/${card.revision}/${onnx}`
  try {
    const answer = await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(hubMsMax) })
    if (answer.ok) return { name: card.name, relayArgs: [] }
    tried.push(`${url}: HTTP ${answer.status}`)
  } catch (error) {
    const { message, cause } = error as Error
    tried.push(`${url}: ${cause instanceof Error ? cause.message : message}`)
  }
  throw new Error(
    `--model ${card.name} cannot be reached. Tried:\n${tried.map((line) => `  ${line}`).join('\n')}\n` +
      `Set EDGE_NET_MODELS to a folder that holds ${card.repo}/ with ${hubLayout}, or leave --model out: mini comes with the project.`,
  )
}

/** Hashes the folder's files, writes a card for the swarm's policy, and lays them out for the mirror. */
const fromFolder = (folder: string, scratch: string): DemoModel => {
  const onnx = ['onnx/model_quantized.onnx', 'onnx/model.onnx'].find((path) => existsSync(join(folder, path)))
  const paths = ['config.json', 'tokenizer.json', 'tokenizer_config.json', ...(onnx ? [onnx] : [])]
  const missing = paths.filter((path) => !existsSync(join(folder, path)))
  if (onnx === undefined || missing.length > 0)
    throw new Error(`--model ${folder}: ${onnx === undefined ? 'no ONNX file' : `no ${missing.join(', ')}`}. It must hold ${hubLayout}.`)
  const config = readJson(join(folder, 'config.json'))
  const tokenizer = readJson(join(folder, 'tokenizer_config.json'))
  const dimension = Number(config['hidden_size'])
  if (!Number.isInteger(dimension))
    throw new Error(`--model ${folder}: config.json names no hidden_size; only BERT encoders are understood`)
  const name = freeName(basename(folder))
  const card: ModelCard = {
    name,
    repo: `local/${name}`,
    revision: 'main',
    dtype: onnx.includes('quantized') ? 'q8' : 'f32',
    dimension,
    tokensMax: Math.min(Number(tokenizer['model_max_length'] ?? Infinity), Number(config['max_position_embeddings'] ?? 512)),
    pooling: poolingOf(folder),
    licence: 'unknown',
    files: paths.map((path) => {
      const bytes = readFileSync(join(folder, path))
      return { path, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
    }),
  }
  mkdirSync(join(scratch, 'local'), { recursive: true })
  symlinkSync(folder, join(scratch, 'local', name), 'dir')
  const cardFile = join(scratch, 'card.json')
  writeFileSync(cardFile, JSON.stringify(card))
  return { name, relayArgs: ['--models', scratch, '--model-card', cardFile] }
}

const readJson = (path: string): Record<string, unknown> => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`)
  }
}

/** A name that the list has not: the policy names each model once. */
const freeName = (folder: string): string => {
  const name = folder.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-')
  return modelCards.some((c) => c.name === name) ? `${name}-local` : name
}

/** As sentence-transformers writes it down; mean where nothing is said. */
const poolingOf = (folder: string): 'mean' | 'cls' => {
  const path = join(folder, '1_Pooling/config.json')
  return existsSync(path) && readJson(path)['pooling_mode_cls_token'] === true ? 'cls' : 'mean'
}
