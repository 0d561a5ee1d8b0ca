// The text composer: keeps the revision right, and puts merge tags where the cursor stands.
(() => {
  "use strict";
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const body = form.querySelector("textarea");
  const link = form.elements.link;
  const choice = document.getElementById("lesson-choice");
  link.addEventListener("change", () => {
    choice.hidden = link.value !== "lesson";
  });
  let dirty = false;
  form.addEventListener("input", () => {
    dirty = true;
  });
  document.addEventListener("draft-saved", (event) => {
    for (const input of document.querySelectorAll("[data-revision]")) input.value = event.detail.revision;
    dirty = false;
  });
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.insert) {
      body.setRangeText(button.dataset.insert, body.selectionStart, body.selectionEnd, "end");
      body.focus();
      window.htmx.trigger(form, "save-now");
    }
    if (button.dataset.keepMine) {
      for (const input of document.querySelectorAll("[data-revision]")) input.value = button.dataset.keepMine;
      window.htmx.trigger(form, "save-now");
    }
  });
})();
