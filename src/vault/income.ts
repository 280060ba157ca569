/** A certified entry that pays this device, as it is kept until its claim is certified. */
import * as v from 'valibot'
import { certificateSchema } from '../ledger/certificate.ts'
import { entryBytesMax } from '../ledger/entry.ts'
import { bytesUpTo } from '../lib/schema.ts'

export const incomeSchema = v.strictObject({ entry: bytesUpTo(entryBytesMax), certificate: certificateSchema })
