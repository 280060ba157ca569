/** The relays that are dialled, one keeper each: those that the founder named last before those of the link, each address once. */
import { relaysMax } from './limits.ts'
import type { RelayKeeper } from './relay-keeper.ts'

export interface RelaySet {
  readonly all: () => readonly RelayKeeper[]
  /** Instead of the named ones of before. A link with one that is dialled no more ends by itself, or stays. */
  readonly name: (urls: readonly string[]) => void
}

export const createRelaySet = (
  ofLink: readonly string[],
  { ownUrl = '', keep }: { readonly ownUrl: string | undefined; readonly keep: (url: string) => RelayKeeper },
): RelaySet => {
  let keepers: readonly RelayKeeper[] = []
  const name: RelaySet['name'] = (urls) => {
    const wanted = [...new Map([...urls, ...ofLink].map((url) => [withoutSlash(url), url] as const))]
      .flatMap(([bare, url]) => (bare === withoutSlash(ownUrl) ? [] : [url]))
      .slice(0, relaysMax)
    for (const keeper of keepers) if (!wanted.includes(keeper.url)) keeper.close()
    keepers = wanted.map((url) => keepers.find((keeper) => keeper.url === url) ?? keep(url))
  }
  name([])
  return { all: () => keepers, name }
}

export const withoutSlash = (url: string): string => url.replace(/\/+$/, '')
