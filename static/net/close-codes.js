// The close codes to which the page has an answer of its own. The table of all is CloseCode in app/chinwag/wire,
// and a test compares the two.

export const MESSAGE_TOO_BIG = 1009;
export const SERVICE_RESTART = 1012;
export const SIGNED_OUT = 4001;
export const DATABASE_UNAVAILABLE = 4003;
export const NO_SUCH_THREAD = 4004;
export const INTERNAL_ERROR = 4005;
export const HISTORY_CHANGED = 4006;

/** A connection that the server has closed with one of these does not come back; with any other it does. */
export const GIVE_UP = new Set([SIGNED_OUT, NO_SUCH_THREAD]);
