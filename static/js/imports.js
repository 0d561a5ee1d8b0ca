// The consent step: what belongs to "I vouch" shows only when that is ticked.
(() => {
  "use strict";
  for (const group of document.querySelectorAll("[data-vouch]")) {
    const box = group.querySelector("input[type=checkbox]");
    const details = group.querySelector("[data-vouched]");
    const show = () => { details.hidden = !box.checked; };
    box.addEventListener("change", show);
    show();
  }
})();
