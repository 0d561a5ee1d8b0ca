// The front desk's tablet: blank again when nobody touches it, after a question and half a minute.
(() => {
  "use strict";
  const QUIET = 90_000;
  const GRACE = 30_000;
  const still = document.getElementById("still");
  const clear = document.getElementById("clear");
  const blank = document.querySelector("form:not(#clear)");
  if (!still || !clear || !blank) return;
  const touched = () =>
    [...blank.elements].some((field) => (field.type === "checkbox" ? field.checked : field.type !== "hidden" && field.value)) ||
    document.querySelector("[aria-invalid]");
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!touched()) return wait();
      still.showModal();
      timer = setTimeout(() => clear.submit(), GRACE);
    }, QUIET);
  };
  const go = () => {
    if (still.open) still.close();
    wait();
  };
  for (const kind of ["input", "pointerdown", "keydown", "scroll"]) addEventListener(kind, () => still.open || go(), { passive: true });
  document.getElementById("stay").addEventListener("click", go);
  still.addEventListener("cancel", go);
  // A page that the browser kept for going back belongs to somebody else.
  addEventListener("pageshow", (event) => event.persisted && location.replace(location.href));
  wait();
})();
