/** The Worker's entry: onnxruntime-web with one thread (several Workers keep cores busier, and Firefox extensions have no shared memory). */
import * as ort from 'onnxruntime-web/jspi'
import { createWorkerHost } from './worker-host.ts'
import type { WorkerRequest } from './worker-protocol.ts'

const scope = self as unknown as DedicatedWorkerGlobalScope

// The extension's own URL: its APIs are absent in Workers. It travels as the Worker's name.
const assets = scope.name
ort.env.wasm.wasmPaths = new URL('ort/', assets).href
ort.env.wasm.numThreads = 1
ort.env.logLevel = 'error'

interface Gpu {
  readonly requestAdapter: () => Promise<{ readonly info?: { readonly vendor: string } } | null>
}

const handle = createWorkerHost({
  ort,
  openSession: (onnx, backend) => ort.InferenceSession.create(onnx, { executionProviders: [backend] }),
  loadKernel: async () => (await fetch(new URL('kernels/dot-topk.wasm', assets))).arrayBuffer(),
  nowMs: () => performance.now(),
  gpuVendor: async () => {
    const gpu = (navigator as unknown as { readonly gpu?: Gpu }).gpu
    const adapter = await gpu?.requestAdapter()
    return adapter ? adapter.info?.vendor || 'unknown' : null
  },
})

scope.onmessage = ({ data }: MessageEvent<WorkerRequest>) => void handle(data).then((reply) => scope.postMessage(reply))
