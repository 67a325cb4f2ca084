// Runs in the page before its own modules, and gives the time from the start of the navigation to the frame that
// shows the thread: its messages, or that there are none.
window.firstPaint = new Promise((resolve) => {
  const look = () => {
    const shown = 'main[data-view="open"] :is(.entry, .empty:not([hidden]))';
    if (!document.querySelector(shown)) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      // A frame's callbacks run before it is painted, and the next task after it.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const contents = [...document.querySelectorAll(".entry .content")].map((one) => one.textContent);
        resolve({ ms: performance.now(), messages: contents.length, newest: contents.at(-1) ?? "" });
      };
      port2.postMessage(null);
    });
  };
  const observer = new MutationObserver(look);
  observer.observe(document, { attributes: true, childList: true, subtree: true });
});
