/** What the demo asks of its own texts: a handful fits by meaning, with hardly a word in common. */
export const defaultQuery = 'How can I stop a fresh loaf from going dry and hard?'
