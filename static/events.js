/**
 * Has an event heard, by its detail.
 * @param {EventTarget} target
 * @param {string} type
 * @param {(detail: any) => unknown} act
 * @param {AbortSignal} [signal] ends it
 */
export function on(target, type, act, signal) {
  target.addEventListener(type, (event) => void act(/** @type {CustomEvent} */ (event).detail), { signal });
}

/** @param {EventTarget} target @param {string} type @param {unknown} [detail] */
export function emit(target, type, detail) {
  target.dispatchEvent(new CustomEvent(type, { detail }));
}

/**
 * A function that has `act` called soon: once for all calls in that time, and not twice within `pause` ms.
 * @param {() => void} act
 * @param {number} pause
 */
export function coalesced(act, pause) {
  let calledAt = -Infinity;
  /** @type {number | undefined} */
  let timer;
  return () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      calledAt = performance.now();
      act();
    }, calledAt + pause - performance.now());
  };
}
