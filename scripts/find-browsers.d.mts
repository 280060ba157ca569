export type BrowserKind = 'chromium' | 'firefox'
export function findBrowsers<K extends BrowserKind = BrowserKind>(wanted?: readonly K[]): Promise<Record<K, string>>
export const chromiumArgs: readonly string[]
