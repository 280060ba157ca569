/** Hands a file to the browser's downloads, without a permission. */
const keepMs = 60_000

export const saveFile = (name: string, parts: BlobPart[], type: string): void => {
  const url = URL.createObjectURL(new Blob(parts, { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The download reads the URL after the click returns; a minute is plenty even for a slow disk's dialog.
  setTimeout(() => URL.revokeObjectURL(url), keepMs)
}
