// Runs in the page before its own modules: what the bench asks of it.
{
  /** After the next frame. */
  const painted = () =>
    new Promise((resolve) =>
      requestAnimationFrame(() => {
        // A frame's callbacks run before it is painted, and the next task after it.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(null);
      }),
    );

  const isSeen = (entry) => {
    const frame = document.querySelector(".scroller").getBoundingClientRect();
    const { top, bottom } = entry?.getBoundingClientRect() ?? { top: Infinity, bottom: -Infinity };
    return bottom > frame.top && top < frame.bottom;
  };

  window.probe = {
    /** ms from `act` to the frame that shows the message. */
    async msUntilSeen(act, seq) {
      const start = performance.now();
      act();
      do await painted();
      while (!isSeen(document.querySelector(`.entry[data-seq="${seq}"]`)) && performance.now() - start < 10_000);
      return performance.now() - start;
    },

    /** For each key from now on, ms from its event to the frame after it, and as Chromium's event timing has it. */
    watchKeys() {
      const keys = { toFrame: [], eventTiming: [] };
      addEventListener("keydown", (event) => void painted().then(() => keys.toFrame.push(performance.now() - event.timeStamp)), true);
      const record = (list) => keys.eventTiming.push(...list.getEntriesByName("keydown").map((entry) => entry.duration));
      new PerformanceObserver(record).observe({ type: "event", durationThreshold: 16 });
      return (window.keys = keys);
    },

    /** px by which the text at the top of the window has moved at most, in so many ms. */
    async movedBy(ms) {
      const { top } = document.querySelector(".scroller").getBoundingClientRect();
      const entry = [...document.querySelectorAll(".entry")].find((one) => one.getBoundingClientRect().top > top);
      const before = entry.getBoundingClientRect().top;
      let moved = 0;
      for (const end = performance.now() + ms; performance.now() < end; await painted())
        moved = Math.max(moved, entry.isConnected ? Math.abs(entry.getBoundingClientRect().top - before) : Infinity);
      return moved;
    },

    /** Scrolls to the top so often, or to the first message; the most elements that were held. */
    async readOlder(times) {
      const scroller = document.querySelector(".scroller");
      let most = 0;
      const first = () => document.querySelector(".entry").dataset.seq;
      for (let before; times-- && (before = first()) !== "1"; ) {
        scroller.scrollTop = 0;
        for (let frames = 0; first() === before && frames < 600; frames++) await painted();
        most = Math.max(most, document.querySelectorAll(".entry").length);
      }
      return most;
    },
  };
}
