// Lets nothing overtake a change that is being saved: a plain button waits for it.
(() => {
  "use strict";
  const composer = document.getElementById("composer");
  if (!composer) return;
  let changed = false; // typed, and not on its way yet
  let running = 0; // requests of the composer under way
  let revision = null;
  let next = null; // the form that waits, with the button that was pressed

  const autosaving = (node) => node.closest && node.closest("[data-autosave]");
  const note = (event) => {
    if (autosaving(event.target)) changed = true;
  };
  composer.addEventListener("input", note);
  composer.addEventListener("trix-change", (event) => {
    if (document.activeElement === event.target) note(event);
  });
  document.addEventListener("draft-saved", (event) => {
    revision = event.detail.revision;
  });
  document.addEventListener("htmx:beforeSend", (event) => {
    if (!composer.contains(event.target)) return;
    running += 1;
    if (autosaving(event.target)) changed = false;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!running) return;
    running -= 1;
    if (!event.detail.successful) next = null; // the page says why, and what was typed is there
    if (running || changed || !next) return;
    const { form, button } = next;
    next = null;
    setTimeout(() => go(form, button), 0);
  });

  const go = (form, button) => {
    for (const input of form.querySelectorAll("[data-revision]")) input.value = revision ?? input.value;
    if (!form.isConnected) {
      form.hidden = true;
      document.body.append(form);
    }
    form.requestSubmit(button && form.contains(button) ? button : undefined);
  };

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form.hasAttribute("hx-post") || form.method !== "post" || (!changed && !running)) return;
      event.preventDefault();
      next = { form, button: event.submitter };
      const saving = composer.querySelector("form[data-autosave]");
      if (changed && saving) window.htmx.trigger(saving, "save-now");
    },
    true,
  );
})();
