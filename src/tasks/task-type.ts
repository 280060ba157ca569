/**
 * What a type of task is made of (spec: tasks.md, *Task types*): schema and encoding, units, comparator. One folder each;
 * adding a type adds a folder and a line in `task-types.ts`.
 */
import type { Result } from '../lib/result.ts'
import type { Bytes } from '../lib/bytes.ts'
import type { SchemaError } from '../lib/schema.ts'
import type { ResultClass } from './engine.ts'

export interface TaskType<Payload, Output> {
  readonly name: string
  readonly encodePayload: (payload: Payload) => Bytes
  readonly parsePayload: (bytes: Uint8Array) => Result<Payload, SchemaError>
  readonly encodeOutput: (output: Output) => Bytes
  /** Checks the output's form against what was asked: a result of the wrong shape is a wrong result. */
  readonly parseOutput: (bytes: Uint8Array, payload: Payload) => Result<Output, SchemaError>
  /** Whether two outputs are the same answer. */
  readonly agree: (a: Classed<Output>, b: Classed<Output>) => boolean
  /** Within this class the same answer is the same bits, so that whoever has the class can prove another answer wrong. */
  readonly exactIn: (resultClass: ResultClass) => boolean
}

export interface Classed<Output> {
  readonly output: Output
  readonly resultClass: ResultClass
}
