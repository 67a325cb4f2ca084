const SLOP = 5; // px that a hand moves while it clicks

/**
 * From now on, a button or a link that moves away while it is pressed is clicked nevertheless: a message that comes, or
 * a line that unfolds, moves those around it. The browser would click what is there instead, which could be the same
 * button of another message.
 */
export function preventLostClicks() {
  /** @type {{ pressed: HTMLElement | null, x: number, y: number }} */
  let down = { pressed: null, x: 0, y: 0 };
  let hasMoved = false;

  const options = { capture: true };
  addEventListener("pointerdown", ({ target, button, clientX: x, clientY: y }) => {
    const pressed = button === 0 && target instanceof Element ? target.closest("button, a") : null;
    down = { pressed: pressed instanceof HTMLElement ? pressed : null, x, y };
    hasMoved = false;
  }, options);

  addEventListener("pointerup", ({ clientX, clientY }) => {
    const { pressed, x, y } = down;
    down.pressed = null;
    // Who draws the pointer away from a button does not want it any more.
    if (!pressed || Math.hypot(clientX - x, clientY - y) > SLOP) return;
    hasMoved = !pressed.contains(document.elementFromPoint(clientX, clientY));
    if (hasMoved && pressed.checkVisibility()) pressed.click();
  }, options);

  addEventListener("click", (event) => {
    const isOfPointer = event.isTrusted && event.detail > 0;
    if (!hasMoved || !isOfPointer) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, options);
}
