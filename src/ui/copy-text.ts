/** Text to the clipboard. False where the browser refuses (no permission, no focus) or has no clipboard; never rejects. */
interface Clipboard {
  readonly writeText: (text: string) => Promise<void>
}

export const copyText = async (text: string, clipboard: Clipboard | undefined): Promise<boolean> => {
  try {
    await clipboard?.writeText(text)
    return clipboard !== undefined
  } catch {
    return false
  }
}
