/** The models known from the start, pinned by SHA-256: whatever mirror serves a file, it is this one. */
import type { ModelCard, ModelFile } from './model-card.ts'

const file = (path: string, bytes: number, sha256: string): ModelFile => ({ path, bytes, sha256 })

const miniBase = {
  repo: 'edge-net/mini',
  revision: 'main',
  dimension: 96,
  tokensMax: 256,
  pooling: 'mean',
  licence: 'Apache-2.0',
} as const
const miniTexts = [
  file('config.json', 324, '3fa66fcce32c6c8699b7c749d2f25b4084a1a6e03b0fa55317be121d81ada83a'),
  file('tokenizer.json', 68_218, '1f9d6f35a2bd3c899ebaa80fb3ec957f08342fce27d6b774494c3a02d0f1a8e1'),
  file('tokenizer_config.json', 326, '07b5476ef9f406f523cb91384385ebf5831975f2a8ed5ad2027fcdd82bc0a76e'),
]

/** Lies in the extension: works at once and offline. */
export const mini: ModelCard = {
  ...miniBase,
  name: 'mini',
  dtype: 'q8',
  files: [...miniTexts, file('onnx/model_quantized.onnx', 986_138, '391a4859269fa95f2e43119c9ce0c51aa47168995aaea39672e6a3eba7fd84bc')],
}

/** The same in f32: for tests, and for machines with a GPU in swarms whose policy lists it. */
export const miniF32: ModelCard = {
  ...miniBase,
  name: 'mini-f32',
  dtype: 'f32',
  files: [...miniTexts, file('onnx/model.onnx', 3_431_757, '38aab1418179a179c4290aa5dbeedbf49753657c6ddcb3090c14141ba11592d9')],
}

/** Fetched when a person or a task first wants it. */
export const minilm: ModelCard = {
  name: 'minilm',
  repo: 'Xenova/all-MiniLM-L6-v2',
  revision: '751bff37182d3f1213fa05d7196b954e230abad9',
  dtype: 'q8',
  dimension: 384,
  tokensMax: 512,
  pooling: 'mean',
  licence: 'Apache-2.0',
  files: [
    file('config.json', 650, '7135149f7cffa1a573466c6e4d8423ed73b62fd2332c575bf738a0d033f70df7'),
    file('tokenizer.json', 711_661, 'da0e79933b9ed51798a3ae27893d3c5fa4a201126cef75586296df9b4d2c62a0'),
    file('tokenizer_config.json', 366, '9261e7d79b44c8195c1cada2b453e55b00aeb81e907a6664974b4d7776172ab3'),
    file('onnx/model_quantized.onnx', 22_972_370, 'afdb6f1a0e45b715d0bb9b11772f032c399babd23bfc31fed1c170afc848bdb1'),
  ],
}

/** What a new swarm's policy lists. */
export const modelCards: readonly ModelCard[] = [mini, minilm]
