/** Reads the texts that the demo submits; what is wrong with a file is said in plain words and names the line. */
import { readFileSync } from 'node:fs'
import { parseTexts, type ParsedTexts, type ParseTextsError } from '../../src/ui/parse-texts.ts'

/** Throws an error for people. */
export const readTexts = (file: string): ParsedTexts => {
  const parsed = parseTexts(read(file))
  if (!parsed.ok) throw new Error(`${file}: ${inWords(parsed.error)}`)
  return parsed.value
}

const read = (file: string): Uint8Array => {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new Error(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

const inWords = (error: ParseTextsError): string => {
  switch (error.type) {
    case 'empty':
      return 'there is no text in it'
    case 'file-too-large':
      return `it has ${error.bytes} bytes; at most ${error.bytesMax} are read`
    case 'too-many-texts':
      return `more than ${error.max} texts, which is the most that one job takes`
    case 'blank-line':
      return `line ${error.line} is blank`
    case 'line-too-long':
      return `line ${error.line} has ${error.bytes} bytes; at most ${error.bytesMax} are read`
    case 'not-utf8':
      return `line ${error.line} is not UTF-8`
    case 'not-json':
      return `line ${error.line} is not a JSON object, and the first line begins with {`
    case 'no-text':
      return `line ${error.line} has no "text" that is a string`
    case 'bad-id':
      return `line ${error.line} has an "id" that is neither a short text nor a whole number`
  }
}
