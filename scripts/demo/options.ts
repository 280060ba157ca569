/** What may be said on the command line of the demo. */
import { parseArgs } from 'node:util'

export interface DemoOptions {
  readonly texts: string | undefined
  readonly queries: readonly string[]
  readonly k: number
  /** `mini`, `minilm`, or a folder in hub layout. */
  readonly model: string
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
  --json          one JSON object on stdout, all else on stderr
  --headed        show the browsers
  --liar          one of the three workers is a dishonest build
  --help          this text
`

export const parseOptions = (args: readonly string[]): DemoOptions | { readonly error: string } | 'help' => {
  try {
    const { values } = parseArgs({
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
    })
    if (values.help) return 'help'
    const k = Number(values.k)
    if (!Number.isInteger(k) || k < 1 || k > 1000) return { error: `--k ${values.k}: not a whole number from 1 to 1000` }
    return { texts: values.texts, queries: values.query, k, model: values.model, out: values.out, json: values.json, headed: values.headed, liar: values.liar }
  } catch (error) {
    return { error: (error as Error).message }
  }
}
