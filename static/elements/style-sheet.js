/** Loads a style that few need. Whoever waits for it shows nothing that would move when it comes. @param {string} href */
export function loadStyle(href) {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve) => {
    link.onload = link.onerror = resolve;
    document.head.append(link);
  });
}
