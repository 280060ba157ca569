/** Every language has every text with the same placeholders, and every text is used. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

type Messages = Record<string, { message: string; placeholders?: Record<string, { content: string }> }>

const read = (language: string): Messages => JSON.parse(readFileSync(`public/_locales/${language}/messages.json`, 'utf8')) as Messages
const languages = readdirSync('public/_locales')
const en = read('en')
const named = ({ message }: { message: string }): string[] => [...message.matchAll(/\$(\w+)\$/g)].map((m) => m[1]!.toLowerCase())

test.each(languages)('%s is complete and its placeholders are defined', (language) => {
  const messages = read(language)
  expect(Object.keys(messages)).toEqual(Object.keys(en))
  for (const [key, message] of Object.entries(messages)) {
    expect(key).toMatch(/^[A-Za-z0-9_]+$/)
    expect(message.message.trim(), key).not.toBe('')
    expect([...new Set(named(message))].sort(), `${language} ${key}`).toEqual(Object.keys(message.placeholders ?? {}).sort())
    for (const [name, { content }] of Object.entries(message.placeholders ?? {})) {
      expect(content, key).toMatch(/^\$[1-9]$/)
      // "One text" may leave the count out, but what both name stands for the same.
      const original = en[key]!.placeholders?.[name]
      if (original) expect(content, key).toBe(original.content)
    }
  }
})

test('every text is used', () => {
  const sources = readdirSync('src/ui', { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(`src/ui/${file}`, 'utf8'))
    .join('\n')
  const manifest = ['extName', 'extDescription']
  const titles = ['popupTitle', 'dashboardTitle', 'onboardingTitle']
  // Chosen at run time by an error's type, a relay's state, a peer's standing, a number of computers.
  const chosen = /^(error_|relay_|redundancy_|standing_)/
  const unused = Object.keys(en).filter((key) => {
    if (manifest.includes(key) || titles.includes(key) || chosen.test(key)) return false
    const stem = key.replace(/_(one|other)$/, '')
    return !sources.includes(`'${key}'`) && !sources.includes(`tn('${stem}'`)
  })
  expect(unused).toEqual([])
})
