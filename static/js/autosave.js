// Lets nothing overtake or skip a change that is being saved: a plain button waits for it,
// and stays where it is when the change could not be saved.
(() => {
  "use strict";
  const composer = document.getElementById("composer");
  if (!composer) return;
  let unsaved = false; // typed, and not saved yet
  let running = 0; // requests of the composer under way
  let revision = null;
  let next = null; // the form that waits, with the button that was pressed

  const autosaving = (node) => node.closest && node.closest("[data-autosave]");
  const note = (event) => {
    if (autosaving(event.target)) unsaved = true;
  };
  composer.addEventListener("input", note);
  composer.addEventListener("trix-change", (event) => {
    if (document.activeElement === event.target) note(event);
  });
  document.addEventListener("draft-saved", (event) => {
    revision = event.detail.revision;
    unsaved = false;
  });
  document.addEventListener("htmx:beforeSend", (event) => {
    if (composer.contains(event.target)) running += 1;
  });
  document.addEventListener("htmx:afterRequest", () => {
    if (!running) return;
    running -= 1;
    if (running || !next) return;
    const { form, button } = next;
    next = null;
    if (unsaved) show();
    else setTimeout(() => go(form, button), 0);
  });

  const show = () => {
    const reason = composer.querySelector("[role=alert]") || document.getElementById("saved");
    if (reason) reason.scrollIntoView({ block: "center" });
  };
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
      if (form.hasAttribute("hx-post") || form.method !== "post" || (!unsaved && !running)) return;
      event.preventDefault();
      next = { form, button: event.submitter };
      const saving = composer.querySelector("form[data-autosave]");
      if (unsaved && saving) window.htmx.trigger(saving, "save-now");
    },
    true,
  );
})();
