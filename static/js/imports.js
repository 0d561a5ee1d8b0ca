// The consent step: what belongs to "I vouch" shows only when something is ticked.
(() => {
  "use strict";
  for (const group of document.querySelectorAll("[data-vouch]")) {
    const details = group.querySelector("[data-vouched]");
    const boxes = [...group.querySelectorAll("input[type=checkbox]")].filter((box) => !details.contains(box));
    const show = () => {
      details.hidden = !boxes.some((box) => box.checked);
      for (const part of details.querySelectorAll("[data-for]")) {
        part.hidden = !boxes.some((box) => box.id === part.dataset.for && box.checked);
      }
    };
    for (const box of boxes) box.addEventListener("change", show);
    show();
  }
})();
