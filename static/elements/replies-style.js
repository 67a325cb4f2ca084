// The style of what is shown because of the bots. Whoever imports this is run when it is there, so that nothing moves then.

const link = document.createElement("link");
link.rel = "stylesheet";
link.href = "/static/style/replies.css";
await new Promise((resolve) => {
  link.onload = link.onerror = resolve;
  document.head.append(link);
});

export {}; // so that this is a module
