/** What the demo asks of its own texts (scripts/demo/texts.txt). */
export const defaultQuery = 'how to keep bread fresh'
