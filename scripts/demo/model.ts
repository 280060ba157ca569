/** Which model the demo's swarm works with, and where the relay's mirror finds its files. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import type { ModelCard } from '../../src/tasks/model-card.ts'
import { modelCards } from '../../src/tasks/models.ts'

export interface DemoModel {
  readonly name: string
  /** For the relay's command line. */
  readonly relayArgs: readonly string[]
}

const ownModels = 'models'

/** Throws an error that says what was tried and how to give a model. */
export const chooseModel = (name: string, scratch: string): DemoModel => {
  const card = modelCards.find((c) => c.name === name)
  if (card) return listed(card)
  if (existsSync(name)) return fromFolder(resolve(name), scratch)
  const names = modelCards.map((c) => c.name).join(', ')
  throw new Error(`--model ${name}: neither a model of the list (${names}) nor a folder. Give a folder in hub layout: config.json, tokenizer.json, tokenizer_config.json, onnx/model_quantized.onnx`)
}

/** The demo's browsers fetch from the relay's mirror alone: it must have the files. */
const listed = (card: ModelCard): DemoModel => {
  const folders = [ownModels, ...(process.env.EDGE_NET_MODELS ? [process.env.EDGE_NET_MODELS] : [])]
  const tried = folders.map((folder) => join(folder, card.repo, card.files.at(-1)!.path))
  const found = folders.find((_, i) => existsSync(tried[i]!))
  if (found === undefined)
    throw new Error(
      `--model ${card.name}: its files are not on this computer. Tried:\n${tried.map((path) => `  ${path}`).join('\n')}\n` +
        `Set EDGE_NET_MODELS to a folder that holds ${card.repo} in hub layout` +
        (process.env.EDGE_NET_MODELS ? '.' : ` (revision ${card.revision}), or leave --model out to use the one in the project.`),
    )
  return { name: card.name, relayArgs: found === ownModels ? [] : ['--models', found] }
}

/** Hashes the folder's files, writes a card for the policy and a hub layout for the mirror. */
const fromFolder = (folder: string, scratch: string): DemoModel => {
  const onnx = ['onnx/model_quantized.onnx', 'onnx/model.onnx'].find((path) => existsSync(join(folder, path)))
  const paths = ['config.json', 'tokenizer.json', 'tokenizer_config.json', ...(onnx ? [onnx] : [])]
  const missing = paths.filter((path) => !existsSync(join(folder, path)))
  if (onnx === undefined || missing.length > 0) throw new Error(`--model ${folder}: ${missing.join(', ') || 'onnx/model_quantized.onnx or onnx/model.onnx'} missing; this is not hub layout`)
  const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8')) as { hidden_size: number; max_position_embeddings: number }
  const tokenizer = JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8')) as { model_max_length?: number }
  const name = basename(folder).toLowerCase().replace(/[^a-z0-9-]+/g, '-')
  const card: ModelCard = {
    name,
    repo: `local/${name}`,
    revision: 'main',
    dtype: onnx.includes('quantized') ? 'q8' : 'f32',
    dimension: config.hidden_size,
    tokensMax: Math.min(tokenizer.model_max_length ?? Infinity, config.max_position_embeddings),
    pooling: 'mean',
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
