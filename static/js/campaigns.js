// The steps of a campaign: the Next button waits for a save that is under way, and a
// typed date means "at a date and time".
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  let saving = 0;
  let waiting = null;
  let leaving = false;
  form.addEventListener("htmx:beforeRequest", (event) => {
    if (leaving) event.preventDefault(); // the Next button carries everything that was typed
    else saving += 1;
  });
  window.addEventListener("pageshow", () => (leaving = false)); // back again by the Back button
  form.addEventListener("htmx:afterRequest", () => {
    saving = Math.max(0, saving - 1);
    if (!saving && waiting) {
      const button = waiting;
      waiting = null;
      form.requestSubmit(button);
    }
  });
  form.addEventListener("submit", (event) => {
    // Two saves at once would look like two people: let the first one end.
    if (saving && event.submitter) {
      event.preventDefault();
      waiting = event.submitter;
      return;
    }
    if (event.submitter) leaving = true;
  });
  form.addEventListener("input", (event) => {
    if (event.target.closest("[data-when]")) {
      const at = form.querySelector("#timing-at");
      if (at) at.checked = true;
    }
  });
})();
