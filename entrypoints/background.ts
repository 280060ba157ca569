/** Root of Chrome's service worker. */
import { defineBackground } from 'wxt/utils/define-background'

export default defineBackground({
  type: 'module',
  include: ['chrome'],
  main() {},
})
