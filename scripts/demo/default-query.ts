/** What the demo asks of its own texts (texts.txt): a handful fits by meaning, sharing a word or two with it. */
export const defaultQuery = 'What keeps bread from going stale?'
