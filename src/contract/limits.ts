/** Waits and limits of the contract, each with its unit (spec: tasks.md, *Size*). */

/** A sow lives this long until enough are hired: hands missing for longer, with no quorum in sight, fail the task. */
export const sowLifeMs = 60_000
/** How long the signed sow is valid, so that a lost worker can be replaced late in the work. */
export const sowValidMs = 20 * 60_000
/** Gossip is repeated while hands are missing, for neighbours that came later: at first after this time, then less and less often. */
export const sowRepeatMs = 5_000
export const sowRepeatMsMax = 15_000
/** At first neighbours and some of theirs hear it; who finds too few there asks further. */
export const nearHops = 1
export const farHops = 3
/** After the first open quote others get this long before the matcher picks, unless nobody else can be expected. */
export const quoteWindowMs = 250
/** With this many open quotes per missing hand there is enough to choose from at once. */
export const choiceFactor = 2
/** How long a worker holds a place for its quote. */
export const quoteLifeMs = 60_000
/** An agreement that is not countersigned by then counts as refused. */
export const countersignWaitMsMax = 15_000
/** … but for a payment ahead, which takes an entry and its certificate, and perhaps the end of the work before. */
export const prepayWaitMsMax = 45_000
/** Unanswered messages are sent again this often: links drop, contexts die. */
export const resendMs = 4_000
/** The work's deadline is the longer of this and 3 × the quoted eta; signed progress prolongs it by this from now. */
export const deadlineMsMin = 60_000
export const etaFactor = 3
/** … but at first no longer than this: a promise of a day costs nothing, and would hold the task and what is reserved for it. */
export const deadlineMsMax = 10 * 60_000
/** … and progress prolongs it no further than this from the hiring: a text a minute would hold the task for hours. */
export const workMsMax = 30 * 60_000
/** How long a worker whose last link closed may stay away before its replica is given to another. */
export const absenceMsMax = 20_000
/** Hires beyond the redundancy after which a task without quorum fails. */
export const extraHiresMax = 4
/** A worker that let a task wait in vain is not hired for so long, twice that the next time in a row … */
export const setbackFirstMs = 15_000
/** … up to this; and so long after the last wait the row is forgotten. */
export const setbackMsMax = 60 * 60_000
export const setbackForgetMs = 60 * 60_000
/** Agreements an hour that a worker begins for one requester, with an hour's worth as a burst: some five of its largest jobs. */
export const agreementsPerRequesterAndHour = 1_000
/** How long an accepted replica's voucher is resent before its receipt is given up (the ledger pays it anyway). */
export const receiptWaitMsMax = 60_000
/** Agreements that a worker holds at once; beyond, it neither quotes nor agrees. */
export const agreementsPerWorkerMax = 12
/** Those of one requester, two jobs' worth: the other places stay free for others. */
export const agreementsPerRequesterMax = 8
/** Quotes to one requester that a worker lets stand at once. */
export const quotesPerRequesterMax = 8
/** Quotes that a requester keeps per sow, and of these the most of one identity, which is hired once, and of one block of addresses. */
export const quotesPerSowMax = 64
export const quotesPerIdentityMax = 2
export const quotesPerBlockMax = 8
/** A worker keeps a delivered result this long past its deadline for a requester that was away. */
export const deliveredKeepMs = 10 * 60_000
/** A quote that is not taken up is sent again this often while it holds. */
export const quoteResendMs = 10_000
/** A worker whose reward does not come sends its result again this often. */
export const resultResendMs = 8_000
