/** What may be said on the command line of the demo. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { modelCards } from '../../src/tasks/models.ts'

export interface DemoOptions {
  /** Paths are absolute. */
  readonly texts: string | undefined
  readonly queries: readonly string[]
  readonly k: number
  /** A name of the list, or a folder in hub layout. */
  readonly model: string
  /** Where else models lie. */
  readonly models: string | undefined
  readonly out: string | undefined
  readonly json: boolean
  readonly headed: boolean
  readonly liar: boolean
}

export const usage = `npm run demo -- [options]: texts go in, three strangers' browsers embed them, results are checked, credits move

  --texts FILE    one text per line, or JSONL with "text" and optional "id" (default: texts of its own)
  --query TEXT    search for this; may be repeated (default: one that fits its own texts)
  --k N           hits per query (default 10)
  --model NAME    mini (default), minilm, or a folder in hub layout (config.json, tokenizer.json, onnx/…)
  --out DIR       write vectors.npy, results.json, ledger.json and timing.json
  --json          one JSON object on stdout, all else on stderr (npm's own two lines go with npm run --silent)
  --headed        show the browsers
  --liar          one of the three workers is a dishonest build
  --help          this text

EDGE_NET_MODELS names a folder with models in hub layout, for models that are not in the project.
`

const kMax = 1000

export const parseOptions = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): DemoOptions | { readonly error: string } | 'help' => {
  let values
  try {
    values = parse(args)
  } catch (error) {
    return { error: (error as Error).message.split('. ')[0]! }
  }
  if (values.help) return 'help'
  const k = Number(values.k)
  if (!Number.isInteger(k) || k < 1 || k > kMax) return { error: `--k ${values.k}: not a whole number from 1 to ${kMax}` }
  if (values.query.some((query) => query.trim() === '')) return { error: '--query: nothing to search for' }
  // npm runs scripts in the project's folder; people mean the folder that they are in.
  const base = env['npm_lifecycle_event'] === 'demo' ? (env['INIT_CWD'] ?? cwd) : cwd
  const path = (given: string | undefined): string | undefined => (given ? resolve(base, given) : undefined)
  const { json, headed, liar } = values
  return {
    texts: path(values.texts),
    queries: values.query,
    k,
    model: modelCards.some((card) => card.name === values.model) ? values.model : resolve(base, values.model),
    models: path(env['EDGE_NET_MODELS']),
    out: path(values.out),
    json,
    headed,
    liar,
  }
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      texts: { type: 'string' },
      query: { type: 'string', multiple: true, default: [] },
      k: { type: 'string', default: '10' },
      model: { type: 'string', default: 'mini' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      headed: { type: 'boolean', default: false },
      liar: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values
